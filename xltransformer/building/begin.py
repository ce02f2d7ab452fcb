"""The beginning of a template of one's own, with a comment for each key: it builds as it is."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from xltransformer.building.initial import drawn_for, shown_first
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import SWITCHES, load_template, own_template
from xltransformer.building.template import DEFAULT_TEMPLATE
from xltransformer.errors import UserError
from xltransformer.files import check_free, save
from xltransformer.locale import Messages, load_messages
from xltransformer.text import split_sentence

ENDINGS = (".toml",)
FEWEST, MORE = 2, 4
"""How many dimensions words have, and how many where a model cannot do with so few."""
WIDE = 96
"""How many letters a line of a comment has."""
CLOSING = "，。；：、）”？！"
"""Marks that no line begins with."""
PARTED = 40
"""The column in which the comment on a key begins, where the key leaves room."""


def new(
    path: str | Path,
    sentences: Sequence[str],
    template: str | None = None,
    *,
    language: str = "en",
    force: bool = False,
) -> Path:
    """Begin a template (.toml) over some sentences: a comment for each key, words with zeros to edit, and an
    experiment. It builds as it is.

    `template` is one that ships, whose model is taken, by default that of the lessons on attention; comments and
    texts are in the `language`; `force` replaces a file that exists. Returns where it was written. Raises
    UserError, before anything is written, for whatever cannot be used.

        new("bank.toml", ["river bank and water", "money bank and credit"])
        build("bank.xlsx", template="bank.toml")
    """
    target = Path(path)
    check_free(target, ENDINGS, force=force)
    save(begun(target, sentences, template, language).encode("utf-8"), target, ENDINGS, force=force)
    return target


def begun(path: Path, sentences: Sequence[str], template: str | None, language: str) -> str:
    """The text of the template; UserError where its model cannot be built over the sentences."""
    messages = load_messages(language)
    if isinstance(sentences, str):
        sentences = [sentences]
    if not sentences:
        raise UserError("a template needs a sentence: give one with `sentences`")
    entry = load_template(DEFAULT_TEMPLATE if template is None else template)
    draft = Draft(path, entry.model, sentences, _split(sentences, spells=entry.entry.spells), messages)
    try:
        instance = draft.built(draft.needed())
    except UserError:  # such as two heads, of which each needs pairs of numbers
        draft.width = MORE
        instance = draft.built(draft.needed())
    text = draft.whole(instance)
    draft.built(text)
    return text


def _split(sentences: Sequence[str], *, spells: bool) -> list[list[str]]:
    """The words of each sentence, or its letters where a model `spells`."""
    return [[*re.sub(r"\s", "", text)] if spells else split_sentence(text) for text in sentences]


class Draft:
    """A template as it is written: for a file at `path`, of a `model` over `sentences`, which are `split`
    into words, with `width` dimensions, in a language."""

    width = FEWEST

    def __init__(
        self,
        path: Path,
        model: str,
        sentences: Sequence[str],
        split: Sequence[Sequence[str]],
        messages: Messages,
    ) -> None:
        self.path, self.model, self.sentences = path, model, sentences
        self.split, self.messages = split, messages
        self.words = list(dict.fromkeys(word for words in split for word in words))

    @property
    def dimensions(self) -> list[str]:
        """The names of its dimensions."""
        return [self.messages("new.dimension", number=k) for k in range(1, self.width + 1)]

    def built(self, text: str) -> Instance:
        """What a text builds; UserError with the model's own words where it does not."""
        template = own_template(self.path.stem, text, self.path.parent, self.messages.language)
        return make_instance(template, language=self.messages.language)

    def needed(self) -> str:
        """What no template can do without."""
        head = [f"model = {_text(self.model)}", f"sentences = {_list(self.sentences)}"]
        return "\n".join([*head, f"dimensions = {_list(self.dimensions)}", "[words]", *self.rows()])

    def watched(self, instance: Instance) -> str:
        """The longest word that every sentence has, which seldom is one such as “and”; where there is none, the
        one that is watched without a wish, or the first."""
        first = self.split[0]
        if shared := [word for word in first if all(word in others for others in self.split)]:
            return max(shared, key=lambda word: (len(word), first.index(word)))
        watch = instance.model.watch
        return self.words[0] if watch is None else str(instance.inputs[watch.choice.name][0, 0])

    def other(self, word: str) -> str:
        """The longest other word of the first sentence, one that not every sentence has where there is one."""
        first = self.split[0]
        own = [one for one in first if not all(one in others for others in self.split)] or first
        return max((one for one in own if one != word), key=len, default=self.words[0])

    def rows(self) -> list[str]:
        """The words with their zeros."""
        keys = [word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else _text(word) for word in self.words]
        longest = max(map(len, keys), default=0)
        zeros = ", ".join(["0.0"] * len(self.dimensions))
        return [f"{key:{longest}} = [{zeros}]" for key in keys]

    def whole(self, instance: Instance) -> str:
        """The text with a comment for each key."""
        messages, watch = self.messages, instance.model.watch
        word = self.watched(instance)
        head = [
            *_remark(messages("new.head", file=self.path.name)),
            *_remark(messages("new.keys", file=self.path.name)),
            "",
            _entry("model", _text(self.model), messages("new.model")),
            _entry("title", _text(messages("new.lesson", word=word)), messages("new.title")),
            _entry("# task", _text(messages("new.task_text", word=word)), messages("new.task")),
            _entry("sentences", _list(self.sentences), messages("new.sentences")),
        ]
        if watch is not None:
            head.append(_entry("watch", _text(word), messages("new.watch")))
            head.append(_entry("plane", _list(self.dimensions[:2]), messages("new.plane")))
        head.append(_entry("slots", str(instance.template.slots), messages("new.slots")))
        head.append(_entry("spare_rows", str(instance.template.spare_rows), messages("new.spare_rows")))
        head.append(_entry("seed", str(instance.template.seed), messages("new.seed")))
        if watch is not None and len(watch.keys) > 1:
            shown = watch.keys[shown_first(watch, instance.template)]
            head.append(_entry("shown", _text(shown), messages("new.shown", keys=", ".join(watch.keys))))
        head.append(_entry("dimensions", _list(self.dimensions), messages("new.dimensions")))
        tables = ["", *_remark(messages("new.words")), "[words]", *self.rows()]
        return "\n".join(
            [*head, *tables, *self._switches(instance), *self._tried(instance, word), *self._further(instance)]
        )

    def _switches(self, instance: Instance) -> list[str]:
        """The switches that the model has, as they stand."""
        names = [switch.last_name for switch in instance.model.switches if switch.last_name in SWITCHES]
        rows = [_entry(name, _value(SWITCHES[name]), self.messages(f"note.{name}")) for name in names]
        return ["", *_remark(self.messages("new.switches")), "[switches]", *rows] if rows else []

    def _tried(self, instance: Instance, word: str) -> list[str]:
        """An experiment on the first number of another word than the one that is watched."""
        messages, watch, dimension = self.messages, instance.model.watch, self.dimensions[0]
        other = self.other(word)
        parts = {"word": word, "other": other, "dimension": dimension, "cell": "{cell}"}
        do = messages("new.try", **parts)
        moves = watch is not None and not drawn_for(
            watch.outputs[shown_first(watch, instance.template)], instance.template
        )
        then = (
            messages("new.then_moves", **parts)
            if moves
            else messages("new.then", sheet=messages("sheet.baseline"), **parts)
        )
        return [
            "", *_remark(messages("new.experiments", cell="{cell}")), "[[experiments]]", 'block = "embeddings"',
            f"row = {_text(other)}", f"column = {_text(dimension)}", "above = 3",
            f"do = {_text(do)}", f"then = {_text(then)}",
        ]  # fmt: skip

    def _further(self, instance: Instance) -> list[str]:
        """Tables that may be there, too, as comments."""
        messages, lines = self.messages, []
        sections = list(dict.fromkeys(one.key for one in instance.model.sections if not one.behind))
        example = next((block for block in instance.model.parameters), None)
        other = "zh" if messages.language == "en" else "en"
        if sections:
            keys = ", ".join(sections)
            lines += [
                "",
                *_remark(messages("new.notes", keys=keys)),
                f"# [notes.{sections[0]}]",
                f'# {messages.language} = "…"',
            ]
        if example is not None:
            rows = ", ".join(["[" + ", ".join(["0.0"] * example.shape[1]) + "]"] * example.shape[0])
            lines += ["", *_remark(messages("new.weights")), "# [weights]", f"# {example.name} = [{rows}]"]
        lines += ["", *_remark(messages("new.languages")), f"# [languages.{other}]", '# sentences = ["…"]']
        lines += ["", *_remark(messages("new.glosses")), f"# [glosses.{other}]", f'# {_text(self.words[0])} = "…"']
        return [*lines, ""]


def _text(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _value(value: bool | float | str) -> str:
    if isinstance(value, str):
        return _text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _entry(key: str, value: str, comment: str) -> str:
    """A key with its comment beside it, or above it where there is no room."""
    line = f"{key} = {value}"
    if _width(line) < PARTED and PARTED + _width(comment) <= WIDE + 20:
        return f"{line}{' ' * (PARTED - _width(line))}# {comment}"
    return "\n".join([*_remark(comment), line])


def _remark(text: str) -> list[str]:
    """A comment in lines, which end after a word or a Chinese character, never before a mark."""
    lines, line = [], ""
    for piece in re.findall(r"[!-~]+|.", text):
        if line and _width(line + piece) > WIDE and piece not in CLOSING:
            lines.append(line.strip())
            line = ""
        line += piece
    return [f"# {one}" for one in (*lines, line.strip()) if one]


def _width(text: str) -> int:
    """How wide a text is in letters; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
