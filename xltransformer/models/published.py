"""Kinds of models that are published today: LLaMA's decoder, and encoders that embed whole sentences."""

from __future__ import annotations

from dataclasses import replace

from xltransformer.errors import UserError
from xltransformer.graph import Axis
from xltransformer.models.architectures import bert_stack, every_head, write_on
from xltransformer.models.begin import STACK, architecture, begin
from xltransformer.models.lesson import Answer, Bars, Fact, Headline, Lesson, Map, Picture, writing_headline
from xltransformer.models.sizes import Sizes
from xltransformer.nn.attention import padding_mask
from xltransformer.nn.embedding import embed
from xltransformer.nn.encoder import encoder, encoder_weights
from xltransformer.nn.pooling import cosines, pool
from xltransformer.nn.positions import BASE, angles
from xltransformer.nn.watch import watch, watched_word
from xltransformer.ops import stack
from xltransformer.text import letters


def llama(sizes: Sizes) -> Lesson:
    """LLaMA: decoder only, RMS norms before, rotary positions, SwiGLU, no biases; several heads may
    share their keys and values; the next word is predicted, and written.

    Touvron et al. 2023, section 2.2; Ainslie et al. 2023 for shared keys and values. Options: those of
    a stack; `kv_heads`: how many keys and values there are, one for each head where it is not given;
    `attention_biases`: whether queries, keys and values have biases; `base`: that of the angles;
    `tied`: whether the output weights are the embeddings; `end`: the word after which nothing is
    written. Raises UserError for heads that cannot be shared out among the keys and values, and for an
    odd width of queries.
    """
    sizes.expect(*STACK, "kv_heads", "attention_biases", "base", "tied", "end")
    model, known, scopes = begin(sizes)
    word = watched_word(model)
    a = architecture(
        model, sizes, known.embeddings.columns, activation="swiglu", pre_norm=True, rms=True, biases=False
    )
    groups = sizes.count("kv_heads", a.heads)
    if a.heads % groups:
        raise UserError(
            f"kv_heads is {groups}, which does not divide the {a.heads} heads: give a number that does"
        )
    if a.d_k % 2:
        raise UserError(f"rotary positions turn pairs of numbers, but a query has {a.d_k}: give an even d_k")
    if a.d_k > a.width.size:
        raise UserError(f"d_k is {a.d_k}, wider than a word ({a.width.size}): give a d_k of at most that")
    a = replace(a, groups=groups, attention_biases=sizes.flag("attention_biases", a.biases))
    top, layers = model.scope(), sizes.count("layers", 2)
    base = top.scope("rotary").constant("base", sizes.number("base", BASE))
    w = encoder_weights(top.scope("decoder"), a, layers, final_norm=True)
    inputs, outputs = [], []
    for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=True)):
        h = g.scope("decoder")
        with model.section("embedding", sentence=s):
            inputs.append(embed(h.scope("words"), words.index, known))
            turned = angles(h.scope("rotary"), inputs[-1], base, width=a.d_k)
            mask = padding_mask(h, words.padding, words.padding, causal=True)
        outputs.append(
            encoder(h, inputs[-1], w, pre_norm=a.pre_norm, mask=mask, causal=True, angles=turned, sentence=s)
        )
    found = [write_on(model, sizes, output, sentence=s).probabilities for s, output in enumerate(outputs)]
    heads = every_head(model, a, layers, [(*g.parts, "decoder") for g in scopes], outputs)
    model.watch = watched = watch(model, word, inputs, heads)
    model.headline = writing_headline(model, watched, found)
    return model


def sentence_encoder(sizes: Sizes) -> Lesson:
    """One vector for each sentence: the mean of BERT's last hidden states over the words that count,
    brought to length 1; the cosine of two of them says how near two sentences are in meaning.

    Reimers and Gurevych 2019, "Sentence-BERT", section 3. Options: those of a stack.
    """
    sizes.expect(*STACK)
    model, known, scopes = begin(sizes)
    read = bert_stack(model, sizes, scopes)
    model.goals = read.goals(model)
    vectors = []
    for s, (g, output, words) in enumerate(zip(scopes, read.outputs, model.sentences, strict=True)):
        with model.section("pooling", sentence=s):
            vectors.append(pool(g.scope("pooling"), output, words.padding))
    g = model.scope("similarity")
    with model.section("similarity"):
        with g.step("sentence_vectors"):
            labels = g.add("sentences", stack(*(one.text for one in model.sentences)))
            labels.rows = Axis.fixed(letters(labels.shape[0]))
        nearness = cosines(g, labels, vectors)
    first, second = model.sentences[0], model.sentences[min(1, len(model.sentences) - 1)]
    facts = {
        "first": Fact(first.text),
        "second": Fact(second.text),
        "cosine": Fact(nearness, 0, len(vectors[:2]) - 1),
    }
    pictures: list[Picture] = [Map("cosine", nearness)]
    if len(vectors) > 1:
        pictures.append(Bars("unit_vectors", known.dimensions, tuple(vectors[:2]), shares=False))
    model.headline = Headline(pictures, [Answer("cosine", facts)])
    return model
