"""A model of one's own text: its words, and a template that has them in place of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from xltransformer.building.initial import MASK
from xltransformer.building.request import Options, Settings
from xltransformer.building.tables import draw_words
from xltransformer.building.template import Template, without_claims
from xltransformer.cutting import BLANK, UNKNOWN, Cutter, Cutting
from xltransformer.errors import UserError
from xltransformer.models.sizes import MARGIN, MOST_COLUMNS
from xltransformer.record import record
from xltransformer.text import alike_key, listed, split_sentence, word_key
from xltransformer.training.lines import Line, columns_of, read_lines
from xltransformer.training.vocabulary import END, Made, ends_as, made_from

MOST_CLASSES = 50
"""The most classes that are made from data: more are a column of something else."""
MANY = 2_000
"""Words with which a workbook becomes slow: how many these are is told."""
BEGUN = {False: 3, True: 6}
"""How many words of a line a sentence begins with at most, or letters."""


@record
class Text:
    """A file as it is read for a template: its lines, and in which columns there are words."""

    path: Path
    lines: Sequence[Line]
    columns: int
    classes: bool

    def texts(self) -> Iterable[tuple[str, ...]]:
        """The columns of words of each line."""
        return (line.columns[: 1 if self.classes else self.columns] for line in self.lines)

    def cut(self, cutter: Cutter) -> list[list[list[str]]]:
        """Of each line the words of each of these columns."""
        return [[cutter.words(text) for text in texts] for texts in self.texts()]


def text_of(path: Path, template: Template, options: Options) -> Text:
    lines = read_lines(path)
    settings = options.get("settings") or {}
    classes = bool(settings.get("classes", template.sizes.get("classes")))
    return Text(path, lines, columns_of(lines), classes)


def classes_of(text: Text) -> list[str]:
    """The classes of a file's lines, in the order in which they come."""
    named = (line.columns[1].strip() for line in text.lines if len(line.columns) > 1)
    return [*{word_key(name): name for name in named if name}.values()]


def of_own_words(
    template: Template, text: Text, held_out: Text | None, cutting: Cutting, most: int | None, settings: Settings
) -> tuple[Template, bool, tuple[str, ...]]:
    """A template with the words of a file, and the classes where it has others; whether its unknown word is known
    from the file; and lines for the user. UserError for more words than a sheet has columns."""
    special, end = _special(template, text, cutting, settings)
    made = _made(text, special, cutting, most)
    known = UNKNOWN in made.words
    strange = [] if held_out is None else _strange(held_out, Cutter(cutting, made.words))
    if strange and not known:
        made = replace(made, words=(*special, UNKNOWN, *made.words[len(special) :]))
    rows = len(made.words)
    if rows > MOST_COLUMNS - MARGIN:
        raise UserError(
            f"{text.path} has {rows:,} different words, and a sheet room for {MOST_COLUMNS - MARGIN:,}: "
            "`most_words=1000` keeps the most frequent"
        )
    cutting = replace(cutting, unknown=UNKNOWN if UNKNOWN in made.words else "")
    sizes = {name: size for name, size in template.sizes.items() if not name.endswith("_labels")}
    sizes |= {"end": end} if end else {}
    if text.classes and "classes" not in settings:
        sizes["classes"] = _checked_classes(text)
    width = len(template.table.dimensions)
    own = replace(
        without_claims(replace(template, sizes=sizes)), cut=cutting, weights={}, trained=False, watch=None,
        plane=(), slots=0, shown=None, glosses={},
        table=draw_words(made.words, width, template.seed, str(text.path)),
        sentences=_beginning(template, text, Cutter(cutting, made.words)),
    )  # fmt: skip
    return own, known, tuple(_told(template, text, made, special, cutting, held_out, strange))


def _made(text: Text, special: Sequence[str], cutting: Cutting, most: int | None) -> Made:
    """The vocabulary of a file. What stands by itself in a line, such as a Chinese word, may stand in another line
    without blanks around: that is then cut by it, and what no line has any more is left out."""
    found = [words for line in text.cut(Cutter(cutting, special)) for words in line]
    made = made_from(found, special, cutting, most)
    if cutting.letters or made.out or all(word.isascii() or len(word) == 1 for word in made.words):
        return made
    again = Cutter(cutting, made.words)
    used = {word for line in text.cut(again) for words in line for word in words}
    return replace(made, words=tuple(word for word in made.words if word in used or word in special))


