"""What a params.json tells, as Meta publishes it with LLaMA, and Mistral with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xltransformer.weights.rotary import window
from xltransformer.weights.told import (
    IDLE,
    Config,
    Count,
    Decision,
    Layers,
    Number,
    Only,
    Size,
    Together,
    Told,
    all_with,
)


def _scaled(config: Config) -> Told:
    """LLaMA 3.1's angles, where `use_scaled_rope` says so, with the numbers that its program has."""
    if not config.keys.get("use_scaled_rope"):
        return Told()
    numbers: dict[str, Any] = {"low": 1.0, "original": 8192.0, "longer": "by_pair"}
    numbers["factor"] = config.number("rope_scaling_factor", 8.0)
    return Told({**numbers, "high": config.number("rope_high_freq_factor", 4.0)})


def _vocabulary(config: Config) -> Told:
    """The rows of the vocabulary; LLaMA 2 says -1 and leaves it to the tokenizer."""
    return Told() if config.keys.get("vocab_size", -1) == -1 else Size("vocabulary").tell(config, "vocab_size")


PARAMS: Mapping[str, Decision] = {
    "dim": Size("width"),
    "n_layers": Layers(),
    "n_heads": Count("heads", 32),
    "n_kv_heads": Size("kv_heads"),
    "head_dim": Size("d_k"),
    "hidden_dim": Size("d_ff"),
    "norm_eps": Number("epsilon", 1e-5),
    "rope_theta": Number("base", 10000.0),
    "vocab_size": Together(_vocabulary),
    **all_with(Together(_scaled), "use_scaled_rope", "rope_scaling_factor", "rope_high_freq_factor"),
    "sliding_window": Together(window),
    "causal": Only((True,)),
    **all_with(Only((False,)), "use_biases", "vision"),
    **all_with(
        IDLE, "multiple_of", "ffn_dim_multiplier", "max_batch_size", "max_seq_len", "max_position_embeddings",
        "tied_embeddings", "tie_word_embeddings",
    ),
}  # fmt: skip
"""The decision for each key; how wide the feed-forward network is, which Meta's program makes of three, the
weights tell, as they tell whether there is an output layer."""
