"""Published tokenizers, made by the package `tokenizers` from a vocabulary and the settings beside it.

A kind is a class of transformers 5.24, which makes its tokenizer anew from the vocabulary, also where a
tokenizer.json says other rules: WordPiece (Schuster and Nakajima 2012; Devlin et al. 2019), pairs of bytes
or letters (Sennrich et al. 2016; Radford et al. 2019) and scored pieces (Kudo and Richardson 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cache
from typing import Any

from xltransformer.errors import UserError
from xltransformer.record import record
from xltransformer.weights.tokenizer import SPACE
from xltransformer.weights.tokenizer_settings import NAMED, Told


@cache
def library() -> Any:
    """The package `tokenizers`; None where it is not installed."""
    try:
        import tokenizers
    except ImportError:
        return None
    return tokenizers


@record
class Pieces:
    """A vocabulary: the numbers of its pieces, or its pieces with their scores in order; pairs in the order in
    which they are merged; SentencePiece's map of letters; the `tokenizer` of a file that has
    it all."""

    vocabulary: Mapping[str, int] | Sequence[tuple[str, float]] = ()
    merges: Sequence[tuple[str, str]] = ()
    letters: bytes = b""
    controls: Sequence[tuple[str, bool]] | None = None
    """SentencePiece's pieces that no text is cut into, each with whether it is special, not one of the user's."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The special tokens that the vocabulary itself names."""
    tokenizer: Any = None


Values = Mapping[str, Any]


@record
class Kind:
    """How one class makes its tokenizer: the `model` that cuts, by its name in the package, the `special` tokens
    that hold where no file says others, how texts are prepared, and what stands around one."""

    model: str
    special: Mapping[str, Any]
    make: Callable[[Pieces, Values], Any]
    files: Sequence[str]
    around: Callable[[Any, Values], Any] | None = None
    """The post-processor, from the finished tokenizer and the names of its special tokens; None: that of the file,
    or the beginning and the end that add_bos_token and add_eos_token ask for."""
    extra: Sequence[str] = ()


def _word_pieces(pieces: Pieces, values: Values) -> Any:
    """BERT's: words and marks, each the longest piece that there is, then the next, with ## before it."""
    t = library()
    made = t.Tokenizer(t.models.WordPiece(dict(pieces.vocabulary), unk_token=str(values["unk_token"])))
    made.normalizer = t.normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=values.get("tokenize_chinese_chars", True),
        strip_accents=values.get("strip_accents"),
        lowercase=values.get("do_lower_case", True),
    )
    made.pre_tokenizer = t.pre_tokenizers.BertPreTokenizer()
    made.decoder = t.decoders.WordPiece(prefix="##")
    return made


def _pairs(pieces: Pieces, **more: Any) -> Any:
    t = library()
    return t.Tokenizer(t.models.BPE(vocab=dict(pieces.vocabulary), merges=list(pieces.merges), **more))


def _byte_pairs(pieces: Pieces, values: Values) -> Any:
    """GPT-2's and RoBERTa's: the bytes of every word, merged pair by pair."""
    t = library()
    made = _pairs(pieces, continuing_subword_prefix="", end_of_word_suffix="", fuse_unk=False)
    made.pre_tokenizer = t.pre_tokenizers.ByteLevel(add_prefix_space=bool(values.get("add_prefix_space")))
    made.decoder = t.decoders.ByteLevel()
    return made


def _composed_byte_pairs(pieces: Pieces, values: Values) -> Any:
    """GPT-NeoX's: letters and their accents are one."""
    made = _byte_pairs(pieces, values)
    made.normalizer = library().normalizers.NFC()
    return made


_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2 parts a text before it merges: every digit stands alone."""


def _qwen2(pieces: Pieces, values: Values) -> Any:
    t = library()
    made = _composed_byte_pairs(pieces, values)
    made.pre_tokenizer = t.pre_tokenizers.Sequence(
        [
            t.pre_tokenizers.Split(t.Regex(_QWEN2), behavior="isolated", invert=False),
            t.pre_tokenizers.ByteLevel(add_prefix_space=bool(values.get("add_prefix_space")), use_regex=False),
        ]
    )
    return made


def _llama(pieces: Pieces, values: Values) -> Any:
    """LLaMA's: letters merged pair by pair, a space before a text; a letter that no piece has is its bytes."""
    made = _pairs(pieces, fuse_unk=True, byte_fallback=True)
    begins = values.get("add_prefix_space")
    scheme = "never" if begins is not None and not begins else "always" if values.get("legacy") else "first"
    made.pre_tokenizer = library().pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme, split=False)
    return made


