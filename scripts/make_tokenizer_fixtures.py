"""Small tokenizers of every family, and how the library with which they are published cuts texts.

    pip install transformers==5.24 sentencepiece protobuf && python scripts/make_tokenizer_fixtures.py

writes tests/fixtures/tokenizers.json.xz: `texts` in many scripts, for each folder of `families` its `files` and
the `ids` that AutoTokenizer gives, and of the library's classes the `keys` that their files may have. None of the
packages is needed for anything else; the test reads the file.
"""

from __future__ import annotations

import base64
import inspect
import io
import json
import lzma
import random
import tempfile
from pathlib import Path
from typing import Any

import sentencepiece
import tokenizers as t
import transformers
from tokenizers import models, normalizers, pre_tokenizers, processors, trainers
from transformers.models.auto.tokenization_auto import MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS as OVERRULED
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

TARGET = Path(__file__).parent.parent / "tests" / "fixtures" / "tokenizers.json.xz"
WORDS = {
    "Latin": "the cat sat on a mat café naïve Ångström Straße żółć İstanbul œuvre don't it's WE'LL",
    "Greek": "η γάτα κάθεται στο χαλί Ὀδυσσεύς ΣΊΣΥΦΟΣ άλφα",
    "Cyrillic": "кошка сидит на ковре Ёжик йод Київ ђак",
    "Hebrew": "החתול יושב על השטיח שָׁלוֹם ירושלים",
    "Arabic": "القطة تجلس على السجادة مَرْحَبًا ٣٤ ﻻ",
    "Devanagari": "बिल्ली चटाई पर बैठी है नमस्ते हिन्दी १२",
    "Bengali": "বিড়াল মাদুরে বসে আছে বাংলা ১২",
    "Thai": "แมวนั่งบนเสื่อ สวัสดี ๑๒ น้ำ",
    "Chinese": "猫坐在垫子上 你好,世界! 機器學習 𠀀",
    "Japanese": "猫はマットの上に座った がぎぐ ｶﾞ カタカナ",
    "Korean": "고양이가 매트에 앉았다 한국어 안녕",
    "signs": "😀 👨‍👩‍👧 ☃ ♥ → ∑ € ½ ﬁ ① ™ 🇩🇪 ♥♥ ¿qué? a_b x=1 … — “q”",
}
SPECIAL = [
    "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[E1]", "<s>", "</s>", "<mask>",
    "<unk>", "<pad>", "<|endoftext|>",
    "<|im_start|>", "<0x41>", "▁", "<extra>", ">>fr<<",
]  # fmt: skip
ODD = [
    "", " ", "  ", "\t", "\n", " \n ", "a  b", "a\tb", "a\n\nb",
    "  cat", "cat  ", "a   b  c", "ａｂｃ　１２", "e\u0301",
    "\u00e9", "\u1e9b\u0323", "가", "\u1112\u1161\u11ab", "zero\u200bwidth", "non\u200cjoiner", "\u200djoin",
    "\ufeffbom", "soft\u00adhyphen", "nb\u00a0sp", "thin\u2009sp", "a\u2028b",
    "bell\u0007", "nul\u0000x", "del\x7f",
    "\ufffd", "12345", "1,234.56", "a1b2", "x²", "Ⅳ", "३४५", "+49-30",
    "the" * 40, "x" * 120, "♥♥♥", "☃a☃", "İ", "ſ",
    "ǅ", "ﬀ", "\u0344", "～", "▁a", "a▁b", "a ▁ b", "Hello, World!", "HELLO", "I'LL we'Ll", "http://a.b/c?d=e",
]  # fmt: skip


def texts() -> list[str]:
    """At least 400: words of a script, of two, odd signs and special tokens between them."""
    draw, found = random.Random(1), list(ODD)
    for words in WORDS.values():
        found += [words, *words.split()[:6]]
        for _ in range(12):
            found.append(draw.choice((" ", "  ", "")).join(draw.choices(words.split(), k=draw.randint(2, 5))))
    everything = " ".join(WORDS.values()).split()
    for _ in range(60):
        found.append(
            draw.choice((" ", "", "\n", " \t")).join(draw.choices(everything + ODD, k=draw.randint(2, 5)))
        )
    for name in SPECIAL:
        found += [
            name,
            f"the {name} cat",
            f"the{name}cat",
            f"  {name}  {name} ",
            f"猫 {name}é",
            f"{name.lower()} x",
        ]
    return list(dict.fromkeys(found))


CORPUS = [*(" ".join(WORDS.values()).split()), *WORDS.values()]


def trained(model: Any, trainer: Any, pre: Any, normal: Any = None) -> t.Tokenizer:
    made = t.Tokenizer(model)
    made.pre_tokenizer, made.normalizer = pre, normal
    made.train_from_iterator(CORPUS * 3, trainer)
    return made


def word_piece(folder: Path, *, lower: bool, special: list[str]) -> None:
    normal = normalizers.BertNormalizer(lowercase=lower)
    trainer = trainers.WordPieceTrainer(
        vocab_size=260, special_tokens=special, show_progress=False, limit_alphabet=170
    )
    made = trained(models.WordPiece(unk_token="[UNK]"), trainer, pre_tokenizers.BertPreTokenizer(), normal)
    made.model.save(str(folder))


