"""State dicts from files: arrays by the names under which they were saved."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array

State = Mapping[str, Array]
"""A state dict: arrays by their published names."""


ABOUT = "about"
"""The entry of an .npz file of ours that tells, as JSON, how its weights were made."""


def read_state(path: str | Path) -> dict[str, Array]:
    """The arrays of numbers of an .npz or .safetensors file in double precision, by name.

    Raises UserError where the file cannot be read or holds something else.
    """
    path = Path(path)
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise UserError(f"{path} is neither .npz nor .safetensors; save the weights as one of them")
    try:
        return read(path)
    except OSError as error:
        raise UserError(f"cannot read weights from {path}: {error.strerror or error}") from None
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise UserError(f"cannot read weights from {path}: {error}; write plain numbers") from None


def _read_npz(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(float) for name in arrays.files if arrays[name].dtype.kind != "U"}


def read_text_entry(path: Path, name: str) -> str | None:
    """A text of an .npz file by its name, None where there is none such."""
    with np.load(path, allow_pickle=False) as arrays:
        return str(arrays[name]) if name in arrays.files and arrays[name].dtype.kind == "U" else None


def write_state(state: State) -> bytes:
    """Arrays as the bytes of an .npz file; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in state.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # as of 1980: NumPy writes the time of day
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.asarray(value), allow_pickle=False)
    return buffer.getvalue()


_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def _read_safetensors(path: Path) -> dict[str, Array]:
    """The format: the header's length (8 bytes), the header (JSON: type, shape and place of each
    array), the arrays. Whole numbers, such as the places of BERT's buffers, are left out."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    state: dict[str, Array] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _DTYPES:
            continue
        start, stop = entry["data_offsets"]
        raw = np.frombuffer(data[8 + length + start : 8 + length + stop], _DTYPES[entry["dtype"]])
        if entry["dtype"] == "BF16":  # the upper half of a single-precision number
            raw = (raw.astype("<u4") << 16).view("<f4")
        if raw.size != math.prod(entry["shape"]):
            raise ValueError(f"{name} is cut off")
        state[name] = raw.reshape(entry["shape"]).astype(float)
    return state
