"""The words shown in workbooks, one TOML file a language; a further language is one more file.

What a language does not say is said in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xltransformer.errors import UserError
from xltransformer.record import record

if TYPE_CHECKING:
    from xltransformer.graph import SwitchWords

_FOLDER = Path(__file__).parent
ENGLISH = "en"
MOST_NAME, MOST_NOTE = 24, 255
"""Excel's limits for the letters of a sheet's name (31 with its number) and of what shows beside a cell."""
MOST_WORD, MOST_WORDS = 40, 100
"""The most letters of a word that turns a switch, and the most such words: a formula asks for every one."""


T = TypeVar("T")
Texts = Mapping[str, str]
"""One text in several languages: {"en": …, "zh": …}."""


def in_language(texts: Texts, language: str) -> str:
    """A text in a language, or else in English, or else in the first that it has; empty where it has none."""
    return said_in(texts, language, "")


def said_in(told: Mapping[str, T], language: str, none: T) -> T:
    """The same of whatever is told in several languages; `none` where nothing is."""
    return told.get(language) or told.get(ENGLISH) or next(iter(told.values()), none)


@record
class Messages:
    """The messages of one language, by dotted key, in English where the language lacks them."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **parts: object) -> str:
        """The message with its {parts} filled in; UserError where there is none, or it asks for others."""
        try:
            return self.pattern(key).format(**parts)
        except KeyError as error:
            raise unknown_part(key, error.args[0], parts) from None

    def pattern(self, key: str) -> str:
        """The message with its {parts} as they are; UserError where there is none."""
        if key not in self.texts:
            self.expect([key])
        return self.texts[key]

    def get(self, key: str, default: str) -> str:
        return self.texts.get(key, default)

    def expect(self, keys: Iterable[str]) -> None:
        """Raise UserError that names every key without a message, by its table."""
        if lacking := [key for key in dict.fromkeys(keys) if key not in self.texts]:
            raise UserError(f"{file_of(ENGLISH)} lacks {'; '.join(by_table(lacking))}: add what is missing there")


def unknown_part(key: str, name: str, known: Iterable[str]) -> UserError:
    """The error that names a {name} in a message that is not filled there; other languages are held to English."""
    listed = " ".join(f"{{{part}}}" for part in known) or "none"
    return UserError(f"{file_of(ENGLISH)}: {by_table([key])[0]} has {{{name}}}, and is filled with {listed}")


