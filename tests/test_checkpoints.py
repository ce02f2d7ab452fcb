"""State dicts by their published names: what fits, and what is said of what does not."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from test_torch import fixture, state_of

from xltransformer.errors import UserError
from xltransformer.graph import Array, Axis, Model
from xltransformer.weights import SCHEMES, Checkpoint, load, read_source


def gpt2() -> dict[str, Array]:
    return dict(state_of(fixture("gpt2-0")[1]))


def test_packed_projections_are_dealt_out_to_the_heads() -> None:
    """Width 2, two heads: rows of torch's matrix are Q's two columns, then K's, then V's."""
    state = {name: np.zeros(shape) for name, shape in _torch_layer(2, 3).items()}
    state["layers.0.self_attn.in_proj_weight"] = np.arange(12.0).reshape(6, 2)
    state["layers.0.self_attn.in_proj_bias"] = np.arange(6.0)
    state["layers.0.linear1.weight"] = np.arange(6.0).reshape(3, 2)
    blocks = load("torch_encoder", state, heads=2).blocks
    assert blocks["encoder.0.head.0.W_Q"].tolist() == [[0], [1]]
    assert blocks["encoder.0.head.1.W_Q"].tolist() == [[2], [3]]
    assert blocks["encoder.0.head.0.W_K"].tolist() == [[4], [5]]
    assert blocks["encoder.0.head.1.W_V"].tolist() == [[10], [11]]
    assert blocks["encoder.0.head.1.b_V"].tolist() == [[5]]
    assert blocks["encoder.0.feed_forward.W_1"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert blocks["encoder.0.norm.1.gain"].shape == (1, 2)
    assert "encoder.norm.gain" not in blocks


def _torch_layer(d: int, f: int) -> dict[str, tuple[int, ...]]:
    return {
        "layers.0.self_attn.in_proj_weight": (3 * d, d),
        "layers.0.self_attn.in_proj_bias": (3 * d,),
        "layers.0.self_attn.out_proj.weight": (d, d),
        "layers.0.self_attn.out_proj.bias": (d,),
        "layers.0.linear1.weight": (f, d),
        "layers.0.linear1.bias": (f,),
        "layers.0.linear2.weight": (d, f),
        "layers.0.linear2.bias": (d,),
        "layers.0.norm1.weight": (d,),
        "layers.0.norm1.bias": (d,),
        "layers.0.norm2.weight": (d,),
        "layers.0.norm2.bias": (d,),
    }


def test_every_kind_of_fault_is_told_at_once() -> None:
    state = gpt2()
    del state["transformer.ln_f.bias"]
    state["transformer.h.1.mlp.c_fc.weight"] = np.zeros((6, 23))
    state["transformer.wte.weight"] = np.zeros(54)
    state["transformer.h.0.attn.extra"] = np.zeros((1, 1))
    with pytest.raises(UserError) as error:
        load("gpt2", state, heads=2)
    assert str(error.value) == (
        "this is no state dict of the scheme gpt2: missing: transformer.ln_f.bias; surplus: "
        "transformer.h.0.attn.extra; misshapen: transformer.wte.weight (54, expected 9x6) and 1 more"
    )


def test_a_layer_left_out_is_missing() -> None:
    state = dict(state_of(fixture("encoder-4")[1]))
    state = {name: value for name, value in state.items() if not name.startswith("layers.3.")}
    with pytest.raises(UserError, match=r"missing: layers\.3\.self_attn\.in_proj_weight"):
        load("torch_encoder", state, heads=2)


def test_another_scheme_is_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="no state dict of the scheme bert") as error:
        load("bert", gpt2(), heads=2)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) <= 300
    with pytest.raises(UserError, match="give one of torch_encoder"):
        load("rwkv", gpt2(), heads=2)
    for scheme in SCHEMES:
        with pytest.raises(UserError, match="missing"):
            load(scheme, {}, heads=1)


@pytest.mark.parametrize("heads", [0, 4, -2])
def test_heads_must_divide_the_width(heads: int) -> None:
    with pytest.raises(UserError, match="do not divide the width 6"):
        load("gpt2", gpt2(), heads=heads)


def test_published_variants_of_the_names() -> None:
    state = gpt2()
    wanted = load("gpt2", state, heads=2)
    bare = {name.removeprefix("transformer."): value for name, value in state.items()}
    bare |= {f"h.{k}.attn.bias": np.ones((1, 1, 8, 8)) for k in range(2)}
    del bare["lm_head.weight"]
    for other in (bare, bare | {"lm_head.weight": state["lm_head.weight"]}):
        found = load("gpt2", other, heads=2)
        assert found.sizes == wanted.sizes
        assert found.blocks.keys() == wanted.blocks.keys()

    state = dict(state_of(fixture("bert-0")[1]))
    wanted = load("bert", state, heads=2)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in state.items()
        if not name.startswith("cls.predictions.decoder")
    }
    old |= {"bert.pooler.dense.weight": np.ones((6, 6)), "cls.seq_relationship.bias": np.ones(2)}
    found = load("bert", old, heads=2)
    assert found.blocks.keys() == wanted.blocks.keys()
    np.testing.assert_array_equal(found.blocks["embedding_norm.gain"], wanted.blocks["embedding_norm.gain"])


def test_separate_output_weights_are_kept() -> None:
    blocks = load("gpt2", state_of(fixture("gpt2-2")[1]), heads=3).blocks
    assert blocks["output.W"].shape == (9, 13)
    assert "output.W" not in load("gpt2", gpt2(), heads=2).blocks


def test_fitting_a_model() -> None:
    model = Model()
    g = model.scope()
    width = Axis.numbered("d", 2)
    g.input("position_embeddings", Axis.numbered("", 3), width, "parameter", row_per_place=True)
    g.input("W", width, width, "parameter")
    positions, W = np.arange(10.0).reshape(5, 2), np.eye(2)
    fitted = Checkpoint({"position_embeddings": positions, "W": W}, {}).fit(model)
    assert fitted["position_embeddings"].tolist() == [[0, 1], [2, 3], [4, 5]]
    wrong = Checkpoint({"position_embeddings": positions[:2], "V": W}, {})
    with pytest.raises(
        UserError, match=r"missing: W; surplus: V; misshapen: position_embeddings \(2x2, expected 3x2\)"
    ):
        wrong.fit(model)


def write_safetensors(path: Path, arrays: dict[str, tuple[str, tuple[int, ...], bytes]]) -> None:
    header, data = {}, b""
    for name, (dtype, shape, raw) in arrays.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_safetensors_of_every_width(tmp_path: Path) -> None:
    values = np.array([[1.5, -2.0, 0.25]])
    single = values.astype("<f4")
    arrays = {
        "double": ("F64", (1, 3), values.tobytes()),
        "single": ("F32", (3, 1), single.tobytes()),
        "half": ("F16", (3,), values.astype("<f2").tobytes()),
        "brain": ("BF16", (3,), (single.view("<u4") >> 16).astype("<u2").tobytes()),
        "embeddings.position_ids": ("I64", (1,), b"\0" * 8),
        "h.0.attn.bias": ("BOOL", (1,), b"\0"),
    }
    write_safetensors(tmp_path / "w.safetensors", arrays)
    state = read_source(tmp_path / "w.safetensors").state
    assert list(state) == ["double", "single", "half", "brain"]
    assert all(np.asarray(value, dtype=float).ravel().tolist() == [1.5, -2.0, 0.25] for value in state.values())
    assert state["single"].shape == (3, 1)
    assert state["brain"].shape == (3,)


def test_npz_is_read_in_double_precision(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([1, 2]), b=np.array([[0.5]], dtype="f4"))
    state = read_source(tmp_path / "w.npz").state
    assert state["a"].dtype == state["b"].dtype == float


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("w.pt", b""),
        ("w.npz", b""),
        ("w.npz", b"no archive"),
        ("w.safetensors", b""),
        ("w.safetensors", b"\xff" * 20),
        ("w.safetensors", struct.pack("<Q", 2) + b"[]"),
        ("w.safetensors", struct.pack("<Q", 10) + b'{"a": 123}'),
    ],
)
def test_unreadable_files_are_named(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=name):
        read_source(tmp_path / name)
    with pytest.raises(UserError, match="missing"):
        read_source(tmp_path / "missing.npz")


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="holds objects"):
        read_source(tmp_path / "w.npz")
