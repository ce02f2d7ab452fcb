#!/usr/bin/env python3
"""The template `names` in PyTorch, beside ours: the same data, sizes, steps, batches and learning rate.

    python scripts/names_data.py && PYTHON_WITH_TORCH scripts/names_in_torch.py

Prints the loss on the held-out names in bits a letter, the end among them, as scripts/held_out.py tells ours, and
keeps it in templates/weights/names.torch.toml.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

DATA = Path(__file__).parents[1] / "templates" / "data"
WORDS = ["<s>", *"abcdefghijklmnopqrstuvwxyz", "."]
WIDTH, LAYERS, HEADS, INNER, PLACES = 16, 2, 2, 32, 12
STEPS, BATCH, RATE, SEED = 1500, 64, 5e-3, 1


def read(part: str) -> torch.Tensor:
    """The names as rows of numbers, -1 behind the end (s x 12)."""
    names = (DATA / f"names.{part}.txt").read_text("utf-8").split()
    rows = torch.full((len(names), PLACES), -1)
    for row, name in zip(rows, names, strict=True):
        numbers = [WORDS.index(word) for word in ["<s>", *name.removeprefix("<s>"), "."]]
        row[: len(numbers)] = torch.tensor(numbers)
    return rows


class GPT(nn.Module):
    """GPT-2 of PyTorch's own layers: norms before, GELU, learned positions, output weights tied."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(len(WORDS), WIDTH), nn.Embedding(PLACES, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, INNER, 0.0, lambda x: F.gelu(x, approximate="tanh"), batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(WIDTH), enable_nested_tensor=False)
        for one in self.parameters():
            if one.ndim > 1:
                nn.init.normal_(one, std=1 / math.sqrt(one.shape[1]))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        count = rows.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(count)
        x = self.words(rows.clamp(min=0)) + self.places(torch.arange(count))
        result: torch.Tensor = self.layers(x, mask, is_causal=True) @ self.words.weight.T
        return result


def loss(model: GPT, rows: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every letter behind the first mark, the end among them."""
    logits = model(rows[:, :-1])
    return F.cross_entropy(logits.reshape(-1, len(WORDS)), rows[:, 1:].reshape(-1), ignore_index=-1)


def rate_at(step: int) -> float:
    """A rise over 5 % of the steps, then half a cosine down to 2 %, as ours."""
    rise = max(1, int(0.05 * STEPS))
    fallen = max(0, step - rise) / max(1, STEPS - rise)
    return min(1.0, (step + 1) / rise) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fallen)))


def main() -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    train, valid, model = read("train"), read("valid"), GPT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate_at)
    order = torch.randperm(len(train))
    for step in range(STEPS):
        at = step * BATCH % len(order)
        if at + BATCH > len(order):
            order = torch.randperm(len(train))
            at = 0
        optimizer.zero_grad()
        loss(model, train[order[at : at + BATCH]]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        bits = loss(model, valid).item() / math.log(2)
    print(f"{bits:.3f} bits a letter")
    kept = f"# What scripts/names_in_torch.py measured.\nbits_torch = {bits:.3f}\n"
    (DATA.parent / "weights" / "names.torch.toml").write_text(kept, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
