"""How cells look: a small palette and the styles made of it.

Colours keep apart for red-green colour-blind readers: blue and orange for signs, one blue for shares.
"""

from __future__ import annotations

from typing import Any

from xltransformer.graph import Matrix
from xltransformer.locale import Messages

INK, GREY, PALE, RULE = "#1F2933", "#5F6673", "#F3F4F6", "#D1D5DB"
EDIT_INK, EDIT_FILL, WEIGHT_FILL = "#0B5394", "#FFF8D6", "#EADCF7"
ACCENT, ACCENT_PALE = "#1F4E79", "#DCE9F5"
POSITIVE, NEGATIVE, SHARE, WARN = "#9CC3E6", "#F5B183", "#2E75B6", "#B45309"
SHARE_FILL = "#5FA0D9"
FADED_INK, FADED_FILL = "#5B626D", "#ECEEF1"

FONT = {"font_name": "Arial", "font_size": 10}
"""Every office program has it, or one of the same widths (Liberation Sans): columns are measured in its
digits, so that what fits the window in one program fits it in the others."""
_BORDER = {"border": 1, "border_color": RULE}

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 18, "font_color": ACCENT},
    "intro": {"font_color": INK, "text_wrap": True, "valign": "top"},
    "section": {"bold": True, "font_size": 14, "font_color": ACCENT, "bottom": 2, "bottom_color": ACCENT},
    "heading": {"bold": True, "font_size": 13, "font_color": "#FFFFFF", "bg_color": ACCENT, "valign": "vcenter"},
    "notation": {"italic": True, "font_size": 12, "font_color": ACCENT},
    "question": {"font_color": GREY, "text_wrap": True, "valign": "top"},
    "note": {"font_color": INK, "bg_color": PALE, "text_wrap": True, "valign": "top", "indent": 1},
    "row_text": {"bold": True, "font_color": INK},
    "word": {"bold": True, "font_color": INK, "align": "center", "shrink": True, **_BORDER},
    "listed": {"font_color": GREY},
    "remark": {"font_color": GREY, "indent": 1},
    "number": {"font_color": GREY, "align": "center"},
    "gloss": {"font_color": GREY, "italic": True, "font_size": 9, "shrink": True},
    "warning": {"font_color": WARN, "bold": True},
    "link": {"font_color": EDIT_INK, "underline": 1},
    "intro_line": {"font_color": INK},
    "task": {"bold": True, "font_color": INK},
    "setting": {"font_color": INK},
    "picture": {"bold": True, "font_color": ACCENT},
    "writing": {"bold": True, "font_size": 14, "font_color": INK},
    "answer": {"font_color": INK, "text_wrap": True, "valign": "vcenter"},
    "mark": {"bold": True, "font_color": ACCENT, "align": "center"},
    "experiment": {"font_color": INK},
    "explanation": {"font_color": ACCENT, "italic": True},
    "symbol": {"bold": True, "font_color": ACCENT, "align": "right", "shrink": True},
    "long_symbol": {"bold": True, "font_color": ACCENT, "align": "right"},
    "row_label": {"font_color": INK, "bold": True, "align": "right", "shrink": True},
    "column_label": {"font_color": INK, "bold": True, "align": "center", "shrink": True, "bottom": 1,
                     "bottom_color": RULE},
    "strip": {"font_color": INK, "bold": True, "align": "left"},
    "table_label": {"font_color": INK, "bold": True, "align": "center", "valign": "bottom", "text_wrap": True},
    "table_name": {"font_color": GREY, "align": "center", "shrink": True, "bottom": 1, "bottom_color": RULE},
    "input": {"font_color": EDIT_INK, "bg_color": EDIT_FILL, **_BORDER},
    "weight": {"font_color": EDIT_INK, "bg_color": WEIGHT_FILL, **_BORDER},
    "computed": {"font_color": "#000000", **_BORDER},
    "small": {"font_color": "#000000", "font_size": 9, **_BORDER},
    "dimension": {"font_color": EDIT_INK, "bg_color": EDIT_FILL, "align": "center", **_BORDER},
    "token": {"font_color": EDIT_INK, "bg_color": EDIT_FILL, "shrink": True, **_BORDER},
    "generated": {"font_color": "#000000", "italic": True, "bg_color": ACCENT_PALE, **_BORDER},
    "worked": {"font_color": ACCENT, "text_wrap": True, "valign": "top", "indent": 1},
    "status": {"bold": True, "font_color": ACCENT},
    "verdict": {"align": "center", "bold": True, **_BORDER},
    "kept": {"font_color": GREY, "bg_color": PALE, **_BORDER},
    "paper_label": {"font_color": INK, "bold": True, "align": "right", "valign": "vcenter", "shrink": True},
    "given": {"font_color": INK, "align": "center", "valign": "vcenter", "shrink": True, **_BORDER},
    "blank": {"border": 1, "border_color": INK},
    "unasked": {"font_color": GREY, "align": "center", "valign": "vcenter", "shrink": True, "bg_color": PALE,
                **_BORDER},
    "solution": {"font_color": ACCENT, "bold": True, "align": "center", "valign": "vcenter", "shrink": True,
                 "border": 1, "border_color": INK},
    "grey": {"font_color": FADED_INK, "bg_color": FADED_FILL, **_BORDER},
}  # fmt: skip

