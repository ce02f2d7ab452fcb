"""A class of exercises: each student has other numbers, and the same call writes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

from xltransformer import build_variants, variants
from xltransformer.building.instance import make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.classroom.exercise import left_by
from xltransformer.classroom.grading import grade
from xltransformer.classroom.selection import select
from xltransformer.cli import main
from xltransformer.errors import UserError
from xltransformer.files import file_name
from xltransformer.workbook.reader import read_book

FIRST: dict[str, Any] = {"template": "first-attention"}


def test_same_call_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    def files(name: str, seed: int) -> list[bytes]:
        built = build_variants(tmp_path / name, 2, **FIRST, settings={"seed": seed})
        assert sorted(tmp_path.joinpath(name).iterdir()) == list(built.files)
        return [file.read_bytes() for file in built.files]

    first, again, other = files("a", 1), files("b", 1), files("c", 2)
    assert first == again
    assert len({*first, *other}) == 4


def test_a_class_by_name(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_bytes(
        "姓名;班级\r\n李伟;3\r\n\r\nAda Lovelace;1\r\nada lovelace;1\r\n=1+1;2\r\n".encode("utf-8-sig")
    )
    asked = ["--exercise", "scores,weights", "--template", "first-attention", "--lang", "zh", "--seed", "3"]
    run = CliRunner().invoke(main, ["build", *asked, "--variants", str(names), "-o", str(tmp_path / "class")])
    assert run.exit_code == 0, run.stderr
    assert "wrote 4 workbooks into" in run.stdout
    assert "14 cells to fill in each" in run.stdout
    stems = ["李伟", "Ada Lovelace", "ada lovelace 2", "=1+1"]
    assert {path.stem for path in tmp_path.joinpath("class").iterdir()} == set(stems)
    for k, stem in enumerate(stems, start=1):
        path = tmp_path / "class" / f"{stem}.xlsx"
        book = read_book(path)
        told = book.description["exercise"]["variant"]
        name = stem.removesuffix(" 2")
        assert told == {"number": k, "of": 4, "name": name, "seed": 3}
        start = openpyxl.load_workbook(path).worksheets[0]
        assert start["B1"].value == f"{name}的练习：自己算一算"
        assert grade(path).total.cells == 14
        assert grade(path).remarks == ("nothing is filled in",)


@pytest.mark.parametrize("template", ["cat-and-mouse", "apple", "masks", "rotary", "backpropagation", "encoder"])
def test_numbers_stay_readable_and_answers_differ(template: str) -> None:
    instance = make_instance(template, slots=0)
    left = select(instance)
    students = [one.trace() for one in variants._varied(instance, left, 12)]
    tables = np.array([values["embeddings"] for values in students])
    base = instance.inputs["embeddings"]
    if instance.template.weights.get("embeddings") is None:
        np.testing.assert_array_equal(tables, tables.round(2))
        assert np.abs(tables - base).max() <= variants.STEP * variants.STEPS + 0.005
        assert (np.sign(tables) * np.sign(base) >= 0).all(), "no meaning is turned round"
    answers = np.array([variants._answers(values, left) for values in students]).round(2)
    for k, one in enumerate(answers):
        others = np.delete(answers, k, axis=0)
        least = 0.4 if template == "backpropagation" else 0.6  # gradients are small
        assert (one != others).mean(axis=1).min() > least, "most answers differ from every other student's"
        assert (np.abs(one) < 0.005).mean() <= 0.2
    for values in students if template in ("cat-and-mouse", "apple", "masks") else ():
        for attended in instance.model.attentions:
            for i in {i for i, _ in left.get(attended.weights, ())}:
                *_, second, first = sorted(values[attended.weights.name][i])
                assert first - second >= 0.02
                assert first <= 0.97


@pytest.mark.parametrize("template", shipped_templates())
def test_every_template_has_variants_or_says_why_not(template: str) -> None:
    instance = make_instance(template, slots=0)
    left = select(instance)
    students = list(variants._varied(instance, left, 2))
    differing, _ = variants._differing([one.trace() for one in (instance, *students)], left)
    assert differing >= 15 or template == "byte-pair"


def test_what_is_the_same_for_everyone_is_told(tmp_path: Path) -> None:
    built = build_variants(tmp_path / "a", 2, template="positions", exercise="add_positions,angles,sentence 1")
    assert any("the same for everyone: sentence.0.with_positions.stretch" in one for one in built.warnings)
    with pytest.raises(UserError, match="no answer of byte-pair would differ"):
        build_variants(tmp_path / "b", 2, template="byte-pair")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(("data", "said"), [
    (b"", "holds no name"),
    (b"name,class\n,3\n", "holds no name"),
    (b"PK\x03\x04", "is no list of names"),
    (b"\x81", "is no text"),
    (b"x" * 90, "has 90 letters"),
])  # fmt: skip
def test_names_that_cannot_be_read(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(data)
    with pytest.raises(UserError, match=said):
        build_variants(tmp_path / "class", path, **FIRST)
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("text", [
    "李伟\n王芳\n".encode("gb18030"), "Name\n李伟\n王芳".encode("utf-16"), "李伟,a\n\n王芳,b\n".encode(),
])  # fmt: skip
def test_names_in_other_encodings(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(text)
    assert variants._names(path) == ["李伟", "王芳"]


def test_number_of_students(tmp_path: Path) -> None:
    assert variants._names("12") == [""] * 12
    for wrong in (0, "-3", 1001, []):
        with pytest.raises(UserError, match="1 to 1000"):
            build_variants(tmp_path / "class", wrong, **FIRST)
    with pytest.raises(UserError, match="nobody"):
        build_variants(tmp_path / "class", "nobody.csv", **FIRST)


def test_the_folder_is_new_or_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "class"
    folder.mkdir()
    build_variants(folder, ["Ada"], **FIRST)
    before = (folder / "Ada.xlsx").read_bytes()
    with pytest.raises(UserError, match="holds files already"):
        build_variants(folder, ["Ada"], **FIRST)
    (folder / "notes.txt").write_text("mine")
    build_variants(folder, ["Bo", "Ada"], **FIRST, force=True)
    assert {path.name for path in folder.iterdir()} == {"Ada.xlsx", "Bo.xlsx", "notes.txt"}
    assert (folder / "Ada.xlsx").read_bytes() != before
    for name, said in (("class.xlsx", "name of a workbook"), ("notes.txt", "is no folder")):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(UserError, match=said):
            build_variants(tmp_path / name, ["Ada"], **FIRST)

    def broken(done: int, total: int) -> None:
        if done > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_variants(tmp_path / "half", ["Ada", "Bo"], **FIRST, tell=broken)
    assert {path.name for path in tmp_path.iterdir()} == {"class", "notes.txt"}, "nothing half-written"


@pytest.mark.parametrize(("name", "safe"), [
    ("CON", "_CON"), ("nul.x", "_nul.x"), ("a/b\\c:d", "a_b_c_d"), ("~$Ada", "$Ada"), ("..", "_"),
    ("Ada. ", "Ada"),
    ("李" * 80, "李" * 66), ("com7", "_com7"),
])  # fmt: skip
def test_names_of_files(name: str, safe: str) -> None:
    assert file_name(name) == safe


def test_a_variant_is_read_back(tmp_path: Path) -> None:
    (path,) = build_variants(tmp_path / "class", ["Ada"], **FIRST).files
    book = read_book(path)
    assert left_by(book.description["exercise"], book.model).keys() == {
        book.model.blocks[name] for name in book.exercises
    }
