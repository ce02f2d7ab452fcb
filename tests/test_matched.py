"""A template of one's own: whatever in it matches nothing is told by its place, with the nearest that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cells import cells_of
from click.testing import CliRunner

from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.cli import main
from xltransformer.errors import MOST_LINE, UserError
from xltransformer.locale import load_messages
from xltransformer.workbook.layout import lay_out

BANK = """model = "attention_lessons"
sentences = ["river bank and water", "money bank and credit"]
watch = "bank"
plane = ["water", "money"]
dimensions = ["water", "money", "grammar"]

[words]
river  = [1.5, 0.0, 0.2]
water  = [1.4, 0.0, 0.1]
money  = [0.0, 1.5, 0.2]
credit = [0.0, 1.4, 0.1]
bank   = [1.0, 1.0, 0.2]
and    = [0.0, 0.0, 1.2]

[[experiments]]
block = "sentence.0.words"
row = "river"
to = "money"
do = "Change “river” in {cell} to “money”."
then = "“bank” leans to money."

[[experiments]]
block = "switches.temperature"
above = 2
do = "Type 4 into {cell}."
then = "They even out."
"""
ROW, WORD, WARM, TABLE = 'row = "river"', 'to = "money"', "above = 2", "[words]"


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """The template with each text replaced by another."""
    text, path = BANK, folder / "bank.toml"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    return path


WRONG: Sequence[tuple[str, str, str, str]] = (
    ('"attention_lessons"', '"atention_lessons"', "model is 'atention_lessons'", "'attention_lessons'"),
    ('watch = "bank"', 'watch = "bnak"', "watch is 'bnak', which stands in no sentence", "'bank'"),
    ('watch = "bank"', 'watch = "river"', "is not in every sentence", "bank, and"),
    ('"water", "money"]\ndim', '"water", "mony"]\ndim', "plane has no dimension 'mony'", "'money'"),
    ('watch = "bank"', 'shown = "projected"', "shown is 'projected'", "'projected_attention'"),
    ('watch = "bank"', 'wach = "bank"', "unknown key 'wach'", "'watch'"),
    (ROW, 'row = "rivr"', "experiment 1: sentence.0.words has no row 'rivr'", "'river'"),
    (ROW, "row = 9", "experiment 1: sentence.0.words has no row 9", "it has 6"),
    (ROW, "", "experiment 1: row is missing", "river, bank"),
    (WARM, 'column = "x"\nabove = 2', "experiment 2: switches.temperature has no column 'x'", ""),
    ("sentence.0.words", "sentence.words", "no block is called 'sentence.words'", "'sentence.0.words'"),
    ("sentence.0.words", "sentence.0.self_attention.Q", "is computed", "xlt blocks"),
    ("sentence.0.words", "watch.lessons", "is no cell to edit", "xlt blocks"),
    (WORD, 'to = "mony"', "experiment 1: to is 'mony', which vocabulary does not have", "'money'"),
    (WORD, "to = 3", "sentence.0.words holds words", ""),
    (WORD, "to = true", "to is true, but sentence.0.words is no switch", ""),
    (WORD, "above = 3", "sentence.0.words holds words", ""),
    (WARM, 'to = "hot"', "to is 'hot', but switches.temperature holds numbers", ""),
    (WARM, "abve = 2", "experiment 2: unknown key 'abve'", "'above'"),
    ('"switches.temperature"\nabove = 2', '"switches.causal"\nto = 1', "for a switch give true or false", ""),
    ("in {cell} to", "in {cel} to", "do.en has {cel}", "{cell}"),
    ("“bank” leans", "{cell} leans", "then.en has {cell}", ""),
    (TABLE, "[switches]\nscalng = true\n[words]", "unknown switch 'scalng'", "'scaling'"),
    (TABLE, "[switches]\nmomentum = true\n[words]", "switches.momentum: the model", "causal"),
    (TABLE, '[notes]\nself_atention = "x"\n[words]', "notes.self_atention belongs to no", "'self_attention'"),
    (TABLE, '[notes]\nself_attention.enn = "x"\n[words]', "unknown language 'enn'", "'en'"),
    (TABLE, '[title]\nnz = "x"\n[words]', "title: unknown language 'nz'", "en, zh"),
    (TABLE, "[sizes]\nd_kk = 3\n[words]", "'d_kk', which this model does not know", "'d_k'"),
    (TABLE, "[sizes]\nd_model = 5\n[words]", "sizes.d_model is 5", "3 numbers"),
    (TABLE, "[weights]\nprojected_attention.WQ = [[1]]\n[words]", "projected_attention.WQ", "attention.W_Q'"),
    (TABLE, '[glosses.en]\nrivr = "x"\n[words]', "'rivr' is no word of the vocabulary", "'river'"),
    (TABLE, '[glosses.ee]\nriver = "x"\n[words]', "glosses: unknown language 'ee'", "en, zh"),
    (TABLE, '[languages.hz]\nwatch = "x"\n[words]', "languages: unknown language 'hz'", "zh"),
    (TABLE, '[languages.zh]\nwach = "x"\n[words]', "languages.zh: unknown key 'wach'", "'watch'"),
    (TABLE, "[sizes]\nd_v = 0\n[words]", "template bank: [sizes] d_v is 0", "at least 1"),
    ('model = "attention_lessons"', "", "model is None", "attention_lessons"),
    ('dimensions = ["water", "money", "grammar"]', "", "dimensions is missing", ""),
    ("sentences =", "slots = [1, 2, 3]\nsentences =", "slots has 3 numbers for 2 sentences", ""),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said", "nearest"), WRONG)
def test_what_matches_nothing_is_told_with_the_nearest(
    old: str, new: str, said: str, nearest: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, (old, new))
    result = CliRunner().invoke(main, ["build", "--template", str(path), "-o", str(tmp_path / "bank.xlsx")])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("xlt: ")
    assert len(line) <= MOST_LINE + len("xlt: ")
    assert said in line
    assert nearest in line
    assert not (tmp_path / "bank.xlsx").exists()


BROKEN = (
    ('watch = "bank"', "watch = “bank”", "line 3, column 9", "type '\"' in place of '“'"),
    ('"water", "money"]\ndim', '"water"，"money"]\ndim', "line 4, column 17", "type ',' in place of '，'"),
    (TABLE, "[words]\n猫 = [1, 2, 3]", "line 8, column 1", 'put the key in quotation marks: "猫"'),
    ('water", "money bank', 'water, "money bank', "line 2, column", "correct it there"),
    ('even out."', "even out.", "line 26, column 23", "end it with a quotation mark"),
    ('watch = "bank"', 'watch = "bank"\nwatch = "x"', "line 4, column 12", "give each one once"),
    ("[1.0, 1.0, 0.2]", "[1.0, 1.0 0.2]", "line 12, column 20", "correct it there"),
    ('then = "They even out."', "then = '''They", "line 26, column", "correct it there"),
)


@pytest.mark.parametrize(("old", "new", "place", "remedy"), BROKEN)
def test_broken_toml_names_line_and_column(old: str, new: str, place: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        make_instance(changed(tmp_path, (old, new)))
    assert place in str(caught.value)
    assert remedy in str(caught.value)


CHINESE = '[languages.zh]\nsentences = ["water bank", "money bank"]\n[words]'


def test_what_cannot_be_tried_in_one_language_is_told_in_each(tmp_path: Path) -> None:
    path = changed(tmp_path, (TABLE, CHINESE))
    told = "template bank: experiment 1 cannot be tried in zh: sentence.0.words has no row 'river'"
    for language, words in (("en", "river"), ("zh", "water")):
        instance = make_instance(path, language=language)
        (line,) = instance.warnings
        assert line.startswith(told)
        assert instance.inputs["sentence.0.words"][0, 0] == words


def test_what_can_be_tried_in_no_language_is_refused_in_each(tmp_path: Path) -> None:
    path = changed(tmp_path, (TABLE, CHINESE), (ROW, 'row = "rivr"'))
    for language in ("en", "zh"):
        with pytest.raises(UserError, match=r"experiment 1: sentence\.0\.words has no row 'rivr'"):
            make_instance(path, language=language)


@pytest.mark.parametrize(
    ("change", "said"),
    [((WORD, 'to = "river"'), "1 is left out: sentence.0.words holds river"),
     ((WARM, "above = 0.5"), "2 is left out: switches.temperature holds 1.0")],
)  # fmt: skip
def test_what_is_so_already_is_left_out_and_told(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    (line,) = make_instance(changed(tmp_path, change)).warnings
    assert said in line


def test_a_fault_in_another_language_is_told(tmp_path: Path) -> None:
    path = changed(tmp_path, (TABLE, '[languages.zh]\nwatch = "x"\n[words]'))
    (line,) = make_instance(path).warnings
    assert "watch is 'x'" in line
    assert "zh" in line
    with pytest.raises(UserError, match="watch is 'x'"):
        make_instance(path, language="zh")


def test_a_template_that_python_made_of_one_that_ships_is_built() -> None:
    template = replace(load_template("cat-and-mouse"), sentences=("the dog eats cheese",))
    assert make_instance(template).warnings == ()


def test_other_sentences_leave_out_what_their_words_cannot_try(tmp_path: Path) -> None:
    path = changed(tmp_path)
    assert make_instance(path, ["water and money"]).warnings == ()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", shipped_templates())
def test_nothing_in_templates_that_ship_matches_nothing(name: str, language: str) -> None:
    for spare in (True, False):
        assert make_instance(name, language=language, spare=spare).warnings == ()


@pytest.mark.parametrize(
    ("given", "shown"),
    [("", "self_attention"), ('shown = "projected_attention"', "projected_attention"),
     ('lesson = "projected_attention"', "projected_attention")],
)  # fmt: skip
def test_a_lesson_without_weights_opens_on_what_draws_none(given: str, shown: str, tmp_path: Path) -> None:
    instance = make_instance(changed(tmp_path, ('watch = "bank"', f'watch = "bank"\n{given}')))
    watch = instance.model.watch
    assert watch is not None
    assert watch.lesson is not None
    assert watch.lesson.choices is not None
    at = watch.keys.index(shown)
    assert instance.inputs[watch.lesson.name][0, 0] == instance.inputs[watch.lesson.choices.name][at, 0]
    assert instance.drawn == ("weights" if given else "further")
    book = lay_out(instance, instance.trace(), load_messages("en"))
    cells = cells_of(book.sheets[0]).values()
    said = "The weights are drawn" if given else "“Self-attention” uses no weights. Those of the other lessons are"
    assert any(str(cell.content).startswith(said) for cell in cells)


def test_a_lesson_with_given_weights_opens_on_these() -> None:
    instance = make_instance("cat-and-mouse")
    assert instance.inputs["watch.lesson"][0, 0] == "With weights"


@pytest.mark.parametrize(
    ("sizes", "said"),
    [('maps = ["0.head.1", "0.head.9"]', "sizes.maps names '0.head.9', which the model has not; did you mean"),
     ("d_modell = 8", "'d_modell', which this model does not know; did you mean 'd_model'?"),
     ("", "switches.causal: the model gpt has no such switch (it has: choose, temperature")],
)  # fmt: skip
def test_what_a_model_that_writes_does_not_have_is_told(sizes: str, said: str, tmp_path: Path) -> None:
    switch = "" if sizes else "[switches]\ncausal = true\n"
    text = f'model = "gpt"\nsentences = ["a b"]\nwords = ["a", "b"]\n{switch}[sizes]\n{sizes}\n'
    (tmp_path / "own.toml").write_text(text, "utf-8")
    with pytest.raises(UserError) as caught:
        make_instance(tmp_path / "own.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("template own: ")
