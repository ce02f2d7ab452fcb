"""Named two-dimensional matrices and how they come from one another.

A `Matrix` is a node: its shape, its row and column labels, and, if it is computed, the
operation and operands it comes from. A `Model` is a named, ordered set of them, divided into
sections (one sheet each) and steps (one panel each). Nothing here knows of spreadsheets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Literal, NamedTuple, Protocol, TypedDict, Unpack

import numpy as np

from xltransformer.record import record

Array = np.ndarray[Any, Any]
Values = Mapping[str, Array]

Role = Literal["words", "vocabulary", "embedding", "switch", "choice", "list", "parameter", "constant", "target"]
"""What an input is for: it decides where it is shown and how it may be edited. A list is what a
choice is chosen from; a constant is a number or word that is fixed and nobody learns, such as the
epsilon of a layer norm; a target is what a result is to become."""

Scale = Literal["signed", "probability", "count", "whole", "large", "gate", "masked", "plain", "fine"]
"""What kind of number a block holds: it decides its colours and number format. A count from 1 has 0 for none,
a whole number is counted from 0, and a large one has more digits than a cell shows; a fine one is compared to more
decimals."""


@record
class Initial:
    """What an input holds that nothing tells the content of: one number everywhere, or (None) numbers drawn from
    a seed. `trained` is the same where training begins; there the draw is normal, 1/√rows wide, so that what comes
    out of a product is as large as what goes in, or 1/√columns wide where the rows are looked up (`by_row`)."""

    shown: float | None = None
    trained: float | None = None
    by_row: bool = False


WEIGHT, EMBEDDING = Initial(), Initial(by_row=True)
BIAS = Initial(trained=0.0)
GAIN, SHIFT = Initial(1.0, 1.0), Initial(0.0, 0.0)
"""What a norm multiplies by and adds: at first it changes nothing."""


class Operation(Protocol):
    """What a computed matrix comes from: arrays in, array out. Its other meanings are `ops`' business."""

    def value(self, *operands: Any, **_: Any) -> Array:
        """The result as an array."""
        ...


@record
class SwitchWords:
    """What turns a switch on and off; case does not matter. By default the words that hold in every workbook:
    it carries those that it knows beyond them, so that it means the same wherever it is read. `said` are the
    messages with the words that a workbook offers for on and off."""

    on: tuple[str, ...] = ("on", "1", "true", "开")
    off: tuple[str, ...] = ("off", "0", "false", "关")
    said: tuple[str, str] = ("switch.on", "switch.off")


CHOICE = SwitchWords(
    ("chance", "by chance", "随机"), ("likely", "most likely", "最可能"), ("switch.chance", "switch.likely")
)
"""What turns the choice of the next word to chance, and what to the most likely one."""


@record(eq=False)
class Axis:
    """The labels along one side of a matrix.

    Either fixed (`labels`), or read from a text block (`source`), so that they follow
    the words a user types.
    """

    size: int
    labels: tuple[str, ...] = ()
    source: Matrix | None = None

    @classmethod
    def fixed(cls, labels: list[str] | tuple[str, ...]) -> Axis:
        return cls(len(labels), tuple(labels))

    @classmethod
    def numbered(cls, prefix: str, size: int) -> Axis:
        return cls.fixed([f"{prefix}{i}" for i in range(1, size + 1)])

    @classmethod
    def of(cls, source: Matrix) -> Axis:
        """The axis whose labels are the entries of a text block with one row or one column."""
        return cls(source.shape[0] * source.shape[1], source=source)

    def read(self, values: Values) -> list[str]:
        """The labels, given the values of the model's blocks."""
        if self.source is None:
            return list(self.labels)
        return [str(text) for text in values[self.source.name].ravel()]


ONE = Axis.fixed([""])
"""The axis of a single, unlabelled row or column."""


class Known(TypedDict, total=False):
    """What is known of a block when it gets its place, beside its name; see `Matrix`."""

    rows: Axis
    columns: Axis
    scale: Scale
    sums_to_one: bool
    gradient_of: Matrix
    contributed_by: Matrix


class Said(TypedDict, total=False):
    """What may be said of an input, beside its axes and role; see `Matrix`."""

    text: bool
    choices: Matrix
    turned_by: SwitchWords
    scale: Scale
    initial: Initial
    positive: bool
    between: tuple[float, float]
    made_by: Matrix
    row_per_place: bool


