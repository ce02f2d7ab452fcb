"""The trained models: what they do on held-out data, measured again, and their examples."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import deciding_heads
import held_out
import numpy as np
import openpyxl
import pytest
import training_data as td
from click.testing import CliRunner
from office import Office

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.origin import held_out_figures
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates, template_folder
from xltransformer.cli import main
from xltransformer.engines.base import fold
from xltransformer.errors import UserError
from xltransformer.locale import in_language
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import read_book

TRAINED = tuple(held_out.MEASURES)
LEAST = {"gpt": 0.98, "llama": 0.98, "bert": 0.99, "encoder-decoder": 0.99, "sort-letters": 1.0, "induction": 0.99,
         "decoder": 0.99, "multi-head": 0.99, "sentences": 0.98}  # fmt: skip
MOST_BYTES = 400_000


@pytest.mark.parametrize("name", TRAINED)
def test_held_out_figures_are_what_was_measured(name: str) -> None:
    if name == "names":
        pytest.importorskip("names")  # the package with the list
    measured = held_out.MEASURES[name]()
    assert measured == held_out_figures()[name]
    assert all(figure.of >= 100 for figure in measured)
    if name in LEAST:
        assert all(figure.right / figure.of >= LEAST[name] for figure in measured)
    if name == "gpt":
        assert str(measured[-1]) == "200 of 200 beginnings written on grammatically"


def test_every_trained_template_has_a_recipe_weights_and_figures() -> None:
    trained = {name for name in shipped_templates() if load_template(name).trained}
    recipes = tomllib.loads((td.DATA / "recipes.toml").read_text("utf-8"))
    assert trained == set(TRAINED) == set(recipes) == set(held_out_figures())
    for name in trained:
        assert (template_folder() / "weights" / f"{name}.npz").stat().st_size <= MOST_BYTES
        kept = all((td.DATA / recipes[name][part]).is_file() for part in ("data", "valid"))
        assert kept or name == "names"  # whose data are made from a package


def test_templates_are_told_of() -> None:
    lines = CliRunner().invoke(main, ["templates"]).stdout.splitlines()
    assert len(lines) == len(shipped_templates())
    told = {line.split()[0]: line for line in lines}
    for name in TRAINED:
        assert "trained, " in told[name]
        assert str(held_out_figures()[name][0]) in told[name]
    assert "hand-made" in told["cat-and-mouse"]
    assert "trained, 85,632 numbers" in told["sort-letters"]


def says(name: str, *sentences: str) -> tuple[Instance, dict[str, np.ndarray], str]:
    instance = make_instance(name, sentences)
    values = instance.trace()
    words = values[instance.model.sentences[-1].words.name].ravel()
    return instance, values, " ".join(word for word in words if word)


@pytest.mark.parametrize(
    ("name", "sentence", "said"),
    [
        ("gpt", "the cat sat on the", "the cat sat on the mat ."),
        ("gpt", "the dog sat on the", "the dog sat on the rug ."),
        ("gpt", "the bird sat on the", "the bird sat on the branch ."),
        ("llama", "the dog that saw the bird sat on the", "the dog that saw the bird sat on the rug ."),
        ("llama", "the crow that saw the bird sat on the", "the crow that saw the bird sat on the branch ."),
        ("llama", "the dog that saw the mouse sat on the", "the dog that saw the mouse sat on the rug ."),
        ("decoder", "小 狗 吃 肉", "<s> the small dog eats meat ."),
        ("decoder", "小 猫 吃 肉", "<s> the small cat eats meat ."),
        ("decoder", "大 狗 吃 肉", "<s> the big dog eats meat ."),
        ("encoder-decoder", "猫 吃 鱼", "<s> the cat eats fish ."),
        ("encoder-decoder", "猫 在 垫子 上 睡觉", "<s> the cat sleeps on the mat ."),
        ("sort-letters", "C A B B A C", "C A B B A C A A B B C C"),
        ("induction", "D F A B C E A", "D F A B C E A B C E A B"),
    ],
)
def test_the_examples(name: str, sentence: str, said: str) -> None:
    assert says(name, sentence)[2] == said


def test_bert_guesses_what_fits() -> None:
    _, values, _ = says("bert")
    assert values["prediction.ranked"][1].tolist() == ["cat", "kitten", "rabbit"]
    assert values["prediction.ranked_probability"][1].sum() > 0.95


def test_a_head_looks_at_the_letter_after_the_earlier_one() -> None:
    _, values, _ = says("induction")
    letters = ["D", "F", "A", "B", "C", "E", "A"]
    same, before = (values[f"decoder.0.head.{head}.weights"] for head in (0, 1))
    assert all(same[i, [k for k in range(i + 1) if letters[k] == letters[i]]].sum() > 0.98 for i in range(7))
    assert all(before[i].argmax() == i - 1 for i in range(1, 7))
    assert values["decoder.1.head.1.weights"][6].argmax() == 3


def test_heads_of_llama_that_share_keys() -> None:
    instance, before, _ = says("llama")
    assert load_template("llama").sizes["maps"] == ["0.head.2", "0.head.3"]
    W_K = instance.inputs["decoder.0.group.1.W_K"].copy()
    W_K[4, 2] = -2
    after = instance.model.trace({**instance.inputs, "decoder.0.group.1.W_K": W_K})
    moved = [np.abs(after[n] - before[n]).max() for n in (f"decoder.0.head.{h}.weights" for h in range(4))]
    assert moved[:2] == [0, 0]
    assert min(moved[2:]) > 0.5


def test_the_base_of_the_angles_turns_the_second_pair_alone() -> None:
    instance, before, _ = says("llama")
    after = instance.model.trace({**instance.inputs, "rotary.base": np.array([[100.0]])})
    for values, speeds in ((before, [1, 1, 0.01, 0.01]), (after, [1, 1, 0.1, 0.1])):
        np.testing.assert_allclose(values["decoder.rotary.angle"][1], speeds)


def typed(instance: Instance, block: str, row: int, word: str) -> dict[str, np.ndarray]:
    """The values once a word is typed over another."""
    words = instance.inputs[block].copy()
    words[row - 1] = word
    return instance.model.trace({**instance.inputs, block: words})


def test_the_decoder_goes_on_after_what_is_typed() -> None:
    instance, _, _ = says("decoder")
    words = typed(instance, "sentence.1.words", 3, "white")["sentence.1.words"].ravel()
    assert " ".join(filter(None, words)) == "<s> the white dog eats meat ."


def test_another_animal_lowers_the_cosine_and_a_word_of_the_same_meaning_hardly() -> None:
    instance, before, _ = says("sentences")
    cosines = [
        typed(instance, *edit)["similarity.cosine"][0, 1]
        for edit in (
            ("sentence.0.words", 2, "dog"), ("sentence.0.words", 2, "kitten"),
            ("sentence.1.words", 3, "sat"), ("sentence.1.words", 1, "the"),
        )
    ]  # fmt: skip
    built = before["similarity.cosine"][0, 1]
    assert cosines[0] < built - 0.3
    assert all(abs(cosine - built) < 0.05 for cosine in cosines[1:])


def test_two_heads_have_two_jobs() -> None:
    """In the row as built and after each experiment; the note tells what was measured."""
    instance, before, _ = says("multi-head")
    ways = [
        before,
        *(typed(instance, "sentence.words", k, word) for k, word in ((2, "hen"), (4, "cat"), (1, "dog"))),
    ]
    for values in ways:
        row = [word for word in values["sentence.words"].ravel() if word]
        behind, ahead = (values[f"multi_head.head.{head}.weights"].argmax(axis=1) for head in (0, 1))
        assert behind[: len(row) - 1].tolist() == list(range(1, len(row)))
        assert ahead[1 : len(row)].tolist() == list(range(len(row) - 1))
        assert tuple(values["prediction.predicted"].ravel()[: len(row)]) == td.neighbours_of(tuple(row))
    first, last = (values["prediction.predicted"].ravel()[:5] for values in (before, ways[-1]))
    assert (first != last).tolist() == [False, True, False, False, False]
    note = load_template("multi-head").notes["multi_head"]
    for figure in held_out_figures()["multi-head"][1:]:
        assert figure.right / figure.of >= 0.95
        assert f"{figure.right:,} of {figure.of:,}" in note["en"]
        assert f"{figure.of} 次中有 {figure.right} 次" in note["zh"]


def test_the_notes_tell_how_much_was_learned() -> None:
    """The numbers of sentences that notes name are those of the files."""
    learned = {
        "gpt": len(td.animals()[0]), "llama": len(td.animals()[0]), "encoder-decoder": len(td.translation()[0]),
        "decoder": len(td.translation()[0]),
    }  # fmt: skip
    for name, count in learned.items():
        notes = load_template(name).notes.values()
        assert any(f"{count:,} " in texts["en"] for texts in notes)
        assert any(f"{count} " in texts["zh"] for texts in notes)


@pytest.mark.parametrize("name", deciding_heads.QUESTIONS)
def test_the_first_screen_shows_the_heads_that_decide(name: str) -> None:
    """Without them least is right: of all heads, or with several maps, of each layer's; notes tell the figures."""
    template = load_template(name)
    of, right = deciding_heads.without_each(name)
    heads = {head: count for head, count in right.items() if head}
    shown = template.sizes["maps"]
    layers = [""] if len(shown) == 1 else [f"{layer}." for layer in range(len(shown))]
    for layer, one in zip(layers, shown, strict=True):
        assert one == min((head for head in heads if head.startswith(layer)), key=heads.__getitem__)
        assert right[one] < 0.9 * right[""]
    for language in ("en", "zh"):
        notes = " ".join(note[language] for note in template.notes.values()).replace(",", "")
        told = set(re.findall(r"\d+", notes))
        assert {str(of), *(str(right[one]) for one in shown)} <= told


