"""Scores that know how far apart two words stand: a learned number for each distance and head.

Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", section
2.1; Song et al. 2020, "MPNet: Masked and Permuted Pre-training for Language Understanding".
"""

from __future__ import annotations

import numpy as np

from xltransformer import ops
from xltransformer.graph import EMBEDDING, Axis, Matrix, Scope


def relative_table(g: Scope, heads: int) -> Matrix:
    """A learned number for each bucket of distances and each head (buckets x heads), as an input."""
    return g.input("relative_bias", bucket_labels(), Axis.numbered("h", heads), "parameter", initial=EMBEDDING)


def bucket_labels() -> Axis:
    """Each bucket by the distances j − i that fall into it, ∅ where none does."""
    distances = np.arange(-ops.FARTHEST, ops.FARTHEST + 1)
    numbers = ops.bucket.value(distances[None, :])[0]
    labels = []
    for k in range(ops.BUCKETS):
        found = distances[numbers == k]
        if not found.size:
            labels.append("∅")
            continue
        near, far = sorted((int(found[0]), int(found[-1])), key=abs)
        beyond = abs(far) == ops.FARTHEST
        labels.append(_signed(near) + ("…" if beyond else "" if near == far else f"…{_signed(far)}"))
    return Axis.fixed(labels)


def _signed(distance: int) -> str:
    return f"−{-distance}" if distance < 0 else f"+{distance}" if distance else "0"


def relative_biases(g: Scope, X: Matrix, table: Matrix) -> tuple[Matrix, ...]:
    """For every two of the n rows of X, each head's number for their distance in the table (buckets x heads):
    (n x n) for each head, for all layers."""
    with g.step("distance"):
        place = g.add("position", ops.position(X))
        apart = g.add("distance", ops.distance(place, place))
        bucket = g.add("bucket", ops.bucket(apart))
    with g.step("relative_bias"):
        g.model.show(table)
        return tuple(
            g.scope("head", str(h)).add("bias", ops.BiasOf(h)(bucket, table)) for h in range(table.shape[1])
        )
