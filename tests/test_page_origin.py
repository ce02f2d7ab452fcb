"""Where a number on a page comes from: formulas read, in words, with the numbers put in; there and back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from browser import DESKTOP, PHONE, Chromium, Evaluate, OpenPage, entry, type_into
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.locale import load_messages
from xltransformer.page.contents import Contents
from xltransformer.page.panels import number_panels
from xltransformer.workbook.layout import lay_out

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODULES = ["cells.js", "naming.js", "reading.js", "wording.js"]
KINDS: dict[str, dict[str, Any]] = {
    "cat-and-mouse": {},
    "backpropagation": {},
    "byte-pair": {"language": "zh"},
    "add-norm": {"products": "rows"},
}
"""Templates whose workbooks have formulas of all kinds between them."""
SCORES, WEIGHTS, X = (f"sentence.0.self_attention.{name}" for name in ("scores", "weights", "X"))


def formulas_of(path: Path) -> set[str]:
    found: set[str] = set()
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                text = cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value
                if isinstance(text, str) and (text.startswith("=") or isinstance(cell.value, ArrayFormula)):
                    found.add("=" + text.removeprefix("="))
    return found


def areas_of(formula: str) -> list[list[Any]]:
    """What a formula refers to, as openpyxl reads it: sheets, and first and last rows and columns from 0."""
    found: list[list[Any]] = []
    for token in Tokenizer(formula).items:
        if token.type == "OPERAND" and token.subtype == "RANGE":
            sheet, _, cells = token.value.rpartition("!")
            name = sheet.removeprefix("'").removesuffix("'").replace("''", "'") or None
            left, top, right, bottom = range_boundaries(cells.replace("$", ""))
            rows, columns = sorted((top, bottom)), sorted((left, right))
            area = [name, rows[0] - 1, columns[0] - 1, rows[1] - 1, columns[1] - 1]
            if area not in found:
                found.append(area)
    return found


@pytest.mark.parametrize("template", KINDS)
def test_every_formula_is_read_with_all_that_it_refers_to(
    template: str, tmp_path: Path, evaluate: Evaluate
) -> None:
    api.build(tmp_path / "a.xlsx", template=template, **KINDS[template])
    formulas = sorted(formulas_of(tmp_path / "a.xlsx"))
    assert len(formulas) > 500
    read = evaluate(
        ["formula.js"],
        """given.map((text) => {
          const areas = areasIn(parseFormula(text));
          const array = areasIn(parseFormula(`{${text}}`));
          if (JSON.stringify(areas) !== JSON.stringify(array)) throw new Error(text);
          return areas.map(({ sheet, top, left, bottom, right }) => [sheet, top, left, bottom, right]);
        })""",
        formulas,
    )
    for formula, areas in zip(formulas, read, strict=True):
        assert areas == areas_of(formula), formula


def told(evaluate: Evaluate, instance: Instance, path: Path, *asked: tuple[str, int, int]) -> list[dict[str, str]]:
    """What is told of entries of blocks, from 0: their names, formulas in words, and with all digits put in."""
    book = lay_out(instance, instance.trace(), load_messages("en"))
    contents = Contents(book, "lesson")
    number_panels(contents)
    outline = contents.outline()
    workbook = openpyxl.load_workbook(path, data_only=True)
    values = {
        f"{k},{cell.row - 1},{cell.column - 1}": cell.value
        for k, name in enumerate(outline["sheets"])
        for row in workbook[name].iter_rows()
        for cell in row
        if cell.value is not None
    }
    formulas = openpyxl.load_workbook(path)
    entries = []
    for block, i, j in asked:
        sheet, row, column = outline["blocks"][block]["at"]
        code = formulas[outline["sheets"][sheet]].cell(row + i + 1, column + j + 1).value
        entries.append([block, i, j, sheet, code])
    messages = {
        key.removeprefix("page."): text for key, text in load_messages("en").texts.items() if "page." in key
    }
    return evaluate(
        MODULES,
        """(({ outline, values, entries, messages }) => {
          const value = (...place) => values[place.join()] ?? null;
          const say = (key, parts = {}) => messages[key].replace(/\\{(\\w+)\\}/g, (_, name) => parts[name]);
          const naming = new Naming(outline, value, say);
          return entries.map(([block, i, j, own, code]) => {
            const known = {
              name: (area) => naming.areaName(area, own),
              whole: (area) => naming.wholeName(area, own),
              value: (area) => value(naming.sheetOf(area, own), area.top, area.left),
              shown: String,
              result: null,
              say,
            };
            const reading = readingOf(parseFormula(code));
            const numbers = withNumbers(reading, known, "?");
            return { code, name: naming.entryName(block, i, j), words: inWords(reading, known), numbers };
          });
        })(given)""",
        {"outline": outline, "values": values, "entries": entries, "messages": messages},
    )


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Instance]:
    path = tmp_path_factory.mktemp("lesson") / "add-norm.xlsx"
    return path, api.build(path, ["cat and mouse"], "add-norm")


def test_formulas_in_words(lesson: tuple[Path, Instance], evaluate: Evaluate) -> None:
    path, instance = lesson
    expected = {
        "add_norm.Q": "X[mouse, animal]",
        "add_norm.scaled": "scores[mouse, cat] / √d_k",
        "add_norm.divisor": "√(number of columns of K)",
        "add_norm.masked": "scaled[mouse, cat] if mask[mouse, cat] = 1, else −∞",
        "add_norm.maximum": "largest of row “mouse” of masked",
        "add_norm.exponentials": "exp(masked[mouse, cat] − max[mouse]) if mask[mouse, cat] = 1, else 0",
        "add_norm.total": "sum of row “mouse” of exp",
        "add_norm.weights": "exp[mouse, cat] / sum[mouse]; 0 if sum[mouse] = 0",
        "add_norm.layer.mean": "mean of row “mouse” of sum",
        "add_norm.layer.variance": "(sum of (row “mouse” of sum − mean[mouse])²) / (number of columns of sum)",
        "add_norm.layer.output": "normalised[mouse, animal] × gain[animal] + bias[animal]",
    }
    shapes = {name: instance.model.blocks[name].shape for name in expected}
    asked = [(name, min(2, shape[0] - 1), 0) for name, shape in shapes.items()]
    for (name, words), one in zip(expected.items(), told(evaluate, instance, path, *asked), strict=True):
        assert one["words"] == words, name


SIGNS = {"×": "*", "−": "-", "²": "**2", "³": "**3", "√(": "sqrt(", "π": "pi"}


def calculated(numbers: str) -> float | None:
    """What a line with numbers makes; None where it has words in it, or leaves terms out."""
    text = re.sub(r"√([\d.]+)", r"sqrt(\1)", numbers)
    for sign, python in SIGNS.items():
        text = text.replace(sign, python)
    names = {"exp": math.exp, "sqrt": math.sqrt, "tanh": math.tanh, "pi": math.pi}
    if set(re.findall(r"[^\W\d_]+(?<!\de)", text)) - names.keys() or re.search(r"[^\w\s.()*/+-]", text):
        return None
    return float(eval(text, {"__builtins__": {}}, names))


def test_the_numbers_put_in_make_the_number(lesson: tuple[Path, Instance], evaluate: Evaluate) -> None:
    path, instance = lesson
    values = instance.trace()
    asked = [
        (name, i, j)
        for name, block in instance.model.blocks.items()
        if block.computed and not block.text and not name.startswith("watch")
        for i in range(block.shape[0])
        for j in range(block.shape[1])
    ]
    held = set()
    for (name, i, j), one in zip(asked, told(evaluate, instance, path, *asked), strict=True):
        assert one["words"], name
        if found := re.match(r"= (.*?) = \?", one["numbers"]):
            made = calculated(found[1])
            if made is not None:
                held.add(name)
                assert made == pytest.approx(values[name][i, j], rel=1e-9, abs=1e-12), (one, name)
    parts = ("scores", "scaled", "exponentials", "total", "weights", "output", "sum", "layer.mean",
             "layer.variance", "layer.normalised", "layer.output", "rms.normalised")  # fmt: skip
    assert held >= {f"add_norm.{part}" for part in parts}


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("=-B1^2", "(−B1)²"),
        ("=(A1+B1)*(A1-B1)/-C1", "(A1 + B1) × (A1 − B1) / (−C1)"),
        ("=A1-(B1-C1)", "A1 − B1 + C1"),
        ("=1/(1+EXP(MIN(-A1,700)))", "1 / (1 + exp(−A1, but at most 700))"),
        ("=SUMPRODUCT(MMULT(A1:C1,D1:D3+0))+E1", "A1:C1 · D1:D3 + E1"),
        ("=A1*D1+B1*D2+C1*D3", "A1:C1 · D1:D3"),
        ("=IF(AND(A1=1,B1<>\"x\"),2^3,MOD(A1,7))", "2³ if A1 = 1 and B1 ≠ “x”, else rest of A1 divided by 7"),
        ("='It''s'!$A$1&\"\"", "It's!A1"),
        ("=UNKNOWN(A1,2)", "UNKNOWN(A1; 2)"),
        ("=IFERROR(MATCH(1,A1:A9,0),0)", "place of 1 in A1:A9; 0 where that cannot be worked out"),
    ],
)  # fmt: skip
def test_formulas_of_cells_without_blocks(formula: str, words: str, evaluate: Evaluate) -> None:
    messages = {
        key.removeprefix("page."): text for key, text in load_messages("en").texts.items() if "page." in key
    }
    said = evaluate(
        MODULES,
        """(([formula, messages]) => {
          const say = (key, parts = {}) => messages[key].replace(/\\{(\\w+)\\}/g, (_, name) => parts[name]);
          const naming = new Naming({ sheets: ["Own"], blocks: {} }, () => null, say);
          const name = (area) => naming.areaName(area, 0);
          const known = { name, whole: addressOf, value: () => 1, shown: String, say };
          return inWords(readingOf(parseFormula(formula)), known);
        })(given)""",
        [formula, messages],
    )
    assert said == words


def test_long_formulas_stay_readable(evaluate: Evaluate) -> None:
    terms = "+".join(f"ABS(A{k})" for k in range(1, 200))
    line = evaluate(
        MODULES,
        """((text) => {
          const known = { name: addressOf, say: (key, parts) => JSON.stringify(parts) };
          return inWords(readingOf(parseFormula(text)), known);
        })(given)""",
        f"={terms}",
    )
    assert line == '|A1| + |A2| + |A3| + … + |A199| {"count":199}'


@pytest.fixture(scope="module")
def page_path(default_workbook: tuple[Path, Instance], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return api.page(default_workbook[0], tmp_path_factory.mktemp("page") / "lesson.html")


def panel(page: Page, title: str) -> str:
    """What the panel says once it is about a number."""
    page.locator("#origin-title", has_text=re.compile(f"^{re.escape(title)}$")).wait_for()
    page.locator("#origin[aria-busy=false]").wait_for()
    return page.locator("#origin").inner_text()


@pytest.fixture(scope="module")
def shared(page_path: Path, browser: Chromium) -> Iterator[Page]:
    page = browser.open(page_path, DESKTOP)
    yield page
    assert not browser.close(page).wrong


@pytest.fixture
def opened(shared: Page) -> Page:
    """A page on which no panel is open."""
    shared.keyboard.press("Escape")
    shared.locator("h1, h2").first.click()
    shared.locator("#origin").wait_for(state="hidden")
    return shared


def test_a_click_tells_where_a_number_comes_from(opened: Page) -> None:
    cell = entry(opened, SCORES, 2, 3).first
    cell.click()
    said = panel(opened, "scores[and, mouse]")
    assert "scores[and, mouse] = row “and” of Q · column “mouse” of Kᵀ" in said
    assert "= 0.00 × 1.20 + 0.00 × 1.20 + 1.20 × 0.20 + 0.00 × 0.20 = 0.24" in said
    assert re.search(r"^=[A-Z]+\d+\*", opened.locator("#origin code").inner_text())
    lit = opened.evaluate(
        """[...document.querySelectorAll("td.lit")].map(({ dataset: { block, row, column } }) =>
          [block.split(".").pop(), +row, +column])"""
    )
    rows = {("Q", 2, k) for k in range(1, 5)}
    columns = {("K_T", k, 3) for k in range(1, 5)}
    assert {tuple(one) for one in lit} == rows | columns
    assert len(lit) > 8, "Q stands in two places"


def test_there_and_back_by_keyboard_alone(opened: Page) -> None:
    def focused() -> tuple[str, str, str]:
        return tuple(
            opened.evaluate(
                "(({ dataset }) => [dataset.block, dataset.row, dataset.column])"
                "(document.activeElement.closest('[data-block]') ?? document.activeElement)"
            )
        )

    entry(opened, WEIGHTS, 1, 1).first.focus()
    for key in ("ArrowDown", "ArrowRight", "End", "Home", "ArrowUp", "ArrowDown"):
        opened.keyboard.press(key)
    assert focused() == (WEIGHTS, "2", "1")
    opened.keyboard.press("Enter")
    panel(opened, "weights[and, cat]")
    opened.locator("#origin-title:focus").wait_for()
    while "exp[and, cat]" not in opened.evaluate("document.activeElement.textContent"):
        opened.keyboard.press("Tab")
        assert opened.evaluate("document.activeElement.closest('#origin') !== null")
    opened.keyboard.press("Enter")
    assert "= exp((0.12 − 0.72) / 1.00) = 0.55, as 1 = 1" in panel(opened, "exp[and, cat]")
    assert focused() == ("sentence.0.self_attention.exponentials", "2", "1")
    assert entry(opened, *("sentence.0.self_attention.exponentials", 2, 1)).first.evaluate(
        "(one) => { const { top, bottom } = one.getBoundingClientRect(); return top > 0 && bottom < innerHeight; }"
    )
    opened.keyboard.press("Alt+ArrowLeft")
    panel(opened, "weights[and, cat]")
    assert focused() == (WEIGHTS, "2", "1")
    assert opened.locator("#origin + [role=status]").inner_text().startswith("weights[and, cat]. 0.15")
    opened.keyboard.press("Escape")
    opened.wait_for_timeout(200)
    assert opened.locator("#origin").is_hidden(), "the focus that it gave back does not open it again"
    assert focused() == (WEIGHTS, "2", "1")
    assert not opened.locator(".lit, .asked").count()


def test_each_table_is_one_tab_stop(opened: Page) -> None:
    stops = opened.evaluate(
        """[...document.querySelectorAll("table[data-at]")].map((table) =>
          [table.dataset.edit ?? "", table.querySelectorAll("tbody td").length,
           [...table.querySelectorAll("tbody td, tbody input")].filter((one) => one.tabIndex >= 0).length])"""
    )
    assert all(count == 1 for edit, cells, count in stops if not edit and cells)
    assert all(count == 1 for edit, cells, count in stops if edit == "weight" and cells > 12)
    weights = opened.locator("table[data-edit=weight]").first
    weights.locator("input").first.focus()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowRight")
    place = "one => [one.dataset.row, one.dataset.column]"
    assert opened.locator("td:focus-within").evaluate(place) == ["2", "2"]
    opened.keyboard.press("Tab")
    opened.keyboard.press("Shift+Tab")
    assert opened.locator("td:focus-within").evaluate(place) == ["2", "2"]


def test_pointing_shows_and_leaving_hides(opened: Page) -> None:
    cell = entry(opened, SCORES, 1, 1).first
    cell.scroll_into_view_if_needed()
    cell.hover()
    panel(opened, "scores[cat, cat]")
    assert opened.locator(".origin-hint").is_visible()
    opened.locator("#origin-title").hover()
    opened.wait_for_timeout(600)
    assert opened.locator("#origin").is_visible(), "it stays while one points at it"
    opened.locator(".brand").hover()
    opened.locator("#origin").wait_for(state="hidden")


def test_it_follows_edits_and_says_what_inputs_are(opened: Page) -> None:
    entry(opened, SCORES, 2, 3).first.click()
    panel(opened, "scores[and, mouse]")
    type_into(opened, "sentence.0.words", 3, 1, "keyboard")
    assert "= 0.00 × 0.00" in panel(opened, "scores[and, keyboard]")
    type_into(opened, "sentence.0.words", 3, 1, "mouse")
    opened.keyboard.press("Escape")
    entry(opened, "embeddings", 1, 1).first.locator("input").focus()
    assert "An input" in panel(opened, "E[cat, animal]")


def test_a_tap_opens_a_sheet_at_the_bottom(page_path: Path, open_page: OpenPage) -> None:
    page = open_page(page_path, PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    cell = entry(page, X, 1, 1).first
    cell.scroll_into_view_if_needed()
    cell.tap()
    panel(page, "X[cat, animal]")
    box = page.locator("#origin").bounding_box()
    assert box is not None
    assert box["x"] == 0
    assert box["width"] == PHONE[0]
    assert box["y"] + box["height"] == pytest.approx(PHONE[1], abs=1)
    assert box["height"] <= PHONE[1] / 2
    page.locator("#origin li button", has_text="E[cat, animal]").first.tap()
    panel(page, "E[cat, animal]")
    assert page.evaluate("document.activeElement.localName") != "input", "no keyboard comes up"
    page.locator("#origin button", has_text="Back").tap()
    panel(page, "X[cat, animal]")
    page.locator("#origin button", has_text="Close").tap()
    page.wait_for_timeout(200)
    assert page.locator("#origin").is_hidden()


def test_a_row_that_is_one_array_is_told_cell_by_cell(
    lesson: tuple[Path, Instance], tmp_path: Path, open_page: OpenPage
) -> None:
    api.build(tmp_path / "rows.xlsx", ["cat and mouse"], "add-norm", products="rows")
    page = open_page(api.page(tmp_path / "rows.xlsx"))
    entry(page, "add_norm.scores", 1, 3).first.click()
    assert "row “cat” of Q · column “mouse” of Kᵀ" in panel(page, "scores[cat, mouse]")
    assert page.locator("#origin code").inner_text().startswith("=MMULT(")
    entry(page, "add_norm.sum", 2, 3).first.click()
    assert "= X[and, grammar] + output[and, grammar]" in panel(page, "sum[and, grammar]")


def test_no_answer_of_an_exercise_is_given_away(tmp_path: Path, open_page: OpenPage) -> None:
    api.build(tmp_path / "left.xlsx", exercise="default")
    page = open_page(api.page(tmp_path / "left.xlsx"))
    hidden = page.locator(f'[data-block="{WEIGHTS}"]:not(:has(input))').first
    hidden.click()
    page.locator("#origin", has_text="Shows once the cells left to you are right.").wait_for()
    said = page.locator("#origin").inner_text()
    assert not re.search(r"answers|\d\.\d|=", said), said
    page.locator("[data-edit=exercise] td input").first.focus()
    page.keyboard.press("Escape")
    page.locator("[data-edit=exercise] td input").nth(1).focus()
    page.locator("#origin", has_text="Left for you to fill in.").wait_for()