@record(eq=False)
class Matrix:
    """One block: an input (no `op`) or the result of an operation on other blocks. It never changes once it has
    its place in a model, but for `goes_on_with`.

    `choices` is, for a text input, the block of texts it is chosen from, and `turned_by`, for a switch
    that is text, the words that turn it. `scale` says what kind of number it holds. `default` is what every entry
    of a constant holds until it is edited, a number or a text, or the numbers of its one row; `initial` is what a
    parameter holds at first. A `positive` input must be above 0, another `between` two numbers. One with a
    `row_per_place` has a row for each place of a sentence, as learned positions do: a model for fewer places takes
    the first ones. What `sums_to_one` holds the sums of rows that must come to 1.
    `feedback` is, for the tokens of a model that generates text, the block of its predictions: an
    entry that is None takes the prediction of the row before. `made_by` is a block of as many rows or more: an
    entry that is None takes its own. `gradient_of` is, for a gradient, the
    block whose it is, and `contributed_by`, where it is a part of it only, the block it comes through.
    """

    rows: Axis
    columns: Axis
    op: Operation | None = None
    operands: tuple[Matrix, ...] = ()
    name: str = ""
    text: bool = False
    role: Role | None = None
    choices: Matrix | None = None
    turned_by: SwitchWords | None = None
    scale: Scale = "signed"
    default: float | str | tuple[float, ...] | None = None
    initial: Initial = WEIGHT
    positive: bool = False
    between: tuple[float, float] | None = None
    row_per_place: bool = False
    sums_to_one: bool = False
    made_by: Matrix | None = None
    feedback: Matrix | None = None
    gradient_of: Matrix | None = None
    contributed_by: Matrix | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.size, self.columns.size

    @property
    def size(self) -> int:
        return self.rows.size * self.columns.size

    @property
    def computed(self) -> bool:
        return self.op is not None

    def goes_on_with(self, predictions: Matrix) -> None:
        """Tie the `feedback`, which comes of these tokens."""
        object.__setattr__(self, "feedback", predictions)

    @property
    def last_name(self) -> str:
        """The last part of the dotted name: `scores` of `self_attention.scores`."""
        return self.name.rpartition(".")[2]

    @property
    def shared_name(self) -> str:
        """The name but for the sentence, which the same block of each sentence has in common."""
        return re.sub(r"^sentence\.\d+\.", "", self.name)

    def number_of(self, part: str) -> int | None:
        """Which `part` it belongs to, from 0: with "head", 1 for `layer.head.1.scores`; None without."""
        parts = self.name.split(".")
        return int(parts[parts.index(part) + 1]) if part in parts[:-1] else None


@record(eq=False, frozen=False)
class Step:
    """One panel: the blocks that answer one question, known to the locale files by `key`. One of the backward
    pass holds the gradients of the step `backward_of`. What it is `having` that others of its kind have not, such
    as a temperature, decides between its texts."""

    key: str
    group: str = ""
    backward_of: Step | None = None
    having: tuple[str, ...] = ()
    blocks: list[Matrix] = field(default_factory=list)


@record(eq=False, frozen=False)
class Section:
    """One sheet: a lesson or layer, for one sentence where it has one; layers count from 0. A `backward`
    one holds the gradients of the blocks of the section with the same key. `compact` ones of one key share a
    sheet: each is a strip of plain cells there, below the one of the layer before. One that `compares` the
    sentences shows the plane that the watched word moves in. One that stands `behind` is no lesson: the first
    sheet's pictures and the worked lines are made of it.
    """

    key: str
    sentence: int | None = None
    layer: int | None = None
    backward: bool = False
    compact: bool = False
    compares: bool = False
    behind: bool = False
    steps: list[Step] = field(default_factory=list)


class _Line(NamedTuple):
    """One operation of a plan: what it makes, how, from what, and what nobody needs after it."""

    name: str
    value: Callable[..., Array]
    operands: tuple[str, ...]
    done: list[str]


