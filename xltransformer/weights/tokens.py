"""The tokenizer of a published model, from the files that such models come with.

They are cut by the package `tokenizers`, as transformers 5.24 has it do so, or refused; only llama2.c's own format
is read without that package.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xltransformer.bounds import MOST_TEXT_FILE, check_file, read_bytes, read_text
from xltransformer.errors import UserError
from xltransformer.weights.llama2c import read_llama2c
from xltransformer.weights.marian import Marian
from xltransformer.weights.sentencepiece import SentencePiece, pieces_for, read_model, read_vocab
from xltransformer.weights.tokenizer import Published, Tokenizer, Undecided
from xltransformer.weights.tokenizer_kinds import KINDS, Pieces, build, library
from xltransformer.weights.tokenizer_settings import Told, told_beside

_FILES = (
    "tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "sentencepiece.bpe.model", "tokenizer.bin",
    "tokenizer.vocab",
)  # fmt: skip


def tokenizer_beside(weights: Path) -> Path | None:
    """The tokenizer's file in the folder of published weights; None where there is none."""
    if weights.suffix.lower() == ".npz":
        return None
    folder = weights if weights.is_dir() else weights.parent
    return next((folder / name for name in _FILES if (folder / name).is_file()), None)


def read_tokenizer(path: Path) -> Tokenizer | None:
    """The tokenizer of a file: tokenizer.json, vocab.json with merges.txt beside it, WordPiece's
    vocab.txt, SentencePiece's .model, .spm or .vocab, llama2.c's tokenizer.bin; or of a folder with
    one of these. None for a plain list of words, which cuts nothing.

    Raises UserError for a file that cannot be read.
    """
    if path.is_dir():
        found = tokenizer_beside(path)
        if found is None:
            raise UserError(
                f"the folder {path} holds none of {', '.join(_FILES)}; name the file of the vocabulary"
            )
        path = found
    if path.name == "merges.txt" and (path.parent / "vocab.json").is_file():
        path = path.parent / "vocab.json"
    try:
        return _read(path)
    except UserError:
        raise
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check its name and place") from None
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        said = " ".join(str(error).split())
        raise UserError(f"{path} is no vocabulary that can be used: {said:.120}; download it again") from None


def _read(path: Path) -> Tokenizer | None:
    suffix = path.suffix.lower()
    if suffix == ".bin":
        return read_llama2c(path)
    read: Mapping[str, Callable[[Path], Tokenizer | None]] = {
        ".json": _json, ".txt": _lines, ".vocab": _scored, ".tsv": _scored, ".model": _model, ".spm": _model,
    }  # fmt: skip
    return read[suffix](path) if suffix in read else None


def _needs_library(path: Path) -> None:
    if library() is None:
        raise UserError(f'{path} takes the package tokenizers: pip install "xltransformer[models]"')


def _published(kind: str, pieces: Pieces, told: Told, assumed: str = "") -> Published:
    made = build(kind, pieces, told)
    return Published(made.tokenizer, made.special, made.known, assumed)


def _json(path: Path) -> Tokenizer | None:
    """A tokenizer.json, or a vocab.json with its merges.txt, or Marian's with its source.spm."""
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError):
        return None  # whoever reads the list will say what is wrong
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("model"), dict):
        _needs_library(path)
        told = told_beside(path, data)
        kind = told.kind or "file"
        if kind == "marian":
            return _json(path.parent / "vocab.json")
        return _published(kind, _rewritten(kind, data, library().Tokenizer.from_file(str(path))), told)
    merges, source = path.parent / "merges.txt", path.parent / "source.spm"
    if source.is_file() and not merges.is_file():
        _needs_library(path)
        files = [source, *filter(Path.is_file, [source.with_name("target.spm")])]
        models = [read_model(read_bytes(file, MOST_TEXT_FILE)) for file in files]
        return Marian(data, models[0], told_beside(path), *models[1:])
    return _pairs(path, merges) if merges.is_file() else None


def _pairs(path: Path, merges: Path) -> Tokenizer:
    """A vocab.json with its merges.txt."""
    _needs_library(path)
    check_file(merges, MOST_TEXT_FILE)
    vocabulary, pairs = library().models.BPE.read_file(str(path), str(merges))
    told, pieces = told_beside(path), Pieces(vocabulary, pairs)
    if told.kind not in (None, "file"):
        return _published(_kind_for(path, told, "BPE"), pieces, told)
    if {"<s>", "</s>", "<mask>"} <= vocabulary.keys():  # marks that neither GPT-2's has nor Qwen2's
        mask = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "special": True}
        told = replace(told, values={"mask_token": mask, **told.values})
        return _published("roberta", pieces, told, f"{path} is taken for RoBERTa's: no file beside it says")
    return Undecided([_published(kind, pieces, told) for kind in ("gpt2", "qwen2", "gpt_neox")], path)