def byte_pairs(folder: Path, special: list[str]) -> t.Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made = trained(models.BPE(), trainer, pre_tokenizers.ByteLevel(add_prefix_space=False))
    made.model.save(str(folder))
    return made


RULES = (
    "ａ a,ｂ b,ｃ c,１ 1,２ 2,\u3000 \u0020,\t \u0020,\n \u0020,ﬁ fi,ﬀ ff,Ⅳ IV,"
    "² 2,① 1,™ TM,½ 1⁄2,e\u0301 é,ｶﾞ ガ,ｶ カ,İ I,\u200b \u0020,… ..."
)
"""Letters that are read as others: the usual map has 200,000 bytes and works alike."""


def sentence_piece(path: Path, **options: Any) -> None:
    written = io.BytesIO()
    if "normalization_rule_name" not in options:
        rules = path.parent.parent / "rules.tsv"
        pairs = [rule.partition(" ")[::2] for rule in RULES.split(",")]
        rules.write_text(
            "".join("\t".join(" ".join(f"{ord(c):X}" for c in side) for side in pair) + "\n" for pair in pairs)
        )
        options["normalization_rule_tsv"] = str(rules)
    usual = {"vocab_size": 330, "hard_vocab_limit": False, "character_coverage": 0.985, "minloglevel": 2}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 3), model_writer=written, **{**usual, **options}
    )
    path.write_bytes(written.getvalue())


def tell(folder: Path, model: str | None, **settings: Any) -> None:
    if model is not None:
        (folder / "config.json").write_text(json.dumps({"model_type": model}))
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))


BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
MERGED = {"model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity", "vocab_size": 590,
          "remove_extra_whitespaces": False, "split_digits": True}  # fmt: skip
LSTRIP = {"content": "<mask>", "lstrip": True, "rstrip": False, "normalized": False, "single_word": False}


