"""State dicts from files: arrays by the names under which they were saved, read when they are used."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from xltransformer.bounds import MOST_FILE, check_file, read_bytes
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.nn.norm import EPSILON
from xltransformer.nn.positions import BASE
from xltransformer.record import record
from xltransformer.text import listed
from xltransformer.weights.arrays import state_of
from xltransformer.weights.config import told_beside
from xltransformer.weights.foreign import (
    MOST_SHARD,
    check_alone,
    check_format,
    check_names,
    is_buffer,
    not_in_folder,
)
from xltransformer.weights.ours import ABOUT, RUN, Own, own_of
from xltransformer.weights.told import Told, agreed


@record(eq=False)
class BFloat16:
    """An array whose numbers are the upper halves of single-precision ones, which NumPy does not know:
    `np.asarray` makes numbers of them."""

    halves: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.halves.shape)

    def __getitem__(self, key: Any) -> BFloat16:
        return BFloat16(self.halves[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        single = (self.halves.astype("<u4") << 16).view("<f4")
        return single if dtype is None else single.astype(dtype)


_OURS = re.compile(r"(.*\.)?(W(_[^.]+)?|gain)")
"""Names that our blocks have, and no published state dict: every model with weights has one."""

Given = str | Path | Mapping[str, Any]
"""Weights as they are given: a file, or arrays by name."""
MOST_ABOUT = 100_000_000
"""Bytes of what a file of ours tells of its model."""
State = Mapping[str, Any]
"""A state dict: arrays by their published names, of the type in which they were saved; those of a large
file stay on disk until `np.asarray` takes them."""


DENSE = "dense."
"""What the names of the weights of a dense layer behind a sentence-embedding model begin with."""


@record
class Source:
    """A state dict, and what the file, or those beside it (see `config.told_beside`), tell of the model; and the
    weights of a dense layer `behind` it, their names after DENSE."""

    state: State
    told: Told = Told()
    behind: State = field(default_factory=dict)


def are_ours(state: State) -> bool:
    """Whether the entries are named like our own blocks; no file beside them is then about them."""
    return any(_OURS.fullmatch(name) for name in state)


def read_source(path: Given) -> Source:
    """The weights that are given as arrays by name (see `arrays`), or those of an .npz or .safetensors file, of
    several that a .safetensors.index.json names, of a folder with one of these, or of llama2.c's .bin (version 0).

    Raises UserError where the file cannot be read or holds something else.
    """
    if isinstance(path, Mapping):
        return Source(state_of(path))
    path = _inside(Path(path))
    check_format(path)
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors, ".json": _read_shards, ".bin": _read_llama2c}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise UserError(f"{path} is neither .npz nor .safetensors nor llama2.c's .bin; save the weights as one")
    check_alone(path)
    try:
        return read(path)
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"cannot read weights from {path}: {error.strerror or error}") from None
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        said = " ".join(str(error).split())
        raise UserError(f"cannot read weights from {path}: {said:.120}; write plain numbers") from None


def write_state(state: State) -> bytes:
    """Arrays as the bytes of an .npz file; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in state.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # as of 1980: NumPy writes the time of day
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.asarray(value), allow_pickle=False)
    return buffer.getvalue()


_IN_A_FOLDER = ("model.safetensors", "model.safetensors.index.json")


def _inside(path: Path) -> Path:
    """The weights in a folder; any other path as it is."""
    if not path.is_dir():
        return path
    found = next((path / name for name in _IN_A_FOLDER if (path / name).is_file()), None)
    if found is None:
        raise not_in_folder(path)
    return found


def _read_npz(path: Path) -> Source:
    entries = read_npz(path)
    if RUN in entries:
        raise UserError(f"{path} keeps a run of training: give the weights that it wrote, or go on with `resume`")
    state = {name: value for name, value in entries.items() if name != ABOUT}
    check_names(path, ((name, str(value.dtype)) for name, value in state.items()))
    for name, value in state.items():
        if value.dtype.kind not in "fiub":
            raise UserError(f"{path}: {name} holds {value.dtype}, not numbers; write plain numbers")
    state = {name: value.astype(float) for name, value in state.items()}
    if not are_ours(state):
        return Source(state, told_beside(path))
    own = own_of(path, entries.get(ABOUT))
    return Source(state, Told(own.options, own=own))


