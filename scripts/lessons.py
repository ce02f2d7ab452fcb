"""The lessons of the gallery and of the site, in their order: every template that ships, and an exercise."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.classroom.selection import select
from xltransformer.locale import in_language, languages, load_messages
from xltransformer.workbook.book import Left, Workbook
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place

EXERCISE = ("default",)
EXERCISE_SENTENCES = {"en": ("cat-and-mouse", "cat and mouse"), "zh": ("apple", "苹果和香蕉")}


@dataclass(frozen=True)
class Entry:
    """One workbook of the gallery: a template as it ships, or an exercise on one of its sentences."""

    template: str
    language: str
    sentences: tuple[str, ...] = ()
    exercise: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """What it is in every language: the template's name, or "exercise"."""
        return "exercise" if self.exercise else self.template

    @property
    def name(self) -> str:
        return self.topic if self.language == "en" else f"{self.topic}.{self.language}"

    @property
    def file(self) -> str:
        return f"{self.name}.xlsx"

    @property
    def page(self) -> str:
        return f"pages/{self.name}.md"

    @property
    def pictures(self) -> tuple[str, str]:
        """The first screen, and a step."""
        return f"pictures/{self.name}.png", f"pictures/{self.name}-2.png"

    @property
    def title(self) -> str:
        if self.exercise:
            return load_messages(self.language)("exercise.title")
        return in_language(load_template(self.template).title, self.language)

    @property
    def command(self) -> str:
        words = ["xlt", "build"]
        words += ["--template", self.template] if self.template != "cat-and-mouse" else []
        words += [word for sentence in self.sentences for word in ("--sentence", sentence)]
        words += ["--lang", self.language] if self.language != "en" else []
        words += ["--exercise", ",".join(self.exercise)] if self.exercise else []
        return shlex.join([*words, "-o", self.file])


GALLERY = (
    *(Entry(name, language) for name in shipped_templates() for language in languages()),
    *(
        Entry(template, language, (sentence,), EXERCISE)
        for language, (template, sentence) in EXERCISE_SENTENCES.items()
    ),
)


@dataclass(frozen=True)
class Built:
    """A gallery workbook as built, and as it is laid out."""

    entry: Entry
    path: Path
    instance: Instance
    book: Workbook

    @property
    def answers(self) -> list[str]:
        """What the first screen says in words."""
        return [str(p.cell.shown) for p in self.book.sheets[0].paragraphs if p.cell.style[0] == "answer"]

    @property
    def tries(self) -> list[str]:
        """The experiments as the first screen names them, each with what there is to see then."""
        start, found = self.book.sheets[0], []
        for k, experiment in enumerate(self.instance.template.experiments, start=1):
            if (place := self.book.screen.get(f"experiment.{k}.do")) is not None:
                cell = start.single[place.row, place.column]
                do = cell.shown if cell.kind == "link" else cell.content
                found.append(f"{do} → {in_language(experiment.then, self.entry.language)}")
        return found

    @property
    def step(self) -> Place:
        """Where the second picture is taken: an attention, else the first step, or what a student fills in."""
        model = self.instance.model
        weights = [one.weights for one in model.attentions]
        steps = [step for section in model.sections for step in section.steps]
        computed = [block for step in steps for block in step.blocks if block.computed]
        blocks = set(self.left or weights or computed)
        first = next(block for block in model.blocks.values() if block in blocks)
        return self.book.names.get(f"xlt.exercise.{first.name}", self.book.names[first.name])

    @property
    def left(self) -> Left:
        """What is left for a student to fill in."""
        return select(self.instance, self.entry.exercise) if self.entry.exercise else {}


def build(entry: Entry, folder: Path) -> Built:
    """Build one workbook of the gallery into a folder."""
    path = folder / entry.file
    instance = api.build(
        path, entry.sentences, entry.template, language=entry.language, exercise=entry.exercise, force=True
    )
    if instance.warnings:
        raise SystemExit(f"{entry.file}: {'; '.join(instance.warnings)}")
    left, messages = select(instance, entry.exercise) if entry.exercise else {}, load_messages(entry.language)
    return Built(entry, path, instance, lay_out(instance, instance.trace(), messages, left))