def _scored(unknown: Callable[[Pieces, Values], int]) -> Callable[[Pieces, Values], Any]:
    """XLM-RoBERTa's: a text is cut where the sum of its pieces' scores is largest."""

    def make(pieces: Pieces, values: Values) -> Any:
        t = library()
        made = t.Tokenizer(
            t.models.Unigram(list(pieces.vocabulary), unk_id=unknown(pieces, values), byte_fallback=False)
        )
        if pieces.letters:
            made.normalizer = t.normalizers.Precompiled(pieces.letters)
        scheme = "always" if values.get("add_prefix_space", True) else "never"
        made.pre_tokenizer = t.pre_tokenizers.Sequence(
            [t.pre_tokenizers.WhitespaceSplit(), t.pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme)]
        )
        return made

    return make


def _unknown_of_camembert(pieces: Pieces, values: Values) -> int:
    wanted = str(values["unk_token"])
    return next((k for k, piece in enumerate(pieces.vocabulary) if piece[0] == wanted), 0)


def _between(first: str, last: str) -> Callable[[Any, Values], Any]:
    """One token before a text and one behind it."""

    def around(made: Any, values: Values) -> Any:
        before, behind = str(values[first]), str(values[last])
        return library().processors.TemplateProcessing(
            single=f"{before}:0 $A:0 {behind}:0",
            special_tokens=[(name, made.token_to_id(name)) for name in (before, behind)],
        )

    return around


def _marked(made: Any, values: Values) -> Any:
    """The beginning and the end, as far as they are asked for and there are such tokens."""
    asked = [values.get("bos_token") if values.get("add_bos_token") else None]
    asked += [values.get("eos_token") if values.get("add_eos_token") else None]
    before, behind = [None if token is None else str(token) for token in asked]
    single = " ".join([*([f"{before}:0"] if before else []), "$A:0", *([f"{behind}:0"] if behind else [])])
    return library().processors.TemplateProcessing(
        single=single, special_tokens=[(name, made.token_to_id(name)) for name in {before, behind} - {None}]
    )


def _as_file(pieces: Pieces, _: Values) -> Any:
    return pieces.tokenizer


_BERT = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_ROBERTA = {
    "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>",
    "pad_token": "<pad>", "mask_token": "<mask>",
}  # fmt: skip
_GPT2 = dict.fromkeys(("unk_token", "bos_token", "eos_token"), "<|endoftext|>")
_MERGED, _SENTENCE_PIECE = ("vocab.json",), ("sentencepiece.bpe.model",)


def _plain(**tokens: str) -> dict[str, dict[str, Any]]:
    """Tokens that are found wherever they are typed; the mask takes the space before it."""
    return {
        name: {"__type": "AddedToken", "content": text, "lstrip": name == "mask_token"}
        for name, text in tokens.items()
    }


KINDS: Mapping[str, Kind] = {
    "bert": Kind("WordPiece", _BERT, _word_pieces, ("vocab.txt",), _between("cls_token", "sep_token")),
    "mpnet": Kind(
        "WordPiece", _plain(**_ROBERTA | {"unk_token": "[UNK]"}), _word_pieces, ("vocab.txt",),
        _between("cls_token", "sep_token"),
    ),
    "roberta": Kind("BPE", _ROBERTA, _byte_pairs, _MERGED, _between("cls_token", "sep_token")),
    "gpt2": Kind("BPE", _GPT2, _byte_pairs, _MERGED),
    "gpt_neox": Kind("BPE", _GPT2 | {"pad_token": "<|padding|>"}, _composed_byte_pairs, _MERGED, _marked),
    "qwen2": Kind(
        "BPE", dict.fromkeys(("unk_token", "eos_token", "pad_token"), "<|endoftext|>"), _qwen2, _MERGED
    ),
    "llama": Kind(
        "BPE", {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}, _llama, ("tokenizer.model",)
    ),
    "xlm-roberta": Kind(
        "Unigram", _ROBERTA, _scored(lambda *_: 3), _SENTENCE_PIECE, _between("bos_token", "eos_token")
    ),
    "camembert": Kind(
        "Unigram", {**_ROBERTA, **_plain(mask_token="<mask>")}, _scored(_unknown_of_camembert), _SENTENCE_PIECE,
        _between("bos_token", "eos_token"), ("<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"),
    ),
    "file": Kind("", {}, _as_file, ("tokenizer.model",)),
}  # fmt: skip


