"""From letters to pieces: one step of byte-pair encoding, in which the pair of neighbours that was
learned first is merged wherever it stands.

Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword Units", section
3.2. A vocabulary holds its pieces in the order in which they were learned, so that the rank of a pair is
the row of what it becomes. Pieces stand below one another from the first row on, empty rows after them.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import Coordinate, Op, Ref, check


def _texts(values: list[str]) -> Array:
    return np.array(values, dtype=object).reshape(-1, 1)


def _column(values: Array) -> list[str]:
    return [str(value) for value in values.ravel()]


class CountTexts(Op):
    """How many texts a column has down to each row, 0 where the row has none."""

    signature = "n 1 -> n 1"
    no_gradient = "counts and choices jump"
    scale = "count"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        rows, one = super().axes(*operands)
        return Axis.numbered("", rows.size), one

    def value(self, x: Array) -> Array:
        there = x != ""
        return np.asarray(np.cumsum(there, axis=0) * there, dtype=float)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        return f'IF({x.cell(i, 0)}="",0,SUMPRODUCT(({x.column(0, i + 1)}<>"")*1))'


class PackTexts(Op):
    """The texts of a column in the order of their numbers, from 1, and empty rows after them.

    Operands: texts, numbers (0: left out).
    """

    signature = "n 1, n 1 -> n 1"
    no_gradient = "words are not numbers"
    text = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        rows, one = super().axes(*operands)
        return Axis.numbered("", rows.size), one

    def value(self, x: Array, numbers: Array) -> Array:
        texts, order = _column(x), numbers.ravel().tolist()
        return _texts([texts[order.index(k)] if k in order else "" for k in range(1, len(texts) + 1)])

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, numbers: Ref) -> str:
        at = f"MATCH(ROWS({numbers.column(0, i + 1)}),{numbers.column(0)},0)"
        return f'IFERROR(INDEX({x.column(0)},{at})&"","")'


class PairTexts(Op):
    """Each piece and its right neighbour as one text, none where one is missing."""

    signature = "n 1 -> n 1"
    no_gradient = "words are not numbers"
    text = True

    def value(self, x: Array) -> Array:
        pieces = _column(x)
        return _texts([f"{a}{b}" if a and b else "" for a, b in zip(pieces, [*pieces[1:], ""], strict=True)])

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        if i + 1 == x.shape[0]:
            return '""'
        left, right = x.cell(i, 0), x.cell(i + 1, 0)
        return f'IF(OR({left}="",{right}=""),"",{left}&{right})'


class LeastAboveZero(Op):
    """The smallest number above 0 of a column, or 0 where there is none."""

    signature = "n 1 -> 1 1"
    formula = 'IFERROR(SMALL({x},COUNTIF({x},"<=0")+1),0)'
    no_gradient = "counts and choices jump"
    scale = "count"

    def value(self, x: Array) -> Array:
        least = np.min(np.where(x > 0, x, np.inf), axis=-2, keepdims=True)
        return np.asarray(np.where(np.isinf(least), 0, least), dtype=float)


class MergeHere(Op):
    """1 where a piece is merged with its right neighbour: where the pair's rank is the best one, unless
    the piece was taken by its left neighbour already (of a a a only the first two).

    Operands: ranks, the best rank (0: nothing is merged).
    """

    signature = "n 1, 1 1 -> n 1"
    no_gradient = "counts and choices jump"
    scale = "gate"

    def value(self, ranks: Array, best: Array) -> Array:
        flags: Array = ((best > 0) & (ranks == best)).astype(ranks.dtype)
        for i in range(1, flags.shape[-2]):
            flags[..., i, :] *= 1 - flags[..., i - 1, :]
        return flags

    def cell(self, i: Coordinate, j: Coordinate, ranks: Ref, best: Ref) -> str:
        # Whether the left neighbour was merged is said in the same words again: a run of equal ranks
        # that ends here has an odd number of them.
        target = best.cell(0, 0)
        run = f"({ranks.cell(0, 0)}={target})"
        for k in range(1, i + 1):
            run = f"({ranks.cell(k, 0)}={target})*(1-{run})"
        return f"IF({target}=0,0,{run}*1)"


class MergeTexts(Op):
    """The pieces after a merge: one that is merged has its right neighbour's letters, too, and that
    one is empty. Operands: pieces (text), flags."""

    signature = "n 1, n 1 -> n 1"
    no_gradient = "words are not numbers"
    text = True

    def value(self, pieces: Array, flags: Array) -> Array:
        texts, flags = _column(pieces), flags.ravel()
        joined = [text + texts[k + 1] if flags[k] == 1 else text for k, text in enumerate(texts)]
        return _texts(["" if k and flags[k - 1] == 1 else text for k, text in enumerate(joined)])

    def cell(self, i: Coordinate, j: Coordinate, pieces: Ref, flags: Ref) -> str:
        own = f'{pieces.cell(i, 0)}&""'
        if i + 1 < pieces.shape[0]:
            own = f"IF({flags.cell(i, 0)}=1,{pieces.cell(i, 0)}&{pieces.cell(i + 1, 0)},{own})"
        return f'IF({flags.cell(i - 1, 0)}=1,"",{own})' if i else own


class RowsOfTexts(Op):
    """Several columns of texts as the rows of one table: t times (n x 1) gives (t x n)."""

    no_gradient = "words are not numbers"
    text = True

    def axes(self, *columns: Matrix) -> tuple[Axis, Axis]:
        count = columns[0].shape[0]
        check(all(x.shape == (count, 1) for x in columns), self, *columns)
        return Axis.fixed([str(k) for k in range(len(columns))]), Axis.numbered("", count)

    def value(self, *columns: Array) -> Array:
        return np.hstack(columns).T.copy()

    def cell(self, i: Coordinate, j: Coordinate, *columns: Ref) -> str:
        return f'{columns[i].cell(j, 0)}&""'


count_texts = CountTexts()
pack_texts = PackTexts()
pair_texts = PairTexts()
least_above_zero = LeastAboveZero()
merge_here = MergeHere()
merge_texts = MergeTexts()
rows_of_texts = RowsOfTexts()
