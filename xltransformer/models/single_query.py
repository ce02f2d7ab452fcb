"""The shortest lesson: attention for one query, without weights."""

from __future__ import annotations

from xltransformer.graph import Attended, Matrix
from xltransformer.models.begin import begin
from xltransformer.models.sizes import Sizes
from xltransformer.nn.attention import attention, same, switches
from xltransformer.ops import lookup, present, word_index
from xltransformer.teaching.headline import attention_answers, attention_bars
from xltransformer.teaching.lesson import Goal, Lesson
from xltransformer.teaching.pictures import Headline
from xltransformer.teaching.watch import watch, watched_word


def single_query(sizes: Sizes) -> Lesson:
    """One word asks (Q is its row of the vocabulary), every word of the sentence answers (K = V = X)."""
    model, known = begin(sizes)
    turned = switches(model.scope("switches"), sizes.switch_words, causal=False)
    model.switches = turned.inputs
    word = watched_word(model)
    inputs: list[Matrix] = []
    attended: list[Attended] = []
    asked: Matrix | None = None
    for s, g, words, X in model.reading("single_query"):
        inputs.append(X)
        with g.step("query"):
            model.show(word)
            index = g.add("index", word_index(word, known.words))
            padding = g.add("padding", present(index))
            asked = g.add("asked", lookup(index, known.embeddings))
        attended.append(attention(g, *same(g, asked, X), padding, words.padding, turned))
        model.goals.append(Goal(attended[-1].output, s, padding, like=asked))
    model.watch = watched = watch(model, word, inputs, {"single_query": attended}, asked)
    model.headline = Headline(attention_bars(model, watched), attention_answers(watched, moves=False))
    return model
