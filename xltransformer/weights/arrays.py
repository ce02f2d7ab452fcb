"""Weights that are given as arrays by name: NumPy's, lists of numbers, or what makes an array of itself, such as
PyTorch's tensors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.checked import expect
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.weights.foreign import check_names

GIVEN = Path("the dict of weights")
"""What stands in messages where the name of a file would."""


def state_of(given: Mapping[Any, Any]) -> dict[str, Array]:
    """The arrays in double precision. Raises UserError for what is none, or holds no numbers."""
    found = arrays_of(given, GIVEN)
    check_names(GIVEN, ((name, str(array.dtype)) for name, array in found.items()))
    return {name: array.astype(float) for name, array in found.items()}


def arrays_of(given: Mapping[Any, Any], where: Path) -> dict[str, Array]:
    """The arrays of a dict as they are, of numbers of any type; `where` they were given stands in messages. Raises
    UserError for what is none, or holds no numbers."""
    expect(given is None or isinstance(given, Mapping), str(where), given, "a dict of arrays by name", ".40")
    if not given:
        raise UserError(f"{where} is empty; give arrays by the names of blocks, or a state dict")
    found = {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise UserError(f"{where}: {name!r:.40} is no name of an array; give a dict of arrays by name")
        found[name] = _array(name, value, where)
    return found


def _array(name: str, value: Any, where: Path) -> Array:
    """One array of numbers. A tensor that learns or lies on another device makes none of itself before it is
    detached and brought here, nor does one of bfloat16 before it is widened."""
    for step in ("detach", "cpu"):
        with suppress(AttributeError):
            value = getattr(value, step)()
    try:
        array = np.asarray(value)
    except TypeError:
        array = np.asarray(value.float()) if hasattr(value, "float") else np.array(None)
    except (ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{where}: {name:.80} is no array ({said:.80}); give rows of equal length") from None
    if array.dtype.name == "bfloat16":  # of ml_dtypes, as JAX has it
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        what = "objects" if array.dtype.kind == "O" else str(array.dtype)
        raise UserError(f"{where}: {name:.80} holds {what}, not numbers; give an array of numbers")
    return array
