"""Gradients: each operation's against finite differences, whole models', and batches."""

from __future__ import annotations

import numpy as np
import pytest
from cells import one_section
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ops import CASES, as_array, as_input

from xltransformer import ops
from xltransformer.errors import UserError
from xltransformer.graph import Array, Axis, Matrix, Model, Scope
from xltransformer.nn.attention import attention, softmax
from xltransformer.nn.gradients import gradients
from xltransformer.nn.linear import linear
from xltransformer.nn.loss import cross_entropy, mean_squared_error
from xltransformer.nn.norm import norm, norm_weights
from xltransformer.ops import Op


def contributions(op: Op, operands: list[Array]) -> tuple[Matrix | ops.Stop | None, ...]:
    """What an operation passes back to operands of these shapes."""
    blocks = [as_input(f"in{k}", value) for k, value in enumerate(operands)]
    result = op(*blocks)
    result.name = "out"
    passed = Matrix(result.rows, result.columns, name="passed")
    return op.gradient(passed, result, *blocks)


def has_gradient(op: Op) -> bool:
    return type(op).gradient is not Op.gradient


BY_OPERATION = {type(case.op).__name__ + str(len(case.operands)) + str(case.op): case for case in CASES}
"""One case for each operation, and for each number of operands it takes."""
DIFFERENTIABLE = {name: case for name, case in BY_OPERATION.items() if has_gradient(case.op)}
POSITIVE = {
    ops.divide_rows: {1},
    ops.normalise_rows: {2},
    ops.rms_normalise_rows: {1},
    ops.negative_log_likelihood: {0},
}
"""Operands that are divided by or whose logarithm is taken."""


def start() -> tuple[Model, Scope]:
    model = one_section()
    return model, model.scope()


def numbers(g: Scope, name: str, rows: int, columns: int, *, data: bool = False) -> Matrix:
    axes = Axis.numbered("r", rows), Axis.numbered("c", columns)
    return g.input(name, *axes, "choice" if data else "parameter")


def summed(g: Scope, block: Matrix, weights: Matrix) -> Matrix:
    """A loss of any block: the sum of its entries, each with its own weight."""
    rows = g.add("rows", ops.row_sum(g.add("weighed", ops.multiply(block, weights))))
    return g.add("loss", ops.matmul(numbers(g, "ones", 1, block.shape[0], data=True), rows))


def prepared(op: Op, operands: list[Array], moved: list[int], rng: np.random.Generator) -> list[Array]:
    """Operands of an operation's case with random numbers where its gradient is asked for."""
    found = [rng.uniform(-2, 2, value.shape) if k in moved else value for k, value in enumerate(operands)]
    for k in POSITIVE.get(op, ()):
        found[k] = np.abs(found[k]) + 0.5
    if op == ops.row_variance:
        found[1] = found[0].mean(axis=1, keepdims=True)
    if op == ops.causal_mix:
        found[0] = np.tril(found[0])
    if op == ops.relu:
        found[0] = np.where(np.abs(found[0]) < 0.01, 0.5, found[0])
    return found


def values_of(model: Model, wanted: list[Matrix], given: dict[str, Array]) -> dict[str, Array]:
    """The values of the wanted blocks, and of no other."""
    return model.plan(wanted, given).run(given)


