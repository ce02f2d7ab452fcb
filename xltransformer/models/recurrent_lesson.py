"""What the Transformer replaced, beside attention: the plain recurrent network, and those with gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TypeVar

from xltransformer import ops
from xltransformer.errors import UserError
from xltransformer.graph import ONE, Attended, Axis, Matrix, Scale, Scope
from xltransformer.models.attention_lessons import turned_by
from xltransformer.models.sizes import Sizes, begin
from xltransformer.nn.attention import Projection, Switches, attention, project, projection, same
from xltransformer.nn.embedding import embed
from xltransformer.nn.gated import gru, gru_weights, lstm, lstm_weights
from xltransformer.nn.positions import BASE, sinusoidal
from xltransformer.nn.prediction import Prediction, predict
from xltransformer.nn.recurrent import AtWord, Recurrent, anywhere, influence, recurrent, recurrent_weights
from xltransformer.record import record
from xltransformer.teaching.lesson import Goal, Lesson
from xltransformer.teaching.pictures import Answer, Curve, Curves, Fact, Headline
from xltransformer.teaching.watch import watch, watched_word

PLAIN, ATTENTION = "recurrent", "self_attention"
"""The two that are always there, as the scopes of their blocks are named."""
IN_FULL = 2
"""So many words are worked out step by step: the first, and one that finds a state before it; backwards from the
last. The others stand in strips."""
SHARE, REACH, AT = "share", "influence", {"share": "words_behind", "influence": "distance"}
"""How measured rows are named, before the network's name, and the row that tells where they were measured."""

States = Callable[[int], Matrix]
"""The states (n x m) of a network over a sentence, by its number."""
Learned = TypeVar("Learned")
MakesWeights = Callable[[Scope, Axis, Axis], Learned]
"""Makes a network's weights in a scope, for words and states of these widths."""
Runs = Callable[[Scope, Matrix, Learned, AtWord], Matrix]
"""Runs a network with its weights over a sentence's vectors (n x d), to its states (n x m)."""


def recurrent_lesson(sizes: Sizes) -> Lesson:
    """Recurrent networks over each sentence, beside attention, and how far each word reaches in the plain one.

    Options: `state`, its width; `lstm_state` and `gru_state`, those of networks with gates, without which they
    are left out; `predicts`: whether all have weights to predict a word with at every place, from the words up
    to there, attention then knows their places; `back`, the word at which they are to say the words before it
    once more, from the last to the first; and `measured`, figures to show beside those of the sentence: the rows
    `words_behind` and `share_NETWORK`, `distance` and `influence_NETWORK`, and `rows`, how many they are means of.
    """
    model, known = begin(sizes, "state", "lstm_state", "gru_state", "predicts", "back", "measured")
    turned, word = turned_by(model, sizes), watched_word(model)
    predicts, back = sizes.flag("predicts", False), sizes.word("back")
    if back is not None and not predicts:
        raise UserError("[sizes] back goes with predicts = true: nothing is said without")
    state = sizes.axis("state", "state_labels", "h", 3)
    w = recurrent_weights(model.scope(PLAIN), known.embeddings.columns, state)
    inputs: list[Matrix] = []
    gated = _gated(model, sizes, inputs, "lstm", lstm_weights, lstm)
    gated |= _gated(model, sizes, inputs, "gru", gru_weights, gru)
    guessing = _guessing(model, {PLAIN: state, **{name: axis for name, (axis, _) in gated.items()}}, predicts)
    attended: list[Attended] = []
    guesses: dict[str, list[Prediction]] = {}
    reaches: list[tuple[Curve, Curve]] = []
    for s, r, words, X in model.reading(PLAIN):
        inputs.append(X)
        found = {PLAIN: recurrent(r, X, w, _at_word(model, PLAIN, s))}
        found |= {name: states(s) for name, (_, states) in gated.items()}
        attended.append(_attend(model, s, turned, guessing))
        if guessing is not None:
            for name, one in _say(model, s, {**found, ATTENTION: attended[-1].output}, guessing).items():
                guesses.setdefault(name, []).append(one)
        else:
            model.goals += [Goal(states, s, words.padding) for states in found.values()]
        reaches.append(_reach(model, s, X, found[PLAIN], w, attended[-1]))
    measured = sizes.figures("measured")
    model.watch = watch(model, word, inputs, {ATTENTION: attended})
    _beside(model, reaches[0], measured)
    if back is None:
        model.headline = _reaches(model, reaches[0])
    else:
        model.headline = _remembers(model, back, {name: one[0] for name, one in guesses.items()}, measured)
    return model