def languages() -> list[str]:
    """The languages there are, by code."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def file_of(language: str) -> str:
    """The file of a language, as people are told it."""
    return f"locale/{language}.toml"


def by_table(keys: Iterable[str]) -> list[str]:
    """Dotted keys as they stand in a file, a text for each table: `[step.scores] question, title`."""
    tables: dict[str, list[str]] = {}
    for table, _, name in (key.rpartition(".") for key in keys):
        tables.setdefault(table, []).append(name)
    return [f"[{table}] {', '.join(names)}" for table, names in tables.items()]


def check_language(language: str) -> None:
    """Raise UserError where there is no such language."""
    if language not in languages():
        raise UserError(f"no language {language!r}: give one of {', '.join(languages())}")


@cache
def load_messages(language: str = ENGLISH) -> Messages:
    """The messages of a language; UserError where there is no such language, or its file cannot be used."""
    check_language(language)
    if found := list(faults(language)):
        more = f" and {len(found) - 1} more (xlt languages {language} tells them)" if len(found) > 1 else ""
        raise UserError(f"{file_of(language)}: {found[0]}{more}")
    own = read_texts(language)
    return Messages(language, {key: own.get(key) or text for key, text in read_texts(ENGLISH).items()})


@cache
def read_texts(language: str, table: str = "") -> Mapping[str, Any]:
    """What stands in the file of a language, or in one table, by dotted key; UserError where it is no TOML."""
    import tomllib

    try:
        text = (_FOLDER / f"{language}.toml").read_text("utf-8")
        alone = re.search(rf"^\[{table}\]$.*?(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL) if table else None
        return dict(_flat(tomllib.loads(alone[0] if alone else text)))
    except ValueError as error:
        raise UserError(f"{file_of(language)} is not valid TOML in UTF-8: {error}; correct it there") from None


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def faults(language: str) -> Iterator[str]:
    """What would break a workbook, each fault in a line with its table and key; keys that English lacks do not."""
    english = read_texts(ENGLISH)
    for key, text in read_texts(language).items():
        if key in english and (fault := _fault(key, text, english[key])):
            yield f"{by_table([key])[0]} is {text!r:.60}; {fault}"


def _fault(key: str, text: Any, english: str) -> str:
    """What is wrong with one text, beside the English one; nothing where it is well."""
    if not isinstance(text, str):
        return "give a text, in quotation marks"
    if not text.strip():
        return ""
    if parts(text) != parts(english):
        return f"it has {_listed(parts(text))}, and the English text {_listed(parts(english))}: give the same"
    if key.startswith("number."):
        return "" if text.count('"') % 2 == 0 else "give its quotation marks in pairs"
    if '"' in text:
        return "leave out the quotation marks, which would end a formula's text, or write “ and ”"
    if text != text.strip() and english == english.strip():
        return "leave out the blanks at its beginning or end"
    if key.startswith("sheet.") and (len(text) > MOST_NAME or re.search(r"[\[\]:*?/\\']", text)):
        return f"a sheet's name has at most {MOST_NAME} letters here, and none of [ ] : * ? / \\ '"
    if (key.startswith("note.") or key.endswith("_error")) and len(text) > MOST_NOTE:
        return f"Excel shows at most {MOST_NOTE} letters there: shorten it"
    return ""


def parts(text: str) -> list[str]:
    """The {names} of a text, and braces that are none, in order of the alphabet."""
    return sorted(re.findall(r"\{\w*\}|[{}]", text))


def _listed(names: list[str]) -> str:
    return " ".join(names) or "none"


@cache
def switch_words() -> SwitchWords:
    """What turns switches on and off: the words of every language there is. UserError for a word that cannot be
    used, or that means the opposite in another language."""
    from xltransformer.graph import SwitchWords

    return _of_every_language(SwitchWords())


@cache
def choice_words() -> SwitchWords:
    """What turns the choice of the next word to chance and back, in the same way."""
    from xltransformer.graph import CHOICE

    return _of_every_language(CHOICE)


def _of_every_language(usual: SwitchWords) -> SwitchWords:
    told = (
        (f"{file_of(language)}: [switch] {key.partition('.')[2]}", on, said)
        for language in languages()
        for key, on in zip(usual.said, (True, False), strict=True)
        if (said := read_texts(language, "switch").get(key))
    )
    return turned_by(told, usual)


def turned_by(told: Iterable[tuple[str, bool, Any]], usual: SwitchWords) -> SwitchWords:
    """The usual words, which hold in every workbook, and those that are told: of each where it stands, whether it
    turns a switch on, and the word. UserError for one that cannot be used, or that says both."""
    from xltransformer.graph import SwitchWords
    from xltransformer.text import clean, word_key

    words = {True: [*usual.on], False: [*usual.off]}
    known = {word_key(word): (turns, "every workbook") for turns, some in words.items() for word in some}
    for where, turns, word in told:
        if not isinstance(word, str) or not 0 < len(word) <= MOST_WORD or re.search('["{},]', word):
            raise UserError(f"{where} is {word!r:.60}; give a short word without quotation marks, commas, braces")
        if word != " ".join(clean(word).split()):
            raise UserError(f"{where} is {word!r}; give a word that can be typed so, without blanks around it")
        if word_key(word) not in known:
            known[word_key(word)] = turns, where
            words[turns].append(word)
        before, there = known[word_key(word)]
        if before != turns:
            state = "on" if before else "off"
            raise UserError(f"{where} is {word!r}, which turns a switch {state} by {there}: give another word")
    if max(map(len, words.values())) > MOST_WORDS:
        raise UserError(f"there are more than {MOST_WORDS} words that turn a switch: use fewer languages")
    return SwitchWords(tuple(words[True]), tuple(words[False]), usual.said)
