"""Lessons on learning: attention that is trained step by step, and a gradient checked by a nudge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xltransformer.errors import UserError
from xltransformer.graph import ONE, Attended, Axis, Matrix, Scope
from xltransformer.models.begin import begin
from xltransformer.models.objective import loss_of
from xltransformer.models.sizes import Sizes
from xltransformer.nn.attention import Projection, attention, gate, padding_mask, project, projection
from xltransformer.nn.embedding import embed
from xltransformer.nn.gradients import gradients
from xltransformer.nn.loss import mean_squared_error
from xltransformer.ops import (
    Columns,
    Spread,
    add,
    concatenate,
    copy,
    divide,
    divide_rows,
    entry_at,
    equals,
    first,
    lookup,
    matmul,
    momentum,
    multiply,
    near,
    nudged,
    position,
    row_max,
    row_sum,
    settles,
    shifted_exp,
    step_down,
    subtract,
    transpose,
)
from xltransformer.record import record
from xltransformer.teaching.lesson import Goal, Lesson
from xltransformer.teaching.pictures import Answer, Curve, Curves, Fact, Headline, Map
from xltransformer.teaching.watch import watch, watched_word

STEPS = 40
"""How many steps of training stand in the sheet, unless the options say otherwise."""
LEARNING_RATE, MOMENTUM = 0.5, 0.9
TRIALS, REACH = 9, 4.0
"""How many values of the nudged entry the picture shows, and how far they reach to both sides."""
SHOWN = 2
"""Of how many sentences the headline shows the attention before and after."""


@record
class _Sentence:
    """What a step reads of a sentence: its vectors (n x d), who may look at whom (n x n), and which rows
    hold a word (n x 1)."""

    X: Matrix
    mask: Matrix
    padding: Matrix


def trainable_attention(sizes: Sizes) -> Lesson:
    """Attention whose weights learn to give each word back, and every step of that as live formulas.

    Options: `steps`; `d_k` and `d_v`; `learning_rate` and `momentum`, where their cells begin.
    """
    sizes.expect("steps", "d_k", "d_v", "learning_rate", "momentum")
    model, known, scopes = begin(sizes)
    model.learns = True
    count = sizes.count("steps", STEPS)
    word = watched_word(model)
    g = model.scope("trainable_attention")
    rate = model.scope("training").constant("learning_rate", sizes.number("learning_rate", LEARNING_RATE))
    share = model.scope("training").constant("momentum_size", sizes.number("momentum", MOMENTUM))
    on = gate(model.scope("switches"), "momentum", sizes.switch_words)
    model.switches = [on.operands[0]]
    model.settings = [rate, share]
    width = known.embeddings.columns
    keys = sizes.axis("d_k", "key_labels", "k", width.size)
    values = sizes.axis("d_v", "value_labels", "v", width.size)
    start = projection(g, width, keys, values)
    weights = {"W_Q": start.W_Q, "W_K": start.W_K, "W_V": start.W_V}
    weights["W_out"] = g.input("W_out", values, width, "parameter")
    read: list[_Sentence] = []
    attended: list[Attended] = []
    results: list[Matrix] = []
    for s, (top, words) in enumerate(zip(scopes, model.sentences, strict=True)):
        h = top.scope("trainable_attention")
        with model.section("trainable_attention", sentence=s):
            X = embed(h, words.index, known)
            read.append(_Sentence(X, padding_mask(h, words.padding, words.padding), words.padding))
            found, result = _write_back(h, read[-1], weights)
            attended.append(found)
            results.append(result)
    losses = []
    for s, (top, one, result) in enumerate(zip(scopes, read, results, strict=True)):
        with model.section("reconstruction", sentence=s):
            losses.append(mean_squared_error(top.scope("reconstruction"), result, one.X, one.padding))
    with model.section("reconstruction", sentence=None if len(losses) > 1 else 0):
        loss = _together(model.scope(), losses)
    learned = gradients(model, loss, weights.values())
    velocity = {name: learned[block] for name, block in weights.items()}
    with model.section("update"):
        h = model.scope("step", "1")
        with h.step("descent"):
            weights = _descend(model, h, weights, velocity, rate)
        with h.step("momentum"):
            share = model.scope("training").add("momentum", multiply(on, share))
    curve = [loss]
    for k in range(1, count + 1):
        h = model.scope("step", str(k))
        with model.section("step", layer=k, compact=True):
            with h.step("descent"):
                if k == 1:
                    velocity = {n: h.add(f"velocity_{n}", copy(block)) for n, block in velocity.items()}
                    for block in weights.values():
                        model.show(block)
                else:
                    slopes = {name: learned[block] for name, block in weights.items()}
                    velocity = {
                        n: h.add(f"velocity_{n}", momentum(block, slopes[n], share))
                        for n, block in velocity.items()
                    }
                    weights = {n: h.add(n, step_down(W, velocity[n], rate)) for n, W in weights.items()}
            after: list[Attended] = []
            losses = []
            for s, one in enumerate(read):
                i = h.scope("sentence", str(s)) if len(read) > 1 else h
                found, result = _write_back(i, one, weights)
                after.append(found)
                losses.append(mean_squared_error(i, result, one.X, one.padding))
            curve.append(_together(h, losses))
        if k < count:
            learned = gradients(model, curve[-1], weights.values())
    model.watch = watch(model, word, [one.X for one in read], {"trainable_attention": attended})
    model.headline = _headline(model, attended, after, curve)
    return model


def _write_back(g: Scope, read: _Sentence, w: Mapping[str, Matrix]) -> tuple[Attended, Matrix]:
    """Attention and what W_out makes of it, (n x d): the model that is trained, with any weights."""
    Q, K, V = project(g, read.X, Projection(w["W_Q"], w["W_K"], w["W_V"]))
    attended = attention(g, Q, K, V, mask=read.mask)
    with g.step("write_back"):
        return attended, g.add("result", matmul(attended.output, w["W_out"]))


def _together(g: Scope, losses: Sequence[Matrix]) -> Matrix:
    """The sum of the sentences' losses (1 x 1); of one sentence, its own."""
    if len(losses) == 1:
        return losses[0]
    with g.step("whole_loss"):
        return g.add("loss", add(*losses))


