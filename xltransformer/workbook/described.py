"""The description of its model that a workbook carries, twice: in the custom document properties and, as there are
programs that drop those, in cells of a sheet out of sight. Either will do.

It is one line of JSON in ASCII, cut into pieces: `xlt.model.0`, `xlt.model.1`, … are the names of the properties,
and what the texts of the cells begin with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from xltransformer.engines.sheets import Sheet

NAME = "xlt.model"
IN_PROPERTY = 250
"""Characters in a property: Excel cuts a text at 255."""
IN_CELL = 30_000
"""Characters in a cell, which takes 32,767."""

_CELL = re.compile(rf"{re.escape(NAME)}\.(\d+) ")

Description = dict[str, Any]


def pieces_of(description: Mapping[str, Any], most: int) -> list[str]:
    """A description in pieces of at most so many characters, none where it is empty. There is no space in it,
    which programs strip, and nothing that they take for an escaped character (_xHHHH_)."""
    text = json.dumps(description, separators=(",", ":")) if description else ""
    text = text.replace(" ", "\\u0020").replace("_x", "\\u005fx")
    return [text[k : k + most] for k in range(0, len(text), most)]


def cell_texts(description: Mapping[str, Any]) -> list[str]:
    """The texts of the cells that carry a description."""
    return [f"{NAME}.{k} {piece}" for k, piece in enumerate(pieces_of(description, IN_CELL))]


def from_properties(part: bytes) -> str:
    """The text of the description in the part with the custom document properties, empty where there is none. A
    property's value is its element's alone: Gnumeric indents it."""
    found = {
        one.get("name", ""): "".join("".join(value.itertext()) for value in one)
        for one in ElementTree.fromstring(part or b"<none/>")
    }
    return _joined({key.removeprefix(f"{NAME}."): text for key, text in found.items()})


def from_cells(content: Mapping[str, Sheet]) -> dict[str, str]:
    """The text of the description that cells of a sheet carry, by sheet."""
    found: dict[str, dict[str, str]] = {}
    for name, sheet in content.items():
        for text in sheet.values.texts():
            if start := _CELL.match(text):
                found.setdefault(name, {})[start[1]] = text[start.end() :]
    return {name: text for name, pieces in found.items() if (text := _joined(pieces))}


def mentions(part: Iterable[bytes]) -> bool:
    """Whether a part of the package, piece by piece, may hold the text of such a cell."""
    wanted, before = f"{NAME}.0 ".encode(), b""
    for piece in part:
        if wanted in before + piece:
            return True
        before = piece[-len(wanted) :]
    return False


def parse(text: str) -> Description:
    """The description; ValueError saying why a text is none. SheetJS writes its quotes as _x0022_."""
    try:
        try:
            found = json.loads(text)
        except ValueError:
            from xltransformer.engines.sheets import unescaped

            found = json.loads(unescaped(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _joined(pieces: Mapping[str, str]) -> str:
    """The pieces in order, up to the first that lacks."""
    joined: list[str] = []
    while (piece := pieces.get(str(len(joined)))) is not None:
        joined.append(piece)
    return "".join(joined)
