"""Published tokenizers: cut as transformers cuts, or refused."""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from test_published import SCORED, WORD_PIECES, encoder_state, run, save, word_pieces, write_tokenizer_bin

from xltransformer.errors import UserError
from xltransformer.weights import tokenizer_settings as settings
from xltransformer.weights import tokens as reading
from xltransformer.weights.kinds import KINDS
from xltransformer.weights.sentencepiece import read_model
from xltransformer.weights.tokenizer import Tokenizer, byte_letters
from xltransformer.weights.tokens import read_tokenizer

FIXTURE = Path(__file__).parent / "fixtures" / "tokenizers.json.xz"


@cache
def fixture() -> dict[str, Any]:
    """See scripts/make_tokenizer_fixtures.py."""
    data: dict[str, Any] = json.loads(lzma.decompress(FIXTURE.read_bytes()))
    return data


def folder_of(name: str, folder: Path) -> Path:
    """A family's files, as they are published."""
    for file, text in fixture()["families"][name]["files"].items():
        binary = file.endswith((".model", ".spm"))
        (folder / file).write_bytes(base64.b64decode(text) if binary else text.encode("utf-8"))
    return folder


def read(path: Path) -> Tokenizer:
    pytest.importorskip("tokenizers")
    tokenizer = read_tokenizer(path)
    assert tokenizer is not None
    return tokenizer


def shown(tokenizer: Tokenizer, text: str) -> str:
    return " ".join(tokenizer.tokens[k] for k in tokenizer.encode(text))


def write(folder: Path, **files: Any) -> None:
    for name, data in files.items():
        (folder / f"{name}.json").write_text(json.dumps(data), "utf-8")


@pytest.mark.parametrize("name", sorted(fixture()["families"]))
def test_every_family_cuts_as_transformers(name: str, tmp_path: Path) -> None:
    texts, ids = fixture()["texts"], fixture()["families"][name]["ids"]
    assert len(texts) >= 400
    tokenizer = read(folder_of(name, tmp_path))
    wrong = [
        (text, found) for text, right in zip(texts, ids, strict=True) if (found := tokenizer.encode(text)) != right
    ]
    assert not wrong, f"{len(wrong)}: {wrong[:3]}"


TEXTS = {
    "gpt2": "café 猫咪 don't 🙂 a\nb",
    "llama": "café 猫咪 🙂 a\nb",
    "bert-cased": "unaffable, cats",
    "file": "é 猫",
}


@pytest.mark.parametrize("name", TEXTS)
def test_tokens_become_the_text_again(name: str, tmp_path: Path) -> None:
    """Letters that are several tokens, a byte each, too."""
    tokenizer = read(folder_of(name, tmp_path))
    assert tokenizer.text(tokenizer.encode(TEXTS[name])) == TEXTS[name]


def test_a_decision_for_every_key_of_the_classes() -> None:
    decided = settings.USED | settings.WITHOUT_EFFECT | settings.ONLY.keys()
    made_of = {
        "vocab",
        "merges",
        "_spm_precompiled_charsmap",
        "source_spm",
        "target_spm",
    }  # files, and refused as keys
    for name, keys in fixture()["keys"].items():
        assert set(keys) <= decided | made_of, name
    assert not made_of & decided
    assert not settings.USED & settings.WITHOUT_EFFECT
    for kind, named in settings.MODEL_CLASSES.items():
        theirs, overruled = fixture()["classes"].get(kind, (None, False))
        assert (named, kind in settings.OVERRULED) == (theirs, overruled), kind


def test_every_kind_of_model_has_a_tokenizer() -> None:
    assert KINDS.keys() <= settings.MODEL_CLASSES.keys()


REFUSED: list[tuple[Mapping[str, Any], Mapping[str, Any], str]] = [
    ({"tokenizer_class": "AlbertTokenizer"}, {}, "AlbertTokenizer"),
    ({"fix_mistral_regex": True}, {}, "fix_mistral_regex true"),
    ({"auto_map": {"AutoTokenizer": ["a.B", None]}}, {}, "auto_map"),
    ({"vocab": {"a": 0}}, {}, "the key 'vocab'"),
    ({"do_lowercase_all": True}, {}, "do_lowercase_all"),
    ({"mask_token": {"content": "[MASK]"}}, {"model_type": "bert"}, "mask_token"),
    ({"tokenizer_class": "Qwen2Tokenizer"}, {}, "no vocabulary of qwen2"),
    ({}, {"model_type": "ernie"}, "ernie"),
    ({"do_lower_case": "yes"}, {"model_type": "bert"}, "yes"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "model", "said"), REFUSED)
