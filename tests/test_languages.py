"""Every word a workbook shows comes from the message files, and every language has every message."""

from __future__ import annotations

import re
import string
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from click.testing import CliRunner
from untrained import untrained

from xltransformer import api, locale
from xltransformer.building import instance as spec_instance
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.shipped import shipped_templates
from xltransformer.cli import main
from xltransformer.exercise import DEFAULT_STEPS, exercise_blocks
from xltransformer.locale import Messages, languages, load_messages, switch_words
from xltransformer.size.configuration import QUANTITIES, configuration
from xltransformer.size.published import PUBLISHED
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out, lay_out_size

SOURCE = Path(api.__file__).parent
OPEN, CLOSE = "⟦", "⟧"


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", languages())
def test_no_message_is_missing_or_surplus(language: str) -> None:
    english, other = load_messages("en").texts, load_messages(language).texts
    assert sorted(other) == sorted(english)
    for key, text in english.items():
        assert fields(other[key]) == fields(text), key
        assert bool(other[key].strip()) == bool(text.strip()), key
        assert other[key] == other[key].strip() or text != text.strip(), key


@pytest.mark.parametrize("language", languages())
def test_no_message_breaks_a_formula(language: str) -> None:
    """They stand between double quotes there; number formats alone have quotes of their own."""
    for key, text in load_messages(language).texts.items():
        if key.startswith("number."):
            assert text.count('"') % 2 == 0
        else:
            assert '"' not in text, key


