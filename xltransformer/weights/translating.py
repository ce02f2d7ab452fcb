"""The keys of a config.json of MarianMTModel, and of the generation_config.json beside it."""

from __future__ import annotations

from collections.abc import Mapping

from xltransformer.checked import is_whole
from xltransformer.errors import UserError
from xltransformer.nn.feed_forward import ALSO_CALLED
from xltransformer.weights.told import (
    IDLE,
    Choice,
    Config,
    Count,
    Decision,
    Flag,
    Keys,
    Only,
    Size,
    Tied,
    Together,
    Told,
    joined,
    short,
)
from xltransformer.weights.writing import ending


def _token(config: Config, key: str, default: int | None) -> int | None:
    """The number of a token, or the only one of a list; UserError for what is none."""
    value = config.keys.get(key, default)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is not None and not is_whole(value, 0):
        raise UserError(f"{config.file}: {key} is {short(value)}; give the number of a token")
    return None if value is None else int(value)


def start(config: Config) -> Told:
    """The token with which the decoder begins."""
    return Told(start=_token(config, "decoder_start_token_id", 58100))


def end(config: Config) -> Told:
    """The token that ends what is written."""
    found = _token(config, "eos_token_id", 0)
    return Told(ends=() if found is None else (found,))


def never(config: Config) -> Told:
    """The token that is never written: [[58100]], say."""
    value = config.keys.get("bad_words_ids")
    if value is None:
        return Told()
    one = value[0] if isinstance(value, list) and len(value) == 1 else None
    if not isinstance(one, list) or len(one) != 1 or not is_whole(one[0], 0):
        raise config.refused("bad_words_ids", "built: one token alone")
    return Told(never=one[0])


def barring(told: Told) -> Keys:
    """The key that says which token is never written."""
    return {} if told.never is None else {"bad_words_ids": [[told.never]]}


def beams(config: Config) -> Told:
    """How many ways of going on are followed at once: here always one."""
    value = config.keys.get("num_beams", 1)
    if value in (None, 1):
        return Told()
    return Told(
        notes=(
            f"the model is published with beam search (num_beams {short(value)}): here the likeliest next word is "
            "written each time, which may give another sentence",
        )
    )


WRITING: Mapping[str, Decision] = {
    "decoder_start_token_id": Together(start, lambda told: {"decoder_start_token_id": told.start}),
    "eos_token_id": Together(end, ending),
    "bad_words_ids": Together(never, barring),
    "num_beams": Together(beams),
    **dict.fromkeys(("pad_token_id", "bos_token_id", "forced_eos_token_id", "max_length", "early_stopping"), IDLE),
    **dict.fromkeys(("length_penalty", "renormalize_logits", "num_return_sequences", "use_cache"), IDLE),
    **dict.fromkeys(("output_attentions", "output_hidden_states", "output_scores", "max_new_tokens"), IDLE),
    **dict.fromkeys(("min_length", "no_repeat_ngram_size"), Only((0,))),
    "repetition_penalty": Only((1.0, 1)),
    "do_sample": Only((False,)),
    **dict.fromkeys(("forced_bos_token_id", "suppress_tokens", "begin_suppress_tokens"), Only(())),
}
"""What is said of writing; a forced end stands only where writing is cut off."""
_ABOUT = ("transformers_version", "_from_model_config")


def writing(config: Config) -> Told:
    """What a generation_config.json tells; UserError for a key that is not known."""
    keys = {key: value for key, value in config.keys.items() if key not in _ABOUT and value is not None}
    unknown = next((key for key in keys if key not in WRITING), None)
    if unknown is not None:
        raise config.refused(unknown)
    return joined(WRITING[key].tell(config, key) for key in keys)


MARIAN: Mapping[str, Decision] = {
    "vocab_size": Size("vocabulary"),
    "decoder_vocab_size": Size("vocabulary"),
    "d_model": Size("width"),
    "encoder_layers": Size("model.encoder.layers."),
    "decoder_layers": Size("model.decoder.layers."),
    "encoder_attention_heads": Count("heads", 16),
    "decoder_attention_heads": Count("decoder_heads", 16),
    "encoder_ffn_dim": Size("d_ff"),
    "decoder_ffn_dim": Size("decoder_d_ff"),
    "activation_function": Choice(("activation",), "gelu", {**ALSO_CALLED, "relu": "relu", "silu": "silu"}),
    "scale_embedding": Flag("stretched", False),
    "share_encoder_decoder_embeddings": Only((True,)),
    "is_encoder_decoder": Only((True,)),
    "tie_word_embeddings": Tied(True),
    **dict.fromkeys(("normalize_before", "normalize_embedding", "add_final_layer_norm"), Only((False,))),
    "static_position_embeddings": Only((True,)),
    "max_position_embeddings": Size("positions"),
    **dict.fromkeys(("encoder_layerdrop", "decoder_layerdrop", "dropout", "attention_dropout"), IDLE),
    **dict.fromkeys(("activation_dropout", "classifier_dropout", "classif_dropout", "init_std"), IDLE),
    **dict.fromkeys(("add_bias_logits", "extra_pos_embeddings"), IDLE),
    **WRITING,
}