def told_by(weights: Given | None) -> Own | None:
    """What a file of weights of ours tells of its model, None of another file, arrays, or none; UserError where an
    .npz file cannot be read."""
    if weights is None or isinstance(weights, Mapping) or Path(weights).suffix.lower() != ".npz":
        return None
    path = Path(weights)
    check_file(path, MOST_FILE)
    try:
        with zipfile.ZipFile(path) as parts:
            if f"{ABOUT}.npy" not in parts.namelist():
                return None
            part = parts.getinfo(f"{ABOUT}.npy")
            if part.file_size > MOST_ABOUT:
                raise ValueError(f"{ABOUT} has {part.file_size:,} bytes")
            with parts.open(part) as array:
                _check_header(array, part)
        with np.load(path, allow_pickle=False) as arrays:
            about = np.asarray(arrays[ABOUT])
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise _no_npz(path, error) from None
    return own_of(path, about)


def read_npz(path: Path) -> dict[str, Array]:
    """The arrays of an .npz file by name; nothing in it is unpickled. UserError where it is none, or
    unpacks to more than MOST_FILE bytes."""
    check_file(path, MOST_FILE)
    try:
        with zipfile.ZipFile(path) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
            if unpacked > MOST_FILE:
                raise ValueError(f"it would unpack to {unpacked:,} bytes")
            for part in parts.infolist():
                with parts.open(part) as array:
                    _check_header(array, part)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise _no_npz(path, error) from None


def _no_npz(path: Path, error: Exception) -> UserError:
    return UserError(f"{path} is no .npz file of plain numbers ({error!s:.120}); write it with numpy.savez")


def _check_header(array: IO[bytes], part: zipfile.ZipInfo) -> None:
    """Raise ValueError for an array whose header promises what is not there, or no plain numbers."""
    version = np.lib.format.read_magic(array)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(array)
    if dtype.hasobject:
        raise ValueError(f"{part.filename} holds objects")
    if math.prod(shape) * dtype.itemsize > part.file_size:
        raise ValueError(f"{part.filename} is cut off")


def _read_safetensors(path: Path) -> Source:
    return _published(path, dict(_tensors(path)))


def _published(path: Path, state: State) -> Source:
    """A state dict with what lies beside it."""
    told = told_beside(path)
    behind = {} if told.dense is None else {DENSE + name: x for name, x in _tensors(told.dense)}
    return Source(state, told, behind)


def _read_shards(path: Path) -> Source:
    """A model.safetensors.index.json: `weight_map` says which file beside it holds which array."""
    index = json.loads(read_bytes(path, MOST_HEADER))
    files = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(files, dict) or not files:
        raise UserError(f"{path} has no weight_map; give a model.safetensors.index.json or the weights themselves")
    state: dict[str, Any] = {}
    shards = sorted({str(file) for file in files.values()})
    for name in shards:
        if Path(name).name != name:
            raise UserError(f"{path} names the file {name!r:.60}; only files beside it are read")
    if gone := [name for name in shards if not (path.parent / name).exists()]:
        raise UserError(f"{path} names {listed(gone, 2)}, which is not beside it; download what is missing")
    for name in shards:
        check_format(path.parent / name)
        state |= _tensors(path.parent / name)
    missing = [name for name in files if name not in state]
    whole = [name for name in missing if not name.endswith(("position_ids", ".bias", ".masked_bias"))]
    if whole:
        raise UserError(f"{path} names {whole[0]}, which {files[whole[0]]} does not hold; download it again")
    return _published(path, state)


_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
MOST_HEADER = 100_000_000
"""Bytes of a .safetensors header, as the format has it."""


