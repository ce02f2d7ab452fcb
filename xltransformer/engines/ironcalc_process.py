"""What IronCalc does in its own process: recalculate FILE, write its cells to OUT as JSON.

The JSON is one object: for each sheet (its name in lower case) rows of [row, column, value]. The exit
status is CANNOT_OPEN, with a line in OUT, where the file cannot be opened.
"""

import json
import re
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

CANNOT_OPEN = 3
STACK = 2**29
"""Bytes of stack: IronCalc walks formulas recursively, and 8,192 characters can nest deeply."""

# An empty cell that is said to be a number, as openpyxl writes it.
_EMPTY_NUMBER = re.compile(rb'(<c\b[^>]*?) t="n"([^>/]*)(?:/>|>(?:<v\s*/>|<v></v>)?</c>)')

# A typed -0, which other programs take for 0.
_NEGATIVE_ZERO = re.compile(rb"(<c\b[^>]*>)<v>-0(?:\.0*)?</v>")


def main() -> None:
    """Recalculate on a thread, whose stack can be made larger than a process's own."""
    codes: list[int] = []
    threading.stack_size(STACK)
    thread = threading.Thread(target=lambda: codes.append(recalculate(Path(sys.argv[1]), Path(sys.argv[2]))))
    thread.start()
    thread.join()
    sys.exit(codes[0] if codes else 1)


def recalculate(source: Path, out: Path) -> int:
    """Returns the exit status."""
    import ironcalc

    try:
        with tempfile.TemporaryDirectory(prefix="xlt-") as folder:
            model = ironcalc.load_from_xlsx(str(_readable(source, Path(folder))), "en", "UTC", "en")
        model.evaluate()
    except (ironcalc.WorkbookError, OSError) as error:
        out.write_text(str(error), "utf-8")
        return CANNOT_OPEN
    names = [sheet["name"].lower() for sheet in model.get_worksheets_properties()]
    results: dict[str, list[Any]] = {name: [] for name in names}
    for sheet, row, column in model.get_all_cells():
        results[names[sheet]].append((row, column, model.get_cell_value(sheet, row, column)))
    out.write_text(json.dumps(results), "utf-8")
    return 0


def _readable(path: Path, folder: Path) -> Path:
    """The file itself, or a copy without empty cells of type number, which IronCalc takes for 0, and without
    -0, which it spells so."""
    with zipfile.ZipFile(path) as parts:
        sheets = {name: parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")}
        if not any(_EMPTY_NUMBER.search(xml) or _NEGATIVE_ZERO.search(xml) for xml in sheets.values()):
            return path
        copy = folder / "workbook.xlsx"
        with zipfile.ZipFile(copy, "w") as cleaned:
            for name in parts.namelist():
                data = parts.read(name)
                if name in sheets:
                    data = _NEGATIVE_ZERO.sub(rb"\1<v>0</v>", _EMPTY_NUMBER.sub(rb"\1\2/>", data))
                cleaned.writestr(name, data)
        return copy


if __name__ == "__main__":
    main()
