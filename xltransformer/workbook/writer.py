"""Writes a drawn book as an .xlsx file, every formula with NumPy's value as its cached result."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np

from xltransformer.workbook import described
from xltransformer.workbook.book import Workbook, no_collecting
from xltransformer.workbook.canvas import Canvas, Chart, Paper, Series
from xltransformer.workbook.package import fill, formula_of, mark, probed_styles
from xltransformer.workbook.places import Place, place_of
from xltransformer.workbook.sheet_data import DEFAULT_HEIGHT
from xltransformer.workbook.styles import FONT, STYLES, Style


@no_collecting()
def render(workbook: Workbook, description: Mapping[str, Any]) -> bytes:
    """The workbook as the bytes of an .xlsx file; the same sheets give the same bytes.

    An empty description means that there is no model in it.
    """
    if workbook.carrier is not None:
        for row, text in enumerate(described.cell_texts(description)):
            workbook.carrier.text(row, 0, text, "remark")
    canvases = [*workbook.sheets, *workbook.secret]
    frame, style_number = _frame(canvases, workbook.title, workbook.names, description)
    return fill(frame, canvases, style_number, workbook.level, workbook.language)


def _frame(
    canvases: Sequence[Canvas], title: str, names: Mapping[str, Place], description: Mapping[str, Any]
) -> tuple[bytes, Mapping[Style, int]]:
    """The workbook but for its cells: styles, names, charts, conditions, links; and the styles' numbers."""
    import xlsxwriter

    buffer = io.BytesIO()
    # A copy, as XlsxWriter adds to it; without a scheme, by which a theme would choose another typeface.
    font = {**FONT, "font_scheme": "none"}
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": font})
    workbook.set_properties({"title": title, "author": "xltransformer", "created": datetime(2020, 1, 1)})
    for k, piece in enumerate(described.pieces_of(description, described.IN_PROPERTY)):
        workbook.set_custom_property(f"{described.NAME}.{k}", piece, "text")
    format_of = cache(lambda look: workbook.add_format(dict(look)))
    worksheets = [workbook.add_worksheet(canvas.name) for canvas in canvases]
    for canvas, worksheet in zip(canvases, worksheets, strict=True):
        _write_sheet(canvas, worksheet, workbook, format_of)
    sheets = dict(zip((canvas.name for canvas in canvases), zip(canvases, worksheets, strict=True), strict=True))
    charted = [place for canvas in canvases for chart in canvas.charts for place in _shown_by(chart)]
    for place in dict.fromkeys(charted):
        _write_charted(place, *sheets[place.sheet])
    for name, place in names.items():
        workbook.define_name(name, f"={place.absolute}")
    # A cell of every style, where nothing stands that a chart keeps a copy of; `fill` drops it.
    styles = [*dict.fromkeys(style for canvas in canvases for style in canvas.styles())]
    row = max([0, *(place.row + place.shape[0] for place in charted if place.sheet == canvases[0].name)])
    for column, (name, number) in enumerate(styles):
        look = STYLES[name] | ({"num_format": number} if number else {})
        worksheets[0].write_blank(row, column, None, workbook.add_format(look))
    worksheets[0].write_string(row + 1, 0, "text")
    workbook.close()
    frame = buffer.getvalue()
    return frame, dict(zip(styles, probed_styles(frame, row), strict=True))


def _shown_by(chart: Chart) -> list[Place]:
    """Every place that a chart shows something of."""
    texts = [text for series in chart.series for text in (series.values, series.categories, series.name)]
    return [place_of(text) for text in texts if text]


def _write_charted(place: Place, canvas: Canvas, worksheet: Any) -> None:
    """Tell XlsxWriter what a chart shows, for the copy that a chart keeps of it."""
    for i, j in np.ndindex(place.shape):
        row, column = place.row + i, place.column + j
        cell = canvas.at(row, column)
        if cell is not None and cell.kind != "blank":
            shown = cell.content if cell.shown is None else cell.shown
            worksheet.write_formula(row, column, mark("shown", 0), None, shown)


