"""Which cells an exercise leaves to the student: those that are asked for, or a good choice of 20 to 30."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from xltransformer.building.instance import Instance
from xltransformer.checked import expect, is_texts
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix, Section, Values
from xltransformer.models import Lesson
from xltransformer.ops import op_of
from xltransformer.ops.masking import SEEN
from xltransformer.record import record
from xltransformer.text import letters, nearest, word_key
from xltransformer.workbook.book import Cell, Left

DEFAULT = "default"
"""What is asked for where nothing is named."""
LEAST, MOST = 20, 30
"""How many cells are left where none are named, as far as there are so many."""
_TRIVIAL = 0.005
"""A number that shows as zero is not asked for by itself."""
_COUNTED = ("count", "gate", "whole")
"""Scales of numbers that are read off, not worked out: asked for only by a block's own name."""
_SENTENCE = re.compile(r"(?:sentence|句子)\s*(\w+)", re.IGNORECASE)
_NUMBERED = re.compile(r"\b[a-z_]+\.\d+\.")


@record(eq=False)
class Stand:
    """A block that can be filled in, and where it stands: its section and its step's key."""

    block: Matrix
    section: Section
    step: str

    @property
    def practice(self) -> bool:
        """Whether there is something to work out: no entry of another block once more, no count, nothing that is
        the same whatever the numbers."""
        op, block = op_of(self.block), self.block
        return not (op.only_moves(*block.operands) or op.constant or block.sums_to_one or block.scale in _COUNTED)

    @property
    def names(self) -> tuple[str, ...]:
        """What the block may be called: its name, that without its sentence, without any number, its last part."""
        name = self.block.name
        return name, self.block.shared_name, _NUMBERED.sub("", name), self.block.last_name


@record
class Asked:
    """One thing asked for: a name, and a row of it or, empty, all of them."""

    name: str
    row: str

    @classmethod
    def read(cls, text: str) -> Asked:
        name, colon, row = text.replace("：", ":").partition(":")
        if colon and not row.strip():
            raise UserError(f"{text.strip()!r:.60} names no row: give a word or a number after the colon")
        return cls(name.strip(), row.strip())


def asked_for(exercise: str | Sequence[str]) -> list[str]:
    """What is asked for: a list of it, or a text in which commas part it; else UserError."""
    if isinstance(exercise, str):
        return parts(exercise)
    asked = [*exercise] if isinstance(exercise, Sequence) else None
    expect(is_texts(asked), "`exercise`", exercise, f'"{DEFAULT}", or what is to be filled in', ".40")
    return asked or []


def parts(text: str) -> list[str]:
    """What is asked for, parted by commas."""
    return [part.strip() for part in re.split("[,，]", text)]


def stands(model: Lesson) -> list[Stand]:
    """Every block of computed numbers, where it first stands, in the model's order."""
    found: dict[Matrix, Stand] = {}
    for section in model.sections:
        for step in section.steps if not section.behind else ():
            for block in step.blocks:
                if block.computed and not block.text:
                    found.setdefault(block, Stand(block, section, step.key))
    return list(found.values())


def select(instance: Instance, wanted: Sequence[str] = (DEFAULT,)) -> Left:
    """The cells of an instance that are asked for.

    Each of `wanted` is a step (`scores`), a block or a pattern of blocks (`self_attention.weights`, `*.Q`), a
    lesson (`self_attention`) or a sentence (`sentence 2`), perhaps with a row after a colon, by its word or
    number. Steps and blocks are taken together; lessons and sentences are where they are looked for, and by
    themselves stand for a choice of 20 to 30 cells of theirs. Raises UserError for what is not there.
    """
    model, values = instance.model, instance.trace()
    known = stands(model)
    kinds: list[tuple[Asked, list[Stand]]] = []
    lessons: list[Asked] = []
    sentences: list[Asked] = []
    for asked in map(Asked.read, wanted):
        if _SENTENCE.fullmatch(asked.name):
            sentences.append(asked)
        elif found := _of_kind(asked.name, known):
            kinds.append((asked, found))
        elif any(stand.section.key == asked.name for stand in known):
            lessons.append(asked)
        elif asked.name != DEFAULT:
            raise _unknown(asked.name, model, known)
    numbers = [_sentence(asked, model) for asked in sentences]
    among = [
        stand
        for stand in known
        if (not lessons or any(asked.name == stand.section.key for asked in lessons))
        and (not sentences or stand.section.sentence in numbers)
    ]
    rows = [asked.row for asked in (*lessons, *sentences) if asked.row]
    if kinds:
        left = _every(kinds, among, values, rows)
    else:
        shown = [stand for stand in among if stand.section.sentence is not None]
        left = _choice(model, values, shown, instance.template.entry.practised, rows)
    if not left:
        raise UserError(f"nothing to fill in by {', '.join(wanted)!r:.120}: name a step or a block of numbers")
    return {stand.block: tuple(sorted(left[stand.block])) for stand in known if stand.block in left}


