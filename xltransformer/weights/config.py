"""What lies beside published weights and tells of the model: config.json, and how sentences are pooled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xltransformer.bounds import read_bytes
from xltransformer.errors import UserError

MOST_BYTES = 10_000_000

_ACTIVATIONS = {
    "gelu": "gelu_erf",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "swiglu",
    "swish": "swiglu",
}
_TOLD = {
    "heads": ("num_attention_heads", "n_head", "n_heads"),
    "kv_heads": ("num_key_value_heads",),
    "epsilon": ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon"),
    "base": ("rope_theta",),
}
_NEUTRAL: Mapping[str, tuple[object, ...]] = {
    "partial_rotary_factor": (1,),
    "rotary_pct": (1,),
    "position_embedding_type": ("absolute",),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "embedding_multiplier": (1,),
    "residual_multiplier": (1,),
    "attention_multiplier": (),
    "logits_scaling": (1,),
    "scale_emb": (1,),
    "attn_logit_softcapping": (),
    "final_logit_softcapping": (),
    "clip_qkv": (),
}
"""Entries that change what a model computes without another name or shape among its weights, and the
values with which they change nothing; null never does."""
_ROBERTA = ("roberta", "xlm-roberta", "camembert")
LONGEST = 512
"""Tokens, more than a sentence may have: what begins only beyond is nothing to us."""


def told_beside(weights: Path) -> dict[str, Any]:
    """What Hugging Face's config.json in the folder of the weights tells, as options of ours (`heads`,
    `kv_heads`, `epsilon`, `base`, `activation`, and `longer` with its numbers), and `pooling` from the
    files of a sentence-embedding model; nothing where there are none.

    Raises UserError for a file that cannot be read, and for a model that computes what we have not.
    """
    file = weights.parent / "config.json"
    config = _object(file, ", or take it away and `settings={'heads': …}`")
    told: dict[str, Any] = {}
    for ours, theirs in _TOLD.items():
        value = next((config[name] for name in theirs if name in config), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            told[ours] = value
    for name, neutral in _NEUTRAL.items():
        if config.get(name) is not None and config[name] not in neutral:
            raise _not_built(file, f"{name} {config[name]!r:.40}")
    window = config.get("sliding_window") if config.get("use_sliding_window", True) else None
    if isinstance(window, int) and window < LONGEST:
        raise _not_built(file, f"a sliding_window of {window}")
    if isinstance(config.get("no_rope_layers"), list) and not all(config["no_rope_layers"]):
        raise _not_built(file, "layers without rotary positions (no_rope_layers)")
    kind = config.get("model_type")
    if kind in _ROBERTA and config.get("pad_token_id", 1) != 1:
        raise _not_built(file, f"{kind} with pad_token_id {config['pad_token_id']!r:.40}")
    if kind == "bert" and config.get("type_vocab_size") == 1:
        raise _not_built(file, "BERT with a type_vocab_size of 1")
    activation = config.get("hidden_act", config.get("activation_function", config.get("activation")))
    if activation is not None:
        if activation not in _ACTIVATIONS:
            raise _not_built(file, f"the activation {activation!r:.40}", ", ".join(_ACTIVATIONS))
        told["activation"] = _ACTIVATIONS[activation]
    return {**told, **_rotary(config, file), **_pooling(weights.parent)}


def _rotary(config: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """`base`, `longer` and its numbers from rope_scaling, which newer files call rope_parameters."""
    given = config.get("rope_scaling") or config.get("rope_parameters")
    if not given:
        return {}
    kind = given.get("rope_type", given.get("type")) if isinstance(given, dict) else given
    told = {}
    if isinstance(given, dict) and "rope_theta" in given:
        told["base"] = _number(given, "rope_theta", file)
    longest = config.get("max_position_embeddings")
    if kind == "default" or (kind == "dynamic" and isinstance(longest, int) and longest >= LONGEST):
        return told
    if kind == "linear":
        return {**told, "longer": "together", "factor": _number(given, "factor", file)}
    if kind == "llama3":
        theirs = {
            "factor": "factor",
            "low": "low_freq_factor",
            "high": "high_freq_factor",
            "original": "original_max_position_embeddings",
        }
        return {**told, "longer": "by_pair", **{ours: _number(given, name, file) for ours, name in theirs.items()}}
    raise _not_built(file, f"rope_scaling of the type {kind!r:.40}", "linear, llama3")


def _number(given: Mapping[str, Any], name: str, file: Path) -> float:
    value = given.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise UserError(f"{file}: {name} of rope_scaling is {value!r:.40}; give a number above 0")
    return value


def _pooling(folder: Path) -> dict[str, Any]:
    """`pooling`: "mean" or "first" as a sentence-embedding model has it, or what else it has, in its words."""
    modules = _read(folder / "modules.json", "")
    kinds = [str(one.get("type")).rpartition(".")[2] for one in modules or () if isinstance(one, dict)]
    other = [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
    if other:
        return {"pooling": f"a {other[0]} layer"}
    config = _object(folder / "1_Pooling" / "config.json", "")
    modes = [name.removeprefix("pooling_mode_") for name, on in config.items() if on is True and "_mode_" in name]
    names = {"cls": "first", "cls_token": "first", "mean": "mean", "mean_tokens": "mean"}
    chosen = modes or ([config["pooling_mode"]] if "pooling_mode" in config else [])
    return {"pooling": "+".join(names.get(str(mode), str(mode)) for mode in chosen)} if chosen else {}


def _object(file: Path, remedy: str) -> dict[str, Any]:
    """The object in a JSON file, an empty one where there is no file."""
    data = _read(file, remedy)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UserError(f"{file} holds no object; mend it{remedy}")
    return data


def _read(file: Path, remedy: str) -> Any:
    if not file.is_file():
        return None
    try:
        return json.loads(read_bytes(file, MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is no JSON ({error}); mend it{remedy}") from None


def _not_built(file: Path, what: str, built: str = "") -> UserError:
    others = f" (built are {built})" if built else ""
    return UserError(f"{file}: {what} is not built{others}; without it the numbers would be wrong")
