"""IronCalc: an engine in a Python wheel, the default."""

from __future__ import annotations

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
            model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
            model.evaluate()
        except (ironcalc.WorkbookError, OSError) as error:
            raise UserError(f"IronCalc cannot open {path}: {error}") from None
        names = [fold(sheet["name"]) for sheet in model.get_worksheets_properties()]
        results: dict[str, dict[tuple[int, int], CellValue]] = {name: {} for name in names}
        for sheet, row, column in model.get_all_cells():
            results[names[sheet]][row, column] = model.get_cell_value(sheet, row, column)
        return results
