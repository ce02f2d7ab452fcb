"""What the first screen shows and says, named by its blocks; `workbook` draws it.

The headline is the picture that carries the model's idea, a row of charts and maps; answers say what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer.graph import Matrix
from xltransformer.record import record


@record
class Plane:
    """Every word as a point in the plane of two dimensions, and the way of the watched word."""


@record
class Bars:
    """A bar for every entry of a row or column of numbers. `key` is its title's message, filled with
    the watched word, or with the text in `word`; `names` are the entries' labels where they are not
    the words of a sentence. With several `values`, each is a group of bars of its own colour, named by
    its symbol, or by the sentence where they are the same of each sentence."""

    key: str
    names: Matrix
    values: tuple[Matrix, ...]
    sentence: int = 0
    shares: bool = True
    word: Matrix | None = None


@record
class Map:
    """A heat map in cells: one block with its labels, the same colours for all; `part` is the lesson or
    head that it belongs to, such as `0.head.1`, and `sentence` the sentence, where the title names one."""

    key: str
    block: Matrix
    part: str = ""
    sentence: int | None = None


@record
class Curve:
    """Numbers of a row over the first of a column or row, which lie `across`; `key` is its name's message. One
    that is not `joined` is points even where others are lines."""

    key: str
    across: Matrix
    up: Matrix
    row: int = 0
    start: int = 0
    joined: bool = True


@record
class Curves:
    """Numbers over numbers as points, joined or not, with the messages of the title and of what lies across."""

    key: str
    across: str
    curves: tuple[Curve, ...]
    joined: bool = True

    def count(self, curve: Curve) -> int:
        """How many points a curve has: as many as if it started with the last."""
        return curve.up.shape[1] - max(one.start for one in self.curves)

    @property
    def shares(self) -> bool:
        """Whether what is shown lies between 0 and 1."""
        return all(curve.up.scale == "probability" for curve in self.curves)

    @property
    def whole(self) -> bool:
        """Whether whole numbers lie across."""
        return all(curve.across.scale in ("count", "whole") for curve in self.curves)


@record
class Writing:
    """A sentence in large letters, as it stands and as the model goes on with it."""

    key: str
    text: Matrix


Picture = Plane | Bars | Map | Curves | Writing


@record
class Fact:
    """One entry of a block, as an answer quotes it: a number with two decimals, or a text. Of a word found
    by its position, `itself` is the position (1 x 1, from 1) at which it is called "itself"."""

    block: Matrix
    row: int = 0
    column: int = 0
    itself: Matrix | None = None


@record
class Answer:
    """One sentence in words: the message `answer.<key>` with its {names} filled from blocks, and
    {part} with the name of a lesson or head, such as `0.head.1`. With `holds`, a gate (1 x 1), it is told
    where that is 1, and elsewhere `answer.<instead>`, or without that `answer.<key>_not`. With a `case` (1 x 1),
    a number from 0, the message is the one of that number among `cases`, counted from 1, or where it is 0 the
    key's. What is said `then` goes on in the same breath, where the answer holds."""

    key: str
    facts: Mapping[str, Fact]
    sentence: int | None = None
    part: str = ""
    holds: Matrix | None = None
    instead: str = ""
    case: Matrix | None = None
    cases: tuple[str, ...] = ()
    then: Answer | None = None

    @property
    def otherwise(self) -> str:
        """The message where it does not hold."""
        return f"answer.{self.instead or f'{self.key}_not'}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The messages that it may be, of what is said then, too."""
        own = tuple(f"answer.{key}" for key in (self.key, *self.cases))
        return own + ((self.otherwise,) if self.holds is not None else ()) + (self.then.keys if self.then else ())

    @property
    def blocks(self) -> tuple[Matrix, ...]:
        """Every block that it tells, or that decides what it tells."""
        deciding = tuple(block for block in (self.holds, self.case) if block is not None)
        told = tuple(fact.block for fact in self.facts.values())
        return told + deciding + (self.then.blocks if self.then else ())


@record
class Headline:
    """What the first screen shows: pictures side by side, and answers below them."""

    pictures: Sequence[Picture] = ()
    answers: Sequence[Answer] = ()
