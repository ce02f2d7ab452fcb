"""What the warpers of transformers make of random logits, as a small file.

    pip install torch transformers==5.24 && python scripts/make_sampling_fixture.py

writes tests/fixtures/sampling.npz: `logits` (rows x words), the `settings` (temperature, top-k, top-p, a row each)
and the `probabilities` that are left of each, after a softmax (settings x rows x words). Neither package is needed
for anything else; the test reads the file.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

TARGET = Path(__file__).parent.parent / "tests" / "fixtures" / "sampling.npz"
ROWS, WORDS = 6, 9
TEMPERATURES, TOP_K, TOP_P = (0.3, 0.8, 1.0, 2.5), (0, 1, 4, 50), (0.0, 0.45, 0.9, 1.0)


def warped(logits: torch.Tensor, temperature: float, top_k: int, top_p: float) -> torch.Tensor:
    """The probabilities, by the warpers in the order in which `generate` applies them; it leaves out those that
    change nothing."""
    warpers = LogitsProcessorList([TemperatureLogitsWarper(temperature)])
    if top_k:
        warpers.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))
    return torch.softmax(warpers(None, logits), dim=-1)


def main() -> None:
    torch.manual_seed(0)
    logits = 2 * torch.randn(ROWS, WORDS, dtype=torch.float64)
    settings = list(product(TEMPERATURES, TOP_K, TOP_P))
    made = np.stack([warped(logits, *each).numpy() for each in settings])
    np.savez_compressed(TARGET, logits=logits.numpy(), settings=np.array(settings), probabilities=made)
    print(f"{TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
