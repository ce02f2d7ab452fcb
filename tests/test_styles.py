"""Whether texts stand out from what is behind them: contrast by WCAG 2.1, level AA, from the styles."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from xltransformer.workbook.start.charts import COLOURS
from xltransformer.workbook.styles import (
    BAD,
    FADED,
    GOOD,
    RIGHT,
    STYLES,
    WRONG,
    share_scale,
    signed_scale,
)

WHITE = "#FFFFFF"
INK_ON_SCALES = "#000000"


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour `#RRGGBB` (WCAG 2.1)."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def least(style: dict[str, Any]) -> float:
    """3 for large text (18 points, or 14 if bold), else 4.5."""
    size = style.get("font_size", 10)
    return 3.0 if size >= 18 or (size >= 14 and style.get("bold")) else 4.5


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.478, abs=0.001)  # just too little, a known example


@pytest.mark.parametrize("name", STYLES)
def test_a_style_can_be_read(name: str) -> None:
    style = STYLES[name]
    ink, ground = style.get("font_color", "#000000"), style.get("bg_color", WHITE)
    assert contrast(ink, ground) >= least(style), f"{ink} on {ground}"


@pytest.mark.parametrize("look", [FADED, RIGHT, WRONG, GOOD, BAD])
def test_a_condition_can_be_read(look: dict[str, Any]) -> None:
    assert contrast(look["font_color"], look.get("bg_color", WHITE)) >= 4.5


@pytest.mark.parametrize(
    "colour",
    [scale[key] for scale, key in product((share_scale(), signed_scale("A1")), ("min_color", "max_color"))],
)
def test_numbers_can_be_read_on_a_scale(colour: str) -> None:
    assert contrast(INK_ON_SCALES, colour) >= 4.5


@pytest.mark.parametrize("colour", COLOURS)
def test_names_of_points_can_be_read(colour: str) -> None:
    assert contrast(colour, WHITE) >= 4.5
