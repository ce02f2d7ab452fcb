"""The operations: what each means in NumPy, and beside it what it means in a cell."""

from xltransformer.ops.base import Index, Number, Op, Pieces, Ref
from xltransformer.ops.linear import copy, divide, matmul, root_width, transpose
from xltransformer.ops.masking import HIDDEN, attention_mask, mask_scores, present
from xltransformer.ops.reduce import divide_rows, row_max, row_sum, shifted_exp
from xltransformer.ops.views import below, choose, less_first, plane, settle
from xltransformer.ops.words import equals, first, join_words, lookup, pick, stack, word_index

__all__ = [
    "HIDDEN",
    "Index",
    "Number",
    "Op",
    "Pieces",
    "Ref",
    "attention_mask",
    "below",
    "choose",
    "copy",
    "divide",
    "divide_rows",
    "equals",
    "first",
    "join_words",
    "less_first",
    "lookup",
    "mask_scores",
    "matmul",
    "pick",
    "plane",
    "present",
    "root_width",
    "row_max",
    "row_sum",
    "settle",
    "shifted_exp",
    "stack",
    "transpose",
    "word_index",
]
