"""Where a word stands, as numbers: sinusoidal and rotary positions.

Both turn position pos and column pair i into the angle pos / base^(2i/d), with base 10000. Sinusoidal positions
add its sine and cosine to the words (Vaswani et al. 2017, section 3.5); rotary positions turn each pair of a
query's or key's columns by it (Su et al. 2021, "RoFormer", equation 34), so that a score depends on the distance
of two words only. The paper of the latter counts the pairs from 1 and writes 10000^(-2(i-1)/d): the same angles.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import STOP, Contributions, Coordinate, Op, Ref, check
from xltransformer.record import record

FIXED = "positions are fixed, not learned"


def number_type(x: Array) -> np.dtype[np.generic]:
    """The kind of number that goes with an operand's, which may be texts."""
    return x.dtype if np.issubdtype(x.dtype, np.floating) else np.dtype(float)


class Position(Op):
    """Which row it is, from 0. The operand lends its rows, not its values."""

    signature = "n m -> n 1"
    scale = "whole"
    constant = True

    def value(self, x: Array) -> Array:
        return np.arange(x.shape[-2], dtype=number_type(x)).reshape(-1, 1)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        return f"ROW({x.cell(i, 0)})-ROW({x.cell(0, 0)})"


class FromEnd(Op):
    """How many rows come after each. The operand lends its rows, not its values."""

    signature = "n m -> n 1"
    scale = "whole"
    constant = True

    def value(self, x: Array) -> Array:
        return position.value(x)[::-1]

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        return f"ROW({x.cell(x.shape[0] - 1, 0)})-ROW({x.cell(i, 0)})"


class RowPastPads(Op):
    """The row of a table of positions (from 1) that each word takes: a pad the first, the others one after the
    other the rows behind it.

    Operand: 1 where a word is a pad, else 0. Liu et al. 2019 ("RoBERTa") as published: positions count from the
    number of the pad on, and stand still at pads.
    """

    signature = "n 1 -> n 1"
    scale = "count"
    no_gradient = "a position jumps"

    def value(self, pads: Array) -> Array:
        return np.asarray(np.where(pads == 1, 1.0, 1.0 + np.cumsum(pads == 0, axis=-2)))

    def cell(self, i: Coordinate, j: Coordinate, pads: Ref) -> str:
        so_far = pads.column(0, i + 1)
        return f"IF({pads.cell(i, 0)}=1,1,1+ROWS({so_far})-SUM({so_far}))"