class Recording(dict[str, str]):
    """Texts that note which were asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(texts)
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def test_every_message_is_used_and_every_key_there(tmp_path: Path) -> None:
    """A key that is asked for and not there is a KeyError; one that no workbook asks for is surplus."""
    recorded = Recording(load_messages("en").texts)
    messages = Messages("en", recorded)
    for template in shipped_templates():
        for sentences, gradients in (([], 0), (["cat and zebra"], 0), ([], 1)):
            if gradients and (not make_instance(template).model.goals or template == "sort-letters"):
                continue  # nothing to learn, or too large a backward pass
            instance = make_instance(template, sentences, settings={"gradients": gradients})
            lay_out(instance, instance.trace(), messages)
    alone = make_instance("cat-and-mouse", ["mouse"], slots=0)
    plain = make_instance(untrained("recurrent", tmp_path))  # which predicts nothing
    asked = (
        ("llama", {"longer": "together"}),
        ("llama", {"longer": "by_pair"}),
        ("sentences", {"pooling": "first"}),
    )
    others = [make_instance(template, settings=settings) for template, settings in asked]
    for instance in (alone, plain, *others):
        lay_out(instance, instance.trace(), messages)
    instance = make_instance("cat-and-mouse", slots=0)
    lay_out(instance, instance.trace(), messages, exercise_blocks(instance.model, DEFAULT_STEPS))
    lay_out_size(configuration(), messages)
    written = set(re.findall(r"""messages(?:\.get)?\(\s*"([\w.]+)"[,)]""", source_text()))
    assert written > {"start.title", "worked.missing", "exercise.total"}
    texts = load_messages("en").texts
    assert sorted(written - set(texts)) == []
    surplus = sorted(set(texts) - recorded.asked - written)
    assert not surplus, surplus


def source_text() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py")))


@pytest.mark.parametrize("language", languages())
def test_every_section_and_step_of_every_template_has_its_words(language: str) -> None:
    texts = load_messages(language).texts
    count = 0
    for template in shipped_templates():
        for section in make_instance(template).model.sections:
            for key in (f"sheet.{section.key}", f"section.{section.key}.title", f"section.{section.key}.intro"):
                assert texts[key], key
            for step in section.steps:  # a backward step has its title from the step it goes back through
                title = f"step.{(step.backward_of or step).key}.title"
                assert {title, f"step.{step.key}.formula", f"step.{step.key}.question"} <= set(texts)
                count += 1
    assert count > 100


class Fake:
    """A language whose every message stands between marks; what is filled in stands outside them."""

    def __init__(self) -> None:
        def marked(key: str, text: str) -> str:
            if key.startswith("number.") and '"' in text:
                return re.sub(r'"([^"]+)"', rf'"{OPEN}\1{CLOSE}"', text)
            if not text:
                return ""
            return OPEN + re.sub(r"({[^}]*})", rf"{CLOSE}\1{OPEN}", text) + CLOSE

        texts = load_messages("en").texts
        self.messages = Messages("fake", {key: marked(key, text) for key, text in texts.items()})

    def __call__(self, language: str = "en") -> Messages:
        return self.messages


def unmarked(text: str) -> list[str]:
    """What of a text stands outside the marks, as far as it has letters."""
    while (shorter := re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", "\0", text)) != text:
        text = shorter
    assert OPEN not in text, text
    assert CLOSE not in text, text
    parts = re.split(r"[\0\n()]", text)
    return [bare(part) for part in parts if any(unicodedata.category(c).startswith("L") for c in part)]


def bare(text: str) -> str:
    """A text without the signs and digits around it."""
    return text.strip(" :;,.?!()[]“”=+/×·²\t\"'0123456789")


MATHEMATICS = {"exp", "max", "exp((", "max(", "√", "tanh", "erf", "sin", "cos", "σ", "ε"}


def user_data(instance: Instance) -> set[str]:
    """Texts that are the user's, the template's, or names of blocks."""
    values = instance.trace()
    texts = {str(text) for b in instance.model.blocks.values() if b.text for text in values[b.name].ravel()}
    texts |= {*instance.sentences, *instance.template.title.values(), *MATHEMATICS}
    texts |= {text for notes in instance.template.notes.values() for text in notes.values()}
    texts |= {*configuration(), *(known.name for known in PUBLISHED), *(known.source for known in PUBLISHED)}
    texts |= {text for quantity in QUANTITIES for text in (quantity.name, quantity.notation)}
    texts |= {
        *switch_words().on,
        *switch_words().off,
        "✓",
        "?",
    }  # a switch understands the words of every language
    for block in instance.model.blocks.values():
        texts |= {block.name, block.last_name, *block.rows.read(values), *block.columns.read(values)}
    return texts


def shown_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Everything a user can read in a workbook, with where it stands; of formulas their literals."""
    book = openpyxl.load_workbook(path)
    for sheet in book:
        if sheet.sheet_state == "visible":
            yield "sheet name", sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                where = f"{sheet.title}!{cell.coordinate}"
                if cell.data_type == "f":
                    yield from ((where, text) for text in literals(cell.value))
                elif isinstance(cell.value, str):
                    yield where, cell.value
                for quoted in re.findall(r'"([^"]*)"', cell.number_format):
                    yield f"{where} number format", quoted
                if cell.comment is not None:
                    yield f"{where} comment", cell.comment.text
                if cell.hyperlink is not None and cell.hyperlink.tooltip:
                    yield f"{where} tip", cell.hyperlink.tooltip
        for rule in sheet.data_validations.dataValidation:
            for text in (rule.error, rule.errorTitle, rule.prompt, rule.promptTitle):
                if text:
                    yield f"{sheet.title} validation", text
        for area in sheet.conditional_formatting:
            for rule in area.rules:
                for formula in rule.formula:
                    yield from ((f"{sheet.title} colours", text) for text in literals(f"={formula}"))
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            if name.startswith(("xl/charts/", "xl/drawings/draw")):
                for element in ElementTree.fromstring(parts.read(name)).iter():
                    if element.tag.endswith("}t") and element.text:
                        yield name, element.text


def drawn_texts(book: Workbook) -> Iterator[tuple[str, str]]:
    """The same of a workbook that is drawn but not written."""
    for sheet in book.sheets:
        yield "sheet name", sheet.name
        for cell in (*sheet.cells.values(), *(paragraph.cell for paragraph in sheet.paragraphs)):
            if cell.kind == "formula":
                yield from ((sheet.name, text) for text in literals(cell.content))
            elif cell.kind in ("text", "link"):
                yield sheet.name, cell.content if cell.kind == "text" else cell.shown
            yield from ((f"{sheet.name} number format", text) for text in re.findall(r'"([^"]*)"', cell.style[1]))
        for _, rule in sheet.validations:
            yield from ((f"{sheet.name} validation", rule[key]) for key in rule if key.endswith("_message"))


