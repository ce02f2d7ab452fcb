"""Scaled dot-product attention.

Vaswani et al. 2017, "Attention Is All You Need", equation 1:
Attention(Q, K, V) = softmax(Q Kᵀ / sqrt(d_k)) V.
"""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer import ops
from xltransformer.graph import ONE, Attended, Axis, Matrix, Scope, SwitchWords
from xltransformer.nn.linear import bias, linear
from xltransformer.record import record


@record
class Switches:
    """What the user turns while watching: scaling by sqrt(d_k) on (1) or off (0), the softmax
    temperature (above 0), and the causal mask on (1) or off (0; None: the model has none)."""

    scaling: Matrix
    temperature: Matrix
    causal: Matrix | None = None

    @property
    def inputs(self) -> list[Matrix]:
        """The cells that the user turns."""
        turned = (self.scaling, self.temperature, self.causal)
        return [block.operands[0] if block.computed else block for block in turned if block is not None]


@record
class AttentionOptions:
    """How the words of a stack may look at one another: the `mask` (n x m) is 1 where a word may look; with
    `causal` no cell refers to a later token; `angles` (n x d_k, or less) turn queries and keys by their positions;
    `biases` (n x m), one for each head, are added to the scaled scores. Layers that look no further back than a
    window have the `local` mask (n x m) in place of the other."""

    mask: Matrix | None = None
    causal: bool = False
    angles: Matrix | None = None
    switches: Switches | None = None
    biases: tuple[Matrix, ...] = ()
    local: Matrix | None = None


EVERYWHERE = AttentionOptions()
"""Every word looks at every word."""


def switches(g: Scope, words: SwitchWords, *, causal: bool = True) -> Switches:
    """The three switches (1 x 1 each), turned by these words; without `causal` only the first two."""
    scaling = gate(g, "scaling", words)
    temperature = g.input("temperature", ONE, ONE, "switch", scale="plain", positive=True)
    return Switches(scaling, temperature, gate(g, "causal", words) if causal else None)


def gate(g: Scope, name: str, words: SwitchWords) -> Matrix:
    """1 where the switch of that name says one of the words for on, else 0 (1 x 1); the switch is the text
    input beside it."""
    said = g.input(name, ONE, ONE, "switch", text=True, turned_by=words)
    return g.add(f"{name}_on", ops.SwitchedOn(words)(said))


