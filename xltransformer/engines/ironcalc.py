"""IronCalc: an engine in a Python wheel, the default."""

from __future__ import annotations

import re
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from xltransformer.engines.base import CellValue, Results, fold
from xltransformer.errors import UserError


class IronCalc:
    """Recalculates in this process."""

    name = "ironcalc"
    how_to_get = "pip install ironcalc"

    def version(self) -> str | None:
        try:
            return metadata.version("ironcalc")
        except metadata.PackageNotFoundError:
            return None

    def recalculate(self, path: Path) -> Results:
        import ironcalc

        try:
            with tempfile.TemporaryDirectory(prefix="xlt-") as folder:
                model = ironcalc.load_from_xlsx(str(_readable(path, Path(folder))), "en", "UTC", "en")
            model.evaluate()
        except (ironcalc.WorkbookError, OSError) as error:
            raise UserError(f"IronCalc cannot open {path}: {error}") from None
        names = [fold(sheet["name"]) for sheet in model.get_worksheets_properties()]
        results: dict[str, dict[tuple[int, int], CellValue]] = {name: {} for name in names}
        for sheet, row, column in model.get_all_cells():
            results[names[sheet]][row, column] = model.get_cell_value(sheet, row, column)
        return results


# An empty cell that is said to be a number, as openpyxl writes it.
_EMPTY_NUMBER = re.compile(rb'(<c\b[^>]*?) t="n"([^>/]*)(?:/>|>(?:<v\s*/>|<v></v>)?</c>)')


def _readable(path: Path, folder: Path) -> Path:
    """The file itself, or a copy without empty cells of type number: IronCalc takes them for 0."""
    with zipfile.ZipFile(path) as parts:
        sheets = {name: parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")}
        if not any(_EMPTY_NUMBER.search(xml) for xml in sheets.values()):
            return path
        copy = folder / "workbook.xlsx"
        with zipfile.ZipFile(copy, "w") as cleaned:
            for name in parts.namelist():
                data = _EMPTY_NUMBER.sub(rb"\1\2/>", sheets[name]) if name in sheets else parts.read(name)
                cleaned.writestr(name, data)
        return copy
