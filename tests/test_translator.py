"""A published translator, as Hugging Face's transformers saves it, against what it computes and writes."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kept import USUAL
from test_checkpoints import write_safetensors
from test_published import HUGGING_FACE, run, saved_model

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.graph import Array

KINDS = ("marian", "marian-relu")
WRITING = {"bad_words_ids": [[10]], "decoder_start_token_id": 10, "eos_token_id": 0, "forced_eos_token_id": 0,
           "max_length": 512, "num_beams": 1, "pad_token_id": 10, "_from_model_config": True,
           "output_attentions": False, "output_hidden_states": False, "use_cache": True}  # fmt: skip


def stored(name: str, key: str) -> list[int]:
    with np.load(HUGGING_FACE / f"{name}.npz") as arrays:
        return [int(number) for number in arrays[key]]


def state_of(name: str) -> dict[str, Array]:
    with np.load(HUGGING_FACE / f"{name}.npz") as arrays:
        return {key.removeprefix("state:"): arrays[key] for key in arrays.files if key.startswith("state:")}


def write(folder: Path, state: dict[str, Array]) -> None:
    write_safetensors(folder / "model.safetensors", {n: ("F64", v.shape, v.tobytes()) for n, v in state.items()})


def saved(name: str, folder: Path, writing: dict[str, Any] | None = None, **changes: Any) -> str:
    """The folder of a translator; returns its source."""
    words, _ = saved_model(name, folder, **changes)
    if writing is not None:
        (folder / "generation_config.json").write_text(json.dumps(WRITING | writing))
    return " ".join(words)


def made(folder: Path, *sentences: str, **options: Any) -> Instance:
    return make_instance(None, list(sentences), weights=folder, vocabulary=folder / "words.json", **options)


@pytest.mark.parametrize("name", KINDS)
def test_a_translator_computes_what_its_library_does(name: str, tmp_path: Path) -> None:
    """Its target begins with the pad, whether that is typed or not."""
    source = saved(name, tmp_path)
    _, result = saved_model(name, tmp_path)
    target = [f"w{number}" for number in stored(name, "decoder_input_ids")]
    assert target[0] == "w10"
    for typed in (target, target[1:]):
        instance = made(tmp_path, source, " ".join(typed), spare=False)
        assert not instance.warnings
        found = instance.trace()["sentence.1.prediction.logits"]
        assert np.abs(found[: len(target)] - result).max() < 1e-9


@pytest.mark.parametrize("name", KINDS)
def test_a_translator_writes_what_its_library_writes(name: str, tmp_path: Path) -> None:
    """generate(num_beams=1); its last word is the end, which the library forces where writing is cut off."""
    source, written = saved(name, tmp_path, {}), [f"w{number}" for number in stored(name, "written")]
    found = made(tmp_path, source, slots=[0, len(written) - 2]).trace()["sentence.1.words"].ravel().tolist()
    assert found == written[:-1]
    assert len(set(found)) > 2


def test_a_word_that_is_never_written(tmp_path: Path) -> None:
    """With a bias that makes the pad the likeliest word everywhere it is written, unless it must not be."""
    source = saved("marian", tmp_path, {"bad_words_ids": None})
    state = state_of("marian")
    state["final_logits_bias"][0, 10] = 100.0
    write(tmp_path, state)
    freely = made(tmp_path, source, slots=[0, 4]).trace()
    assert freely["sentence.1.words"].ravel().tolist() == ["w10"] * 5
    (tmp_path / "generation_config.json").write_text(json.dumps(WRITING))
    barred = made(tmp_path, source, slots=[0, 4]).trace()
    assert "w10" not in barred["sentence.1.words"].ravel()[1:]
    assert not barred["sentence.1.prediction.probabilities"][:, 10].any()


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("name", KINDS)
def test_the_sheets_of_a_translator_agree(name: str, engine: str, tmp_path: Path) -> None:
    source = saved(name, tmp_path, {})
    options: dict[str, Any] = {"weights": tmp_path, "vocabulary": tmp_path / "words.json"}
    api.build(tmp_path / "book.xlsx", [source], slots=[0, 4], settings={"layers": 1}, **options)
    assert diff(tmp_path / "book.xlsx", engine, tolerance=1e-9).ok


def test_beam_search_is_named(tmp_path: Path) -> None:
    source = saved("marian", tmp_path, {"num_beams": 4})
    assert [line for line in made(tmp_path, source).warnings if "beam search (num_beams 4)" in line]


@pytest.mark.parametrize(
    ("changes", "writing", "said"),
    [
        ({"share_encoder_decoder_embeddings": False}, {}, "share_encoder_decoder_embeddings false is not built"),
        ({"normalize_before": True}, {}, "normalize_before true is not built"),
        ({"decoder_vocab_size": 12}, {}, "decoder_vocab_size 12, but the weights have 11"),
        ({"decoder_layers": 2}, {}, "decoder_layers 2, but the weights have 1"),
        ({"decoder_ffn_dim": 8}, {}, "decoder_ffn_dim 8, but the weights have 12"),
        ({"decoder_attention_heads": 3}, {}, "3 heads do not divide the width 8"),
        ({"scale_embedding": 1}, {}, "scale_embedding is 1; give true or false"),
        ({"tie_word_embeddings": False}, {}, "tie_word_embeddings false"),
        ({"architectures": ["MarianForCausalLM"]}, {}, "architectures MarianForCausalLM"),
        ({}, {"bad_words_ids": [[3, 4]]}, "bad_words_ids [[3, 4]] is not built"),
        ({}, {"forced_bos_token_id": 3}, "forced_bos_token_id 3 is not built"),
        ({}, {"repetition_penalty": 1.2}, "repetition_penalty 1.2 is not built"),
        ({}, {"watermarking": True}, "watermarking true is not built"),
    ],
)
def test_what_would_be_translated_otherwise_is_refused_in_a_line(
    changes: dict[str, Any], writing: dict[str, Any], said: str, tmp_path: Path
) -> None:
    source = saved("marian", tmp_path, writing, **changes)
    result = run("build", "--weights", str(tmp_path), "--sentence", source, "-o", str(tmp_path / "x.xlsx"))
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert len(result.stderr.strip()) <= 300


@pytest.mark.parametrize(
    ("entry", "said"),
    [("model.encoder.embed_tokens.weight", "not the same as"), ("model.encoder.embed_positions.weight", "sines")],
)
def test_entries_that_must_be_what_others_are(entry: str, said: str, tmp_path: Path) -> None:
    source = saved("marian", tmp_path)
    state = state_of("marian")
    state["model.encoder.embed_tokens.weight"] = state["model.shared.weight"].copy()
    write(tmp_path, state)
    assert made(tmp_path, source)
    state[entry][0, 0] += 0.1
    write(tmp_path, state)
    result = run("trace", "--weights", str(tmp_path), "--sentence", source)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_translator_without_its_config_is_asked_for_it(tmp_path: Path) -> None:
    """Nothing in the weights tells how many heads there are, which activation, and whether words grow by √d."""
    source = saved("marian", tmp_path)
    (tmp_path / "config.json").unlink()
    result = run("trace", "--weights", str(tmp_path), "--sentence", source)
    assert result.exit_code == 2
    assert "the config.json that belongs to the weights" in result.stderr


def test_a_pad_in_the_source_is_refused(tmp_path: Path) -> None:
    """The library leaves it out of attention, where a sheet takes it for a word."""
    source = saved("marian", tmp_path)
    with pytest.raises(UserError, match="has 'w10', with which targets begin"):
        made(tmp_path, f"{source} w10")


def pieces_file(path: Path, pieces: list[str]) -> None:
    """A file of SentencePiece's (protocol buffers): <unk>, then pieces, the first the likeliest."""
    data = b""
    for k, piece in enumerate(["<unk>", *pieces]):
        text = piece.encode()
        one = bytes([10, len(text)]) + text + b"\x15" + struct.pack("<f", -float(k)) + bytes([24, 1 if k else 2])
        data += bytes([10, len(one)]) + one
    path.write_bytes(data)


