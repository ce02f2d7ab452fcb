"""From words to numbers: finding a word in a list, and a row in a table.

Texts are compared without regard to case, and else exactly: `=` alone would do for a column of words, but
programs differ in what else it disregards, such as ß and ss. MATCH is not used on texts: it would take `?` and
`*` for wildcards and stops at 255 characters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix, SwitchWords
from xltransformer.ops.base import STOP, Contributions, Coordinate, Op, Ref, check, collected, side_by_side
from xltransformer.ops.reduce import taken
from xltransformer.record import record
from xltransformer.text import word_key

MOST_ASKED = 100
"""Places of sentences that one formula compares with a word, each by itself."""


def _keys(words: Array) -> list[str]:
    return [word_key(str(word)) for word in words.ravel()]


def same_word(one: str, other: str) -> str:
    """In a formula, whether two cells hold the same word."""
    return f"EXACT(LOWER({one}),LOWER({other}))"


def says(switch: str, words: SwitchWords, *, on: bool) -> str:
    """In a formula, in parts parted by commas, whether a switch says one of its words for on, or for off. TRUE and
    FALSE are logical values, which every language of a program spells in its own way."""
    texts = [f'"{word}"' for word in (words.on if on else words.off)]
    return ",".join(f'{switch}&""={text}' for text in (*texts, f'{"TRUE" if on else "FALSE"}&""'))


class WordIndex(Op):
    """The row (from 1) of each word in a word list, or 0: no word, not in the list, or there
    more than once. Operands: words, which are the labels of the rows, and the word list, both text."""

    signature = "n 1, v 1 -> n 1"
    scale = "count"
    no_gradient = "a position jumps"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        _, one = super().axes(*operands)
        return Axis.of(operands[0]), one

    def value(self, words: Array, word_list: Array) -> Array:
        rows: dict[str, list[int]] = {}
        for row, key in enumerate(_keys(word_list), start=1):
            rows.setdefault(key, []).append(row)
        found = [rows.get(key, []) if key else [] for key in _keys(words)]
        return np.array([float(r[0]) if len(r) == 1 else 0.0 for r in found]).reshape(words.shape)

    def cell(self, i: Coordinate, j: Coordinate, words: Ref, word_list: Ref) -> str:
        word, listed = words.cell(i, 0), word_list.column(0)
        # Of several that are `=` to the word the sum leads to another row, or beyond the list.
        row = f'SUMPRODUCT(({listed}&""={word}&"")*(ROW({listed})-ROW({word_list.cell(0, 0)})+1))'
        found = same_word(f"INDEX({listed},MAX(1,{row}))", word)
        return f'IF({word}="",0,IF(IFERROR({found},FALSE),{row},0))'


class Lookup(Op):
    """Row `index` (from 1) of a table, or a row of zeros where the index is 0: the embedding layer."""

    signature = "n 1, v d -> n d"
    formula = "IF({index}=0,0,INDEX({table},{index}))"
    moves = True

    def value(self, index: Array, table: Array) -> Array:
        if table.ndim > 2:
            return taken(table, index, axis=-2)
        rows = index[..., 0].astype(int)
        return np.where(index == 0, 0.0, table[np.maximum(rows - 1, 0)])

    def gradient(self, upstream: Matrix, result: Matrix, index: Matrix, table: Matrix) -> Contributions:
        return STOP, add_rows_at(upstream, index, table)


class AddRowsAt(Op):
    """Rows added up in the rows of a table that they were looked up in: the gradient of embeddings.

    Operands: the rows, their index in the table (from 1; 0: nowhere), and the table, which lends its
    leading axes: others are summed over.
    """

    signature = "n d, n 1, v d -> v d"
    collects = True

    def value(self, rows: Array, index: Array, table: Array) -> Array:
        places = np.arange(1, table.shape[-2] + 1)
        hits = (np.swapaxes(index, -1, -2) == places[:, None]).astype(rows.dtype)
        if table.ndim > 2 or hits.ndim == rows.ndim == 2:
            return collected(hits @ rows, table)
        # one row after the other, since most of a large table is not touched
        lead = np.broadcast_shapes(index.shape[:-2], rows.shape[:-2])
        at = np.broadcast_to(index, (*lead, *index.shape[-2:])).astype(int).ravel()
        given = np.broadcast_to(rows, (*lead, *rows.shape[-2:])).reshape(-1, rows.shape[-1])
        total = np.zeros((table.shape[0] + 1, table.shape[1]), rows.dtype)
        order = np.argsort(at, kind="stable")
        found, starts = np.unique(at[order], return_index=True)
        total[found] = np.add.reduceat(given[order], starts, axis=0)
        return total[1:]

    def cell(self, i: Coordinate, j: Coordinate, rows: Ref, index: Ref, table: Ref) -> str:
        at = f"ROWS({table.column(0, i + 1)})"
        return f"SUMPRODUCT(({index.column(0)}={at})*{rows.column(j)})"


class JoinWords(Op):
    """The words of a sentence as one text, single spaces between."""

    signature = "n 1 -> 1 1"
    text = True
    no_gradient = "words are not numbers"

    def value(self, words: Array) -> Array:
        joined = " ".join(str(word) for word in words.ravel())
        # TRIM in a spreadsheet: no space at either end, one between; it leaves other blanks alone.
        return np.array([[" ".join(part for part in joined.split(" ") if part)]], dtype=object)

    def cell(self, i: Coordinate, j: Coordinate, words: Ref) -> str:
        spaced = '&" "&'.join(words.cell(k, 0) for k in range(words.shape[0]))
        return f'TRIM({spaced}&"")'


class Equals(Op):
    """1 where a word is the given one, else 0. Operands: words (n x 1 or 1 x n) and one word
    (1 x 1), both text; result (n x 1)."""

    scale = "gate"
    no_gradient = "it says yes or no"

    def axes(self, words: Matrix, word: Matrix) -> tuple[Axis, Axis]:
        check(1 in words.shape and word.shape == (1, 1), self, words, word)
        return Axis.of(words), ONE

    def value(self, words: Array, word: Array) -> Array:
        (key,) = _keys(word)
        same = np.array([1.0 if key and key == other else 0.0 for other in _keys(words)])
        return same.reshape(*words.shape[:-2], -1, 1)

    def cell(self, i: Coordinate, j: Coordinate, words: Ref, word: Ref) -> str:
        one, other = words.cell(i, 0) if words.shape[1] == 1 else words.cell(0, i), word.cell(0, 0)
        return f'IF({one}="",0,IF({same_word(one, other)},1,0))'


@record
class SwitchedOn(Op):
    """1 where a switch (text) says one of its words for on, else 0."""

    signature = "1 1 -> 1 1"

    words: SwitchWords = SwitchWords()
    scale = "gate"
    no_gradient = "it says yes or no"

    def value(self, switch: Array) -> Array:
        on = {word_key(word) for word in self.words.on}
        return np.array([1.0 if key in on else 0.0 for key in _keys(switch)]).reshape(switch.shape)

    def cell(self, i: Coordinate, j: Coordinate, switch: Ref) -> str:
        return f"IF(OR({says(switch.cell(0, 0), self.words, on=True)}),1,0)"


class First(Op):
    """The position (from 1) of the first 1 in a column of flags, or 0."""

    signature = "n 1 -> 1 1"
    formula = "IFERROR(MATCH(1,{flags},0),0)"
    scale = "count"
    no_gradient = "a position jumps"

    def value(self, flags: Array) -> Array:
        hits = flags == 1
        place = np.argmax(hits, axis=-2, keepdims=True) + 1.0
        return np.where(hits.any(axis=-2, keepdims=True), place, 0.0)


class Unbroken(Op):
    """1 as long as a flag and all before it are 1, else 0."""

    signature = "n 1 -> n 1"
    scale = "gate"
    no_gradient = "a position jumps"

    def value(self, flags: Array) -> Array:
        return np.asarray(np.cumprod(flags == 1, axis=-2).astype(flags.dtype))

    def cell(self, i: Coordinate, j: Coordinate, flags: Ref) -> str:
        return f"IF(COUNTIF({flags.column(0, i + 1)},1)={i + 1},1,0)"


class Stack(Op):
    """Several texts (1 x 1 each) below one another: (s x 1)."""

    text = True
    no_gradient = "words are not numbers"
    moves = True

    def axes(self, *texts: Matrix) -> tuple[Axis, Axis]:
        check(all(text.shape == (1, 1) for text in texts), self, *texts)
        return Axis.numbered("", len(texts)), ONE

    def value(self, *texts: Array) -> Array:
        return side_by_side(texts, -2)

    def cell(self, i: Coordinate, j: Coordinate, *texts: Ref) -> str:
        return f'{texts[i].cell(0, 0)}&""'  # an emptied cell is no text, not 0


class Pick(Op):
    """One row out of each of several tables, one below the other; a position of 0 gives zeros.

    Operands: the labels of the result (text, s x 1), then s positions (1 x 1) and s tables
    (n_s x d) in turns; result (s x d).
    """

    no_gradient = "it is for pictures, and no loss is made of it"
    moves = True

    def axes(self, labels: Matrix, *pairs: Matrix) -> tuple[Axis, Axis]:
        positions, tables = pairs[::2], pairs[1::2]
        fits = labels.shape == (len(positions), 1) and len(positions) == len(tables)
        check(fits and all(t.shape[1] == tables[0].shape[1] for t in tables), self, labels, *pairs)
        return Axis.of(labels), tables[0].columns

    def value(self, labels: Array, *pairs: Array) -> Array:
        in_turns = zip(pairs[::2], pairs[1::2], strict=True)
        return side_by_side([lookup.value(position, table) for position, table in in_turns], -2)

    def cell(self, i: Coordinate, j: Coordinate, labels: Ref, *pairs: Ref) -> str:
        return lookup.cell(0, j, pairs[::2][i], pairs[1::2][i])


class WordAt(Op):
    """The word in the given row (from 1) of a word list, no text where the row is 0."""

    signature = "n k, v 1 -> n k"
    formula = 'IF({rows}=0,"",INDEX({word_list},{rows})&"")'
    text = True
    no_gradient = "words are not numbers"

    def value(self, rows: Array, word_list: Array) -> Array:
        words = np.array(["", *map(str, word_list[:, 0])], dtype=object)
        # of a row that is no number (an error in a sheet) no word can be told
        return np.where(np.isnan(rows), np.nan, words[np.nan_to_num(rows).astype(int)])


class WordOrInPlace(Op):
    """A word while it stands in one of some sentences, else the word at a place (from 1) of the first of them,
    or where that is empty, its first known word. Operands: the word, the place (1 x 1 each), where the first
    sentence has known words (gates, n x 1), and the sentences (n_s x 1 each), text."""

    text = True
    no_gradient = "words are not numbers"

    def axes(self, word: Matrix, place: Matrix, padding: Matrix, *sentences: Matrix) -> tuple[Axis, Axis]:
        single, columns = word.shape == place.shape == (1, 1), all(m.shape[1] == 1 for m in (padding, *sentences))
        check(single and columns, self, word, place, padding, *sentences)
        return ONE, ONE

    def value(self, word: Array, place: Array, padding: Array, *sentences: Array) -> Array:
        (key,), at = _keys(word), int(place[0, 0]) - 1
        if key and any(key in _keys(sentence) for sentence in sentences):
            return word
        listed = [str(one) for one in sentences[0].ravel()]
        known = [word for word, stands in zip(listed, padding[:, 0], strict=True) if stands == 1]
        return np.array([[listed[at] or next(iter(known), "")]], dtype=object)

    def cell(self, i: Coordinate, j: Coordinate, word: Ref, place: Ref, padding: Ref, *sentences: Ref) -> str:
        chosen, listed = word.cell(0, 0), sentences[0].column(0)
        there, first = (f'INDEX({listed},{at})&""' for at in (place.cell(0, 0), f"MATCH(1,{padding.column(0)},0)"))
        in_place = f'IF({there}="",IF(SUM({padding.column(0)})=0,"",{first}),{there})'
        return f'IF({chosen}="",{in_place},IF({self._stands(chosen, sentences)},{chosen}&"",{in_place}))'

    def _stands(self, chosen: str, sentences: Sequence[Ref]) -> str:
        """Whether a word stands in one of the sentences: asked of every place, of many places by `=` alone."""
        places = [one.cell(k, 0) for one in sentences for k in range(one.shape[0])]
        if len(places) > MOST_ASKED:
            return "+".join(f'SUMPRODUCT(({one.column(0)}&""={chosen}&"")*1)' for one in sentences) + ">0"
        return f"OR({','.join(same_word(place, chosen) for place in places)})"


class WriteNext(Op):
    """What stands in the slot after each word: the predicted word, but none after the word that ends a
    sentence, nor after an empty slot. Operands: words, which are the labels of the rows, predicted
    words, and the word that ends, all text."""

    signature = "n 1, n 1, 1 1 -> n 1"
    text = True
    no_gradient = "words are not numbers"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        _, one = super().axes(*operands)
        return Axis.of(operands[0]), one

    def value(self, words: Array, predicted: Array, end: Array) -> Array:
        over = ["", *_keys(end)]
        pairs = zip(_keys(words), predicted.ravel(), strict=True)
        return np.array([["" if word in over else str(follows)] for word, follows in pairs], dtype=object)

    def cell(self, i: Coordinate, j: Coordinate, words: Ref, predicted: Ref, end: Ref) -> str:
        word = words.cell(i, 0)
        return f'IF(OR({word}&""="",{same_word(word, end.cell(0, 0))}),"",{predicted.cell(i, 0)}&"")'


word_index = WordIndex()
lookup = Lookup()
add_rows_at = AddRowsAt()
join_words = JoinWords()
equals = Equals()
first = First()
unbroken = Unbroken()
stack = Stack()
pick = Pick()
word_at = WordAt()
word_or_in_place = WordOrInPlace()
write_next = WriteNext()