def _tensors(path: Path) -> Iterator[tuple[str, Any]]:
    """The format: the header's length (8 bytes), the header (JSON: type, shape and place of each
    array), the arrays. Whole numbers are left out where they are buffers, such as BERT's places, and else
    refused, as are the numbers of quantised weights."""
    check_file(path, MOST_SHARD)
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MOST_HEADER, size - 8):
            raise ValueError(f"its header would have {length:,} bytes")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    check_names(path, ((name, str(entry["dtype"])) for name, entry in header.items()))
    for name, entry in header.items():
        if entry["dtype"] not in _DTYPES:
            if not is_buffer(name):
                kind = f"of type {entry['dtype']!s:.20}"
                raise UserError(f"{path}: {name:.60} is {kind}; save it as F32, F16 or BF16")
            continue
        (start, stop), shape = entry["data_offsets"], tuple(entry["shape"])
        dtype = np.dtype(_DTYPES[entry["dtype"]])
        if not all(type(n) is int and n >= 0 for n in (start, stop, *shape)):
            raise ValueError(f"{name:.60} has a strange place or shape")
        if stop - start != math.prod(shape) * dtype.itemsize or 8 + length + stop > size:
            raise ValueError(f"{name:.60} is cut off")
        if not math.prod(shape):
            array: Array = np.zeros(shape, dtype)
        else:
            array = np.memmap(path, dtype, "r", 8 + length + start, shape)
        yield name, BFloat16(array) if entry["dtype"] == "BF16" else array


def _read_llama2c(path: Path) -> Source:
    """llama2.c's format, version 0: seven whole numbers (width, inner width, layers, heads, heads of
    keys and values, vocabulary, places; a vocabulary below 0 has output weights of its own), then the
    single-precision numbers of each kind of weight, all layers of it in a row."""
    check_file(path, MOST_SHARD)
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(28)
    if len(start) < 28 or start[:4] == b"24ka":
        raise UserError(f"{path} is no .bin of llama2.c, version 0; export it as that, or as .safetensors")
    width, inner, layers, heads, kv_heads, vocabulary, places = (int(n) for n in np.frombuffer(start, "<i4"))
    words = abs(vocabulary)
    if min(width, inner, layers, heads, kv_heads, words, places) < 1 or width % heads or heads % kv_heads:
        raise UserError(
            f"{path} is no .bin of llama2.c, version 0: its head says {np.frombuffer(start, '<i4').tolist()}"
        )
    d_k = width // heads
    each = {
        "attention_norm.weight": (width,),
        "attention.wq.weight": (width, width),
        "attention.wk.weight": (kv_heads * d_k, width),
        "attention.wv.weight": (kv_heads * d_k, width),
        "attention.wo.weight": (width, width),
        "ffn_norm.weight": (width,),
        "feed_forward.w1.weight": (inner, width),
        "feed_forward.w2.weight": (width, inner),
        "feed_forward.w3.weight": (inner, width),
    }
    parts: list[tuple[str, int, tuple[int, ...]]] = [("tok_embeddings.weight", 1, (words, width))]
    parts += [(f"layers.{{}}.{name}", layers, shape) for name, shape in each.items()]
    parts += [("norm.weight", 1, (width,)), ("", 1, (places * d_k,))]  # sines and cosines: we have our own
    parts += [("output.weight", 1, (words, width))] if vocabulary < 0 else []
    expected = 28 + 4 * sum(count * math.prod(shape) for _, count, shape in parts)
    if size != expected:
        raise UserError(
            f"{path} has {size:,} bytes, but its head tells of {expected:,}: no .bin of llama2.c, version 0"
        )
    state: dict[str, Any] = {}
    offset = 28
    for name, count, shape in parts:
        for k in range(count):
            if name:
                state[name.format(k)] = np.memmap(path, "<f4", "r", offset, shape)
            offset += 4 * math.prod(shape)
    told = Told({"heads": heads}, {"kv_heads": ("the head of the file", kv_heads)})
    told = agreed(told, told_beside(path), f"the head of {path} and the files beside it")
    usual = {"epsilon": EPSILON, "base": BASE}  # as its run.c has them
    return Source(state, replace(told, options={**usual, **told.options}))
