"""Files of weights, words and templates of absurd sizes or depths, or made to do harm: one line, exit
status 2, at once, and nothing written or run."""

from __future__ import annotations

import io
import json
import os
import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from xltransformer.cli import main


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(**wrong: object) -> dict[str, object]:
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **wrong}}


def npz(header: bytes, data: bytes = b"", name: str = "w.npy") -> bytes:
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, array)
    return buffer.getvalue()


def shaped(shape: str, descr: str = "'<f8'") -> bytes:
    return npz(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode(), bytes(16))


class Boom:
    """Unpickled, it writes a file."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, ("echo ran > ran.txt",)


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, w=np.array([Boom()], dtype=object))
    return buffer.getvalue()


WEIGHTS: dict[str, tuple[str, bytes]] = {
    "objects": ("w.npz", pickled()),
    "a bare pickle": ("w.npz", pickle.dumps(Boom())),
    "a shape of 10^18": ("w.npz", shaped("(1000000000, 1000000000)")),
    "a shape of 10^30": ("w.npz", shaped("(10**30,)".replace("10**30", "1" + "0" * 30))),
    "a negative shape": ("w.npz", shaped("(-2, -8)")),
    "a shape of texts": ("w.npz", shaped("('a',)")),
    "a header that calls": ("w.npz", shaped("__import__('os').getcwd()")),
    "a header of brackets": ("w.npz", npz(b"(" * 60_000)),
    "dates": ("w.npz", shaped("(2,)", "'<M8[D]'")),
    "texts": ("w.npz", shaped("(2,)", "'<U2'")),
    "no arrays but texts": ("w.npz", npz(b"", name="w.txt")),
    "another name": ("w.pt", b"x"),
    "an empty file": ("w.safetensors", b""),
    "seven bytes": ("w.safetensors", b"1234567"),
    "a header of 2^63": ("w.safetensors", safetensors({}, length=2**63)),
    "a header longer than the file": ("w.safetensors", safetensors({}, length=1000)),
    "a header that is no JSON": ("w.safetensors", safetensors(b"{nonsense")),
    "a header of brackets, too": ("w.safetensors", safetensors(b"[" * 200_000)),
    "a header that is a list": ("w.safetensors", safetensors([1, 2])),
    "a header of long numbers": ("w.safetensors", safetensors(b'{"w": ' + b"9" * 5000 + b"}")),
    "an entry that is a text": ("w.safetensors", safetensors({"w": "x"})),
    "offsets beyond the end": ("w.safetensors", safetensors(entry(data_offsets=[0, 10**12]), bytes(8))),
    "offsets before the start": ("w.safetensors", safetensors(entry(data_offsets=[-8, 0]), bytes(8))),
    "offsets the wrong way": ("w.safetensors", safetensors(entry(data_offsets=[8, 0]), bytes(8))),
    "three offsets": ("w.safetensors", safetensors(entry(data_offsets=[0, 4, 8]), bytes(8))),
    "a negative size": ("w.safetensors", safetensors(entry(shape=[-1, -2]), bytes(8))),
    "a size of 10^18": ("w.safetensors", safetensors(entry(shape=[10**9, 10**9]), bytes(8))),
    "a size that is true": ("w.safetensors", safetensors(entry(shape=[True, 2]), bytes(8))),
    "no shape": ("w.safetensors", safetensors({"w": {"dtype": "F32"}})),
    "names of a million letters": ("w.safetensors", safetensors({"n" * 10**6: entry()["w"]}, bytes(8))),
    "ten thousand entries": (
        "w.safetensors",
        safetensors({f"layers.{k}.x": entry()["w"] for k in range(10_000)}, bytes(8)),
    ),
    "not a number": ("w.safetensors", safetensors(entry(), np.array([np.nan, 1], "<f4").tobytes())),
}
OTHERS: dict[str, tuple[str, str, bytes]] = {
    "deep TOML": ("--template", "t.toml", b"a = " + b"[" * 100_000),
    "deep TOML keys": ("--template", "t.toml", b".".join([b"a"] * 20_000) + b" = 1"),
    "a TOML number of 10^5 digits": ("--template", "t.toml", b"a = " + b"9" * 100_000),
    "a TOML key of 10^6 letters": ("--template", "t.toml", b"k" * 10**6 + b" = 1"),
    "a TOML model of 10^6 letters": ("--template", "t.toml", b'model = "' + b"m" * 10**6 + b'"'),
    "TOML of null characters": ("--template", "t.toml", bytes(1000)),
    "deep JSON": ("--vocabulary", "v.json", b"[" * 100_000),
    "JSON of another shape": ("--vocabulary", "v.json", b'{"a": {"b": 1}}'),
    "JSON of a long number": ("--vocabulary", "v.json", b'{"a": ' + b"9" * 5000 + b"}"),
    "JSON tokens of numbers": ("--vocabulary", "v.json", b"[1, 2, 3]"),
    "JSON rows of 10^15": ("--vocabulary", "v.json", b'{"a": 1000000000000000}'),
    "a token of 10^6 letters": ("--vocabulary", "v.txt", b"t" * 10**6),
    "a list of words in another code": ("--vocabulary", "v.txt", "键盘\n".encode("gbk")),
    "a CSV row of 10^6 columns": ("--embeddings", "e.csv", b"word" + b",a" * 10**6 + b"\ncat,1\n"),
    "a CSV number of 10^5 digits": ("--embeddings", "e.csv", b"word,a,b\ncat,1," + b"9" * 100_000),
    "a CSV of null characters": ("--embeddings", "e.csv", bytes(1000)),
    "a CSV quote that never ends": ("--embeddings", "e.csv", b'word,a\n"' + b"x" * 200_000),
}


def refused(folder: Path, *arguments: str) -> str:
    before = sorted(os.listdir(folder))
    started = time.process_time()
    result = CliRunner().invoke(main, ["build", "-o", "out.xlsx", *arguments])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert time.process_time() - started < 2
    (line,) = result.stderr.splitlines()
    assert len(line) <= 300
    assert sorted(os.listdir(folder)) == before
    return line


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name, data = WEIGHTS[kind]
    Path(name).write_bytes(data)
    line = refused(tmp_path, "--template", "encoder", "--weights", name)
    assert name in line
    if name.endswith(".npz"):
        head = 'model = "attention_lessons"\nsentences = ["cat"]\ndimensions = ["a"]\n[words]\ncat = [1]\n'
        Path("t.toml").write_text(f"{head}[weights]\nfile = '{name}'\n")
        assert name in refused(tmp_path, "--template", "t.toml")


@pytest.mark.parametrize("kind", OTHERS)
def test_templates_tables_and_words(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    option, name, data = OTHERS[kind]
    Path(name).write_bytes(data)
    template = [] if option == "--template" else ["--template", "encoder", "--set", "d_model=8"]
    refused(tmp_path, *template, option, name)


def test_files_that_never_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names here")
    monkeypatch.chdir(tmp_path)
    options = {"e.csv": "embeddings", "e.xlsx": "embeddings", "t.toml": "template", "v.txt": "vocabulary"}
    for name, option in {**options, "w.npz": "weights", "w.safetensors": "weights"}.items():
        os.mkfifo(name)
        assert "no ordinary file" in refused(tmp_path, f"--{option}", name)
    with open("big.csv", "wb") as file:
        file.truncate(10**11)
    assert "bytes, at most" in refused(tmp_path, "--embeddings", "big.csv")