class Plan:
    """What makes those of some blocks that are computed, in their order, each once.

    Where `kept` names the blocks that are asked for, the values of others are let go as soon as no later
    operation needs them, so that their memory serves again.
    """

    def __init__(self, blocks: Iterable[Matrix], kept: Sequence[str] | None = None) -> None:
        self._kept = kept
        self._lines: list[_Line] = []
        last: dict[str, _Line] = {}  # the last line that needs a block which the plan makes
        for block in blocks:
            if block.op is None:
                continue
            line = _Line(block.name, block.op.value, tuple(operand.name for operand in block.operands), [])
            self._lines.append(line)
            last |= {name: line for name in line.operands if name in last} | {block.name: line}
        for name, line in last.items():
            if kept is not None and name not in kept:
                line.done.append(name)

    def run(self, given: Values) -> dict[str, Array]:
        """The values of the blocks that are kept, or of all, given ones too. Raises KeyError for one that is
        not given."""
        values = dict(given)
        with np.errstate(all="ignore"):
            for name, value, operands, done in self._lines:
                values[name] = value(*[values[operand] for operand in operands])
                for finished in done:
                    del values[finished]
        return values if self._kept is None else {name: values[name] for name in self._kept}


@record(eq=False)
class Attended:
    """One attention: the weights (n x m) and the output (n x d_v) of every query, where it has one its mask
    (n x m), and the values (m x d_v) that the output is mixed of."""

    weights: Matrix
    output: Matrix
    mask: Matrix | None = None
    values: Matrix | None = None


class Model:
    """A named, ordered set of blocks, divided into sections and steps."""

    def __init__(self) -> None:
        self.blocks: dict[str, Matrix] = {}
        self.sections: list[Section] = []
        self.attentions: list[Attended] = []
        self._lower_names: set[str] = set()
        self._section: Section | None = None
        self._step: Step | None = None

    @property
    def inputs(self) -> list[Matrix]:
        return [block for block in self.blocks.values() if not block.computed]

    @property
    def parameters(self) -> list[Matrix]:
        return [block for block in self.inputs if block.role == "parameter"]

    @property
    def learned_positions(self) -> Matrix | None:
        """The parameter that has a row for each place, where there is one."""
        return next((block for block in self.parameters if block.row_per_place), None)

    def scope(self, *parts: str) -> Scope:
        return Scope(self, tuple(parts))

    @property
    def constants(self) -> dict[str, Array]:
        """The values of the constants, as the papers fix them."""
        return {
            block.name: np.full(block.shape, block.default, dtype=object if block.text else float)
            for block in self.inputs
            if block.role == "constant"
        }

    @contextmanager
    def section(
        self,
        key: str,
        sentence: int | None = None,
        layer: int | None = None,
        *,
        compact: bool = False,
        compares: bool = False,
        behind: bool = False,
    ) -> Iterator[None]:
        """Steps opened inside belong to one section, that is, to one sheet; a section of the same key, sentence
        and layer goes on."""
        forward = [section for section in self.sections if not section.backward]
        same = [s for s in forward if (s.key, s.sentence, s.layer) == (key, sentence, layer)]
        if not same:
            opened = Section(key, sentence, layer, compact=compact, compares=compares, behind=behind)
            self.sections.append(opened)
        around, self._section = self._section, same[0] if same else self.sections[-1]
        yield
        self._section = around

    def step(self, key: str, group: str = "", having: tuple[str, ...] = ()) -> Open:
        """Blocks named inside are shown together in one panel; so are steps of one key and group. Raises
        ValueError outside of a section."""
        if self._section is None:
            raise ValueError(f"the step {key!r} is in no section")
        steps = self._section.steps
        same = [step for step in steps if (step.key, step.group) == (key, group)] if group else []
        if not same:
            steps.append(Step(key, group, having=having))
        return self.within(same[0] if same else steps[-1])

    def within(self, step: Step) -> Open:
        """Blocks named inside belong to a step that is there already."""
        return Open(self, step)

    def show(self, block: Matrix) -> Matrix:
        """Show a block that has its home elsewhere in the current panel, too. Raises ValueError outside of a
        step."""
        if self._step is None:
            raise ValueError(f"{block.name} is shown in no step")
        self._step.blocks.append(block)
        return block

    def register(self, name: str, block: Matrix, known: Known) -> Matrix:
        """Give `block` its name and place, and what else is known by then; raises ValueError where the name is
        taken (case aside)."""
        lower = name.lower()
        if lower in self._lower_names:
            raise ValueError(f"two blocks are named {name!r} (names differ in more than case)")
        block.name = name  # type: ignore[misc]  # it never changes from here on
        for key in known:
            setattr(block, key, known[key])  # type: ignore[literal-required]
        self._lower_names.add(lower)
        self.blocks[name] = block
        if self._step is not None:
            self._step.blocks.append(block)
        return block

    def trace(self, inputs: Values) -> dict[str, Array]:
        """Every block's values from the inputs' values, computed by NumPy in the model's order.

        Tokens that are None are decoded greedily, one after the other: each takes what the model
        predicts at the row before, given all tokens up to there. Other entries that are None take those of the
        block that makes them.
        Raises KeyError for a missing input and ValueError for one of another shape.
        """
        given = {block.name: inputs[block.name] for block in self.inputs}
        for name, value in given.items():
            if value.shape != self.blocks[name].shape:
                raise ValueError(f"{name}: shape {value.shape}, expected {self.blocks[name].shape}")
            if self.blocks[name].feedback is not None:
                given[name] = np.where(value == None, "", value)  # noqa: E711
        given = self.made_up(given)
        plan = Plan(self.blocks.values())
        values = plan.run(given)
        for block in self.inputs:
            if block.feedback is None:
                continue
            for row in range(1, block.shape[0]):
                if inputs[block.name][row, 0] is None:
                    given[block.name][row, 0] = values[block.feedback.name][row - 1, 0]
                    values = plan.run(given)
        return {name: values[name] for name in self.blocks}

    def made_up(self, inputs: Values) -> dict[str, Array]:
        """The inputs with what is None in those that a block makes as that block has it."""
        given = dict(inputs)
        for block in self.inputs:
            if block.made_by is not None and (missing := given[block.name] == None).any():  # noqa: E711
                source = self.plan([block.made_by], given.keys()).run(given)[block.made_by.name]
                whole = np.where(missing, source[: block.shape[0]], given[block.name])
                given[block.name] = whole.astype(float)
        return given

    def plan(self, wanted: Sequence[Matrix], given: Collection[str]) -> Plan:
        """What is to be run for the wanted blocks and all that they come from, and for nothing else.

        What is named in `given` is taken as it is given to the run, computed blocks too: the words' rows in
        the vocabulary in place of the words, say. Arrays may have leading axes there, a batch of sentences
        in one run: (s x n x 1) for a block of (n x 1). Raises KeyError for an input that is not given.
        """
        needed = self.needed(wanted, given)
        for block in needed:
            if not block.computed:
                raise KeyError(block.name)
        return Plan(needed, [block.name for block in wanted])

    def needed(self, wanted: Iterable[Matrix], given: Collection[str]) -> list[Matrix]:
        """The wanted blocks and all that they come from, in the model's order, but for what is named in `given`
        and what only that comes from."""
        asked, found = list(wanted), set[str]()
        while asked:
            block = asked.pop()
            if block.name not in found and block.name not in given:
                found.add(block.name)
                asked += block.operands
        return [block for name, block in self.blocks.items() if name in found]


