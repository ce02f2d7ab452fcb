"""Templates: words and weights from TOML, CSV, XLSX and NPZ; words that the vocabulary lacks; odd tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept import USUAL

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.tables import read_word_table
from xltransformer.building.template import DEFAULT_TEMPLATE, shipped_templates, template_folder
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.text import split_sentence
from xltransformer.workbook.current import trace_inputs, usable_inputs
from xltransformer.workbook.reader import read_book

HEAD = 'model = "attention_lessons"\nsentences = ["cat dog"]\ndimensions = ["a", "b"]\n'
WORDS = "[words]\ncat = [1.0, 2.0]\ndog = [0.5, -1]\n"
LESSON = "projected_attention"
EIGHT = np.arange(1.0, 5.0).reshape(2, 2) / 8


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result


def trace_json(*arguments: str) -> dict[str, Any]:
    """What `xlt trace` prints, block by block."""
    printed: dict[str, Any] = json.loads(run("trace", "--format", "json", *arguments).stdout)
    return {block["name"]: block for block in printed["blocks"]}


def weights_of(text: str) -> Mapping[str, np.ndarray[Any, Any]]:
    """The inputs of the model of a template with some weights."""
    Path("my.toml").write_text(HEAD + WORDS + text)
    return make_instance("my.toml").inputs


# Defaults


def test_defaults() -> None:
    Path("my.toml").write_text(HEAD + WORDS)
    template = load_template("my.toml")
    assert template.name == "my"
    assert (template.slots, template.spare_rows, template.seed) == (2, 5, 0)
    assert template.switches == {
        **{"scaling": 1.0, "temperature": 1.0, "causal": 0.0, "momentum": 0.0},
        **{"choose": 0.0, "top_k": 0.0, "top_p": 1.0, "seed": 1.0},
    }
    assert template.watch is None
    assert not template.title
    assert not template.notes
    assert not template.sizes
    assert not template.weights
    instance = make_instance(template)
    assert instance.sizes.slots == (4,)
    assert instance.sizes.vocabulary == 7
    assert instance.sentences == ("cat dog",)
    assert not instance.warnings


def test_default_template_comes_first_and_every_template_builds() -> None:
    assert shipped_templates()[0] == DEFAULT_TEMPLATE
    assert make_instance().template.name == DEFAULT_TEMPLATE
    for name in shipped_templates():
        assert make_instance(name).trace()
        assert name in run("templates").stdout


def test_what_a_template_says_reaches_the_model() -> None:
    top = "slots = 0\nspare_rows = 1\nseed = 7\nwatch = 'cat'\n"
    switches = "[switches]\nscaling = false\ntemperature = 0.5\ncausal = true\n"
    Path("my.toml").write_text(top + HEAD + WORDS + switches + "[sizes]\nd_k = 4\nd_v = 1\n")
    instance = make_instance("my.toml")
    assert instance.sizes.slots == (2,)
    assert instance.inputs["vocabulary"].ravel().tolist() == ["cat", "dog", ""]
    assert instance.inputs["embeddings"].tolist() == [[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]]
    assert instance.inputs["switches.scaling"] == [["off"]]
    assert instance.inputs["switches.temperature"] == [[0.5]]
    assert instance.inputs["switches.causal"] == [["on"]]
    assert instance.inputs["resized_attention.W_K"].shape == (2, 4)
    assert instance.inputs["resized_attention.W_V"].shape == (2, 1)


@pytest.mark.parametrize("name", shipped_templates())
def test_copy_of_a_shipped_template_gives_the_same_trace(name: str) -> None:
    text = (template_folder() / f"{name}.toml").read_text("utf-8")
    Path("copy.toml").write_text(text, "utf-8")
    run("build", "--template", "copy.toml")
    assert diff("copy.xlsx").ok
    assert trace_json("--template", "copy.toml") == trace_json("--template", name)
    Path("copy.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())  # as Notepad saves it
    assert trace_json("--template", "copy.toml") == trace_json("--template", name)


# Weights


def test_weights_inline() -> None:
    inputs = weights_of(f"[weights.{LESSON}]\nW_Q = {EIGHT.tolist()}\nW_K = [[1, 2], [3, 4]]\n")
    assert inputs[f"{LESSON}.W_Q"].tolist() == EIGHT.tolist()
    assert inputs[f"{LESSON}.W_K"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("name", [f"{LESSON}.W_Q", "W_Q"])
def test_weights_from_npz_by_full_and_by_last_name(name: str) -> None:
    np.savez("w.npz", **{name: EIGHT, "other": np.ones(3)})
    assert weights_of(f"[weights.{LESSON}]\nW_Q = 'w.npz'\n")[f"{LESSON}.W_Q"].tolist() == EIGHT.tolist()


def test_full_name_goes_before_last_name() -> None:
    np.savez("w.npz", **{"W_Q": np.zeros((2, 2)), f"{LESSON}.W_Q": EIGHT})
    assert weights_of(f"[weights.{LESSON}]\nW_Q = 'w.npz'\n")[f"{LESSON}.W_Q"].tolist() == EIGHT.tolist()


@pytest.mark.parametrize("kind", ["float32", "float16", "int64"])
def test_weights_from_npz_of_other_numbers(kind: str) -> None:
    np.savez("w.npz", W_Q=(EIGHT * 8).astype(kind))
    value = weights_of(f"[weights.{LESSON}]\nW_Q = 'w.npz'\n")[f"{LESSON}.W_Q"]
    assert value.dtype == float
    assert value.tolist() == (EIGHT * 8).tolist()


@pytest.mark.parametrize(
    "text", ["0.125,0.25\n0.375,0.5\n", "0.125;0.25\r\n0.375;0.5\r\n", "0.125\t0.25\n\n.375\t5e-1"]
)
def test_weights_from_csv(text: str) -> None:
    Path("w.csv").write_text(text, newline="")
    assert weights_of(f"[weights.{LESSON}]\nW_Q = 'w.csv'\n")[f"{LESSON}.W_Q"].tolist() == EIGHT.tolist()


def test_weights_from_one_file() -> None:
    np.savez("all.npz", **{f"{LESSON}.W_Q": EIGHT, "resized_attention.W_V": np.ones((2, 3))})
    inputs = weights_of("[weights]\nfile = 'all.npz'\n")
    assert inputs[f"{LESSON}.W_Q"].tolist() == EIGHT.tolist()
    assert inputs["resized_attention.W_V"].tolist() == np.ones((2, 3)).tolist()


def test_files_are_looked_for_beside_the_template() -> None:
    Path("course").mkdir()
    np.savez("course/w.npz", W_Q=EIGHT)
    Path("course/words.csv").write_text("word,a,b\ncat,1,2\ndog,3,4\n")
    head = HEAD.replace('dimensions = ["a", "b"]', 'embeddings = "words.csv"')
    Path("course/my.toml").write_text(f"{head}[weights.{LESSON}]\nW_Q = 'w.npz'\n")
    inputs = make_instance("course/my.toml", spare=False).inputs
    assert inputs[f"{LESSON}.W_Q"].tolist() == EIGHT.tolist()
    assert inputs["embeddings"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_seed_draws_the_weights_that_are_not_given() -> None:
    names = [f"{lesson}.{W}" for lesson in (LESSON, "resized_attention") for W in ("W_Q", "W_K", "W_V")]

    def drawn(seed: int) -> list[list[list[float]]]:
        Path("my.toml").write_text(f"seed = {seed}\n" + HEAD + WORDS)
        inputs = make_instance("my.toml").inputs
        return [inputs[name].tolist() for name in names]

    assert drawn(1) == drawn(1)
    assert all(one != other for one, other in zip(drawn(1), drawn(2), strict=True))
    assert drawn(1)[0] != drawn(1)[1]
    assert drawn(0)[0] == [[-0.9, 0.49], [0.75, -0.39]]  # alike on every machine, in every release


# Embeddings from files


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"word,a,b\ncat,1,2\n-1,0.5,1e-3\n", id="comma"),
        pytest.param(b"word;a;b\ncat;1;2\n-1;0.5;1e-3\n", id="semicolon"),
        pytest.param(b"word\ta\tb\ncat\t1\t2\n-1\t0.5\t1e-3\n", id="tab"),
        pytest.param(b"\ta\tb\ncat\t1\t2\n-1\t0.5\t1e-3\n", id="empty corner"),
        pytest.param(b"\xef\xbb\xbfword,a,b\r\ncat,1,2\r\n-1,0.5,1e-3\r\n", id="BOM and CRLF"),
        pytest.param(b"\n\nword,a,b\n\ncat,1,2\n,,\n-1,0.5,1e-3", id="empty lines"),
        pytest.param(b'"word","a","b"\n" cat ", 1 ,"2"\n"-1",0.5,1e-3\n', id="quotes and spaces"),
    ],
)
def test_embeddings_from_csv(data: bytes) -> None:
    Path("words.csv").write_bytes(data)
    table = read_word_table(Path("words.csv"))
    assert table.dimensions == ("a", "b")
    assert table.words == {"cat": (1.0, 2.0), "-1": (0.5, 0.001)}


def test_quoted_cells_may_hold_what_divides() -> None:
    Path("words.csv").write_text('word;a\n"x;y";1\n"new\nyork";2\n"say ""hi""";3\n')
    assert list(read_word_table(Path("words.csv")).words) == ["x;y", "new york", 'say "hi"']


