"""Kinds of models that are published today: LLaMA's decoder, and encoders that embed whole sentences."""

from __future__ import annotations

from dataclasses import replace

from xltransformer.errors import UserError
from xltransformer.graph import Axis, Matrix, Scope
from xltransformer.models.architectures import (
    STACK,
    WRITER,
    architecture,
    bert_stack,
    read,
    shown_heads,
    write_on,
    writer,
)
from xltransformer.models.sizes import Sizes, begin
from xltransformer.nn.dense import DENSE, dense, dense_weights
from xltransformer.nn.pooling import POOLINGS, cosines, directions, pool, unit_length, word_cosines
from xltransformer.nn.positions import BASE, Longer, angles
from xltransformer.nn.stack import stack_weights
from xltransformer.ops import stack
from xltransformer.teaching.headline import writing_headline
from xltransformer.teaching.lesson import Lesson
from xltransformer.teaching.pictures import Answer, Fact, Headline, Map
from xltransformer.teaching.watch import watch, watched_word
from xltransformer.text import letters


def llama(sizes: Sizes) -> Lesson:
    """LLaMA: decoder only, RMS norms before, rotary positions, SwiGLU, no biases; several heads may
    share their keys and values; the next word is predicted, and written.

    Touvron et al. 2023, section 2.2; Ainslie et al. 2023 for shared keys and values. Options: those of
    a stack and of a `writer`; `kv_heads`: how many keys and values there are, one for each head where it is not
    given; `query_key_norms`: whether each head's queries and keys have RMS norms before they are turned; `rotary`:
    how many columns of queries and keys turn, all where it is not given; `base`: that of the angles;
    `longer`: how they change for texts longer than the model began with, "together" (all positions) or
    "by_pair" (slow pairs alone, as LLaMA 3.1 does it), by the `factor`, and there with `low`, `high` and
    `original`.

    Raises UserError for heads that cannot be shared out among the keys and values, and for columns that turn and
    are odd in number, or more than there are.
    """
    model, _ = begin(sizes, *WRITER, "kv_heads", "query_key_norms", "rotary", "base", "longer", *LONGER)
    word = watched_word(model)
    a = architecture(model, sizes, activation="swiglu", pre_norm=True, rms=True, biases=False)
    a, window = writer(model, sizes, a)
    groups = sizes.count("kv_heads", a.heads)
    if a.heads % groups:
        raise UserError(
            f"kv_heads is {groups}, which does not divide the {a.heads} heads: give a number that does"
        )
    turning = _turning(sizes, a.d_k, a.width.size)
    a = replace(a, groups=groups, query_key_norms=sizes.flag("query_key_norms", False))
    g = model.scope("rotary")
    base = g.constant("base", sizes.number("base", BASE), positive=True)
    longer = _longer(g, sizes)
    w = stack_weights(model.scope("decoder"), a, sizes.count("layers", 2), final_norm=True)

    def turned(g: Scope, X: Matrix) -> Matrix:
        return angles(g.scope("rotary"), X, base, width=turning, longer=longer)

    scopes = [g.scope("decoder") for g in model.scopes]
    found = read(model, scopes, w, angles=turned, causal=True, window=window)
    probabilities = write_on(model, sizes, dict(enumerate(found.outputs)))
    model.watch = watched = watch(model, word, found.inputs, found.heads)
    model.headline = writing_headline(model, watched, probabilities, shown_heads(sizes, found.heads))
    return model


MOST_COMPARED = 16
"""Places of a sentence up to which its words are compared with those of another, in a map on the first screen."""
LONGER = {"factor": 8.0, "low": 1.0, "high": 4.0, "original": 8192.0}
"""What `longer` takes, with the numbers of LLaMA 3.1."""


def _turning(sizes: Sizes, d_k: int, width: int) -> int:
    """How many columns of queries and keys turn; UserError for a number that cannot."""
    turning = sizes.count("rotary", d_k)
    if turning % 2:
        what = (
            f"a query has {d_k}: give an even d_k" if turning == d_k else f"rotary is {turning}: give an even one"
        )
        raise UserError(f"rotary positions turn pairs of numbers, but {what}")
    if turning > d_k:
        raise UserError(f"rotary is {turning}, more than a query has numbers ({d_k}): give at most that")
    if turning > width:
        raise UserError(f"d_k is {turning}, wider than a word ({width}): give a d_k of at most that")
    return turning


def _longer(g: Scope, sizes: Sizes) -> Longer | None:
    """How the angles change for longer texts, as the options say it."""
    kind = sizes.choice("longer", "no", ("no", "together", "by_pair"))
    if kind == "no":
        return None
    numbers = {name: sizes.number(name, default) for name, default in LONGER.items()}
    factor = g.constant("factor", numbers["factor"])
    if kind == "together":
        return Longer(factor)
    if numbers["low"] >= numbers["high"]:
        raise UserError(f"[sizes] low is {numbers['low']}, not below high, {numbers['high']}: give a smaller one")
    low, high, original = (g.constant(name, numbers[name]) for name in ("low", "high", "original"))
    return Longer(factor, (low, high, original))


def sentence_encoder(sizes: Sizes) -> Lesson:
    """One vector for each sentence: the mean of BERT's last hidden states over the words that count,
    brought to length 1; the cosine of two of them says how near two sentences are in meaning.

    Reimers and Gurevych 2019, "Sentence-BERT", section 3. Options: those of a stack; `segments`, `relative`,
    `pad`: see `bert_stack`; `pooling`: another way to make one vector (`nn.pooling.pool`); `dense`: the width of a
    dense layer behind it, none where it is 0, with `dense_activation` and `dense_bias`.
    """
    own = ("segments", "relative", "pad", "pooling", "dense", "dense_activation", "dense_bias")
    model, _ = begin(sizes, *STACK, *own)
    how, width = sizes.choice("pooling", "mean", POOLINGS), sizes.count("dense", 0, least=0)
    activation = sizes.choice("dense_activation", "none", DENSE)
    found, *_ = bert_stack(model, sizes)
    model.goals = found.goals(model)
    layer = None
    if width:
        d, biases = model.vocabulary.embeddings.columns, sizes.flag("dense_bias", True)
        layer = dense_weights(model.scope("dense"), d, Axis.numbered("", width), activation, biases=biases)
    vectors = []
    for s, g, words in model.each("pooling"):
        vector = pool(g, found.outputs[s], words.padding, how)
        vector = vector if layer is None else dense(g.scope("dense"), vector, layer)
        vectors.append(unit_length(g, vector))
    model.vectors = vectors
    g, last = model.scope("similarity"), min(1, len(model.sentences) - 1)
    first, second = model.sentences[0], model.sentences[last]
    with model.section("similarity"):
        with g.step("sentence_vectors"):
            rows = Axis.fixed(letters(len(model.sentences)))
            labels = g.add("sentences", stack(*(one.text for one in model.sentences)), rows=rows)
        maps = [Map("cosine", cosines(g, labels, vectors))]
        if max(sizes.slots[: last + 1]) <= MOST_COMPARED:
            pair = [
                directions(g.scope("words", str(s)), found.outputs[s], model.sentences[s].padding)
                for s in range(last + 1)
            ]
            maps.append(Map("word_cosine", word_cosines(g.scope("words"), pair[0], pair[-1])))
    facts = {"first": Fact(first.text), "second": Fact(second.text), "cosine": Fact(maps[0].block, 0, last)}
    model.headline = Headline(maps, [Answer("cosine", facts)])
    return model
