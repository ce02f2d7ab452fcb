"""The backward pass: for every block between a loss and the parameters, the block of its gradient.

Each operation says what it passes back to its operands, composed of operations again (`Op.gradient`);
here these contributions get their names, are added up where a block is used several times, and find
their place: one backward section for each section, one backward step for each step, in reverse order.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import field
from itertools import count
from typing import Unpack

from xltransformer.errors import UserError
from xltransformer.graph import Known, Matrix, Model, Section, Step
from xltransformer.ops import Stop, op_of, total
from xltransformer.record import record

GRADIENT = "gradient"
"""The gradient of a block is named `gradient.` and its name."""


def gradients(model: Model, loss: Matrix, wanted: Collection[Matrix] | None = None) -> dict[Matrix, Matrix]:
    """Add the gradient of `loss` (1 x 1) with respect to every block between it and the `wanted` blocks
    (without: all parameters and embeddings), and return those of the wanted ones that it depends on.
    A wanted block may be computed: what it is computed from is none of the loss's business then.

    The gradient of the loss itself, `gradient.loss`, is a constant of 1. A batch has leading axes: its
    losses are (s x 1 x 1), and the gradients of weights are summed over its s sentences, each weighed
    by what `gradient.loss` (s x 1 x 1) then holds: 1/s for the mean of the sentences' losses.

    Raises UserError where a wanted block reaches the loss through an operation, or an operand, through
    which no gradient passes, and where the loss depends on none of them.
    """
    if wanted is None:
        wanted = [block for block in model.inputs if block.role in ("parameter", "embedding")]
    path = _between(model, loss, wanted)
    if loss not in path:
        raise UserError(f"{loss.name} depends on none of the parameters: it has no gradient")
    back = _Backward(model)
    found = {loss: model.scope(GRADIENT).constant(loss.name, 1.0, gradient_of=loss)}
    parts: dict[Matrix, _Parts] = {}
    for block in reversed(path):
        if block in parts:
            found[block] = back.add_up(block, parts.pop(block), collect=block in wanted)
        if block not in found or path.keys().isdisjoint(block.operands):
            continue
        contributions = op_of(block).gradient(found[block], block, *block.operands)
        for operand, part in zip(block.operands, contributions, strict=True):
            if operand not in path or part is None:
                continue
            if isinstance(part, Stop):
                raise UserError(f"no gradient passes from {block.name} to {operand.name}")
            parts.setdefault(operand, []).append((part, block))
    return {block: found[block] for block in wanted if block in found}


def _between(model: Model, loss: Matrix, wanted: Collection[Matrix]) -> dict[Matrix, None]:
    """The blocks that depend on a wanted one and that the loss depends on, in order."""
    moved, behind = set(wanted), {loss}
    depends: list[tuple[Matrix, tuple[Matrix, ...]]] = []
    for block in reversed(model.blocks.values()):
        if block in behind:
            operands = block.operands if block.computed and not op_of(block).constant else ()
            depends.append((block, operands))
            behind.update(operands)
    for block, operands in reversed(depends):
        if not moved.isdisjoint(operands):
            moved.add(block)
    return {block: None for block, _ in reversed(depends) if block in moved}


_Parts = list[tuple[Matrix, Matrix]]
"""What the users of a block contribute to its gradient, each beside the user."""


@record(eq=False, frozen=False)
class _Backward:
    """Names gradients and puts them where they belong."""

    model: Model
    steps: dict[Matrix, tuple[Section, Step]] = field(default_factory=dict)
    sections: dict[int, Section] = field(default_factory=dict)
    panels: dict[int, Step] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for section in self.model.sections:
            for step in section.steps:
                for block in step.blocks:
                    self.steps.setdefault(block, (section, step))

    def add_up(self, block: Matrix, parts: _Parts, *, collect: bool) -> Matrix:
        """The gradient of a block from what its users contribute. With `collect` it has no leading axes
        but the block's own."""
        name = f"{GRADIENT}.{block.name}"
        only, its_user = parts[0]
        whole = not only.name and only.shape == block.shape
        if len(parts) == 1 and whole and (not collect or op_of(only).collects):
            return self._add(name, only, block, its_user)
        for part, user in parts:
            if not part.name:
                self._add(self._free(f"{name}.from.{user.name}"), part, block, user, contributed_by=user)
        return self._add(name, total(block, *(part for part, _ in parts)), block, parts[-1][1])

    def _free(self, name: str) -> str:
        """The name, with a number where the same user has contributed before."""
        return next(n for k in count(1) if (n := name if k == 1 else f"{name}.{k}") not in self.model.blocks)

    def _add(self, name: str, gradient: Matrix, block: Matrix, user: Matrix, **known: Unpack[Known]) -> Matrix:
        """Name a gradient, labelled as its block is, in the backward step of the block's user."""
        for operand in gradient.operands:
            if not operand.name:
                self._add(self._free(f"{name}.inner"), operand, operand, user)
        if gradient.shape == block.shape:
            known |= {"rows": block.rows, "columns": block.columns}
        known |= {"scale": "signed", "gradient_of": block}
        step = self._panel(user)
        with nullcontext() if step is None else self.model.within(step):
            return self.model.register(name, gradient, known)

    def _panel(self, user: Matrix) -> Step | None:
        """The backward step of a block's step; None where the block is in no step."""
        if user not in self.steps:
            return None
        section, step = self.steps[user]
        if id(section) not in self.sections:
            backward = Section(section.key, section.sentence, section.layer, True, section.compact)
            self.sections[id(section)] = backward
            self._insert(backward)
        if id(step) not in self.panels:
            self.panels[id(step)] = Step(f"{GRADIENT}_{step.key}", step.group, step, step.having)
            self.sections[id(section)].steps.append(self.panels[id(step)])
        return self.panels[id(step)]

    def _insert(self, backward: Section) -> None:
        """Put a section behind the others, the sentences of one section in their own order."""
        sections = self.model.sections
        at = len(sections)
        while at and _later(sections[at - 1], backward):
            at -= 1
        sections.insert(at, backward)


def _later(one: Section, other: Section) -> bool:
    """Whether two sections are the same but for their sentences, and the first one's comes later."""
    alike = (one.key, one.layer, one.backward) == (other.key, other.layer, other.backward)
    return alike and None not in (one.sentence, other.sentence) and one.sentence > other.sentence  # type: ignore[operator]
