"""One layer at a time: heads, positions, masks, norms, the feed-forward network."""

from __future__ import annotations

from xltransformer import ops
from xltransformer.errors import UserError
from xltransformer.graph import ONE, Attended, Axis, Matrix
from xltransformer.models.attention_lessons import compare, turned_by
from xltransformer.models.sizes import HEADS, Sizes, begin
from xltransformer.nn.attention import (
    AttentionOptions,
    attention,
    padding_mask,
    same,
)
from xltransformer.nn.feed_forward import ACTIVATIONS, feed_forward, feed_forward_weights
from xltransformer.nn.multi_head import multi_head, multi_head_weights
from xltransformer.nn.norm import EPSILON, layer_norm, norm_weights, residual, rms_norm
from xltransformer.nn.positions import BASE, FURTHER_ON, angles, rotary, score_by_distance, sinusoidal
from xltransformer.nn.prediction import predict
from xltransformer.teaching.headline import NOT_HERE, attention_answers, heads_headline, tells_headline
from xltransformer.teaching.lesson import Goal, Lesson, Watch
from xltransformer.teaching.pictures import Answer, Bars, Curve, Curves, Fact, Headline, Map, Picture
from xltransformer.teaching.watch import watch, watched_word

PLOTTED = tuple(k / 4 for k in range(-12, 13))
"""The numbers over which an activation is drawn, from -3 to 3."""


