"""How large a Transformer is and what it costs; the published ones; and what a workbook of one will take."""
