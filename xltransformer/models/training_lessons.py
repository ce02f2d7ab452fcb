"""Lessons on learning: attention that is trained step by step, and a gradient checked by a nudge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xltransformer import ops
from xltransformer.errors import UserError
from xltransformer.graph import ONE, Attended, Axis, Matrix, Scope
from xltransformer.models.objective import loss_of
from xltransformer.models.sizes import Sizes, begin
from xltransformer.nn.attention import Projection, attention, gate, padding_mask, project, projection
from xltransformer.nn.embedding import embed
from xltransformer.nn.gradients import gradients
from xltransformer.nn.loss import mean_squared_error
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


LossOf = Callable[[Scope, Matrix], Matrix]
"""The loss (1 x 1) of a forward pass with another block, in a scope of its own."""


@record
class _Sentence:
    """A sentence: its vectors (n x d), who may look at whom (n x n), and which rows hold a word (n x 1)."""

    X: Matrix
    mask: Matrix
    padding: Matrix


def trainable_attention(sizes: Sizes) -> Lesson:
    """Attention whose weights learn to give each word back, and every step of that as live formulas.

    Options: `steps`; `d_k` and `d_v`; `learning_rate` and `momentum`, where their cells begin.
    """
    model, known = begin(sizes, "steps", "d_k", "d_v", "learning_rate", "momentum")
    model.learns = True
    count = sizes.count("steps", STEPS)
    word = watched_word(model)
    g, training = model.scope("trainable_attention"), model.scope("training")
    rate = training.constant("learning_rate", sizes.number("learning_rate", LEARNING_RATE))
    share = training.constant("momentum_size", sizes.number("momentum", MOMENTUM))
    on = gate(model.scope("switches"), "momentum", sizes.switch_words)
    model.switches, model.settings = [on.operands[0]], [rate, share]
    width = known.embeddings.columns
    keys = sizes.axis("d_k", "key_labels", "k", width.size)
    values = sizes.axis("d_v", "value_labels", "v", width.size)
    start = projection(g, width, keys, values)
    weights = {"W_Q": start.W_Q, "W_K": start.W_K, "W_V": start.W_V}
    weights["W_out"] = g.input("W_out", values, width, "parameter")
    read, attended, results = [], [], []
    for _, h, words, X in model.reading("trainable_attention"):
        read.append(_Sentence(X, padding_mask(h, words.padding, words.padding), words.padding))
        found, result = _write_back(h, read[-1], weights)
        attended.append(found)
        results.append(result)
    losses = []
    for s, h, words in model.each("reconstruction"):
        losses.append(mean_squared_error(h, results[s], read[s].X, words.padding))
    with model.section("reconstruction", sentence=None if len(losses) > 1 else 0):
        loss = _together(model.scope(), losses)
    after, curve = _train(model, read, weights, loss, rate, (on, share), count)
    model.watch = watch(model, word, [one.X for one in read], {"trainable_attention": attended})
    model.headline = _headline(model, attended, after, curve)
    return model


def _train(
    model: Lesson,
    read: Sequence[_Sentence],
    weights: Mapping[str, Matrix],
    loss: Matrix,
    rate: Matrix,
    shares: tuple[Matrix, Matrix],
    count: int,
) -> tuple[list[Attended], list[Matrix]]:
    """So many steps of training: the attention after the last, and the loss before the first and after each.
    `shares` are factors of what a step keeps of the one before it (1 x 1 each). Once the loss is out of bounds no
    step moves the weights any more, so that every number stays one."""
    learned = gradients(model, loss, weights.values())
    velocity = {name: learned[block] for name, block in weights.items()}
    with model.section("update"):
        h = model.scope("step", "1")
        with h.step("descent"):
            stepped = {}
            for name, W in weights.items():
                model.show(W)
                model.show(velocity[name])
                stepped[name] = h.add(name, ops.step_down(W, velocity[name], rate))
            weights = stepped
        with h.step("momentum"):
            share = model.scope("training").add("momentum", ops.multiply(*shares))
    curve = [loss]
    for k in range(1, count + 1):
        h = model.scope("step", str(k))
        with model.section("step", layer=k, compact=True):
            with h.step("descent"):
                far = ops.copy(rate) if k == 1 else ops.while_within(rate, curve[-1], loss)
                far = h.add("learning_rate", far, scale="plain")
                if k == 1:
                    velocity = {n: h.add(f"velocity_{n}", ops.copy(block)) for n, block in velocity.items()}
                    for block in weights.values():
                        model.show(block)
                else:
                    slopes = {name: learned[block] for name, block in weights.items()}
                    velocity = {
                        n: h.add(f"velocity_{n}", ops.momentum(v, slopes[n], share)) for n, v in velocity.items()
                    }
                    weights = {n: h.add(n, ops.step_down(W, velocity[n], far)) for n, W in weights.items()}
            after, losses = [], []
            for s, one in enumerate(read):
                i = h.scope("sentence", str(s)) if len(read) > 1 else h
                found, result = _write_back(i, one, weights)
                after.append(found)
                losses.append(mean_squared_error(i, result, one.X, one.padding))
            curve.append(_together(h, losses))
        if k < count:
            learned = gradients(model, curve[-1], weights.values())
    return after, curve


def _write_back(g: Scope, read: _Sentence, w: Mapping[str, Matrix]) -> tuple[Attended, Matrix]:
    """Attention and what W_out makes of it, (n x d): the model that is trained, with any weights."""
    Q, K, V = project(g, read.X, Projection(w["W_Q"], w["W_K"], w["W_V"]))
    attended = attention(g, Q, K, V, read.mask)
    with g.step("write_back"):
        return attended, g.add("result", ops.matmul(attended.output, w["W_out"]))


def _together(g: Scope, losses: Sequence[Matrix]) -> Matrix:
    """The sum of the sentences' losses (1 x 1); of one sentence, its own."""
    if len(losses) == 1:
        return losses[0]
    with g.step("whole_loss"):
        return g.add("loss", ops.add(*losses))


