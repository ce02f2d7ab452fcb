"""Residual connections and the norms beside them."""

from __future__ import annotations

from xltransformer import ops
from xltransformer.graph import GAIN, ONE, SHIFT, Axis, Matrix, Scope
from xltransformer.record import record

EPSILON = 1e-5
"""What keeps the root in a norm above 0, as PyTorch and GPT-2 have it."""
BERT_EPSILON = 1e-12
"""The same as BERT has it."""


@record
class Norm:
    """The learned gain and bias (both 1 x d; no bias: None) and the epsilon (1 x 1) of one norm:
    of a layer norm, or with `rms` of an RMS norm."""

    gain: Matrix
    bias: Matrix | None
    epsilon: Matrix
    rms: bool = False


def norm_weights(g: Scope, width: Axis, epsilon: Matrix, *, rms: bool = False, bias: bool = True) -> Norm:
    """Gain and bias as inputs; an RMS norm has no bias."""
    gain = g.input("gain", ONE, width, "parameter", initial=GAIN)
    shift = g.input("bias", ONE, width, "parameter", initial=SHIFT) if bias and not rms else None
    return Norm(gain, shift, epsilon, rms)


def norm(g: Scope, x: Matrix, w: Norm) -> Matrix:
    """Every row of x (n x d) brought to one scale, then given gain and bias: (n x d)."""
    return rms_norm(g, x, w) if w.rms else layer_norm(g, x, w)


def layer_norm(g: Scope, x: Matrix, w: Norm) -> Matrix:
    """(x - mean) / sqrt(variance + epsilon) * gain + bias. Ba, Kiros and Hinton 2016, equations 3, 4."""
    bias = () if w.bias is None else (w.bias,)
    with g.step("layer_norm"):
        mean = g.add("mean", ops.row_mean(x))
        variance = g.add("variance", ops.row_variance(x, mean))
        normalised = g.add("normalised", ops.normalise_rows(x, mean, variance, w.epsilon))
        return g.add("output", ops.gain_bias(normalised, w.gain, *bias))


def rms_norm(g: Scope, x: Matrix, w: Norm, *, of: str = "") -> Matrix:
    """x / sqrt(mean square + epsilon) * gain. Zhang and Sennrich 2019, equation 4.

    It may be `of` queries or keys ("Q", "K"), each head's by itself: Dehghani et al. 2023, "Scaling Vision
    Transformers to 22 Billion Parameters", section 2, there by layer norm.
    """
    named = f"{of}_" if of else ""
    with g.step("query_key_norm" if of else "rms_norm"):
        squares = g.add(f"{named}mean_square", ops.mean_square(x))
        normalised = g.add(f"{named}normalised", ops.rms_normalise_rows(x, squares, w.epsilon))
        return g.add(f"{of}_normed" if of else "output", ops.gain_bias(normalised, w.gain))


def residual(g: Scope, x: Matrix, change: Matrix, *, parallel: bool = False) -> Matrix:
    """x plus what a sublayer made of it, or in `parallel` of what the sublayer before had read; both (n x d).
    He et al. 2016."""
    with g.step("residual", parallel=parallel):
        return g.add("sum", ops.add(x, change))
