"""Whether a text is one of those that were learned, told without a list of them: each has a number."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array
from xltransformer.ops.base import Coordinate, Op, Ref
from xltransformer.ops.words import same_word
from xltransformer.text import word_key


class Remainder(Op):
    """What is left of a whole number below 2⁵³ when it is divided by another, above 0."""

    signature = "1 1, 1 1 -> 1 1"
    formula = "MOD({number},{divisor})"
    no_gradient = "a remainder jumps"
    scale = "large"

    def value(self, number: Array, divisor: Array) -> Array:
        return np.asarray(np.mod(number, divisor))


class TimesThere(Op):
    """How many times a number, if it is above 0, stands in a table. Operands: the table, the number."""

    signature = "a b, 1 1 -> 1 1"
    no_gradient = "a count jumps"
    scale = "count"

    def value(self, table: Array, number: Array) -> Array:
        return np.asarray(np.sum((table == number) & (number > 0), axis=(-2, -1), keepdims=True), dtype=float)

    def cell(self, i: Coordinate, j: Coordinate, table: Ref, number: Ref) -> str:
        one = number.cell(0, 0)
        return f"IF({one}>0,COUNTIF({table.part()},{one}),0)"


class JoinLetters(Op):
    """The letters of a text without spaces between, and without marks. Operands: the letters, and two marks, all
    text."""

    signature = "n 1, 1 1, 1 1 -> 1 1"
    no_gradient = "words are not numbers"
    text = True

    def value(self, letters: Array, begins: Array, ends: Array) -> Array:
        marks = {word_key(str(mark)) for mark in (begins.item(), ends.item())}
        said = (str(letter) for letter in letters.ravel())
        return np.array([["".join(letter for letter in said if word_key(letter) not in marks)]], dtype=object)

    def cell(self, i: Coordinate, j: Coordinate, letters: Ref, begins: Ref, ends: Ref) -> str:
        marks = begins.cell(0, 0), ends.cell(0, 0)
        each = (letters.cell(k, 0) for k in range(letters.shape[0]))
        return "&".join(f'IF(OR({",".join(same_word(one, mark) for mark in marks)}),"",{one})' for one in each)


remainder = Remainder()
times_there = TimesThere()
join_letters = JoinLetters()