@record(eq=False)
class Open:
    """A step while it takes in the blocks that are named: cheaper than a generator, and there are many steps."""

    model: Model
    step: Step

    def __enter__(self) -> None:
        self.model._step = self.step

    def __exit__(self, *_: object) -> None:
        self.model._step = None


@record
class Scope:
    """Names blocks under a dotted prefix, the way a `state_dict` names parameters."""

    model: Model
    parts: tuple[str, ...] = ()

    def scope(self, *parts: str) -> Scope:
        return Scope(self.model, self.parts + parts)

    def add(self, name: str, block: Matrix, **known: Unpack[Known]) -> Matrix:
        """Name a computed block, say what else is known of it, and give it its place in the model."""
        return self.model.register(".".join((*self.parts, name)), block, known)

    def input(self, name: str, rows: Axis, columns: Axis, role: Role, **said: Unpack[Said]) -> Matrix:
        """A block the user fills in."""
        return self.add(name, Matrix(rows, columns, role=role, **said))

    def constant(self, name: str, value: float | str, *, positive: bool = False, **known: Unpack[Known]) -> Matrix:
        """A number or text (1 x 1) that the paper fixes: visible and editable, but not learned."""
        text = isinstance(value, str)
        made = Matrix(ONE, ONE, role="constant", scale="plain", default=value, text=text, positive=positive)
        return self.add(name, made, **known)

    def step(self, key: str, **having: bool) -> Open:
        """A step of the model's, which goes on where there is one of this key in this scope; the heads of one
        attention, and the groups of heads that have keys and values in common, share each of theirs. What it is
        `having` is told by name."""
        parts = self.parts
        for k, part in enumerate(parts):
            if part in ("head", "group"):
                parts = (*parts[:k], "head")
                break
        return self.model.step(key, ".".join(parts), tuple(name for name, has in having.items() if has))
