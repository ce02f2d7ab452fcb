"""Every key of the files beside published weights is used, known to be without effect, or refused by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from test_published import HUGGING_FACE, run, saved_model

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.errors import UserError
from xltransformer.weights.config import told_beside, told_in
from xltransformer.weights.kinds import CALLED, GENERAL, KINDS
from xltransformer.weights.told import Config
from xltransformer.weights.writing import WRITING

CLASSES = json.loads((HUGGING_FACE.parent / "config_classes.json").read_text("utf-8"))
NOWHERE = Path("config.json")


def made(folder: Path, *sentences: str, **settings: Any) -> Instance:
    options: dict[str, Any] = {"weights": folder, "vocabulary": folder / "words.json", "spare": False}
    return make_instance(None, list(sentences), **options, settings=settings)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_key_that_the_library_knows_is_decided_on(name: str) -> None:
    kind = KINDS[name]
    unknown = [key for key in CLASSES[name] if kind.aliases.get(key, key) not in {**GENERAL, **kind.keys}]
    assert unknown == []


def test_every_key_of_writing_is_decided_on() -> None:
    assert [key for key in CLASSES["generation"] if key not in WRITING] == []


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"marian", "gpt_neo", "gpt_neox"}))
def test_keys_left_out_are_what_the_library_takes(name: str) -> None:
    """The options told by a config that says only its kind are those told by all of the library's defaults."""
    whole = {key: value for key, value in CLASSES[name].items() if key != "layer_types"}
    if name in ("mistral", "llama"):
        whole.pop("head_dim", None)
    short, long = (told_in(Config(NOWHERE, keys)) for keys in ({"model_type": name}, whole))
    assert short.options == long.options
    assert short.ends in ((), long.ends)  # nothing is written by those that tell of none
    assert short.tied == long.tied


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize(("key", "value"), [("residual_scale", 2), ("is_decoder", True), ("auto_map", {"A": "b"})])
def test_a_key_that_is_not_known_is_refused_by_its_name(name: str, key: str, value: Any) -> None:
    with pytest.raises(UserError, match=f"{key} .* is not built"):
        told_in(Config(NOWHERE, {"model_type": name, key: value}))


# What loaded and was computed as another model


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("bert", {"is_decoder": True}, "is_decoder true is not built"),
        ("qwen2", {"is_causal": False}, "is_causal false is not built"),
        ("llama-3", {"model_type": "ernie4_5"}, "says model_type ernie4_5"),
        ("llama-3", {"architectures": ["GlmForCausalLM"]}, "architectures GlmForCausalLM"),
        ("llama-3", {"num_hidden_layers": 3}, "num_hidden_layers 3, but the weights have 2"),
        ("llama-3", {"attention_bias": True}, "attention_bias"),
        ("llama-wide-heads", {"tie_word_embeddings": False}, "have no output layer"),
        ("qwen2-untied", {"tie_word_embeddings": True}, "have an output layer other than the embeddings"),
        ("bert", {"tie_word_embeddings": False}, "tie_word_embeddings false is not built"),
        ("bert", {"intermediate_size": 13}, "intermediate_size 13, but the weights have 12"),
        ("bert", {"pruned_heads": {"0": [1]}}, "pruned_heads"),
        ("llama-3", {"head_dim": 4}, "head_dim 4, but the weights have 8"),
        ("llama-3", {"num_key_value_heads": 1}, "num_key_value_heads 1, but the weights have 2"),
        ("gpt2", {"num_attention_heads": 4}, "num_attention_heads and n_head are the same thing"),
        ("mistral", {"quantization_config": {"bits": 4}}, "quantization_config"),
    ],
)
def test_another_model_is_refused(name: str, changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    words, _ = saved_model(name, tmp_path, **changes)
    result = run("trace", "--weights", str(tmp_path), "--sentence", " ".join(words))
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip()) <= 300
    assert "attention_lessons" not in result.stderr


def test_the_first_layers_are_taken_where_the_config_says_so(tmp_path: Path) -> None:
    words, _ = saved_model("llama-3", tmp_path)
    asked = made(tmp_path, " ".join(words), layers=1).trace()["prediction.logits"]
    config = json.loads((tmp_path / "config.json").read_text()) | {"num_hidden_layers": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    np.testing.assert_array_equal(made(tmp_path, " ".join(words)).trace()["prediction.logits"], asked)


def test_names_that_no_model_has_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **{"tower.0.kernel": np.ones((2, 2))})
    result = run("trace", "--weights", str(tmp_path / "x.npz"), "--sentence", "a")
    assert result.exit_code == 2
    assert "tower.0.kernel and the rest are named like no model that is known: bert, " in result.stderr
    assert "attention_lessons" not in result.stderr


def test_a_config_counts_beside_an_npz(tmp_path: Path) -> None:
    words, _ = saved_model("bert", tmp_path)
    with np.load(HUGGING_FACE / "bert.npz") as arrays:
        state = {key.removeprefix("state:"): arrays[key] for key in arrays.files if key.startswith("state:")}
    np.savez(tmp_path / "w.npz", **state)
    (tmp_path / "config.json").write_text('{"model_type": "bert", "num_attention_heads": 2, "hidden_act": "relu"}')
    options: dict[str, Any] = {"vocabulary": tmp_path / "words.json", "spare": False}
    found = make_instance(None, [" ".join(words)], weights=tmp_path / "w.npz", **options)
    assert found.sizes.options["head_activation"] == "relu"


# Files beside config.json