def _gated(
    model: Lesson,
    sizes: Sizes,
    inputs: list[Matrix],
    name: str,
    weights: MakesWeights[Learned],
    run: Runs[Learned],
) -> dict[str, tuple[Axis, States]]:
    """A network with gates where it is asked for: the axis of its states, and what gives these of a sentence, from
    its vectors among the `inputs`; by its `name`, which is that of its section and scopes."""
    if not (count := sizes.count(f"{name}_state", 0, least=0)):
        return {}
    axis = Axis.numbered("h", count)
    learned = weights(model.scope(name), model.vocabulary.embeddings.columns, axis)

    def states(s: int) -> Matrix:
        with model.section(name, sentence=s):
            return run(model.scopes[s].scope(name), inputs[s], learned, _at_word(model, name, s))

    return {name: (axis, states)}


def _at_word(model: Lesson, name: str, sentence: int, in_full: range = range(IN_FULL)) -> AtWord:
    """What opens the place of a word's steps: those `in_full` stand in the section that is open, the others each
    in a strip of their own."""

    def at_word(t: int) -> AbstractContextManager[None]:
        if t in in_full:
            return anywhere(t)
        return model.section(f"{name}_word", sentence, t + 1, compact=True)

    return at_word


@record
class _Guessing:
    """What predicts words at every place: the weights of attention, the base of its positions, and by the name of
    each network the weights from its states, or from what attention gives, to the vocabulary."""

    attention: Projection
    base: Matrix
    outputs: Mapping[str, Matrix]


def _guessing(model: Lesson, states: Mapping[str, Axis], predicts: bool) -> _Guessing | None:
    """The weights that predict words, from states of these widths and from attention's values."""
    if not predicts:
        return None
    known = model.vocabulary
    width = known.embeddings.columns
    keys, values = (Axis.numbered(name, width.size) for name in "kv")
    learned = projection(model.scope(ATTENTION), width, keys, values)
    base = model.scope("positions").constant("base", BASE, positive=True)
    outputs = {
        name: model.scope(name, "prediction").input("W", axis, Axis.of(known.words), "parameter")
        for name, axis in {**states, ATTENTION: values}.items()
    }
    return _Guessing(learned, base, outputs)


def _attend(model: Lesson, s: int, turned: Switches, guessing: _Guessing | None) -> Attended:
    """Attention over a sentence: over its own vectors, or with places and weights, where words are predicted."""
    h, words = model.scopes[s].scope(ATTENTION), model.sentences[s]
    with model.section("projected_attention" if guessing else ATTENTION, sentence=s):
        X = embed(h.scope("words") if guessing else h, words.index, model.vocabulary)
        if guessing is None:
            return attention(h, *same(h, X, X), (words.padding, words.padding), turned)
        Q, K, V = project(h, sinusoidal(h, X, guessing.base), guessing.attention)
        return attention(h, Q, K, V, (words.padding, words.padding), turned, causal=True)


def _say(model: Lesson, s: int, found: Mapping[str, Matrix], guessing: _Guessing) -> dict[str, Prediction]:
    """What each network predicts at every place of a sentence, from its states (n x m); goals to learn."""
    said = {}
    for name, x in found.items():
        h = model.scopes[s].scope(name, "prediction")
        with model.section("prediction", sentence=s):
            said[name] = predict(h, ops.matmul(x, guessing.outputs[name]), model.vocabulary.words)
        model.goals.append(Goal(said[name].logits, s, model.sentences[s].padding, words=True))
    return said


def _reach(
    model: Lesson, s: int, X: Matrix, states: Matrix, w: Recurrent, attended: Attended
) -> tuple[Curve, Curve]:
    """How much each word of a sentence moves the plain network's last state, and attention's weights for the last
    word, against the distance from it."""
    h, count = model.scopes[s].scope(ATTENTION), X.shape[0]
    in_full = range(count - IN_FULL, count)
    with model.section("influence", sentence=s):
        reach = influence(model.scopes[s].scope(PLAIN), X, states, w, _at_word(model, "influence", s, in_full))
        with h.step("direct"):
            direct = h.add("direct", ops.Row(count - 1)(attended.weights), scale="probability")
            distance = h.add("distance", ops.from_end(X))
    return Curve("recurrent", distance, reach), Curve("attention", distance, direct)


