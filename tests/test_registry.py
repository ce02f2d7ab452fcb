"""The registry of models: each has one entry, which says what is to be known before its file is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.models import MODELS, ModelEntry, Sizes, maker
from xltransformer.weights import SCHEMES

PUBLISHED = [name for name, entry in MODELS.items() if entry.schemes]


@pytest.mark.parametrize("name", MODELS)
def test_every_entry_makes_a_model(name: str) -> None:
    entry = MODELS[name]
    model = maker(name)(Sizes((4, 4) if entry.pair or entry.compares else (4,), 6, 4, {}))
    assert len(model.sentences) == (2 if entry.pair or entry.compares else 1)
    written = [sentence for sentence in model.sentences if sentence.words.feedback is not None]
    assert bool(written) == entry.writes


def test_a_name_without_entry_is_refused() -> None:
    with pytest.raises(KeyError, match="no_such_model"):
        maker("no_such_model")


@pytest.mark.parametrize("half", [{"schemes": ("gpt2",)}, {"template": "gpt"}])
def test_an_entry_with_half_of_what_published_weights_take_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"architectures\.gpt: schemes .* and the template for them go together"):
        ModelEntry("architectures.gpt", **half)  # type: ignore[arg-type]


def test_every_scheme_of_names_is_of_one_model() -> None:
    assert sorted(scheme for name in PUBLISHED for scheme in MODELS[name].schemes) == sorted(SCHEMES)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_template_for_published_names_is_of_the_model(name: str) -> None:
    assert MODELS[name].template in shipped_templates()
    assert load_template(MODELS[name].template).model == name


FILES = {entry.made_by.partition(".")[0]: name for name, entry in MODELS.items()}
"""A model of each file."""
ALSO = {
    "published": {"architectures"},
    "layer_lessons": {"attention_lessons"},
    "recurrent_lesson": {"attention_lessons"},
}
"""Files that others are composed of."""


@pytest.mark.parametrize("file", FILES)
def test_only_the_file_of_the_model_that_is_made_is_loaded(file: str) -> None:
    script = f"""
import sys
from xltransformer.models import MODELS, maker
files = {{"xltransformer.models." + entry.made_by.partition(".")[0] for entry in MODELS.values()}}
assert not files & {{*sys.modules}}
maker("{FILES[file]}")
print(*files & {{*sys.modules}})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert loaded == {file} | ALSO.get(file, set())
