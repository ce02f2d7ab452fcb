"""From a model to a workbook and back: layout, writing, reading."""