def test_embeddings_without_a_header_row() -> None:
    Path("words.csv").write_text("cat,1,2\ndog,3,4\n")
    table = read_word_table(Path("words.csv"))
    assert table.dimensions == ("d1", "d2")
    assert table.words == {"cat": (1.0, 2.0), "dog": (3.0, 4.0)}


def test_embeddings_from_xlsx() -> None:
    book = openpyxl.Workbook()
    for row in [["词", "动物", "b"], ["猫", 1, 0.1], [], [5, "2", -3], ["=x", 1e-9, 0]]:
        book.active.append(row)
    book.active["A5"].data_type = "s"
    book.save("words.xlsx")
    table = read_word_table(Path("words.xlsx"))
    assert table.dimensions == ("动物", "b")
    assert table.words == {"猫": (1.0, 0.1), "5": (2.0, -3.0), "=x": (1e-9, 0.0)}


def test_embeddings_of_other_dimensions_build_with_a_warning() -> None:
    Path("words.csv").write_text("word,x,y,z\ncat,1,2,3\nmouse,3,2,1\n")
    result = run("build", "--sentence", "cat mouse", "--embeddings", "words.csv", "-o", "out.xlsx")
    (line,) = result.stderr.splitlines()
    assert line.startswith("xlt: words.csv has other dimensions (x, y, z) than the template cat-and-mouse")
    assert "seed 0" in line
    assert diff("out.xlsx").ok
    blocks = trace_json("--sentence", "cat mouse", "--embeddings", "words.csv")
    assert blocks["self_attention.X"]["values"] == [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]
    assert blocks["self_attention.X"]["columns"] == ["x", "y", "z"]


