"""Every kind of published model that is built, by the `model_type` of its config.json.

Adding one: its `Kind` in `KINDS`, with a decision for each key of its config and the defaults that
Hugging Face's transformers has where a key is absent, and its class in scripts/make_config_fixture.py. Decisions
are read both ways: keys that mean something together also say how they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from xltransformer.nn.feed_forward import ALSO_CALLED
from xltransformer.record import record
from xltransformer.weights.labels import labelled, labels
from xltransformer.weights.rotary import (
    Part,
    in_turn,
    local_layers,
    rotary,
    shared_heads,
    sharing,
    turned,
    turned_in_part,
    window,
)
from xltransformer.weights.told import (
    IDLE,
    Choice,
    Count,
    Decision,
    Flag,
    Has,
    Layers,
    Number,
    Only,
    Size,
    Tied,
    Together,
    all_with,
)
from xltransformer.weights.translating import MARIAN
from xltransformer.weights.writing import WRITING, ending, ends


@record
class Kind:
    """A kind of model: the `classes` that may stand under `architectures`, each with the schemes of names (see
    `schemes.SCHEMES`) that its weights may have, the likeliest first; the decision for each of its `keys`; other
    names of keys with those that stand in `keys`; `fixed`, options of ours that its weights must have."""

    classes: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, Decision]
    aliases: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def schemes(self) -> tuple[str, ...]:
        """All schemes that such a model may have."""
        return tuple(dict.fromkeys(scheme for schemes in self.classes.values() for scheme in schemes))


GENERAL: Mapping[str, Decision] = {
    **WRITING,
    **all_with(
        IDLE, "model_type", "architectures", "transformers_version", "torch_dtype", "dtype", "_name_or_path",
        "_commit_hash", "name_or_path", "output_attentions", "output_hidden_states", "return_dict", "use_cache",
        "problem_type", "finetuning_task", "task_specific_params", "gradient_checkpointing", "torchscript",
        "attn_implementation", "_attn_implementation", "_attn_implementation_autoset", "chunk_size_feed_forward",
        "use_bfloat16", "initializer_range", "initializer_factor", "id2label", "label2id", "num_labels",
        "_num_labels", "tokenizer_class", "prefix", "bos_token_id", "sep_token_id", "decoder_start_token_id",
        "pad_token_id", "classifier_dropout", "unsloth_fixed", "unsloth_version",
        "transformers.js_config", "_flash_attn_2_enabled", "use_flash_attention_2", "pretraining_tp",
        "tie_encoder_decoder", "cross_attention_hidden_size", "output_past",
    ),
    **all_with(Only((False,)), "is_decoder", "is_encoder_decoder", "add_cross_attention"),
    "pruned_heads": Only(({},)),
}  # fmt: skip
"""What any config may have; a kind's own decision goes before."""

ACTIVATIONS = {**ALSO_CALLED, "relu": "relu", "silu": "silu"}
"""The library's names of activations with ours; SwiGLU's gate goes through SiLU."""
_GATED = dict.fromkeys(("silu", "swish"), "swiglu")


_LABELS = all_with(
    Together(labels, labelled), "id2label", "num_labels", "_num_labels", "problem_type", "sentence_transformers",
    "sbert_ce_default_activation_function",
)  # fmt: skip


def _bert(*, head_follows: bool, pad: Decision) -> dict[str, Decision]:
    """BERT's keys and those of RoBERTa, whose head always has GELU."""
    options = ("activation", "head_activation") if head_follows else ("activation",)
    return {
        "vocab_size": Size("vocabulary"),
        "hidden_size": Size("width"),
        "num_hidden_layers": Layers(),
        "num_attention_heads": Count("heads", 12),
        "intermediate_size": Size("d_ff"),
        "hidden_act": Choice(options, "gelu", ACTIVATIONS),
        "max_position_embeddings": Size("positions"),
        "type_vocab_size": Size("segments"),
        "layer_norm_eps": Number("epsilon", 1e-12),
        "position_embedding_type": Only(("absolute",)),
        "is_causal": Only((False,)),
        "pad_token_id": pad,
        "tie_word_embeddings": Only((True,)),
        **_LABELS,
        **all_with(IDLE, "hidden_dropout_prob", "attention_probs_dropout_prob", "directionality"),
        **all_with(
            IDLE, "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
            "pooler_type",
        ),
    }  # fmt: skip


