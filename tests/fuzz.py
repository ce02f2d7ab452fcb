"""Random builds, edits and tampering, held against what must always be so: `make fuzz`.

A case is one number: `python tests/fuzz.py --seed 7 --only 123` repeats it. It builds a workbook, and makes
several copies of it, each edited, and perhaps tampered with, in a way of its own. Of a copy that fails a smaller
one is looked for, with fewer edits, and printed. What must be so:

- no traceback, and at most one line on stderr about a mistake (exit status 2);
- a workbook of which only cells to edit were edited is never called different;
- a workbook that was tampered with is never called equal.

With `--engine libreoffice` some edits are made in LibreOffice itself, over its bridge, and saved by it. Most
files go through engines that are kept running, one in ten through a process of its own, as for users.
Ctrl-C ends a run early; what was counted so far is printed.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import itertools
import math
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from changes import (
    ERROR,
    HARMLESS,
    HARMLESS_PARTS,
    IN_CELLS,
    IN_PARTS,
    LEAVES_A_FORMULA,
    MAYBE,
    TAMPERS,
    Cells,
    Parts,
    change,
    misname,
    restructure,
    serial,
    spoil,
)
from click.testing import CliRunner, Result
from kept import Kept

from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.classroom.grading import grade
from xltransformer.cli import main as commands
from xltransformer.errors import INTERRUPTED
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

Edit = tuple[str, int, int, Any]
"""A kind of cell, which block and cell of that kind, and what is put there; a kind that begins with "every" means
the whole block."""

LARGE = {
    "sort-letters": 0.04, "trainable-attention": 0.05, "bert": 0.06, "encoder-decoder": 0.07, "gpt": 0.08,
    "induction": 0.06, "llama": 0.15, "recurrent": 0.15, "apple": 0.3, "cat-and-mouse": 0.3, "sentences": 0.3,
    "encoder": 0.5, "decoder": 0.6,
}  # fmt: skip
"""How seldom templates are drawn that take longer than the others."""

PIECES = (
    "cat", "mouse", "the", "Σίσυφος", "ς", "straße", "İstanbul", "ﬁsh", "寫代碼的中年人", "苹果", "こんにちは",
    "안녕", "שלום", "مرحبا", "नमस्ते", "👩‍👩‍👧", "🏳️‍🌈", "e\u0301", "a\u200db", "\u200b", "\u202eevil", "\x00",
    "\x07x", "\ud800", "\ufffe", "=1+1", "=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "'quoted", '"', "#N/A",
    "TRUE", "3.14", "?", "*", "~", "_x0041_", "<b>&amp;", "don't", "well-known", "…", "(a", "[x]", "0", "00",
)  # fmt: skip
SETTINGS = (
    "slots=0", "slots=3", "spare_rows=0", "seed=5", "switches.scaling=false", "switches.temperature=0.1",
    "switches.causal=true", "heads=1", "layers=1", "d_k=2", "d_model=4", "heads=0", "layers=x", "nonsense=1",
    "d_model=-1", "=", "pre_norm=false", "rms=true", "state=2", "gradients=1", "gradients=2", "epsilon=0",
)  # fmt: skip
FITTING: dict[str, tuple[str, ...]] = {
    "heads": ("heads=1", "heads=2"), "layers": ("layers=1", "layers=2"), "d_k": ("d_k=2", "d_v=3"),
    "d_ff": ("d_ff=3", "biases=false", "biases=true"), "state": ("state=2",), "steps": ("steps=3", "steps=1"),
    "activation": ("activation=gelu_tanh", "activation=silu", "activation=gelu_erf", "rms=true", "pre_norm=false"),
    "tied": ("tied=false", "tied=true"), "kv_heads": ("kv_heads=1", "base=10"),
}  # fmt: skip
"""Settings that a template takes which has the size of that name."""
ANYWHERE = ("slots=0", "slots=1", "slots=3", "spare_rows=0", "spare_rows=2", "seed=5", "gradients=1")

ANYTHING: tuple[Any, ...] = (
    None, "blub", "cat", 3, 0, -1.5, 1 / 3, True, False, ERROR, 1e308, -1e-320, 1e17, -1e20, 1e99, "=1+1", "=1/0",
    '="cat"', '=""', "=TRUE", "=1E+308*10", "1,5", "  cat", "CAT", "on", "off", "开", "=-0.5", 12345678901234,
    datetime.date(2024, 2, 29), datetime.time(12, 30), "'", "#REF!", "_x0041_", "é", "😀", 0.1 + 0.2, 1e9, -0.0,
    "=NA()", "=SQRT(-1)", "=RAND()", "=NOW()", "=1=1", "x" * 300, "50%", "12:30", "1e5", "=CHAR(10)", -1e100,
)  # fmt: skip
KNOWN, CELL = "<a word of the vocabulary>", "<what another cell holds>"
USABLE: dict[str, tuple[Any, ...]] = {
    "text": (
        KNOWN, KNOWN, KNOWN, None, "blub", "CAT", "  cat", 3, 0, -1.5, 0.25, "=1+1", '="cat"', '=""', "é", "😀",
        "'", "1,5", "_x0041_", "寫", "ς", "?", "*", "~", "\u200b", "a b", '=LOWER("A")', CELL,
        datetime.date(2024, 2, 29), "-0", "<s>", "[MASK]", "1e5", "TRUE", "x" * 300, -0.0, 12345678.25,
    ),
    "number": (
        None, 3, 0, 1, -1.5, 1 / 3, 0.1 + 0.2, 1e9, -0.0, 12345678901234, 1e-320, 1e17, -1e20, "=1+1", "=-0.5",
        "=1/3", "=RAND()", "=TODAY()", datetime.date(2024, 2, 29), datetime.time(12, 30), CELL, 1e-17, -7.25, 100,
        2.5, 5e-324, "=PI()*1E+5", '=LEN("cat")',
    ),
    "switch": (
        "on", "off", "开", "关", "ON", 1, 0, 2, True, False, None, "blub", "=TRUE", "=1", '="off"', "TRUE", CELL,
    ),
    "temperature": (0.1, 4, 1e-3, 1e6, "=1/3", "=2", 1, 1e-9, datetime.date(2024, 2, 29)),
    "choice": (KNOWN, KNOWN, KNOWN, None, "blub", "CAT", 1, 2, "2", '="cat"', CELL, "=1+1"),
    "answer": (0.5, 0, None, "blub", True, ERROR, "=1+1", "=1/0", CELL, 1e308, "0.5", -0.0),
}  # fmt: skip
"""What each kind of cell takes."""
HUGE = 1e6
"""From this size on a number makes roundings that can hide what a formula gives."""


@dataclass(frozen=True)
class Copy:
    """How a copy of a built workbook is changed: edited (over LibreOffice's `bridge` where there is one, else in
    the `parts` of its file or with openpyxl), and tampered with, or else changed in a `harmless` way (nothing
    where these are empty)."""

    edits: tuple[Edit, ...]
    tamper: str
    harmless: str
    parts: bool
    bridge: bool


@dataclass(frozen=True)
class Case:
    """What is built, and its copies."""

    arguments: tuple[str, ...]
    embeddings: str
    copies: tuple[Copy, ...]
    number: str

    @property
    def template(self) -> str:
        return self.arguments[1]


_template = cache(load_template)


def sentence(rng: random.Random) -> str:
    words = [rng.choice(PIECES) for _ in range(rng.choice((1, 1, 2, 3, 5)))]
    text = rng.choice((" ", " ", "", "\n")).join(words)
    return (text * 300)[:300] if rng.random() < 0.03 else text


def make_case(seed: int, k: int) -> Case:
    rng = random.Random(f"{seed}:{k}")
    names = shipped_templates()
    (name,) = rng.choices(names, [LARGE.get(name, 1) for name in names])
    template = _template(name)
    arguments = ["--template", name]
    if rng.random() < 0.6:
        known = list(template.table.words)
        for _ in template.sentences if rng.random() < 0.9 else range(rng.choice((1, 2))):
            own = " ".join(rng.choices(known, k=rng.choice((1, 2, 3)))) if known else "cat"
            arguments += ["--sentence", rng.choice((own, own, sentence(rng)))]
    fitting = [*ANYWHERE, *(f"switches.{switch}=false" for switch in template.switches if switch != "temperature")]
    for size, settings in FITTING.items():
        fitting += settings if size in template.sizes else ()
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        arguments += ["--set", rng.choice(fitting if rng.random() < 0.85 else SETTINGS)]
    if rng.random() < 0.3:
        arguments += ["--lang", "zh"]
    if rng.random() < 0.1:
        arguments += ["--exercise", rng.choice(("default", "scores", "weights,output", "nonsense"))]
    if rng.random() < 0.3:
        arguments += ["--products", rng.choice(("spelled", "compact", "rows"))]
    copies = tuple(make_copy(rng) for _ in range(1 if LARGE.get(name, 1) < 0.1 else 4))
    return Case(tuple(arguments), embeddings(rng) if rng.random() < 0.1 else "", copies, f"{seed}:{k}")


def embeddings(rng: random.Random) -> str:
    """A table of words and their numbers, now and then with something that does not belong there."""
    width = rng.choice((1, 2, 4))
    numbers = ("1", "0.5", "-2", "1e3", *(("x", "", "nan") if rng.random() < 0.2 else ()))
    words = rng.choices(PIECES, k=4) if rng.random() < 0.2 else rng.sample(("cat", "=1+1", *PIECES[:10]), 4)
    rows = [[word, *rng.choices(numbers, k=width)] for word in words]
    return "\n".join(",".join(row) for row in [["word", *(f"d{i}" for i in range(width))], *rows])


def make_copy(rng: random.Random) -> Copy:
    tamper = rng.choice(TAMPERS) if rng.random() < 0.4 else ""
    harmless = rng.choice(HARMLESS) if not tamper and rng.random() < 0.4 else ""
    kinds = ("text", "text", "number", "number", "switch", "temperature", "choice", "answer")
    # Of many edits hardly one may be of no use, or the workbook is refused before it is calculated.
    odd = rng.choice((0, 0, 0.1, 0.5))
    edits = []
    for _ in range(rng.choice((0, 1, 1, 2, 4, 8))):
        kind = rng.choice(kinds)
        value = rng.choice(ANYTHING if rng.random() < odd else USABLE[kind])
        every = "every " if rng.random() < 0.08 else ""
        if not (tamper in LEAVES_A_FORMULA and huge(value)):
            edits.append((every + kind, rng.randrange(1000), rng.randrange(1000), value))
    return Copy(tuple(edits), tamper, harmless, rng.random() < 0.8, rng.random() < 0.4)


def huge(value: Any) -> bool:
    return (isinstance(value, int | float) and abs(value) > HUGE) or value == "=PI()*1E+5"


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


def targets(book: ReadBook, kind: str) -> list[Place]:
    """Where cells of a kind lie."""
    if kind == "answer":
        return list(book.exercises.values())

    def fits(block: Any) -> bool:
        if kind in ("text", "number"):
            return bool(block.text == (kind == "text"))
        if kind == "temperature":
            return bool(block.last_name == kind)
        return bool(block.role == kind and block.text)

    blocks = [b for b in book.model.inputs if b.name in book.homes and b.role != "list" and fits(b)]
    return [book.homes[block.name] for block in blocks]


def picked(book: ReadBook, edits: Sequence[Edit]) -> Iterator[tuple[Place, int, int, Any]]:
    """The edits, each in the cells that its numbers pick: place, row and column in it, and value."""
    words = book.homes.get("vocabulary")
    for kind, k, at, value in edits:
        places = targets(book, kind.removeprefix("every "))
        if not places:
            continue
        place = places[k % len(places)]
        rows, columns = place.shape
        i, j = at % rows, at // rows % columns
        if value == KNOWN and words is not None:
            value = book.holds(words, at % words.shape[0], 0)
        elif value == CELL:
            other = targets(book, "text" if kind == "choice" else kind.removeprefix("every "))[-1]
            value = f"={other.absolute.partition(':')[0]}"
        writes = any(b.feedback is not None and book.homes.get(b.name) == place for b in book.model.inputs)
        if writes and str(value).startswith("="):
            continue  # a formula where the model writes is taken for its own
        cells = itertools.product(range(rows), range(columns)) if kind.startswith("every") else [(i, j)]
        for i, j in itertools.islice(cells, 200):
            yield place, i, j, value


def typed(value: Any) -> Any:
    """A value as it is typed into LibreOffice."""
    if isinstance(value, bool):
        return {"formula": str(value).upper()}  # as by hand: a number that is shown as TRUE
    if isinstance(value, str):
        return {"formula": value} if value[:1] in ("=", "#") else value
    return None if value is None else serial(value)


class Workshop:
    """A built workbook of which copies are made; it is opened when it is first needed, in either way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = read_book(path)
        self._cells: Cells | None = None
        self._parts: Parts | None = None

    def make(self, copy: Copy, rng: random.Random, office: Any, target: Path) -> bool:
        """Write a copy; returns whether it was tampered with."""
        edits, source = list(picked(self.book, copy.edits)), self.path
        anyhow = copy.tamper in ("", *IN_CELLS) and not copy.harmless
        parts = copy.tamper in IN_PARTS or copy.tamper == "frozen" or copy.harmless in HARMLESS_PARTS
        if office is not None:
            source = target.with_name("edited.xlsx")
            done = [(place.sheet, place.address(i, j), typed(value)) for place, i, j, value in edits]
            office.convert(self.path, source, done)
            edits = []
        opened: Cells | Parts
        if office is not None:
            # Of a sheet with an error in a merged cell LibreOffice makes what openpyxl cannot read.
            opened = Parts(source) if parts or anyhow else Cells(source)
        elif parts or (anyhow and copy.parts):
            opened = self._parts = self._parts or Parts(source)
        else:
            opened = self._cells = self._cells or Cells(source)
        for place, i, j, value in edits:
            opened.put(place, i, j, value)
        tampered = bool(copy.tamper)
        if copy.tamper in IN_CELLS:
            tampered = spoil(self.book, opened, copy.tamper, rng)
        elif isinstance(opened, Parts):
            if tampered:
                misname(self.book, opened, copy.tamper, rng)
            else:
                opened.change(copy.harmless)
        elif tampered:
            restructure(self.book, opened.book, copy.tamper, rng)
        else:
            change(opened.book, copy.harmless)
        opened.save(target)
        opened.take_back()
        if isinstance(opened, Cells) and not anyhow:
            self._cells = None  # what became of sheets is not taken back
        return tampered


