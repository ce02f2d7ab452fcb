"""Every word a workbook shows comes from the message files, and the languages that ship have every message."""

from __future__ import annotations

import os
import re
import shutil
import string
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
from cells import cells_of, read
from changes import Cells
from click.testing import CliRunner
from test_decoders import OPTIONS
from untrained import untrained

from xltransformer import api, locale
from xltransformer.building import instance as spec_instance
from xltransformer.building.instance import Instance, describe, make_instance, model_from
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates, template_folder
from xltransformer.classroom.selection import select
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.engines import Engine, engine
from xltransformer.errors import UserError
from xltransformer.graph import SwitchWords
from xltransformer.listing import lines
from xltransformer.locale import Messages, choice_words, in_language, languages, load_messages, switch_words
from xltransformer.locale.report import report
from xltransformer.nn.dense import DENSE
from xltransformer.nn.pooling import POOLINGS
from xltransformer.page.document import document
from xltransformer.size.configuration import QUANTITIES, configuration
from xltransformer.size.published import PUBLISHED
from xltransformer.workbook import described
from xltransformer.workbook.book import Variant, Workbook
from xltransformer.workbook.current import current_inputs
from xltransformer.workbook.layout import lay_out, lay_out_size
from xltransformer.workbook.panels import text_keys
from xltransformer.workbook.paper import Printed
from xltransformer.workbook.phrases import literal, needed
from xltransformer.workbook.reader import read_book

SOURCE = Path(api.__file__).parent
OPEN, CLOSE = "⟦", "⟧"


SHIPPED = ("en", "zh")
"""The languages that are complete; others may come and go, and what they lack is only reported."""


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", SHIPPED)
def test_no_message_is_missing_or_surplus(language: str) -> None:
    english, other = locale.read_texts("en"), locale.read_texts(language)
    assert sorted(other) == sorted(english)
    for key, text in english.items():
        assert fields(other[key]) == fields(text), key
        assert bool(other[key].strip()) == bool(text.strip()), key
        assert other[key] == other[key].strip() or text != text.strip(), key


@pytest.mark.parametrize("language", languages())
def test_no_text_of_a_language_is_wrong(language: str) -> None:
    """And of one that ships, and of its templates, none is missing."""
    told = report(language, template_folder())
    print(told, *told.lacks, sep="\n")
    assert not told.faults
    assert not (told.lacks and language in SHIPPED)


@pytest.mark.parametrize("language", SHIPPED)
def test_a_language_that_ships_turns_switches_in_every_workbook(language: str) -> None:
    """So that no workbook has to carry its words, whichever other languages there are."""
    texts = locale.read_texts(language)
    assert texts["switch.on"] in SwitchWords().on
    assert texts["switch.off"] in SwitchWords().off


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


MARIAN = {"halves": True, "stretched": True, "activation": "silu", "never": "a", "output_bias": True}
"""Options of a published translator."""
THREE = {"classes": ["a", "b", "c"]}
CLASSIFIERS: tuple[dict[str, Any], ...] = (
    THREE,
    THREE | {"answers": "sigmoid", "dense_activation": "relu", "separator": "sat"},
    THREE | {"answers": "number", "dense_activation": "none"},
    THREE | {"classifies": "words"},
    {"classes": ["a"], "answers": "sigmoid"},
    {"classes": ["a"], "answers": "number"},
    {"classes": [f"c{k}" for k in range(20)], "classifies": "words"},
)
"""Options of BERT as a classifier, of every kind."""