@record
class Made:
    """A finished tokenizer of the package, the texts of its special tokens, and how many numbers the files know:
    tokens beyond are those of its class that the files lack."""

    tokenizer: Any
    special: Sequence[str]
    known: int


def build(kind: str, pieces: Pieces, told: Told) -> Made:
    """The tokenizer of a kind, with its added tokens and what stands around a text.

    Raises UserError for a vocabulary of another kind, and what the package raises for what it cannot take.
    """
    one = KINDS[kind]
    written = "" if pieces.tokenizer is None else type(pieces.tokenizer.model).__name__
    if one.model and written and written != one.model:
        raise UserError(f"tokenizer.json cuts by {written}, the class that is named by {one.model}; one is wrong")
    values = {name: _token(value) for name, value in {**one.special, **pieces.named, **told.values}.items()}
    special = _special(one, pieces, values)
    values |= {name: _text(token) for name, token in special.items() if name in NAMED}
    made = one.make(pieces, values)
    made.no_padding()  # a file may say that every text is filled up to 128 tokens, or cut there
    made.no_truncation()
    if pieces.tokenizer is not None and pieces.tokenizer.post_processor is not None:
        made.post_processor = pieces.tokenizer.post_processor
    added = [library().AddedToken(**token) for _, token in sorted(told.added.items())]
    known = made.get_vocab_size() + sum(made.token_to_id(token.content) is None for token in added)
    _add(made, added, special)
    made.encode_special_tokens = bool(values.get("split_special_tokens", False))
    asked = "add_bos_token" in values or "add_eos_token" in values
    if one.around is not None:
        made.post_processor = one.around(made, values)
    elif asked or made.post_processor is None:
        made.post_processor = _marked(made, values)
    return Made(made, [*dict.fromkeys(map(_text, special.values()))], known)


def _text(token: Any) -> str:
    return str(getattr(token, "content", token))


def _token(value: Any) -> Any:
    """A special token as the package has it: a text, or one with its rules."""
    if not (isinstance(value, dict) and value.get("__type") == "AddedToken"):
        return value
    return library().AddedToken(**{key: rule for key, rule in value.items() if key != "__type"})


def _special(one: Kind, pieces: Pieces, values: Values) -> dict[str, Any]:
    """The special tokens by their names, in the order in which they are added; those without one by a number."""
    kinds = (str, library().AddedToken)
    if "extra_special_tokens" in values:
        extra = values["extra_special_tokens"] or []
    elif pieces.controls is not None:
        extra = [library().AddedToken(text, normalized=False, special=own) for text, own in pieces.controls]
    else:
        extra = values.get("additional_special_tokens") or one.extra
    found = {name: values[name] for name in NAMED if values.get(name) is not None}
    found |= {name: v for name, v in values.items() if name.endswith("_token") and name not in NAMED}
    found = {name: token for name, token in found.items() if name in NAMED or isinstance(token, kinds)}
    found |= extra if isinstance(extra, dict) else {str(k): _token(token) for k, token in enumerate(extra)}
    for name, token in found.items():
        if not isinstance(token, kinds):
            raise UserError(f"the special token {name} is {token!r:.60}: give a text")
    return found


def _add(made: Any, added: Sequence[Any], special: Mapping[str, Any]) -> None:
    """Add the tokens that the files list, and the special ones among which they are not."""
    there = {_text(token) for token in (*made.get_added_tokens_decoder().values(), *added)}
    named = {_text(token) for name, token in special.items() if not name.isdecimal()}
    tokens = [*added, *(token for token in special.values() if _text(token) not in there)]
    for k, token in enumerate(tokens):
        if isinstance(token, str):
            tokens[k] = library().AddedToken(token, special=True)
        elif token.content in named:
            token.special = True
    if tokens:
        made.add_tokens(tokens)
