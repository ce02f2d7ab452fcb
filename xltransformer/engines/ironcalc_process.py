"""What IronCalc does in its own process: recalculate FILE, write its cells to OUT.

The first line of OUT is a JSON list, for each sheet its name in lower case, how many numbers it has, and
its texts and truth values by key; for each sheet follow the keys of its numbers (int64) and the numbers
(float64). A cell's key is COLUMNS, the third argument, times its row, plus its column. The exit status is
CANNOT_OPEN, with a line in OUT, where the file cannot be opened.
"""

import json
import re
import sys
import tempfile
import threading
import zipfile
from array import array
from pathlib import Path

CANNOT_OPEN = 3
STACK = 2**29
"""Bytes of stack: IronCalc walks formulas recursively, and 8,192 characters can nest deeply."""

# An empty cell that is said to be a number, as openpyxl writes it.
_EMPTY_NUMBER = re.compile(rb'(<c\b[^>]*?) t="n"([^>/]*)(?:/>|>(?:<v\s*/>|<v></v>)?</c>)')

# A typed -0, which other programs take for 0.
_NEGATIVE_ZERO = re.compile(rb"(<c\b[^>]*>)<v>-0(?:\.0*)?</v>")


def main() -> None:
    """Recalculate on a thread, whose stack can be made larger than a process's own."""
    source, out, columns = sys.argv[1:]
    codes: list[int] = []
    threading.stack_size(STACK)
    thread = threading.Thread(target=lambda: codes.append(recalculate(Path(source), Path(out), int(columns))))
    thread.start()
    thread.join()
    sys.exit(codes[0] if codes else 1)


def recalculate(source: Path, out: Path, columns: int) -> int:
    """Returns the exit status."""
    import ironcalc

    try:
        with tempfile.TemporaryDirectory(prefix="xlt-") as folder:
            model = ironcalc.load_from_xlsx(str(readable(source, Path(folder))), "en", "UTC", "en")
        model.evaluate()
    except (ironcalc.WorkbookError, OSError) as error:
        out.write_text(str(error), "utf-8")
        return CANNOT_OPEN
    names = [sheet["name"].lower() for sheet in model.get_worksheets_properties()]
    keys, numbers = [array("q") for _ in names], [array("d") for _ in names]
    others: list[dict[int, str | bool]] = [{} for _ in names]
    for sheet, row, column in model.get_all_cells():
        value = model.get_cell_value(sheet, row, column)
        if isinstance(value, float):
            keys[sheet].append(columns * row + column)
            numbers[sheet].append(value)
        elif value is not None:
            others[sheet][columns * row + column] = value
    with out.open("wb") as file:
        file.write(json.dumps([*zip(names, map(len, keys), others, strict=True)]).encode() + b"\n")
        for k in range(len(names)):
            keys[k].tofile(file)
            numbers[k].tofile(file)
    return 0


def readable(path: Path, folder: Path) -> Path:
    """The file itself, or a copy without empty cells of type number, which IronCalc takes for 0, and without
    -0, which it spells so."""
    with zipfile.ZipFile(path) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        if not any(odd.search(parts.read(name)) for name in sheets for odd in (_EMPTY_NUMBER, _NEGATIVE_ZERO)):
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
