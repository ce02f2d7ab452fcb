"""The usual slips within attention, and with its heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from xltransformer import ops
from xltransformer.checking.ways import HEAVY, Change, Values, Way, also, of
from xltransformer.graph import Array, Matrix
from xltransformer.ops.masking import SEEN

# Attention


def _scales(factor: Callable[[Array, int], Array]) -> Change:
    """Scores divided by something else than the root of d_k, which is given with the count of heads."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, ops.Divide | ops.CausalDivide):
            return None
        scores, divisor = block.operands
        if not isinstance(divisor.op, ops.RootWidth):
            return None
        x, root = values[scores.name], values[divisor.name]
        return np.where(x <= SEEN, x, x / factor(root, len(way.like(block))))

    return change


_LOOKS_AHEAD = also(
    of(ops.CausalScores, ops.matmul.value),
    of(ops.CausalDivide, ops.divide.value),
    of(ops.CausalMix, ops.matmul.value),
)
"""Attention whose scores reach ahead, for a mask to hide that."""


def _masks(make: Callable[[Array], Array]) -> Change:
    """Another mask, wherever scores are hidden by one."""

    def hides(scores: Array, mask: Array) -> Array:
        return ops.mask_scores.value(scores, make(mask))

    def exp(x: Array, maximum: Array, mask: Array, *temperature: Array) -> Array:
        return ops.masked_exp.value(x, maximum, make(mask), *temperature)

    return also(of(ops.MaskScores, hides, but=ops.MaskColumns), of(ops.MaskedExp, exp), _LOOKS_AHEAD)


def _softmax(make: Callable[[Array, Array], Array], *, masked: bool = True) -> Change:
    """Shares otherwise than over a row, from the scores and the mask (1 everywhere, where there is none)."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, ops.DivideRows):
            return None
        exponentials = block.operands[0]
        if not isinstance(exponentials.op, ops.ShiftedExp | ops.MaskedExp):
            return None
        x = values[exponentials.operands[0].name]
        hidden = isinstance(exponentials.op, ops.MaskedExp) and masked
        mask = values[exponentials.operands[2].name] if hidden else np.ones_like(x)
        return make(x, mask)

    return change


def _shares(x: Array, mask: Array, axis: int | None) -> Array:
    shown = np.where(mask == 1, x, -np.inf)
    largest = shown.max(axis=axis, keepdims=True)
    e = np.where(mask == 1, np.exp(shown - np.where(np.isfinite(largest), largest, 0.0)), 0.0)
    total = e.sum(axis=axis, keepdims=True)
    return np.asarray(np.where(total > 0, e / np.where(total > 0, total, 1.0), 0.0))


def _mask_as_factor(block: Matrix, values: Values, way: Way) -> Array | None:
    """Scores times the mask, so that what is hidden takes part with 0."""
    if isinstance(block.op, ops.MaskScores) and not isinstance(block.op, ops.MaskColumns):
        scores, mask = (values[one.name] for one in block.operands)
        return np.asarray(scores * mask)
    if isinstance(block.op, ops.MaskedExp):
        x, maximum, _, *temperature = (values[one.name] for one in block.operands)
        return ops.shifted_exp.value(x, maximum, *temperature)
    return None


def _mask_afterwards(block: Matrix, values: Values, way: Way) -> Array | None:
    """A mask on the shares, whose sums are then below 1."""
    if isinstance(block.op, ops.MaskScores) and not isinstance(block.op, ops.MaskColumns):
        return values[block.operands[0].name]
    if isinstance(block.op, ops.DivideRows) and isinstance(block.operands[0].op, ops.MaskedExp):
        exponentials = block.operands[0]
        x, mask = (values[exponentials.operands[k].name] for k in (0, 2))
        return np.asarray(_shares(x, np.ones_like(x), -1) * mask)
    return None


def _without_own(mask: Array) -> Array:
    return np.asarray(mask * (1 - np.eye(*mask.shape[-2:])))


# Heads


def _columns(pick: Callable[[Array, int, int], Array]) -> Change:
    """Queries, keys or values of a head that takes other columns of all heads' (n x h d): see `pick`."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        own = next((part for part in ("head", "group") if block.number_of(part) is not None), None)
        if own is None or not isinstance(block.op, HEAVY) or block.operands[1].role != "parameter":
            return None
        heads = way.like(block)
        whole = np.hstack([way.made(one, values) for one in heads])
        return pick(whole, len(heads), int(block.number_of(own) or 0)) if len(heads) > 1 else None

    return change


