"""Random builds, edits and tampering, held against what must always be so: `make fuzz`.

A case is one number: `python tests/fuzz.py --seed 7 --only 123` repeats it. Of a case that fails a smaller
one is looked for, with fewer edits, and printed. What must be so:

- no traceback, and at most one line on stderr about a mistake (exit status 2);
- a workbook of which only cells to edit were edited is never called different;
- a workbook that was tampered with is never called equal.

With `--engine libreoffice` some edits are made in LibreOffice itself, over its bridge, and saved by it.
Ctrl-C ends a run early; what was counted so far is printed.
"""

from __future__ import annotations

import argparse
import datetime
import math
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
from click.testing import CliRunner, Result
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook.defined_name import DefinedName

from xltransformer.__main__ import INTERRUPTED
from xltransformer.cli import main as commands
from xltransformer.spec.template import load_template, shipped_templates
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

if TYPE_CHECKING:
    from office import Office

ERROR = "#N/A"
Edit = tuple[str, int, int, Any]
"""A block's name, row, column, and what is put there."""

PIECES = (
    "cat", "mouse", "the", "Σίσυφος", "ς", "straße", "İstanbul", "ﬁsh", "寫代碼的中年人", "苹果", "こんにちは",
    "안녕", "שלום", "مرحبا", "नमस्ते", "👩‍👩‍👧", "🏳️‍🌈", "e\u0301", "a\u200db", "\u200b", "\u202eevil", "\x00",
    "\x07x", "\ud800", "\ufffe", "=1+1", "=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "'quoted", '"', "#N/A",
    "TRUE", "3.14", "?", "*", "~", "_x0041_", "<b>&amp;", "don't", "well-known", "…", "(a", "[x]", "0", "00",
)  # fmt: skip
SETTINGS = (
    "slots=0", "slots=3", "spare_rows=0", "seed=5", "switches.scaling=false", "switches.temperature=0.1",
    "switches.causal=true", "heads=1", "layers=1", "d_k=2", "d_model=4", "heads=0", "layers=x", "nonsense=1",
    "d_model=-1", "=", "pre_norm=false", "rms=true", "state=2",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, "blub", "cat", 3, 0, -1.5, 1 / 3, True, False, ERROR, 1e308, -1e-320, 1e17, -1e20, 1e99, "=1+1", "=1/0",
    '="cat"', '=""', "=TRUE", "=1E+308*10", "1,5", "  cat", "CAT", "on", "off", "开", "=-0.5", 12345678901234,
    datetime.date(2024, 2, 29), datetime.time(12, 30), "'", "#REF!", "_x0041_", "é", "😀", 0.1 + 0.2, 1e9, -0.0,
)  # fmt: skip
TAMPERS = (
    "number", "text", "formula", "constant", "empty", "name removed", "name moved", "name grown", "name doubled",
    "sheet renamed", "sheet removed", "row inserted", "description cut", "description of another", "view",
)  # fmt: skip
HARMLESS = ("reordered", "name of a copied sheet", "sheet added")
"""What users do to whole workbooks, and what changes no model: Excel gives the copy of a sheet its own names."""


@dataclass(frozen=True)
class Case:
    """What is built, edited (over LibreOffice's `bridge` where there is one), and tampered with, or else changed
    in a `harmless` way (nothing where these are empty)."""

    arguments: tuple[str, ...]
    embeddings: str
    edits: tuple[Edit, ...]
    tamper: str
    harmless: str
    bridge: bool
    number: str


def sentence(rng: random.Random) -> str:
    words = [rng.choice(PIECES) for _ in range(rng.choice((1, 1, 2, 3, 5)))]
    text = rng.choice((" ", " ", "", "\n")).join(words)
    return (text * 300)[:300] if rng.random() < 0.03 else text


def make_case(seed: int, k: int) -> Case:
    rng = random.Random(f"{seed}:{k}")
    template = rng.choice(shipped_templates())
    arguments = ["--template", template]
    if rng.random() < 0.6:
        known = list(load_template(template).table.words)
        for _ in range(rng.choice((1, 1, 2))):
            own = " ".join(rng.choices(known, k=rng.choice((1, 2, 3)))) if known else "cat"
            arguments += ["--sentence", rng.choice((own, own, sentence(rng)))]
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        arguments += ["--set", rng.choice(SETTINGS)]
    if rng.random() < 0.3:
        arguments += ["--lang", "zh"]
    if rng.random() < 0.1:
        arguments += ["--exercise", rng.choice(("default", "scores", "weights,output", "nonsense"))]
    if rng.random() < 0.3:
        arguments += ["--products", rng.choice(("spelled", "compact"))]
    embeddings = ""
    if rng.random() < 0.1:
        width = rng.choice((1, 2, 4))
        numbers = ("1", "0.5", "-2", "1e3", "x", "", "nan")
        rows = [[rng.choice(PIECES), *rng.choices(numbers, (6, 6, 6, 2, 1, 1, 1), k=width)] for _ in range(4)]
        embeddings = "\n".join(",".join(row) for row in [["word", *(f"d{i}" for i in range(width))], *rows])
    edits = tuple(
        (rng.choice(("text", "text", "number", "number", "switch", "choice")), rng.randrange(1000),
         rng.randrange(1000), rng.choice(VALUES))
        for _ in range(rng.choice((0, 1, 1, 2, 4)))
    )  # fmt: skip
    tamper = rng.choice(TAMPERS) if rng.random() < 0.5 else ""
    harmless = rng.choice(HARMLESS) if rng.random() < 0.2 else ""
    return Case(tuple(arguments), embeddings, edits, tamper, harmless, rng.random() < 0.4, f"{seed}:{k}")


