"""What a generation_config.json, or a config.json without one beside it, tells of how a model writes on."""

from __future__ import annotations

from collections.abc import Mapping

from xltransformer.checked import is_whole
from xltransformer.errors import UserError
from xltransformer.weights.told import IDLE, Config, Decision, Keys, Said, Together, Told, all_with, short


def ends(config: Config, default: int | None = None) -> Told:
    """The words, by their numbers, after which nothing is written: `eos_token_id`, one or several; the `default`
    where the key is absent."""
    given = config.keys.get("eos_token_id", default)
    numbers = given if isinstance(given, list) else [] if given is None else [given]
    if not all(is_whole(number) for number in numbers):
        raise UserError(f"{config.file}: eos_token_id is {short(given)}; give the number of a token, or several")
    return Told(ends=tuple(numbers))


def ending(told: Told) -> Keys:
    """The key that says after which words nothing is written; null without any, lest a default hold."""
    return {"eos_token_id": told.ends[0] if len(told.ends) == 1 else [*told.ends] or None}


WRITING: Mapping[str, Decision] = {
    "eos_token_id": Together(ends, ending),
    **all_with(
        IDLE, "do_sample", "temperature", "top_k", "top_p", "top_h", "min_p", "typical_p", "epsilon_cutoff",
        "eta_cutoff", "max_length", "max_new_tokens", "max_time", "early_stopping", "length_penalty", "use_cache",
        "cache_implementation", "cache_config", "num_return_sequences", "output_attentions", "use_mtp",
        "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate", "pad_token_id",
        "bos_token_id", "decoder_start_token_id", "is_assistant", "num_assistant_tokens", "max_cache_len",
        "num_assistant_tokens_schedule", "assistant_confidence_threshold", "prompt_lookup_num_tokens",
        "max_matching_ngram_size", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind",
        "assistant_ensemble_weight", "speculation_type", "compile_config", "disable_compile", "low_memory",
        "continuous_batching_config", "prefill_chunk_size", "renormalize_logits", "remove_invalid_values",
        "transformers_version", "_from_model_config", "_commit_hash", "chat_format", "trust_remote_code",
        "max_window_size", "diversity_penalty", "encoder_no_repeat_ngram_size", "encoder_repetition_penalty",
    ),
    **all_with(Said((1,)), "repetition_penalty", "num_beams", "num_beam_groups", "guidance_scale"),
    **all_with(Said((0,)), "no_repeat_ngram_size", "min_length", "min_new_tokens", "penalty_alpha"),
    **all_with(
        Said(([],)), "bad_words_ids", "suppress_tokens", "begin_suppress_tokens", "forced_bos_token_id",
        "forced_eos_token_id", "sequence_bias", "exponential_decay_length_penalty", "dola_layers", "constraints",
        "force_words_ids", "stop_strings", "watermarking_config",
    ),
    "token_healing": Said((False,)),
}  # fmt: skip
"""What is decided on each key that says how a model writes: here it always writes the likeliest word."""