def failures(case: Case, engine: str, folder: Path, tally: Counter[str], kept: Kept) -> Iterator[tuple[Case, str]]:
    """What must not be and is: each time the case with the one copy that shows it, and what is wrong."""
    path, changed = folder / "built.xlsx", folder / "changed.xlsx"
    arguments = list(case.arguments)
    kept.own = random.Random(case.number).random() < 0.1
    if case.embeddings:
        (folder / "own.csv").write_text(case.embeddings, "utf-8", "replace")
        arguments += ["--embeddings", str(folder / "own.csv")]
    built = run("build", *arguments, "-o", str(path), "--force")
    tally["builds"] += 1
    if wrong := unruly(built):
        yield replace(case, copies=()), f"build: {wrong}"
    if built.exit_code:
        tally["builds refused"] += 1
        return
    workshop = Workshop(path)
    for k, copy in enumerate(case.copies):
        bridge = engine == "libreoffice" and copy.bridge
        office = kept.fresh_office() if bridge else None
        try:
            tampered = workshop.make(copy, random.Random(f"{case.number}:{k}"), office, changed)
        except Exception as error:
            tally["copies not made"] += 1
            if office is None or "Unable to read workbook" not in str(error):
                yield replace(case, copies=(copy,)), f"not changed: {type(error).__name__}: {error!s:.200}"
            continue
        tally["edited over the bridge"] += bridge
        tally["edits"] += len(copy.edits)
        form = "table" if k == 0 else "json"
        done = run("diff", str(changed), "--engine", engine, "--format", form)
        kind = (
            "perhaps tampered" if tampered and copy.tamper in MAYBE else "tampered" if tampered else "untampered"
        )
        tally["edited workbooks"] += 1
        tally[f"exit status {done.exit_code}, {kind}"] += 1
        tally[f"template {case.template}"] += 1
        if wrong := judged(done, kind):
            yield replace(case, copies=(copy,)), wrong
        if "--exercise" in case.arguments:
            graded = grade(changed)
            tally["exercises graded" if graded.graded else "exercises not graded"] += 1
            remarks = "; ".join(graded.remarks)
            if "cannot be graded (" in remarks:
                yield replace(case, copies=(copy,)), f"grade: {remarks}"
            if kind == "untampered" and engine == "ironcalc" and graded.graded != (done.exit_code == 0):
                yield replace(case, copies=(copy,)), f"grade: {remarks or 'graded'}, but diff {done.stderr}"