def test_writing_ends_at_each_word_that_is_told(tmp_path: Path) -> None:
    """The first word that is written: after it nothing, wherever it stands in the list; and a published model does
    not end at the full stop of the template that it came into."""
    words, _ = saved_model("gpt2", tmp_path)
    sentence = " ".join(words[:2])

    def told(end: Any) -> Instance:
        (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": end}))
        return made(tmp_path, sentence, slots=3)

    assert told(None).sizes.ends() == []
    free = [str(word) for word in told(None).trace()["prediction.predicted"].ravel()]
    first, other = free[1], next(f"w{k}" for k in range(11) if f"w{k}" not in free)
    for end in ([first], [other, first], [first, other]):
        instance = told([int(word[1:]) for word in end])
        assert instance.sizes.ends() == end
        after = [block for block in instance.trace() if block.startswith("prediction.next")][-1]
        assert [str(word) for word in instance.trace()[after].ravel()][1:3] == [first, ""]
    (tmp_path / "generation_config.json").write_text('{"repetition_penalty": 1.5, "do_sample": true}')
    assert any("repetition_penalty 1.5" in line for line in made(tmp_path, sentence).warnings)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("generation_config.json", {"eos_token_id": "x"}, "eos_token_id is x"),
        ("generation_config.json", {"residual_scale": 2}, "residual_scale 2 is not built"),
        ("params.json", {"rope_theta": 500000.0, "n_heads": 4, "norm_eps": 0.1}, "differ: epsilon is 0.1"),
        ("params.json", {"lora": {"rank": 4}}, "lora"),
        (
            "params.json",
            {"rope_theta": 500000.0, "norm_eps": 1e-6, "n_heads": 4, "dim": 9},
            "differ: width is 9 and 8",
        ),
    ],
)
def test_files_that_say_otherwise_are_refused(
    file: str, content: dict[str, Any], said: str, tmp_path: Path
) -> None:
    words, _ = saved_model("llama-3", tmp_path)
    (tmp_path / file).write_text(json.dumps(content))
    with pytest.raises(UserError, match=said):
        made(tmp_path, " ".join(words))


def test_params_tell_of_heads_angles_and_epsilon(tmp_path: Path) -> None:
    content = {"dim": 8, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-3, "rope_theta": 500.0,
               "vocab_size": -1, "multiple_of": 4, "ffn_dim_multiplier": 1.3, "use_scaled_rope": True}  # fmt: skip
    (tmp_path / "params.json").write_text(json.dumps(content))
    told = told_beside(tmp_path / "consolidated.safetensors")
    scaled = {"longer": "by_pair", "factor": 8.0, "low": 1.0, "high": 4.0, "original": 8192.0}
    assert told.options == {"heads": 4, "epsilon": 1e-3, "base": 500.0, **scaled}
    assert told.misfit({"width": 8, "kv_heads": 1}) == "n_kv_heads 2, but the weights have 1"


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("sentence_bert_config.json", {"max_seq_length": 3}, "those after 3 would be cut off"),
        ("sentence_xlm-roberta_config.json", {"max_seq_length": 3}, "those after 3 would be cut off"),
        ("sentence_bert_config.json", {"max_seq_length": 12, "do_lower_case": True}, "small letters"),
        ("sentence_bert_config.json", {"stemming": True}, "stemming true is not built"),
        ("config_sentence_transformers.json", {"default_prompt_name": "q", "prompts": {"q": "query: "}}, "prompt"),
        ("config_sentence_transformers.json", {"similarity_fn_name": "dot"}, "similarity_fn_name dot"),
        ("config_sentence_transformers.json", {"truncate_dim": 4}, "truncate_dim 4"),
        ("modules.json", [{"path": "other", "type": "x.Pooling"}], "names other, which holds no config.json"),
    ],
)
def test_texts_that_would_be_changed_are_refused(file: str, content: Any, said: str, tmp_path: Path) -> None:
    words, _ = saved_model("bert-states", tmp_path)
    (tmp_path / file).write_text(json.dumps(content))
    with pytest.raises(UserError, match=said):
        made(tmp_path, " ".join([*words, "W3"]))


def test_a_text_is_no_longer_than_the_tokenizer_says(tmp_path: Path) -> None:
    """Where no file about cutting says it, sentence-transformers asks the tokenizer."""
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "", "type": "x.models.Transformer"}]))
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 4}')
    assert told_beside(tmp_path / "model.safetensors").pieces == 4
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 6}')
    assert told_beside(tmp_path / "model.safetensors").pieces == 6
    (tmp_path / "sentence_bert_config.json").unlink()
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 1e30}')
    assert told_beside(tmp_path / "model.safetensors").pieces is None


def test_the_pooling_folder_has_any_name(tmp_path: Path) -> None:
    words, result = saved_model("bert-states", tmp_path)
    modules = [{"path": "", "type": "x.models.Transformer"}, {"path": "pool", "type": "x.models.Pooling"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "config.json").write_text(
        '{"pooling_mode_cls_token": true, "word_embedding_dimension": 8}'
    )
    found = made(tmp_path, " ".join(words)).trace()["pooling.unit"][0]
    np.testing.assert_allclose(found, result[0] / np.linalg.norm(result[0]), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "title"),
    [("qwen3", "Qwen3, step by step"), ("gpt-neo", "GPT-Neo, step by step"), ("roberta", "RoBERTa")],
)
def test_a_published_model_is_called_by_its_name(name: str, title: str, tmp_path: Path) -> None:
    saved_model(name, tmp_path)
    api.build(tmp_path / "out.xlsx", ["w3 w4"], weights=tmp_path)
    opened = openpyxl.load_workbook(tmp_path / "out.xlsx", read_only=True)
    assert str(opened.worksheets[0]["B1"].value).startswith(title)
    assert CALLED.keys() == KINDS.keys()