def same(g: Scope, queries: Matrix, X: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Q, K and V without weights: the queries and the words themselves."""
    with g.step("same"):
        return g.add("Q", ops.copy(queries)), g.add("K", ops.copy(X)), g.add("V", ops.copy(X))


@record
class Projection:
    """The learned weights of one attention: W_Q, W_K (both d x d_k) and W_V (d x d_v), and where
    there are biases b_Q, b_K (both 1 x d_k) and b_V (1 x d_v)."""

    W_Q: Matrix
    W_K: Matrix
    W_V: Matrix
    b_Q: Matrix | None = None
    b_K: Matrix | None = None
    b_V: Matrix | None = None


def projection(
    g: Scope, inputs: Axis, keys: Axis, values: Axis, *, source: Axis | None = None, biases: bool = False
) -> Projection:
    """The weights as inputs; `source` is the width of what keys and values are made of, where it
    differs from the queries' (`inputs`)."""
    source = source or inputs
    return Projection(
        g.input("W_Q", inputs, keys, "parameter"),
        g.input("W_K", source, keys, "parameter"),
        g.input("W_V", source, values, "parameter"),
        bias(g, "b_Q", keys) if biases else None,
        bias(g, "b_K", keys) if biases else None,
        bias(g, "b_V", values) if biases else None,
    )


def grouped_projections(
    heads: Sequence[Scope],
    groups: Sequence[Scope],
    inputs: Axis,
    keys: Axis,
    values: Axis,
    *,
    biases: bool = False,
) -> tuple[Projection, ...]:
    """The weights of heads of which as many as there are heads to a group share W_K and W_V (and b_K,
    b_V), one group after the other."""
    shared = [
        {
            "W_K": g.input("W_K", inputs, keys, "parameter"),
            "W_V": g.input("W_V", inputs, values, "parameter"),
            "b_K": bias(g, "b_K", keys) if biases else None,
            "b_V": bias(g, "b_V", values) if biases else None,
        }
        for g in groups
    ]
    each = len(heads) // len(groups)
    return tuple(
        Projection(
            W_Q=g.input("W_Q", inputs, keys, "parameter"),
            b_Q=bias(g, "b_Q", keys) if biases else None,
            **shared[h // each],  # type: ignore[arg-type]
        )
        for h, g in enumerate(heads)
    )


def project(g: Scope, X: Matrix, w: Projection) -> tuple[Matrix, Matrix, Matrix]:
    """Q = X W_Q, K = X W_K (both n x d_k) and V = X W_V (n x d_v): self-attention's."""
    with g.step("project", bias=w.b_Q is not None):
        return g.add("Q", linear(X, w.W_Q, w.b_Q)), *keys_values(g, X, w)


def keys_values(g: Scope, Y: Matrix, w: Projection) -> tuple[Matrix, Matrix]:
    """K = Y W_K (m x d_k) and V = Y W_V (m x d_v); to be called within a step."""
    return g.add("K", linear(Y, w.W_K, w.b_K)), g.add("V", linear(Y, w.W_V, w.b_V))


def softmax(
    g: Scope, x: Matrix, mask: Matrix | None = None, temperature: Matrix | None = None, *, shares: str = "weights"
) -> Matrix:
    """Each row of x (n x m) turned into shares that sum to 1 over the entries the mask lets through;
    `shares` is what they are called."""
    with g.step("softmax", temperature=temperature is not None):
        maximum = g.add("maximum", ops.row_max(x))
        exp = ops.shifted_exp if mask is None else ops.masked_exp
        given = [block for block in (mask, temperature) if block is not None]
        exponentials = g.add("exponentials", exp(x, maximum, *given))
        total = g.add("total", ops.row_sum(exponentials))
    with g.step(shares):
        divided = g.add(shares, ops.divide_rows(exponentials, total))
        g.add("row_sum", ops.row_sum(divided), sums_to_one=True)
    return divided


def padding_mask(
    g: Scope, queries: Matrix, keys: Matrix, *, causal: bool = False, beside_local: bool = False
) -> Matrix:
    """1 where a word stands at both ends, from the padding of the queries (n x 1) and of the keys
    (m x 1); one such mask (n x m) does for all heads and layers, or for those that are not local."""
    with g.step("padding_mask", local=beside_local):
        return g.add("mask", (ops.causal_mask if causal else ops.attention_mask)(queries, keys))


def local_mask(g: Scope, words: Matrix, window: Matrix) -> Matrix:
    """1 where a word stands at both ends and the key is the query's own or one of the `window` - 1 before it, from
    the padding of the words (n x 1): (n x n). Child et al. 2019, "Generating Long Sequences with Sparse
    Transformers", section 4.2."""
    with g.step("local_mask"):
        return g.add("mask", ops.causal_mask(words, words, window))


def attention(
    g: Scope,
    Q: Matrix,
    K: Matrix,
    V: Matrix,
    mask: Matrix | tuple[Matrix, Matrix] | None = None,
    switches: Switches | None = None,
    *,
    causal: bool = False,
    bias: Matrix | None = None,
    scaling: bool = True,
    local: bool = False,
) -> Attended:
    """The weighted sum of the values: Q (n x d_k), K (m x d_k), V (m x d_v) give (n x d_v).

    The `mask` (n x m) is 1 where a word may look; it is made here where the padding of the queries (n x 1)
    and of the keys (m x 1), 1 where a word stands, is given in its place. Without it every word attends to
    every word, and without `switches` scores are always scaled, unless there is no `scaling` at all, and the
    temperature is 1. With `causal` (self-attention only) no cell refers to a later token. A `bias` (n x m) is
    added to the scaled scores. `local` is whether the mask hides what is further back than a window.
    """
    with g.step("scores"):
        scores = g.add("scores", (ops.causal_scores if causal else ops.matmul)(Q, g.add("K_T", ops.transpose(K))))
    scaled = _scaled(g, scores, K, switches, causal=causal) if scaling else scores
    if bias is not None:
        with g.step("biased"):
            scaled = g.add("biased", ops.add(scaled, bias))
    masked = scaled
    if mask is not None:
        turned = () if switches is None or switches.causal is None or causal else (switches.causal,)
        with g.step("mask", local=local, causal=causal, switch=bool(turned), unscaled=not scaling):
            if isinstance(mask, tuple):
                mask = g.add("mask", ops.causal_mask(*mask) if causal else ops.attention_mask(*mask, *turned))
            masked = g.add("masked", ops.mask_scores(scaled, mask))
    weights = softmax(g, masked, mask, None if switches is None else switches.temperature)
    with g.step("output"):
        output = g.add("output", (ops.causal_mix if causal else ops.matmul)(weights, V))
    attended = Attended(weights, output, mask, V)
    g.model.attentions.append(attended)
    return attended


def _scaled(g: Scope, scores: Matrix, K: Matrix, switches: Switches | None, *, causal: bool) -> Matrix:
    """The scores divided by sqrt(d_k), or with the switch off by 1."""
    with g.step("scaled", switch=switches is not None):
        turned = () if switches is None else (switches.scaling,)
        divisor = g.add("divisor", ops.root_width(K, *turned))
        return g.add("scaled", (ops.causal_divide if causal else ops.divide)(scores, divisor))
