"""What may be said of numbers in words: which of several sentences is true of them as shown, to two decimals.

Each gives the number of a sentence, 0 for the one that is said where nothing else is (`teaching.pictures.Answer`).
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.ops.base import Coordinate, Op, Ref
from xltransformer.ops.reduce import taken
from xltransformer.ops.words import same_word
from xltransformer.text import word_key

HARDLY = 0.02
"""A difference, of numbers to two decimals, that is hardly one."""
_WITHIN = HARDLY + 0.005
_SAME = 0.005


def _shown(x: Array) -> Array:
    """Numbers as they are shown, half away from zero: ROUND(x,2)."""
    return np.asarray(np.sign(x) * np.floor(np.abs(x) * 100 + 0.5) / 100)


def _rounded(cell: str) -> str:
    return f"ROUND({cell},2)"


def _first_of(*cases: tuple[str, int], other: str = "0") -> str:
    """The number of the first case whose condition holds."""
    formula = other
    for condition, number in reversed(cases):
        formula = f"IF({condition},{number},{formula})"
    return formula


class LeastShare(Op):
    """The least of the shares of so many words, where no other share is larger. Operands: the shares (1 x m),
    which are 0 where no word is, and how many words there are (1 x 1); 0 where there are none."""

    signature = "1 m, 1 1 -> 1 1"
    formula = "IF({count}=0,0,LARGE({shares},{count}))"
    no_gradient = "a rank jumps"

    def value(self, shares: Array, count: Array) -> Array:
        return taken(-np.sort(-shares, axis=-1), np.minimum(count, shares.shape[-1]), -1)


class ShareCase(Op):
    """How the shares of a row are told: 1 where one word has it all, 2 where all of three or more have about
    as much, 3 or 4 where the first three or two have as much, 5 where the second has no more than the third, 6
    where none has any, 0 otherwise. Operands: the largest shares in their order (1 x k), the least one, and the
    number of words."""

    signature = "1 k, 1 1, 1 1 -> 1 1"
    scale = "count"
    no_gradient = "it says which"

    def value(self, largest: Array, least: Array, count: Array) -> Array:
        known = [_shown(largest[..., k : k + 1]) for k in range(min(3, largest.shape[-1]))]
        first, second, third = [*known, *[np.full_like(known[0], -1.0)] * (3 - len(known))]
        even = (count >= 3) & (first - _shown(least) < _WITHIN)
        two, three = np.abs(first - second) < _SAME, np.abs(first - third) < _SAME
        behind = np.abs(second - third) < _SAME
        none = np.asarray(largest[..., :1] == 0)
        return np.select([none, first > 1 - _SAME, even, three, two, behind], [6.0, 1.0, 2.0, 3.0, 4.0, 5.0], 0.0)

    def cell(self, i: Coordinate, j: Coordinate, largest: Ref, least: Ref, count: Ref) -> str:
        known = [_rounded(largest.cell(0, k)) for k in range(min(3, largest.shape[1]))]
        first, second, third = [*known, *["-1"] * (3 - len(known))]
        even = f"AND({count.cell(0, 0)}>=3,{first}-{_rounded(least.cell(0, 0))}<{_WITHIN})"
        return _first_of(
            (f"{largest.cell(0, 0)}=0", 6),
            (f"{first}>{1 - _SAME}", 1),
            (even, 2),
            (f"ABS({first}-{third})<{_SAME}", 3),
            (f"ABS({first}-{second})<{_SAME}", 4),
            (f"ABS({second}-{third})<{_SAME}", 5),
        )


class MoveCase(Op):
    """How a move in the plane is told: 1 where it is hardly one, 2 or 3 where it is towards the first or the
    second dimension, which rises, and no less than the other; else by what there is after it: 4 or 5 where it is
    more of the first or of the second, 0 where it is as much of both. Operand: before and after (2 x 2)."""

    signature = "n m -> 1 1"
    scale = "count"
    no_gradient = "it says which"

    def fits(self, move: Matrix) -> bool:
        return move.shape == (2, 2)

    def value(self, move: Array) -> Array:
        after = [_shown(move[..., 1:2, k : k + 1]) for k in (0, 1)]
        rise = [after[k] - _shown(move[..., 0:1, k : k + 1]) for k in (0, 1)]
        hardly = np.maximum(np.abs(rise[0]), np.abs(rise[1])) < _WITHIN
        across, up = ((rise[k] > _SAME) & (rise[k] > rise[1 - k] - _SAME) for k in (0, 1))
        more, less = after[0] - after[1] > _SAME, after[1] - after[0] > _SAME
        return np.select([hardly, across, up, more, less], [1.0, 2.0, 3.0, 4.0, 5.0], 0.0)

    def cell(self, i: Coordinate, j: Coordinate, move: Ref) -> str:
        after = [_rounded(move.cell(1, k)) for k in (0, 1)]
        rise = [f"({after[k]}-{_rounded(move.cell(0, k))})" for k in (0, 1)]
        return _first_of(
            (f"MAX(ABS{rise[0]},ABS{rise[1]})<{_WITHIN}", 1),
            *((f"AND({rise[k]}>{_SAME},{rise[k]}>{rise[1 - k]}-{_SAME})", 2 + k) for k in (0, 1)),
            *((f"{after[k]}-{after[1 - k]}>{_SAME}", 4 + k) for k in (0, 1)),
        )


class GuessCase(Op):
    """How a prediction is told: 1 where no word stands at its place, 2 where two words share the first rank, 3
    where another word than the predicted one follows, or stands, 0 otherwise; 5 and 4 in place of these two where
    no other word has a share. Operands: the largest shares in
    their order (1 x k), their words (text, 1 x k), the word at the place, and the one to compare with (text,
    1 x 1 each; empty where there is none)."""

    signature = "1 k, 1 k, 1 1, 1 1 -> 1 1"
    scale = "count"
    no_gradient = "it says which"

    def value(self, largest: Array, words: Array, word: Array, other: Array) -> Array:
        if word_key(str(word[0, 0])) == "":
            return np.array([[1.0]])
        shares = _shown(largest)[0]
        if len(shares) > 1 and abs(shares[0] - shares[1]) < _SAME:
            return np.array([[2.0]])
        compared, sure = word_key(str(other[0, 0])), shares[0] > 1 - _SAME
        differs = compared not in ("", word_key(str(words[0, 0])))
        return np.array([[float((5 if sure else 3) if differs else (4 if sure else 0))]])

    def cell(self, i: Coordinate, j: Coordinate, largest: Ref, words: Ref, word: Ref, other: Ref) -> str:
        compared, shares = other.cell(0, 0), [_rounded(largest.cell(0, k)) for k in range(largest.shape[1])]
        tie = [(f"ABS({shares[0]}-{shares[1]})<{_SAME}", 2)] if len(shares) > 1 else []
        differs = f'AND({compared}&""<>"",NOT({same_word(compared, words.cell(0, 0))}))'
        sure = f"{shares[0]}>{1 - _SAME}"
        told = f"IF({differs},IF({sure},5,3),IF({sure},4,0))"
        return _first_of((f'{word.cell(0, 0)}&""=""', 1), *tie, other=told)


class WordAfter(Op):
    """The word after a place (from 1) of a sentence, no text where there is none. Operands: place and words."""

    signature = "1 1, n 1 -> 1 1"
    formula = 'IF(OR({place}=0,{place}>=ROWS({words})),"",INDEX({words},{place}+1)&"")'
    text = True
    no_gradient = "words are not numbers"

    def value(self, place: Array, words: Array) -> Array:
        at = int(np.nan_to_num(place)[0, 0])
        there = 0 < at < words.shape[0]
        return np.array([[str(words[at, 0]) if there else ""]], dtype=object)


class CountCase(Op):
    """How a number of things is told: 1 for none, 2 for one, 0 for several."""

    signature = "1 1 -> 1 1"
    formula = "IF({count}=0,1,IF({count}=1,2,0))"
    scale = "count"
    no_gradient = "it says which"

    def value(self, count: Array) -> Array:
        return np.select([count == 0, count == 1], [1.0, 2.0], 0.0)


least_share = LeastShare()
share_case = ShareCase()
move_case = MoveCase()
guess_case = GuessCase()
word_after = WordAfter()
count_case = CountCase()
