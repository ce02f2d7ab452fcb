"""What a published classifier makes of BERT's last hidden states: the class of a sentence, or of every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xltransformer.errors import UserError
from xltransformer.graph import ONE, Axis, Matrix, Scope
from xltransformer.models.sizes import Sizes
from xltransformer.nn.attention import softmax
from xltransformer.nn.classifier import Classifier, classifier, likeliest
from xltransformer.nn.contributions import first_takes_in
from xltransformer.nn.dense import DENSE, Dense, dense, dense_weights
from xltransformer.nn.linear import linear
from xltransformer.ops import Row, present, row_max, row_sum, sigmoid, transpose, weigh_rows
from xltransformer.teaching.judged import Judged, judged_headline, words_headline
from xltransformer.teaching.lesson import Goal, Lesson, Watch

if TYPE_CHECKING:
    from xltransformer.models.architectures import Reading

CLASSIFIES = ("classes", "classifies", "dense_activation", "answers")
"""The options of a classifier: the names of its `classes`; whether it `classifies` a "sentence" or "words"; what
stands behind the dense layer before it (`nn.dense.DENSE`), which only a classifier of sentences has; and what it
`answers` by: "softmax", one class of several; "sigmoid", a share of its own for each; "number", the logits as they
are."""


def class_names(model: Lesson, classes: Sequence[str]) -> Matrix:
    """The names of the classes (c x 1), as an input."""
    model.classes = model.scope("classifier").input(
        "classes", Axis.numbered("", len(classes)), ONE, "list", text=True
    )
    return model.classes


def classify_with(model: Lesson, sizes: Sizes, found: Reading, watched: Watch) -> None:
    """The classes of sentences or of words, from the last hidden states, and what the first sheet shows of them.

    Devlin et al. 2019, section 4.1 and figure 4: the first token's last state stands for the sentence, one or two;
    of single words each has a class by its own state. Raises UserError for options that make no sense.
    """
    names = class_names(model, sizes.names("classes"))
    g, width = model.scope("classifier"), model.vocabulary.embeddings.columns
    answers = sizes.choice("answers", "softmax", ("softmax", "sigmoid", "number"))
    if sizes.choice("classifies", "sentence", ("sentence", "words")) == "words":
        _classify_words(model, found, classifier(g, width, names), watched)
        return
    if answers == "softmax" and names.size == 1:
        raise UserError("[sizes] classes has one name: give at least two, or answers 'sigmoid' or 'number'")
    layer = dense_weights(g.scope("dense"), width, width, sizes.choice("dense_activation", "tanh", DENSE))
    w = classifier(g, width, names)
    judged = []
    for s, h, words in model.each("classification", "sentence_class"):
        judged.append(_judge(h, found.outputs[s], words.padding, layer, w, answers))
        model.goals.append(_goal(judged[-1], s, w.names, answers))
    taken = [
        first_takes_in(h, found.last[s], found.W_O, words.words)
        for s, h, words in model.each("takes_in", "first_takes_in")
    ]
    model.headline = judged_headline(model, watched, names, judged, taken, answers)


def _judge(g: Scope, X: Matrix, padding: Matrix, layer: Dense, w: Classifier, answers: str) -> Judged:
    """The logits of a sentence (1 x c) from its first token's state in X (n x d), and what they say."""
    with g.step("first_token"):
        first = g.add("first", Row(0)(X))
    ready = dense(g.scope("dense"), first, layer)
    with g.step("sentence_logits"):
        logits = g.add("logits", linear(ready, w.W, w.b))
        some = g.add("any", row_max(g.add("there_T", transpose(padding))), scale="gate")
    over = None
    shares = logits
    if answers == "softmax":
        shares = softmax(g, logits, shares="class_probabilities")
    elif answers == "sigmoid":
        with g.step("class_shares"):
            shares = g.add("class_shares", sigmoid(logits))
            each = g.add("over_half", present(g.add("logits_T", transpose(logits))))
            over = g.add("count", row_sum(g.add("over_half_T", transpose(each))), scale="count")
    name, share = likeliest(g, logits, shares, w.names)
    return Judged(logits, shares, name, share, some, over)


def _goal(judged: Judged, s: int, names: Matrix, answers: str) -> Goal:
    """What such a model learns by: cross-entropy, of each class by itself where each has a share of its own; of
    numbers the squared error."""
    if answers == "softmax":
        return Goal(judged.logits, s, judged.any, words=True, names=names)
    return Goal(judged.logits, s, judged.any, shares=answers == "sigmoid")


def _classify_words(model: Lesson, found: Reading, w: Classifier, watched: Watch) -> None:
    """A class for every word of each sentence, from its own state."""
    judged = []
    for s, g, words in model.each("classification", "word_classes"):
        with g.step("word_class_logits"):
            logits = g.add("logits", linear(found.outputs[s], w.W, w.b))
        shares = softmax(g, logits, shares="class_probabilities")
        name, share = likeliest(g, logits, shares, w.names)
        with g.step("words_that_stand"):
            shown = g.add("word_shares", weigh_rows(shares, words.padding), scale="probability")
        judged.append(Judged(logits, shown, name, share, words.padding, None))
        model.goals.append(Goal(logits, s, words.padding, words=True, names=w.names))
    model.headline = words_headline(model, watched, w.names, judged)
