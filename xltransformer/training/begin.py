"""What a run on a file of text begins with: a template's words where they cover it, else those of the file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.limits import MOST_WORDS
from xltransformer.building.own import begun, begun_with, spoken
from xltransformer.building.parse import load_template
from xltransformer.building.request import Options
from xltransformer.building.tables import draw_words, untrained
from xltransformer.building.template import DEFAULT_TEMPLATE, Template
from xltransformer.checked import expect, is_whole
from xltransformer.cutting import PLAIN, Cutter, Cutting
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.locale import ENGLISH
from xltransformer.nn.positions import LEARNED
from xltransformer.record import record
from xltransformer.text import word_key
from xltransformer.training.data import LONG, read_data
from xltransformer.training.loop import told_of_run
from xltransformer.training.own_words import Text, classes_of, of_own_words, text_of
from xltransformer.training.task import PRECISION, Task
from xltransformer.weights import ABOUT, own_of, read_npz, told_by


@record
class Reading:
    """How a file is read: by `letters`, in `lower` case, with the `most` frequent words only, and what is done
    with `long` lines."""

    letters: bool = False
    lower: bool = False
    most: int | None = None
    long: str = LONG[0]

    @classmethod
    def of(cls, letters: bool, lower: bool, most: int | None, long: str) -> Reading:
        """How to read; UserError for what cannot be."""
        expect(most is None or is_whole(most, 1), "`most_words`", most, "a whole number of at least 1")
        if long not in LONG:
            raise UserError(f"`long` is {long!r:.40}; give one of {', '.join(LONG)}")
        return cls(letters, lower, most, long)


@record
class Start:
    """An instance of the model, and which of its weights are `given`; the rest are drawn from a seed.
    `language` is that of a workbook. Its vocabulary may be `made` from the data: then the unknown word is `known`
    where these taught it. The `places` are those that a line may take, None for any number; what is done with a
    `long` one; lines for the user in `notes`."""

    instance: Instance
    given: frozenset[str]
    language: str = ENGLISH
    made: bool = False
    known: bool = True
    places: tuple[int, ...] | None = None
    long: str = LONG[0]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, instance: Instance, given: Iterable[str], language: str) -> Start:
        """From an instance as it is: its places are as many as its learned positions, if it has any."""
        learned = instance.model.learned_positions is not None
        places = (max(instance.sizes.slots),) if learned else None
        return cls(instance, frozenset(given), language, places=places, notes=instance.warnings)

    def source(self, data: str | Path, valid: str | Path | None) -> dict[str, Any]:
        """What a run that is kept tells of what it learns from, so that it can be taken up by itself."""
        held_out = None if valid is None else str(valid)
        return {"data": str(data), "valid": held_out, "long": self.long, "known": self.known}

    def weights(self, task: Task, seed: int) -> dict[str, Array]:
        """The first weights of a task, in the precision of training. Drawn ones are normal: 1/√rows wide
        for a weight matrix, so that what comes out is as large as what goes in; 1/√d wide for
        embeddings and positions; biases are 0 and gains 1."""
        return {
            block.name: (
                self.instance.inputs[block.name] if block.name in self.given else first_weights(block, seed)
            ).astype(PRECISION)
            for block in task.learned
        }


def given_in(instance: Instance) -> set[str]:
    """The weights of an instance that are not drawn."""
    drawn = instance.template.table.drawn
    return set(instance.template.weights) | (set() if drawn else {"embeddings"})


def first_weights(block: Matrix, seed: int) -> Array:
    """The weights of a block before training, from a seed and the block's name."""
    if block.initial.trained is not None:
        return np.full(block.shape, block.initial.trained)
    wide = block.shape[1] if block.initial.by_row else block.shape[0]
    rng = np.random.default_rng([seed, zlib.crc32(block.name.encode())])
    return np.asarray(rng.normal(0.0, 1 / np.sqrt(wide), block.shape))


def from_data(
    template: str | Path | None,
    sentences: Sequence[str],
    data: Path,
    valid: Path | None,
    reading: Reading,
    *,
    fresh: bool,
    language: str | None,
    options: Options,
) -> Start:
    """A template, or the one of weights among the `options` (see `Options`), for the lines of a file: with its own
    words where it has all of the file's, else with those of the file; with `fresh` what it has learned already is
    forgotten. The option `slots` says how many places a line may take.

    Raises UserError for whatever cannot be built, or read.
    """
    language = spoken(language, options.get("weights"))
    found = _template(template, language, fresh, options)
    cutting = _cutting(found, reading, options)
    text = text_of(data, found, options)
    settings = {"spare_rows": 0, **(options.get("settings") or {})}
    options = cast(Options, {**options, "settings": settings})
    given = [name for name in ("weights", "embeddings", "vocabulary") if options.get(name) is not None]
    if given or (reading.most is None and _covers(found, cutting, text)):
        if given and reading.most is not None:
            raise UserError(f"`most_words` is of a vocabulary made from `data`: leave out `{given[0]}`")
        texts = [text, *([] if valid is None else [text_of(valid, found, options)])]
        kept = replace(found, cut=cutting)
        instance = _grown(kept, sentences, texts, language, options)
        told = told_by(options.get("weights"))
        made = told is not None and told.made
        start = replace(Start.of(instance, given_in(instance), language), made=made, long=reading.long)
        return start if _places(options) is None else replace(start, places=instance.sizes.slots)
    held_out = None if valid is None else text_of(valid, found, options)
    own, known, notes = of_own_words(found, text, held_out, cutting, reading.most, settings)
    texts = [text, *([] if held_out is None else [held_out])]
    instance = _grown(own, sentences, texts, language, options)
    start = Start.of(instance, (), language)
    return replace(
        start, made=True, known=known, places=instance.sizes.slots, long=reading.long, notes=(*notes, *start.notes)
    )


