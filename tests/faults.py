"""Builds killed at random moments, and many LibreOffices at once: `make faults`; in small in test_faults.

What must be so: a target is whole or untouched whenever its build is killed, no later build is disturbed by
what a killed one has left, and diffs that run at once, of a file that is replaced meanwhile, do not disturb
one another.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

XLT = [sys.executable, "-m", "xltransformer"]
BUILD = [*XLT, "build", "--template", "first-attention", "-o"]


def kill_builds(count: int, seed: int, folder: Path) -> Counter[str]:
    """Kill so many builds, some of which replace a file; how often what was found."""
    started = time.monotonic()
    whole = folder / "whole.xlsx"
    subprocess.run([*BUILD, str(whole)], check=True, capture_output=True)
    seconds, rng, found = time.monotonic() - started, random.Random(seed), Counter[str]()
    target = folder / "out.xlsx"
    for k in range(count):
        before = b"mine" if k % 2 else None
        if before is None:
            target.unlink(missing_ok=True)
        else:
            target.write_bytes(before)
        process = subprocess.Popen([*BUILD, str(target), "--force"], stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, 1.05) * seconds)
        process.kill()
        process.wait()
        now = target.read_bytes() if target.exists() else None
        found["whole" if now == whole.read_bytes() else "untouched" if now == before else "HALF WRITTEN"] += 1
    found["left behind"] = len(list(folder.glob(".xlt-*")))
    done = subprocess.run([*BUILD, str(target), "--force"], capture_output=True)
    found["next build well" if target.read_bytes() == whole.read_bytes() else "NEXT BUILD DISTURBED"] += 1
    assert done.returncode == 0, done.stderr
    return found


def diff_at_once(count: int, folder: Path) -> Counter[str]:
    """So many diffs in LibreOffice at once, while the file is replaced again and again by its like."""
    path, again = folder / "shared.xlsx", folder / "again.xlsx"
    subprocess.run([*BUILD, str(path)], check=True, capture_output=True)
    data = path.read_bytes()
    command = [*XLT, "diff", str(path), "--engine", "libreoffice"]
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    found: Counter[str] = Counter()
    while any(process.poll() is None for process in running):
        again.write_bytes(data)
        os.replace(again, path)
        found["replaced"] += 1
        time.sleep(0.1)
    for process in running:
        _, said = process.communicate()
        found["agree" if process.returncode == 0 else f"STATUS {process.returncode}: {said:.200}"] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--diffs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xlt-faults-") as name:
        found = kill_builds(given.kills, given.seed, Path(name))
        print(f"{given.kills} builds killed:", dict(found), flush=True)
        found += diff_at_once(given.diffs, Path(name))
        print(f"{given.diffs} diffs at once:", {k: v for k, v in found.items() if k != "left behind"})
    sys.exit(1 if any(what[:4].isupper() for what in found) else 0)


if __name__ == "__main__":
    main()