def assert_slopes(model: Model, loss: Matrix, learned: dict[Matrix, Matrix], inputs: dict[str, Array]) -> None:
    """Every entry of every gradient is the slope that a small step either way measures."""
    values = model.trace(inputs)
    for block, gradient in learned.items():
        slopes, step = np.zeros(block.shape), 1e-5
        for at in np.ndindex(block.shape):
            ends = []
            for sign in (1, -1):
                nudged = inputs[block.name].copy()
                nudged[at] += sign * step
                ends.append(values_of(model, [loss], {**inputs, block.name: nudged})[loss.name].item())
            slopes[at] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(values[gradient.name], slopes, rtol=1e-6, atol=1e-7, err_msg=block.name)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_gradient_is_the_slope(name: str, seed: int) -> None:
    op, rng = DIFFERENTIABLE[name].op, np.random.default_rng(seed)
    operands = [as_array(value) for value in DIFFERENTIABLE[name].operands]
    moved = [k for k, part in enumerate(contributions(op, operands)) if isinstance(part, Matrix)]
    assert moved
    values = prepared(op, operands, moved, rng)
    model, g = start()
    blocks = []
    for k, value in enumerate(values):
        rows, columns = (Axis.numbered(part, size) for part, size in zip("rc", value.shape, strict=True))
        role = "parameter" if k in moved else "choice"
        blocks.append(g.input(f"in{k}", rows, columns, role, text=value.dtype == object))
    result = g.add("result", op(*blocks))
    weights = rng.uniform(0.5, 2, result.shape)
    inputs = {f"in{k}": value for k, value in enumerate(values)}
    weights[np.abs(op.value(*values)) > 1e29] = 0  # what is hidden
    loss = summed(g, result, numbers(g, "w", *result.shape, data=True))
    learned = gradients(model, loss, [blocks[k] for k in moved])
    assert set(learned) == {blocks[k] for k in moved}
    assert_slopes(
        model, loss, learned, {**inputs, **model.constants, "w": weights, "ones": np.ones((1, result.shape[0]))}
    )


def test_an_operation_without_a_gradient_says_why() -> None:
    for name, case in BY_OPERATION.items():
        if not (has_gradient(case.op) or case.op.constant or name.startswith(NOT_IN_A_MODEL)):
            assert case.op.no_gradient, name
            with pytest.raises(UserError, match=f"no gradient passes through out .*{case.op.no_gradient}"):
                contributions(case.op, [as_array(value) for value in case.operands])


NOT_IN_A_MODEL = (
    "TransposedMatmul", "ColumnSums", "Total", "Columns", "PlaceRows", "Through", "ExpGradient", "DivisorGradient",
    "PlaceEntries", "DivideByWidth", "SquaresGradient", "MeanGradient", "SpreadGradient", "GainGradient",
    "AddRowsAt", "AddBiasAt", "CountedShare", "SharedOut",
)  # fmt: skip
"""Operations that are there for gradients only, whose own gradients are not asked for."""


def test_no_gradient_passes_through_a_position_or_a_mask() -> None:
    model, g = start()
    x = numbers(g, "x", 2, 3)
    best = g.add("best", ops.row_argmax(x))
    loss = g.add("loss", ops.counted_mean(best))
    with pytest.raises(UserError, match=r"no gradient passes through best \(RowArgMax\): a position jumps"):
        gradients(model, loss)
    model, g = start()
    x, mask = numbers(g, "x", 2, 2, data=True), numbers(g, "mask", 2, 2)
    masked = g.add("masked", ops.mask_scores(x, mask))
    loss = g.add("loss", ops.counted_mean(g.add("rows", ops.row_sum(masked))))
    with pytest.raises(UserError, match="no gradient passes from masked to mask"):
        gradients(model, loss)


def test_a_loss_that_depends_on_no_parameter_has_no_gradient() -> None:
    model, g = start()
    x = numbers(g, "x", 2, 1, data=True)
    with pytest.raises(UserError, match="loss depends on none of the parameters"):
        gradients(model, g.add("loss", ops.counted_mean(x)))


def test_contributions_are_added_up_in_one_visible_block() -> None:
    model, g = start()
    x = numbers(g, "x", 2, 2)
    with g.step("one"):
        y = g.add("y", ops.add(x, g.add("square", ops.multiply(x, x))))
    with g.step("loss"):
        loss = g.add("loss", ops.counted_mean(g.add("rows", ops.row_sum(y))))
    learned = gradients(model, loss)
    assert learned[x].name == "gradient.x"
    names = [name for name in model.blocks if name.startswith("gradient.x.")]
    assert names == ["gradient.x.from.square", "gradient.x.from.square.2"]
    values = model.trace({"x": np.array([[1.0, 2], [3, 4]]), **model.constants})
    np.testing.assert_allclose(values["gradient.x"], np.array([[3.0, 5], [7, 9]]) / 2)
    section = model.sections[-1]
    assert section.backward
    assert [step.key for step in section.steps] == ["gradient_loss", "gradient_one"]