def _descend(
    model: Lesson, g: Scope, weights: Mapping[str, Matrix], velocity: Mapping[str, Matrix], rate: Matrix
) -> dict[str, Matrix]:
    """The first step in full: each weight, its gradient, and what it becomes."""
    stepped = {}
    for name, W in weights.items():
        model.show(W)
        model.show(velocity[name])
        stepped[name] = g.add(name, step_down(W, velocity[name], rate))
    return stepped


def _headline(
    model: Lesson, before: Sequence[Attended], after: Sequence[Attended], curve: Sequence[Matrix]
) -> Headline:
    """The first sentences' attention before and after, the curve of the losses, and in words whether they
    fell."""
    g = model.scope("training")
    numbers = Axis.fixed([str(k) for k in range(len(curve))])
    losses = g.add("losses", concatenate(*curve), columns=numbers, scale="plain")
    column = g.add("losses_down", transpose(losses), scale="plain")
    steps = g.add("steps", position(column), scale="count")
    settled = g.add("settles", settles(losses))
    model.promises = [settled]
    last = len(curve) - 1
    maps = [
        Map(f"attention_{when}", one.weights, sentence=s)
        for when, found in (("before", before), ("after", after))
        for s, one in enumerate(found[:SHOWN])
    ]
    facts = {"first": Fact(losses), "last": Fact(losses, 0, last), "steps": Fact(steps, last)}
    curves = Curves("losses", "steps", (Curve("loss", steps, losses),))
    return Headline([*maps, curves], [Answer("settles", facts, holds=settled)])


