#!/usr/bin/env python3
"""Trains every model that ships, `make train`: the data files from their grammars, the weights with `xlt train`
as templates/data/recipes.toml says, and what they do on held-out data, into templates/weights/.

Names of templates given on the command line are trained alone. On one thread the same weights come out again on
the same machine; on others the last digits may differ, and so may the weights.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import held_out
import names_data
import training_data

ROOT = Path(__file__).parents[1]
DATA, WEIGHTS = ROOT / "templates" / "data", ROOT / "templates" / "weights"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MOST_BYTES = 400 * 1024


def command(name: str, recipe: dict[str, object]) -> list[str]:
    """The command that trains a template."""
    options = {key: DATA / str(value) if key in ("data", "valid") else value for key, value in recipe.items()}
    words = [f"{part}" for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
    out = WEIGHTS / f"{name}.npz"
    return ["-m", "xltransformer", "train", "--template", name, "--fresh", *words, "-o", str(out), "--force"]


def main() -> None:
    recipes = tomllib.loads((DATA / "recipes.toml").read_text("utf-8"))
    names = sys.argv[1:] or list(recipes)
    unknown = [name for name in names if name not in recipes]
    if unknown:
        raise SystemExit(f"no recipe for {unknown[0]}: give one of {', '.join(recipes)}")
    if unmeasured := [name for name in names if name not in held_out.MEASURES]:
        raise SystemExit(f"nothing measures {unmeasured[0]}: name what does in MEASURES of scripts/held_out.py")
    training_data.write()
    if "names" in names:
        names_data.write()
    WEIGHTS.mkdir(exist_ok=True)
    for name in names:
        print(f"{name}: training", flush=True)
        start = time.monotonic()
        subprocess.run(
            [sys.executable, *command(name, recipes[name])], check=True, env={**os.environ, **ONE_THREAD}
        )
        if name == "names":
            names_data.remember(WEIGHTS / f"{name}.npz")
        size = (WEIGHTS / f"{name}.npz").stat().st_size
        if size > MOST_BYTES:
            raise SystemExit(f"{name}: the weights take {size} bytes, at most {MOST_BYTES} are wanted")
        print(f"{name}: {time.monotonic() - start:.0f} s, {size // 1024} KiB", flush=True)
    held_out.write(names)


if __name__ == "__main__":
    main()