def test_a_score_that_lies_ahead_passes_nothing_back() -> None:
    model, g = start()
    q, k = numbers(g, "q", 3, 2), numbers(g, "k", 2, 3)
    scores = g.add("scores", ops.causal_scores(q, k))
    loss = summed(g, scores, numbers(g, "w", 3, 3, data=True))
    learned = gradients(model, loss)
    rng = np.random.default_rng(1)
    inputs = {
        "q": rng.normal(size=(3, 2)),
        "k": rng.normal(size=(2, 3)),
        "ones": np.ones((1, 3)),
        **model.constants,
    }
    every = model.trace({**inputs, "w": np.ones((3, 3))})
    lower = model.trace({**inputs, "w": np.tril(np.ones((3, 3)))})
    for gradient in learned.values():
        np.testing.assert_array_equal(every[gradient.name], lower[gradient.name])


NUMERIC = {
    name: case for name, case in BY_OPERATION.items()
    if not case.op.text and not any(as_array(value).dtype == object for value in case.operands)
}  # fmt: skip
SPREAD = (
    ops.row_max,
    ops.row_argmax,
    ops.row_rank,
    ops.share_rank,
    ops.norms,
    ops.less_first,
    ops.below,
    ops.sinusoid,
)
"""Operations without a gradient whose operands may be any numbers."""


@pytest.mark.parametrize("name", NUMERIC)
def test_a_batch_gives_what_its_parts_give(name: str) -> None:
    """With all operands in a batch, and with each of them in turn shared by all of it."""
    op, rng = NUMERIC[name].op, np.random.default_rng(0)
    operands = [as_array(value) for value in NUMERIC[name].operands]
    moved = list(range(len(operands))) if op in SPREAD else []
    if has_gradient(op):
        moved = [k for k, part in enumerate(contributions(op, operands)) if isinstance(part, Matrix)]
    batch = [prepared(op, operands, moved, rng) for _ in range(6)]
    for shared in [None, *range(len(operands))]:
        singles = [[batch[0][k] if k == shared else v for k, v in enumerate(values)] for values in batch]
        each = np.stack([op.value(*values) for values in singles])
        stacked = [
            batch[0][k] if k == shared else np.stack([values[k] for values in batch]).reshape(2, 3, *v.shape)
            for k, v in enumerate(operands)
        ]
        found = op.value(*stacked)
        if op.collects and shared == (0 if op == ops.total else len(operands) - 1):
            np.testing.assert_allclose(found, each.sum(axis=0), rtol=1e-12, atol=1e-13)
            continue
        # where all operands that matter are shared, so is the result
        np.testing.assert_allclose(
            np.broadcast_to(found, (2, 3, *each.shape[1:])).reshape(each.shape), each, rtol=1e-12, atol=1e-13
        )


PICKS = (ops.row_argmax, ops.row_rank, ops.column_of, ops.first, ops.at_place, ops.either)
DRAWS = (ops.mixed_seed, ops.start_number, ops.Numbers(1))
"""What only draws are made of: whole numbers that single precision does not hold."""


@pytest.mark.parametrize("name", NUMERIC)
def test_single_precision_stays_single(name: str) -> None:
    op = NUMERIC[name].op
    operands = [as_array(value).astype(np.float32)[None] for value in NUMERIC[name].operands]
    if type(op) not in {type(one) for one in (*PICKS, *DRAWS)}:
        assert op.value(*operands).dtype == (float if op.scale == "count" else np.float32)


def small_model() -> tuple[Model, Matrix, dict[Matrix, Matrix]]:
    """Words looked up, one head of attention with a norm, and logits tied to the embeddings."""
    model, g = start()
    words = g.input("embeddings", Axis.numbered("", 5), Axis.numbered("d", 4), "embedding")
    index = numbers(g, "index", 3, 1, data=True)
    target = numbers(g, "target", 3, 1, data=True)
    X = g.add("X", ops.lookup(index, words))
    present = g.add("present", ops.present(index))
    Q, K, V = (g.add(part, linear(X, numbers(g, f"W_{part}", 4, 4))) for part in "QKV")
    out = attention(g, Q, K, V, (present, present)).output
    out = norm(g.scope("norm"), out, norm_weights(g, X.columns, g.constant("epsilon", 0.1)))
    loss = cross_entropy(g.scope("objective"), g.add("logits", ops.row_products(out, words)), target)
    return model, loss, gradients(model, loss)