def _headline(
    model: Lesson, before: Sequence[Attended], after: Sequence[Attended], curve: Sequence[Matrix]
) -> Headline:
    """The first sentences' attention before and after, the curve of losses up to where they leave all bounds, and
    in words what became of them."""
    g = model.scope("training")
    numbers = Axis.fixed([str(k) for k in range(len(curve))])
    losses = g.add("losses", ops.concatenate(*curve), columns=numbers, scale="plain")
    within = g.add("within", ops.count_within(losses))
    drawn, steps = g.add("curve", ops.up_to(losses, within)), g.add("steps", ops.steps_up_to(losses, within))
    became, last = g.add("outcome", ops.outcome(losses, within)), len(curve) - 1
    maps = [
        Map(f"attention_{when}", one.weights, sentence=s)
        for when, found in (("before", before), ("after", after))
        for s, one in enumerate(found[:SHOWN])
    ]
    facts = {
        "first": Fact(losses),
        "last": Fact(losses, 0, last),
        "steps": Fact(steps, 0, last),
        "out": Fact(within),
    }
    cases = tuple(f"settles_{case}" for case in ("begins", "leaps", "higher", "still", "out"))
    curves = Curves("losses", "steps", (Curve("loss", steps, drawn),))
    return Headline([*maps, curves], [Answer("settles", facts, case=became, cases=cases)])


def backpropagation(sizes: Sizes) -> Lesson:
    """A product and a softmax with their gradients, by hand, each checked by a nudge: the slope that a
    second forward pass shows beside the gradient.

    X W = scores, softmax(scores) = shares, and the loss is the mean squared error to a target.
    Raises UserError for more than one sentence.
    """
    model, known = begin(sizes)
    if len(sizes.slots) > 1:
        raise UserError(f"the lesson on backpropagation takes one sentence, not {len(sizes.slots)}")
    model.learns = True
    word = watched_word(model)
    words, width = model.sentences[0], known.embeddings.columns
    g = model.scope("backpropagation")
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

    def by_scores(h: Scope, again: Matrix) -> Matrix:
        """The loss once more, from other scores on."""
        return mean_squared_error(h, _softmax(h, again), target, words.padding)

    def by_weights(h: Scope, again: Matrix) -> Matrix:
        return by_scores(h, _scores(h, X, again))

    product = _check(model, "product", W, known.dimensions, nudge, found[W], loss, by_weights)
    curves = _tangent(model, W, product, loss, by_weights)
    softmax = _check(model, "softmax", scores, words.words, nudge, found[scores], loss, by_scores)
    model.settings.append(nudge)
    # The shares are over dimensions, not words.
    model.watch = watch(model, word, [X], {"backpropagation": [Attended(shares, shares)]}, ranks=False)
    shown = {"W": W, "gradient_W": found[W], "scores": scores, "gradient_scores": found[scores]}
    maps = [Map(f"nudge_{key}", block) for key, block in shown.items()]
    model.headline = Headline([*maps, curves], [product.answer, softmax.answer])
    return model