def _every(
    kinds: Sequence[tuple[Asked, Sequence[Stand]]], among: Sequence[Stand], values: Values, rows: Sequence[str]
) -> dict[Matrix, set[Cell]]:
    """The cells of all that is asked for, among some blocks."""
    left: dict[Matrix, set[Cell]] = {}
    for asked, blocks in kinds:
        for stand, cells in _asked(asked, [stand for stand in blocks if stand in among], values, rows):
            if cells:
                left.setdefault(stand.block, set()).update(cells)
    return left


def _of_kind(name: str, known: Iterable[Stand]) -> list[Stand]:
    """The blocks of a step, or those of a name or pattern; empty where there is none of them."""
    of_step = [stand for stand in known if stand.step == name and stand.practice]
    if of_step:
        return of_step
    if exact := [stand for stand in known if name in stand.names]:
        return [stand for stand in exact if stand.practice] or exact
    if not re.search(r"[*?\[]", name):
        return []
    found = [stand for stand in known if any(fnmatchcase(one, name) for one in stand.names[:3])]
    return [stand for stand in found if stand.practice] or found


def _unknown(name: str, model: Lesson, known: Sequence[Stand]) -> UserError:
    """Why nothing of that name can be filled in."""
    steps = list(dict.fromkeys(stand.step for stand in known if stand.practice))
    named = (block for block in model.blocks.values() if name in (block.name, block.shared_name))
    if (block := next(named, None)) is not None:
        why = "is text" if block.text else "stands on no sheet" if block.computed else "is typed, not worked out"
        return UserError(f"{block.name} {why}: only numbers that are worked out can be left to fill in")
    listed = ", ".join(steps)
    more = f"{listed[:130].rpartition(', ')[0]}, …" if len(listed) > 130 else listed
    if any(step.key == name for section in model.sections for step in section.steps):
        return UserError(f"step {name!r} has no number to work out; steps that have: {more}")
    names = dict.fromkeys([*steps, *(s.section.key for s in known), *(n for s in known for n in s.names)])
    near = nearest(name, names)
    meant = f"; did you mean {near!r}?" if near else ""
    return UserError(f"no step {name!r:.60}, nor a lesson or block{meant} (steps: {more})")


def _sentence(asked: Asked, model: Lesson) -> int:
    """The sentence meant by its number or letter, from 0."""
    found = _SENTENCE.fullmatch(asked.name)
    assert found is not None
    count = len(model.sentences)
    called = {str(s + 1): s for s in range(count)} | {letter: s for s, letter in enumerate(letters(count))}
    if (meant := called.get(found[1].upper())) is None:
        raise UserError(f"there is no {asked.name!r:.60}; sentences are counted from 1, here to {count}")
    return meant