UNUSED = {"font_color": GREY}
"""What may be edited, but counts for nothing as the settings are."""
FADED = {"font_color": FADED_INK, "bg_color": FADED_FILL}
EMPTY: dict[str, Any] = {"num_format": ";;;", "bg_color": "#FFFFFF", "border": 1, "border_color": "#FFFFFF"}
"""A slot without a word: nothing shows, though the formulas are there."""
RIGHT = {"font_color": "#FFFFFF", "bg_color": SHARE}
WRONG = {"font_color": "#FFFFFF", "bg_color": WARN}
GOOD, BAD = {"font_color": SHARE, "bold": True}, {"font_color": WARN, "bold": True}


def share_scale(slot: str = "") -> dict[str, Any]:
    """White at 0, blue at 1; all white while the cell `slot` is empty."""
    most = {"max_type": "formula", "max_value": f"={_unless_empty(slot, '1')}"} if slot else {"max_value": 1}
    return {
        "type": "2_color_scale", "min_type": "num", "max_type": "num", "min_value": 0,
        "min_color": "#FFFFFF", "max_color": SHARE_FILL, **most,
    }  # fmt: skip


def signed_scale(where: str, slot: str = "") -> dict[str, Any]:
    """Orange below 0, white at 0, blue above; both signs reach full colour at the same size. All white
    while the cell `slot` is empty."""
    largest = f"MAX(MAX({where}),-MIN({where}),1E-9)"
    largest = _unless_empty(slot, largest) if slot else largest
    return {
        "type": "3_color_scale", "min_type": "formula", "mid_type": "num", "max_type": "formula",
        "min_value": f"=-{largest}", "mid_value": 0, "max_value": f"={largest}",
        "min_color": NEGATIVE, "mid_color": "#FFFFFF", "max_color": POSITIVE,
    }  # fmt: skip


def _unless_empty(slot: str, largest: str) -> str:
    """A number that every other one is small beside, while a cell is empty: LibreOffice draws colour
    scales over any other format, so that they must pale by themselves."""
    return f'IF({slot}="",1E+99,{largest})'


LARGE = "0.00E+0"
"""The format of large whole numbers."""
Style = tuple[str, str]
"""A style's name and a number format ("" for General)."""


def kept_format(block: Matrix) -> str:
    """How numbers of a block are shown that are kept as they were built."""
    return LARGE if block.scale == "large" else "0.00"


def number_format(block: Matrix, messages: Messages) -> str:
    """Two decimals for numbers, none for whole ones and gates, six for what is compared closely; a large whole
    number by its first digits; a masked score shows as minus infinity."""
    if block.text:
        return "@"
    if block.scale == "large":
        return LARGE
    if block.role == "constant":
        return "General"
    if block.scale == "count":
        return f'0;-0;"{messages("number.not_found")}"'
    if block.scale in ("gate", "whole"):
        return "0"
    if block.scale == "fine":
        return "0.000000"
    if block.scale == "masked":
        return '[<-1E+29]"−∞";[<0]-0.00;0.00'
    return "0.00"


UNSEEN = ("remark", ";;;")
"""The style of a number that only its formula's reader needs."""


def block_style(
    block: Matrix, messages: Messages, *, view: bool = False, exercise: bool = False, small: bool = False
) -> Style:
    """The style of a block's cells: to edit, a learned weight, or a formula; of texts, a word for each
    word, or one that may be long."""
    number = number_format(block, messages)
    if exercise:
        return "input", number
    if block.computed or view:
        if block.text:
            return "row_text" if block.rows.source is None and block.shape[1] == 1 else "word", ""
        return "small" if small else "computed", number
    if block.role == "list":
        return "listed", ""
    if block.text and block.role != "vocabulary":
        return "token", number
    if block.text and block.shape[1] > 1:
        return "dimension", number
    return "weight" if block.role == "parameter" else "input", number
