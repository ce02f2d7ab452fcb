"""Which words a workbook has: a list of them, or of a tokenizer's vocabulary those that are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xltransformer.bounds import read_text
from xltransformer.building.adopt import Tokens, read_tokens, unique
from xltransformer.building.template import Template
from xltransformer.errors import UserError
from xltransformer.weights.tokenizer import Tokenizer
from xltransformer.weights.tokens import read_tokenizer

SPARE = 200
"""How many words a model that does not write gets beside those in use."""


def read_words(
    path: Path | list[str], template: Template, sentences: Sequence[str], words: int | str | Path | None
) -> tuple[list[list[str]] | None, Tokens, list[str]]:
    """The words of each sentence as a tokenizer cuts it (None where it is a plain list, or a file of one), names
    for the rows of the vocabulary, and warnings.

    Of a tokenizer's vocabulary the rows in use stand, and as many others as `words` says; a model that
    writes has all of it where nothing is said. Raises UserError for a file that cannot be used.
    """
    tokenizer = None if isinstance(path, list) else read_tokenizer(path)
    if tokenizer is None or isinstance(path, list):
        named = "`vocabulary`" if isinstance(path, list) else path
        if words is not None:
            raise UserError(f"words is {words}, but {named} is a plain list, of which all stand: leave it out")
        return None, Tokens(unique(path if isinstance(path, list) else read_tokens(path))), []
    first, last = tokenizer.encode, tokenizer.goes_on if template.entry.pair else tokenizer.encode
    texts = [*map(first, sentences[:-1]), last(sentences[-1])]
    rows = _rows(tokenizer, texts, template, words)
    names = unique([tokenizer.labels[k] for k in rows], rows)
    called = dict(zip(rows, names, strict=True))
    warnings = [tokenizer.assumed] if tokenizer.assumed else []
    some = ""
    if len(rows) < tokenizer.known:
        some = f"{len(rows):,} of the {tokenizer.known:,} tokens of {path.name} stand in the workbook"
    bare = tokenizer.pieces(sentences[0])
    framed = len(bare) < len(texts[0]) and texts[0][1 : 1 + len(bare)] == bare
    begins = called[texts[0][0]] if framed else None
    return [[called[k] for k in text] for text in texts], Tokens(names, rows, begins, some), warnings


def sayable(path: Path | list[str], sentences: Sequence[str]) -> tuple[str, ...]:
    """Sentences of a template, in the place of each that a tokenizer cannot cut a word that it has."""
    tokenizer = None if isinstance(path, list) else read_tokenizer(path)
    return tuple(sentences) if tokenizer is None else tuple(_sayable(tokenizer, text) for text in sentences)


def _sayable(tokenizer: Tokenizer, text: str) -> str:
    try:
        tokenizer.encode(text)
    except UserError:
        return tokenizer.word()
    return text


def _rows(
    tokenizer: Tokenizer, texts: Sequence[Sequence[int]], template: Template, words: int | str | Path | None
) -> list[int]:
    """The numbers of the tokens that get a row."""
    if words is None:
        return tokenizer.rows(texts, None if template.entry.writes else SPARE)
    if isinstance(words, int) or str(words).isdecimal():
        return tokenizer.rows(texts, int(str(words)))
    path = Path(words)
    listed = []
    for line in filter(None, (line.strip() for line in read_text(path).splitlines())):
        number = tokenizer.named(line)
        listed += tokenizer.pieces(line) if number is None else [number]
    if not listed:
        raise UserError(f"{path} lists no word; give one in each line")
    return tokenizer.rows([*texts, listed], 0)