def _measured(model: Lesson, kind: str, figures: Mapping[str, tuple[float, ...]], scale: Scale) -> list[Curve]:
    """Measured rows of a kind as constants, each a curve over where it was measured; none where there are none."""
    if AT[kind] not in figures:
        return []
    g, across = model.scope("measured"), figures[AT[kind]]
    axis = Axis.fixed([f"{place:g}" for place in across])

    def row(name: str, scale: Scale) -> Matrix:
        return g.add(name, Matrix(ONE, axis, role="constant", default=figures[name], scale=scale))

    with g.step(f"measured_{kind}"):
        if "rows" in figures:
            _rows(model, figures["rows"])
        places = row(AT[kind], "count")
        rows = [name for name in figures if name.startswith(f"{kind}_")]
        return [Curve(name, places, row(name, scale)) for name in rows]


def _rows(model: Lesson, count: tuple[float, ...]) -> Matrix:
    """How many rows the measured ones are means of."""
    known = model.blocks.get("measured.rows")
    if known is not None:
        return model.show(known)
    return model.scope("measured").constant("rows", count[0], scale="count")


def _beside(model: Lesson, live: tuple[Curve, Curve], figures: Mapping[str, tuple[float, ...]]) -> None:
    """Measured influence beside that in the first sentence, and both as a picture below."""
    with model.section("influence", sentence=0):
        measured = _measured(model, REACH, figures, "plain")
    if measured:
        model.below["influence"] = Curves("influence", "from_last", (live[0], *measured))


def _reaches(model: Lesson, curves: tuple[Curve, ...]) -> Headline:
    """How far each word of the first sentence reaches, in the recurrent network and in attention."""
    read = model.sentences[0].words
    last = read.shape[0] - 1
    facts = {"first": Fact(read), "last": Fact(read, last)}
    for curve in curves:
        facts |= {f"{curve.key}_first": Fact(curve.up), f"{curve.key}_last": Fact(curve.up, 0, last)}
    return Headline([Curves("influence", "from_last", curves)], [Answer("influence", facts)])


def _remembers(
    model: Lesson, back: str, guesses: Mapping[str, Prediction], figures: Mapping[str, tuple[float, ...]]
) -> Headline:
    """The share that each network gives to the right word, over how many words lie between, in the first sentence
    and as measured, and in words what they say at the last `back`."""
    words, known = model.sentences[0], model.vocabulary
    if words.words.shape[0] < 2:
        return Headline(answers=[Answer("remembered_none", {})])
    g = model.scope("remembered")
    with model.section("remembered", sentence=0), g.step("remembered"):
        is_back = g.add("is_back", ops.equals(words.words, g.constant("back", back)))
        turn = g.add("turn", ops.first(is_back))
        said = g.add("said_place", ops.behind_turn(turn, words.words))
        told = g.add("told_place", ops.before_turn(turn, words.words))
        meant = g.add("meant", ops.unbroken(g.add("back_there", ops.lookup(said, is_back))))
        count = g.add("meant_count", ops.row_sum(g.add("meant_row", ops.transpose(meant))), scale="count")
        distance = g.add("distance", ops.subtract(said, told), scale="count")
        right = g.add("right_index", ops.lookup(told, words.index))
        g.add("right", ops.word_at(right, known.words))
        last_right = g.add("last_right", ops.word_at(g.add("last_index", ops.lookup(count, right)), known.words))
        far = g.add("last_distance", ops.lookup(count, distance), scale="count")
        across = g.add("shown_distance", ops.settle(distance, meant, far), scale="count")
        holds = g.add("asks", ops.present(count))
    curves, facts = [], {"number": Fact(count), "right": Fact(last_right), "distance": Fact(far)}
    for name, guess in guesses.items():
        h = g.scope(name)
        with model.section("remembered", sentence=0), h.step("remembered_share"):
            at = h.add("probabilities", ops.lookup(said, guess.probabilities))
            share = h.add("share", ops.entry_at(at, right), scale="probability")
            index = h.add("said_index", ops.lookup(said, guess.index))
            h.add("said", ops.word_at(index, known.words))
            last_index = h.add("last_index", ops.lookup(count, index))
            last = h.add("last_share", ops.lookup(count, share), scale="probability")
            shown = h.add("shown_share", ops.settle(share, meant, last), scale="probability")
            shares = h.add("shares", ops.transpose(shown), scale="probability")
            facts[name] = Fact(h.add("last_said", ops.word_at(last_index, known.words)))
            facts[f"{name}_share"] = Fact(last)
        curves.append(Curve(f"share_{name}", across, shares))
    with model.section("remembered", sentence=0):
        measured = _measured(model, SHARE, figures, "probability")
    pictures = [Curves("remembered", "words_behind", tuple(curves))]
    pictures += [Curves("measured", "words_behind", tuple(measured))] if measured else []
    key = "remembered_gated" if len(guesses) > 2 else "remembered"
    return Headline(pictures, [Answer(key, facts, holds=holds, instead="remembered_nothing")])
