"""The words of a model as a tokenizer of transformers: a list of whole words, parted by spaces and punctuation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from xltransformer.exporting.facts import Facts
from xltransformer.record import record
from xltransformer.text import word_key

MASK = "[MASK]"
_MARKED = re.compile(r"\[\S+\]|<\S+>")
"""Words such as [MASK] and <s>, which stand for no word of a text: they are found in it as they are."""
_MARK = re.compile(r"[^\w\s]+")


@record
class Words:
    """The words of the rows in order; the one that `ends` what is written, where there is one only; and the one
    that stands for all that are `unknown`, where there is such."""

    words: Sequence[str]
    ends: str | None = None
    unknown: str | None = None

    @property
    def lower(self) -> bool:
        """Whether a text is put in small letters: a sheet takes them for the same, and no word has others."""
        return all(word == word_key(word) for word in self.words if not _MARKED.fullmatch(word))

    @property
    def special(self) -> dict[str, str]:
        """The words that the library calls by a name of its own."""
        named = {"eos_token": self.ends, "unk_token": self.unknown}
        named["mask_token"] = MASK if MASK in self.words else None
        return {name: word for name, word in named.items() if word is not None}


def words_of(facts: Facts) -> Words:
    """The words of a model."""
    ends = facts.told.ends
    return Words(facts.words, facts.words[ends[0]] if len(ends) == 1 else None)


def tokenizer(known: Words) -> dict[str, Any]:
    """A tokenizer.json: the format of the package `tokenizers`, with a model of whole words. A word that the list
    lacks is the one for unknown ones, or an error where there is none."""
    number = {word: k for k, word in enumerate(known.words)}
    marked = [word for word in known.words if _MARKED.fullmatch(word)]
    normalizers: list[dict[str, Any]] = [{"type": "NFC"}, *([{"type": "Lowercase"}] if known.lower else [])]
    parts: list[dict[str, Any]] = [{"type": "WhitespaceSplit"}]
    marks = sorted((word for word in known.words if _MARK.fullmatch(word)), key=len, reverse=True)
    if marks:
        pattern = {"Regex": "|".join(map(re.escape, marks))}
        parts.append({"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False})
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(word, number[word]) for word in marked],
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": parts},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": number, "unk_token": known.unknown or "[UNK]"},
    }


def _added(word: str, number: int) -> dict[str, Any]:
    rules = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": word, **rules, "special": True}


def settings(known: Words, places: int | None) -> dict[str, Any]:
    """A tokenizer_config.json; `places` is how many words a text may have. It makes no token_type_ids, which GPT-2
    would take for words."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **known.special,
        **({} if places is None else {"model_max_length": places}),
    }