def multi_head_lesson(sizes: Sizes) -> Lesson:
    """Several heads over each sentence. Options: `heads`, `d_k`, `d_v`, `biases`, and `predicts`: whether
    the words get sinusoidal positions, and at every place a word is told from what the heads make together."""
    model, known = begin(sizes, "heads", "d_k", "d_v", "biases", "predicts")
    word = watched_word(model)
    width, heads = known.embeddings.columns, sizes.count("heads", HEADS)
    each = max(1, width.size // heads)
    d_k, d_v, biases = sizes.count("d_k", each), sizes.count("d_v", each), sizes.flag("biases", False)
    w = multi_head_weights(model.scope("multi_head"), width, heads, d_k, d_v, biases=biases)
    inputs: list[Matrix] = []
    lessons: dict[str, list[Attended]] = {f"head.{k}": [] for k in range(heads)}
    predicts = sizes.flag("predicts", False)
    W = model.scope("prediction").input("W", width, Axis.of(known.words), "parameter") if predicts else None
    base = model.scope("positions").constant("base", BASE, positive=True) if predicts else None
    told = []
    for s, h, words, X in model.reading("multi_head", words="words" if predicts else ""):
        inputs.append(X)
        mask = padding_mask(h, words.padding, words.padding)
        placed = X if base is None else sinusoidal(h, X, base)
        made = multi_head(h, placed, w, AttentionOptions(mask))
        for found, one in zip(lessons.values(), made.attentions, strict=True):
            found.append(Attended(one.weights, made.output))
        if W is None:
            model.goals.append(Goal(made.output, s, words.padding, like=X))
        else:
            g = model.scopes[s].scope("prediction")
            with model.section("prediction", sentence=s):
                guess = predict(g, ops.matmul(made.output, W), known.words)
            told.append(guess.probabilities)
            model.goals.append(Goal(guess.logits, s, words.padding, words=True))
    model.watch = watched = watch(model, word, inputs, lessons)
    model.headline = heads_headline(model, watched, lessons)
    if told:
        said = tells_headline(model, watched, told)
        pictures, answers = [*model.headline.pictures, *said.pictures], [*model.headline.answers, *said.answers]
        model.headline = Headline(pictures, answers)
    return model


def positions_lesson(sizes: Sizes) -> Lesson:
    """The same attention without positions and with sinusoidal ones, over every sentence."""
    model, _ = begin(sizes)
    turned, word = turned_by(model, sizes), watched_word(model)
    base = model.scope("positions").constant("base", BASE, positive=True)
    inputs, without, placed = [], [], []
    for _, h, words, X in model.reading("without_positions"):
        inputs.append(X)
        without.append(attention(h, *same(h, X, X), (words.padding, words.padding), turned))
    for s, h, words, X in model.reading("with_positions", words="words"):
        X = sinusoidal(h, X, base)
        placed.append(attention(h, *same(h, X, X), (words.padding, words.padding), turned))
        model.goals.append(Goal(placed[-1].output, s, words.padding, like=inputs[s]))
    attended = {"without_positions": without, "with_positions": placed}
    model.watch = watched = watch(model, word, inputs, attended)
    maps = [Map(lesson, found[0].weights) for lesson, found in attended.items()]
    curves, answer = by_distance(model, watched, inputs[0], base, rotated=False)
    model.headline = Headline([*maps, curves], [*attention_answers(watched, moves=False), answer])
    compare(model, watched, inputs, attended)
    return model


def by_distance(model: Lesson, watched: Watch, X: Matrix, base: Matrix, *, rotated: bool) -> tuple[Curves, Answer]:
    """The watched word's score with itself against the distance, from the first place and from one further on."""
    g = model.scope("distance")
    with model.section("distance"):
        with g.step("same_word"):
            x = g.add("word", ops.lookup(watched.sentences[0].position, X), rows=Axis.of(watched.word))
        places, scores = score_by_distance(g, x, base, rotated=rotated)
    curves = tuple(Curve(f"from_{row}", places, scores, row, row) for row in (0, FURTHER_ON))
    facts = {"word": Fact(watched.word)}
    for name, row in (("first", 0), ("later", FURTHER_ON)):
        facts |= {f"{name}_{k}": Fact(scores, row, row + k) for k in (1, 2)}
    answer = Answer("by_distance", facts, holds=watched.sentences[0].here, instead=NOT_HERE)
    return Curves("distance", "apart", curves), answer


def rotary_lesson(sizes: Sizes) -> Lesson:
    """Rotary positions: a score depends on how far apart two words stand, not on where."""
    model, _ = begin(sizes)
    if sizes.width % 2:
        raise UserError(
            f"rotary positions turn pairs of numbers, but a word has {sizes.width}: use an even number"
        )
    turned, word = turned_by(model, sizes), watched_word(model)
    base = model.scope("rotary").constant("base", BASE, positive=True)
    inputs, attended = [], []
    for s, h, words, X in model.reading("rotary"):
        inputs.append(X)
        Q, K, V = same(h, X, X)
        Q, K = rotary(h, Q, K, angles(h, Q, base))
        attended.append(attention(h, Q, K, V, (words.padding, words.padding), turned))
        model.goals.append(Goal(attended[-1].output, s, words.padding))
    model.watch = watched = watch(model, word, inputs, {"rotary": attended})
    curves, answer = by_distance(model, watched, inputs[0], base, rotated=True)
    model.headline = Headline([Map("weights", attended[0].weights), curves], [answer])
    return model


def masks_lesson(sizes: Sizes) -> Lesson:
    """Attention in which everybody sees everybody, and in which nobody can see what comes later."""
    model, _ = begin(sizes)
    turned, word = turned_by(model, sizes), watched_word(model)
    inputs: list[Matrix] = []
    attended: dict[str, list[Attended]] = {"padding_only": [], "causal_attention": []}
    for lesson, found in attended.items():
        causal = lesson == "causal_attention"
        for s, h, words, X in model.reading(lesson):
            found.append(attention(h, *same(h, X, X), (words.padding, words.padding), turned, causal=causal))
            if causal:
                model.goals.append(Goal(found[-1].output, s, words.padding, like=X))
            else:
                inputs.append(X)
    model.watch = watched = watch(model, word, inputs, attended)
    maps, answers = [], []
    for lesson, (one, *_) in attended.items():
        assert one.mask is not None
        h = model.scope("watch", lesson)
        with model.behind(), h.step("watch_mask"):
            seen = h.add(
                "mask", ops.lookup(watched.sentences[0].position, one.mask), rows=Axis.of(word), scale="gate"
            )
            count = h.add("seen", ops.row_sum(seen), scale="count")
            case = h.add("case", ops.count_case(count))
        maps += [Map(f"{lesson}_mask", one.mask), Map(f"{lesson}_weights", one.weights)]
        key, facts = f"sees_{lesson}", {"word": Fact(word), "count": Fact(count)}
        answers.append(Answer(key, facts, case=case, cases=("sees_none", f"{key}_one")))
    model.headline = Headline(maps, answers)
    return model


def add_norm_lesson(sizes: Sizes) -> Lesson:
    """Attention, the residual connection around it, and both norms of the sum."""
    model, known = begin(sizes)
    word = watched_word(model)
    g, width = model.scope("add_norm"), known.embeddings.columns
    epsilon = g.constant("epsilon", EPSILON, positive=True)
    layer, rms = (norm_weights(g.scope(name), width, epsilon, rms=name == "rms") for name in ("layer", "rms"))
    inputs, attended = [], []
    for s, h, words, X in model.reading("add_norm"):
        attended.append(attention(h, *same(h, X, X), (words.padding, words.padding)))
        total = residual(h, X, attended[-1].output)
        normed = layer_norm(h.scope("layer"), total, layer), rms_norm(h.scope("rms"), total, rms)
        inputs.append(X)
        model.goals += [Goal(output, s, words.padding, like=X) for output in normed]
        if s == 0:
            shown = {"sum": total, "layer": normed[0], "rms": normed[1]}
    model.watch = watched = watch(model, word, inputs, {"add_norm": attended})
    rows, facts = [], {"word": Fact(word)}
    for name, block in shown.items():
        h = model.scope("watch", name)
        with model.behind(), h.step("watch_norm"):
            row = h.add(f"normed_{name}", ops.lookup(watched.sentences[0].position, block), rows=Axis.of(word))
            mean = h.add("mean", ops.row_mean(row))
            spread = h.add("variance", ops.row_variance(row, mean))
        facts |= {f"{name}_mean": Fact(mean), f"{name}_spread": Fact(spread)}
        rows.append(row)
    pictures = [Bars("norm", known.dimensions, tuple(rows), shares=False)]
    here = watched.sentences[0].here
    model.headline = Headline(pictures, [Answer("norm", facts, holds=here, instead=NOT_HERE)])
    return model


COMPARED = ("relu", "gelu_tanh", "gelu_erf", "swiglu")
"""The activations that are set beside one another."""


def feed_forward_lesson(sizes: Sizes) -> Lesson:
    """The feed-forward network with several activations, and below each the curve of its function with the
    first word's hidden numbers on it. Options: `d_ff` (or `hidden_labels`), `biases`."""
    model, known = begin(sizes, "d_ff", "hidden_labels", "biases")
    width = known.embeddings.columns
    hidden, biases = sizes.axis("d_ff", "hidden_labels", "f", 2 * width.size), sizes.flag("biases", True)
    curves, made, facts = [], {}, {"word": Fact(model.sentences[0].words)}
    plotted = Axis.fixed([f"{number:g}" for number in PLOTTED])
    x = model.scope("curve").add("x", Matrix(ONE, plotted, role="constant", default=PLOTTED))
    for activation in COMPARED:
        function = ACTIVATIONS[activation]
        w = feed_forward_weights(model.scope(activation), width, hidden, activation, biases=biases)
        for s, h, words, X in model.reading(activation, section=f"{activation}_network"):
            fed = feed_forward(h, X, w)
            model.goals.append(Goal(fed.output, s, words.padding, like=X))
            if s == 0:
                made[activation] = Map(f"{activation}_output", fed.output)
                curves.append(Curve(activation, fed.inner, fed.activated))
                name = "silu" if activation == "swiglu" else activation
                drawn = Curve(name, x, model.scope("curve").add(name, function(x)))
                points = Curve("first_word", fed.inner, fed.bent, joined=False)
                model.below[f"{activation}_network"] = Curves("bends", "into", (drawn, points))
                facts |= {f"{activation}_in": Fact(fed.inner), f"{activation}_out": Fact(fed.activated)}
    pictures: list[Picture] = [
        made["relu"],
        made["swiglu"],
        Curves("activation", "into", tuple(curves), joined=False),
    ]
    there = model.scope("watch").add("first_there", ops.Row(0)(model.sentences[0].padding), scale="gate")
    model.headline = Headline(pictures, [Answer("activation", facts, holds=there)])
    return model
