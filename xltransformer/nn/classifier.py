"""From the vectors of words to one of several classes, and what each word has to say in it."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Axis, Matrix, Scope
from xltransformer.nn.attention import softmax
from xltransformer.nn.linear import bias, linear
from xltransformer.nn.pooling import mean
from xltransformer.ops import (
    concatenate,
    entry_at,
    margin,
    mean_rows,
    multiply,
    row_argmax,
    row_max,
    transpose,
    word_at,
)
from xltransformer.record import record


@record
class Classifier:
    """The `names` of c classes (c x 1, text), and the learned weights from a vector to their logits: W (d x c)
    and b (1 x c)."""

    names: Matrix
    W: Matrix
    b: Matrix


@record
class Classified:
    """What is said of a sentence as a whole: logits and probabilities of the classes (1 x c), the class of the
    largest logit, its name and probability (1 x 1), and whether there is a word at all (1 x 1)."""

    logits: Matrix
    probabilities: Matrix
    name: Matrix
    probability: Matrix
    any: Matrix


def classifier(g: Scope, width: Axis, names: Matrix) -> Classifier:
    """The weights as inputs, for classes of these names."""
    classes = Axis.of(names)
    return Classifier(names, g.input("W", width, classes, "parameter"), bias(g, "b", classes))


def classify(g: Scope, X: Matrix, padding: Matrix, w: Classifier) -> Classified:
    """The class of a sentence: the mean of the words that count, X (n x d) and the padding (n x 1), a linear map
    and a softmax. Kim 2014, "Convolutional Neural Networks for Sentence Classification", for the output layer;
    Reimers and Gurevych 2019, section 3, for the mean."""
    pooled = mean(g, X, padding)
    with g.step("class_logits"):
        logits = g.add("logits", linear(pooled, w.W, w.b))
        some = g.add("any", row_max(g.add("there_T", transpose(padding))), scale="gate")
    probabilities = softmax(g, logits, shares="class_probabilities")
    name, probability = likeliest(g, logits, probabilities, w.names)
    return Classified(logits, probabilities, name, probability, some)


def likeliest(g: Scope, logits: Matrix, shares: Matrix, names: Matrix) -> tuple[Matrix, Matrix]:
    """The class of the largest logit in each row (n x c), by its name, and its share (n x 1 each)."""
    with g.step("class"):
        index = g.add("class_index", row_argmax(logits))
        name = g.add("class", word_at(index, names))
        return name, g.add("probability", entry_at(shares, index), scale=shares.scale)


@record
class Reading:
    """What the classifier reads from the words after each of several stages of a model, in the order of the
    stages: the logits of every word (n x c each); its score, by how much the first class is ahead of the mean of
    the others, `single` (n x 1 each) and side by side (n x stages), and the mean over the words (1 x stages)."""

    logits: Sequence[Matrix]
    single: Sequence[Matrix]
    scores: Matrix
    mean: Matrix


def read_off(g: Scope, stages: Sequence[Matrix], padding: Matrix, w: Classifier) -> Reading:
    """What the same classifier says of each single word after each stage (n x d each), as if the model ended
    there: the "logit lens", nostalgebraist 2020, "interpreting GPT: the logit lens". As mean and classifier are
    linear, the mean over the words after the last stage is what the whole sentence is judged by."""
    logits, single = [], []
    for k, X in enumerate(stages):
        h = g.scope("stage", str(k))
        with h.step("word_logits" if k else "words_alone"):
            logits.append(h.add("logits", linear(X, w.W, w.b)))
            ahead = h.add("ahead", margin(logits[-1]))
            single.append(h.add("score", multiply(ahead, padding)))
    with g.step("word_scores"):
        after = Axis.fixed([str(k) for k in range(len(stages))])
        scores = g.add("by_layer", concatenate(*single), columns=after)
        return Reading(logits, single, scores, g.add("mean_score", mean_rows(scores, padding)))
