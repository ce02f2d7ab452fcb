"""Words written a second beside transformers' generate, on one thread: `.venv/bin/python bench/writing.py`.

GPT-2's architecture with drawn weights, in three sizes: the template's own (width 16, 2 layers, 2 heads), width
64 with 4 layers and heads, and width 256 with 6 layers and 8 heads. `xlt export` writes each as transformers loads
it; both go on after five words for 120 more, transformers with stored keys and values (use_cache) and in single
precision, ours in double, as sheets have it: the likeliest words, which must be the same, and by chance
(temperature 0.8, top-k 5, top-p 0.9), one text and ten at once. transformers is looked for in this Python, then in
the one that `--torch PYTHON` or the environment variable XLT_BENCH_TORCH names; where there is none, only our own
figures are told. Runs take turns and the processor's time is told, so that the ratio says something whatever else
the machine does.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES: dict[str, dict[str, int]] = {
    "width 16, 2 layers, 2 heads": {"d_model": 16, "layers": 2, "heads": 2, "d_ff": 32},
    "width 64, 4 layers, 4 heads": {"d_model": 64, "layers": 4, "heads": 4, "d_ff": 256},
    "width 256, 6 layers, 8 heads": {"d_model": 256, "layers": 6, "heads": 8, "d_ff": 1024},
}
SENTENCE, WRITTEN = "the cat sat on the", 120
CHANCE = {"temperature": 0.8, "top_k": 5, "top_p": 0.9}
COUNTS = (1, 10)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
Speeds = dict[str, float]
"""Words a second of the processor, by what was written."""


def options(sizes: dict[str, int]) -> dict[str, Any]:
    """How a GPT of these sizes is built, with drawn weights and no word that ends."""
    return {"template": "gpt", "settings": {"seed": 1, "spare_rows": 0, "end": None, **sizes}, "slots": WRITTEN}


def speeds(write: Callable[[int, bool], Any]) -> Speeds:
    """Of so many texts, the likeliest or by chance, the best of three, after one to warm up."""
    found = {}
    for count in COUNTS:
        for by_chance in (False, True):
            taken = []
            for _ in range(4):
                start = time.process_time()
                write(count, by_chance)
                taken.append(time.process_time() - start)
            found[f"{count} {'by chance' if by_chance else 'likeliest'}"] = count * WRITTEN / min(taken[1:])
    return found


def ours(which: str, _: str) -> tuple[Speeds, list[str]]:
    """By `write`, once the model is made; texts that are the likeliest are written as often as others here."""
    from xltransformer.building.instance import make_instance
    from xltransformer.writing import Chance, texts

    instance = make_instance(sentences=SENTENCE, **options(SIZES[which]))
    likeliest = Chance(top_k=1)

    def write(count: int, by_chance: bool) -> Any:
        return texts(instance, Chance(**CHANCE) if by_chance else likeliest if count > 1 else None, count)

    return speeds(write), list(texts(instance)[0].words)


def theirs(_: str, folder: str) -> tuple[Speeds, list[str]]:
    """By transformers, from the folder that was exported."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, logging

    logging.set_verbosity_error()
    torch.set_num_threads(int(os.environ.get("XLT_BENCH_THREADS", "1")))
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    begun = tokenizer(SENTENCE, return_tensors="pt")["input_ids"]
    fixed = {"max_new_tokens": WRITTEN, "use_cache": True, "eos_token_id": None, "pad_token_id": 0}

    @torch.no_grad()
    def write(count: int, by_chance: bool) -> Any:
        words = begun.expand(count, -1)
        how = {"do_sample": True, **CHANCE} if by_chance else {"do_sample": False}
        return model.generate(words, attention_mask=torch.ones_like(words), **fixed, **how)

    said = write(1, False)[0].tolist()
    return speeds(write), tokenizer.convert_ids_to_tokens(said)


def measured(python: str, which: str, sizes: str, folder: str) -> tuple[Speeds, list[str]]:
    """One run in a process of its own."""
    environment = {**os.environ, **(ONE_THREAD if "XLT_BENCH_THREADS" not in os.environ else {})}
    done = subprocess.run(
        [python, __file__, "--only", which, sizes, folder], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{python}: {done.stderr.strip()}")
    found: tuple[Speeds, list[str]] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", metavar="PYTHON", default=os.environ.get("XLT_BENCH_TORCH"))
    parser.add_argument("--runs", type=int, default=3, help="runs to take the median of (default: 3)")
    parser.add_argument("--only", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        which, sizes, folder = given.only
        print(json.dumps((ours if which == "ours" else theirs)(sizes, folder)))
        return
    python = sys.executable if importlib.util.find_spec("transformers") else given.torch
    if python is None:
        print("transformers is not here: name a Python that has it with --torch or XLT_BENCH_TORCH")
    for sizes in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            tell(sizes, given.runs, python, folder)


def tell(sizes: str, runs: int, python: str | None, folder: str) -> None:
    """Print what was measured of one size."""
    from xltransformer import export

    export(Path(folder) / "model", sentences=SENTENCE, **options(SIZES[sizes]))
    pairs = []
    for _ in range(runs):
        mine, said = measured(sys.executable, "ours", sizes, folder)
        other, other_said = measured(python, "theirs", sizes, f"{folder}/model") if python else ({}, said)
        if said != other_said:
            raise SystemExit(f"{sizes}: the likeliest words differ")
        pairs.append((mine, other))
    print(f"{sizes}: words a second")
    for what in pairs[0][0]:
        line = f"  {what:14} xltransformer {statistics.median(mine[what] for mine, _ in pairs):8,.0f}"
        if python:
            line += f"  transformers {statistics.median(other[what] for _, other in pairs):8,.0f}"
            line += f"  {statistics.median(mine[what] / other[what] for mine, other in pairs):5.1f} x"
        print(line, flush=True)


if __name__ == "__main__":
    main()
