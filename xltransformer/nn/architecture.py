"""What the layers of one stack have in common."""

from __future__ import annotations

from xltransformer.graph import Axis, Matrix
from xltransformer.record import record


@record
class Architecture:
    """The sizes and choices of a stack of layers.

    `width` are the d columns that go from layer to layer; each of the `heads` has queries and keys of width d_k
    and values of width d_v; the feed-forward network expands to d_ff, or there is none. `epsilon` (1 x 1) serves
    every norm. With `groups` of heads, those of one share keys and values. `attention_biases` are those of
    queries, keys and values, where there are others than `biases` elsewhere.
    """

    width: Axis
    heads: int
    d_k: int
    d_v: int
    d_ff: int
    epsilon: Matrix
    activation: str = "relu"
    pre_norm: bool = False
    rms: bool = False
    biases: bool = True
    groups: int | None = None
    attention_biases: bool | None = None
    feed_forward: bool = True