def judged(done: Result, kind: str) -> str:
    """What is wrong with how diff ended on a workbook of that kind."""
    if wrong := unruly(done):
        return f"diff: {wrong}"
    if kind == "tampered" and done.exit_code == 0:
        return "tampered with, and called equal"
    if kind == "untampered" and done.exit_code == 2 and "cannot be used: " not in done.stderr:
        return f"not tampered with, and not looked at: {done.stderr}"
    if kind == "untampered" and done.exit_code == 1:
        return "not tampered with, and called different: " + " | ".join(done.stdout.splitlines()[-4:])[-600:]
    return ""


def smaller(case: Case, fails: Callable[[Case], bool]) -> Case:
    """A case that fails, too, with as few edits and options as can be left."""

    def simpler(case: Case) -> Iterator[Case]:
        for k, copy in enumerate(case.copies):
            for e in range(len(copy.edits)):
                less = replace(copy, edits=copy.edits[:e] + copy.edits[e + 1 :])
                yield replace(case, copies=(*case.copies[:k], less, *case.copies[k + 1 :]))
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


def fuzz(
    seed: int, numbers: Iterable[int], engine: str, seconds: float = math.inf, most: float = math.inf
) -> tuple[Counter[str], list[str]]:
    """Run cases until they, or the seconds, are over, or `most` workbooks were built or edited, or somebody
    interrupts; returns how often what happened, and what failed."""
    tally: Counter[str] = Counter()
    failed: list[str] = []
    started = time.monotonic()
    collecting = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()  # half of the time would go into looking through workbooks' cells
    with (
        tempfile.TemporaryDirectory(prefix="xlt-fuzz-", ignore_cleanup_errors=True) as name,
        Kept(office=engine == "libreoffice") as kept,
    ):
        folder = Path(name)

        def fails(case: Case) -> bool:
            return any(True for _ in failures(case, engine, folder, Counter(), kept))

        try:
            for k in numbers:
                if time.monotonic() - started > seconds or tally["builds"] + tally["edited workbooks"] >= most:
                    break
                # All of them first: looking for smaller cases builds over the same file.
                for case, wrong in list(failures(make_case(seed, k), engine, folder, tally, kept)):
                    failed.append(f"seed {seed}, case {k}: {wrong}\n    smaller: {smaller(case, fails)}")
                    print(failed[-1], flush=True)
                tally["cases"] += 1
                if tally["cases"] % 20 == 0:
                    gc.collect()
        except KeyboardInterrupt:
            tally["interrupted"] += 1
        finally:
            tally["engines that ended over a file"] += kept.died
            gc.unfreeze()
            if collecting:
                gc.enable()
    return tally, failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="how many builds and edited workbooks")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", type=int, help="one case alone")
    parser.add_argument("--engine", default="ironcalc")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long")
    given = parser.parse_args()
    for ended in (signal.SIGINT, signal.SIGTERM):  # which a shell has its background ignore; counts are printed
        signal.signal(ended, signal.default_int_handler)
    numbers = itertools.count() if given.only is None else [given.only]
    print(f"seed {given.seed}, engine {given.engine}", flush=True)
    tally, failed = fuzz(given.seed, numbers, given.engine, given.seconds, given.cases)
    for what, count in sorted(tally.items()):
        print(f"{count:7} {what}")
    print(f"{len(failed):7} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