def test_what_is_refused(config: Any, model: Any, said: str, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    word_pieces(tmp_path)
    write(tmp_path, tokenizer_config=config, **({"config": model} if model else {}))
    with pytest.raises(UserError, match=said) as caught:
        read_tokenizer(tmp_path)
    assert len(str(caught.value)) - len(str(tmp_path)) < 250
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The unaffable cats!", "[CLS] the un ##aff ##able cat ##s ! [SEP]"),
        ("é, dog", "[CLS] e , [UNK] [SEP]"),
        ("the [MASK]cat [MASK]", "[CLS] the [MASK] cat [MASK] [SEP]"),
        ("[CLS] the [SEP]", "[CLS] [CLS] the [SEP] [SEP]"),
        ("cat中the\u0007", "[CLS] cat 中 the [SEP]"),
        ("the" * 40, "[CLS] [UNK] [SEP]"),
    ],
)
def test_a_list_of_word_pieces_alone(text: str, pieces: str, tmp_path: Path) -> None:
    """The example of BERT's code: un ##aff ##able. What is taken to be so is said."""
    tokenizer = read(word_pieces(tmp_path))
    assert shown(tokenizer, text) == pieces
    assert "in small letters" in tokenizer.assumed


def test_a_list_with_capitals_keeps_them_unless_its_config_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[UNK]\nThe\né\nthe\n", "utf-8")
    tokenizer = read(tmp_path)
    assert [tokenizer.tokens[k] for k in tokenizer.pieces("The the é")] == ["The", "the", "é"]
    write(tmp_path, config={"model_type": "bert"})
    tokenizer = read(tmp_path)
    assert [tokenizer.tokens[k] for k in tokenizer.pieces("The the é")] == ["the", "the", "[UNK]"]
    assert not tokenizer.assumed


def byte_pairs(folder: Path, *more: str) -> Path:
    pairs = [("a", "t"), ("h", "e"), ("Ġ", "c"), ("Ġc", "at"), ("c", "at"), ("1", "2")]
    names = [*byte_letters().values(), *("".join(pair) for pair in pairs), *more]
    (folder / "vocab.json").write_text(json.dumps({w: k for k, w in enumerate(dict.fromkeys(names))}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(map(" ".join, pairs)) + "\n", "utf-8")
    return folder / "vocab.json"


def test_byte_pairs_of_no_model_are_cut_where_all_cut_alike(tmp_path: Path) -> None:
    path = byte_pairs(tmp_path, "<|endoftext|>")
    tokenizer = read(path)
    assert shown(tokenizer, "the cat <|endoftext|>") == "t he Ġcat Ġ <|endoftext|>"
    assert [tokenizer.labels[k] for k in tokenizer.encode("a cat")] == ["a", "▁cat"]
    with pytest.raises(UserError, match="cut 'cat 12' differently"):
        tokenizer.encode("cat 12")
    for kind, pieces in (("gpt2", "cat Ġ 12"), ("qwen2", "cat Ġ 1 2"), ("gpt_neox", "cat Ġ 12")):
        write(tmp_path, config={"model_type": kind})
        assert shown(read(path), "cat 12") == pieces


def test_a_roberta_vocabulary_is_known_by_its_marks(tmp_path: Path) -> None:
    tokenizer = read(byte_pairs(tmp_path, "<s>", "</s>", "<unk>", "<mask>"))
    assert shown(tokenizer, "cat <mask> cat") == "<s> cat <mask> Ġcat </s>"
    assert "RoBERTa" in tokenizer.assumed


def test_pieces_with_scores(tmp_path: Path) -> None:
    """By hand: ▁ c a t s; ▁c (0) before at (-1); then ▁cat (-2); é has no piece: its two bytes."""
    path = tmp_path / "t.vocab"
    path.write_text("\n".join(f"{piece}\t{score}" for piece, score in SCORED), "utf-8")
    tokenizer = read(path)
    assert shown(tokenizer, "cats é") == "<s> ▁cat s ▁ <0xC3> <0xA9>"
    assert "as LLaMA does" in tokenizer.assumed
    path.write_text("<unk>\t0\n<s>\t0\n</s>\t0\n▁\t-1.5\na\t-2.5\n▁a\t-2.1\n", "utf-8")
    tokenizer = read(path)
    assert shown(tokenizer, "a ♥☃ a") == "▁a ▁ <unk> ▁a"
    assert shown(tokenizer, " a  ａ\u200ba ") == "▁a ▁a ▁a"
    assert "NFKC" in tokenizer.assumed
    write(tmp_path, config={"model_type": "xlm-roberta"})
    with pytest.raises(UserError, match=r"give tokenizer\.json or sentencepiece\.bpe\.model"):
        read_tokenizer(path)


def test_a_sentence_piece_model_that_is_damaged(tmp_path: Path) -> None:
    whole = base64.b64decode(fixture()["families"]["llama"]["files"]["tokenizer.model"])
    for damaged in (whole[:-1], whole[:50], b"", b"abc", whole[1:]):
        with pytest.raises((ValueError, KeyError, TypeError, IndexError, UnicodeDecodeError)):
            read_model(damaged)
    (tmp_path / "tokenizer.model").write_bytes(whole[:-1])
    with pytest.raises(UserError, match="cut off"):
        read(tmp_path)


def test_llama2c_tokenizer(tmp_path: Path) -> None:
    """Nothing is special where it is typed, and two spaces are two, as in llama2.c."""
    path = write_tokenizer_bin(tmp_path / "tokenizer.bin")
    tokenizer = read_tokenizer(path)
    assert tokenizer is not None
    assert tokenizer.tokens == [piece for piece, _ in SCORED]
    assert shown(tokenizer, "cats  é") == "<s> ▁cat s ▁ ▁ <0xC3> <0xA9>"
    assert shown(tokenizer, "<s>") == "<s> ▁ <0x3C> s <0x3E>"
    assert tokenizer.encode("") == [1]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="cut off"):
        read_tokenizer(path)


