"""The words of a model as a tokenizer of transformers: a list of whole words, or of letters."""

from __future__ import annotations

import re
from typing import Any

from xltransformer.building.initial import MASK
from xltransformer.exporting.facts import Facts
from xltransformer.exporting.rules import decoder, normalizer, pre_tokenizer
from xltransformer.text import word_key

_MARKED = re.compile(r"\[\S+\]|<\S+>")
"""Words such as [MASK] and <s>, which stand for no word of a text: they are found in it as they are."""
NO_WORD = "[UNK]"
"""What the format calls the word for unknown ones where there is none: cutting such a text is then an error."""


def tokenizer(facts: Facts) -> dict[str, Any]:
    """A tokenizer.json: the format of the package `tokenizers`, with a model of whole words. A word that the list
    lacks is the one for unknown ones, or an error where there is none."""
    number = {word: k for k, word in enumerate(facts.words)}
    marked = [word for word in facts.words if _MARKED.fullmatch(word)]
    plain = [word for word in facts.words if word not in marked]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(word, number[word]) for word in marked],
        "normalizer": normalizer(plain, facts.cutting),
        "pre_tokenizer": pre_tokenizer(plain, facts.cutting),
        "post_processor": None,
        "decoder": decoder(facts.cutting),
        "model": {"type": "WordLevel", "vocab": number, "unk_token": facts.cutting.unknown or NO_WORD},
    }


def _added(word: str, number: int) -> dict[str, Any]:
    rules = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": word, **rules, "special": True}


def settings(facts: Facts, places: int | None) -> dict[str, Any]:
    """A tokenizer_config.json; `places` is how many words a text may have. It makes no token_type_ids, which GPT-2
    would take for words."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **_named(facts),
        **({} if places is None else {"model_max_length": places}),
    }


def _named(facts: Facts) -> dict[str, str]:
    """The words that the library calls by a name of its own. A full stop that ends what is written is none: it
    would be found within 3.14."""
    ends = [facts.words[k] for k in facts.told.ends]
    named = {
        "eos_token": ends[0] if len(ends) == 1 and _MARKED.fullmatch(ends[0]) else None,
        "unk_token": facts.cutting.unknown or None,
        "mask_token": next((word for word in facts.words if word_key(word) == MASK), None),
    }
    return {name: word for name, word in named.items() if word is not None}