def make_word_pieces(make: Any) -> None:
    word_piece(f := make("bert-uncased"), lower=True, special=BERT)
    tell(f, "bert")
    word_piece(f := make("bert-cased"), lower=False, special=BERT)
    tell(f, "bert", tokenizer_class="BertTokenizer", do_lower_case=False, additional_special_tokens=["[E1]"])
    word_piece(f := make("bert-accents"), lower=True, special=BERT)
    tell(f, "bert", do_lower_case=True, strip_accents=False, tokenize_chinese_chars=False)
    (f / "added_tokens.json").write_text(json.dumps({"<extra>": 260, "[E1]": 261}))
    word_piece(f := make("distilbert"), lower=True, special=BERT)
    tell(f, "distilbert", tokenizer_class="DistilBertTokenizerFast", model_max_length=512, never_split=None)
    word_piece(f := make("bert-json"), lower=True, special=BERT)
    tell(f, "bert", tokenizer_class="BertTokenizer", do_lower_case=False)
    saved(f)
    tell(f, "bert", tokenizer_class="BertTokenizer", do_lower_case=True)  # overrules what tokenizer.json says
    word_piece(f := make("mpnet"), lower=True, special=["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])
    tell(f, "mpnet", tokenizer_class="MPNetTokenizer")
    word_piece(f := make("mpnet-json"), lower=True, special=["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])
    tell(f, "mpnet", tokenizer_class="MPNetTokenizer")
    saved(f)


def make_byte_pairs(make: Any) -> None:
    byte_pairs(f := make("gpt2"), ["<|endoftext|>"])
    tell(f, "gpt2")
    byte_pairs(f := make("gpt2-marked"), ["<|endoftext|>"])
    tell(f, "gpt_neo", tokenizer_class="GPT2Tokenizer", add_bos_token=True, add_prefix_space=True)
    byte_pairs(f := make("roberta"), ROBERTA)
    tell(f, "roberta")
    (f / "special_tokens_map.json").write_text(json.dumps({"mask_token": LSTRIP, "bos_token": "<s>"}))
    byte_pairs(f := make("roberta-json"), ROBERTA)
    tell(f, "roberta", tokenizer_class="RobertaTokenizer", mask_token={"__type": "AddedToken", **LSTRIP})
    saved(f)
    byte_pairs(f := make("qwen2"), ["<|endoftext|>", "<|im_start|>"])
    added = {"0": {"content": "<|endoftext|>", "special": True}, "1": {"content": "<|im_start|>", "special": True}}
    tell(f, "qwen2", tokenizer_class="Qwen2Tokenizer", added_tokens_decoder=added, bos_token=None)
    byte_pairs(f := make("qwen3-json"), ["<|endoftext|>", "<|im_start|>"])
    tell(f, "qwen3", tokenizer_class="Qwen2Tokenizer", additional_special_tokens=["<|im_start|>"])
    saved(f)
    made = byte_pairs(f := make("gpt-neox"), ["<|endoftext|>", "<|padding|>"])
    made.normalizer = normalizers.NFC()
    made.add_special_tokens(["<|endoftext|>", "<|padding|>"])
    made.add_tokens([t.AddedToken("  ", normalized=True)])
    keep(f, made)
    tell(f, "gpt_neox", tokenizer_class="GPTNeoXTokenizer")
    made = byte_pairs(f := make("llama-3"), ["<|endoftext|>", "<s>"])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    made.add_special_tokens(["<|endoftext|>", "<s>"])
    keep(f, made)
    tell(f, "llama", tokenizer_class="LlamaTokenizer", bos_token="<s>", eos_token="<|endoftext|>")
    made = byte_pairs(f := make("file"), ["<|endoftext|>"])
    made.enable_padding(length=8)
    made.enable_truncation(3)
    keep(f, made)


def make_sentence_pieces(make: Any) -> None:
    sentence_piece((f := make("llama")) / "tokenizer.model", **MERGED)
    tell(f, "llama", tokenizer_class="LlamaTokenizer", add_bos_token=True, legacy=False)
    sentence_piece((f := make("llama-json")) / "tokenizer.model", **MERGED)
    tell(f, "llama", tokenizer_class="LlamaTokenizer", add_bos_token=True, legacy=True)
    saved(f)
    (f / "tokenizer.model").unlink()
    sentence_piece((f := make("mistral")) / "tokenizer.model", **MERGED)
    tell(f, "mistral", tokenizer_class="LlamaTokenizer", add_bos_token=True, bos_token="<s>")
    sentence_piece((f := make("pieces")) / "tokenizer.model", user_defined_symbols=["<extra>", "sat"])
    tell(f, "llama", add_eos_token=True)
    for name, model, kind in (
        ("xlm-roberta", "xlm-roberta", "XLMRoberta"),
        ("camembert", "camembert", "Camembert"),
    ):
        sentence_piece((f := make(name)) / "sentencepiece.bpe.model")
        tell(f, model, tokenizer_class=f"{kind}Tokenizer")
        sentence_piece((f := make(f"{name}-json")) / "sentencepiece.bpe.model")
        tell(f, model, tokenizer_class=f"{kind}TokenizerFast")
        saved(f)
        (f / "sentencepiece.bpe.model").unlink()
    sentence_piece((f := make("marian")) / "source.spm")
    (f / "target.spm").write_bytes((f / "source.spm").read_bytes())
    model = sentencepiece.SentencePieceProcessor(str(f / "source.spm"))
    pieces = [model.id_to_piece(k) for k in range(3, model.get_piece_size()) if k % 9]
    numbers = {piece: k for k, piece in enumerate(["</s>", "<unk>", ">>fr<<", *pieces[::-1], "<pad>"])}
    (f / "vocab.json").write_text(json.dumps(numbers))
    tell(f, "marian", tokenizer_class="MarianTokenizer", source_lang="en", target_lang="fr")


def saved(folder: Path) -> None:
    """The folder's tokenizer as it saves itself, in place of the vocabulary."""
    made = transformers.AutoTokenizer.from_pretrained(folder)
    for name in ("vocab.txt", "vocab.json", "merges.txt"):
        (folder / name).unlink(missing_ok=True)
    made.save_pretrained(folder)


def keep(folder: Path, made: t.Tokenizer) -> None:
    for name in ("vocab.json", "merges.txt"):
        (folder / name).unlink()
    made.save(str(folder / "tokenizer.json"), pretty=False)


def keys() -> dict[str, list[str]]:
    """The names that the classes take."""
    names = ["Bert", "MPNet", "Roberta", "GPT2", "Qwen2", "GPTNeoX", "Llama", "XLMRoberta", "Camembert", "Marian"]
    found = {}
    for name in names:
        made = getattr(transformers, f"{name}Tokenizer")
        found[f"{name}Tokenizer"] = sorted(
            {*inspect.signature(made.__init__).parameters} - {"self", "args", "kwargs"}
        )
    return found


def main() -> None:
    wanted, families = texts(), {}
    with tempfile.TemporaryDirectory() as home:

        def make(name: str) -> Path:
            (Path(home) / name).mkdir()
            return Path(home) / name

        for step in (make_word_pieces, make_byte_pairs, make_sentence_pieces):
            step(make)
        for folder in sorted(path for path in Path(home).iterdir() if path.is_dir()):
            made = transformers.AutoTokenizer.from_pretrained(folder)
            files = {}
            for file in sorted(folder.iterdir()):
                if file.name != "target.spm":
                    binary = file.suffix in (".model", ".spm")
                    data = file.read_bytes()
                    files[file.name] = base64.b64encode(data).decode() if binary else data.decode("utf-8")
            families[folder.name] = {"files": files, "ids": [made(text)["input_ids"] for text in wanted]}
    classes = {kind: [name, kind in OVERRULED] for kind, name in TOKENIZER_MAPPING_NAMES.items()}
    data = {"texts": wanted, "families": families, "keys": keys(), "classes": classes}
    TARGET.write_bytes(lzma.compress(json.dumps(data, ensure_ascii=False).encode("utf-8"), preset=9))
    print(f"{len(wanted)} texts, {len(families)} families, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
