"""Arrays of an implementation of one's own against a model: which agree, and what explains the first that does
not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.request import Options, filled
from xltransformer.building.template import Template
from xltransformer.checked import is_number
from xltransformer.checking.given import Given, taken
from xltransformer.checking.slips import Slip, slips
from xltransformer.checking.ways import PARTLY, Values, Way
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.ops.masking import SEEN
from xltransformer.record import record
from xltransformer.weights.arrays import arrays_of

TOLERANCES = {2: 1e-2, 4: 1e-5, 8: 1e-9}
"""The largest error allowed by the bytes of a number: half, single and double precision."""
MOST_CELLS = 500_000
"""Up to how many numbers between what agrees and what does not a slip is tried in one place alone, too: each try
calculates them again."""
CLEAR = 10
"""How many times the tolerance a slip must change what it explains."""


@record
class Line:
    """One array: its name, the block that it is (empty where none is known), the largest error (None where there
    is none to tell), whether it agrees, and a word on what is odd."""

    name: str
    block: str
    error: float | None
    ok: bool
    note: str = ""


@record
class Check:
    """What `check` found: a line for each array; the `first` block, in the model's order, that does not agree; the
    usual slips of which each alone `explained` it; and how many of the other blocks that do not agree are then
    `settled`, at best."""

    lines: tuple[Line, ...]
    first: str | None = None
    explained: tuple[str, ...] = ()
    settled: int = 0

    @property
    def ok(self) -> bool:
        """Whether every array is known and agrees."""
        return all(line.ok for line in self.lines)

    @property
    def wrong(self) -> int:
        """How many blocks do not agree."""
        return sum(not line.ok and bool(line.block) for line in self.lines)

    def __str__(self) -> str:
        rows = [("array", "block", "error", ""), *map(_texts, self.lines)]
        widths = [max(len(row[k]) for row in rows) for k in range(3)]
        return "\n".join(
            [*(" ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows), *self.said()]
        )

    __repr__ = __str__

    def said(self) -> Iterator[str]:
        """The outcome in words."""
        agree = sum(line.ok for line in self.lines)
        yield f"{agree} of {len(self.lines)} agree" if not self.ok else f"all {agree} agree"
        if self.first is None:
            return
        yield f"first that does not: {self.first}"
        if not self.explained:
            yield "none of the usual slips explains it"
        for slip in self.explained:
            yield f"explained by: {slip}"
        if self.explained and self.wrong > 1:
            yield f"which explains {self.settled} of the other {self.wrong - 1}, too"

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in _texts(line)) + "</tr>" for line in self.lines
        )
        words = "".join(f"<p>{escape(line)}</p>" for line in self.said())
        return f"<table><tr><th>array</th><th>block</th><th>error</th><th></th></tr>{rows}</table>{words}"


def _texts(line: Line) -> tuple[str, str, str, str]:
    error = "–" if line.error is None else f"{line.error:.1e}"
    verdict = "agrees" if line.ok else "DIFFERS" if line.block else "NOT KNOWN"
    return line.name, line.block, error, f"{verdict}: {line.note}" if line.note else verdict


@spelled
def check(
    arrays: Mapping[str, Any],
    sentences: str | Sequence[str] = (),
    template: str | Path | Template | None = None,
    *,
    tolerance: float | None = None,
    **options: Unpack[Options],
) -> Check:
    """Hold arrays of your own implementation against the blocks of a model, over the same sentences, and say what
    a usual slip would explain.

    `arrays` maps names to NumPy arrays, lists, or PyTorch's tensors. A name is a block's (see `blocks`), the end
    of one that no other has, or one of a published state dict, whose arrays are dealt out to the heads; of heads
    (h x n x m) in one array, that without their number: `encoder.0.head.Q`. Sentences have no empty slots unless
    `options` ask for them. `tolerance` is the largest error allowed, as a share of a block's largest number where
    that is beyond 1; without it 1e-9, and 1e-5 for single precision.

    For the first block, in the model's order, that does not agree, every usual slip is tried: the block is
    calculated again from what agrees, with the slip. Those that give your numbers are named. Raises UserError for
    what holds no numbers, and for whatever cannot be built.

        found = check({"self_attention.scores": scores, "weights": weights}, ["cat and mouse"], "cat-and-mouse")
        assert found.ok, found
    """
    if tolerance is not None and not (is_number(tolerance) and tolerance >= 0):
        raise UserError(f"tolerance is {tolerance!r:.40}; give a number of at least 0")
    given = arrays_of(arrays, Path("arrays"))
    instance = make_instance(template, sentences, spare=False, **filled(options))
    return check_instance(given, instance, tolerance)


def check_instance(arrays: Mapping[str, Array], instance: Instance, tolerance: float | None = None) -> Check:
    """The same for an instance."""
    values = instance.trace()
    found = taken(arrays, instance)
    pairs = [(one, _compared(one, values, tolerance)) for one in found]
    lines = tuple(line for _, line in pairs)
    order = {name: k for k, name in enumerate(instance.model.blocks)}
    wrong = sorted((one for one, line in pairs if line.block and not line.ok), key=lambda one: order[_named(one)])
    if not wrong:
        return Check(lines)
    agree = {line.block for line in lines if line.ok}
    agree -= {_named(one) for one in wrong}
    way = Way(instance.model, values, instance.template.weights)
    explained, settled = [], 0
    for said, now in _explaining(wrong[0], way, agree, tolerance):
        explained.append(said)
        settled = max(settled, sum(_agrees(one, now, tolerance) for one in wrong[1:]))
    return Check(lines, _named(wrong[0]), tuple(dict.fromkeys(explained)), settled)


def _named(one: Given) -> str:
    assert one.block is not None
    return one.block.name


def _compared(one: Given, values: Values, tolerance: float | None) -> Line:
    """An array against the block that it is."""
    if one.block is None:
        return Line(one.name, "", None, False, one.why)
    ours = values[one.block.name]
    if one.value.shape != ours.shape:
        mine, theirs = (" x ".join(map(str, shape)) or "one number" for shape in (one.value.shape, ours.shape))
        return Line(one.name, one.block.name, None, False, f"it is {mine}, the block {theirs}")
    error, ok = _error(one, ours, tolerance)
    note = "not all of it is finite" if error == float("inf") else ""
    return Line(one.name, one.block.name, None if note else error, ok, note)


def _agrees(one: Given, values: Values, tolerance: float | None) -> bool:
    assert one.block is not None
    ours = values[one.block.name]
    return one.value.shape == ours.shape and _error(one, ours, tolerance)[1]


def _error(one: Given, ours: Array, tolerance: float | None) -> tuple[float, bool]:
    """The largest error of an array, and whether that is allowed. Where scores are hidden, any number far below is
    right; where the model does not calculate them, because they lie ahead, any at all."""
    mine = one.value.astype(float)
    allowed = TOLERANCES.get(one.value.dtype.itemsize, 1e-9) if one.value.dtype.kind == "f" else 1e-9
    allowed = allowed if tolerance is None else tolerance
    hidden = ours <= SEEN
    if one.block is not None and isinstance(one.block.op, PARTLY):
        mine = np.where(hidden, ours, mine)
    mine = np.where(hidden & (mine <= FAR_BELOW), ours, mine)
    if not np.isfinite(mine).all():
        return float("inf"), False
    error = float(np.abs(mine - ours).max(initial=0.0))
    largest = float(np.abs(ours[~hidden]).max(initial=0.0))
    return error, error <= allowed * max(1.0, largest)


FAR_BELOW = -1e4
"""What hides a score in any implementation, in half precision too."""


def _explaining(
    one: Given, way: Way, agree: set[str], tolerance: float | None
) -> Iterator[tuple[str, Mapping[str, Array]]]:
    """Every slip that explains an array, in words, with the values of the whole model made with it."""
    block = one.block
    assert block is not None
    ours = way.values[block.name]
    if one.value.T.shape == ours.shape and _error(_turned(one), ours, tolerance)[1]:
        yield "it is transposed", {**way.values, block.name: one.value}
    if one.value.shape != ours.shape:
        return
    if not block.computed:
        yield from _another(one, way, tolerance)
        return
    cone, whole = way.cone(block, agree), [b for b in way.model.blocks.values() if b.computed]
    for slip in slips():
        if fits := _fits(slip, one, way, cone, tolerance):
            yield fits, way.run(whole, slip.change)


def _turned(one: Given) -> Given:
    return Given(one.name, one.value.T, one.block)


def _another(one: Given, way: Way, tolerance: float | None) -> Iterator[tuple[str, Mapping[str, Array]]]:
    """The other weights that an array of weights is."""
    for block in way.model.inputs:
        other = Given(one.name, one.value, block)
        if block is not one.block and block.role == "parameter" and _agrees(other, way.values, tolerance):
            yield f"it holds the numbers of {block.name}", way.values


def _fits(slip: Slip, one: Given, way: Way, cone: Sequence[Matrix], tolerance: float | None) -> str:
    """What a slip is in words where it, everywhere or in one place alone, gives the array, and is no small thing;
    else nothing."""
    at = [block for block in cone if slip.change(block, way.values, way) is not None]
    if not at:
        return ""
    alone = at if len(at) > 1 and sum(block.size for block in cone) <= MOST_CELLS else []
    for only in (None, *alone):
        now = way.run(cone, slip.change, only)
        if _agrees(one, now, tolerance) and not _near(one, now, way, tolerance):
            first = at[0] if only is None else only
            said = slip.said.format(*(operand.name for operand in first.operands), *[""] * 4)
            return f"{said} (in {first.name}{' alone' if only is not None else _more(at)})"
    return ""


def _more(at: Sequence[Matrix]) -> str:
    return f" and {len(at) - 1} more" if len(at) > 1 else ""


def _near(one: Given, now: Values, way: Way, tolerance: float | None) -> bool:
    """Whether a slip changes next to nothing."""
    assert one.block is not None
    before = Given(one.name, now[one.block.name].astype(one.value.dtype), one.block)
    allowed = tolerance if tolerance is not None else TOLERANCES.get(one.value.dtype.itemsize, 1e-9)
    return _error(before, way.values[one.block.name], CLEAR * allowed)[1]
