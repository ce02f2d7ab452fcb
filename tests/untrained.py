"""Small models with random weights, for tests that ask nothing of what a model has learned."""

from __future__ import annotations

from pathlib import Path

WORDS = '"the", "a", "cat", "dog", "mouse", "bird", "sat", "ran", "saw", "on", "under", "mat", "tree", "and", "."'

TEMPLATES = {
    "gpt": f"""
model = "gpt"
sentences = ["the cat sat"]
watch = "cat"
slots = 6
spare_rows = 0
seed = 6
words = ["<s>", {WORDS}]
sizes = {{ d_model = 6, layers = 2, heads = 2, d_ff = 12, tied = true }}
""",
    "bert": f"""
model = "bert"
sentences = ["the cat [MASK] on the mat"]
watch = "cat"
slots = 0
spare_rows = 0
seed = 1
words = ["[CLS]", "[SEP]", "[MASK]", {WORDS}]
sizes = {{ d_model = 6, layers = 2, heads = 2, d_ff = 8 }}
""",
    "encoder-decoder": f"""
model = "encoder_decoder"
sentences = ["the cat saw a mouse", "<s>"]
watch = "mouse"
slots = 4
spare_rows = 0
seed = 4
words = ["<s>", {WORDS}]
sizes = {{ d_model = 6, layers = 1, heads = 2, d_ff = 8 }}
""",
    "recurrent": f"""
model = "recurrent"
sentences = ["the cat saw a dog"]
watch = "dog"
slots = 0
spare_rows = 0
seed = 1
words = ["<s>", {WORDS}]
sizes = {{ d_model = 4, state = 3 }}
""",
}
"""By the name of a trained template, a small one of the same model."""


def untrained(name: str, folder: Path) -> str:
    """What to build in place of a template that is trained: the path of its small untrained like, written
    into a folder; any other template's name as it is."""
    if name not in TEMPLATES:
        return name
    path = folder / f"{name}.toml"
    path.write_text(TEMPLATES[name], "utf-8")
    return str(path)
