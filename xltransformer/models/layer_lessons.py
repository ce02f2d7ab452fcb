"""One layer at a time: heads, positions, masks, norms, the feed-forward network."""

from __future__ import annotations

from xltransformer.errors import UserError
from xltransformer.graph import Attended, Matrix, Model
from xltransformer.models.attention_lessons import compare
from xltransformer.models.begin import begin
from xltransformer.models.sizes import HEADS, Sizes
from xltransformer.nn.attention import attention, padding_mask, same, switches
from xltransformer.nn.embedding import embed
from xltransformer.nn.feed_forward import feed_forward, feed_forward_weights
from xltransformer.nn.multi_head import multi_head, multi_head_weights
from xltransformer.nn.norm import EPSILON, layer_norm, norm_weights, residual, rms_norm
from xltransformer.nn.positions import BASE, angles, rotary, sinusoidal
from xltransformer.nn.recurrent import influence, recurrent, recurrent_weights
from xltransformer.nn.watch import watch, watched_word
from xltransformer.ops import Row


def multi_head_lesson(sizes: Sizes) -> Model:
    """Several heads over each sentence. Options: `heads`, `d_k`, `d_v`, `biases`."""
    sizes.expect("heads", "d_k", "d_v", "biases")
    model, known, scopes = begin(sizes)
    word = watched_word(model)
    width, heads = known.embeddings.columns, sizes.count("heads", HEADS)
    each = max(1, width.size // heads)
    d_k, d_v, biases = sizes.count("d_k", each), sizes.count("d_v", each), sizes.flag("biases", False)
    w = multi_head_weights(model.scope("multi_head"), width, heads, d_k, d_v, biases=biases)
    inputs: list[Matrix] = []
    lessons: dict[str, list[Attended]] = {f"head.{k}": [] for k in range(heads)}
    for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=True)):
        with model.section("multi_head", sentence=s):
            h = g.scope("multi_head")
            inputs.append(embed(h, words.index, known))
            mask = padding_mask(h, words.padding, words.padding)
            output = multi_head(h, inputs[-1], w, mask=mask)
            for head, found in lessons.items():
                found.append(Attended(model.attended[".".join((*h.parts, head))].weights, output))
    model.watch = watch(model, word, inputs, lessons)
    return model


def positions_lesson(sizes: Sizes) -> Model:
    """The same attention without positions and with sinusoidal ones, over every sentence."""
    sizes.expect()
    model, known, scopes = begin(sizes)
    turned = switches(model.scope("switches"), causal=False)
    model.switches = [turned.scaling, turned.temperature]
    word = watched_word(model)
    base = model.scope("positions").constant("base", BASE)
    inputs: list[Matrix] = []
    attended: dict[str, list[Attended]] = {"without_positions": [], "with_positions": []}
    for lesson, found in attended.items():
        for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=True)):
            with model.section(lesson, sentence=s):
                h = g.scope(lesson)
                X = embed(h.scope("words") if lesson == "with_positions" else h, words.index, known)
                if lesson == "with_positions":
                    X = sinusoidal(h, X, base)
                else:
                    inputs.append(X)
                found.append(attention(h, *same(h, X, X), words.padding, words.padding, turned))
    model.watch = watch(model, word, inputs, attended)
    if len(model.sentences) > 1:
        compare(model, inputs, attended)
    return model


def rotary_lesson(sizes: Sizes) -> Model:
    """Rotary positions: a score depends on how far apart two words stand, not on where."""
    sizes.expect()
    if sizes.width % 2:
        raise UserError(
            f"rotary positions turn pairs of numbers, but a word has {sizes.width}: use an even number"
        )
    model, known, scopes = begin(sizes)
    turned = switches(model.scope("switches"), causal=False)
    model.switches = [turned.scaling, turned.temperature]
    word = watched_word(model)
    base = model.scope("rotary").constant("base", BASE)
    inputs: list[Matrix] = []
    attended: list[Attended] = []
    for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=True)):
        with model.section("rotary", sentence=s):
            h = g.scope("rotary")
            inputs.append(embed(h, words.index, known))
            Q, K, V = same(h, inputs[-1], inputs[-1])
            Q, K = rotary(h, Q, K, angles(h, Q, base))
            attended.append(attention(h, Q, K, V, words.padding, words.padding, turned))
    model.watch = watch(model, word, inputs, {"rotary": attended})
    return model


