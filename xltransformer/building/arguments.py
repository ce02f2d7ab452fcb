"""Functions that pass options on: their signature shows each, and they say what was meant by one that there is
not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from xltransformer.building.parse import SWITCHES
from xltransformer.building.request import CALLED_HERE, COUNTS, SHAPING, SWITCH, Options
from xltransformer.text import nearest

F = TypeVar("F", bound=Callable[..., Any])

_FURTHER = ("d_model", "epsilon", "activation", "base", "kv_heads", "gradients", "end", "window")
SETTINGS = {
    **{name: name for name in (*COUNTS, *SHAPING, *_FURTHER)},
    **{name: SWITCH + name for name in SWITCHES if name not in COUNTS},
    **CALLED_HERE,
}
"""What settings are called, by the names that people try."""


class _Said(str):
    """An annotation as it is written, without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def spelled(function: F) -> F:
    """The function with a signature that shows every option in the place of `**options`.

    Called with an argument that it does not take, it raises TypeError that says what was perhaps meant.
    """
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    types = {name: _Said(getattr(said, "__forward_arg__", said)) for name, said in Options.__annotations__.items()}
    further = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=said)
        for name, said in types.items()
        if name not in signature.parameters
    ]
    shown = [one.replace(annotation=_Said(one.annotation), default=_default(one)) for one in own]
    known = [one.name for one in (*own, *further)]

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for name, value in kwargs.items():
            if name not in known:
                raise TypeError(unknown_argument(function.__name__, name, value, known))
        return function(*args, **kwargs)

    returns = _Said(signature.return_annotation)
    checked.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*shown, *further], return_annotation=returns
    )
    return checked  # type: ignore[return-value]


def _default(parameter: inspect.Parameter) -> Any:
    """A default as it is shown: of a function only that there is one."""
    return _Said("…") if inspect.isfunction(parameter.default) else parameter.default


def unknown_argument(function: str, name: str, value: Any, known: Iterable[str]) -> str:
    """What is said of an argument that a function does not take: the setting or the argument that was perhaps
    meant."""
    said = f"{function}() takes no argument {name!r:.60}"
    near = None if name in SETTINGS else nearest(name, known, 0.75)
    if near is not None:
        return f"{said}; did you mean {near!r}?"
    meant = SETTINGS.get(name) or SETTINGS.get(nearest(name, SETTINGS, 0.8) or "")
    given = repr(value) if len(repr(value)) <= 30 else "…"
    if meant is not None:
        return f"{said}: sizes and choices are settings={{{meant!r}: {given}}}"
    listed = ", ".join(known)
    return f"{said}; it takes {listed}, and sizes and choices of a model as settings={{{name!r}: {given}}}"
