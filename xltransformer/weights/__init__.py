"""Weights from elsewhere: files of them, and the published names that become blocks of ours."""

from xltransformer.weights.checkpoint import Checkpoint, listed, load, trimmed
from xltransformer.weights.files import ABOUT, State, read_state, read_text_entry, write_state
from xltransformer.weights.schemes import SCHEME_OF, SCHEMES

__all__ = [
    "ABOUT",
    "SCHEMES",
    "SCHEME_OF",
    "Checkpoint",
    "State",
    "listed",
    "load",
    "read_state",
    "read_text_entry",
    "trimmed",
    "write_state",
]