def test_every_message_is_used_and_every_key_there(tmp_path: Path) -> None:
    """A key that is asked for and not there is a KeyError; one that no workbook asks for is surplus."""
    recorded = Recording(load_messages("en").texts)
    messages = Messages("en", recorded)
    for template in shipped_templates():
        for sentences, gradients in (([], 0), (["a zebra"], 0), ([], 1)):
            if gradients and (not make_instance(template).model.goals or template == "sort-letters"):
                continue  # nothing to learn, or too large a backward pass
            instance = make_instance(template, sentences, settings={"gradients": gradients})
            lay_out(instance, instance.trace(), messages)
    alone = make_instance("cat-and-mouse", ["mouse"], slots=0)
    plain = make_instance(untrained("recurrent", tmp_path))  # which predicts nothing
    asked = (
        ("llama", {"longer": "together"}),
        ("llama", {"longer": "by_pair"}),
        ("recurrent", {"lstm_state": 0, "gru_state": 0}),
        *(("sentences", {"pooling": how}) for how in POOLINGS),
    )
    others = [make_instance(template, settings=settings) for template, settings in asked]
    small: tuple[tuple[str, dict[str, Any]], ...] = (
        ("feed-forward", {"biases": False}),
        ("decoder", {"biases": False}),
        ("encoder", {"classes": ["kind", "so-so", "unkind"]}),
        ("encoder-decoder", MARIAN | {"layers": 1, "gradients": 1, "d_model": 4, "d_ff": 4}),
        ("bert", {"relative": True, "pad": "sat", "gradients": 1, "layers": 1, "d_model": 4, "d_ff": 4}),
        *(("bert", one | {"layers": 1, "gradients": 1, "d_model": 4, "d_ff": 4}) for one in CLASSIFIERS),
        *((template, one | {"gradients": 1}) for template, one in OPTIONS.values()),
        *(("sentences", {"dense": 4, "dense_activation": one, "dense_bias": False}) for one in DENSE),
    )
    others += [make_instance(untrained(name, tmp_path), settings=settings) for name, settings in small]
    for shown in (None, "projected_attention"):  # which draws its weights
        others.append(make_instance(replace(load_template("cat-and-mouse"), weights={}, shown=shown)))
    single = make_instance("recurrent", ["cat"])
    for instance in (alone, plain, single, *others):
        lay_out(instance, instance.trace(), messages)
    instance = make_instance("cat-and-mouse", slots=0)
    for name in ("Ada", ""):
        left, variant = select(instance), Variant(1, 2, name, 0)
        one_cell = {block: cells[:1] for block, cells in left.items()}
        printed = Printed(handout=True, key=True, left=one_cell, whose=variant)
        drawn = lay_out(instance, instance.trace(), messages, left, variant=variant, printed=printed)
        document(instance, drawn, b"", "exercise")
    for template in ("cat-and-mouse", "gpt", "trainable-attention"):
        instance = make_instance(template)
        document(instance, lay_out(instance, instance.trace(), messages), b"", template)
    lay_out(plain, plain.trace(), messages, printed=Printed(handout=True, left=select(plain)))
    lay_out_size(configuration(), messages)
    for name in ("byte-pair", "gpt", "backpropagation"):
        lines(make_instance(name), messages)
    written = set(re.findall(r"""messages(?:\.get)?\(\s*"([\w.]+)"[,)]""", source_text()))
    assert written > {"start.title", "worked.missing", "exercise.total"}
    texts = load_messages("en").texts
    assert sorted(written - set(texts)) == []
    surplus = sorted(set(texts) - recorded.asked - written - set(spoken(texts)))
    assert not surplus, surplus


