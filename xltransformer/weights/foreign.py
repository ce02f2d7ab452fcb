"""What is given as weights and is none that are read here: what each is, and what to do."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from xltransformer.bounds import check_file, unreadable
from xltransformer.errors import UserError

_SAVE = "save the state dict as .safetensors (safetensors.torch.save_file)"
_PICKLE = f"PyTorch's own format, a pickle, which may run code and is not opened; {_SAVE}"
_GGUF = "of llama.cpp, whose weights are mostly quantised; give the .safetensors that it was made from"
_HDF5 = "HDF5, as Keras and TensorFlow save it; save the arrays as .safetensors or with numpy.savez"
_PACKED = "an archive; unpack it, and name the weights in it"
_PAGE = "is a web page, not the file that it shows; download the file itself"

_MAGIC = {
    b"GGUF": f"is a file {_GGUF}", b"ggjt": f"is a file {_GGUF}", b"tjgg": f"is a file {_GGUF}",
    b"lmgg": f"is a file {_GGUF}", b"\x89HDF": f"is {_HDF5}", b"\x1f\x8b": f"is {_PACKED}",
    b"7z\xbc\xaf": f"is {_PACKED}", b"Rar!": f"is {_PACKED}",
    b"\x80\x02": f"is {_PICKLE}", b"\x80\x03": f"is {_PICKLE}", b"\x80\x04": f"is {_PICKLE}",
    b"\x80\x05": f"is {_PICKLE}",
    b"\x93NUMPY": "is one array without a name; save all of them in an .npz file (numpy.savez)",
    b"<!DO": _PAGE, b"<!do": _PAGE, b"<htm": _PAGE, b"<HTM": _PAGE,
}  # fmt: skip
"""What a file is that begins so, whatever it is called."""
_OF_TORCH = (".bin", ".pt", ".pth", ".ckpt")
_SUFFIXES = {
    **dict.fromkeys((*_OF_TORCH[1:], ".pkl", ".pickle", ".joblib"), f"is {_PICKLE}"),
    ".gguf": f"is a file {_GGUF}", ".ggml": f"is a file {_GGUF}",
    **dict.fromkeys((".h5", ".hdf5", ".keras"), f"is {_HDF5}"),
    ".msgpack": "is a file of Flax; save the arrays as .safetensors (safetensors.flax.save_file)",
    ".onnx": "is a graph of ONNX, without the names that the weights had; give the .safetensors it was made from",
    **dict.fromkeys(
        (".tflite", ".pb", ".mlmodel", ".mlpackage", ".engine", ".pte", ".index"),
        "is a model made ready for one program; give the .safetensors that it was made from",
    ),
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".xz", ".zst"), f"is {_PACKED}"),
    ".npy": _MAGIC[b"\x93NUMPY"],
    ".html": _PAGE,
}  # fmt: skip
MOST_SHARD = 10**12
"""Bytes of a file of weights that stays on disk."""


def check_format(path: Path) -> None:
    """Raise UserError where a file is known to hold weights of another format, or none: by how it begins, then
    by the ending of its name; also where there is no file."""
    check_file(path, MOST_SHARD)
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise unreadable(path, error) from None
    told = next((told for magic, told in _MAGIC.items() if start.startswith(magic)), None)
    if start.startswith(b"PK") and path.suffix.lower() != ".npz":
        told = f"is {_PICKLE if path.suffix.lower() in _OF_TORCH or _is_torch(path) else _PACKED}"
    told = told or _SUFFIXES.get(path.suffix.lower())
    if told is None and path.suffix.lower() == ".safetensors" and _is_text(start):
        told = f"is text ({start.decode('latin-1')!r}…), not weights; download it again"
    if told is not None:
        raise UserError(f"{path} {told}")


def _is_text(start: bytes) -> bool:
    """Whether a file that begins so is text, which no .safetensors is: the last of the bytes of its header's
    length are 0."""
    return len(start) >= 12 and all(32 <= byte < 127 or byte in b"\r\n\t" for byte in start[:12])


def _is_torch(path: Path) -> bool:
    """Whether a .zip archive is one that torch.save writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("data.pkl") for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


_SHARD = re.compile(r"(.*)-\d{5}-of-(\d{5})\.safetensors")


