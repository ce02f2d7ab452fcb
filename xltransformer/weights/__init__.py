"""Weights from elsewhere: files of them, and the published names that become blocks of ours."""

from xltransformer.weights.checkpoint import Checkpoint, listed, load, trimmed
from xltransformer.weights.files import State, read_state
from xltransformer.weights.schemes import SCHEME_OF, SCHEMES

__all__ = ["SCHEMES", "SCHEME_OF", "Checkpoint", "State", "listed", "load", "read_state", "trimmed"]