def test_a_translator_s_own_tokenizer(tmp_path: Path) -> None:
    """The source by its pieces with the end behind it, the target by its own, begun and open."""
    pytest.importorskip("tokenizers")
    saved("marian", tmp_path, {})
    (tmp_path / "words.json").unlink()
    listed = ["</s>", "<unk>", "▁cat", "▁sat", "s", "▁", "▁chat", "▁dort", "e", "a", "<pad>"]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: k for k, piece in enumerate(listed)}))
    pieces_file(tmp_path / "source.spm", ["▁cat", "▁sat", "s", "▁"])
    pieces_file(tmp_path / "target.spm", ["▁chat", "▁dort", "e", "▁"])
    read = {"weights": tmp_path, "slots": 0}
    words = [
        make_instance(None, given, **read).trace()[f"sentence.{s}.words"].ravel().tolist()
        for given, s in ((["cats sat"], 0), (["cats sat"], 1), (["cat", "chat dort"], 1))
    ]
    assert words == [["▁cat", "s", "▁sat", "</s>"], ["<pad>"], ["<pad>", "▁chat", "▁dort"]]
    (tmp_path / "target.spm").unlink()
    assert make_instance(None, ["cats sat"], **read)
    with pytest.raises(UserError, match=r"no target\.spm beside it"):
        make_instance(None, ["cats sat", "chat"], **read)