def from_run(path: Path) -> tuple[Start, Mapping[str, Any]]:
    """What a run that is kept in a file began with, and what the file tells of it; UserError where it is none."""
    state = read_npz(path)
    told = told_of_run(path, state)
    own = own_of(path, state.get(ABOUT))
    if not (own.model and own.places and own.words and "weights.embeddings" in state):
        raise UserError(f"{path} does not tell of which model its run is: give `template` and `data` as before")
    template = begun_with(own, path, own.language)
    table = draw_words(own.words, state["weights.embeddings"].shape[1], 0, str(path))
    sizes = {name: size for name, size in {**template.sizes, **own.options}.items() if size is not None}
    template = replace(
        untrained(template), table=table, sizes=sizes, weights={}, trained=False, sentences=own.sentences
    )
    options = cast(Options, {"slots": own.places, "settings": {"spare_rows": 0}})
    instance = _grown(template, (), (), own.language, options)
    start = Start.of(instance, (), own.language)
    known, long = bool(told.get("known", True)), str(told.get("long", LONG[0]))
    places = instance.sizes.slots if own.made else start.places
    return replace(start, made=own.made, known=known, places=places, long=long), told


def _template(template: str | Path | None, language: str, fresh: bool, options: Options) -> Template:
    """The template, where one is named without what it has learned if it is to begin afresh."""
    weights = options.get("weights")
    if weights is not None:
        named = None if template is None else load_template(template, language, fresh=fresh)
        return begun(named, weights, language)
    return load_template(DEFAULT_TEMPLATE if template is None else template, language, fresh=fresh)


def _cutting(template: Template, reading: Reading, options: Options) -> Cutting:
    """How text is cut: as weights or the template say it, or as is asked."""
    own = told_by(options.get("weights"))
    if own is not None and own.template:
        for name in ("letters", "lower"):
            if getattr(reading, name) and not getattr(own.cut, name):
                raise UserError(f"{options.get('weights')} says itself how text is cut: leave `{name}` out")
        if own.cut != PLAIN:
            return own.cut
    if template.cut != PLAIN:
        return replace(template.cut, lower=reading.lower or template.cut.lower)
    return Cutting(reading.letters, reading.lower, marks=True)


def _covers(template: Template, cutting: Cutting, text: Text) -> bool:
    """Whether a template has all words of a file, and all its classes."""
    cutter = Cutter(cutting, template.table.words)
    if text.classes and not {word_key(name) for name in classes_of(text)} <= {
        word_key(str(name)) for name in template.sizes.get("classes", ())
    }:
        return False
    return all(cutter.knows(word) for line in text.cut(cutter) for words in line for word in words)


def _grown(
    template: Template, sentences: Sequence[str], texts: Sequence[Text], language: str, options: Options
) -> Instance:
    """A template over sentences, with as many places as are asked for, or as its lines take where these are more;
    learned positions stay as many as they are."""
    asked, free = _places(options), _without_slots(options)
    instance = make_instance(template, sentences, language=language, **free)
    needed = asked
    if asked is None:
        if LEARNED in instance.template.weights:
            return instance
        read = [read_data(text.path, instance, None, lines=text.lines, long="cut") for text in texts]
        needed = tuple(map(max, zip(*(one.longest() for one in read), strict=True)))
        if all(n <= room for n, room in zip(needed, _spread(instance.sizes.slots, len(needed)), strict=True)):
            return instance
    taken = [sum(1 for word in instance.inputs[s.words.name].ravel() if word) for s in instance.model.sentences]
    slots = [max(0, most - n) for most, n in zip(_spread(needed or (), len(taken)), taken, strict=True)]
    free["slots"] = slots
    return make_instance(template, sentences, language=language, **free)


def _spread(numbers: Sequence[int], count: int) -> tuple[int, ...]:
    """So many numbers, of which the last goes on."""
    return (*numbers, *[numbers[-1]] * count)[:count]


def _places(options: Options) -> tuple[int, ...] | None:
    """The places that each sentence is to have in all, where that is asked."""
    given = options.get("slots")
    asked = (options.get("settings") or {}).get("slots") if given is None else given
    if asked is None:
        return None
    places = tuple(asked) if isinstance(asked, Sequence) else (asked,)
    if not places or not all(isinstance(n, int) and 2 <= n <= MOST_WORDS for n in places):
        raise UserError(f"`slots` is {asked!r:.40}: give the places of a line, 2 to {MOST_WORDS}")
    return places


def _without_slots(options: Options) -> Options:
    settings = {name: value for name, value in (options.get("settings") or {}).items() if name != "slots"}
    return cast(Options, {**options, "slots": None, "settings": settings})
