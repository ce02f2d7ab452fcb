"""Losses: one number that says how far a result is from its target. The loss is the block `loss`."""

from __future__ import annotations

from xltransformer import ops
from xltransformer.graph import Matrix, Scope


def mean_squared_error(g: Scope, output: Matrix, target: Matrix, counts: Matrix) -> Matrix:
    """The mean of (output - target)² over all entries of the rows that count: (n x d) twice give (1 x 1).

    `counts` (n x 1) is 1 for rows that count, else 0, such as the padding of a sentence.
    """
    with g.step("error"):
        error = g.add("error", ops.subtract(output, target))
    with g.step("mean_squared_error"):
        rows = g.add("row_loss", ops.mean_square(error))
        return g.add("loss", ops.counted_mean(rows, counts))


def cross_entropy(g: Scope, logits: Matrix, target: Matrix, counts: Matrix | None = None) -> Matrix:
    """The mean of -ln softmax(logits) at the target words, over the rows that count: (1 x 1).

    `logits` are (n x v); `target` (n x 1) is each row's word as its row of the vocabulary, from 1, and
    0 where there is none. `counts` (n x 1) is 1 for rows that count; without it those with a target do.
    The logarithm is taken of the sum, not of the quotient, so that no probability becomes 0.
    Goodfellow, Bengio and Courville 2016, "Deep Learning", section 6.2.2.3.
    """
    with g.step("logit_softmax"):
        maximum = g.add("maximum", ops.row_max(logits))
        total = g.add("total", ops.row_sum(g.add("exponentials", ops.shifted_exp(logits, maximum))))
    with g.step("surprise"):
        logit = g.add("target_logit", ops.entry_at(logits, target), scale="signed")
        rows = g.add("surprise", ops.negative_log_likelihood(total, maximum, logit))
    with g.step("cross_entropy"):
        if counts is None:
            counts = g.add("counts", ops.present(target))
        return g.add("loss", ops.counted_mean(rows, counts))


def binary_cross_entropy(g: Scope, logits: Matrix, target: Matrix, counts: Matrix) -> Matrix:
    """The mean of -(t ln s + (1 - t) ln(1 - s)) with s = sigmoid(logit), over all entries of the rows that count:
    logits and targets (n x c) give (1 x 1); `counts` as above. Goodfellow, Bengio and Courville 2016, section
    6.2.2.2.
    """
    with g.step("surprise_each"):
        each = g.add("surprise", ops.binary_surprise(logits, target))
    with g.step("binary_cross_entropy"):
        return g.add("loss", ops.counted_mean(g.add("row_loss", ops.row_mean(each)), counts))
