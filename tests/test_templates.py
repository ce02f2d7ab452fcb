"""Every shipped template: it builds, agrees, reads well in both languages, and keeps its promise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from office import Office

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.difference import diff_book
from xltransformer.engines import Engine, Results, engine
from xltransformer.graph import Array
from xltransformer.locale import in_language, languages, load_messages
from xltransformer.workbook.phrases import told
from xltransformer.workbook.reader import ReadBook, read_book

SHIPPED = [(name, language) for name in shipped_templates() for language in languages()]


class Books(dict[tuple[str, str], ReadBook]):
    """A template built in a language and read back, once it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __missing__(self, asked: tuple[str, str]) -> ReadBook:
        path = self.folder / f"{'-'.join(asked)}.xlsx"
        api.build(path, template=asked[0], language=asked[1])
        self[asked] = read_book(path)
        return self[asked]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return Books(tmp_path_factory.mktemp("templates"))


@dataclass
class Recalculated:
    """An engine whose work is done already."""

    results: Results
    name: str = "libreoffice"
    how_to_get: str = ""
    wide: bool = False

    def version(self) -> str | None:
        return None

    def recalculate(self, path: Path) -> Results:
        return self.results


def assert_agrees(book: ReadBook, used: Engine) -> None:
    result = diff_book(book, used)
    assert result.ok, [str(problem) for problem in result.problems]
    assert len(result.blocks) == len(book.model.blocks)


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_agrees_in_ironcalc(name: str, language: str, books: Books) -> None:
    assert_agrees(books[name, language], engine("ironcalc"))


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_agrees_in_libreoffice_where_no_cell_shows_an_error(
    name: str, language: str, books: Books, office: Office
) -> None:
    book = books[name, language]
    shown = office.open(book.path)
    assert_agrees(book, Recalculated(shown.results))
    assert shown.narrow == []
    cells = [cell for rows in shown.values.values() for row in rows for cell in row]
    assert not [c for c in cells if c is None or (isinstance(c, str) and re.match("#[A-Z/]|Err:|###", c))]


def test_a_number_too_wide_for_its_column_is_found(office: Office, tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "wide.xlsx") as book:
        sheet, two = book.add_worksheet("wide"), book.add_format({"num_format": "0.00"})
        sheet.set_column(0, 1, 8)
        sheet.write_row(0, 0, [12.345, 123456789012.3, "123456789012.3 as text"], two)
    assert office.open(tmp_path / "wide.xlsx").narrow == [["wide", 0, 1, "123456789012.30"]]


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_sheets_have_names_that_every_program_takes(name: str, language: str, books: Books) -> None:
    names = list(books[name, language].content)
    assert len({sheet.lower() for sheet in names}) == len(names) > 2
    assert not [sheet for sheet in names if len(sheet) > 31 or re.search(r"[\[\]:*?/\\]|^'|'$", sheet)]


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_every_sheet_and_step_has_its_texts(name: str, language: str) -> None:
    messages, instance = load_messages(language), make_instance(name)
    assert in_language(instance.template.title, language)
    assert {"en", "zh"} <= instance.template.title.keys()
    for section in instance.model.sections:
        for text in (f"section.{section.key}.title", f"section.{section.key}.intro", f"sheet.{section.key}"):
            assert messages(text, layer=1).strip(), text
        for step in section.steps:
            assert step.blocks, step.key
            for part in ("title", "question"):
                # a backward step has its title from the step that it goes back through
                key = (step.backward_of or step).key if part == "title" else step.key
                assert messages(f"step.{key}.{part}", lesson="", word=1).strip(), step.key
            assert f"step.{step.key}.formula" in messages.texts, step.key


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_title_task_and_notes_speak_of_the_word_that_is_watched(name: str, language: str) -> None:
    """Of another word nothing of them would be shown."""
    instance = make_instance(name, language=language)
    assert told(instance, instance.template.title, load_messages(language))
    assert told(instance, instance.template.task, load_messages(language))


