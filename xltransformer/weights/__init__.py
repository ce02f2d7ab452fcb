"""Weights from elsewhere: files of them, and the published names that become blocks of ours."""

from xltransformer.weights.checkpoint import Checkpoint, finite, load
from xltransformer.weights.files import Given, Source, State, are_ours, read_npz, read_source, told_by, write_state
from xltransformer.weights.kinds import KINDS
from xltransformer.weights.ours import ABOUT, MADE, OPTIONS, RUN, WORDS, Own, own_of
from xltransformer.weights.schemes import SCHEMES, most_like

__all__ = [
    "ABOUT",
    "KINDS",
    "MADE",
    "OPTIONS",
    "RUN",
    "SCHEMES",
    "WORDS",
    "Checkpoint",
    "Given",
    "Own",
    "Source",
    "State",
    "are_ours",
    "finite",
    "load",
    "most_like",
    "own_of",
    "read_npz",
    "read_source",
    "told_by",
    "write_state",
]