def spoken(keys: Iterable[str]) -> Iterator[str]:
    """The messages that the page's scripts say, which name them without what they begin with, or by their
    beginning."""
    scripts = "\n".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.js")))
    begun = tuple(re.findall(r"`(\w+_)\$\{", scripts))
    for key in keys:
        name = key.removeprefix("page.")
        if name != key and (f'"{name}"' in scripts or name.startswith(begun)):
            yield key


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
    texts |= {*instance.sentences, *MATHEMATICS}
    texts |= {*instance.template.title.values(), *instance.template.task.values()}
    texts |= {*instance.template.glosses.values()}
    texts |= {text for notes in instance.template.notes.values() for text in notes.values()}
    texts |= {*configuration(), *(known.name for known in PUBLISHED), *(known.source for known in PUBLISHED)}
    texts |= {text for quantity in QUANTITIES for text in (quantity.name, quantity.notation)}
    texts |= {
        *switch_words().on,
        *switch_words().off,
        *choice_words().on,
        *choice_words().off,
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
        for cell in (*cells_of(sheet).values(), *(paragraph.cell for paragraph in sheet.paragraphs)):
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


@pytest.mark.parametrize("exercise", [(), ("default",)])
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
    experiments = re.compile("|".join(re.sub(r"(\\ )?\\{cell\\}", ".+", text) for text in told) or "(?!)")
    allowed = {bare(entry) for entry in data}
    names = {block.last_name for block in instance.model.blocks.values()}
    marked = 0
    for where, text in texts:
        if text.startswith(f"{described.NAME}."):  # out of sight, for xlt to read
            continue
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
    instance = make_instance(template, language="zh")
    values = instance.trace()
    own = {str(text) for b in instance.model.blocks.values() if b.text for text in values[b.name].ravel()}
    own |= {*instance.sentences, *(known.source for known in PUBLISHED)}
    told = [instance.template.title, *instance.template.notes.values()]
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
    symbols = {cell.content for s in book.sheets for cell in cells_of(s).values() if cell.style[0] == "symbol"}
    assert symbols >= {"scores", "scaled", "masked", "weights", "output", "X", "Q", "K", "V", "W_Q"}


def test_a_language_that_is_not_there(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["build", "--lang", "tlh", "-o", str(tmp_path / "no.xlsx")])
    assert run.exit_code == 2
    assert run.stderr == f"xlt: no language 'tlh': give one of {', '.join(languages())}\n"


FRENCH = """
[start]
title = "L'attention, pas à pas"
sentence = "Phrase{letter}"

[setting]
scaling = "échelle"

[switch]
on = "oui"
off = "non"
"""
"""A language as it begins: a few texts, and its own words for switches."""


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package in which French is one more file."""
    folder = tmp_path_factory.mktemp("french")
    shutil.copytree(SOURCE, folder / "xltransformer", ignore=shutil.ignore_patterns("__pycache__", "templates"))
    shutil.copytree(template_folder(), folder / "xltransformer" / "templates")
    (folder / "xltransformer" / "locale" / "fr.toml").write_text(FRENCH, "utf-8")
    return folder


def xlt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of the copy of the package in a folder."""
    command = [sys.executable, "-m", "xltransformer", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def built_in(folder: Path, name: str, *arguments: str) -> Path:
    path = folder / f"{name}.xlsx"
    done = xlt(folder, "build", "--force", "-o", path.name, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return path


def numbers(path: Path, used: Engine) -> dict[str, Any]:
    """What an engine finds in every block of numbers."""
    book, results = read_book(path), used.recalculate(path)
    return {name: read(results, book.homes[name]) for name, b in book.model.blocks.items() if not b.text}


def assert_agrees(path: Path, engine_name: str = "ironcalc") -> None:
    result = diff(path, engine_name)
    assert result.ok, result.problems


def turned(path: Path, name: str) -> Any:
    """What NumPy makes of a switch as it stands in a workbook."""
    book = read_book(path)
    inputs, problems = current_inputs(book, {})
    assert not problems
    return book.model.trace(inputs)[f"switches.{name}_on"].item()


@pytest.mark.parametrize(
    ("template", "settings", "switches"),
    [
        ("cat-and-mouse", ["switches.causal=true"], {"scaling": 1.0, "causal": 1.0}),
        ("first-attention", [], {"scaling": 0.0}),
        ("trainable-attention", ["switches.momentum=true"], {"momentum": 1.0}),
    ],
)
def test_french_in_one_file_means_the_same(
    template: str, settings: list[str], switches: dict[str, float], french: Path
) -> None:
    """Read here, where there is no French, to the last bit the same as in English."""
    given = ["--template", template, *(part for setting in settings for part in ("--set", setting))]
    path, english = (built_in(french, f"{template}.{code}", *given, "--lang", code) for code in ("fr", "en"))
    book = read_book(path)
    assert book.description["language"] == "fr"
    assert book.description["switch_words"] == {"on": ["oui"], "off": ["non"]}
    for name, value in switches.items():
        place = book.homes[f"switches.{name}"]
        assert book.holds(place, 0, 0) == ("oui" if value else "non")
        assert turned(path, name) == value
    assert_agrees(path)
    found, expected = (numbers(one, engine("ironcalc")) for one in (path, english))
    assert found.keys() == expected.keys()
    for name, values in found.items():
        np.testing.assert_array_equal(values, expected[name], name)
    texts = [str(cell.value) for row in openpyxl.load_workbook(path).worksheets[0] for cell in row]
    assert any(text.startswith("Phrase") for text in texts)
    assert load_messages("en")("start.map") in texts


@pytest.mark.parametrize("code", ["en", "zh", "fr"])
def test_oui_typed_turns_a_switch_whatever_the_language(code: str, french: Path, tmp_path: Path) -> None:
    path = typed(built_in(french, f"typed.{code}", "--lang", code), tmp_path / "typed.xlsx")
    assert (turned(path, "scaling"), turned(path, "causal")) == (0.0, 1.0)
    assert_agrees(path)
    found = numbers(path, engine("ironcalc"))
    assert (found["switches.scaling_on"].item(), found["switches.causal_on"].item()) == (0.0, 1.0)


def typed(path: Path, target: Path) -> Path:
    """The workbook with other words in its switches, in any case."""
    book, cells = read_book(path), Cells(path)
    for name, word in (("scaling", "Non"), ("causal", "OUI")):
        cells.put(book.homes[f"switches.{name}"], 0, 0, word)
    cells.save(target)
    return target


def test_libreoffice_takes_oui(french: Path, tmp_path: Path) -> None:
    path = built_in(french, "office", "--lang", "fr")
    assert_agrees(path, "libreoffice")
    changed = typed(path, tmp_path / "typed.xlsx")
    assert_agrees(changed, "libreoffice")
    found = numbers(changed, engine("libreoffice"))
    assert (found["switches.scaling_on"].item(), found["switches.causal_on"].item()) == (0.0, 1.0)
    checks = [cell for row in openpyxl.load_workbook(changed)[load_messages()("sheet.checks")] for cell in row]
    assert any('="oui"' in str(cell.value) for cell in checks)


@pytest.mark.parametrize("command", ["build", "size"])
def test_the_languages_to_choose_come_from_the_files(command: str, french: Path) -> None:
    assert "--lang en|fr|zh " in xlt(french, command, "--help").stdout


def test_a_workbook_built_without_french_does_not_know_oui(default_workbook: tuple[Path, Instance], french: Path,
                                                          tmp_path: Path) -> None:  # fmt: skip
    """And where French is there, it is still read as it was built."""
    path = typed(default_workbook[0], french / "without.xlsx")
    assert turned(path, "causal") == 0.0
    assert_agrees(path)
    done = xlt(french, "diff", path.name)
    assert done.returncode == 0, done.stdout


def test_a_french_workbook_is_trained_where_there_is_no_french(french: Path, tmp_path: Path) -> None:
    path, trained = built_in(french, "learns", "--lang", "fr"), tmp_path / "trained.xlsx"
    run = CliRunner().invoke(main, ["train", str(path), "--steps", "1", "-o", str(trained)])
    assert run.exit_code == 0, run.stderr
    book = read_book(trained)
    assert book.description["switch_words"] == {"on": ["oui"], "off": ["non"]}
    assert book.holds(book.homes["switches.scaling"], 0, 0) == "oui"
    assert turned(trained, "scaling") == 1.0
    assert_agrees(trained)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of languages to write into, with English alone, in place of the package's own."""
    monkeypatch.setattr(locale, "_FOLDER", tmp_path)
    (tmp_path / "en.toml").write_bytes((SOURCE / "locale" / "en.toml").read_bytes())
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    for kept in (locale.load_messages, locale.read_texts, locale.switch_words, locale.choice_words):
        kept.cache_clear()


def test_what_a_language_lacks_is_said_in_english(folder: Path) -> None:
    (folder / "fr.toml").write_text(FRENCH, "utf-8")
    french, english = load_messages("fr"), load_messages("en")
    assert french.texts.keys() == english.texts.keys()
    assert (french("start.title"), french("start.index")) == ("L'attention, pas à pas", "row")
    assert french("start.sentence", letter=" A") == "Phrase A"
    assert switch_words() == SwitchWords((*SwitchWords().on, "oui"), (*SwitchWords().off, "non"))
    (folder / "zh.toml").write_bytes((SOURCE / "locale" / "zh.toml").read_bytes())
    forget()
    assert switch_words() == SwitchWords((*SwitchWords().on, "oui"), (*SwitchWords().off, "non"))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"fr": 'on = "oui"', "xx": 'off = "OUI"'},
         "locale/xx.toml: [switch] off is 'OUI', which turns a switch on by locale/fr.toml: [switch] on: "
         "give another word"),
        ({"fr": 'on = "non"\noff = "non"'},
         "locale/fr.toml: [switch] off is 'non', which turns a switch on by locale/fr.toml: [switch] on: "
         "give another word"),
        ({"fr": 'on = "0"'},
         "locale/fr.toml: [switch] on is '0', which turns a switch off by every workbook: give another word"),
        ({"fr": 'on = "o,ui"'},
         "locale/fr.toml: [switch] on is 'o,ui'; give a short word without quotation marks, commas, braces"),
        ({"fr": 'on = " oui"'},
         "locale/fr.toml: [switch] on is ' oui'; give a word that can be typed so, without blanks around it"),
        ({"fr": "on = true"},
         "locale/fr.toml: [switch] on is True; give a short word without quotation marks, commas, braces"),
    ],
)  # fmt: skip
def test_a_word_that_could_mean_both_is_refused(files: dict[str, str], told: str, folder: Path) -> None:
    for code, words in files.items():
        (folder / f"{code}.toml").write_text(f"[switch]\n{words}\n", "utf-8")
    run = CliRunner().invoke(main, ["build", "-o", str(folder / "no.xlsx")])
    assert (run.exit_code, run.stderr) == (2, f"xlt: {told}\n")
    assert not (folder / "no.xlsx").exists()