def test_languages_have_the_same_texts_with_the_same_blanks() -> None:
    texts = [load_messages(language).texts for language in languages()]
    for other in texts[1:]:
        assert set(other) == set(texts[0])
        for key, text in other.items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", texts[0][key])), key


def test_chinese_has_chinese_punctuation() -> None:
    for key, text in load_messages("zh").texts.items():
        assert not re.search(r"[一-鿿”）][,?:;](?! )|[,?:;][一-鿿“（]", text), key


# What each lesson promises.


def traced(template: str, *sentences: str) -> tuple[Instance, dict[str, Array]]:
    instance = make_instance(template, sentences, spare=False)
    return instance, instance.trace()


def test_positions_tell_a_dog_that_bites_from_a_man_that_bites() -> None:
    instance, values = traced("positions", "dog bites man", "man bites dog")
    words = [sentence.split() for sentence in instance.sentences]
    for word in words[0]:
        one, two = (
            {lesson: values[f"sentence.{s}.{lesson}.output"][words[s].index(word)] for lesson in LESSONS}
            for s in (0, 1)
        )
        np.testing.assert_allclose(one["without_positions"], two["without_positions"], rtol=1e-13)
        # the word in the middle stays where it is, and its neighbours only change sides
        assert np.abs(one["with_positions"] - two["with_positions"]).max() > 0.05, word


LESSONS = ("without_positions", "with_positions")


def test_rotary_scores_are_constant_along_diagonals() -> None:
    _, values = traced("rotary")
    scores = values["rotary.scores"]
    n = len(scores)
    for distance in range(1 - n, n):
        assert np.ptp(np.diagonal(scores, distance)) < 1e-12
    assert len({round(float(scores[0, k]), 6) for k in range(n)}) == n  # and differ from one to the next


def test_causal_weights_are_nought_above_the_diagonal() -> None:
    _, values = traced("masks")
    causal, everybody = (values[f"{lesson}.weights"] for lesson in ("causal_attention", "padding_only"))
    assert not np.triu(causal, 1).any()
    assert (np.tril(causal)[np.tril_indices(len(causal))] > 0).all()
    assert (everybody > 0).all()
    np.testing.assert_allclose(causal.sum(axis=1), 1, rtol=1e-13)


def test_heads_differ_and_stand_side_by_side() -> None:
    _, values = traced("multi-head")
    maps = [values[f"multi_head.head.{h}.weights"] for h in (0, 1)]
    assert np.abs(maps[0] - maps[1]).max() > 0.1
    outputs = [values[f"multi_head.head.{h}.output"] for h in (0, 1)]
    joined = values["multi_head.heads"]
    assert joined.shape[1] == sum(output.shape[1] for output in outputs)
    np.testing.assert_array_equal(joined[:, : outputs[0].shape[1]], outputs[0])
    np.testing.assert_array_equal(joined[:, outputs[0].shape[1] :], outputs[1])
    np.testing.assert_allclose(values["multi_head.output"], joined @ values["multi_head.W_O"], rtol=1e-12)


def test_normalised_rows_have_mean_0_and_variance_1() -> None:
    _, values = traced("add-norm")
    rows = values["add_norm.layer.normalised"]
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(rows.var(axis=1), 1, atol=1e-4)  # but for epsilon
    assert np.ptp(values["add_norm.sum"].var(axis=1)) > 0.01  # which they had not before
    np.testing.assert_allclose((values["add_norm.rms.normalised"] ** 2).mean(axis=1), 1, atol=1e-4)


def test_bert_guesses_from_both_sides() -> None:
    _, values = traced("bert", "the cat [MASK] on the mat")
    _, before = traced("bert", "the dog [MASK] on the mat")
    _, after = traced("bert", "the cat [MASK] on the tree")
    own = values["prediction.probabilities"][2]
    for other in (before, after):
        assert np.abs(own - other["prediction.probabilities"][2]).max() > 0.001
    np.testing.assert_array_equal(values["vocabulary"], before["vocabulary"])
