"""A template of one's own begins: it builds as it is, and says nothing that is not so."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xltransformer import new
from xltransformer.building.begin import begun
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import own_template
from xltransformer.building.template import shipped_templates
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.teaching.experiments import place_of

SENTENCES = {"en": ["river bank and water", "money bank and credit"], "zh": ["河边 的 银行", "银行 里 的 钱"]}
ALONE = {"backpropagation"}
"""Templates whose model takes one sentence."""


def built(text: str, language: str) -> Instance:
    return make_instance(own_template("own", text, Path(), language), language=language)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", shipped_templates())
def test_every_model_begins_without_a_warning(name: str, language: str) -> None:
    sentences = SENTENCES[language][: 1 if name in ALONE else 2]
    text = begun(Path("own.toml"), sentences, name, language)
    instance = built(text, language)
    assert instance.warnings == ()
    assert not instance.template.trained
    assert not any(any(row) for row in instance.template.table.words.values())
    (experiment,) = instance.template.experiments
    assert "{cell}" in experiment.do["en"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["cat-and-mouse", "first-attention"])
def test_the_experiment_does_what_it_says(name: str, language: str) -> None:
    """The watched word takes something of the number that was typed, in whatever lesson is shown at first."""
    instance = built(begun(Path("own.toml"), SENTENCES[language], name, language), language)
    (experiment,) = instance.template.experiments
    block = instance.model.blocks[experiment.block]
    labels = (experiment.row, experiment.column)
    i, j = (place_of(block, label, side, instance.inputs) for side, label in enumerate(labels))
    edited = instance.inputs[block.name].copy()
    edited[i, j] = experiment.target(language)
    before, after = instance.trace(), instance.model.trace({**instance.inputs, block.name: edited})
    assert after["watch.0.output"][0, j] > before["watch.0.output"][0, j]
    assert {"en": "so takes some", "zh": "得到一些"}[language] in experiment.then["en"]


@pytest.mark.parametrize(
    ("language", "comment"), [("en", "# Each word with its numbers"), ("zh", "# 每个词和它的数")]
)
def test_it_builds_from_the_command_line(
    language: str, comment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [part for text in SENTENCES[language] for part in ("--sentence", text)]
    assert run("new", "own.toml", *given, "--lang", language).output == (
        "wrote own.toml: edit it, then xlt build --template own.toml\n"
    )
    text = Path("own.toml").read_text("utf-8")
    assert comment in text
    assert tomllib.loads(text)["watch"] in ("bank", "银行")
    result = run("build", "--template", "own.toml", "--lang", language)
    assert (result.exit_code, result.stderr) == (0, "")
    assert diff("own.xlsx").ok
    again = run("new", "own.toml", *given)
    assert again.exit_code == 2
    told = "own.toml exists already; give another name with FILE.toml, or --force to replace it"
    assert again.stderr == f"xlt: {told}\n"
    assert run("new", "own.toml", "--sentence", "cat", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("own.toml",), "give one with --sentence"),
        (("own.txt", "--sentence", "cat"), "does not end in .toml"),
        (("own.toml", "--sentence", "cat", "--template", "gtp"), "did you mean 'gpt'?"),
        (("own.toml", "--sentence", "..."), "no word"),
        (("own.toml", "--sentence", "cat", "--template", "decoder"), "a source and a target"),
        (("own.toml", "--sentence", "cat", "--lang", "tlh"), "no language 'tlh'"),
    ],
)
def test_what_cannot_be_begun_is_told(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("new", *arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert said in line
    assert not [*tmp_path.iterdir()]


def test_a_word_that_toml_would_not_take_is_quoted(tmp_path: Path) -> None:
    path = new(tmp_path / "odd.toml", ['say =1+1 and "x" @home'])
    assert "=1+1" in make_instance(path).template.table.words


def test_a_model_that_writes_begins_with_what_it_chooses_words_by(tmp_path: Path) -> None:
    path = new(tmp_path / "mine.toml", ["the cat"], template="gpt")
    switches = {"choose": "likely", "temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 1}
    assert tomllib.loads(path.read_text("utf-8"))["switches"] == switches
    assert make_instance(path).inputs["switches.choose"].item() == "most likely"