def _lines(path: Path) -> Tokenizer | None:
    """A vocab.txt, or pieces with scores; None for a list of words, which has no token for unknown ones."""
    lines = _lines_of(path)
    if all("\t" in line for line in lines):
        return _scored(path)
    told = told_beside(path) if "[UNK]" in lines or path.name == "vocab.txt" else Told()
    unknown = told.values.get("unk_token", "[UNK]")
    if (unknown.get("content") if isinstance(unknown, Mapping) else unknown) not in lines:
        return None
    _needs_library(path)
    pieces, assumed = Pieces(library().models.WordPiece.read_file(str(path))), ""
    if told.kind is None and "do_lower_case" not in told.values:
        plain = (line for line in lines if not re.fullmatch(r"\[.*\]", line))
        lower = not any(letter.isupper() for line in plain for letter in line)
        told = replace(told, values={**told.values, "do_lower_case": lower})
        how = "in small letters" if lower else "with capitals, which it has"
        assumed = f"{path} is read as BERT's, {how}: no tokenizer_config.json or config.json beside it says"
    return _published(_kind_for(path, told, "WordPiece", "bert"), pieces, told, assumed)


def _lines_of(path: Path) -> list[str]:
    return read_text(path).removesuffix("\n").replace("\r", "").split("\n")


def _scored(path: Path) -> Tokenizer:
    """A .vocab: pieces with scores, parted by tabs."""
    _needs_library(path)
    model, told = read_vocab(_lines_of(path)), told_beside(path)
    if told.kind == "llama":
        return _published("llama", pieces_for("llama", model), told)
    if told.kind not in (None, "file"):
        raise UserError(f"{path} does not hold what {told.kind} needs; give tokenizer.json or {_named(told.kind)}")
    pieces, values = pieces_for("file", model), dict(told.values)
    how = "in SentencePiece's usual way: NFKC, one space between words, no token around a text"
    if model.letters is not None:
        values |= {"bos_token": "<s>", "add_bos_token": True} if "<s>" in pieces.tokenizer.get_vocab() else {}
        how = "as LLaMA does"
    assumed = (
        f"{path} does not say how a text is prepared, taken to be {how}; tokenizer.json or .model would say it"
    )
    return _published("file", pieces, replace(told, values=values), assumed)


def _model(path: Path) -> Tokenizer:
    """SentencePiece's own form."""
    _needs_library(path)
    if path.name == "source.spm" and (path.parent / "vocab.json").is_file():
        raise UserError(f"{path} is half of Marian's tokenizer: give the vocab.json beside it")
    model, told = read_model(read_bytes(path, MOST_TEXT_FILE)), told_beside(path)
    kind = told.kind or "file"
    if kind not in ("file", "llama", "xlm-roberta", "camembert"):
        raise UserError(f"{path} is no vocabulary of {kind}, which its folder names; give {_named(kind)}")
    if kind == "file":
        told = _as_pieces(told, model, path)
    legacy = bool(told.values.get("legacy", True))
    assumed = "" if told.there else f"{path} does not say what stands around a text, taken to be nothing"
    return _published(kind, pieces_for(kind, model, legacy=legacy), told, assumed)


def _as_pieces(told: Told, model: SentencePiece, path: Path) -> Told:
    """The added tokens as they are found in a text that is cut by a .model alone."""
    for k, token in told.added.items():
        if k < len(model.pieces) and model.pieces[k][0] != token["content"]:
            raise UserError(
                f"{path} has {model.pieces[k][0]!r} where {token['content']!r} is added; give tokenizer.json"
            )
    if not model.prefix:
        return told
    return replace(told, added={k: {**token, "normalized": False} for k, token in told.added.items()})


def _named(kind: str) -> str:
    return " or ".join(KINDS[kind].files) if kind in KINDS else "vocab.json with source.spm"


def _kind_for(path: Path, told: Told, model: str, usual: str = "") -> str:
    """The kind of tokenizer that cuts by a file which holds a vocabulary alone: the one that is told, else the
    usual one. UserError where the one that is told is none for such a file."""
    kind = usual if told.kind is None else told.kind
    if kind not in KINDS or KINDS[kind].model != model:
        raise UserError(f"{path} is no vocabulary of {kind}, which its folder names; give {_named(kind)}")
    return kind


def _rewritten(kind: str, data: Mapping[str, Any], whole: Any) -> Pieces:
    """The vocabulary of a tokenizer.json, for the classes that make their tokenizer anew from it."""
    model, vocabulary = data["model"], data["model"].get("vocab") or {}
    merges = [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in model.get("merges") or ()]
    scored = isinstance(vocabulary, list)
    return Pieces(
        [(piece, score) for piece, score in vocabulary] if scored else vocabulary,
        merges,
        _letters(data.get("normalizer")),
        named={"pad_token": whole.padding["pad_token"]} if kind == "file" and whole.padding else {},
        tokenizer=whole,
    )


def _letters(normalizer: Mapping[str, Any] | None) -> bytes:
    """SentencePiece's map of letters in a tokenizer.json, if there is one."""
    for step in (normalizer or {}).get("normalizers", [normalizer or {}]):
        if step.get("type") == "Precompiled":
            return base64.b64decode(step["precompiled_charsmap"])
    return b""