def masks_lesson(sizes: Sizes) -> Model:
    """Attention in which everybody sees everybody, and in which nobody can see what comes later."""
    sizes.expect()
    model, known, scopes = begin(sizes)
    turned = switches(model.scope("switches"), causal=False)
    model.switches = [turned.scaling, turned.temperature]
    word = watched_word(model)
    inputs: list[Matrix] = []
    attended: dict[str, list[Attended]] = {"padding_only": [], "causal_attention": []}
    for lesson, found in attended.items():
        for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=True)):
            with model.section(lesson, sentence=s):
                h = g.scope(lesson)
                X = embed(h, words.index, known)
                causal = lesson == "causal_attention"
                found.append(attention(h, *same(h, X, X), words.padding, words.padding, turned, causal=causal))
                if not causal:
                    inputs.append(X)
    model.watch = watch(model, word, inputs, attended)
    return model


def add_norm_lesson(sizes: Sizes) -> Model:
    """Attention, the residual connection around it, and both norms of the sum."""
    sizes.expect()
    model, known, scopes = begin(sizes)
    word = watched_word(model)
    g = model.scope("add_norm")
    epsilon = g.constant("epsilon", EPSILON)
    width = known.embeddings.columns
    layer, rms = (norm_weights(g.scope(name), width, epsilon, rms=name == "rms") for name in ("layer", "rms"))
    inputs: list[Matrix] = []
    attended: list[Attended] = []
    for s, (top, words) in enumerate(zip(scopes, model.sentences, strict=True)):
        h = top.scope("add_norm")
        with model.section("add_norm", sentence=s):
            X = embed(h, words.index, known)
            attended.append(attention(h, *same(h, X, X), words.padding, words.padding))
            total = residual(h, X, attended[-1].output)
            layer_norm(h.scope("layer"), total, layer)
            rms_norm(h.scope("rms"), total, rms)
            inputs.append(X)
    model.watch = watch(model, word, inputs, {"add_norm": attended})
    return model


def feed_forward_lesson(sizes: Sizes) -> Model:
    """The feed-forward network with each of its activations. Options: `d_ff`, `biases`."""
    sizes.expect("d_ff", "biases")
    model, known, scopes = begin(sizes)
    width = known.embeddings.columns
    d_ff, biases = sizes.count("d_ff", 2 * width.size), sizes.flag("biases", True)
    for activation in ("relu", "gelu_tanh", "gelu_erf", "swiglu"):
        w = feed_forward_weights(model.scope(activation), width, d_ff, activation, biases=biases)
        for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=True)):
            with model.section(f"{activation}_network", sentence=s):
                h = g.scope(activation)
                feed_forward(h, embed(h, words.index, known), w)
    return model


def recurrent_lesson(sizes: Sizes) -> Model:
    """A plain recurrent network over each sentence, beside attention, and how far each word reaches in
    both. Option: `state`, its width."""
    sizes.expect("state")
    model, known, scopes = begin(sizes)
    turned = switches(model.scope("switches"), causal=False)
    model.switches = [turned.scaling, turned.temperature]
    word = watched_word(model)
    width = known.embeddings.columns
    w = recurrent_weights(model.scope("recurrent"), width, sizes.axis("state", "state_labels", "h", 3))
    inputs: list[Matrix] = []
    attended: list[Attended] = []
    for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=True)):
        r, h = g.scope("recurrent"), g.scope("self_attention")
        with model.section("recurrent", sentence=s):
            X = embed(r, words.index, known)
            states = recurrent(r, X, w)
        with model.section("self_attention", sentence=s):
            inputs.append(embed(h, words.index, known))
            Q, K, V = same(h, inputs[-1], inputs[-1])
            attended.append(attention(h, Q, K, V, words.padding, words.padding, turned))
        with model.section("influence", sentence=s):
            influence(r, X, states, w)
            with h.step("direct"):
                direct = h.add("direct", Row(X.shape[0] - 1)(attended[-1].weights))
            direct.scale = "probability"
    model.watch = watch(model, word, inputs, {"self_attention": attended})
    return model
