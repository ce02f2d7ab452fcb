"""State dicts from files: arrays by the names under which they were saved."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from xltransformer.bounds import MOST_FILE, check_file, read_bytes
from xltransformer.errors import UserError
from xltransformer.graph import Array

State = Mapping[str, Array]
"""A state dict: arrays by their published names."""


def read_state(path: str | Path) -> dict[str, Array]:
    """The arrays of an .npz or .safetensors file in double precision, by name.

    Raises UserError where the file cannot be read or holds something else.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        state = {}
        for name, value in read_npz(path).items():
            if value.dtype.kind not in "fiub":
                raise UserError(f"{path}: {name} holds {value.dtype}, not numbers; write plain numbers")
            state[name] = value.astype(float)
        return state
    if suffix == ".safetensors":
        return _read_safetensors(path)
    raise UserError(f"{path} is neither .npz nor .safetensors; save the weights as one of them")


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
        raise UserError(
            f"{path} is no .npz file of plain numbers ({error!s:.120}); write it with numpy.savez"
        ) from None


def _check_header(array: IO[bytes], part: zipfile.ZipInfo) -> None:
    """Raise ValueError for an array whose header promises what is not there, or no plain numbers."""
    version = np.lib.format.read_magic(array)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(array)
    if dtype.hasobject:
        raise ValueError(f"{part.filename} holds objects")
    if math.prod(shape) * dtype.itemsize > part.file_size:
        raise ValueError(f"{part.filename} is cut off")


_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
MOST_HEADER = 100_000_000
"""Bytes of a .safetensors header, as the format has it."""


def _read_safetensors(path: Path) -> dict[str, Array]:
    """The format: the header's length (8 bytes), the header (JSON: type, shape and place of each
    array), the arrays. Whole numbers, such as the places of BERT's buffers, are left out."""
    data = read_bytes(path)
    try:
        length = int.from_bytes(data[:8], "little")
        if len(data) < 8 or length > min(MOST_HEADER, len(data) - 8):
            raise ValueError(f"its header would have {length:,} bytes")
        header = json.loads(data[8 : 8 + length])
        return {
            name: _array(name, entry, memoryview(data)[8 + length :])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in _DTYPES
        }
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise UserError(
            f"{path} is no .safetensors file of plain numbers ({error!s:.120}); write it with safetensors"
        ) from None


def _array(name: str, entry: Mapping[str, Any], data: memoryview) -> Array:
    """One array, as its entry in the header describes it; ValueError where that cannot be."""
    (start, stop), shape = entry["data_offsets"], entry["shape"]
    if not all(type(n) is int and n >= 0 for n in (start, stop, *shape)) or not start <= stop <= len(data):
        raise ValueError(f"{name:.60} is cut off")
    raw = np.frombuffer(data[start:stop], _DTYPES[entry["dtype"]])
    if raw.size != math.prod(shape):
        raise ValueError(f"{name:.60} is cut off")
    if entry["dtype"] == "BF16":  # the upper half of a single-precision number
        raw = (raw.astype("<u4") << 16).view("<f4")
    return raw.reshape(shape).astype(float)