def _interleaved(whole: Array, heads: int, k: int) -> Array:
    return whole[:, k::heads]


def _reshaped(whole: Array, heads: int, k: int) -> Array:
    return np.asarray(whole.reshape(heads, whole.shape[0], -1)[k])


def _stacked(join: Callable[[Array], Array]) -> Change:
    """The heads put together otherwise, from all of them (h x n x d)."""

    def make(*heads: Array) -> Array | None:
        same = len(heads) > 1 and len({head.shape for head in heads}) == 1
        return join(np.stack(heads)).reshape(heads[0].shape[0], -1) if same else None

    return of(ops.Concatenate, make)


def _other_weights(step: int) -> Change:
    """Another weight matrix that multiplies the same: the next one, or the one after that."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, HEAVY) or block.operands[1].role != "parameter":
            return None
        alike = [one for one in _beside(block, way) if one.operands[1].shape == block.operands[1].shape]
        if len(alike) <= step:
            return None
        other = alike[(alike.index(block) + step) % len(alike)]
        return way.made(other, values)

    return change


def _beside(block: Matrix, way: Way) -> list[Matrix]:
    """The products by weights of the same matrix in the same head, itself among them."""
    return [
        one
        for one in way.model.blocks.values()
        if type(one.op) is type(block.op)
        and one.operands[0] is block.operands[0]
        and one.operands[1].role == "parameter"
        and one.number_of("head") == block.number_of("head")
    ]


def _square(x: Array) -> bool:
    return bool(x.shape[-1] == x.shape[-2])


ATTENTION: Sequence[tuple[str, Change]] = (
    ("not divided by the root of d_k", _scales(lambda root, _: np.ones(1))),
    ("divided by d_k in place of the root of d_k", _scales(lambda root, _: root**2)),
    ("divided by the root of all heads' width in place of the root of d_k", _scales(lambda r, h: r * np.sqrt(h))),
    ("multiplied by the root of d_k in place of divided", _scales(lambda root, _: 1 / root)),
    ("the mask is missing", _masks(np.ones_like)),
    ("the mask is turned round: it hides what it should show", _masks(lambda m: m.T if _square(m) else m)),
    ("the mask hides a word's own place, too", _masks(lambda m: _without_own(m) if _square(m) else m)),
    ("hidden scores are 0 in place of minus infinity", also(_mask_as_factor, _LOOKS_AHEAD)),
    ("the mask stands behind the softmax", also(_mask_afterwards, _LOOKS_AHEAD)),
    ("softmax over the other axis, down each column", _softmax(partial(_shares, axis=-2))),
    ("softmax over all entries at once", _softmax(partial(_shares, axis=None))),
)
HEADS: Sequence[tuple[str, Change]] = (
    ("heads split the other way: every h-th column, not d_k side by side", _columns(_interleaved)),
    ("heads split by reshape alone, without moving the axis of the words", _columns(_reshaped)),
    ("heads joined the other way, column by column", _stacked(lambda x: np.moveaxis(x, 0, 2))),
    ("heads joined by reshape alone, without moving the axis of the words", _stacked(lambda x: x)),
    ("the weights of another projection are taken in place of {1}", _other_weights(1)),
    ("the weights of another projection are taken in place of {1}", _other_weights(2)),
)