def test_more_words_than_a_formula_takes_are_refused(folder: Path) -> None:
    for k in range(100):
        (folder / f"l{k}.toml").write_text(f'[switch]\non = "on{k}"\n', "utf-8")
    with pytest.raises(UserError, match="more than 100 words"):
        switch_words()


FAULTS = {
    '[start]\nhead = "{t}"': "[start] head is '{t}'; it has {t}, and the English text {head}: give the same",
    '[start]\nhead = "{head"': "[start] head is '{head'; it has {, and the English text {head}: give the same",
    "[start]\ntitle = 3": "[start] title is 3; give a text, in quotation marks",
    "[start]\ntitle = 'Un \"titre\"'": "[start] title is 'Un \"titre\"'; leave out the quotation marks, which "
    "would end a formula's text, or write “ and ”",
    "[number]\nnot_found = '\"rien'": "[number] not_found is '\"rien'; give its quotation marks in pairs",
    '[sheet]\nstart = "A: ici"': "[sheet] start is 'A: ici'; a sheet's name has at most 24 letters here, and none "
    "of [ ] : * ? / \\ '",
    '[start]\ntitle = " Titre"': "[start] title is ' Titre'; leave out the blanks at its beginning or end",
    f'[note]\nreach = "{"é" * 256}"': f"[note] reach is {'é' * 256!r:.60}; Excel shows at most 255 letters there: "
    "shorten it",
}
"""What may be wrong in the file of a language, and what is told of it."""