def check_alone(path: Path) -> None:
    """Raise UserError for one file of several that make one model together."""
    found = _SHARD.fullmatch(path.name)
    if found is None or int(found[2]) < 2:
        return
    index = f"{found[1]}.safetensors.index.json"
    there = "give" if (path.parent / index).is_file() else "download all of them, and give"
    raise UserError(f"{path} is one of {int(found[2])} files that make the model together; {there} {index}")


def not_in_folder(folder: Path) -> UserError:
    """What a folder holds in the place of weights that are found there by themselves."""
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        return UserError(f"cannot read {folder}: {error.strerror}; check its name and place")
    if not names:
        return UserError(f"the folder {folder} is empty; name the file of weights")
    if (adapter := next((name for name in names if name.startswith("adapter_")), None)) is not None:
        return UserError(f"{folder} ({adapter}) {_ADAPTER}")
    if (shard := next((name for name in names if _SHARD.fullmatch(name)), None)) is not None:
        index = f"{_SHARD.fullmatch(shard)[1]}.safetensors.index.json"  # type: ignore[index]
        return UserError(f"the folder {folder} holds {shard}, but no {index}; download that too")
    if (folder / "snapshots").is_dir():  # Hugging Face's cache
        inside = sorted((folder / "snapshots").iterdir())
        return UserError(f"the folder {folder} is one of a cache; give {(inside or [folder / 'snapshots'])[-1]}")
    readable = [name for name in names if Path(name).suffix.lower() in (".safetensors", ".npz")]
    if readable:
        return UserError(f"the folder {folder} holds no model.safetensors; give {folder / readable[0]}")
    for name in names:
        if Path(name).suffix.lower() in (".bin", *_SUFFIXES) and (folder / name).is_file():
            try:
                check_format(folder / name)
            except UserError as error:
                return error
    return UserError(
        f"the folder {folder} holds no model.safetensors or model.safetensors.index.json, but {names[0]:.40}; "
        "name the file of weights"
    )


_ADAPTER = (
    "is an adapter (LoRA or its like) for another model, not a model; merge it into that "
    "(peft: merge_and_unload), save the result, and give that"
)
_OF_ADAPTERS = re.compile(r"(.*[._])?(lora_|loha_|lokr_|hada_|ia3_|oft_|vera_|prompt_embeddings|adapter_).*")
_OF_QUANTISED = re.compile(
    r".*[._](qweight|qzeros|g_idx|SCB|absmax|quant_map|quant_state.*|nested_.*|weight_(packed|scale|scale_inv|shape|"
    r"zero_point|format)|(input|output|act|activation|k|v|kv)_scale|scales_and_zeros|weight_quantizer\..*|"
    r"_packed_params.*)"
)
_BUFFERS = re.compile(
    r"(.*\.)?(position_ids|token_type_ids|num_batches_tracked|(attn|attention|self)\.(masked_)?bias|causal_mask|mask)"
)
"""Whole numbers and truth values that are no weights, as Hugging Face's models save them."""


def is_buffer(name: str) -> bool:
    """Whether an entry of whole numbers is known to be no weight."""
    return _BUFFERS.fullmatch(name) is not None


def check_names(path: Path, types: Iterable[tuple[str, str]]) -> None:
    """Raise UserError for names, each with its type of numbers, that are not those of a whole, plain model: an
    adapter's, or those of quantised weights, whose numbers mean nothing without their scales."""
    known = list(types)
    if any(_OF_ADAPTERS.fullmatch(name) for name, _ in known) or path.name.startswith("adapter_"):
        raise UserError(f"{path} {_ADAPTER}")
    for name, kind in _quantised(known):
        raise UserError(
            f"{path}: the weights are quantised ({name:.60}: {kind}); give the model as it was before, in "
            "float32, float16 or bfloat16"
        )


def _quantised(types: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The entries that are numbers in another code, or scales that belong to such."""
    for name, kind in types:
        code = kind.startswith(("F8_", "F6_", "F4", "I4", "U4", "float8"))
        byte = kind in ("I8", "U8", "int8", "uint8")
        if code or ((byte or _OF_QUANTISED.fullmatch(name)) and not is_buffer(name)):
            yield name, kind
