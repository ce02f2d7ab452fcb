"""The shortest lesson: attention for one query, without weights."""

from __future__ import annotations

from xltransformer.graph import ONE, Model
from xltransformer.models.sizes import Sizes
from xltransformer.nn.attention import attention, same, switches
from xltransformer.nn.embedding import embed, sentence, vocabulary
from xltransformer.ops import lookup, present, word_index


def single_query(sizes: Sizes) -> Model:
    """One word asks (Q is its row of the vocabulary), every word of the sentence answers (K = V = X)."""
    sizes.expect()
    model = Model()
    model.vocabulary = known = vocabulary(model.scope(), sizes.vocabulary, sizes.width)
    turned = switches(model.scope("switches"), causal=False)
    model.switches = [turned.scaling, turned.temperature]
    for s, slots in enumerate(sizes.slots):
        prefix = ("sentence", str(s)) if len(sizes.slots) > 1 else ()
        words = sentence(model.scope(*(prefix or ("sentence",))), known, slots)
        model.sentences.append(words)
        g = model.scope(*prefix, "single_query")
        with model.section("single_query", sentence=s):
            X = embed(g, words.index, known)
            with g.step("query"):
                query = g.input("query", ONE, ONE, "choice", text=True, choices=words.words)
                index = g.add("index", word_index(query, known.words))
                padding = g.add("padding", present(index))
                asked = g.add("asked", lookup(index, known.embeddings))
            Q, K, V = same(g, asked, X)
            attention(g, Q, K, V, padding, words.padding, turned)
    return model