def _special(
    template: Template, text: Text, cutting: Cutting, settings: Settings
) -> tuple[list[str], str | list[str] | None]:
    """The words that a model needs whatever its text is, and the one that ends a sentence, where it has one."""
    sizes = {**template.sizes, **settings}
    end: str | list[str] | None = sizes.get("end")
    if isinstance(end, str) and "end" not in settings:
        written = [line[-1] for line in text.cut(Cutter(cutting, [end]))]
        last = written[0][-1] if written[0] else ""
        marks = [end, *([last] if last and not any(map(str.isalnum, last)) else [])]
        end = next((mark for mark in marks if ends_as(written, mark)), END)
    starts = split_sentence(template.sentences[1], template.table.words) if template.entry.pair else []
    named = [sizes[name] for name in ("pad", "separator", "never") if isinstance(sizes.get(name), str)]
    masks = [word for word in template.table.words if word_key(word) == MASK and not template.entry.writes]
    ends = end if isinstance(end, list) else [] if end is None else [end]
    return [*dict.fromkeys([*starts, *ends, *named, *masks])], end


def _strange(text: Text, cutter: Cutter) -> list[str]:
    """The words of a file that a vocabulary lacks, each once."""
    found = (word for line in text.cut(cutter) for words in line for word in words if not cutter.knows(word))
    return [*{alike_key(word): word for word in found}.values()]


def _checked_classes(text: Text) -> list[str]:
    classes = classes_of(text)
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise UserError(
            f"{text.path} names {len(classes)} classes in its second column ({listed(classes, 3)}): give a "
            f"sentence and its class, parted by a tab, with 2 to {MOST_CLASSES} classes in all"
        )
    return classes


def _beginning(template: Template, text: Text, cutter: Cutter) -> tuple[str, ...]:
    """The sentences that are shown at first: what the first line begins with where the model writes it on, or what
    it reads."""
    entry, columns = template.entry, next(iter(text.texts()))
    first = cutter.words(columns[0])
    if entry.pair:
        return (_typed(cutter, first), template.sentences[1])
    if entry.compares:
        return tuple(_typed(cutter, cutter.words(one)) for one in columns[:2])
    if entry.writes and len(columns) == 1:
        most = first.index(BLANK) if BLANK in first[1:-1] and cutter.cutting.letters else len(first) // 2
        first = first[: max(1, min(most, BEGUN[cutter.cutting.letters]))]
    masks = [word for word in cutter.vocabulary if word_key(word) == MASK and not entry.writes]
    if masks and len(columns) == 1 and masks[0] not in first:
        middle = (len(first) - 1) // 2
        first = [*first[:middle], masks[0], *first[middle + 1 :]]
    return (_typed(cutter, first),)


def _typed(cutter: Cutter, words: Sequence[str]) -> str:
    """Words as a text that is cut into them again."""
    text = cutter.cutting.joined(words)
    return text if cutter.words(text) == [*words] else " ".join(words)


def _told(
    template: Template,
    text: Text,
    made: Made,
    special: Sequence[str],
    cutting: Cutting,
    held_out: Text | None,
    strange: Sequence[str],
) -> Iterable[str]:
    """Lines about the words that were made."""
    rows = [word for word in made.words if word != UNKNOWN and word not in special]
    kind, has = "letter" if cutting.letters else "word", {word_key(word) for word in template.table.words}
    lacking = sum(word_key(word) not in has for word in rows)
    left = "; its learned weights do not fit them and are left out" if template.trained else ""
    rest = f"; the {made.out:,} rarest others are read as {UNKNOWN}" if made.out else ""
    yield (
        f"the vocabulary is made of the {_number(len(rows), kind)} of {text.path.name:.60}, of which template "
        f"{template.name} lacks {lacking:,}{left}{rest}"
    )
    if made.joined:
        yield (
            f"{_number(made.joined, 'spelling')} differ{'s' * (made.joined == 1)} from others in capitals or "
            "width alone, which no sheet tells apart: the most frequent one stands for all"
        )
    if held_out is not None and strange:
        yield f"{held_out.path.name:.60}: not in {text.path.name:.60}, read as {UNKNOWN}: {listed(strange, 8)}"
    if len(made.words) > MANY:
        yield f"{len(made.words):,} words make a large workbook: `most_words=500` keeps the most frequent"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
