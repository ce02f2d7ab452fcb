"""What Hugging Face's transformers makes of folders that `export` writes, as a small file.

    pip install torch transformers && python scripts/make_export_fixture.py

exports a template for each published class and loads every folder as anyone would: no entry may be missing or left
over. It writes tests/fixtures/exported.json: the numbers of the tokens of a sentence, what comes out of the model
for it in double precision, and what `generate` writes. The package is needed for nothing else.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers

from xltransformer import export, load_template

FILE = Path(__file__).parent.parent / "tests" / "fixtures" / "exported.json"
CLASSIFIER = {"classes": ["animal", "thing", "other"], "layers": 1, "maps": []}
SUBJECTS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "gpt": ("gpt", "AutoModelForCausalLM", "the cat sat on the", {}),
    "sort-letters": ("sort-letters", "AutoModelForCausalLM", "C A B B A C", {}),
    "llama": ("llama", "AutoModelForCausalLM", "the dog that saw the bird sat on the", {}),
    "bert": ("bert", "AutoModelForMaskedLM", "the [MASK] sat on the mat", {}),
    "states": ("bert", "AutoModel", "the cat sat on the mat", {"head": False}),
    "sentences": ("sentences", "AutoModel", "the cat sat on the mat", {}),
    "classifier": ("bert", "AutoModelForSequenceClassification", "the cat sat on the mat", CLASSIFIER),
    "words": ("bert", "AutoModelForTokenClassification", "the cat sat on the mat",
              CLASSIFIER | {"classifies": "words"}),
    "translator": ("encoder-decoder", "AutoModelForSeq2SeqLM", "猫 在 垫子 上 睡觉",
                   {"halves": True, "stretched": True}),
}  # fmt: skip
"""For each exported model its template, the class that loads it, a sentence, and settings, with which its weights
are drawn anew."""
MOST = 6
"""How many words are written where the model sets no bound."""


def main() -> None:
    found = {}
    for name, (template, loader, sentence, settings) in SUBJECTS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            done = export(path, template=load_template(template, fresh=bool(settings)), settings=settings)
            made, info = getattr(transformers, loader).from_pretrained(path, output_loading_info=True)
            assert type(made).__name__ == done.name
            assert not any(info.values()), (name, info)
            found[name] = computed(made.double(), transformers.AutoTokenizer.from_pretrained(path), sentence)
            found[name] |= {"template": template, "settings": settings, "sentence": sentence, "class": done.name}
    FILE.write_text(json.dumps(found, ensure_ascii=False, indent=None) + "\n", "utf-8")


def computed(made: Any, tokenizer: Any, sentence: str) -> dict[str, Any]:
    given = tokenizer(sentence, return_tensors="pt")
    told: dict[str, Any] = {"tokens": given["input_ids"][0].tolist()}
    more, bound = {}, {}
    if made.can_generate() and made.generation_config.max_length is None:
        bound = {"max_new_tokens": MOST}
    if made.config.is_encoder_decoder:
        more["decoder_input_ids"] = torch.tensor([[made.config.decoder_start_token_id, 3, 4]])
    with torch.no_grad():
        told["result"] = made(**given, **more)[0][0].tolist()
        if made.can_generate():
            told["written"] = tokenizer.decode(made.generate(**given, **bound)[0])
    return told


if __name__ == "__main__":
    main()