@record
class _Checked:
    """A gradient checked at one entry: where it is (1 x 1 each), its gradient (1 x 1), and what is said of it."""

    at: Sequence[Matrix]
    gradient: Matrix
    answer: Answer


def _check(
    model: Lesson,
    name: str,
    block: Matrix,
    rows: Matrix,
    nudge: Matrix,
    gradients: Matrix,
    loss: Matrix,
    loss_of_trial: LossOf,
) -> _Checked:
    """One entry of a block, chosen by row and column, nudged: the slope of the loss beside the gradient."""
    h = model.scope("nudge", name)
    sides = {"row": rows, "column": model.vocabulary.dimensions}
    with model.section(f"nudge_{name}"):
        with h.step("nudge"):
            chosen = {
                side: h.input(f"{block.last_name}_{side}", ONE, ONE, "choice", text=True, choices=listed)
                for side, listed in sides.items()
            }
            at = [
                h.add(f"{side}_position", ops.first(h.add(f"{side}_match", ops.equals(listed, chosen[side]))))
                for side, listed in sides.items()
            ]
            found = [h.add(f"{side}_there", ops.present(k)) for side, k in zip(sides, at, strict=True)]
            there = h.add("there", ops.multiply(*found), scale="gate")
            trial = h.add("nudged", ops.nudged(block, *at, nudge), scale="fine")
        nudged_loss = loss_of_trial(h, trial)
        with h.step("nudged_slope"):
            model.show(loss)
            model.show(nudged_loss)
            rise = h.add("rise", ops.subtract(nudged_loss, loss), scale="fine")
            slope = h.add("slope", ops.divide_rows(rise, nudge), scale="fine")
            picked = h.add("gradient_row", ops.lookup(at[0], gradients))
            gradient = h.add("gradient", ops.entry_at(picked, at[1]), scale="fine")
            apart = h.add("apart", ops.subtract(slope, gradient), scale="fine")
            verdict = h.add("verdict", ops.verdict(apart, nudge))
    model.settings += chosen.values()
    facts = {**chosen, "slope": slope, "gradient": gradient, "nudge": nudge}
    cases = tuple(f"nudge_{name}_{case}" for case in ("apart", "nothing", "tiny"))
    told = {key: Fact(fact) for key, fact in facts.items()}
    answer = Answer(f"nudge_{name}", told, holds=there, instead="no_entry", case=verdict, cases=cases)
    return _Checked(at, gradient, answer)


def _tangent(model: Lesson, block: Matrix, checked: _Checked, loss: Matrix, loss_of_trial: LossOf) -> Curves:
    """The loss for many values of one entry, a forward pass each, beside the line that the gradient draws."""
    g = model.scope("scan")
    by = g.add("by", ops.Spread(TRIALS)(g.constant("reach", REACH)))
    losses = []
    for k in range(TRIALS):
        h = g.scope(str(k + 1))
        with model.section("scan", layer=k + 1, compact=True):
            with h.step("nudge"):
                offset = h.add("offset", ops.Columns(k)(by, loss))
                trial = h.add("nudged", ops.nudged(block, *checked.at, offset))
            losses.append(loss_of_trial(h, trial))
    found = g.add("losses", ops.concatenate(*losses), scale="plain")
    start = g.add("start", ops.concatenate(*[loss] * TRIALS))
    rises = g.add("rises", ops.matmul(checked.gradient, by))
    line = g.add("line", ops.add(start, rises), scale="plain")
    return Curves("scan", "nudged_by", (Curve("scan_loss", by, found), Curve("scan_line", by, line)))


def _scores(g: Scope, X: Matrix, W: Matrix) -> Matrix:
    """Scores X W, (n x m)."""
    with g.step("product"):
        return g.add("scores", ops.matmul(X, W))


def _softmax(g: Scope, scores: Matrix) -> Matrix:
    """The softmax of each row, (n x m), in two steps."""
    with g.step("exponentials"):
        maximum = g.add("maximum", ops.row_max(scores))
        exponentials = g.add("exponentials", ops.shifted_exp(scores, maximum))
        total = g.add("total", ops.row_sum(exponentials))
    with g.step("shares"):
        return g.add("shares", ops.divide_rows(exponentials, total))
