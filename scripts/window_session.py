"""Runs inside LibreOffice's own Python: opens workbooks in a window and tells what lies where in it.

Takes one JSON object on standard input: pipe, size [width, height] of the window, and books, each with its path
and views: [{"sheet": number from 0, hidden ones left out, "picture": a file to be written or null, "places":
[addresses], "top": the first row in view below frozen ones, from 0}]. Prints a list for each book, an entry a
view: the visible area, the charts and the places, each [left, top, right, bottom] in pixels of a screen of 96 dots
an inch, as LibreOffice reports them, and how wide the text in the first cell of each place is.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from uno_bridge import Ruler, connect, option


def pixels(hundredths):
    """From hundredths of a millimetre."""
    return hundredths * 96 / 2540


def box(position, size):
    left, top = pixels(position.X), pixels(position.Y)
    return [left, top, left + pixels(size.Width), top + pixels(size.Height)]


def settled(context, rounds=4):
    """Until everything asked for so far is drawn; a picture takes more rounds than what lies where."""
    toolkit = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.Toolkit", context)
    for _ in range(rounds):
        toolkit.processEventsToIdle()
        time.sleep(0.1)


def sized(context, window, size):
    """Give a window its size, and wait until the screen has answered."""
    window.setPosSize(0, 0, size[0], size[1], 15)
    window.setFocus()
    for _ in range(100):
        settled(context, 1)
        if (window.getPosSize().Width, window.getPosSize().Height) == tuple(size):
            break
    settled(context, 1)


def look(context, document, view):
    sheets = (document.getSheets().getByIndex(k) for k in range(document.getSheets().getCount()))
    controller, sheet = document.getCurrentController(), [one for one in sheets if one.IsVisible][view["sheet"]]
    controller.setActiveSheet(sheet)
    controller.select(sheet.getCellByPosition(0, view["top"]))
    if view["top"]:
        controller.setFirstVisibleRow(view["top"])
    settled(context, 4 if view["picture"] else 1)
    area = controller.VisibleArea
    seen = [pixels(area.X), pixels(area.Y), pixels(area.X + area.Width), pixels(area.Y + area.Height)]
    shapes = [sheet.DrawPage.getByIndex(k) for k in range(sheet.DrawPage.getCount())]
    cells = [sheet.getCellRangeByName(address) for address in view["places"]]
    ruler = Ruler(context)
    if view["picture"]:
        subprocess.run(["import", "-window", "root", view["picture"]], check=True, timeout=60, env=os.environ)
    return {
        "visible": seen,
        "charts": [box(shape.Position, shape.Size) for shape in shapes],
        "places": [box(cell.Position, cell.Size) for cell in cells],
        "texts": [pixels(ruler.width(cell.getCellByPosition(0, 0))) for cell in cells],
    }


def show(context, desktop, book, size):
    document = desktop.loadComponentFromURL(Path(book["path"]).as_uri(), "_blank", 0, (option("ReadOnly", False),))
    try:
        window = document.getCurrentController().getFrame().getContainerWindow()
        sized(context, window, size)
        return [look(context, document, view) for view in book["views"]]
    finally:
        document.close(True)


def main():
    task = json.load(sys.stdin)
    context = connect(task["pipe"])
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    json.dump([show(context, desktop, book, task["size"]) for book in task["books"]], sys.stdout)


main()
