"""How results look where somebody works with them: in a notebook as HTML, elsewhere as text.

Colours are see-through, and ink is the page's own, so that both light and dark pages can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from xltransformer.building.instance import Instance
from xltransformer.errors import rendered
from xltransformer.graph import Matrix
from xltransformer.listing import lines
from xltransformer.locale import ENGLISH, load_messages
from xltransformer.ops.masking import SEEN
from xltransformer.text import listed, nearest_block

MOST_ROWS, MOST_COLUMNS, MOST_LINES = 40, 24, 60
"""The rows and columns of a block that are shown, the first of them where there are more, and the lines of a
table of blocks that is printed."""
BLUE, ORANGE = "46, 117, 182", "217, 119, 6"
"""Above and below 0, as on the sheets, whose readers may not tell red from green."""
MOST_COLOUR = 0.65
NUMBER, LEFT = "text-align:right;padding:1px 6px", "text-align:left;padding:1px 6px"
"""How cells are set."""
COLUMNS = ["block", "kind", "shape", "symbol", "section"]


class Block(pd.DataFrame):
    """A block's numbers, a DataFrame that shows itself as a heat map: shares in one colour, other numbers in one
    for each sign. `holds` is what kind of numbers they are (see `graph.Scale`)."""

    _metadata: ClassVar[list[str]] = ["holds"]
    holds: str = "signed"

    @property
    def _constructor(self) -> Callable[..., Block]:
        return Block

    def _repr_html_(self) -> str | None:
        """The heat map."""
        try:
            values = self.to_numpy(dtype=float)
        except (TypeError, ValueError):  # texts, as made of them by the user
            return pd.DataFrame(self)._repr_html_()  # type: ignore[operator, no-any-return]
        shown = values[:MOST_ROWS, :MOST_COLUMNS]
        finite = shown[np.isfinite(shown) & (shown > SEEN)]
        largest = float(np.abs(finite).max(initial=0.0))
        shares = self.holds == "probability" and bool(((finite >= 0) & (finite <= 1)).all())
        colour = shares or self.holds in ("signed", "masked") or bool((finite < 0).any())
        most = (1.0 if shares else largest) if colour else 0.0
        rest = "…" if self.shape[1] > MOST_COLUMNS else None
        head = [*map(str, self.columns[:MOST_COLUMNS]), *filter(None, [rest])]
        rows = [
            _row(str(label), [_cell(value, most, largest) for value in row], rest)
            for label, row in zip(self.index[:MOST_ROWS], shown.tolist(), strict=True)
        ]
        if len(self) > MOST_ROWS:
            rows.append(_row("…", ["<td></td>"] * shown.shape[1], rest))
        return _table(["", *head], rows) + f"<small>{self.shape[0]} × {self.shape[1]}</small>"


def _cell(value: float, most: float, largest: float) -> str:
    if np.isnan(value) or value <= SEEN:
        return f'<td style="{NUMBER};opacity:.6">{"" if np.isnan(value) else "−∞"}</td>'
    strength = MOST_COLOUR * min(1.0, abs(value) / most) ** 0.7 if most else 0.0  # small shares are seen, too
    style = f";background:rgba({BLUE if value > 0 else ORANGE}, {strength:.2f})" if strength else ""
    return f'<td style="{NUMBER}{style}" title="{value!r}">{_number(value, largest)}</td>'


def _number(value: float, largest: float) -> str:
    """A number to as many decimals as the largest beside it asks for."""
    if value == int(value) and abs(value) < 1e6 and largest >= 1:
        return f"{value:.0f}"
    text = f"{value:.2f}" if 0.05 <= largest < 1e6 else f"{value:.3g}"
    return "0.00" if text == "-0.00" else text


def _row(label: str, cells: Sequence[str], rest: str | None = None) -> str:
    more = "" if rest is None else f"<td>{rest}</td>"
    return f"<tr><th style='{LEFT}'>{escape(label)}</th>{''.join(cells)}{more}</tr>"


def _table(head: Sequence[str], rows: Sequence[str], style: str = NUMBER) -> str:
    heads = "".join(f"<th style='{style}'>{escape(label)}</th>" for label in head)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


class NoBlock(KeyError):
    """There is no block of that name; the message says which is nearest."""

    def __str__(self) -> str:
        return str(self.args[0])

    def _render_traceback_(self) -> list[str]:
        return rendered(self)


class Traced(dict[str, Block]):
    """The blocks of numbers of an instance by name, in the model's order, shown as a table of them. `warnings` are
    lines worth telling."""

    def __init__(self, instance: Instance, language: str = ENGLISH) -> None:
        values, blocks = instance.trace(), instance.model.blocks
        super().__init__((name, _block(block, values)) for name, block in blocks.items() if not block.text)
        self.warnings = instance.warnings
        self._instance, self._language = instance, language
        self._title = f"{instance.template.name}: {listed([repr(text) for text in instance.sentences], 3)}"

    def __missing__(self, name: object) -> Block:
        raise NoBlock(self._lacks(str(name)))

    def _lacks(self, name: str) -> str:
        """What is said of a name that no block of numbers has."""
        block = self._instance.model.blocks.get(name)
        if block is not None:
            values = self._instance.inputs.get(name)
            texts = "" if values is None else f": {listed([repr(one) for one in values.ravel()], 6)}"
            return f"{name} holds texts, not numbers{texts}"
        ends = [known for known in self if known.endswith(f".{name}")]
        near = ends[:3] or filter(None, [nearest_block(name, self)])
        hint = " or ".join(repr(one) for one in near)
        hint = f"did you mean {hint}?" if hint else "list(…) lists them all"
        return f"no block is called {name!r:.80}; {hint}"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        rows = [COLUMNS, *self._lines()]
        more = [f"… and {len(rows) - 1 - MOST_LINES} more"] if len(rows) > MOST_LINES + 1 else []
        rows = rows[: MOST_LINES + 1]
        widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
        texts = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([self._heading, *texts, *more, *self.warnings])

    def _repr_html_(self) -> str:
        rows = [
            _row(name, [f"<td style='{LEFT}'>{escape(text)}</td>" for text in texts])
            for name, *texts in self._lines()
        ]
        table = _table(COLUMNS, rows, LEFT)
        warned = "".join(f"<p><small>{escape(line)}</small></p>" for line in self.warnings)
        return f'{escape(self._heading)}<div style="max-height:30em;overflow:auto">{table}</div>{warned}'

    @property
    def _heading(self) -> str:
        return f"{self._title} ({len(self)} blocks)"

    def _lines(self) -> list[list[str]]:
        """A line for each block: its name, whether it is an input, its shape, its symbol, and where it stands."""
        told = lines(self._instance, load_messages(self._language))
        shown = [one for one in told if one.name in self]
        return [[one.name, one.kind, "{} × {}".format(*one.shape), one.symbol, one.section] for one in shown]


def _block(block: Matrix, values: Mapping[str, Any]) -> Block:
    made = Block(values[block.name], index=block.rows.read(values), columns=block.columns.read(values))
    made.holds = block.scale
    return made
