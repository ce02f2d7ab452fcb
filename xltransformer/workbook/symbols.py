"""The short name of a block, as it stands at its corner."""

from __future__ import annotations

from collections.abc import Iterable

from xltransformer.graph import Matrix
from xltransformer.locale import Messages
from xltransformer.ops import step_down

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def has_several_heads(names: Iterable[str]) -> bool:
    """Whether an attention among blocks of these names has several heads."""
    return any(".head.1." in f".{name}" for name in names)


def symbol_of(block: Matrix, messages: Messages, *, several_heads: bool = False) -> str:
    """A block's symbol, with the number of its head where there are several; that of a gradient is ∂ and its
    block's."""
    if block.gradient_of is not None:
        shown = f"∂{symbol_of(block.gradient_of, messages, several_heads=several_heads)}"
        if block.contributed_by is None:
            return shown
        return f"{shown} ← {symbol_of(block.contributed_by, messages, several_heads=several_heads)}"
    name = block.last_name
    shown = messages.get(f"symbol.{name}", messages.get(f"setting.{name}", name))
    head = block.number_of("head")
    head = block.number_of("group") if head is None else head
    if several_heads and head is not None:
        turned = "ᵀ" if shown.endswith("ᵀ") else ""
        shown = shown.removesuffix("ᵀ") + str(head + 1).translate(_SUBSCRIPTS) + turned
    return messages("backward.new", name=shown) if isinstance(block.op, type(step_down)) else shown