def backpropagation(sizes: Sizes) -> Lesson:
    """A product and a softmax with their gradients, by hand, each checked by a nudge: the slope that a
    second forward pass shows beside the gradient.

    X W = scores, softmax(scores) = shares, and the loss is the mean squared error to a target.
    Raises UserError for more than one sentence.
    """
    sizes.expect()
    if len(sizes.slots) > 1:
        raise UserError(f"the lesson on backpropagation takes one sentence, not {len(sizes.slots)}")
    model, known, (top,) = begin(sizes)
    model.learns = True
    word = watched_word(model)
    words, width = model.sentences[0], known.embeddings.columns
    g = top.scope("backpropagation")
    W = g.input("W", width, width, "parameter")
    nudge = model.scope("nudge").constant("nudge", 0.001)
    with model.section("backpropagation", sentence=0):
        X = embed(g, words.index, known)
        scores = _scores(g, X, W)
        shares = _softmax(g, scores)
    goal = Goal(shares, 0, words.padding)
    model.goals.append(goal)
    with model.section("objective", sentence=0):
        loss, target = loss_of(model, goal, 0)
    found = gradients(model, loss, [X, W, scores])

    def loss_again(h: Scope, again: Matrix) -> Matrix:
        """The loss once more, from other scores on."""
        return mean_squared_error(h, _softmax(h, again), target, words.padding)

    answers, differences = [], []
    for name, block, rows in (("product", W, known.dimensions), ("softmax", scores, words.words)):
        h = model.scope("nudge", name)
        with model.section(f"nudge_{name}"):
            with h.step("nudge"):
                row = h.input(f"{block.last_name}_row", ONE, ONE, "choice", text=True, choices=rows)
                column = h.input(
                    f"{block.last_name}_column", ONE, ONE, "choice", text=True, choices=known.dimensions
                )
                at = [
                    h.add(f"{side}_position", first(h.add(f"{side}_match", equals(listed, choice))))
                    for side, listed, choice in (("row", rows, row), ("column", known.dimensions, column))
                ]
                trial = h.add("nudged", nudged(block, *at, nudge), scale="fine")
            nudged_loss = loss_again(h, _scores(h, X, trial) if block is W else trial)
            with h.step("nudged_slope"):
                model.show(loss)
                model.show(nudged_loss)
                rise = h.add("rise", subtract(nudged_loss, loss), scale="fine")
                slope = h.add("slope", divide(rise, nudge), scale="fine")
                picked = h.add("gradient_row", lookup(at[0], found[block]))
                gradient = h.add("gradient", entry_at(picked, at[1]), scale="fine")
                apart = h.add("apart", subtract(slope, gradient), scale="fine")
        differences.append(apart)
        model.settings += [row, column]
        facts = {"row": Fact(row), "column": Fact(column), "slope": Fact(slope), "gradient": Fact(gradient)}
        answers.append(Answer(f"nudge_{name}", {**facts, "nudge": Fact(nudge)}))
        if block is W:
            curves = _tangent(model, lambda h, trial: loss_again(h, _scores(h, X, trial)), W, at, loss, gradient)
    model.settings.append(nudge)
    model.promises = [model.scope("nudge").add("agrees", near(*differences))]
    # The shares are over dimensions, not words.
    model.watch = watch(model, word, [X], {"backpropagation": [Attended(shares, shares)]}, ranks=False)
    maps = [
        Map(key, shown)
        for key, shown in (
            ("nudge_W", W),
            ("nudge_gradient_W", found[W]),
            ("nudge_scores", scores),
            ("nudge_gradient_scores", found[scores]),
        )
    ]
    model.headline = Headline([*maps, curves], answers)
    return model


def _tangent(
    model: Lesson,
    loss_of_trial: Callable[[Scope, Matrix], Matrix],
    block: Matrix,
    at: Sequence[Matrix],
    loss: Matrix,
    gradient: Matrix,
) -> Curves:
    """The loss for many values of one entry, a forward pass each, beside the line that the gradient draws."""
    g = model.scope("scan")
    by = g.add("by", Spread(TRIALS)(g.constant("reach", REACH)))
    losses = []
    for k in range(TRIALS):
        h = g.scope(str(k + 1))
        with model.section("scan", layer=k + 1, compact=True):
            with h.step("nudge"):
                offset = h.add("offset", Columns(k)(by, loss))
                trial = h.add("nudged", nudged(block, *at, offset))
            losses.append(loss_of_trial(h, trial))
    found = g.add("losses", concatenate(*losses), scale="plain")
    start, rises = g.add("start", concatenate(*[loss] * TRIALS)), g.add("rises", matmul(gradient, by))
    line = g.add("line", add(start, rises), scale="plain")
    return Curves("scan", "nudged_by", (Curve("scan_loss", by, found), Curve("scan_line", by, line)))


def _scores(g: Scope, X: Matrix, W: Matrix) -> Matrix:
    """Scores X W, (n x m)."""
    with g.step("product"):
        return g.add("scores", matmul(X, W))


def _softmax(g: Scope, scores: Matrix) -> Matrix:
    """The softmax of each row, (n x m), in two steps."""
    with g.step("exponentials"):
        maximum = g.add("maximum", row_max(scores))
        exponentials = g.add("exponentials", shifted_exp(scores, maximum))
        total = g.add("total", row_sum(exponentials))
    with g.step("shares"):
        return g.add("shares", divide_rows(exponentials, total))
