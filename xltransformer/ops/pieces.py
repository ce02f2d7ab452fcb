"""From letters to pieces: one step of byte-pair encoding, in which the pair of neighbours that was
learned first is merged wherever it stands.

Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword Units", section
3.2. A vocabulary holds its pieces in the order in which they were learned, so that the rank of a pair is
the row of what it becomes. Pieces stand below one another from the first row on, empty rows after them.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import Op, Ref, check


def _texts(values: list[str]) -> Array:
    return np.array(values, dtype=object).reshape(-1, 1)


def _column(values: Array) -> list[str]:
    return [str(value) for value in values.ravel()]


class CountTexts(Op):
    """How many texts a column has down to each row, 0 where the row has none: (n x 1) to (n x 1)."""

    no_gradient = "counts and choices jump"
    scale = "count"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        check(x.shape[1] == 1, self, x)
        return Axis.numbered("", x.shape[0]), ONE

    def value(self, *operands: Array) -> Array:
        there = operands[0] != ""
        return np.asarray(np.cumsum(there, axis=0) * there, dtype=float)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        (x,) = operands
        return f'IF({x.cell(i, 0)}="",0,SUMPRODUCT(({x.column(0, i + 1)}<>"")*1))'


class PackTexts(Op):
    """The texts of a column in the order of their numbers, from 1, and empty rows after them.

    Operands: texts (n x 1), numbers (n x 1; 0: left out); result (n x 1).
    """

    no_gradient = "words are not numbers"
    text = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, numbers = operands
        check(x.shape == numbers.shape and x.shape[1] == 1, self, x, numbers)
        return Axis.numbered("", x.shape[0]), ONE

    def value(self, *operands: Array) -> Array:
        texts, numbers = _column(operands[0]), operands[1].ravel().tolist()
        places = range(1, len(texts) + 1)
        return _texts([texts[numbers.index(k)] if k in numbers else "" for k in places])

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, numbers = operands
        at = f"MATCH(ROWS({numbers.column(0, i + 1)}),{numbers.column(0)},0)"
        return f'IFERROR(INDEX({x.column(0)},{at})&"","")'


class PairTexts(Op):
    """Each piece and its right neighbour as one text, none where one is missing: (n x 1) to (n x 1)."""

    no_gradient = "words are not numbers"
    text = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        check(x.shape[1] == 1, self, x)
        return x.rows, ONE

    def value(self, *operands: Array) -> Array:
        pieces = _column(operands[0])
        return _texts([f"{a}{b}" if a and b else "" for a, b in zip(pieces, [*pieces[1:], ""], strict=True)])

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        (x,) = operands
        if i + 1 == x.shape[0]:
            return '""'
        left, right = x.cell(i, 0), x.cell(i + 1, 0)
        return f'IF(OR({left}="",{right}=""),"",{left}&{right})'


class LeastAboveZero(Op):
    """The smallest number above 0 of a column, or 0 where there is none: (n x 1) to (1 x 1)."""

    no_gradient = "counts and choices jump"
    scale = "count"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        check(x.shape[1] == 1, self, x)
        return ONE, ONE

    def value(self, *operands: Array) -> Array:
        (x,) = operands
        least = np.min(np.where(x > 0, x, np.inf), axis=-2, keepdims=True)
        return np.asarray(np.where(np.isinf(least), 0, least), dtype=float)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        column = operands[0].column(0)
        return f'IFERROR(SMALL({column},COUNTIF({column},"<=0")+1),0)'


class MergeHere(Op):
    """1 where a piece is merged with its right neighbour: where the pair's rank is the best one, unless
    the piece was taken by its left neighbour already (of a a a only the first two).

    Operands: ranks (n x 1), the best rank (1 x 1; 0: nothing is merged); result (n x 1).
    """

    no_gradient = "counts and choices jump"
    scale = "gate"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        ranks, best = operands
        check(ranks.shape[1] == 1 and best.shape == (1, 1), self, ranks, best)
        return ranks.rows, ONE

    def value(self, *operands: Array) -> Array:
        ranks, best = operands
        flags: Array = ((best > 0) & (ranks == best)).astype(ranks.dtype)
        for i in range(1, flags.shape[-2]):
            flags[..., i, :] *= 1 - flags[..., i - 1, :]
        return flags

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        # Whether the left neighbour was merged is said in the same words again: a run of equal ranks
        # that ends here has an odd number of them.
        ranks, best = operands
        target = best.cell(0, 0)
        run = f"({ranks.cell(0, 0)}={target})"
        for k in range(1, i + 1):
            run = f"({ranks.cell(k, 0)}={target})*(1-{run})"
        return f"IF({target}=0,0,{run}*1)"


class MergeTexts(Op):
    """The pieces after a merge: one that is merged has its right neighbour's letters, too, and that
    one is empty. Operands: pieces (n x 1, text), flags (n x 1); result (n x 1, text)."""

    no_gradient = "words are not numbers"
    text = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        pieces, flags = operands
        check(pieces.shape == flags.shape and pieces.shape[1] == 1, self, pieces, flags)
        return pieces.rows, ONE

    def value(self, *operands: Array) -> Array:
        pieces, flags = _column(operands[0]), operands[1].ravel()
        joined = [piece + pieces[k + 1] if flags[k] == 1 else piece for k, piece in enumerate(pieces)]
        return _texts(["" if k and flags[k - 1] == 1 else piece for k, piece in enumerate(joined)])

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        pieces, flags = operands
        own = f'{pieces.cell(i, 0)}&""'
        if i + 1 < pieces.shape[0]:
            own = f"IF({flags.cell(i, 0)}=1,{pieces.cell(i, 0)}&{pieces.cell(i + 1, 0)},{own})"
        return f'IF({flags.cell(i - 1, 0)}=1,"",{own})' if i else own


class RowsOfTexts(Op):
    """Several columns of texts as the rows of one table: t times (n x 1) gives (t x n)."""

    no_gradient = "words are not numbers"
    text = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        check(all(x.shape == (operands[0].shape[0], 1) for x in operands), self, *operands)
        count = operands[0].shape[0]
        return Axis.fixed([str(k) for k in range(len(operands))]), Axis.numbered("", count)

    def value(self, *operands: Array) -> Array:
        return np.hstack(operands).T.copy()

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f'{operands[i].cell(j, 0)}&""'


count_texts = CountTexts()
pack_texts = PackTexts()
pair_texts = PairTexts()
least_above_zero = LeastAboveZero()
merge_here = MergeHere()
merge_texts = MergeTexts()
rows_of_texts = RowsOfTexts()
