"""What is given as weights and is none that are read: each is named, with what to do, in one line."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from test_checkpoints import write_safetensors

from xltransformer.cli import main

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 12345\n"
MOST = 300


def refused(*arguments: str) -> str:
    """The one line with which a command is refused."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert len(line) <= MOST
    return line


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"x")
    return buffer.getvalue()


FILES: dict[str, tuple[str, bytes, Sequence[str]]] = {
    "LFS .safetensors": ("w.safetensors", POINTER, ["pointer of Git LFS", "git lfs pull"]),
    "LFS .npz": ("w.npz", POINTER, ["pointer of Git LFS", "git lfs pull"]),
    "LFS .bin": ("w.bin", POINTER, ["pointer of Git LFS", "git lfs pull"]),
    "LFS .pth": ("w.pth", POINTER, ["pointer of Git LFS", "git lfs pull"]),
    "git-annex": ("w.npz", b"/annex/objects/SHA256E-s1--x\n", ["git-annex", "git annex get"]),
    "torch.save": ("pytorch_model.bin", zipped("archive/data.pkl"), ["PyTorch's own", "save_file"]),
    "torch.save under another name": ("w.safetensors", zipped("x/data.pkl"), ["PyTorch's own", "save_file"]),
    "torch.save of old": ("w.bin", b"\x80\x02" + bytes(30), ["PyTorch's own", "save_file"]),
    ".pth": ("w.pth", b"anything", ["PyTorch's own", "save_file"]),
    ".zip": ("w.zip", zipped("model.safetensors"), ["archive", "unpack"]),
    ".zip under another name": ("w.safetensors", zipped("model.safetensors"), ["archive", "unpack"]),
    ".gguf": ("w.gguf", b"GGUF" + bytes(30), ["llama.cpp", ".safetensors"]),
    ".gguf under another name": ("w.bin", b"GGUF" + bytes(30), ["llama.cpp", ".safetensors"]),
    ".onnx": ("w.onnx", b"\x08\x07" + bytes(30), ["ONNX", ".safetensors"]),
    ".h5": ("tf_model.h5", b"\x89HDF\r\n\x1a\n" + bytes(30), ["TensorFlow", "numpy.savez"]),
    ".msgpack": ("flax_model.msgpack", b"\x83" + bytes(30), ["Flax", "save_file"]),
    ".npy": ("w.npy", b"\x93NUMPY" + bytes(30), ["one array", "numpy.savez"]),
    "a page": ("w.safetensors", b"<!DOCTYPE html><html></html>", ["web page", "download"]),
    "an answer": ("w.safetensors", b"Access to model x is restricted.", ["'Access to model", "download it again"]),
    "one of several": (
        "model-00001-of-00002.safetensors",
        bytes(30),
        ["one of 2", "index.json"],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_another_kind_is_named(case: str, tmp_path: Path) -> None:
    name, data, said = FILES[case]
    (tmp_path / name).write_bytes(data)
    for command in (["trace"], ["build", "-o", str(tmp_path / "out.xlsx")], ["trace", "--template", "gpt"]):
        line = refused(*command, "--weights", str(tmp_path / name))
        assert all(part in line for part in (name, *said)), line


FOLDERS: dict[str, tuple[Mapping[str, bytes], Sequence[str]]] = {
    "empty": ({}, ["is empty", "name the file"]),
    "of PyTorch": (
        {"config.json": b"{}", "pytorch_model.bin": zipped("archive/data.pkl")},
        ["pytorch_model.bin", "PyTorch's own"],
    ),
    "of TensorFlow": ({"tf_model.h5": b"\x89HDF" + bytes(30)}, ["tf_model.h5", "TensorFlow"]),
    "an adapter": ({"adapter_config.json": b"{}"}, ["adapter", "LoRA", "merge"]),
    "without its index": (
        {"model-00001-of-00002.safetensors": b""},
        ["model-00001-of-00002.safetensors", "no model.safetensors.index.json", "download"],
    ),
    "a cache": ({"snapshots/abc/config.json": b"{}"}, ["cache", "snapshots/abc"]),
    "weights of another name": ({"mine.npz": b""}, ["no model.safetensors", "mine.npz"]),
    "something else": ({"README.md": b"hello"}, ["no model.safetensors", "README.md", "name the file"]),
    "a pointer": ({"model.safetensors": POINTER}, ["pointer of Git LFS", "git lfs pull"]),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_without_weights_says_what_it_holds(case: str, tmp_path: Path) -> None:
    files, said = FOLDERS[case]
    folder = tmp_path / "m"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    line = refused("trace", "--weights", str(folder)).replace("\\", "/")
    assert all(part in line for part in ("/m", *said)), line


def test_missing_parts_are_named(tmp_path: Path) -> None:
    names = [f"model-0000{k}-of-00003.safetensors" for k in (1, 2, 3)]
    write_safetensors(tmp_path / names[0], {"a": ("F32", (1,), bytes(4))})
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": dict(zip("abc", names, strict=True))}))
    line = refused("trace", "--weights", str(index))
    assert f"{names[1]}, {names[2]}, which is not beside it; download" in line
    for name in names[1:]:
        (tmp_path / name).write_bytes(POINTER)
    assert "pointer of Git LFS" in refused("trace", "--weights", str(tmp_path.parent / tmp_path.name / index.name))


LLAMA = "model.layers.0.self_attn.q_proj"
NAMES: dict[str, tuple[str, str, Sequence[str]]] = {
    "float8": (f"{LLAMA}.weight", "F8_E4M3", ["quantised", "F8_E4M3", "float32"]),
    "float8, the other": (f"{LLAMA}.weight", "F8_E5M2", ["quantised", "F8_E5M2"]),
    "int8": (f"{LLAMA}.weight", "I8", ["quantised", "I8", "float32"]),
    "four bits in bytes": (f"{LLAMA}.weight", "U8", ["quantised", "U8"]),
    "GPTQ": (f"{LLAMA}.qweight", "I32", ["quantised", "qweight", "float32"]),
    "AWQ": (f"{LLAMA}.qzeros", "I32", ["quantised", "qzeros"]),
    "float8 with its scale": (f"{LLAMA}.weight_scale_inv", "F32", ["quantised", "weight_scale_inv"]),
    "bitsandbytes": (f"{LLAMA}.SCB", "F32", ["quantised", "SCB"]),
    "whole numbers": (f"{LLAMA}.weight", "I32", ["q_proj.weight", "I32", "save it as F32"]),
    "truth values": (f"{LLAMA}.weight", "BOOL", ["q_proj.weight", "BOOL", "save it as F32"]),
    "LoRA": (f"base_model.{LLAMA}.lora_A.weight", "F32", ["adapter", "LoRA", "merge"]),
    "LoRA with a name": (f"{LLAMA}.lora_B.default.weight", "BF16", ["adapter", "merge"]),
    "IA3": (f"base_model.{LLAMA}.ia3_l", "F32", ["adapter", "merge"]),
}
SIZE = {"F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1, "BF16": 2, "I32": 4, "F32": 4}


@pytest.mark.parametrize("case", NAMES)
def test_weights_in_another_code_are_named(case: str, tmp_path: Path) -> None:
    name, kind, said = NAMES[case]
    path = tmp_path / "model.safetensors"
    write_safetensors(
        path,
        {
            "model.embed_tokens.weight": ("F32", (1, 1), bytes(4)),
            name: (kind, (1, 1), bytes(SIZE[kind])),
        },
    )
    for arguments in (["--weights", str(path)], ["--template", "llama", "--weights", str(tmp_path)]):
        line = refused("trace", *arguments)
        assert all(part in line for part in ("model.safetensors", *said)), line


def test_bytes_of_an_npz_are_quantised_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **{f"{LLAMA}.weight": np.ones((2, 2), np.int8)})
    assert "quantised" in refused("trace", "--weights", str(tmp_path / "w.npz"))


@pytest.mark.parametrize("name", ["vocab.txt", "tokenizer.json", "config.json"])
def test_a_pointer_beside_the_weights_is_named(name: str, tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors", {"model.norm.weight": ("F32", (1,), bytes(4))})
    (tmp_path / name).write_bytes(POINTER)
    line = refused("trace", "--template", "llama", "--weights", str(tmp_path / "model.safetensors"))
    assert f"{name} is a pointer of Git LFS" in line