def test_embeddings_of_the_same_dimensions_keep_the_weights() -> None:
    template = load_template()
    header = ",".join(["word", *template.table.dimensions])
    Path("words.csv").write_text(f"{header}\ncat,1,2,3,4\n")
    instance = make_instance(template, ["cat"], embeddings="words.csv")
    assert not instance.warnings
    assert instance.inputs[f"{LESSON}.W_Q"].tolist() == template.weights[f"{LESSON}.W_Q"].tolist()


# Words that the vocabulary lacks


def test_unknown_words_get_the_same_vector_every_time_and_a_warning() -> None:
    result = run("build", "--sentence", "Cat and Zebra meet zebra", "-o", "out.xlsx")
    (line,) = result.stderr.splitlines()
    assert line == "xlt: not in the vocabulary, given pseudo-random embeddings: zebra, meet"
    vector = [-0.46, -0.46, 0.68, 0.82]
    assert trace_json("--sentence", "zebra")["self_attention.X"]["values"] == [vector]
    assert trace_json("--sentence", "cat and ZEBRA")["self_attention.X"]["values"][2] == vector
    assert diff("out.xlsx").ok
    book = read_book(Path("out.xlsx"))
    cells = openpyxl.load_workbook("out.xlsx")[book.homes["vocabulary"].sheet]
    beside = {row[1].value: [cell.value for cell in row[2:] if isinstance(cell.value, str)] for row in cells.rows}
    assert beside["zebra"]  # marked in the sheet
    assert not beside["cat"]


