"""Where each word stands: sinusoidal, learned and rotary positions."""

from __future__ import annotations

from xltransformer import ops
from xltransformer.graph import EMBEDDING, Axis, Matrix, Scope
from xltransformer.record import record

BASE = 10000.0
"""The base of the angles: Vaswani et al. 2017, section 3.5; Su et al. 2021, section 3.2.2."""


@record
class Longer:
    """How angles change in a model that was made to read longer texts than it began with (1 x 1 each).

    By itself the `factor` divides the positions: Chen et al. 2023, "Extending Context Window of Large
    Language Models via Positional Interpolation". `by_pair` (low, high and the original length) it slows
    those pairs alone that turn seldom in that length: see `ops.positions.KeptSpeed`.
    """

    factor: Matrix
    by_pair: tuple[Matrix, Matrix, Matrix] | None = None


LEARNED = "position_embeddings"
"""The name of learned positions."""


def learned_positions(g: Scope, places: int, width: Axis) -> Matrix:
    """A learned row for each place of a sentence, (places x d), as an input. Gehring et al. 2017,
    "Convolutional Sequence to Sequence Learning", section 3.1."""
    rows = Axis.numbered("", places)
    return g.input(LEARNED, rows, width, "parameter", initial=EMBEDDING, row_per_place=True)


def angles(
    g: Scope,
    X: Matrix,
    base: Matrix,
    positions: Matrix | None = None,
    width: int | None = None,
    longer: Longer | None = None,
    *,
    halves: bool = False,
) -> Matrix:
    """pos / base^(2i/d) for every row pos and column pair i of X (n x d): (n x d), in radians.

    Positions (n x 1) count the rows from 0 where they are not given; base is (1 x 1). With a `width`,
    that of a head's queries, it takes the place of d. `longer` changes them for longer texts; with
    `halves` the two columns of a pair stand half a width apart.
    """
    with g.step("angles" if longer is None else "angles_by_pair" if longer.by_pair else "angles_together"):
        at = g.add("position", ops.position(X)) if positions is None else positions
        slow = g.add("stretch", ops.inverse_frequency(base, g.add("pair", ops.Pair(width, halves)(X))))
        if longer is not None and longer.by_pair:
            kept = g.add("kept", ops.kept_speed(slow, *longer.by_pair))
            slow = g.add("slowed", ops.slowed(slow, kept, longer.factor))
        elif longer is not None:
            at = g.add("together", ops.divide(at, longer.factor))
        return g.add("angle", ops.angle(at, slow))


def sinusoidal(
    g: Scope, X: Matrix, base: Matrix, positions: Matrix | None = None, *, halves: bool = False
) -> Matrix:
    """X plus its sinusoidal position encoding `PE`, (n x d). Vaswani et al. 2017, section 3.5:
    PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos(pos / 10000^(2i/d)); with `halves` the same numbers
    with all sines before all cosines, as in Marian (Junczys-Dowmunt et al. 2018)."""
    turned = angles(g, X, base, positions, halves=halves)
    with g.step("sinusoidal", halves=halves):
        PE = g.add("PE", (ops.Sinusoid(True) if halves else ops.sinusoid)(turned))
    return add_positions(g, X, PE)


def add_positions(g: Scope, X: Matrix, PE: Matrix) -> Matrix:
    """X plus one row for each place, computed or learned: both (n x d)."""
    with g.step("add_positions"):
        return g.add("X", ops.add(X, PE))


def rotary(g: Scope, Q: Matrix, K: Matrix, turned: Matrix) -> tuple[Matrix, Matrix]:
    """Queries and keys, each pair of columns turned by its angle; all (n x d_k), d_k even.

    Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding", equation 34.
    """
    return rotate(g, "Q_rotated", Q, turned), rotate(g, "K_rotated", K, turned)


def rotate(g: Scope, name: str, x: Matrix, turned: Matrix) -> Matrix:
    """Queries or keys (n x d_k) with each pair of columns turned by its angle, under a `name`; where there are
    angles for the first columns only, the others stay as they are."""
    with g.step("rotary", part=turned.shape[1] < x.shape[1]):
        return g.add(name, ops.rotate_pairs(x, turned))


PLACES, FURTHER_ON = 12, 4
"""In how many places one word is compared with itself, and the place from which it is done again."""


def score_by_distance(g: Scope, x: Matrix, base: Matrix, *, rotated: bool) -> tuple[Matrix, Matrix]:
    """One word (1 x d) at `PLACES` places at once: the places (PLACES x 1), and the score of every
    place with every other (PLACES x PLACES), by rotary positions or by sinusoidal ones."""
    with g.step("same_word"):
        repeated = g.add("repeated", ops.Repeat(PLACES)(x))
        places = g.add("position", ops.position(repeated))
    if rotated:
        placed = rotate(g, "Q_rotated", repeated, angles(g, repeated, base, places))
    else:
        placed = sinusoidal(g, repeated, base, places)
    with g.step("distance_scores"):
        return places, g.add("scores", ops.matmul(placed, g.add("placed_T", ops.transpose(placed))))