def test_a_file_that_fills_up_and_cuts_off_gives_words_alone(tmp_path: Path) -> None:
    """Sentence-embedding models come with a tokenizer.json that fills every text up to 128 tokens."""
    library = pytest.importorskip("tokenizers")
    made = library.Tokenizer(
        library.models.WordPiece({w: k for k, w in enumerate(WORD_PIECES)}, unk_token="[UNK]")
    )
    made.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    made.enable_padding(length=8, pad_token="[PAD]")
    made.enable_truncation(max_length=4)
    made.save(str(tmp_path / "tokenizer.json"))
    assert shown(read(tmp_path), "the cat, the cat, the") == "the cat , the cat , the"


@pytest.mark.parametrize("name", ["bert-uncased", "gpt2", "llama", "file", "marian"])
def test_without_the_package_one_line_says_how_to_install_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "library", lambda: None)
    with pytest.raises(UserError, match=r'^[^\n]*pip install "xltransformer\[models\]"$'):
        read_tokenizer(folder_of(name, tmp_path))


def test_a_folder_from_end_to_end(tmp_path: Path) -> None:
    """Tokens that its class adds, but the weights have no row for, get none."""
    pytest.importorskip("tokenizers")
    save(tmp_path / "model.safetensors", encoder_state(1, 8, 12, len(WORD_PIECES)))
    word_pieces(tmp_path)
    config = {"num_attention_heads": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "model_type": "bert"}
    write(tmp_path, config=config, tokenizer_config={"additional_special_tokens": ["[E1]"]})
    done = run(
        "build", "--weights", str(tmp_path), "--sentence", "the [MASK] cat", "--output", str(tmp_path / "x.xlsx")
    )
    assert done.exit_code == 0, done.output
    done = run(
        "build", "--weights", str(tmp_path), "--sentence", "the [E1] cat", "--output", str(tmp_path / "y.xlsx")
    )
    assert done.exit_code == 2
    assert "a token number 15" in done.output


def test_a_plain_list_is_no_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("one\ntwo\n")
    (tmp_path / "v.json").write_text('["one"]')
    assert read_tokenizer(tmp_path / "v.txt") is None
    assert read_tokenizer(tmp_path / "v.json") is None
    with pytest.raises(UserError, match="holds none of"):
        read_tokenizer(tmp_path)