@pytest.mark.parametrize("said", list(FAULTS))
def test_what_would_break_a_workbook_is_told(said: str, folder: Path) -> None:
    (folder / "fr.toml").write_text(said, "utf-8")
    run = CliRunner().invoke(main, ["languages", "fr"])
    assert run.exit_code == 1
    assert f"  locale/fr.toml: {FAULTS[said]}\n" in run.stdout
    run = CliRunner().invoke(main, ["build", "--lang", "fr", "-o", str(folder / "no.xlsx")])
    assert (run.exit_code, run.stderr) == (2, f"xlt: locale/fr.toml: {FAULTS[said]}\n")


def test_a_file_that_is_no_toml_is_told(folder: Path) -> None:
    (folder / "fr.toml").write_text("[start\n", "utf-8")
    run = CliRunner().invoke(main, ["languages"])
    assert run.exit_code == 2
    assert run.stderr.startswith("xlt: locale/fr.toml is not valid TOML in UTF-8: ")


def test_how_far_a_language_is_translated(folder: Path) -> None:
    (folder / "fr.toml").write_text(FRENCH, "utf-8")
    run = CliRunner().invoke(main, ["languages"])
    english, french = run.stdout.splitlines()
    assert re.fullmatch(r"en  ([\d,]+) of \1 texts, (\d+) of \2 in templates", english)
    assert re.fullmatch(r"fr  5 of [\d,]+ texts, 0 of \d+ in templates", french)
    assert run.exit_code == 0
    run = CliRunner().invoke(main, ["languages", "fr"])
    assert run.exit_code == 0
    lines = run.stdout.splitlines()
    assert lines[0] == french
    assert "  locale/fr.toml: [step.scores] title, formula, question" in lines
    assert not any(line.startswith("  locale/fr.toml: [switch] on") for line in lines)
    (line,) = (line for line in lines if line.startswith("  templates/trainable-attention.toml: "))
    assert {"[title] fr", "[notes.update] fr", "experiment 3: to.fr", "[languages.fr] words"} <= {
        *line.partition(": ")[2].split("; ")
    }
    run = CliRunner().invoke(main, ["languages", "tlh"])
    assert (run.exit_code, run.stderr) == (2, "xlt: no language 'tlh': give one of en, fr\n")


def test_a_key_that_english_does_not_have_is_told(folder: Path) -> None:
    """It breaks nothing, so that a workbook is built."""
    (folder / "fr.toml").write_text(f'{FRENCH}\n[step.scores]\ntitel = "Scores"\n', "utf-8")
    run = CliRunner().invoke(main, ["languages"])
    assert run.exit_code == 1
    told = "[step.scores] titel is no text in English; did you mean [step.scores] title?"
    assert run.stdout.endswith(f"  locale/fr.toml: {told}\n")
    assert load_messages("fr")("step.scores.title") == "Scores"