def _asked(
    asked: Asked, blocks: Sequence[Stand], values: Values, rows: Sequence[str]
) -> Iterator[tuple[Stand, list[Cell]]]:
    """The cells of some blocks, or of a row of each that has it; UserError where none has."""
    wanted = [asked.row] if asked.row else list(rows)
    found = [(stand, _rows(stand.block, values, wanted)) for stand in blocks]
    if not any(numbers for _, numbers in found):
        if not wanted or not blocks:
            raise UserError(f"{asked.name} has no cells to fill there; leave out the lesson or sentence")
        labels = dict.fromkeys(label for stand in blocks for label in stand.block.rows.read(values) if label)
        raise UserError(
            f"{asked.name} has no row {wanted[0]!r}; its rows: {', '.join(labels)[:150] or 'by number'}, "
            "or a number from 1"
        )
    for stand, numbers in found:
        yield stand, [(i, j) for i in numbers for j in _open(values[stand.block.name][i])]


def _rows(block: Matrix, values: Values, wanted: Sequence[str]) -> list[int]:
    """The rows of a block that hold a word, or those that are wanted by word or number."""
    labels = block.rows.read(values)
    there = [i for i, label in enumerate(labels) if label or block.rows.source is None]
    if not wanted:
        return there
    keys = {word_key(row) for row in wanted}
    called = [i for i in there if word_key(labels[i]) in keys]
    return called or [i for i in there if str(i + 1) in keys]


def _open(row: Array) -> list[int]:
    """The entries of a row that are not masked out."""
    return [j for j, value in enumerate(row) if value > SEEN]


def _choice(
    model: Lesson, values: Values, among: Sequence[Stand], practised: Sequence[str], rows: Sequence[str]
) -> dict[Matrix, set[Cell]]:
    """20 to 30 cells, as far as there are so many: one word's way through the steps that are practised, then the
    next word's, and so on; of long rows the first cells."""
    tiers = [
        [stand for stand in among if stand.practice and stand.step in practised],
        [stand for stand in among if stand.practice and stand.step not in practised],
        [
            stand
            for stand in among
            if not stand.practice and not op_of(stand.block).only_moves(*stand.block.operands)
        ],
    ]
    found: dict[Matrix, set[Cell]] = {}
    total = 0
    for chain in (chain for tier in tiers for chain in _chains(model, values, tier, rows)):
        for block, cells in _capped(chain, MOST - total):
            found.setdefault(block, set()).update(cells)
            total += len(cells)
        if total >= LEAST:
            break
    return found


def _chains(
    model: Lesson, values: Values, among: Sequence[Stand], rows: Sequence[str]
) -> Iterator[list[tuple[Matrix, list[Cell]]]]:
    """One word's cells in the blocks of one section and head, the watched word first."""
    groups: dict[tuple[Section, int | None], list[Stand]] = {}
    for stand in among:
        groups.setdefault((stand.section, stand.block.number_of("head")), []).append(stand)
    ranked = {stand.block: _ranked(model, values, stand, rows) for stand in among}
    for rank in range(max(map(len, ranked.values()), default=0)):
        for group in groups.values():
            chain = []
            for block in (stand.block for stand in group if rank < len(ranked[stand.block])):
                i = ranked[block][rank]
                told = values[block.name][i]
                if cells := [(i, j) for j in _open(told) if abs(told[j]) > _TRIVIAL]:
                    chain.append((block, cells))
            if chain:
                yield chain


def _ranked(model: Lesson, values: Values, stand: Stand, rows: Sequence[str]) -> list[int]:
    """The rows of a block in the order in which they are chosen."""
    numbers, s = _rows(stand.block, values, rows), stand.section.sentence
    if s is None or model.watch is None or s >= len(model.watch.sentences):
        return numbers
    if stand.block.rows.source is not model.sentences[s].words:
        return numbers
    watched = int(values[model.watch.sentences[s].position.name][0, 0]) - 1
    return sorted(numbers, key=lambda i: i != watched)


def _capped(chain: list[tuple[Matrix, list[Cell]]], room: int) -> list[tuple[Matrix, list[Cell]]]:
    """As much of a chain as there is room for: of each row as many cells as of every other, or all it has."""
    for most in range(max(len(cells) for _, cells in chain), 0, -1):
        if sum(min(most, len(cells)) for _, cells in chain) <= room:
            return [(block, cells[:most]) for block, cells in chain]
    return [(block, cells[:1]) for block, cells in chain[:room]]