def _classes(name: str, scheme: str) -> dict[str, tuple[str, ...]]:
    """A model like BERT by the class that it is saved as."""
    return {
        f"{name}ForMaskedLM": (scheme, f"{scheme}_states"),
        f"{name}Model": (f"{scheme}_states", scheme),
        f"{name}ForSequenceClassification": (f"{scheme}_sequence",),
        f"{name}ForTokenClassification": (f"{scheme}_words",),
    }


def _roberta(name: str) -> Kind:
    classes = {**_classes(name, "roberta"), f"{name}ForCausalLM": ("roberta",)}
    return Kind(classes, _bert(head_follows=False, pad=Only((1,))))


def _llama(groups: int | None, width: int | None = None, **more: Decision) -> dict[str, Decision]:
    """LLaMA's keys and those of its like; so many keys and values, and heads so wide (None: they share out the
    width), where the config does not say."""
    heads = Together(lambda config: shared_heads(config, 32, groups, width), sharing)
    return {
        "vocab_size": Size("vocabulary"),
        "hidden_size": Size("width"),
        "intermediate_size": Size("d_ff"),
        "num_hidden_layers": Layers(),
        **all_with(heads, "num_attention_heads", "num_key_value_heads", "head_dim"),
        "hidden_act": Choice(("activation",), "silu", _GATED),
        "rms_norm_eps": Number("epsilon", 1e-6),
        **all_with(
            Together(rotary, turned), "rope_theta", "rope_scaling", "rope_parameters", "partial_rotary_factor",
            "rotary_pct", "max_position_embeddings",
        ),
        **all_with(Together(window), "sliding_window", "use_sliding_window", "layer_types"),
        "tie_word_embeddings": Tied(False),
        "mlp_bias": Only((False,)),
        "is_causal": Only((True,)),
        **all_with(IDLE, "attention_dropout", "max_window_layers"),
        **more,
    }  # fmt: skip


_GPT2 = {
    "vocab_size": Size("vocabulary"),
    "n_embd": Size("width"),
    "n_layer": Layers(),
    "n_head": Count("heads", 12),
    "n_inner": Size("d_ff"),
    "n_positions": Size("positions"),
    "activation_function": Choice(("activation",), "gelu_new", ACTIVATIONS),
    "layer_norm_epsilon": Number("epsilon", 1e-5),
    "scale_attn_weights": Only((True,)),
    "scale_attn_by_inverse_layer_idx": Only((False,)),
    "is_causal": Only((True,)),
    "tie_word_embeddings": Tied(True),
    "eos_token_id": Together(lambda config: ends(config, 50256), ending),
    **all_with(
        IDLE, "n_ctx", "reorder_and_upcast_attn", "resid_pdrop", "embd_pdrop", "attn_pdrop", "summary_type",
        "summary_use_proj", "summary_activation", "summary_proj_to_labels", "summary_first_dropout",
        "hidden_dropout",
    ),
}  # fmt: skip
_DISTILBERT = {
    "vocab_size": Size("vocabulary"),
    "dim": Size("width"),
    "n_layers": Layers(),
    "n_heads": Count("heads", 12),
    "hidden_dim": Size("d_ff"),
    "max_position_embeddings": Size("positions"),
    "activation": Choice(("activation", "head_activation"), "gelu", ACTIVATIONS),
    "is_causal": Only((False,)),
    "tie_word_embeddings": Only((True,)),
    **_LABELS,
    **all_with(
        IDLE, "sinusoidal_pos_embds", "dropout", "attention_dropout", "qa_dropout", "seq_classif_dropout",
        "tie_weights_",
    ),
}  # fmt: skip
_BERT_CLASSES = {
    **_classes("Bert", "bert"),
    "BertForPreTraining": ("bert", "bert_states"),
    "BertLMHeadModel": ("bert",),
}
_END = Together(lambda config: ends(config, 2), ending)
_BIASED = Has(("attention_biases", "combining_bias"), False)
_PLAIN = {"attention_biases": False, "combining_bias": False, "query_key_norms": False}
_GPT_NEO = {
    "vocab_size": Size("vocabulary"),
    "hidden_size": Size("width"),
    "num_layers": Layers(),
    "num_heads": Count("heads", 16),
    "intermediate_size": Size("d_ff"),
    "max_position_embeddings": Size("positions"),
    "activation_function": Choice(("activation",), "gelu_new", ACTIVATIONS),
    "layer_norm_epsilon": Number("epsilon", 1e-5),
    **all_with(Together(local_layers, in_turn), "attention_types", "attention_layers", "window_size"),
    "is_causal": Only((True,)),
    "tie_word_embeddings": Tied(True),
    "eos_token_id": Together(lambda config: ends(config, 50256), ending),
    **all_with(
        IDLE, "resid_dropout", "embed_dropout", "attention_dropout", "summary_type", "summary_use_proj",
        "summary_activation", "summary_proj_to_labels", "summary_first_dropout",
    ),
}  # fmt: skip
_TURNING = Part("rotary_pct", 0.25, ("num_attention_heads", 64))
_GPT_NEOX = {
    "vocab_size": Size("vocabulary"),
    "hidden_size": Size("width"),
    "num_hidden_layers": Layers(),
    "num_attention_heads": Count("heads", 64),
    "intermediate_size": Size("d_ff"),
    "hidden_act": Choice(("activation",), "gelu", ACTIVATIONS),
    "layer_norm_eps": Number("epsilon", 1e-5),
    "use_parallel_residual": Flag("parallel", True),
    "attention_bias": Has(("attention_biases", "combining_bias"), True),
    **all_with(
        Together(lambda config: rotary(config, "rotary_emb_base", _TURNING), turned_in_part), "rotary_emb_base",
        "rotary_pct", "rope_scaling", "rope_parameters", "max_position_embeddings",
    ),
    "is_causal": Only((True,)),
    "tie_word_embeddings": Tied(False),
    "eos_token_id": _END,
    **all_with(IDLE, "attention_dropout", "hidden_dropout"),
}  # fmt: skip


