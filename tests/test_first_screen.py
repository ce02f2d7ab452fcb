"""What stands at the head of the first screen: the task of every template, and whether its weights were drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from cells import cells_of

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.locale import languages, load_messages
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.start.grid import INTRO, LABEL, TASK, TITLE, TOP, VALUE


def head(instance: Instance, language: str = "en") -> dict[int, str]:
    """The lines at the head of Start, by row; empty where a row says nothing."""
    start = lay_out(instance, instance.trace(), load_messages(language)).sheets[0]
    cells = cells_of(start)
    return {row: str(cells[row, LABEL].content) if (row, LABEL) in cells else "" for row in (TITLE, TASK, INTRO)}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", shipped_templates())
def test_every_template_tells_its_task_in_one_line(name: str, language: str) -> None:
    task = load_template(name).task[language]
    assert task.endswith("." if language == "en" else "。")
    assert len(task) <= (100 if language == "en" else 50)
    assert head(make_instance(name, language=language), language)[TASK] == task


def test_the_task_is_left_out_where_there_is_none_or_it_speaks_of_another_word(tmp_path: Path) -> None:
    intro = load_messages()("start.intro")
    lines = head(make_instance("cat-and-mouse", ["the robot eats cheese"]))
    assert (lines[TASK], lines[INTRO]) == (intro, "")
    own = tmp_path / "own.toml"
    own.write_text('model = "attention_lessons"\nsentences = ["a"]\ndimensions = ["x"]\n[words]\na = [1.0]\n')
    lines = head(make_instance(own))
    assert lines[TASK] == load_messages()("start.drawn_further", seed=0, lesson="Self-attention")
    assert lines[INTRO] == intro


DRAWN = [
    ("gpt", {"layers": 1}),
    ("gpt", {"d_model": 8}),
    ("bert", {"heads": 3}),
    ("induction", {"layers": 1}),
    ("sort-letters", {"d_model": 8, "heads": 2, "d_ff": 8}),
    ("encoder-decoder", {"heads": 4}),
    ("recurrent", {"d_model": 8}),
    ("gpt", {"seed": 5}),
]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(("name", "settings"), DRAWN)
def test_where_learned_weights_do_not_fit_nothing_is_said_of_them(
    name: str, settings: dict[str, int], language: str
) -> None:
    """Start says that weights and embeddings are drawn; title, task, notes and experiments are gone."""
    instance = make_instance(name, settings=settings, language=language)
    messages, template = load_messages(language), load_template(name, language)
    seed = settings.get("seed", template.seed)
    lines = head(instance, language)
    assert lines[TASK] == messages("start.drawn_all", seed=seed)
    assert lines[TITLE] == messages(f"start.title_{template.model}") != template.title[language]
    book = lay_out(instance, instance.trace(), messages)
    said = "\n".join(
        text for sheet in book.sheets for cell in cells_of(sheet).values() for text in [str(cell.content)]
    )
    claims = [template.title, template.task, *template.notes.values(), *(e.then for e in template.experiments)]
    assert not [claim[language] for claim in claims if claim[language] in said]


@pytest.mark.parametrize("name", shipped_templates())
def test_a_template_says_whether_its_numbers_are_drawn(name: str) -> None:
    instance, messages = make_instance(name), load_messages()
    template, drawn = instance.template, instance.drawn
    if template.trained or not (instance.model.parameters or template.table.drawn):
        assert not drawn
    if drawn in ("all", "embeddings"):
        assert template.table.drawn
    told = head(instance)[INTRO]
    assert (told == messages("start.intro")) == (not drawn)
    if drawn:
        assert told == messages(f"start.drawn_{drawn}", seed=template.seed, lesson=instance.shown)


def test_what_is_half_given_is_told_as_it_is(tmp_path: Path) -> None:
    own = 'model = "multi_head"\nsentences = ["a"]\nseed = 7\n'
    numbers = 'dimensions = ["x", "y"]\n[sizes]\nheads = 1\nd_k = 1\nd_v = 1\n[words]\na = [1.0, 2.0]\n'
    head_weights = "".join(f"{name} = [[1.0], [2.0]]\n" for name in ("W_Q", "W_K", "W_V"))
    given = f"[weights.multi_head]\nW_O = [[1.0, 2.0]]\n[weights.multi_head.head.0]\n{head_weights}"
    for text, drawn in (
        (own + 'words = ["a"]\n', "all"),
        (own + numbers, "weights"),
        (own + numbers + given, ""),
        ('model = "rotary"\nwords = ["a"]\nsentences = ["a"]\n', "embeddings"),
    ):
        (tmp_path / "own.toml").write_text(text)
        assert make_instance(tmp_path / "own.toml").drawn == drawn
    for name, drawn in (("positions", ""), ("masks", ""), ("add-norm", ""), ("trainable-attention", "learning")):
        assert make_instance(name).drawn == drawn


def test_other_embeddings_silence_what_is_said_of_the_weights(tmp_path: Path) -> None:
    """The weights were made for other dimensions: they are drawn, and the notes on them are left out."""
    (tmp_path / "words.csv").write_text("word,size,noise\ncat,1,2\nmouse,2,1\nkeyboard,3,1\n")
    instance = make_instance("cat-and-mouse", ["cat mouse", "keyboard mouse"], embeddings=tmp_path / "words.csv")
    assert head(instance)[TASK] == load_messages()("start.drawn_further", seed=0, lesson="Self-attention")
    assert not instance.template.notes
    assert not instance.template.experiments


@pytest.mark.parametrize(
    ("language", "named"), [("en", ("Source (A)", "Target (B)")), ("zh", ("源句（A）", "目标句（B）"))]
)
@pytest.mark.parametrize("name", ["encoder-decoder", "decoder"])
def test_the_sentences_of_a_pair_are_named_by_their_roles(
    name: str, language: str, named: tuple[str, str]
) -> None:
    instance = make_instance(name, language=language)
    cells = cells_of(lay_out(instance, instance.trace(), load_messages(language)).sheets[0])
    assert tuple(cells[TOP, column].content for column in (LABEL, VALUE)) == named
