"""How soon the curve of the losses follows an edit of the learning rate, in a LibreOffice window.

On demand: `.venv/bin/python bench/learning.py`. Timed from the edit until everything is recalculated and
drawn; also with how much of it the edit alone takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from windows import View, Windows

from xltransformer import api
from xltransformer.workbook.reader import read_book

RATES = (0.3, 0.4, 0.6, 0.2, 1.5, 0.5)

_EDITS = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from uno_bridge import connect, option
task = json.load(sys.stdin)
context = connect(task["pipe"])
create = context.ServiceManager.createInstanceWithContext
toolkit = create("com.sun.star.awt.Toolkit", context)
document = create("com.sun.star.frame.Desktop", context).loadComponentFromURL(
    Path(task["path"]).as_uri(), "_blank", 0, (option("ReadOnly", False),)
)
toolkit.processEventsToIdle()
cell = document.getSheets().getByName(task["sheet"]).getCellRangeByName(task["address"])
for rate in task["rates"]:
    started = time.perf_counter()
    cell.setValue(rate)
    edited = time.perf_counter()
    toolkit.processEventsToIdle()
    print(json.dumps([rate, edited - started, time.perf_counter() - started]))
document.close(True)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "learning.xlsx"
        api.build(path, template="trainable-attention")
        place = read_book(path).homes["training.learning_rate"]
        with Windows(Path(folder) / "profile") as windows:
            windows.show([(path, [View()])])
            task = {"pipe": windows._pipe, "path": str(path), "sheet": place.sheet, "rates": RATES}
            run = subprocess.run(
                [windows._python, "-c", _EDITS, str(Path(__file__).parent.parent / "scripts")],
                input=json.dumps({**task, "address": place.address(0, 0)}),
                capture_output=True, text=True, check=True, timeout=200, env=windows._environment,
            )  # fmt: skip
    for line in run.stdout.splitlines():
        rate, edited, drawn = json.loads(line)
        print(f"learning rate {rate}: edited in {edited:.2f} s, drawn after {drawn:.2f} s")


if __name__ == "__main__":
    main()
