"""Marian's tokenizer (Junczys-Dowmunt et al. 2018): SentencePiece's pieces, numbered by a list of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from xltransformer.errors import UserError
from xltransformer.weights.sentencepiece import CONTROL, SentencePiece, other_letters, plain
from xltransformer.weights.tokenizer import SPACE, Tokenizer, in_order
from xltransformer.weights.tokenizer_settings import NAMED, Told, content_of

_NAMED = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


class Marian(Tokenizer):
    """Cuts a text of the source's language. A language's name such as >>fr<< before a text is one token;
    `</s>` stands behind it; a piece that the list lacks is unknown. A text of the other language is cut by its
    own pieces (`target`), and has nothing behind it, as it is written on."""

    def __init__(
        self, numbers: Mapping[str, int], model: SentencePiece, told: Told, target: SentencePiece | None = None
    ) -> None:
        if told.kind not in (None, "marian"):
            raise UserError(
                f"vocab.json and source.spm are Marian's, but the folder names {told.kind}; correct it"
            )
        pieces = [(p if kind != CONTROL else f"\0\ue0ff{p}", score, kind) for p, score, kind in model.pieces]
        self.model, self.made = model, plain(replace(model, pieces=pieces, letters=b""))  # no text has a control
        named = {name: told.values.get(name, _NAMED.get(name)) for name in NAMED}
        special = {name: content_of(token) for name, token in named.items() if token is not None}
        added = [content_of(token) for _, token in sorted(told.added.items())]
        extra = told.values.get("extra_special_tokens") or told.values.get("additional_special_tokens") or []
        texts = [*dict.fromkeys([*special.values(), *map(content_of, extra), *added])]
        odd = next((text for text in texts if text not in numbers), None)
        if odd is not None:
            raise UserError(f"vocab.json does not have the token {odd!r:.60}; download it again")
        self.target = None if target is None else Marian(numbers, target, told)
        super().__init__(in_order(dict(numbers)), special=texts)
        self.unknown, self.end = self.number[special["unk_token"]], self.number[special["eos_token"]]
        self.typed = re.compile("|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)))

    def encode(self, text: str) -> list[int]:
        return [*self.pieces(text), self.end]

    def goes_on(self, text: str) -> list[int]:
        if self.target is None and text.strip():
            raise UserError("vocab.json has no target.spm beside it, which cuts the target: give it, or no target")
        return [] if self.target is None else self.target.pieces(text)

    def pieces(self, text: str) -> list[int]:
        found, at = [], 0
        for match in self.typed.finditer(text):
            found += [*self._between(text[at : match.start()]), match.group()]
            at = match.end()
        return [self.number.get(piece, self.unknown) for piece in (*found, *self._between(text[at:]))]

    def _between(self, text: str) -> list[str]:
        """The pieces of a text without special tokens."""
        language = re.match(r">>.*?<<", text, re.DOTALL)
        begun = [language.group()] if language else []
        bare = other_letters(text[len("".join(begun)) :], self.model.letters or b"")
        if self.model.trimmed:
            bare = bare.rstrip(f" {SPACE}")
        return [*begun, *self.made.encode(bare, add_special_tokens=False).tokens]