@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_batch_sums_the_gradients_of_its_sentences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, loss, learned = small_model()
    weights = {block.name: rng.normal(size=block.shape) for block in learned}
    index, target = rng.integers(0, 6, (4, 3, 1)) * 1.0, rng.integers(0, 6, (4, 3, 1)) * 1.0
    share = rng.uniform(0, 1, (4, 1, 1))
    shared = {**model.constants, **weights}
    wanted = [loss, *learned.values()]
    both = values_of(model, wanted, {**shared, "index": index, "target": target, "gradient.objective.loss": share})
    each = [
        values_of(model, wanted, {**shared, "index": i, "target": t}) for i, t in zip(index, target, strict=True)
    ]
    assert both[loss.name].shape == (4, 1, 1)
    for gradient in learned.values():
        total = sum(one[gradient.name] * part.item() for one, part in zip(each, share, strict=True))
        np.testing.assert_allclose(both[gradient.name], total, rtol=1e-9, atol=1e-11, err_msg=gradient.name)


@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_gradients_of_a_small_model_are_slopes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, loss, learned = small_model()
    inputs = {block.name: rng.normal(size=block.shape) for block in learned} | model.constants
    inputs |= {"index": np.array([[2.0], [0], [4]]), "target": np.array([[3.0], [1], [5]])}
    assert_slopes(model, loss, learned, inputs)


def test_rows_without_a_target_do_not_count() -> None:
    model, g = start()
    logits, target = numbers(g, "logits", 3, 4), numbers(g, "target", 3, 1, data=True)
    loss = cross_entropy(g, logits, target)
    learned = gradients(model, loss)
    x = np.array([[1.0, 2, 3, 4], [1, 1, 1, 1], [0, 5, 0, 0]])
    values = model.trace({"logits": x, "target": np.array([[0.0], [2], [0]]), **model.constants})
    assert values["loss"].item() == pytest.approx(np.log(4))
    np.testing.assert_allclose(
        values[learned[logits].name], [[0] * 4, [0.25, -0.75, 0.25, 0.25], [0] * 4], atol=1e-15
    )
    none = model.trace({"logits": x, "target": np.zeros((3, 1)), **model.constants})
    assert none["loss"].item() == 0
    assert not none[learned[logits].name].any()


def test_the_mean_squared_error_is_of_the_rows_that_count() -> None:
    model, g = start()
    output, target = numbers(g, "output", 2, 2), numbers(g, "target", 2, 2, data=True)
    loss = mean_squared_error(g, output, target, numbers(g, "counts", 2, 1, data=True))
    (gradient,) = gradients(model, loss).values()
    inputs = {"output": np.array([[1.0, 2], [3, 4]]), "target": np.array([[1.0, 5], [0, 0]])}
    values = model.trace({**inputs, "counts": np.array([[1.0], [0]]), **model.constants})
    assert values["loss"].item() == 4.5
    np.testing.assert_array_equal(values[gradient.name], [[0, -3], [0, 0]])


def test_a_softmax_passes_back_what_its_jacobian_says() -> None:
    model, g = start()
    x = numbers(g, "x", 1, 3)
    shares = softmax(g, x)
    loss = summed(g, shares, numbers(g, "w", 1, 3, data=True))
    (gradient,) = gradients(model, loss).values()
    w = np.array([[1.0, -2, 0.5]])
    inputs = {"x": np.array([[0.3, -1, 2]]), "w": w, "ones": np.ones((1, 1))}
    values = model.trace({**inputs, **model.constants})
    s = values["weights"][0]
    np.testing.assert_allclose(values[gradient.name], w @ (np.diag(s) - np.outer(s, s)), rtol=1e-12)