@record
class Mirrored(Op):
    """The places (from 1) at growing distance from a turn, behind it, or with `before` in front of it:
    turn, turn + 1, … or turn - 1, turn - 2, …; 0 where there is no place in front or none behind.

    Operands: the turn (1 x 1, from 1; 0: none), and a column (n x 1), which lends its rows; result (n/2 x 1).
    """

    before: bool
    scale = "count"
    no_gradient = "a position jumps"

    def axes(self, turn: Matrix, column: Matrix) -> tuple[Axis, Axis]:
        check(turn.shape == (1, 1) and column.shape[1] == 1 < column.shape[0], self, turn, column)
        return Axis.numbered("", column.shape[0] // 2), ONE

    def value(self, turn: Array, column: Array) -> Array:
        n = column.shape[-2]
        k = np.arange(n // 2).reshape(-1, 1)
        there = (turn > k + 1) & (turn + k <= n)
        return np.where(there, turn - 1 - k if self.before else turn + k, 0.0)

    def cell(self, i: Coordinate, j: Coordinate, turn: Ref, column: Ref) -> str:
        at = turn.cell(0, 0)
        place = f"{at}-{i + 1}" if self.before else f"{at}+{i}"
        return f"IF(AND({at}>{i + 1},{at}+{i}<=ROWS({column.column(0)})),{place},0)"


@record
class Pair(Op):
    """Which pair of columns it is, from 0: 0, 0, 1, 1, 2, …: (n x m) to (1 x m), or to (1 x count) for
    the first columns only; with `halves` one of a pair stands in each half: 0, 1, 2, …, 0, 1, 2, …. The operand
    lends its columns, not its values."""

    count: int | None = None
    halves: bool = False
    scale = "whole"
    constant = True

    def axes(self, x: Matrix) -> tuple[Axis, Axis]:
        if self.count is None:
            return ONE, x.columns
        check(self.count <= x.shape[1], self, x)
        return ONE, Axis.numbered("k", self.count)

    def value(self, x: Array) -> Array:
        count = x.shape[-1] if self.count is None else self.count
        columns = np.arange(count)
        pairs = columns % ((count + 1) // 2) if self.halves else columns // 2
        return pairs.astype(number_type(x)).reshape(1, -1)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        column = f"COLUMN({x.cell(0, j)})-COLUMN({x.cell(0, 0)})"
        if self.halves:
            return f"MOD({column},INT((COLUMNS({x.row(0, self.count)})+1)/2))"
        return f"INT(({column})/2)"


class InverseFrequency(Op):
    """base^(2i/d): by how much the angles of pair i grow more slowly than those of pair 0. Operands: base,
    pairs."""

    signature = "1 1, 1 d -> 1 d"
    scale = "plain"
    no_gradient = FIXED

    def value(self, base: Array, pairs: Array) -> Array:
        return np.asarray(base ** (2 * pairs / pairs.shape[-1]))

    def cell(self, i: Coordinate, j: Coordinate, base: Ref, pairs: Ref) -> str:
        return f"{base.cell(0, 0)}^(2*{pairs.cell(0, j)}/COLUMNS({pairs.row(0)}))"


class KeptSpeed(Op):
    """How much of its speed each pair keeps in a model made for longer texts than it began with: 1 where it turns
    at least `high` times in the original length, 0 where at most `low` times, between them in proportion.

    Operands: inverse frequencies, low, high and the original length. LLaMA 3.1: apply_scaling of Meta's
    llama-models, there written with wavelengths 2π · inverse frequency.
    """

    signature = "1 d, 1 1, 1 1, 1 1 -> 1 d"
    formula = "MAX(0,MIN(1,({original}/(2*PI()*{slow})-{low})/({high}-{low})))"
    scale = "plain"
    no_gradient = FIXED

    def value(self, slow: Array, low: Array, high: Array, original: Array) -> Array:
        return np.asarray(np.clip((original / (2 * np.pi * slow) - low) / (high - low), 0, 1))


class Slowed(Op):
    """Inverse frequencies of which each keeps some of its speed, while the rest is divided by a factor:
    inverse frequency / ((1 - kept) / factor + kept)."""

    signature = "1 d, 1 d, 1 1 -> 1 d"
    formula = "{slow}/((1-{kept})/{factor}+{kept})"
    scale = "plain"
    no_gradient = FIXED

    def value(self, slow: Array, kept: Array, factor: Array) -> Array:
        return np.asarray(slow / ((1 - kept) / factor + kept))


class Angle(Op):
    """pos / inverse frequency, in radians."""

    signature = "n 1, 1 d -> n d"
    formula = "{position}/{inverse_frequency}"
    in_numbers = "{position} / {inverse_frequency}"
    scale = "plain"
    no_gradient = FIXED

    def value(self, position: Array, inverse_frequency: Array) -> Array:
        return position / inverse_frequency


@record
class Sinusoid(Op):
    """The sine of the angle in even columns (counted from 0), its cosine in odd ones; with `halves` the sine in
    the first half of the columns, the cosine in the second.

    Vaswani et al. 2017, section 3.5.
    """

    halves: bool = False
    signature = "n d -> n d"
    no_gradient = FIXED

    def value(self, angle: Array) -> Array:
        width = angle.shape[-1]
        columns = np.arange(width)
        sine = columns < (width + 1) // 2 if self.halves else columns % 2 == 0
        return np.where(sine, np.sin(angle), np.cos(angle))

    def cell(self, i: Coordinate, j: Coordinate, angle: Ref) -> str:
        cosine = j >= (angle.shape[1] + 1) // 2 if self.halves else bool(j % 2)
        return f"{'COS' if cosine else 'SIN'}({angle.cell(i, j)})"


@record
class RotatePairs(Op):
    """Each pair of columns (x_0, x_1) turned by its angle a: (x_0 cos a - x_1 sin a, x_1 cos a +
    x_0 sin a). Operands: x and the angles, an even number of columns; columns of x beyond stay as they are.

    Su et al. 2021, equation 34 (pairs of neighbouring columns). Turned `back` they undo it, which is
    what the gradient does.
    """

    signature = "n d, n r -> n d"

    back: bool = False

    def fits(self, x: Matrix, angle: Matrix) -> bool:
        return angle.shape[1] % 2 == 0 and angle.shape[1] <= x.shape[1]

    def value(self, x: Array, angle: Array) -> Array:
        width = angle.shape[-1]
        first = x[..., :width]
        turned = np.empty_like(first)
        turned[..., 0::2] = -first[..., 1::2]
        turned[..., 1::2] = first[..., 0::2]
        sine = -np.sin(angle) if self.back else np.sin(angle)
        rotated = np.asarray(first * np.cos(angle) + turned * sine)
        if width == x.shape[-1]:
            return rotated
        others = np.broadcast_to(x[..., width:], (*rotated.shape[:-1], x.shape[-1] - width))
        return np.concatenate([rotated, others], axis=-1)

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, angle: Matrix) -> Contributions:
        return RotatePairs(not self.back)(upstream, angle), STOP

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, angle: Ref) -> str:
        if j >= angle.shape[1]:
            return x.cell(i, j)
        sign = "+" if bool(j % 2) != self.back else "-"
        partner = j - 1 if j % 2 else j + 1
        own = f"{x.cell(i, j)}*COS({angle.cell(i, j)})"
        return f"{own}{sign}{x.cell(i, partner)}*SIN({angle.cell(i, j)})"


@record
class Spread(Op):
    """`count` numbers at equal distance from minus to plus a given one: (1 x 1) to (1 x count)."""

    count: int
    scale = "plain"
    no_gradient = FIXED

    def axes(self, most: Matrix) -> tuple[Axis, Axis]:
        check(most.shape == (1, 1) and self.count > 1, self, most)
        return ONE, Axis.numbered("", self.count)

    def value(self, most: Array) -> Array:
        return np.asarray(most * (2 * np.arange(self.count) / (self.count - 1) - 1).astype(most.dtype))

    def cell(self, i: Coordinate, j: Coordinate, most: Ref) -> str:
        return f"{most.cell(0, 0)}*(2*{j}/{self.count - 1}-1)"


position = Position()
row_past_pads = RowPastPads()
from_end = FromEnd()
behind_turn, before_turn = Mirrored(before=False), Mirrored(before=True)
pair = Pair()
inverse_frequency = InverseFrequency()
kept_speed = KeptSpeed()
slowed = Slowed()
angle = Angle()
sinusoid = Sinusoid()
rotate_pairs = RotatePairs()
