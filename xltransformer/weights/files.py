"""State dicts from files: arrays by the names under which they were saved."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array

State = Mapping[str, Array]
"""A state dict: arrays by their published names."""


def read_state(path: str | Path) -> dict[str, Array]:
    """The arrays of an .npz or .safetensors file in double precision, by name.

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
        return {name: arrays[name].astype(float) for name in arrays.files}


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
