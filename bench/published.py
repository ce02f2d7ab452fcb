"""How long published shapes take with random weights, and what `xlt size` says of them beforehand.

    python bench/published.py [layers [products [diff | edit]]]

Writes its files into a temporary folder and prints one line each: what was expected, what it took (of the
processor's time, and on the clock), the peak of memory. The constants of xltransformer/size/estimate.py come from
here. Of the sentence encoder of MiniLM's shape (width 384, 12 heads, inner width 1536, 30,522 words; random
numbers, saved as Hugging Face saves them) as many layers are built as given, by default 1. With `diff` each is
compared with NumPy, too, in every engine within 1e-6: processor time, of the engine as well, and the most memory
of a single process. With `edit` two sentences of MiniLM's, of 9 and 10 tokens, are opened in LibreOffice instead,
calculated, and a word of the first is edited: how long each takes until the cosine says so.
"""

from __future__ import annotations

import json
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from in_office import book_of, office_times

from xltransformer import api
from xltransformer.engines import ENGINES
from xltransformer.size.estimate import Estimate
from xltransformer.workbook.reader import read_book

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "dog", "a", "ran"]


def write_minilm(folder: Path) -> None:
    """model.safetensors, config.json and vocab.txt of MiniLM's shape."""
    d, f, v = 384, 1536, 30522
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (v, d),
        "embeddings.position_embeddings.weight": (512, d),
        "embeddings.token_type_embeddings.weight": (2, d),
    }
    norms = ["embeddings.LayerNorm"]
    for k in range(6):
        layer = f"encoder.layer.{k}."
        linear = {f"attention.self.{part}": (d, d) for part in ("query", "key", "value")}
        linear |= {"attention.output.dense": (d, d), "intermediate.dense": (f, d), "output.dense": (d, f)}
        for name, shape in linear.items():
            shapes |= {f"{layer}{name}.weight": shape, f"{layer}{name}.bias": shape[:1]}
        norms += [f"{layer}{name}.LayerNorm" for name in ("attention.output", "output")]
    shapes |= {f"{name}.{part}": (d,) for name in norms for part in ("weight", "bias")}
    draw, header, at = np.random.default_rng(0), {}, 0
    for name, shape in shapes.items():
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": (at, at + size)}
        at += size
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            gain = 1.0 if name.endswith("LayerNorm.weight") else 0.0
            file.write((gain + draw.normal(0, 0.04, shape)).astype("<f4").tobytes())
    config = {"model_type": "bert", "num_attention_heads": 12, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join([*WORDS, *(f"word{k}" for k in range(len(WORDS), v))]) + "\n")


def shapes(layers: int, folder: Path) -> dict[str, dict[str, Any]]:
    llama = {"layers": 5, "d_model": 64, "heads": 8, "kv_heads": 4, "d_ff": 172}
    write_minilm(folder)
    return {
        "gpt, 6 layers, 8 heads, width 32": {
            "template": "gpt",
            "settings": {"layers": 6, "heads": 8, "d_model": 32, "d_ff": 128},
        },
        "llama, 5 layers, 8 heads, 4 of keys, width 64, 20 tokens": {
            "template": "llama",
            "settings": llama,
            "slots": 16,
        },
        f"MiniLM's shape, {layers} of 6 layers, 8 tokens": {
            "template": "bert",
            "sentences": ["the cat sat on the mat"],
            "weights": folder,
            "vocabulary": folder,
            "settings": {"layers": layers},
        },
    }


def compare(path: Path) -> None:
    for name in ENGINES:
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "xltransformer", "diff", str(path), "--engine", name]
        found = subprocess.run(
            [*command, "--tolerance", "1e-6"], capture_output=True, text=True, check=False
        ).stdout.splitlines()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime - start.ru_utime - start.ru_stime
        memory = used.ru_maxrss / 1e6
        print(f"  {name}: {found[-1] if found else 'failed'}; {seconds:.0f} s, {memory:.1f} GB at most so far")


SENTENCES = ["the cat sat on the mat a", "the dog ran on the mat the cat"]
EDIT_RUNS = 3


def time_edit(layers: int, folder: Path) -> None:
    """What LibreOffice takes to open MiniLM's shape, to calculate it, and to follow a word that is edited."""
    path = folder / "edited.xlsx"
    write_minilm(folder)
    settings = {"layers": layers}
    api.build(path, SENTENCES, "sentences", weights=folder, vocabulary=folder, settings=settings)
    homes = read_book(path).homes
    book = book_of(path, homes["sentence.0.words"], 1, ["dog", "mat", "a"], homes["similarity.cosine"])
    (marks,) = office_times([book], EDIT_RUNS)
    for which, clock in ((1, "of the processor"), (0, "on the clock")):
        taken = (statistics.median(pair[which] for pair in column) for column in zip(*marks, strict=True))
        opened, calculated, followed = taken
        print(f"{layers} layers: open {opened:.1f} s, calculate {calculated:.1f} s, edit {followed:.2f} s {clock}")


def main() -> None:
    layers = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    products = sys.argv[2] if len(sys.argv) > 2 else "auto"
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[3:] == ["edit"]:
            time_edit(layers, Path(folder))
            return
        for name, options in shapes(layers, Path(folder)).items():
            path, told = Path(folder) / "book.xlsx", []

            def report(taken: Estimate, told: list[Estimate] = told) -> Any:
                told.append(taken)
                return lambda stage: None

            start, busy = time.perf_counter(), time.process_time()
            api.build(path, force=True, report=report, products=products, **options)
            seconds, busy = time.perf_counter() - start, time.process_time() - busy
            size = path.stat().st_size / 1e6
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            expected = told[0]
            print(
                f"{name}: {expected.numbers:,} numbers, {expected.formulas:,} formulas; "
                f"expected {expected.megabytes:.1f} MB, {expected.seconds:.1f} s; "
                f"took {size:.1f} MB, {busy:.1f} s ({seconds:.1f} on the clock), {memory:.2f} GB at most so far"
            )
            if sys.argv[3:] == ["diff"]:
                compare(path)


if __name__ == "__main__":
    main()