def _write_sheet(canvas: Canvas, sheet: Any, workbook: Any, format_of: Callable[[Any], Any]) -> None:
    sheet.hide_gridlines(2)
    sheet.set_default_row(DEFAULT_HEIGHT)
    sheet.set_column(0, canvas.printed[1], canvas.default_width)
    for column, width in canvas.widths.items():
        sheet.set_column(column, column, width)
    for paragraph, last in canvas.ends():
        sheet.merge_range(paragraph.row, paragraph.column, paragraph.last_row, last, "")
    for (row, column), cell in canvas.single.items():
        if cell.kind == "link":
            sheet.write_url(row, column, f"internal:{cell.content}", None, cell.shown, cell.tip)
    for k, (where, condition) in enumerate(canvas.conditions):
        look = {"format": format_of((*condition["format"].items(),))} if "format" in condition else {}
        rule = {key: mark("condition", k) for key in [formula_of(condition)] if key}
        sheet.conditional_format(where, {**condition, **look, **rule})
    for k, (where, rule) in enumerate(canvas.validations):
        listed = str(rule.get("source", "")).startswith("=")
        sheet.data_validation(where, {**rule, "source": mark("validation", k)} if listed else rule)
    for chart in canvas.charts:
        sheet.insert_chart(
            chart.row, chart.column, _chart(chart, workbook), {"object_position": 2, "description": chart.told}
        )
    if canvas.hidden:
        sheet.very_hidden()
    if canvas.freeze != (0, 0):
        sheet.freeze_panes(*canvas.freeze)
    sheet.set_paper(9)
    if canvas.paper is not None:
        _set_paper(canvas, canvas.paper, sheet)
        return
    sheet.set_landscape()
    # No print titles: with them LibreOffice draws page breaks on the screen, across the first sheet too.
    sheet.fit_to_pages(canvas.across, 0)
    sheet.set_margins(0.4, 0.4, 0.5, 0.5)
    row, column = canvas.printed
    sheet.print_area(0, 0, row, column + canvas.beside)
    sheet.set_h_pagebreaks(canvas.breaks)
    sheet.set_footer("&L&F&C&A&R&P / &N")


def _set_paper(canvas: Canvas, paper: Paper, sheet: Any) -> None:
    """The print setup of a sheet that is made to be printed: shrunk to the page's width, as every program does."""
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(0.5, 0.4, 0.5, 0.6)
    sheet.print_area(0, 0, canvas.bottom, paper.last)
    sheet.set_h_pagebreaks(canvas.breaks)
    sheet.set_footer("&L&F&C&A&R&P / &N")


_LONGEST = 1.15
"""Where the axis of shares ends, so that the number on a bar of 1 has room."""


def _font(size: float, **more: Any) -> dict[str, Any]:
    return {"name": FONT["font_name"], "size": size, **more}


def _chart(chart: Chart, workbook: Any) -> Any:
    """A chart of XlsxWriter's from ours."""
    scatter = chart.kind == "scatter"
    made = workbook.add_chart(
        {"type": "scatter", "subtype": "straight_with_markers"} if scatter else {"type": "bar"}
    )
    for series in chart.series:
        look: dict[str, Any] = {"values": f"={series.values}", "categories": f"={series.categories}"}
        if series.name:
            look["name"] = f"={series.name}"
        made.add_series(look | (_points(series) if scatter else _bars(series, shares=chart.shares)))
    if scatter:
        grid = {"visible": True, "line": {"color": "#E5E7EB"}}
        axis = {"num_format": "0.0", "major_gridlines": grid, "label_position": "low", "num_font": _font(8)}
        across = {"num_format": "0"} if chart.whole else {}
        titled = {"name": chart.across, "name_font": _font(9, bold=True)} if chart.across else {}
        made.set_x_axis({**axis, **across, **titled})
        made.set_y_axis({**axis, **({"min": 0, "max": 1, "major_unit": 0.2} if chart.shares else {})})
    else:
        ends = {"min": 0, "max": _LONGEST} if chart.shares else {}
        made.set_x_axis({**ends, "visible": False, "major_gridlines": {"visible": False}})
        look = {"reverse": True, "num_font": _font(9), "label_position": "low", "major_tick_mark": "none"}
        made.set_y_axis(look)
    made.set_title({"none": True})
    made.set_legend({"position": "bottom", "font": _font(9)} if chart.legend else {"none": True})
    made.set_size({"width": chart.size[0], "height": chart.size[1]})
    return made


def _points(series: Series) -> dict[str, Any]:
    """How a series of points looks."""
    fill = {"color": series.colour}
    inside = {"none": True} if series.hollow else fill
    marker = {"type": series.marker, "size": series.marker_size, "fill": inside, "border": fill}
    dash = {"dash_type": "dash"} if series.dashed else {}
    look: dict[str, Any] = {
        "marker": marker if series.marker else {"type": "none"},
        "line": {"color": series.colour, "width": 1.75, **dash} if series.line else {"none": True},
    }
    if series.label:
        font = _font(9, bold=series.bold, color=series.colour)
        look["data_labels"] = {"series_name": True, "value": False, "position": series.label, "font": font}
    return look


def _bars(series: Series, *, shares: bool) -> dict[str, Any]:
    """How a series of bars looks; the numbers stand on them."""
    labels = {"value": True, "num_format": "0.00;;" if shares else "0.00", "font": _font(9)}
    return {"fill": {"color": series.colour}, "gap": 40, "data_labels": labels}
