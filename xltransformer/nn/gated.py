"""Recurrent networks with gates: LSTM and GRU.

The equations, and the letters of the gates, are those of PyTorch's `nn.LSTM` and `nn.GRU`; two biases that only
ever stand as a sum are one here.
"""

from __future__ import annotations

from collections.abc import Mapping

from xltransformer.graph import BIAS, ONE, Axis, Initial, Matrix, Scope
from xltransformer.nn.linear import bias
from xltransformer.nn.recurrent import AtWord, anywhere
from xltransformer.ops import Row, add, affine, multiply, sigmoid, stack_rows, subtract, tanh
from xltransformer.record import record

REMEMBERS = Initial(trained=1.0)
"""The bias of a forget gate: open at first. Gers et al. 2000; Jozefowicz et al. 2015, section 2.2."""


@record
class Gate:
    """What makes one gate, or what it lets through: W_x (d x m) for the word, W_h (m x m) for the state before,
    b (1 x m)."""

    W_x: Matrix
    W_h: Matrix
    b: Matrix


def _gate(g: Scope, letter: str, width: Axis, state: Axis, initial: Initial = BIAS) -> Gate:
    """The weights of a gate as inputs, for words of `width` d and a state of m numbers."""
    return Gate(
        g.input(f"W_x{letter}", width, state, "parameter"),
        g.input(f"W_h{letter}", state, state, "parameter"),
        g.input(f"b_{letter}", ONE, state, "parameter", initial=initial),
    )


def lstm_weights(g: Scope, width: Axis, state: Axis) -> Mapping[str, Gate]:
    """The weights of the input gate i, the forget gate f, the candidate g and the output gate o."""
    return {k: _gate(g, k, width, state, REMEMBERS if k == "f" else BIAS) for k in "ifgo"}


def lstm(g: Scope, X: Matrix, w: Mapping[str, Gate], at_word: AtWord = anywhere) -> Matrix:
    """The state after each word: X (n x d) gives (n x m); `at_word` opens where a word's steps are shown.

    i, f, o = σ(x W_x + h W_h + b), g = tanh(x W_xg + h W_hg + b_g), c = f ∘ c before + i ∘ g, h = o ∘ tanh(c).
    Hochreiter and Schmidhuber 1997, "Long Short-Term Memory", with the forget gate of Gers et al. 2000,
    "Learning to Forget". State and cell are 0 before the first word, which has nothing to forget.
    """
    read = _read(g, X, w, "lstm_input")
    states: list[Matrix] = []
    cell: Matrix | None = None
    for t in range(X.shape[0]):
        at = g.scope("word", str(t))
        with at_word(t):
            with at.step("lstm_gates"):
                before = states[-1] if states else None
                gate = {
                    k: at.add(k, sigmoid(_heard(at, t, k, read, before, w))) for k in ("ifo" if states else "io")
                }
                gate["g"] = at.add("g", tanh(_heard(at, t, "g", read, before, w)))
                _show_unused(g, X, w)
            with at.step("lstm_cell"):
                written = multiply(gate["i"], gate["g"])
                if cell is not None:
                    kept = at.add("kept", multiply(gate["f"], cell))
                    written = add(kept, at.add("written", written))
                cell = at.add("cell", written)
            with at.step("lstm_state"):
                states.append(at.add("state", multiply(gate["o"], at.add("squeezed", tanh(cell)))))
    return _all(g, X, states)


@record
class Gru:
    """The weights of the reset gate r, the update gate z and the candidate n, and the candidate's second bias
    (1 x m), which the reset gate weakens together with the state before."""

    gates: Mapping[str, Gate]
    b_hn: Matrix


def gru_weights(g: Scope, width: Axis, state: Axis) -> Gru:
    """The weights as inputs."""
    return Gru({k: _gate(g, k, width, state) for k in "rzn"}, bias(g, "b_hn", state))


def gru(g: Scope, X: Matrix, w: Gru, at_word: AtWord = anywhere) -> Matrix:
    """The state after each word: X (n x d) gives (n x m); `at_word` opens where a word's steps are shown.

    r, z = σ(x W_x + h W_h + b), n = tanh(x W_xn + b_n + r ∘ (h W_hn + b_hn)), h = (1 − z) ∘ n + z ∘ h before.
    Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder", in PyTorch's form: the reset
    gate is applied after the product with W_hn, in the paper before it.
    """
    read = _read(g, X, w.gates, "gru_input")
    states: list[Matrix] = []
    for t in range(X.shape[0]):
        at = g.scope("word", str(t))
        before = states[-1] if states else None
        with at_word(t):
            with at.step("gru_gates"):
                r, z = (at.add(k, sigmoid(_heard(at, t, k, read, before, w.gates))) for k in "rz")
                _show_unused(g, X, w.gates)
            with at.step("gru_candidate"):
                own = w.gates["n"]
                recalled = g.model.show(w.b_hn)
                if before is not None:
                    recalled = at.add("recalled", affine(before, own.W_h, w.b_hn))
                let = at.add("let_through", multiply(r, recalled))
                n = at.add("n", tanh(at.add("sum_n", add(at.add("in_n", Row(t)(read["n"])), let))))
            with at.step("gru_state"):
                state = subtract(n, at.add("held_back", multiply(z, n)))
                if before is not None:
                    state = add(at.add("fresh", state), at.add("kept", multiply(z, before)))
                states.append(at.add("state", state))
    return _all(g, X, states)


def _read(g: Scope, X: Matrix, w: Mapping[str, Gate], step: str) -> dict[str, Matrix]:
    """What every word brings to each gate, x W_x + b (n x m)."""
    with g.step(step):
        return {k: g.add(f"read_{k}", affine(X, one.W_x, one.b)) for k, one in w.items()}


def _heard(
    at: Scope, t: int, letter: str, read: Mapping[str, Matrix], before: Matrix | None, w: Mapping[str, Gate]
) -> Matrix:
    """What a gate hears at a word, x W_x + b + h W_h (1 x m): from the word, and from the state before."""
    own = at.add(f"in_{letter}", Row(t)(read[letter]))
    return own if before is None else at.add(f"sum_{letter}", affine(before, w[letter].W_h, own))


def _show_unused(g: Scope, X: Matrix, w: Mapping[str, Gate]) -> None:
    """A single word carries nothing on; the weights are there to edit all the same."""
    for gate in w.values() if X.shape[0] == 1 else ():
        g.model.show(gate.W_h)


def _all(g: Scope, X: Matrix, states: list[Matrix]) -> Matrix:
    """The states of all words, one below the other (n x m)."""
    with g.step("states"):
        return g.add("states", stack_rows(X, *states))
