"""The lesson on the feed-forward network: what its texts say of its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from xltransformer.building.instance import make_instance
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import languages

NETWORKS = ("relu", "gelu_tanh", "gelu_erf", "swiglu")
ANIMAL, TECHNOLOGY, ONE, BOTH = range(4)


@pytest.fixture(scope="module")
def words() -> dict[str, Array]:
    return {word: np.array(row) for word, row in make_instance("feed-forward").template.table.words.items()}


def told(words: dict[str, Array], network: str) -> dict[str, Array]:
    """What a network makes of each word of the vocabulary."""
    instance = make_instance("feed-forward", [" ".join(words)])
    return dict(zip(words, instance.trace()[f"{network}.output"], strict=True))


@pytest.mark.parametrize("network", NETWORKS)
def test_each_network_tells_one_from_both(words: dict[str, Array], network: str) -> None:
    for word, made in told(words, network).items():
        animal, technology = words[word][[ANIMAL, TECHNOLOGY]] > 0
        assert (made[ONE] > 1) == (animal != technology), word
        assert (made[BOTH] > 0.3) == (animal and technology), word
        assert not made[:ONE].any()
        if animal != technology:
            assert made.argmax() == ONE
        if animal and technology:
            assert made.argmax() == BOTH


def test_no_matrix_can_tell_one_from_both(words: dict[str, Array]) -> None:
    """The best one, with a bias, is wrong about some word wherever the line is drawn between yes and no."""
    x = np.array([[*row[:ONE], 1.0] for row in words.values()])
    wanted = np.array([(row[ANIMAL] > 0) != (row[TECHNOLOGY] > 0) for row in words.values()])
    cat, keyboard, mouse, none = (words[word] for word in ("cat", "keyboard", "mouse", "and"))
    assert np.allclose(mouse + (1 - 0.8) * 2 * none, 0.8 * cat + 0.8 * keyboard)
    guess = x @ np.linalg.lstsq(x, wanted.astype(float))[0]
    assert guess[wanted].min() < guess[~wanted].max()


def test_the_notes_say_what_is_so() -> None:
    instance = make_instance("feed-forward")
    values = instance.trace()
    output = {network: values[f"{network}.output"] for network in NETWORKS}
    assert instance.template.sentences == ("keyboard and mouse and cat",)
    keyboard, _, _, none, cat = range(5)
    for network in ("gelu_tanh", "gelu_erf"):
        both = output[network][[keyboard, none, cat], BOTH]
        assert (both < 0).all()
        assert (both > -0.1).all()
        assert (output[network].max(axis=1) > 0.3).tolist() == (output["relu"].max(axis=1) > 0.3).tolist()
    assert np.abs(output["gelu_tanh"] - output["gelu_erf"]).max() < 0.001
    assert not output["swiglu"][none].any()
    assert not instance.drawn
    for name in ("W_1", "b_1", "W_2", "b_2"):
        assert all(np.array_equal(values[f"{network}.{name}"], values[f"relu.{name}"]) for network in NETWORKS)


@pytest.mark.parametrize("language", languages())
def test_every_hidden_unit_has_its_name(language: str) -> None:
    instance = make_instance("feed-forward", language=language)
    labels = instance.model.blocks["relu.inner"].columns.labels
    assert labels == tuple(instance.template.sizes["hidden_labels"])
    with pytest.raises(UserError, match="hidden_labels has 3 names, but d_ff is 6"):
        make_instance("feed-forward", settings={"d_ff": 6})