def test_a_head_looks_at_the_word_that_is_translated_next() -> None:
    _, values, _ = says("encoder-decoder")
    weights = values["decoder.0.cross_attention.head.1.weights"]
    assert weights[1].argmax() == 0  # at "the" it looks at 猫, and writes cat
    assert weights[5].argmax() == 2  # at the second "the" at 垫子, and writes mat


def test_attention_remembers_every_name_and_the_measured_means_are_those_of_the_networks() -> None:
    _, values, _ = says("recurrent")
    right = values["remembered.right"].ravel().tolist()
    assert right == ["hen", "pig", "mouse", "bird", "dog", "cat"]
    assert values["remembered.distance"].ravel().tolist() == [1, 3, 5, 7, 9, 11]
    assert values["remembered.self_attention.said"].ravel().tolist() == right
    assert values["measured.words_behind"].ravel().tolist() == [1, 3, 5, 7, 9, 11]
    for name in ("recurrent", "lstm", "gru"):
        means = values[f"measured.share_{name}"]
        assert means.shape == (1, 6)
        assert means.max() < values["measured.share_self_attention"].min()


def test_words_never_seen_are_named_in_the_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    built = api.build(path, ["the zebra sat on the"], "gpt")
    assert "never saw" in built.warnings[0]
    assert "zebra" in built.warnings[0]
    assert "never saw zebra" in str(openpyxl.load_workbook(path)["Start"]["B2"].value)
    texts = [cell.value for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert any("never saw" in text for text in texts if isinstance(text, str))


def test_a_size_that_does_not_fit_draws_the_weights_and_says_so() -> None:
    instance = make_instance("gpt", settings={"layers": 1})
    assert "learned weights of template gpt do not fit another layers" in instance.warnings[0]
    assert not instance.template.trained
    assert make_instance("gpt", settings={"layers": 2, "slots": 3}).template.trained


def test_heads_that_another_size_lacks_are_not_shown() -> None:
    assert not make_instance("induction", settings={"layers": 1}).model.headline.pictures[1:-1]
    with pytest.raises(UserError, match="give a list of heads"):
        make_instance("induction", settings={"maps": ["head 1"]})


def test_slots_fill_the_places_that_the_weights_know() -> None:
    for sentence in ("the dog", "the cat that saw the dog sat on"):
        (places,) = make_instance("gpt", [sentence]).sizes.slots
        assert places == 12
    assert make_instance("encoder-decoder").sizes.slots == (8, 12)


@pytest.fixture(scope="module")
def sorting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sorting") / "sort.xlsx"
    api.build(path, template="sort-letters")
    return path


THIRTY = [read for read, _ in sorted({*td.sorting()[0], *td.sorting()[1]})][::25][:30]


def test_thirty_rows_are_sorted_in_ironcalc(sorting: Path) -> None:
    import ironcalc

    home = read_book(sorting).homes["sentence.words"]
    model = ironcalc.load_from_xlsx(str(sorting), "en", "UTC", "en")
    names = [fold(sheet["name"]) for sheet in model.get_worksheets_properties()]
    sheet = names.index(fold(home.sheet))
    for letters in THIRTY:
        for k, letter in enumerate(letters):
            model.set_user_input(sheet, home.row + 1 + k, home.column + 1, letter)
        model.evaluate()
        written = [model.get_cell_value(sheet, home.row + 1 + k, home.column + 1) for k in range(6, 12)]
        assert written == sorted(letters)


def test_thirty_rows_are_sorted_in_libreoffice(sorting: Path, office: Office) -> None:
    """With the first sheet alone looked at, as in a window."""
    home = read_book(sorting).homes["sentence.words"]
    first_sheet = Place(home.sheet, 0, 0, (home.row + home.shape[0], 14))
    edits = [[(home.sheet, home.address(k, 0), letter) for k, letter in enumerate(letters)] for letters in THIRTY]
    for letters, (typed, _) in zip(THIRTY, office.rounds(sorting, edits, [first_sheet])[1], strict=True):
        assert [row[0] for row in typed.read(home)[6:]] == sorted(letters)


def test_what_the_recurrent_lesson_shows_as_measured_is_measured_so() -> None:
    file, measure = held_out.MEANS["recurrent"]
    kept = tomllib.loads((template_folder() / file).read_text("utf-8"))
    measured = measure()
    assert list(kept) == list(measured)
    for name, numbers in measured.items():
        np.testing.assert_allclose(kept[name], numbers, atol=2e-3, err_msg=name)


def test_the_recurrent_lesson_tells_its_counts_and_shares_as_they_are() -> None:
    """The networks have about as many weights, and the notes say how many, and how often each is right."""
    instance = make_instance("recurrent")
    notes = {key: in_language(texts, "en") for key, texts in instance.template.notes.items()}
    sections = {"recurrent": "recurrent", "lstm": "lstm", "gru": "gru", "self_attention": "projected_attention"}
    counts = {
        name: sum(block.size for block in instance.model.parameters if block.name.startswith(f"{name}."))
        for name in sections
    }
    assert max(counts.values()) / min(counts.values()) < 1.1
    for name, section in sections.items():
        assert f"{counts[name]} weights" in notes[section]
    *gated, attention = held_out_figures()["recurrent"]
    assert attention.right == attention.of
    for figure in gated:
        assert f"{figure.right / figure.of:.0%}".replace("%", " %") in notes["prediction"]


def test_the_recurrent_lessons_experiments_come_out_as_told() -> None:
    names = ["cat", "dog", "bird", "mouse", "pig", "hen"]
    first = make_instance("recurrent", [" ".join(["cow", *names[1:], *["back"] * 6])]).trace()
    assert first["remembered.self_attention.said"][-1, 0] == "cow"
    last = make_instance("recurrent", [" ".join([*names[:5], "horse", *["back"] * 6])]).trace()
    assert last["remembered.right"][0, 0] == "horse"
    assert last["remembered.self_attention.share"][0, 0] > 0.9
    seven = make_instance("recurrent", [" ".join([*names, "pig", *["back"] * 5])]).trace()
    assert seven["remembered.last_right"].item() == names[2]
    assert seven["remembered.last_distance"].item() == 9


def test_nothing_measured_is_shown_of_other_weights_than_those_measured() -> None:
    for settings, there in (({}, True), ({"state": 4}, False), ({"seed": 5}, False)):
        model = make_instance("recurrent", settings=settings).model
        assert any(name.startswith("measured.") for name in model.blocks) == there
        assert len(model.headline.pictures) == 1 + there
