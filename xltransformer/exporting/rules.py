"""How a text is cut, as rules of the package `tokenizers`: what `cutting.Cutter` does, in its steps.

A `normalizer` changes the text, `pre_tokenizer` parts it; every part is then one word of the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from xltransformer.cutting import BLANK, Cutting
from xltransformer.text import BRACKETS, CJK, DASHES, EDGES, PARTING, SEPARATORS, word_key

Rule = dict[str, Any]

MOST_SPELLED = 1000
"""Up to how many words with capitals a text is spelled as the list has them: each takes a rule."""
ROUNDS = 4
"""How many marks are taken off each end of a word."""


def normalizer(words: Sequence[str], cutting: Cutting) -> Rule:
    """Composed letters; blanks by their name where letters are words; and every word in the letters that the list
    has for it, since a sheet takes capitals and small ones for the same."""
    rules: list[Rule] = [{"type": "NFC"}]
    if cutting.letters:
        rules.append({"type": "Strip", "strip_left": True, "strip_right": True})
        rules.append(_replace(r"\s+", BLANK))
    spelled = [word for word in words if word != word_key(word)]
    if len(spelled) <= MOST_SPELLED:
        letter, joint = rf"[\w&&[^{CJK}]]", r"['’:.\-]"  # it's and well-known are words
        before, after = f"(?<!{letter})(?<!{letter}{joint})", f"(?!{joint}?{letter})"
        if cutting.letters:
            before = after = ""
        rules.append({"type": "Lowercase"})
        rules += [_replace(f"{before}{re.escape(word_key(word))}{after}", word) for word in spelled]
    return {"type": "Sequence", "normalizers": rules}


def pre_tokenizer(words: Sequence[str], cutting: Cutting) -> Rule:
    """The parts of a text: letters, or words with marks as words of their own, or without marks."""
    rules = [*(_letters(words) if cutting.letters else _words(words, cutting))]
    return {"type": "Sequence", "pretokenizers": rules}


def decoder(cutting: Cutting) -> Rule | None:
    """What puts letters together again; words go with blanks between."""
    if not cutting.letters:
        return None
    blank = {"type": "Replace", "pattern": {"String": BLANK}, "content": " "}
    return {"type": "Sequence", "decoders": [blank, {"type": "Fuse"}]}


def _letters(words: Sequence[str]) -> Iterator[Rule]:
    yield _split("|".join([*_longest_first(words), r".\p{M}*"]))


def _words(words: Sequence[str], cutting: Cutting) -> Iterator[Rule]:
    """Marks of a text that keeps none of them go, but for one that stands alone and is on the list."""
    yield {"type": "WhitespaceSplit"}
    kept = "Isolated" if cutting.marks else "Removed"
    yield _split(PARTING if cutting.marks else SEPARATORS.pattern, kept)
    edges, alone = f"[{re.escape(EDGES)}]", "" if cutting.marks else "(?=.)"
    for _ in range(ROUNDS):
        yield _split(rf"^(?!\.[.\d]){edges}{alone}", kept)
        yield _split(rf"(?<=.)(?<!\.\.){edges}$", kept)
        for opens, closes in ((re.escape(a), re.escape(b)) for a, b in BRACKETS.items()):
            yield _split(rf"^{opens}(?=[^{closes}]+$|.*{closes}$)", kept)
            if cutting.marks:
                yield _split(rf"^[^{opens}]+(?={closes}$)", kept)
            else:
                yield _split(rf"(?<=[^{opens}]){closes}$", kept)
    if not cutting.marks:
        strange = "".join(mark for mark in EDGES + DASHES if mark not in words)
        yield _split(f"^[{re.escape(strange)}]+$", kept)
    chinese = [word for word in words if re.fullmatch(f"[{CJK}]+", word)]
    if chinese:
        yield _split("|".join([*_longest_first(chinese), f"[{CJK}]"]))


def _longest_first(words: Sequence[str]) -> list[str]:
    """Patterns of the words of more than one letter, so that a longer one is found before what it begins with."""
    return sorted((re.escape(word) for word in words if len(word) > 1), key=len, reverse=True)


def _split(pattern: str, behavior: str = "Isolated") -> Rule:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": False}


def _replace(pattern: str, content: str) -> Rule:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}
