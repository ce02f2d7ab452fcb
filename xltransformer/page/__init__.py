"""The workbook as a page for any browser: one HTML file that is live, drawn from the same places and values."""
