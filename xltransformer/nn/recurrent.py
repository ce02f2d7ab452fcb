"""The plain recurrent network, which the Transformer replaced.

Elman 1990, "Finding Structure in Time": h_t = tanh(x_t W_x + h_(t-1) W_h + b).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from xltransformer.graph import Axis, Matrix, Scope
from xltransformer.nn.linear import bias
from xltransformer.ops import Row, RowDiagonal, ScaleRows, add, affine, matmul, norms, stack_rows, tanh, tanh_slope
from xltransformer.record import record

AtWord = Callable[[int], AbstractContextManager[None]]
"""Opens the place where the steps of a word are shown, the first word being 0."""


def anywhere(_: int) -> AbstractContextManager[None]:
    """Where everything else is shown."""
    return nullcontext()


@record
class Recurrent:
    """The learned weights: W_x (d x m), W_h (m x m), b (1 x m), the same at every step."""

    W_x: Matrix
    W_h: Matrix
    b: Matrix


def recurrent_weights(g: Scope, width: Axis, state: Axis) -> Recurrent:
    """The weights as inputs, for words of `width` d and a state of m numbers."""
    return Recurrent(
        g.input("W_x", width, state, "parameter"), g.input("W_h", state, state, "parameter"), bias(g, "b", state)
    )


def recurrent(g: Scope, X: Matrix, w: Recurrent, at_word: AtWord = anywhere) -> Matrix:
    """The state after each word, from a state of 0 before the first: X (n x d) gives (n x m).

    `at_word` opens where a word's steps are shown."""
    with g.step("recurrent_input"):
        read = g.add("read", affine(X, w.W_x, w.b))
    states: list[Matrix] = []
    for t in range(X.shape[0]):
        at = g.scope("word", str(t))
        with at_word(t), at.step("recurrent"):
            inner = at.add("inner", Row(t)(read))
            if states:
                carried = at.add("carried", matmul(states[-1], w.W_h))
                inner = at.add("sum", add(inner, carried))
            states.append(at.add("state", tanh(inner)))
            if X.shape[0] == 1:  # a single word carries nothing on; the weights are there to edit all the same
                g.model.show(w.W_h)
    with g.step("states"):
        return g.add("states", stack_rows(X, *states))


def influence(g: Scope, X: Matrix, states: Matrix, w: Recurrent, at_word: AtWord = anywhere) -> Matrix:
    """How much each word moves the last state: the size of the Jacobian d h_last / d x_t, for X (n x d)
    and its states (n x m): (1 x n). `at_word` opens where a word's steps are shown.

    Backwards from the last word, with slopes 1 - h²: `upstream` is how the last state follows what goes
    into the tanh at word t, diag(slope_t) W_h upstream_(t+1); the Jacobian is W_x upstream_t. Pascanu et
    al. 2013, "On the difficulty of training recurrent neural networks", equation 5.
    """
    with g.step("slope"):
        slope = g.add("slope", tanh_slope(states))
    last = X.shape[0] - 1
    upstream: Matrix | None = None
    jacobians: list[Matrix] = []
    for t in range(last, -1, -1):
        at = g.scope("word", str(t))
        with at_word(t), at.step("jacobian"):
            if upstream is None:
                upstream = at.add("passed", RowDiagonal(t)(slope))
            else:
                upstream = at.add("passed", ScaleRows(t)(at.add("back", matmul(w.W_h, upstream)), slope))
            jacobians.append(at.add("jacobian", matmul(w.W_x, upstream)))
    with g.step("influence"):
        return g.add("influence", norms(X, *reversed(jacobians)))