def test_a_template_whose_translation_lacks_its_cell_is_told(folder: Path) -> None:
    text = (template_folder() / "apple.toml").read_text("utf-8").replace("把 {cell} 里的", "把 里的")
    (folder / "apple.toml").write_text(text, "utf-8")
    (folder / "zh.toml").write_text("", "utf-8")
    told = "templates/apple.toml: experiment 1: do.zh has not the {names} of the English text"
    assert report("zh", folder).faults == (told,)


@pytest.mark.parametrize("wanted", [("fr", "en", "zh"), ("fr", "zh"), ("en",)])
def test_a_template_speaks_english_where_it_lacks_the_language(wanted: tuple[str, ...]) -> None:
    texts = {code: f"a text in {code}" for code in reversed(wanted)}
    first = "fr" if "fr" in wanted else "en"
    assert in_language(texts, "fr") == f"a text in {first}"
    assert in_language(texts, "xx") == f"a text in {'en' if 'en' in wanted else 'zh'}"
    assert in_language({}, "fr") == ""


LACKS = ("step.scores.title", "step.scores.question", "section.self_attention.intro", "answer.moves_up",
         "picture.moves", "setting.scaling", "sheet.compare")  # fmt: skip


def test_all_texts_that_a_model_lacks_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {key: text for key, text in load_messages("en").texts.items() if key not in LACKS}
    instance = make_instance()
    told = (
        "locale/en.toml lacks [section.self_attention] intro; [step.scores] title, question; [sheet] compare; "
        "[setting] scaling; [picture] moves; [answer] moves_up: add what is missing there"
    )
    with pytest.raises(UserError, match=re.escape(told)):
        lay_out(instance, instance.trace(), Messages("en", texts))
    with pytest.raises(UserError, match=re.escape("locale/en.toml lacks [step.scores] title: ")):
        Messages("en", texts)("step.scores.title")


@pytest.mark.parametrize("key", ["answer.looks", "picture.looks", "step.scores.title"])
def test_a_text_that_asks_for_what_it_is_not_filled_with_is_told(key: str) -> None:
    texts, instance = load_messages("en").texts, make_instance()
    table, _, name = key.rpartition(".")
    told = f"locale/en.toml: [{table}] {name} has {{nobody}}, and is filled with "
    with pytest.raises(UserError, match=re.escape(told)):
        lay_out(instance, instance.trace(), Messages("en", {**texts, key: "by {nobody}"}))


@pytest.mark.parametrize("template", shipped_templates())
def test_every_text_of_a_model_is_asked_for_beforehand(template: str) -> None:
    """Whatever a model's own sheets ask for is among what is told to be missing."""
    instance, recorded = make_instance(template), Recording(load_messages("en").texts)
    lay_out(instance, instance.trace(), Messages("en", recorded))
    needs = {*needed(instance.model)}
    assert needs <= {*recorded}
    own = re.compile(r"section\.\w+\.|step\.|answer\.(?!itself)|picture\.(?!after|moves|across|up)")
    optional = {f"section.{part}.title" for block in instance.model.blocks for part in block.split(".")}
    steps = [step for section in instance.model.sections for step in section.steps]
    optional |= {key for step in steps for part in ("formula", "question") for key in text_keys(step, part)}
    asked = {key for key in recorded.asked if own.match(key)}
    assert asked - needs <= optional, sorted(asked - needs - optional)


@pytest.mark.parametrize(
    "words", [{"on": ["off"]}, {"off": ['"']}, {"on": [3]}, {"on": 3}, ["on"], "on", {"on": ["a", "x" * 41]}]
)
def test_a_description_with_words_that_cannot_be_is_refused(words: Any) -> None:
    description = {**describe(make_instance()), "switch_words": words}
    with pytest.raises(ValueError, match=r"."):
        model_from(description)


def test_a_long_text_stands_in_pieces_in_a_formula() -> None:
    """Excel takes at most 255 characters between quotation marks."""
    text = 'said “so”, or "so", ' * 40
    pieces = re.findall('"((?:[^"]|"")*)"', literal(text))
    assert literal(text) == "&".join(f'"{piece}"' for piece in pieces)
    assert "".join(pieces).replace('""', '"') == text
    assert max(map(len, pieces)) > 255 >= max(len(piece.replace('""', '"')) for piece in pieces)
    assert (literal(""), literal("a")) == ('""', '"a"')
