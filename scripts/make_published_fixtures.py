"""Reference values from the library with which such models are published, as small files.

    pip install torch transformers && python scripts/make_published_fixtures.py [NAME …]

writes tests/fixtures/published/*.npz, all or those named: models of Hugging Face's transformers, tiny and with
random numbers, as they save themselves: `config` is their config.json, `state:NAME` an array of their
state dict, `tokens` what goes in, `result` their logits, or last hidden states where they have no head, and
`continued` the tokens that follow by greedy decoding, where they write. Neither package is
needed for anything else; the tests read the files.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import numpy as np
import torch
import transformers as t

FOLDER = Path(__file__).parent.parent / "tests" / "fixtures" / "published"
VOCABULARY, TOKENS = 11, 7
NUMBERS = {"vocab_size": VOCABULARY, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
LLAMA = {**NUMBERS, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 12}
BERT = {**NUMBERS, "intermediate_size": 12, "max_position_embeddings": 12, "layer_norm_eps": 1e-5}
GPT2 = {"vocab_size": VOCABULARY, "n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 12, "n_inner": 12}
DISTIL = {
    "vocab_size": VOCABULARY, "dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 12,
    "max_position_embeddings": 12,
}  # fmt: skip
MARIAN = {
    "vocab_size": VOCABULARY, "d_model": 8, "encoder_layers": 2, "decoder_layers": 1, "encoder_ffn_dim": 12,
    "decoder_ffn_dim": 12, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "max_position_embeddings": 16, "pad_token_id": 10, "decoder_start_token_id": 10, "eos_token_id": 0,
    "forced_eos_token_id": 0,
}  # fmt: skip
NARROW = {
    "encoder_layers": 1, "decoder_layers": 2, "decoder_ffn_dim": 10, "decoder_attention_heads": 4,
}  # fmt: skip
DISTANT = {**BERT, "max_position_embeddings": 40}
LONGER = {"mpnet": 30, "mpnet-states": 30}
"""Tokens of models in which far words are told from near ones."""
LLAMA_3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 256, "rope_theta": 500000.0,
}  # fmt: skip
WRITTEN = 5
"""How many tokens are written on."""
NEOX = {**NUMBERS, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 12, "eos_token_id": None}
NEO = {
    "vocab_size": VOCABULARY, "hidden_size": 8, "num_layers": 2, "num_heads": 2, "intermediate_size": 12,
    "max_position_embeddings": 12, "attention_types": [[["global", "local"], 1]], "eos_token_id": None,
}  # fmt: skip
QWEN3 = {**LLAMA, "head_dim": 6, "eos_token_id": None}


def decoders() -> dict[str, t.PreTrainedModel]:
    """Decoders with options of layers that the others have not."""
    half, sequential = {"rotary_pct": 0.5}, {"use_parallel_residual": False}
    return {
        "gpt-neox": t.GPTNeoXForCausalLM(t.GPTNeoXConfig(**NEOX)),
        "gpt-neox-sequential": t.GPTNeoXForCausalLM(
            t.GPTNeoXConfig(**NEOX, **half, **sequential, attention_bias=False, tie_word_embeddings=True)
        ),
        "gpt-neo": t.GPTNeoForCausalLM(t.GPTNeoConfig(**NEO)),
        "gpt-neo-near": t.GPTNeoForCausalLM(t.GPTNeoConfig(**NEO, window_size=3)),
        "qwen3": t.Qwen3ForCausalLM(t.Qwen3Config(**QWEN3)),
        "qwen3-tied": t.Qwen3ForCausalLM(t.Qwen3Config(**QWEN3, tie_word_embeddings=True, attention_bias=True)),
    }


def models() -> dict[str, t.PreTrainedModel]:
    """One of every kind that loads, by its name."""
    linear = {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}
    plain = {"rope_type": "default", "rope_theta": 1000.0}
    return {
        "qwen2": t.Qwen2ForCausalLM(t.Qwen2Config(**LLAMA, tie_word_embeddings=True, rope_parameters=plain)),
        "qwen2-untied": t.Qwen2ForCausalLM(t.Qwen2Config(**LLAMA, tie_word_embeddings=False)),
        "llama-3": t.LlamaForCausalLM(t.LlamaConfig(**LLAMA, head_dim=8, rope_parameters=LLAMA_3)),
        "llama-linear": t.LlamaForCausalLM(t.LlamaConfig(**LLAMA, head_dim=4, rope_parameters=linear)),
        "llama-wide-heads": t.LlamaForCausalLM(t.LlamaConfig(**LLAMA, head_dim=6, tie_word_embeddings=True)),
        "mistral": t.MistralForCausalLM(t.MistralConfig(**LLAMA, head_dim=4, sliding_window=4096)),
        "roberta": t.RobertaForMaskedLM(t.RobertaConfig(**BERT, type_vocab_size=1)),
        "xlm-roberta-states": t.XLMRobertaModel(t.XLMRobertaConfig(**BERT, type_vocab_size=1)),
        "camembert": t.CamembertForMaskedLM(t.CamembertConfig(**BERT, type_vocab_size=1)),
        "bert-states": t.BertModel(t.BertConfig(**BERT)),
        "bert-relu": t.BertForMaskedLM(t.BertConfig(**BERT, hidden_act="relu")),
        "roberta-relu": t.RobertaForMaskedLM(t.RobertaConfig(**BERT, type_vocab_size=1, hidden_act="relu")),
        "roberta-pads": t.RobertaForMaskedLM(t.RobertaConfig(**BERT, type_vocab_size=1)),
        "roberta-two-kinds-states": t.RobertaModel(t.RobertaConfig(**BERT, type_vocab_size=2)),
        "bert": t.BertForMaskedLM(t.BertConfig(**BERT)),
        "distilbert": t.DistilBertForMaskedLM(t.DistilBertConfig(**DISTIL)),
        "distilbert-states": t.DistilBertModel(t.DistilBertConfig(**DISTIL)),
        "mpnet": t.MPNetForMaskedLM(t.MPNetConfig(**DISTANT)),
        "mpnet-states": t.MPNetModel(t.MPNetConfig(**DISTANT)),
        **classifiers(),
        "marian": t.MarianMTModel(t.MarianConfig(**MARIAN, activation_function="swish", scale_embedding=True)),
        "marian-relu": t.MarianMTModel(t.MarianConfig(**MARIAN | NARROW, activation_function="relu")),
        "gpt2": t.GPT2LMHeadModel(t.GPT2Config(**GPT2)),
        "gpt2-states": t.GPT2Model(t.GPT2Config(**GPT2)),
        "gpt2-untied": t.GPT2LMHeadModel(t.GPT2Config(**GPT2, tie_word_embeddings=False)),
    }


def classifiers() -> dict[str, t.PreTrainedModel]:
    """Sequence and token classification; a cross-encoder is one of a single class, and reads pairs."""
    three, two = {"id2label": {0: "NEG", 1: "so-so", 2: "POS"}}, {"num_labels": 2}
    roberta = {**BERT, "type_vocab_size": 1}
    return {
        "bert-sequence": t.BertForSequenceClassification(t.BertConfig(**BERT, **three)),
        "bert-cross": t.BertForSequenceClassification(t.BertConfig(**BERT, num_labels=1)),
        "bert-words": t.BertForTokenClassification(t.BertConfig(**BERT, **three)),
        "roberta-sequence": t.RobertaForSequenceClassification(t.RobertaConfig(**roberta, **three)),
        "roberta-words": t.RobertaForTokenClassification(t.RobertaConfig(**roberta, **two)),
        "xlm-roberta-cross": t.XLMRobertaForSequenceClassification(t.XLMRobertaConfig(**roberta, num_labels=1)),
        "camembert-sequence": t.CamembertForSequenceClassification(t.CamembertConfig(**roberta, **two)),
        "distilbert-sequence": t.DistilBertForSequenceClassification(t.DistilBertConfig(**DISTIL, **three)),
        "distilbert-words": t.DistilBertForTokenClassification(t.DistilBertConfig(**DISTIL, **two)),
        "mpnet-sequence": t.MPNetForSequenceClassification(t.MPNetConfig(**DISTANT, **two)),
        "mpnet-words": t.MPNetForTokenClassification(t.MPNetConfig(**DISTANT, **three)),
    }


SEPARATOR = 2
"""The token at the end of each sentence of a pair."""


def pair_in(name: str, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    """What a cross-encoder reads: two sentences, with two separators between in RoBERTa, in BERT the second one of
    the second kind."""
    if not name.endswith("cross"):
        return {"input_ids": tokens}
    tokens[0, [3, -1]] = SEPARATOR
    if not name.startswith("bert"):
        tokens[0, 4] = SEPARATOR
        return {"input_ids": tokens}
    kinds = torch.zeros_like(tokens)
    kinds[0, 4:] = 1
    return {"input_ids": tokens, "token_type_ids": kinds}


def shake(model: t.PreTrainedModel, size: float = 0.4) -> None:
    """Every parameter random: fresh models have biases of 0 and gains of 1, which would hide mistakes. Few digits
    make small files."""
    with torch.no_grad():
        for parameter in model.parameters():
            drawn = torch.randn_like(parameter) * size + (1.0 if parameter.ndim == 1 else 0.0)
            parameter.copy_(torch.round(drawn, decimals=2))


def translated(model: t.PreTrainedModel, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    """What goes into the decoder, and what is written greedily, the pad never: of some random models one that does
    not write the same again and again. Its positions, single in the library, are put in double.
    """
    places, width = model.model.encoder.embed_positions.weight.shape
    half = (width + 1) // 2
    angle = np.arange(places)[:, None] / 10000 ** (2 * (np.arange(width) % half) / width)
    exact = torch.tensor(np.where(np.arange(width) < half, np.sin(angle), np.cos(angle)))
    pad, written = model.config.pad_token_id, torch.zeros(1, 0)
    while len(set(written[0].tolist())) < 4:
        shake(model, 1.0)
        model.final_logits_bias.copy_(0.3 * torch.randn_like(model.final_logits_bias))
        for stack in (model.model.encoder, model.model.decoder):
            stack.embed_positions.weight.data = exact.clone()
        written = model.generate(tokens, num_beams=1, do_sample=False, max_new_tokens=9, suppress_tokens=[pad])
    return {"decoder_input_ids": torch.tensor([pad, *tokens[0, :4].tolist()]), "written": written[0]}


def pooled(states: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
    """The ways of sentence-transformers to make one vector of states (s x n x d), by their names there, as its
    Pooling defines them: n places, of which those with a mask (s x n) of 1 count."""
    there = mask.unsqueeze(-1).to(states.dtype)
    places = torch.arange(1, states.shape[1] + 1).to(states.dtype).reshape(1, -1, 1) * there
    last = mask.sum(dim=1) - 1
    return {
        "cls": states[:, 0],
        "mean": (states * there).sum(dim=1) / there.sum(dim=1),
        "max": states.masked_fill(there == 0, -1e9).max(dim=1).values,
        "mean_sqrt_len": (states * there).sum(dim=1) / there.sum(dim=1).sqrt(),
        "weightedmean": (states * places).sum(dim=1) / places.sum(dim=1),
        "lasttoken": states[torch.arange(len(states)), last],
    }


def poolings() -> None:
    """tests/fixtures/poolings.npz: the vectors of the sentence of bert-states, filled up with two places more."""
    with np.load(FOLDER / "bert-states.npz") as arrays:
        states = torch.from_numpy(arrays["result"])[None]
    torch.manual_seed(1)
    filled = torch.cat([states, torch.randn(1, 2, states.shape[2])], dim=1)
    mask = torch.tensor([[1] * states.shape[1] + [0, 0]])
    dense = torch.nn.Linear(states.shape[2], 5)
    vectors = pooled(filled, mask)
    with torch.no_grad():
        behind = {"tanh": torch.tanh(dense(vectors["mean"])), "none": dense(vectors["mean"])}
        plain = vectors["mean"] @ dense.weight.T
    np.savez_compressed(
        FOLDER.parent / "poolings.npz",
        weight=dense.weight.detach().numpy(), bias=dense.bias.detach().numpy(), unbiased=plain[0].numpy(),
        **{name: vector[0].numpy() for name, vector in {**vectors, **behind}.items()},
    )  # fmt: skip


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    torch.set_default_dtype(torch.float64)
    _only_double()
    poolings()
    for name, model in (models() | decoders()).items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        torch.manual_seed(zlib.crc32(name.encode()))  # each by itself, whatever the others are
        model.eval()
        tokens, result, more = _computed(name, model)
        state = {
            f"state:{key}": value.numpy() for key, value in model.state_dict().items() if value.is_floating_point()
        }
        tied = model.config.tie_word_embeddings
        shared = set(getattr(model, "all_tied_weights_keys", None) or {}) if tied else set()
        state = {key: value for key, value in state.items() if key.removeprefix("state:") not in shared}
        np.savez_compressed(
            FOLDER / f"{name}.npz", config=np.array(json.dumps(model.config.to_diff_dict() | _sure(model))),
            tokens=tokens[0].numpy(), result=result.numpy(), **state, **{k: x.numpy() for k, x in more.items()},
        )  # fmt: skip


def _only_double() -> None:
    """Where the library computes in single precision whatever its weights are (the angles of rotary positions,
    GPT-Neo's scores, softmax), have it compute in double precision: then all digits can be compared."""
    torch.float = torch.float32 = torch.float64
    torch.Tensor.float = torch.Tensor.double


def _computed(name: str, model: t.PreTrainedModel) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    """Tokens drawn, the result with numbers drawn, and what follows: not one word again and again, which would
    tell little."""
    while True:
        shake(model)
        tokens = torch.randint(3, VOCABULARY - 1, (1, LONGER.get(name, TOKENS)))
        tokens[0, [2, 3, 5][: 3 * name.endswith("pads")]] = 1  # RoBERTa's pad, typed among the words
        more = translated(model, tokens) if model.config.is_encoder_decoder else {}
        with torch.no_grad():
            decoded = {key: x[None] for key, x in more.items() if "decoder" in key}
            result = model(**pair_in(name, tokens), **decoded)[0][0]
        if more or not model.can_generate():
            return tokens, result, more
        continued = _continued(model, tokens)
        if len(set(continued.tolist())) > 2:
            return tokens, result, {"continued": continued}


def _continued(model: t.PreTrainedModel, tokens: torch.Tensor) -> torch.Tensor:
    """The tokens that follow by greedy decoding."""
    found = model.generate(tokens, max_new_tokens=WRITTEN, do_sample=False, pad_token_id=0)
    return found[0, tokens.shape[1] :]


def _sure(model: t.PreTrainedModel) -> dict[str, object]:
    """Entries of config.json that are always written by older versions, but left out at their defaults here."""
    config = model.config.to_dict()
    kept = (
        "model_type",
        "hidden_act",
        "activation_function",
        "activation",
        "num_attention_heads",
        "n_head",
        "n_heads",
        "attention_types",
        "rope_parameters",
    )
    return {"architectures": [type(model).__name__]} | {name: config[name] for name in kept if name in config}


if __name__ == "__main__":
    main()
