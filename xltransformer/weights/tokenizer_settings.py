"""What the files beside a tokenizer's vocabulary say of it: tokenizer_config.json, special_tokens_map.json,
added_tokens.json, and of config.json what kind of model it is.

Every key of them is used, known to be without effect on the pieces, or refused by its name. What each means,
and which class cuts where several are named, is as transformers 5.24 has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from xltransformer.bounds import read_text
from xltransformer.errors import UserError
from xltransformer.record import record

CONFIG, SPECIAL, ADDED, MODEL = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json",
)  # fmt: skip
NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
"""The special tokens that have a name of their own, in the order in which they are added."""

USED = {
    *NAMED, "tokenizer_class", "extra_special_tokens", "additional_special_tokens", "added_tokens_decoder",
    "split_special_tokens", "add_bos_token", "add_eos_token", "add_prefix_space", "trim_offsets", "do_lower_case",
    "tokenize_chinese_chars", "strip_accents", "legacy",
}  # fmt: skip
WITHOUT_EFFECT = {
    "backend", "chat_control_tokens", "chat_template", "clean_up_tokenization_spaces",
    "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output", "device_map", "do_basic_tokenize",
    "errors", "extra_ids", "files_loaded", "from_slow", "is_local", "keep_accents", "local_files_only", "max_len",
    "max_length", "model_input_names", "model_max_length", "name_or_path", "never_split", "pad_to_multiple_of",
    "pad_token_type_id", "padding", "padding_side", "processor_class", "remove_space", "response_schema",
    "response_template", "return_tensors", "revision", "source_lang", "spaces_between_special_tokens",
    "special_tokens_map_file", "stride", "target_lang", "target_vocab_file", "tokenizer_file",
    "tokenizer_padding",
    "tokenizer_truncation", "torch_dtype", "trim", "truncation", "truncation_side", "truncation_strategy",
    "use_default_system_prompt", "use_fast", "verbose",
    "vocab_file", "vocab_size", "merges_file", "vocab_path",
    "bos_token_id", "eos_token_id", "unk_token_id", "sep_token_id", "pad_token_id", "cls_token_id",
    "mask_token_id",
    "transformers_version", "unk_id", "_commit_hash",
}  # fmt: skip
"""Keys that say how texts are filled up, cut off, saved or put together again, or that nothing reads."""
FLAGS = {
    "split_special_tokens", "add_bos_token", "add_eos_token", "add_prefix_space", "do_lower_case", "legacy",
    "tokenize_chinese_chars", "strip_accents",
}  # fmt: skip
ONLY: Mapping[str, tuple[Any, ...]] = {
    "auto_map": (None,),  # a program of the model's own
    "fast_tokenizer_files": (None, [], ["tokenizer.json"]),
    "fix_mistral_regex": (None, False),
    "init_inputs": (None, []),
    "model_specific_special_tokens": (None, {}),
    "separate_vocabs": (None, False),
    "sp_model_kwargs": (None, {}),
}
"""Keys that may have some values alone: with others the pieces differ."""

CLASSES = {
    "BartTokenizer": "roberta", "BertTokenizer": "bert", "BloomTokenizer": "file",
    "CamembertTokenizer": "camembert",
    "ConvBertTokenizer": "bert", "DPRContextEncoderTokenizer": "bert", "DPRQuestionEncoderTokenizer": "bert",
    "DPRReaderTokenizer": "bert", "DistilBertTokenizer": "bert", "ElectraTokenizer": "bert",
    "GPT2Tokenizer": "gpt2", "GPTNeoXTokenizer": "gpt_neox", "LEDTokenizer": "roberta", "LlamaTokenizer": "llama",
    "LongformerTokenizer": "roberta", "LxmertTokenizer": "bert", "MPNetTokenizer": "mpnet",
    "MarianTokenizer": "marian", "MobileBertTokenizer": "bert", "MvpTokenizer": "roberta",
    "PreTrainedTokenizer": "file", "Qwen2Tokenizer": "qwen2",
    "RobertaTokenizer": "roberta", "SqueezeBertTokenizer": "bert", "TokenizersBackend": "file",
    "XLMRobertaTokenizer": "xlm-roberta",
}  # fmt: skip
"""The kind of tokenizer of every class that is known, without Fast behind its name; `file`: as its file says."""
MODEL_CLASSES: Mapping[str, str | None] = {
    "bart": "RobertaTokenizer", "bert": "BertTokenizer", "camembert": "CamembertTokenizer",
    "distilbert": "BertTokenizer", "electra": "BertTokenizer", "gpt2": "GPT2Tokenizer", "gpt_neo": "GPT2Tokenizer",
    "gpt_neox": "GPTNeoXTokenizer", "gptj": "GPT2Tokenizer", "llama": None, "marian": "MarianTokenizer",
    "mistral": "TokenizersBackend", "mpnet": "MPNetTokenizer", "opt": "GPT2Tokenizer", "qwen2": "Qwen2Tokenizer",
    "qwen3": "Qwen2Tokenizer", "roberta": "RobertaTokenizer", "xlm-roberta": "XLMRobertaTokenizer",
}  # fmt: skip
"""The class that belongs to a type of model; None where only tokenizer_config.json can say it."""
OVERRULED = {"qwen2"}
"""Types of models whose class holds, whatever tokenizer_config.json names."""


@record
class Told:
    """What the files say: the `kind` of tokenizer (None: nothing names one), the settings of its class, its added
    tokens by number, each as the keywords that make it, and whether there are such files at all."""

    kind: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    added: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    there: bool = False


def told_beside(path: Path, tokenizer: Mapping[str, Any] | None = None) -> Told:
    """What the files in the folder of a vocabulary say; `tokenizer` is what tokenizer.json holds, if that is it.

    Raises UserError for a key or a class that is not known.
    """
    folder = path.parent
    config, model = _object(folder / CONFIG), _object(folder / MODEL)
    for key, value in config.items():
        _check_key(folder / CONFIG, key, value)
    values = {key: value for key, value in config.items() if key != "tokenizer_class"}
    if tokenizer is not None:  # what stands around a text, that file says
        values = {key: value for key, value in values.items() if key not in ("add_bos_token", "add_eos_token")}
    if "additional_special_tokens" in values and not values.get("extra_special_tokens"):
        values["extra_special_tokens"] = values.pop("additional_special_tokens")
    if "added_tokens_decoder" in values:
        added = {int(number): token for number, token in values.pop("added_tokens_decoder").items()}
    else:
        values |= _special_tokens(folder / SPECIAL, values)
        added = {**_added_tokens(folder / ADDED, values), **_added_in(tokenizer)}
    kind = kind_of(folder, config, model, tokenizer)
    return Told(kind, values, added, bool(config or model))


def kind_of(
    folder: Path, config: Mapping[str, Any], model: Mapping[str, Any], tokenizer: Mapping[str, Any] | None = None
) -> str | None:
    """The kind of tokenizer that tokenizer_config.json, else config.json name; None where neither does."""
    named = config.get("tokenizer_class") or model.get("tokenizer_class")
    kept, named = named, None if named is None else str(named).removesuffix("Fast")
    kind = model.get("model_type")
    if named is not None and named not in CLASSES:
        raise UserError(
            f"{folder / CONFIG} names the class {kept!r:.60}, whose way of cutting texts is not known here: "
            "give a list of words, one in each line"
        )
    if kind is not None and kind not in MODEL_CLASSES:
        raise UserError(f"{folder / MODEL} names the model type {kind!r:.60}, whose tokenizer is not known here")
    own = None if kind is None else MODEL_CLASSES[kind]
    if named == "LlamaTokenizer" and own != "TokenizersBackend" and kind not in OVERRULED and _by_bytes(tokenizer):
        return "file"  # LlamaTokenizer itself knows nothing of bytes
    if named is None or (own is not None and (kind in OVERRULED or own == "TokenizersBackend")):
        named = own
    if named is None:
        return None if kind is None else "file"
    return CLASSES[named]


def _by_bytes(tokenizer: Mapping[str, Any] | None) -> bool:
    return tokenizer is not None and '"ByteLevel"' in json.dumps(tokenizer)


def _check_key(file: Path, key: str, value: Any) -> None:
    """Raise UserError for a key whose value changes the pieces, or that is not known."""
    own_token = key.endswith("_token") and isinstance(value, str | dict)
    if key in FLAGS and value is not None and not isinstance(value, bool):
        raise UserError(f"{file} has {key} {json.dumps(value):.60}; give true or false")
    if key in ONLY and value not in ONLY[key]:
        raise UserError(
            f"{file} has {key} {json.dumps(value):.60}, which is not done here; leave it out or ask for it"
        )
    if key not in USED and key not in WITHOUT_EFFECT and key not in ONLY and not own_token:
        raise UserError(
            f"{file} has the key {key!r:.60}, which is not known here: take it out if it changes no piece"
        )


def _object(file: Path) -> dict[str, Any]:
    """What a file says, nothing where there is none."""
    if not file.is_file():
        return {}
    try:
        data = json.loads(read_text(file))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is no JSON: {error!s:.80}; download it again") from None
    if not isinstance(data, dict):
        raise UserError(f"{file} holds no object; download it again")
    return data


def _special_tokens(file: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of special_tokens_map.json, the tokens, which stand before those of tokenizer_config.json."""
    found: dict[str, Any] = {}
    for key, value in _object(file).items():
        if not (key.endswith("_token") or key in ("extra_special_tokens", "additional_special_tokens")):
            raise UserError(f"{file} has the key {key!r:.60}, which is not known here: take it out")
        if isinstance(value, dict) and key != "extra_special_tokens":
            value = {"__type": "AddedToken", **value, "special": True}
        elif isinstance(value, list) and key == "extra_special_tokens":
            tokens = [{"__type": "AddedToken", **t, "special": True} if isinstance(t, dict) else t for t in value]
            before = list(values.get(key) or [])
            value = [*before, *(token for token in tokens if token not in before)]
        found[key] = value
    return found


def _added_tokens(file: Path, values: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """The tokens of added_tokens.json by number."""
    special = {content_of(values[name]) for name in NAMED if values.get(name)}
    special |= {content_of(token) for token in values.get("extra_special_tokens") or []}
    return {
        number: {"content": content, "normalized": content not in special, "special": content in special}
        for content, number in _object(file).items()
    }


def content_of(token: Any) -> str:
    """The text of a special token, which is that text or an object that has it."""
    return str(token["content"] if isinstance(token, dict) else token)


def _added_in(tokenizer: Mapping[str, Any] | None) -> dict[int, dict[str, Any]]:
    """The added tokens of a tokenizer.json by number."""
    listed = [] if tokenizer is None else tokenizer.get("added_tokens") or []
    return {token["id"]: {key: value for key, value in token.items() if key != "id"} for token in listed}