def test_warning_names_many_unknown_words_in_one_short_line() -> None:
    result = run("trace", "--sentence", " ".join(f"w{i}" for i in range(40)) + " " + "x" * 500)
    (line,) = result.stderr.splitlines()
    assert "w0, w1, " in line
    assert line.endswith("and 21 more")
    assert len(line) < 300


@pytest.mark.parametrize("sentence", ["Maße Masse", "sınır sinir", "ας ασ", "æsir aesir", "ａｂ ab"])
def test_words_that_only_some_programs_take_for_one_are_refused(sentence: str) -> None:
    with pytest.raises(UserError, match="are one word to some spreadsheet programs and two to others"):
        api.build("out.xlsx", [sentence], "first-attention")
    assert not Path("out.xlsx").exists()


@pytest.mark.parametrize("engine", ["ironcalc", "libreoffice", "gnumeric", "formulon"])
def test_a_word_typed_that_some_programs_take_for_another_is_itself(engine: str) -> None:
    """IronCalc, Gnumeric and Formulon hold Masse = Maße for true, LibreOffice does not."""
    api.build("out.xlsx", ["Maße cat"], "first-attention")
    book = read_book(Path("out.xlsx"))
    opened = openpyxl.load_workbook("out.xlsx")
    place = book.homes["sentence.words"]
    for word in ("Masse", "ﬁsh", "co\u00adop", "ＣＡＴ"):
        opened[place.sheet][place.address(1, 0)] = word
        opened.save("edited.xlsx")
        assert diff("edited.xlsx", engine).ok, word


@pytest.mark.parametrize("engine", USUAL)
def test_switches_take_logical_values_which_languages_spell_in_their_own_way(engine: str) -> None:
    """A German Excel takes a typed WAHR for TRUE, and TRUE&"" is WAHR there."""
    api.build("out.xlsx", ["cat and mouse"], "cat-and-mouse")
    book, opened = read_book(Path("out.xlsx")), openpyxl.load_workbook("out.xlsx")
    switch = next(block for block in book.model.switches if block.turned_by is not None)
    place = book.homes[switch.name]
    for value, on in ((True, 1), (False, 0)):
        cell = opened[place.sheet][place.address(0, 0)]
        cell.value = value
        opened.save("edited.xlsx")
        assert diff("edited.xlsx", engine).ok
        (gate,) = (block for block in book.model.blocks.values() if block.operands == (switch,))
        formula = opened[book.homes[gate.name].sheet][book.homes[gate.name].address(0, 0)].value
        assert f'&""={str(True).upper()}&""' in formula
        edited = read_book(Path("edited.xlsx"))
        assert trace_inputs(edited, usable_inputs(edited, {}))[gate.name].item() == on


