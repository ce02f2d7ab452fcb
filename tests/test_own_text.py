"""A model of one's own text, in one command: words, places and sizes come from the data and stay in the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from test_training import template

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import template_folder
from xltransformer.cli import main
from xltransformer.cutting import Cutter, Cutting
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.weights import told_by
from xltransformer.workbook.again import instance_of
from xltransformer.workbook.reader import read_book

RHYMES = """Mary had a little lamb,
its fleece was white as snow;
and everywhere that Mary went,
the lamb was sure to go.
"""
LAYER = {"layers": 1, "d_model": 8, "d_ff": 8}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def learned(data: str = RHYMES, template: str = "gpt", **given: Any) -> api.TrainedFile:
    Path("rhymes.txt").write_text(data, "utf-8")
    usual: dict[str, Any] = {"steps": 2, "batch": 4, "force": True}
    return api.train("w.npz", template=template, data="rhymes.txt", **{**usual, **given})


def built(*sentences: str, **given: Any) -> Instance:
    return make_instance(None, sentences, weights="w.npz", **given)


def words(instance: Instance, sentence: int = 0) -> list[str]:
    slots = instance.inputs[instance.model.sentences[sentence].words.name].ravel()
    return [str(word) for word in slots if word]


def vocabulary(instance: Instance) -> list[str]:
    return [str(word) for word in instance.inputs["vocabulary"].ravel() if word]


def asked(*options: str) -> str:
    done = CliRunner().invoke(main, [*options])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Mary had a lamb, white as snow;", ["Mary", "had", "a", "lamb", ",", "white", "as", "snow", ";"]),
        ("\"Don't,\" said (the) 'cat'", ['"', "Don't", ",", '"', "said", "(", "the", ")", "'", "cat", "'"]),
        (
            "well-known 3.14 1,000.5 at 10:30: yes!",
            ["well-known", "3.14", "1,000.5", "at", "10:30", ":", "yes", "!"],
        ),
        ("wait... no--never", ["wait", "...", "no", "--", "never"]),
        ("小星星 一闪一闪亮晶晶，满天", [*"小星星一闪一闪亮晶晶，满天"]),
        ("小 狗 吃 鱼肉。", ["小", "狗", "吃", "鱼肉", "。"]),
        ("用Excel做（表）", ["用", "Excel", "做", "（", "表", "）"]),
        ("the [MASK]. <s>", ["the", "[MASK]", ".", "<s>"]),
    ],
)
def test_punctuation_is_a_word_of_its_own(text: str, cut: Sequence[str]) -> None:
    cutter = Cutter(Cutting(marks=True), ["[MASK]", "<s>", "鱼肉"])
    assert cutter.words(text) == cut
    assert cutter.words(cutter.cutting.joined(cut)) == [*cut]


def test_letters_and_blanks() -> None:
    cutter = Cutter(Cutting(letters=True), ["[MASK]"])
    assert cutter.words("  Ab\t c[mask]é ") == ["A", "b", "▁", "c", "[MASK]", "é"]
    assert cutter.cutting.joined(["a", "▁", "b", "."]) == "a b."
    assert Cutter(Cutting(letters=True, lower=True)).words("Ab") == ["a", "b"]


def test_words_are_those_of_the_data_and_stay_in_the_file() -> None:
    done = learned(settings=LAYER)
    assert "22 words of rhymes.txt" in done.warnings[0]
    instance = built()
    assert not instance.warnings
    assert vocabulary(instance)[0] == "</s>"
    assert {"Mary", "lamb", ",", ";", "."} < {*vocabulary(instance)}
    assert words(instance)[:3] == ["Mary", "had", "a"]
    assert instance.sizes.slots == (8,)  # the longest line, and what ends it
    assert (instance.sizes.width, instance.sizes.options["layers"], instance.template.name) == (8, 1, "gpt")
    assert instance.template.title == {"en": "GPT, step by step: what it learned from rhymes.txt"}
    assert not instance.template.glosses
    assert "#" not in "".join(vocabulary(instance))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_to_try_speaks_of_words_of_ones_own(language: str) -> None:
    learned(settings=LAYER)
    swap, chance = built(language=language).template.experiments
    assert (swap.block, swap.row, swap.to) == ("sentence.words", 3, {language: "lamb"})
    assert "lamb" in swap.do[language]
    assert "{cell}" in swap.do[language]
    assert chance.block == "switches.choose"
    api.build("w.xlsx", weights="w.npz", language=language)
    start = openpyxl.load_workbook("w.xlsx").worksheets[0]
    shown = " ".join(str(cell) for row in start.values for cell in row if cell)
    assert swap.then[language] in shown
    assert "“cat”" not in shown


def test_a_template_that_has_all_words_keeps_its_own_and_what_it_learned() -> None:
    done = learned("the dog sat on the rug.\nA cat sat on the mat.\n")
    assert not done.warnings
    instance = built()
    assert vocabulary(instance) == list(make_instance("gpt").template.table.words)
    assert words(instance)[:5] == ["the", "cat", "sat", "on", "the"]


def test_spellings_that_sheets_do_not_tell_apart_are_one() -> None:
    done = learned('The lamb. the lamb.\nthe Lamb ＂ lamb\nMary "\n')
    assert "differ from others in capitals or width alone" in done.warnings[1]
    assert {"the", "lamb", "Mary"} < {*vocabulary(built())}
    assert words(built("MARY The")) == ["Mary", "the"]
    learned("The lamb.\nMary\n", lower=True)
    assert vocabulary(built()) == ["</s>", "the", "lamb", ".", "mary"]


def test_rare_words_become_one() -> None:
    done = learned(most_words=5)
    assert "rarest others are read as [UNK]" in done.warnings[0]
    assert len(vocabulary(built())) == 7
    instance = built("Mary had a zebra")
    assert words(instance)[-1] == "[UNK]"
    assert any("read as [UNK]" in line and "zebra" in line for line in instance.warnings)


def test_letters_come_back_from_the_file() -> None:
    learned(letters=True)
    assert told_by("w.npz").cut.letters  # type: ignore[union-attr]
    assert words(built("the lamb")) == [*"the▁lamb"]
    assert words(built()) == [*"mary"]
    assert built().sizes.slots == (31,)


def test_chinese_is_read_by_its_characters() -> None:
    learned("床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n", language="zh")
    assert vocabulary(built())[0] == "。"  # every line ends with it
    assert {*"，月思"} < {*vocabulary(built())}
    assert words(built("明月光，")) == [*"明月光，"]
    assert told_by("w.npz").language == "zh"  # type: ignore[union-attr]
    api.build("w.xlsx", weights="w.npz")
    assert "开始" in read_book(Path("w.xlsx")).content


def test_lines_that_are_too_long_are_counted_and_refused_or_cut() -> None:
    with pytest.raises(UserError, match=r"4 lines cannot be used: line 1 \(7 places\), .*`slots=8`.*`long='cut'`"):
        learned(slots=6)
    assert not Path("w.npz").exists()
    done = learned(slots=6, long="cut")
    assert done.warnings[-1] == "rhymes.txt: 4 of 4 lines were cut to 6 places"
    assert built().sizes.slots == (6,)


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        ("encoder-decoder", "a\tb\nc\nd\te\nf\n", "2 lines cannot be used: line 2 (1 column), line 4 (1 column)"),
        (
            "encoder",
            "good\tkind\nbad\nso\tunkind\nso so\t\n",
            "2 lines cannot be used: line 2 (1 column), line 4 (no",
        ),
        ("sentences", "a\tb\tc\nd\te\nf\n", "2 lines cannot be used: line 2 (2 columns), line 3 (1 column)"),
        ("recurrent", "a b\tb\nc\td d\nd\te e\n", "2 lines cannot be used: line 2 (2 words for 1), line 3 (2"),
    ],
)
def test_every_mistake_is_told_at_once(model: str, data: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        learned(data, model)
    assert said in str(error.value)
    assert len(str(error.value)) < 300


def test_many_words_that_a_given_vocabulary_lacks_are_counted() -> None:
    Path("words.txt").write_text("a\nb\n.\n")
    with pytest.raises(
        UserError, match=r"^rhymes.txt: 9 lines cannot be used: line 1 \('zebra0' \+1 unknown\).* and 4"
    ):
        learned("".join(f"zebra{k} lion{k} a\n" for k in range(9)), vocabulary="words.txt")


@pytest.mark.parametrize("letters", [False, True])
@pytest.mark.parametrize(
    ("model", "data"),
    [
        ("llama", RHYMES),
        ("bert", RHYMES),
        ("encoder-decoder", "guten Tag\tgood day\ngute Nacht!\tgood night!\n"),
        ("decoder", "guten Tag\tgood day\ngute Nacht!\tgood night!\n"),
        ("encoder", "truly nice\tpos\nno, never\tneg\nwell\tmixed\n"),
        ("sentences", "the moon is up\tmoonlight\tI eat bread\nwe ran\twe were running\tno sun\n"),
        ("recurrent", "red blue green\tgreen blue red\nblue red red\tred red blue\n"),
        ("multi-head", "red blue green\tgreen blue red\nblue red red\tred red blue\n"),
        ("sort-letters", "C B A\tA B C\nD A C\tA C D\n"),
    ],
)
def test_every_model_that_learns_from_sentences_takes_ones_own(model: str, data: str, letters: bool) -> None:
    done = learned(data, model, letters=letters)
    instance = built()
    assert instance.template.name == model
    assert not instance.warnings
    assert not instance.made_up
    assert np.isfinite(instance.trace()[instance.model.goals[0].result.name]).all()
    assert bool(done.trained.samples) == instance.template.entry.writes
    if model == "encoder":
        assert instance.sizes.names("classes") == ["pos", "neg", "mixed"]


def test_held_out_words_that_no_data_taught_are_read_and_not_counted() -> None:
    Path("valid.txt").write_text("Mary had a zebra.\n")
    done = learned(valid="valid.txt")
    assert any("zebra" in line and "[UNK]" in line for line in done.warnings)
    assert done.trained.history[-1].held_out_loss is not None
    assert "[UNK]" in vocabulary(built())


def test_a_template_of_ones_own_is_not_needed_again() -> None:
    name = template()
    api.train("w.npz", template=name, data="data.txt", steps=2, batch=4)
    Path(name).unlink()
    instance = built()
    assert (instance.template.name, words(instance)) == ("my", ["a", "b"])
    Path("other.txt").write_text("one two, three\n")
    name = template()
    api.train("w.npz", template=name, data="other.txt", steps=2, batch=4, force=True)
    Path(name).unlink()
    assert words(built())[:2] == ["one", "two"]


def test_weights_are_learned_on_from_alone() -> None:
    learned(letters=True, settings=LAYER)
    Path("more.txt").write_text("a little lamb\n")
    done = api.train("more.npz", data="more.txt", weights="w.npz", steps=2, batch=4)
    assert not done.warnings
    assert told_by("more.npz").made  # type: ignore[union-attr]
    Path("more.txt").write_text("q\n")
    with pytest.raises(UserError, match="'q' is not in the vocabulary"):
        api.train("no.npz", data="more.txt", weights="w.npz", steps=2, batch=4)


def test_a_run_is_taken_up_alone() -> None:
    whole = learned(steps=6, settings=LAYER, letters=True, seed=3)
    Path("w.npz").rename("whole.npz")
    with pytest.raises(UserError, match="stopped"):
        learned(steps=6, settings=LAYER, letters=True, seed=3, resume="run.npz", tell=_stop)
    asked("train", "--resume", "run.npz", "-o", "w.npz")
    first, second = (dict(np.load(name)) for name in ("whole.npz", "w.npz"))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first if name != "about")
    assert json.loads(str(second["about"]))["history"][-1]["step"] == len(whole.trained.history) == 6
    assert words(built("lamb")) == [*"lamb"]
    done = CliRunner().invoke(main, ["train", "--resume", "run.npz", "--set", "layers=2", "-o", "x.npz"])
    assert "run.npz says itself what to train: leave out --set" in done.output
    done = CliRunner().invoke(main, ["build", "--weights", "run.npz", "-o", "x.xlsx"])
    assert "keeps a run of training" in done.output


def _stop(told: Any) -> None:
    if told.step == 4:
        raise UserError("stopped")


def test_what_a_model_writes_is_told_on_the_way_and_at_the_end() -> None:
    done = learned(steps=20)
    assert all(one.sample and one.sample.startswith("Mary had a") for one in done.trained.history)
    assert len(done.trained.samples) == 3
    assert done.trained.samples[1].startswith("its fleece was")
    told = asked("train", "--template", "gpt", "--data", "rhymes.txt", "--steps", "10", "-o", "x.npz")
    assert told.count("writes: ") == 3 + 3
    short = ["--template", "gpt", "--data", "rhymes.txt", "--steps", "2"]
    told_json = json.loads(CliRunner().invoke(main, ["train", *short, "--format", "json", "-o", "y.npz"]).stdout)
    assert len(told_json["samples"]) == 3
    assert told_json["history"][0]["sample"].startswith("Mary had a")


def test_a_workbook_says_how_its_text_is_cut() -> None:
    learned(letters=True, settings=LAYER, most_words=12)
    api.build("w.xlsx", ["lamb"], weights="w.npz")
    assert diff("w.xlsx").ok
    cut = instance_of(read_book(Path("w.xlsx"))).template.cut
    assert (cut.letters, cut.unknown) == (True, "[UNK]")
    Path("more.txt").write_text("a lamb, quite\n")
    api.train("again.npz", "w.xlsx", data="more.txt", steps=2, batch=2)
    assert told_by("again.npz").made  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "data",
    [
        "\ufeffMary had a lamb\r\n\r\n\tMary went\t\r\n",
        "Mary had a lamb\n\nMary went",
        "\n\nMary had a lamb\rMary went\r",
    ],
)
def test_line_ends_marks_and_empty_lines_of_other_programs(data: str) -> None:
    Path("rhymes.txt").write_bytes(data.encode())
    api.train("w.npz", template="gpt", data="rhymes.txt", steps=2, batch=2)
    assert vocabulary(built()) == ["</s>", "Mary", "had", "a", "lamb", "went"]


def test_older_files_go_on_loading_and_what_they_lack_is_named() -> None:
    learned("the dog sat on the rug.\n")
    state = dict(np.load("w.npz"))
    np.savez("w.npz", **{**state, "about": np.array(json.dumps({"template": "gpt", "steps": 2}))})
    instance = built()
    (line,) = instance.warnings
    assert line == "w.npz does not tell language, slots, how text is cut: taken as template gpt has it"
    assert instance.template.name == "gpt"
    learned()
    state = dict(np.load("w.npz"))
    state["embeddings"] = np.vstack([state["embeddings"]] * 2)
    np.savez("w.npz", **{**state, "about": np.array(json.dumps({"template": "gpt", "steps": 2}))})
    assert built().warnings[0].endswith("has it, its rows from #36 on without words (`vocabulary`)")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"most_words": 0}, "`most_words` is 0"),
        ({"long": "keep"}, "`long` is 'keep'"),
        ({"slots": 1}, "`slots` is 1"),
        ({"settings": {"end": "nowhere"}, "language": "xx"}, "xx"),
    ],
)
def test_what_cannot_be_asked(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        learned(**given)
    assert not Path("w.npz").exists()


def test_more_words_than_a_sheet_has_columns_are_refused_at_once() -> None:
    text = "\n".join(" ".join(f"w{10 * k + i}" for i in range(10)) for k in range(1700))
    with pytest.raises(UserError, match=r"17,001 different words, and a sheet room for 16,320: `most_words=1000`"):
        learned(text)


def test_samples_begin_otherwise_where_lines_do(tmp_path: Path) -> None:
    data = tmp_path / "again.txt"
    data.write_text("the cat sat\nthe dog ran\na bird flew\n" + "the cat ran\n" * 97, "utf-8")
    done = api.train(tmp_path / "w.npz", template="gpt", data=data, steps=1)
    assert sorted(text.split()[1] for text in done.trained.samples) == ["bird", "cat", "dog"]


def test_the_names_that_a_template_has_learned_come_with_its_weights() -> None:
    path = template_folder() / "weights" / "names.npz"
    for text, known in (("<s>mary.", 1), ("<s>zzyzx.", 0)):
        values = make_instance(None, [text], weights=path).trace()
        assert values["learned.known"].item() == known


def test_the_sentence_of_a_workbook_of_letters_is_cut_again_as_it_was(tmp_path: Path) -> None:
    data, weights, book = tmp_path / "mine.txt", tmp_path / "mine.npz", tmp_path / "mine.xlsx"
    data.write_text("the cat sat\na dog ran\n", "utf-8")
    api.train(weights, template="gpt", data=data, steps=1, letters=True)
    api.build(book, weights=weights)
    before, again = make_instance(None, weights=weights), instance_of(read_book(book))
    assert again.sentences == before.sentences
    api.train(tmp_path / "more.npz", book, data=data, steps=1)
    assert make_instance(None, weights=tmp_path / "more.npz").sentences == before.sentences


@pytest.mark.parametrize("settings", [{"layers": 1}, {"learned": 5}, {"learned": 0}])
def test_drawn_weights_have_learned_no_names(settings: dict[str, int]) -> None:
    model = make_instance("names", settings=settings).model
    assert not [name for name in model.blocks if name.startswith("learned.")]


def test_a_model_of_other_names_does_not_speak_of_those_of_its_template(tmp_path: Path) -> None:
    data, weights = tmp_path / "mine.txt", tmp_path / "mine.npz"
    for lines in ("anna.\nbob.\n", "Mary had a lamb\n"):
        data.write_text(lines, "utf-8")
        api.train(weights, template="names", data=data, steps=1, force=True)
        instance = make_instance(None, weights=weights)
        assert not [name for name in instance.model.blocks if name.startswith("learned.")]
        assert "learned" not in [answer.key for answer in instance.model.headline.answers]
