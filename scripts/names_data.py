#!/usr/bin/env python3
"""What the template `names` learns: English first names, from a list that is no part of this project.

The package `names` on PyPI (0.3.0, `pip install names`, needed for this alone) has the lists of the census of the
United States of 1990 (dist.female.first and dist.male.first), which are in the public domain. Of the names of
three to ten letters the 2,000 most frequent are taken; a digest of its letters settles whether a name is learned
(1,800) or held out (200). Run it to write templates/data/names.train.txt and names.valid.txt, which are not kept
in the repository; `make train` does so, too. What is kept of the list is a number for each learned name, from
which it cannot be read off, in the file of weights: see `remember`.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import numpy as np

from xltransformer.nn.learned import COLUMNS, number_of
from xltransformer.weights import ABOUT, write_state

DATA = Path(__file__).parents[1] / "templates" / "data"
START, END = "<s>", "."
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = (START, *LETTERS, END)
"""The vocabulary, in the order of its rows."""
MOST, SHORTEST, LONGEST = 2000, 3, 10
HELD_OUT = 0.1


def listed() -> list[str]:
    """The names that are taken, the most frequent first; SystemExit where the package is missing."""
    shares: dict[str, float] = {}
    for part in ("female", "male"):
        try:
            lines = (files("names") / f"dist.{part}.first").read_text("ascii").splitlines()
        except ModuleNotFoundError:
            raise SystemExit("the names come with a package: pip install names==0.3.0") from None
        for name, share, *_ in map(str.split, lines):
            if name.isalpha() and SHORTEST <= len(name) <= LONGEST:
                shares[name.lower()] = max(shares.get(name.lower(), 0.0), float(share))
    return sorted(shares, key=lambda name: (-shares[name], name))[:MOST]


def split() -> tuple[list[str], list[str]]:
    """The names that are learned, and those that are held out, in the order of the alphabet."""
    names = sorted(listed())
    away = [name for name in names if _draw(name) < HELD_OUT]
    return [name for name in names if name not in {*away}], away


def _draw(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def write() -> None:
    """Write both files: a name a line, behind the mark with which it begins."""
    for part, names in zip(("train", "valid"), split(), strict=True):
        text = "".join(f"{START}{name}\n" for name in names)
        (DATA / f"names.{part}.txt").write_text(text, "utf-8", newline="\n")


def words_of(name: str) -> list[str]:
    """A name as the model reads it, with its marks."""
    return [START, *name, END]


def remember(weights: Path) -> None:
    """Add to a file of weights the numbers of the names that were learned, in order."""
    rows = {word: k for k, word in enumerate(WORDS, start=1)}
    numbers = sorted(number_of([rows[word] for word in words_of(name)]) for name in split()[0])
    if len({*numbers}) < len(numbers):
        raise SystemExit("two of the names have one number: take another factor")
    numbers += [0] * (-len(numbers) % COLUMNS)
    with np.load(weights) as kept:
        state = {name: kept[name] for name in kept.files}
    state["learned.numbers"] = np.array(numbers, float).reshape(-1, COLUMNS)
    about = json.loads(str(state.pop(ABOUT)))
    about["options"]["learned"] = np.count_nonzero(numbers)
    weights.write_bytes(write_state({**state, ABOUT: np.array(json.dumps(about, ensure_ascii=False))}))


if __name__ == "__main__":
    write()