def test_long_texts_are_written_in_pieces_that_excel_takes() -> None:
    said = 'so "it" goes 🎉 ' * 40
    text = (template_folder() / "cat-and-mouse.toml").read_text("utf-8")
    start, found, rest = text.partition("then.en = ")
    assert found
    text = start + found + json.dumps(said, ensure_ascii=False) + rest[rest.index("\n") :]
    Path("long.toml").write_text(text, "utf-8")
    api.build("out.xlsx", template="long.toml")
    formulas = [
        str(cell.value) for row in openpyxl.load_workbook("out.xlsx").worksheets[0].iter_rows() for cell in row
    ]
    formula = next(one for one in formulas if "goes" in one and one.startswith("="))
    pieces = re.findall('"((?:[^"]|"")*)"', formula)
    assert said.strip() in "".join(piece.replace('""', '"') for piece in pieces)
    assert all(len(piece.replace('""', '"').encode("utf-16-le")) // 2 <= 255 for piece in pieces)


# Tokens that look like something else

ODD = ["=1+1", "+cmd", "@x", "-2", "=sum(a1:a9)", "007", "1e5", "3.10", "true", "#n/a", "*", "~a", "a*b",
       "1/2", "2024-01-31", "c++", "<b>", "&amp", "x" * 300, "🎉", "👨‍👩‍👧", "שלום"]  # fmt: skip


@pytest.mark.parametrize("engine", USUAL)
def test_odd_tokens_are_stored_as_text_and_diff_agrees(engine: str) -> None:
    instance = api.build("out.xlsx", [" ".join(ODD)], "first-attention", slots=0)
    assert instance.trace()["sentence.words"].ravel().tolist() == ODD
    book, opened = read_book(Path("out.xlsx")), openpyxl.load_workbook("out.xlsx")
    for block, row in (("sentence.words", 0), ("vocabulary", len(load_template("first-attention").table.words))):
        place = book.homes[block]
        for i, token in enumerate(ODD):
            cell = opened[place.sheet].cell(place.row + 1 + row + i, place.column + 1)
            assert cell.data_type == "s", token
            assert cell.value == book.holds(place, row + i, 0) == token
    assert diff("out.xlsx", engine).ok


def test_tokens_that_look_like_escapes_are_kept() -> None:
    instance = api.build("out.xlsx", ["_x0041_ a_x000d_b"], "first-attention")
    assert instance.trace()["sentence.text"] == [["_x0041_ a_x000d_b"]]
    assert diff("out.xlsx").ok


def test_odd_names_of_words_and_dimensions() -> None:
    names = ["=1+1", "@x", "-2", "a\ufffeb\x07"]
    rows = [["word", *names], *([name, 1, 2, 3, 4] for name in names[:3])]
    Path("words.csv").write_text("\n".join(",".join(map(str, row)) for row in rows), "utf-8")
    api.build("out.xlsx", ["@x -2"], "first-attention", embeddings="words.csv")
    book = read_book(Path("out.xlsx"))
    place = book.homes["dimensions"]
    sheet = openpyxl.load_workbook("out.xlsx")[place.sheet]
    assert [sheet.cell(place.row + 1, place.column + 1 + j).data_type for j in range(4)] == ["s"] * 4
    assert [book.holds(place, 0, j) for j in range(4)] == ["=1+1", "@x", "-2", "ab"]
    assert diff("out.xlsx").ok


def test_odd_titles_and_notes_are_text_and_leave_the_workbook_whole() -> None:
    Path("my.toml").write_text(
        HEAD + WORDS + '[title]\nen = "=1+1\\uffff"\n[notes]\nself_attention = "@x\\u0007"\n'
    )
    api.build("out.xlsx", template="my.toml")
    cells = [cell for sheet in openpyxl.load_workbook("out.xlsx") for row in sheet.rows for cell in row]
    assert [cell.data_type for cell in cells if cell.value == "=1+1"] == ["s"]
    assert any(str(cell.value).startswith("@x") and cell.data_type == "s" for cell in cells)
    assert diff("out.xlsx").ok


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=12))
def test_any_sentence_builds_a_workbook_that_agrees_or_is_refused(sentence: str) -> None:
    if split_sentence(sentence):
        api.build("out.xlsx", [sentence], "first-attention", slots=0, force=True)
        assert diff("out.xlsx").ok
    else:
        with pytest.raises(UserError, match="has no word"):
            api.build("out.xlsx", [sentence], "first-attention", force=True)