def literals(formula: str) -> list[str]:
    """The texts between quotes in a formula."""
    texts = [text.replace('""', '"') for text in re.findall('"((?:[^"]|"")*)"', formula)]
    assert all(len(text) <= 255 for text in texts), f"Excel takes no longer text: {texts}"
    return texts


@pytest.mark.parametrize("template", shipped_templates())
def test_no_word_is_written_in_code(template: str) -> None:
    instance = make_instance(template, ["cat and zebra"] if template == "feed-forward" else [])
    assert_marked(drawn_texts(lay_out(instance, instance.trace(), Fake()())), instance)


@pytest.mark.parametrize("exercise", [(), DEFAULT_STEPS])
def test_no_word_is_written_in_the_writer(
    exercise: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locale, "load_messages", Fake())
    monkeypatch.setattr(spec_instance, "load_messages", Fake())
    path = tmp_path / "fake.xlsx"
    assert_marked(shown_texts(path), api.build(path, language="fake", exercise=exercise))


ADDRESS = re.compile(r"[A-Z]{1,3}(\d+:[A-Z]{1,3})?")
"""A name of one letter, or an address as it is left without its last number."""


def assert_marked(texts: Iterator[tuple[str, str]], instance: Instance) -> None:
    data = user_data(instance)
    told = [re.escape(text) for e in instance.template.experiments for text in (*e.do.values(), *e.then.values())]
    experiments = re.compile("|".join(text.replace(re.escape("{cell}"), ".+") for text in told) or "(?!)")
    allowed = {bare(entry) for entry in data}
    names = {block.last_name for block in instance.model.blocks.values()}
    marked = 0
    for where, text in texts:
        marked += OPEN in text
        for rest in [] if text in data or experiments.fullmatch(text) else unmarked(text):
            words = re.findall("[A-Za-z_]+", rest)  # a formula of blocks, such as ∂W = Xᵀ · ∂Q
            named = all(word in names or len(word.strip("_")) == 1 for word in words)
            assert rest in allowed or named or ADDRESS.fullmatch(rest), f"{where}: {text!r} has {rest!r}"
    assert marked > 60


ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ ,]+[A-Za-z]{2,}){2,}")
"""Three English words in a row."""


@pytest.mark.parametrize("template", shipped_templates())
def test_chinese_workbook_has_no_english_sentence(template: str) -> None:
    instance = make_instance(template)
    values = instance.trace()
    own = {str(text) for b in instance.model.blocks.values() if b.text for text in values[b.name].ravel()}
    own |= {*instance.sentences, *(known.source for known in PUBLISHED)}
    told = [instance.template.title, *instance.template.notes.values()]
    assert all(set(texts) >= set(languages()) for texts in told), "the template's own texts"
    own |= {texts["zh"] for texts in told}  # they may quote an English sentence
    chinese = 0
    for where, text in drawn_texts(lay_out(instance, values, load_messages("zh"))):
        assert text in own or not ENGLISH.search(text), (where, text)
        chinese += bool(re.search("[\u4e00-\u9fff]", text))
    assert chinese > 50


def test_block_names_stay_english(tmp_path: Path) -> None:
    books = {}
    for language in languages():
        path = tmp_path / f"{language}.xlsx"
        api.build(path, language=language)
        books[language] = set(openpyxl.load_workbook(path).defined_names)
    first, *others = books.values()
    assert all(names == first for names in others)
    assert {"self_attention.scores" in name for name in first} == {True, False}
    assert all(name.isascii() for name in first)


@pytest.mark.parametrize("language", languages())
def test_symbols_are_the_blocks_names_in_every_language(language: str) -> None:
    instance = make_instance("cat-and-mouse")
    book = lay_out(instance, instance.trace(), load_messages(language))
    symbols = {cell.content for s in book.sheets for cell in s.cells.values() if cell.style[0] == "symbol"}
    assert symbols >= {"scores", "scaled", "masked", "weights", "output", "X", "Q", "K", "V", "W_Q"}


def test_a_language_that_is_not_there(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["build", "--lang", "tlh", "-o", str(tmp_path / "no.xlsx")])
    assert run.exit_code == 2
    assert run.stderr == "xlt: no language 'tlh': give one of en, zh\n"