def _decoder(name: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys((f"{name}ForCausalLM", f"{name}Model"), ("llama", "llama_meta"))


CALLED = {
    "bert": "BERT", "roberta": "RoBERTa", "xlm-roberta": "XLM-RoBERTa", "camembert": "CamemBERT", "mpnet": "MPNet",
    "distilbert": "DistilBERT", "gpt2": "GPT-2", "marian": "Marian", "gpt_neo": "GPT-Neo", "gpt_neox": "GPT-NeoX",
    "llama": "LLaMA", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3",
}  # fmt: skip
"""What a title calls each kind."""

KINDS: Mapping[str, Kind] = {
    "bert": Kind(_BERT_CLASSES, _bert(head_follows=True, pad=IDLE)),
    "roberta": _roberta("Roberta"),
    "xlm-roberta": _roberta("XLMRoberta"),
    "camembert": _roberta("Camembert"),
    "mpnet": Kind(
        _classes("MPNet", "mpnet"),
        _bert(head_follows=False, pad=Only((1,))) | {"relative_attention_num_buckets": Only((32,))},
    ),
    "distilbert": Kind(
        _classes("DistilBert", "distilbert"),
        _DISTILBERT,
        {"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"},
    ),
    "gpt2": Kind(
        dict.fromkeys(("GPT2LMHeadModel", "GPT2Model"), ("gpt2",)),
        _GPT2,
        {
            "hidden_size": "n_embd",
            "max_position_embeddings": "n_positions",
            "num_attention_heads": "n_head",
            "num_hidden_layers": "n_layer",
        },
    ),
    "marian": Kind(
        {"MarianMTModel": ("marian",)},
        MARIAN,
        {
            "num_attention_heads": "encoder_attention_heads",
            "hidden_size": "d_model",
            "num_hidden_layers": "encoder_layers",
        },
    ),
    "gpt_neo": Kind(
        dict.fromkeys(("GPTNeoForCausalLM", "GPTNeoModel"), ("gpt_neo",)),
        _GPT_NEO,
        {"num_attention_heads": "num_heads", "num_hidden_layers": "num_layers"},
    ),
    "gpt_neox": Kind(dict.fromkeys(("GPTNeoXForCausalLM", "GPTNeoXModel"), ("gpt_neox",)), _GPT_NEOX),
    "llama": Kind(
        _decoder("Llama"),
        _llama(None, eos_token_id=_END, attention_bias=_BIASED),
        fixed={"query_key_norms": False},
    ),
    "mistral": Kind(
        _decoder("Mistral"), _llama(8, eos_token_id=_END, attention_bias=Only((False,))), fixed=_PLAIN
    ),
    "qwen2": Kind(
        _decoder("Qwen2"), _llama(32, attention_bias=Only((False,))), fixed=_PLAIN | {"attention_biases": True}
    ),
    "qwen3": Kind(
        dict.fromkeys(("Qwen3ForCausalLM", "Qwen3Model"), ("llama",)),
        _llama(32, 128, attention_bias=_BIASED),
        fixed={"query_key_norms": True},
    ),
}


def kind_of(classes: Iterable[str]) -> str | None:
    """The kind that has one of the classes, None where none has."""
    return next((name for name, kind in KINDS.items() for one in classes if one in kind.classes), None)
