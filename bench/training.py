"""One training step beside PyTorch's, on one thread: `.venv/bin/python bench/training.py`.

GPT-2's architecture of width 48 with 3 layers and 3 heads, 64 sentences of 12 words at once: loss and all
gradients, and the step of AdamW with gradient clipping. PyTorch is looked for in this Python, then in the
one that `--torch PYTHON` or the environment variable XLT_BENCH_TORCH names (it is no dependency of the project:
`python3 -m venv DIR && DIR/bin/pip install torch`); where there is none, only our own time is told. Runs
take turns and the processor's time is told, so that the ratio says something whatever else the machine does.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

WIDTH, LAYERS, HEADS, BATCH, WORDS, VOCABULARY = 48, 3, 3, 64, 12, 20
STEPS = 30
"""Steps of one run, of which the median counts."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def median(step: Callable[[], object]) -> float:
    """Milliseconds of the processor that a step takes, after a few to warm up."""
    taken = []
    for k in range(STEPS + 3):
        start = time.process_time()
        step()
        if k >= 3:
            taken.append(1000 * (time.process_time() - start))
    return statistics.median(taken)


def ours() -> float:
    """A step of `xlt train`."""
    import numpy as np

    from xltransformer.building.instance import make_instance
    from xltransformer.building.parse import load_template
    from xltransformer.training import Run, Settings, Start
    from xltransformer.training.data import Example, as_data
    from xltransformer.training.task import word_task

    sizes = {"d_model": WIDTH, "layers": LAYERS, "heads": HEADS, "d_ff": 4 * WIDTH, "slots": WORDS - 5}
    chosen = load_template("gpt")
    instance = make_instance(chosen, ["the cat sat on the"], settings={**sizes, "spare_rows": 0})
    task = word_task(instance, (WORDS,))
    rows = np.random.default_rng(0).integers(1, VOCABULARY, size=(500, WORDS + 1)).tolist()
    examples = [Example((tuple(row[:-1]),), 0, tuple(row[1:])) for row in rows]
    start = Start(instance, frozenset())
    settings = Settings(1000, BATCH, "adamw", 1e-3, 0)
    return median(Run(task, start.weights(task, 0), settings, as_data(examples, (WORDS,))).advance)


def torches() -> float:
    """The same with PyTorch's own modules and its fused attention."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.set_num_threads(1)

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
            self.project, self.combine = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            s, n, d = x.shape
            parts = self.project(self.norms[0](x)).chunk(3, -1)
            q, k, v = (part.view(s, n, HEADS, d // HEADS).transpose(1, 2) for part in parts)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(s, n, d)
            x = x + self.combine(mixed)
            return x + self.narrow(F.gelu(self.wide(self.norms[1](x)), approximate="tanh"))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(WORDS, WIDTH)
            self.layers, self.norm = nn.ModuleList(Layer() for _ in range(LAYERS)), nn.LayerNorm(WIDTH)

        def forward(self, words: torch.Tensor) -> torch.Tensor:
            x = self.words(words) + self.places(torch.arange(WORDS))
            for layer in self.layers:
                x = layer(x)
            return self.norm(x) @ self.words.weight.T

    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    words = torch.randint(VOCABULARY, (BATCH, WORDS + 1))

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(words[:, :-1]).reshape(-1, VOCABULARY), words[:, 1:].reshape(-1)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return median(step)


def measured(python: str, which: str) -> float:
    """One run in a process of its own, on one thread."""
    done = subprocess.run(
        [python, __file__, "--only", which], env={**os.environ, **ONE_THREAD}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{python}: {done.stderr.strip()}")
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", metavar="PYTHON", default=os.environ.get("XLT_BENCH_TORCH"))
    parser.add_argument("--runs", type=int, default=5, help="runs to take the median of (default: 5)")
    parser.add_argument("--only", choices=("ours", "torch"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(ours() if given.only == "ours" else torches())
        return
    python = sys.executable if importlib.util.find_spec("torch") else given.torch
    print(
        f"one training step: width {WIDTH}, {LAYERS} layers, {HEADS} heads, batch {BATCH}, {WORDS} words, 1 thread"
    )
    pairs = [
        (measured(sys.executable, "ours"), measured(python, "torch") if python else None)
        for _ in range(given.runs)
    ]
    print(f"xltransformer  {statistics.median(mine for mine, _ in pairs):6.1f} ms")
    if python is None:
        print("PyTorch        not here: name a Python that has it with --torch or XLT_BENCH_TORCH")
        return
    others = [(mine, other) for mine, other in pairs if other is not None]
    print(f"PyTorch        {statistics.median(other for _, other in others):6.1f} ms")
    print(f"speed          {statistics.median(other / mine for mine, other in others):6.2f} of PyTorch's")


if __name__ == "__main__":
    main()