def run(*arguments: str) -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = CliRunner().invoke(commands, arguments)
    if result.exit_code == INTERRUPTED:
        raise KeyboardInterrupt
    return result


def unruly(result: Result) -> str:
    """What is wrong with how a command ended, whatever it was asked."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"traceback: {type(result.exception).__name__}: {result.exception}"
    if result.exit_code not in (0, 1, 2):
        return f"exit status {result.exit_code}"
    lines = result.stderr.splitlines()
    if result.exit_code == 2 and (len(lines) != 1 or len(lines[0]) > 300):
        return f"{len(lines)} lines on stderr: {result.stderr[:400]}"
    return ""


def targets(book: ReadBook, kind: str) -> list[str]:
    roles = {"switch": ("switch",), "choice": ("choice",)}.get(kind)
    return [
        block.name
        for block in book.model.inputs
        if block.name in book.homes
        and block.role != "list"
        and (block.role in roles if roles else block.text == (kind == "text"))
    ]


def picked(book: ReadBook, edits: Sequence[Edit]) -> Iterator[tuple[Place, int, int, Any]]:
    """The edits, each in the cell that its numbers pick: place, row and column in it, and value."""
    for kind, i, j, value in edits:
        names = targets(book, kind)
        if names:
            place = book.homes[names[i % len(names)]]
            yield place, j % place.shape[0], i % place.shape[1], value


def type_in(book: ReadBook, opened: Any, edits: Sequence[Edit]) -> None:
    """Make the edits in a workbook that openpyxl has opened."""
    for place, i, j, value in picked(book, edits):
        cell = opened[place.sheet].cell(place.row + i + 1, place.column + j + 1)
        cell.value = value
        if value == ERROR:
            cell.data_type = "e"


def typed(value: Any) -> Any:
    """A value as it is typed into LibreOffice."""
    if isinstance(value, datetime.date | datetime.time):
        return float(to_excel(value))
    if isinstance(value, bool):
        return {"formula": str(value).upper()}  # as by hand: a number that is shown as TRUE
    if isinstance(value, str):
        return {"formula": value} if value[:1] in ("=", "#") else value
    return None if value is None else float(value)


def change(opened: Any, harmless: str) -> None:
    """What changes no model."""
    if harmless == "reordered":
        opened.move_sheet(opened.sheetnames[0], 2)
    elif harmless == "sheet added":
        opened.create_sheet("Mine", 0)["A1"] = "=1+1"
    elif harmless:
        name = next(iter(opened.defined_names))
        opened.worksheets[-1].defined_names[name] = DefinedName(name, attr_text="Mine!$A$1")


def meddle(book: ReadBook, opened: Any, tamper: str, rng: random.Random) -> bool:
    """Tamper with a workbook; False where there is nothing to tamper with."""
    computed = [b for b in book.model.blocks.values() if b.computed and b.name in book.homes]
    block = rng.choice(computed)
    place = book.homes[block.name]
    if tamper == "view":
        if not book.views:
            return False
        place = rng.choice(book.views).place
    name = next(n for n in opened.defined_names if n.lower() == block.name.lower())
    i, j = rng.randrange(place.shape[0]), rng.randrange(place.shape[1])
    cell = opened[place.sheet].cell(place.row + i + 1, place.column + j + 1)
    properties = {p.name: p for p in opened.custom_doc_props.props}
    if tamper == "number":
        cell.value = 0.125
    elif tamper == "text":
        cell.value = "blub"
    elif tamper == "empty":
        cell.value = None
    elif tamper in ("formula", "view"):
        cell.value = "=12345.678"
    elif tamper == "constant":
        # one more than it was, also where it is a text
        cell.value = f'{cell.value}&"x"' if block.text else f"{cell.value}+1.25"
    elif tamper == "name removed":
        del opened.defined_names[name]
    elif tamper.startswith("name"):
        rows, columns = place.shape
        moved = Place(place.sheet, place.row + 40, place.column + 40, place.shape).absolute
        grown = Place(place.sheet, place.row, place.column, (rows + 1, columns)).absolute
        if tamper == "name doubled":
            again = DefinedName(rng.choice((name, name.upper())), attr_text=moved)
            dict.__setitem__(opened.defined_names, "again", again)  # which openpyxl itself does not allow
        else:
            opened.defined_names[name].attr_text = moved if tamper == "name moved" else grown
    elif tamper == "sheet renamed":
        opened[place.sheet].title = "Renamed"
    elif tamper == "sheet removed":
        del opened[place.sheet]
    elif tamper == "row inserted":
        opened[place.sheet].insert_rows(1)
    elif tamper == "description cut":
        properties["xlt.model.0"].value = str(properties["xlt.model.0"].value)[:-7]
    elif tamper == "description of another":
        text = str(properties["xlt.model.0"].value)
        properties["xlt.model.0"].value = text.replace('"slots":[', '"slots":[1,')
    return True


def failure(case: Case, engine: str, folder: Path, tally: Counter[str], office: Office | None = None) -> str:
    """What must not be and is, in one case; empty where all is well."""
    path, changed = folder / "built.xlsx", folder / "changed.xlsx"
    arguments = list(case.arguments)
    if case.embeddings:
        (folder / "own.csv").write_text(case.embeddings, "utf-8", "replace")
        arguments += ["--embeddings", str(folder / "own.csv")]
    built = run("build", *arguments, "-o", str(path), "--force")
    tally["builds"] += 1
    if wrong := unruly(built):
        return f"build: {wrong}"
    if built.exit_code:
        tally["builds refused"] += 1
        return ""
    book = read_book(path)
    through_office = office is not None and case.bridge
    if office is not None and through_office:
        edits = [
            (place.sheet, place.address(i, j), typed(value)) for place, i, j, value in picked(book, case.edits)
        ]
        office.edit(path, edits, save=folder / "edited.xlsx")
        path = folder / "edited.xlsx"
        tally["edited over the bridge"] += 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = openpyxl.load_workbook(path)
        if not through_office:
            type_in(book, opened, case.edits)
        tampered = bool(case.tamper) and meddle(book, opened, case.tamper, random.Random(case.number))
        if not tampered:
            change(opened, case.harmless)
        if not opened.sheetnames:
            return ""
        opened.save(changed)
    done = run("diff", str(changed), "--engine", engine)
    tally["diffs"] += 1
    tally[f"exit status {done.exit_code}, {'tampered' if tampered else 'untampered'}"] += 1
    if wrong := unruly(done):
        return f"diff: {wrong}"
    if tampered and done.exit_code == 0:
        return "tampered with, and called equal"
    if not tampered and done.exit_code == 1:
        return "not tampered with, and called different: " + " | ".join(done.stdout.splitlines()[-4:])
    return ""


def smaller(case: Case, fails: Callable[[Case], str]) -> Case:
    """A case that fails, too, with as few edits and options as can be left."""
    from dataclasses import replace

    def simpler(case: Case) -> Iterator[Case]:
        for k in range(len(case.edits)):
            yield replace(case, edits=case.edits[:k] + case.edits[k + 1 :])
        for k in range(2, len(case.arguments), 2):
            yield replace(case, arguments=case.arguments[:k] + case.arguments[k + 2 :])
        if case.embeddings:
            yield replace(case, embeddings="")

    found = True
    while found:
        found = False
        for candidate in simpler(case):
            if fails(candidate):
                case, found = candidate, True
                break
    return case


def start_office(folder: Path) -> Office:
    sys.path.append(str(Path(__file__).parent.parent / "scripts"))
    from office import Office

    return Office(folder)


def fuzz(
    seed: int, numbers: Sequence[int], engine: str, seconds: float = math.inf
) -> tuple[Counter[str], list[str]]:
    """Run cases until they, or the seconds, are over, or somebody interrupts; returns how often what
    happened, and what failed."""
    tally: Counter[str] = Counter()
    failed: list[str] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xlt-fuzz-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        office = start_office(folder) if engine == "libreoffice" else None
        try:
            for k in numbers:
                if time.monotonic() - started > seconds:
                    break
                case = make_case(seed, k)
                wrong = failure(case, engine, folder, tally, office)
                tally["cases"] += 1
                if wrong:
                    small = smaller(case, lambda c: failure(c, engine, folder, Counter(), office))
                    failed.append(f"seed {seed}, case {k}: {wrong}\n    smaller: {small}")
                    print(failed[-1], flush=True)
        except KeyboardInterrupt:
            tally["interrupted"] += 1
        finally:
            if office is not None:
                office.close()
    return tally, failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", type=int, help="one case alone")
    parser.add_argument("--engine", default="ironcalc")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long")
    given = parser.parse_args()
    numbers = range(given.cases) if given.only is None else [given.only]
    print(f"seed {given.seed}, engine {given.engine}", flush=True)
    tally, failed = fuzz(given.seed, numbers, given.engine, given.seconds)
    for what, count in sorted(tally.items()):
        print(f"{count:7} {what}")
    print(f"{len(failed):7} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
