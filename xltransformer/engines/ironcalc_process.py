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

# What IronCalc takes otherwise than other programs do, in a sheet's part: an empty cell that is said to be a
# number, as openpyxl writes it, for 0; a typed -0, which is 0, for a text; and in COUNTIF a range of one cell,
# which Gnumeric writes without its colon, for an error.
_IN_SHEETS = (
    (re.compile(rb'(<c\b[^>]*?) t="n"([^>/]*)(?:/>|>(?:<v\s*/>|<v></v>)?</c>)'), rb"\1\2/>"),
    (re.compile(rb"(<c\b[^>]*>)<v>-0(?:\.0*)?</v>"), rb"\1<v>0</v>"),
    (re.compile(rb"\b(COUNTIF\((?:[^\s(),:<]+!|'[^'<]+'!)?)(\$?[A-Z]{1,3}\$?[0-9]+)(?=,)"), rb"\1\2:\2"),
)

# Without styles that have names, as Gnumeric saves, it breaks down.
_NAMED_STYLES = b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
_BEFORE_NAMED = b"</cellXfs>"


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
    """The file itself, or a copy of it without what IronCalc stumbles over."""
    with zipfile.ZipFile(path) as parts:
        changed = {}
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") or name == "xl/styles.xml":
                data = parts.read(name)
                if (better := mended(name, data)) != data:
                    changed[name] = better
        if not changed:
            return path
        copy = folder / "workbook.xlsx"
        with zipfile.ZipFile(copy, "w") as cleaned:
            for name in parts.namelist():
                cleaned.writestr(name, changed[name] if name in changed else parts.read(name))
        return copy


def mended(name: str, data: bytes) -> bytes:
    """A part without what IronCalc stumbles over."""
    if name == "xl/styles.xml":
        return data if b"<cellStyles" in data else data.replace(_BEFORE_NAMED, _BEFORE_NAMED + _NAMED_STYLES)
    for odd, new in _IN_SHEETS:
        data = odd.sub(new, data)
    return data


if __name__ == "__main__":
    main()
