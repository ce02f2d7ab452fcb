"""The experiments of a template, as read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from xltransformer.building.spoken import texts
from xltransformer.checked import check_keys, expect, number
from xltransformer.errors import UserError
from xltransformer.teaching.experiments import Experiment


def experiments_of(value: Any, where: str) -> tuple[Experiment, ...]:
    """The experiments, or UserError for one that does not say what to edit and what to tell."""
    fits = isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
    expect(fits, f"{where}: experiments", value, "tables [[experiments]]", ".60")
    return tuple(_experiment(entry, f"{where}: experiment {k}") for k, entry in enumerate(value, start=1))


def _experiment(entry: Mapping[str, Any], where: str) -> Experiment:
    check_keys(entry, sorted(Experiment.__annotations__), where)
    block = entry.get("block")
    expect(isinstance(block, str), f"{where}: block", block, "the name of a block to edit")
    for side in ("row", "column"):
        at = entry.get(side)
        fits = isinstance(at, str | int | None) and not isinstance(at, bool)
        expect(fits, f"{where}: {side}", at, "a label, or a number from 1")
    if len(entry.keys() & {"to", "above", "below"}) != 1:
        raise UserError(f"{where}: say what to type with one of to, above and below")
    to = entry.get("to")
    if isinstance(to, str | dict):
        to = texts(to, f"{where}: to")
    elif to is not None and not isinstance(to, bool):
        to = number(to, f"{where}: to")
    for key in ("do", "then"):
        if key not in entry:
            raise UserError(f"{where}: {key} is missing; give a text, or one per language")
    do, then = texts(entry["do"], f"{where}: do"), texts(entry["then"], f"{where}: then")
    _check_names(do, f"{where}: do", "write {cell} for the address of the cell")
    _check_names(then, f"{where}: then", "{cell} is filled in do alone; write it out", known=())
    return Experiment(
        block=entry["block"],
        row=entry.get("row"),
        column=entry.get("column"),
        to=to,
        above=number(entry["above"], f"{where}: above") if "above" in entry else None,
        below=number(entry["below"], f"{where}: below") if "below" in entry else None,
        do=do,
        then=then,
    )


def _check_names(said: Mapping[str, str], where: str, wanted: str, known: tuple[str, ...] = ("cell",)) -> None:
    """Raise UserError for a {name} in a text that nothing is filled in for."""
    for language, text in said.items():
        for name in re.findall(r"\{([a-z]+)\}", text):
            if name not in known:
                raise UserError(f"{where}.{language} has {{{name}}}; {wanted}")
