"""Reference values from PyTorch, as small files: inputs, weights and outputs in double precision.

    pip install torch && python scripts/make_torch_fixtures.py

writes tests/fixtures/torch/*.npz, the same bytes each time. PyTorch is needed for this alone; the
tests read the files. Each file holds `config` (JSON), the state dict as `state:NAME` and whatever
else goes in or comes out under its own name. Where gradients are kept, `target` is what a loss compares
the result with, `loss` is that loss, and `gradient:NAME` its gradient with respect to an entry of the
state dict or to an input. Padding is 1 where a word stands, as in this project
(PyTorch: True where none does).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

FOLDER = Path(__file__).parent.parent / "tests" / "fixtures" / "torch"
Config = dict[str, Any]


MOST_GRADIENTS = 700
"""Gradients are kept of models with no more numbers than this, so that the files stay small."""


def save(name: str, config: Config, state: dict[str, Tensor], **arrays: Tensor) -> None:
    entries = {f"state:{key}": value for key, value in state.items()} | arrays
    values = {key: value.detach().numpy() for key, value in entries.items()}
    assert all(np.isfinite(value).all() for value in values.values()), name
    np.savez_compressed(FOLDER / f"{name}.npz", config=np.array(json.dumps(config)), **values)


def learn(state: dict[str, Tensor], loss: Tensor, target: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
    """The loss and its gradients by autograd, as they are saved; `state` with its variables."""
    leaves = state | inputs
    if sum(leaf.numel() for leaf in leaves.values()) > MOST_GRADIENTS:
        return {}
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = {f"gradient:{key}": leaf.grad for key, leaf in leaves.items()}
    return {"loss": loss, "target": target} | {key: g for key, g in gradients.items() if g is not None}


def mean_squared(
    state: dict[str, Tensor], output: Tensor, padding: list[int] | None = None, **inputs: Tensor
) -> dict[str, Tensor]:
    """The mean squared error from a random target over the rows where a word stands, and its gradients."""
    target = torch.randn_like(output)
    rows = torch.tensor(padding or [1] * len(output)) == 1
    return learn(state, functional.mse_loss(output[rows], target[rows]), target, **inputs)


def cross_entropy(state: dict[str, Tensor], logits: Tensor, padding: list[int] | None = None) -> dict[str, Tensor]:
    """The cross-entropy with random words, of which the first row has none, and its gradients."""
    target = torch.randint(logits.shape[1], (len(logits),))
    rows = torch.tensor(padding or [1] * len(logits)) == 1
    if len(logits) > 1:
        rows[0] = False
    target[~rows] = -1
    return learn(state, functional.cross_entropy(logits, target, ignore_index=-1), target)


def variables(module: Any) -> dict[str, Tensor]:
    """The state dict with what autograd knows of it."""
    state: dict[str, Tensor] = module.state_dict(keep_vars=True)
    return state


def noise(*shape: int) -> Tensor:
    """Random numbers as an input that has a gradient."""
    return torch.randn(*shape).requires_grad_()


def shake(module: Any) -> Any:
    """Every parameter random: fresh modules have biases of 0 and gains of 1, which would hide mistakes."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            gain = parameter.ndim == 1 and name.endswith("weight")
            parameter.copy_(torch.randn_like(parameter) * 0.4 + (1.0 if gain else 0.0))
    return module


def absent(padding: list[int]) -> Tensor:
    """Padding as PyTorch wants it, with its batch dimension."""
    return torch.tensor([[not here for here in padding]])


def later(n: int) -> Tensor:
    """True where a query must not look: the causal mask."""
    return torch.triu(torch.ones(n, n, dtype=torch.bool), diagonal=1)


def multi_head(name: str, c: Config) -> None:
    source = c.get("source_width")
    module = shake(
        nn.MultiheadAttention(c["width"], c["heads"], bias=c["biases"], kdim=source, vdim=source, batch_first=True)
    )
    x = noise(len(c["padding_q"]), c["width"])
    y = x if c["self"] else noise(len(c["padding_k"]), source or c["width"])
    mask = later(len(x)) if c["causal"] else None
    output, weights = module(
        x[None], y[None], y[None], key_padding_mask=absent(c["padding_k"]), attn_mask=mask,
        average_attn_weights=False,
    )  # fmt: skip
    inputs = {"x": x} if c["self"] else {"x": x, "y": y}
    learned = mean_squared(variables(module), output[0], c["padding_q"], **inputs)
    save(name, c, module.state_dict(), x=x, y=y, output=output[0], weights=weights[0], **learned)


def attention(name: str, c: Config) -> None:
    """One attention by itself, with its weights head by head and on average."""
    module = shake(nn.MultiheadAttention(c["width"], c["heads"], bias=c["biases"], batch_first=True))
    x = torch.randn(1, c["words"], c["width"])
    output, weights = module(x, x, x, average_attn_weights=False)
    averaged = module(x, x, x)[1]
    save(name, c, module.state_dict(), x=x[0], output=output[0], weights=weights[0], averaged=averaged[0])


def layer_norm(name: str, c: Config) -> None:
    module = shake(nn.LayerNorm(c["width"], eps=c["epsilon"], bias=c["biases"]))
    x = (torch.randn(c["rows"], c["width"]) * 3 + 1).requires_grad_()
    output = module(x)
    save(name, c, module.state_dict(), x=x, output=output, **mean_squared(variables(module), output, x=x))


def rms_norm(name: str, c: Config) -> None:
    module = shake(nn.RMSNorm(c["width"], eps=c["epsilon"]))
    x = (torch.randn(c["rows"], c["width"]) * 3 + 1).requires_grad_()
    output = module(x)
    save(name, c, module.state_dict(), x=x, output=output, **mean_squared(variables(module), output, x=x))


def gelu(name: str, c: Config) -> None:
    x = (torch.randn(c["rows"], c["width"]) * c["spread"]).requires_grad_()
    erf, tanh = functional.gelu(x), functional.gelu(x, approximate="tanh")
    save(name, c, {}, x=x, erf=erf, tanh=tanh, **mean_squared({}, erf + 2 * tanh, x=x))


class SwiGlu(nn.Module):
    """The feed-forward network of LLaMA."""

    def __init__(self, width: int, inner: int, biases: bool) -> None:
        super().__init__()
        self.w1 = nn.Linear(width, inner, bias=biases)
        self.w2 = nn.Linear(inner, width, bias=biases)
        self.w3 = nn.Linear(width, inner, bias=biases)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.w2(functional.silu(self.w1(x)) * self.w3(x))
        return result


def swiglu(name: str, c: Config) -> None:
    module = shake(SwiGlu(c["width"], c["d_ff"], c["biases"]))
    x = noise(c["rows"], c["width"])
    output = module(x)
    save(name, c, module.state_dict(), x=x, output=output, **mean_squared(variables(module), output, x=x))


def recurrent(name: str, c: Config) -> None:
    states(name, c, nn.RNN)


def lstm(name: str, c: Config) -> None:
    states(name, c, nn.LSTM)


def gru(name: str, c: Config) -> None:
    states(name, c, nn.GRU)


def states(name: str, c: Config, kind: type[nn.RNNBase]) -> None:
    module = shake(kind(c["width"], c["state"], batch_first=True))
    x = noise(c["rows"], c["width"])
    output = module(x[None])[0][0]
    save(name, c, module.state_dict(), x=x, output=output, **mean_squared(variables(module), output, x=x))


def gelu_tanh(x: Tensor) -> Tensor:
    return functional.gelu(x, approximate="tanh")


ACTIVATIONS = {"relu": functional.relu, "gelu_erf": functional.gelu, "gelu_tanh": gelu_tanh}


def layer_options(c: Config) -> Config:
    return {
        "d_model": c["width"],
        "nhead": c["heads"],
        "dim_feedforward": c["d_ff"],
        "dropout": 0.0,
        "activation": ACTIVATIONS[c["activation"]],
        "batch_first": True,
        "norm_first": c["pre_norm"],
        "bias": c["biases"],
    }


def encoder(name: str, c: Config) -> None:
    norm = nn.LayerNorm(c["width"], bias=c["biases"]) if c["final_norm"] else None
    layer = nn.TransformerEncoderLayer(**layer_options(c))
    module = shake(nn.TransformerEncoder(layer, c["layers"], norm, enable_nested_tensor=False))
    x = noise(len(c["padding"]), c["width"])
    output = module(x[None], src_key_padding_mask=absent(c["padding"]))[0]
    learned = mean_squared(variables(module), output, c["padding"], x=x)
    save(name, c, module.state_dict(), x=x, output=output, **learned)


def decoder(name: str, c: Config) -> None:
    norm = nn.LayerNorm(c["width"], bias=c["biases"]) if c["final_norm"] else None
    module = shake(nn.TransformerDecoder(nn.TransformerDecoderLayer(**layer_options(c)), c["layers"], norm))
    x, memory = noise(len(c["padding"]), c["width"]), noise(len(c["memory_padding"]), c["width"])
    output = module(
        x[None], memory[None], tgt_mask=later(len(x)), tgt_key_padding_mask=absent(c["padding"]),
        memory_key_padding_mask=absent(c["memory_padding"]),
    )[0]  # fmt: skip
    learned = mean_squared(variables(module), output, c["padding"], x=x, memory=memory)
    save(name, c, module.state_dict(), x=x, memory=memory, output=output, **learned)


def transformer(name: str, c: Config) -> None:
    layers = {"num_encoder_layers": c["encoder_layers"], "num_decoder_layers": c["decoder_layers"]}
    module = shake(nn.Transformer(**layer_options(c), **layers))
    x, y = noise(len(c["padding"]), c["width"]), noise(len(c["memory_padding"]), c["width"])
    padding, memory_padding = absent(c["padding"]), absent(c["memory_padding"])
    output = module(
        y[None], x[None], tgt_mask=later(len(x)), src_key_padding_mask=memory_padding,
        tgt_key_padding_mask=padding, memory_key_padding_mask=memory_padding,
    )[0]  # fmt: skip
    learned = mean_squared(variables(module), output, c["padding"], x=x, source=y)
    save(name, c, module.state_dict(), x=x, source=y, output=output, **learned)


def by_heads(x: Tensor, heads: int) -> Tensor:
    """(n x d) to (heads x n x d/heads)."""
    return x.view(len(x), heads, -1).transpose(0, 1)


class Conv1D(nn.Module):
    """GPT-2's linear map: its weights are (inputs x outputs)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class Gpt2(nn.Module):
    """The published GPT-2 under its published names, for one sentence."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        d, self.heads = c["width"], c["heads"]

        def block() -> nn.ModuleDict:
            attention = nn.ModuleDict({"c_attn": Conv1D(d, 3 * d), "c_proj": Conv1D(d, d)})
            mlp = nn.ModuleDict({"c_fc": Conv1D(d, c["d_ff"]), "c_proj": Conv1D(c["d_ff"], d)})
            return nn.ModuleDict({"ln_1": nn.LayerNorm(d), "attn": attention, "ln_2": nn.LayerNorm(d), "mlp": mlp})

        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(c["vocabulary"], d),
                "wpe": nn.Embedding(c["positions"], d),
                "h": nn.ModuleList(block() for _ in range(c["layers"])),
                "ln_f": nn.LayerNorm(d),
            }
        )
        self.lm_head = nn.Linear(d, c["vocabulary"], bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        t: Any = self.transformer
        x = t.wte(tokens) + t.wpe(torch.arange(len(tokens)))
        for h in t.h:
            q, k, v = (by_heads(part, self.heads) for part in h.attn.c_attn(h.ln_1(x)).chunk(3, dim=-1))
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + h.attn.c_proj(mixed.transpose(0, 1).reshape(x.shape))
            x = x + h.mlp.c_proj(gelu_tanh(h.mlp.c_fc(h.ln_2(x))))
        logits: Tensor = self.lm_head(t.ln_f(x))
        return logits


def gpt2(name: str, c: Config) -> None:
    module = shake(Gpt2(c))
    if c["tied"]:
        module.lm_head.weight = module.transformer["wte"].weight  # type: ignore[assignment]
    tokens = torch.randint(c["vocabulary"], (c["tokens"],))
    logits = module(tokens)
    learned = cross_entropy(variables(module), logits)
    save(name, c, module.state_dict(), tokens=tokens, logits=logits, **learned)


class Bert(nn.Module):
    """The published BERT with its masked-word head, under its published names, for one text."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        d, v, self.heads = c["width"], c["vocabulary"], c["heads"]

        def norm() -> nn.LayerNorm:
            return nn.LayerNorm(d, eps=c["epsilon"])

        def dense(inputs: int, outputs: int, *, normed: bool) -> nn.ModuleDict:
            parts: dict[str, nn.Module] = {"dense": nn.Linear(inputs, outputs)}
            return nn.ModuleDict(parts | ({"LayerNorm": norm()} if normed else {}))

        def layer() -> nn.ModuleDict:
            own = nn.ModuleDict({part: nn.Linear(d, d) for part in ("query", "key", "value")})
            attention = nn.ModuleDict({"self": own, "output": dense(d, d, normed=True)})
            inner, outer = dense(d, c["d_ff"], normed=False), dense(c["d_ff"], d, normed=True)
            return nn.ModuleDict({"attention": attention, "intermediate": inner, "output": outer})

        embeddings = {
            "word_embeddings": nn.Embedding(v, d),
            "position_embeddings": nn.Embedding(c["positions"], d),
            "token_type_embeddings": nn.Embedding(2, d),
            "LayerNorm": norm(),
        }
        stack = nn.ModuleDict({"layer": nn.ModuleList(layer() for _ in range(c["layers"]))})
        self.bert = nn.ModuleDict({"embeddings": nn.ModuleDict(embeddings), "encoder": stack})
        predictions = nn.ModuleDict({"transform": dense(d, d, normed=True), "decoder": nn.Linear(d, v)})
        self.cls = nn.ModuleDict({"predictions": predictions})
        predictions.register_parameter("bias", nn.Parameter(torch.empty(v)))

    def forward(self, tokens: Tensor, segments: Tensor, padding: list[int]) -> Tensor:
        e: Any = self.bert["embeddings"]
        places = torch.arange(len(tokens))
        x = e.LayerNorm(
            e.word_embeddings(tokens) + e.position_embeddings(places) + e.token_type_embeddings(segments)
        )
        hidden = torch.where(absent(padding), -math.inf, 0.0)
        stack: Any = self.bert["encoder"]
        for part in stack.layer:
            own = part.attention.self
            q, k, v = (by_heads(f(x), self.heads) for f in (own.query, own.key, own.value))
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=hidden)
            mixed = part.attention.output.dense(mixed.transpose(0, 1).reshape(x.shape))
            x = part.attention.output.LayerNorm(x + mixed)
            x = part.output.LayerNorm(x + part.output.dense(functional.gelu(part.intermediate.dense(x))))
        head: Any = self.cls["predictions"]
        logits: Tensor = head.decoder(head.transform.LayerNorm(functional.gelu(head.transform.dense(x))))
        return logits


def bert(name: str, c: Config) -> None:
    module = shake(Bert(c))
    head: Any = module.cls["predictions"]
    head.decoder.weight = module.bert["embeddings"]["word_embeddings"].weight  # type: ignore[index]
    head.decoder.bias = head.bias
    n = len(c["padding"])
    tokens, segments = torch.randint(c["vocabulary"], (n,)), torch.randint(2, (n,))
    logits = module(tokens, segments, c["padding"])
    learned = cross_entropy(variables(module), logits, c["padding"])
    save(name, c, module.state_dict(), tokens=tokens, segments=segments, logits=logits, **learned)


def turned_halves(x: Tensor, angles: Tensor) -> Tensor:
    """Rotary positions as Hugging Face has them: column k turns with column k + d/2. (h x n x d)"""
    half = x.shape[-1] // 2
    turned = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return x * torch.cat([angles, angles], dim=-1).cos() + turned * torch.cat([angles, angles], dim=-1).sin()


def turned_pairs(x: Tensor, angles: Tensor) -> Tensor:
    """Rotary positions as Meta and llama2.c have them: pairs of neighbours are complex numbers."""
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).reshape(x.shape)


class Llama(nn.Module):
    """LLaMA for one sentence, under Hugging Face's names or under Meta's, each with its way of turning."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        d, v, f, self.c = c["width"], c["vocabulary"], c["d_ff"], c
        queries, keys = c["heads"] * c["d_k"], c["kv_heads"] * c["d_k"]
        hugging_face = c["names"] == "hugging_face"

        def norm() -> nn.RMSNorm:
            return nn.RMSNorm(d, eps=c["epsilon"])

        def linear(inputs: int, outputs: int, *, bias: bool = False) -> nn.Linear:
            return nn.Linear(inputs, outputs, bias=bias)

        def layer() -> nn.ModuleDict:
            wide = [linear(d, size, bias=c["biases"]) for size in (queries, keys, keys)]
            own = dict(
                zip(("q_proj", "k_proj", "v_proj") if hugging_face else ("wq", "wk", "wv"), wide, strict=True)
            )
            own["o_proj" if hugging_face else "wo"] = linear(queries, d)
            three = (linear(d, f), linear(f, d), linear(d, f))
            names = ("gate_proj", "down_proj", "up_proj") if hugging_face else ("w1", "w2", "w3")
            feed = nn.ModuleDict(dict(zip(names, three, strict=True)))
            if hugging_face:
                return nn.ModuleDict(
                    {"self_attn": nn.ModuleDict(own), "mlp": feed, "input_layernorm": norm(),
                     "post_attention_layernorm": norm()}
                )  # fmt: skip
            return nn.ModuleDict(
                {
                    "attention": nn.ModuleDict(own),
                    "feed_forward": feed,
                    "attention_norm": norm(),
                    "ffn_norm": norm(),
                }
            )

        layers = nn.ModuleList(layer() for _ in range(c["layers"]))
        if hugging_face:
            self.model = nn.ModuleDict({"embed_tokens": nn.Embedding(v, d), "layers": layers, "norm": norm()})
            self.lm_head = linear(d, v)
        else:
            self.tok_embeddings, self.layers, self.norm = nn.Embedding(v, d), layers, norm()
            self.output = linear(d, v)

    def forward(self, tokens: Tensor) -> Tensor:
        c, n = self.c, len(tokens)
        slow = c["base"] ** (torch.arange(0, c["d_k"], 2) / c["d_k"])
        angles = torch.arange(n)[:, None] / slow
        hugging_face = c["names"] == "hugging_face"
        turn = turned_halves if hugging_face else turned_pairs
        top: Any = self.model if hugging_face else None
        x = (top["embed_tokens"] if hugging_face else self.tok_embeddings)(tokens)
        for h in top["layers"] if hugging_face else self.layers:
            own, feed, first, second = list(h.values())
            (to_q, to_k, to_v, to_o), (w1, w2, w3) = list(own.values()), list(feed.values())
            read = first(x)
            q, k, v = by_heads(to_q(read), c["heads"]), *(by_heads(f(read), c["kv_heads"]) for f in (to_k, to_v))
            mixed = functional.scaled_dot_product_attention(
                turn(q, angles)[None], turn(k, angles)[None], v[None], is_causal=True, enable_gqa=True
            )[0]
            x = x + to_o(mixed.transpose(0, 1).reshape(n, -1))
            read = second(x)
            x = x + w2(functional.silu(w1(read)) * w3(read))
        logits: Tensor = self.lm_head(top["norm"](x)) if hugging_face else self.output(self.norm(x))
        return logits


def llama(name: str, c: Config) -> None:
    module: Any = shake(Llama(c))
    if c["tied"] and c["names"] == "hugging_face":
        module.lm_head.weight = module.model["embed_tokens"].weight
    elif c["tied"]:
        module.output.weight = module.tok_embeddings.weight
    tokens = torch.randint(c["vocabulary"], (c["tokens"],))
    save(name, c, module.state_dict(), tokens=tokens, logits=module(tokens))


def grouped(name: str, c: Config) -> None:
    """Grouped-query attention by itself, Ainslie et al. 2023."""
    d, d_k = c["width"], c["d_k"]
    sizes = {"q": c["heads"] * d_k, "k": c["kv_heads"] * d_k, "v": c["kv_heads"] * d_k}
    module: Any = shake(
        nn.ModuleDict({part: nn.Linear(d, size, bias=c["biases"]) for part, size in sizes.items()}
                      | {"o": nn.Linear(c["heads"] * d_k, d, bias=False)})
    )  # fmt: skip
    x = torch.randn(c["rows"], d)
    q, k, v = (by_heads(module[p](x), c["heads"] if p == "q" else c["kv_heads"]) for p in "qkv")
    mixed = functional.scaled_dot_product_attention(
        q[None], k[None], v[None], is_causal=c["causal"], enable_gqa=True
    )[0]
    save(name, c, module.state_dict(), x=x, output=module["o"](mixed.transpose(0, 1).reshape(c["rows"], -1)))


def pooling(name: str, c: Config) -> None:
    """Mean over the words that count, length 1, and the cosine of two sentences."""
    arrays, vectors = {}, []
    for k, padding in enumerate((c["padding_0"], c["padding_1"])):
        x = torch.randn(len(padding), c["width"])
        here = torch.tensor(padding, dtype=x.dtype)[:, None]
        mean = (x * here).sum(0) / here.sum().clamp(min=1e-9)
        vectors.append(functional.normalize(mean, dim=0))
        arrays |= {f"x{k}": x, f"unit{k}": vectors[-1]}
    save(name, c, {}, cosine=functional.cosine_similarity(*vectors, dim=0).reshape(1), **arrays)


def training(name: str, config: Config) -> None:
    """Attention trained to give its words back, by SGD: the losses before every step and after the last, and
    the weights then."""
    width, d_k, d_v = config["width"], config["d_k"], config["d_v"]
    embeddings = torch.randn(config["words"], width)
    shapes = {"W_Q": (width, d_k), "W_K": (width, d_k), "W_V": (width, d_v), "W_out": (d_v, width)}
    weights = {key: nn.Parameter(0.6 * torch.randn(shape)) for key, shape in shapes.items()}
    before = {key: value.detach().clone() for key, value in weights.items()}
    optimizer = torch.optim.SGD(weights.values(), lr=config["learning_rate"], momentum=config["momentum"])
    losses = []
    for step in range(config["steps"] + 1):
        loss = torch.zeros(())
        for sentence in config["sentences"]:
            X = embeddings[sentence]
            Q, K, V = (X @ weights[key] for key in ("W_Q", "W_K", "W_V"))
            output = functional.scaled_dot_product_attention(Q, K, V) @ weights["W_out"]
            loss = loss + functional.mse_loss(output, X)
        losses.append(loss.detach())
        if step < config["steps"]:
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    after = {f"after:{key}": value for key, value in weights.items()}
    save(name, config, before, embeddings=embeddings, losses=torch.stack(losses), **after)


def table(names: str, *rows: tuple[Any, ...]) -> list[Config]:
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


FIXTURES = {
    attention: table("width heads words biases", (8, 2, 3, True), (8, 2, 4, False)),
    multi_head: table(
        "width heads padding_q padding_k self causal biases source_width",
        (6, 2, [1, 1, 1], [1, 1, 1], True, False, True, None),
        (9, 3, [1, 1, 1, 1, 0], [1, 1, 1, 1, 0], True, True, True, None),
        (5, 1, [1], [1], True, True, True, None),
        (8, 4, [1, 1, 0], [1, 0, 1, 1, 0], False, False, True, None),
        (6, 1, [1, 1], [1, 1, 1], False, False, False, 5),
        (34, 2, [1] * 4, [1] * 4, True, True, False, None),
    ),
    layer_norm: table(
        "rows width epsilon biases",
        (3, 4, 1e-5, True), (1, 7, 1e-5, True), (5, 1, 1e-5, True), (2, 33, 1e-12, True), (4, 5, 0.1, False),
    ),
    rms_norm: table(
        "rows width epsilon", (3, 4, 1e-5), (1, 7, 1e-6), (5, 1, 1e-5), (2, 33, 1e-12), (4, 5, 0.1)
    ),
    gelu: table("rows width spread", (3, 4, 1), (1, 1, 1), (5, 7, 3), (2, 9, 0.01), (4, 4, 10)),
    swiglu: table(
        "rows width d_ff biases",
        (3, 4, 8, True), (1, 5, 7, False), (4, 1, 3, True), (2, 6, 17, False), (5, 7, 2, True)
    ),
    recurrent: table("rows width state", (3, 4, 2), (1, 5, 3), (6, 1, 1), (8, 3, 5), (4, 18, 17)),
    lstm: table("rows width state", (3, 4, 2), (1, 5, 3), (6, 1, 1), (8, 3, 5), (4, 18, 17)),
    gru: table("rows width state", (3, 4, 2), (1, 5, 3), (6, 1, 1), (8, 3, 5), (4, 18, 17)),
    encoder: table(
        "width heads d_ff layers activation pre_norm final_norm biases padding",
        (6, 2, 8, 2, "relu", False, False, True, [1, 1, 1]),
        (6, 3, 10, 2, "gelu_tanh", True, True, True, [1, 1, 1, 1, 0]),
        (7, 1, 5, 1, "gelu_erf", False, True, True, [1, 0, 1, 1]),
        (5, 5, 3, 1, "relu", True, False, False, [1]),
        (4, 2, 6, 8, "relu", False, False, True, [1, 1, 1, 0, 0]),
        (20, 4, 18, 1, "gelu_erf", True, True, True, [1] * 6),
    ),
    decoder: table(
        "width heads d_ff layers activation pre_norm final_norm biases padding memory_padding",
        (6, 2, 8, 2, "relu", False, False, True, [1, 1, 1], [1, 1, 1, 1]),
        (6, 3, 10, 2, "gelu_tanh", True, True, True, [1, 1, 0, 1, 0], [1, 0, 1]),
        (7, 1, 5, 1, "gelu_erf", False, True, True, [1], [1, 1, 0]),
        (5, 5, 3, 1, "relu", True, False, False, [1, 1], [1]),
        (4, 2, 6, 6, "relu", False, False, True, [1, 1, 1, 0], [1, 1]),
        (18, 2, 20, 1, "gelu_erf", True, True, True, [1] * 4, [1] * 5),
        (4, 2, 3, 1, "gelu_tanh", True, True, True, [1, 1, 1, 0], [1, 0, 1]),
    ),
    transformer: table(
        "width heads d_ff encoder_layers decoder_layers activation pre_norm biases padding memory_padding",
        (6, 2, 8, 2, 2, "relu", False, True, [1, 1, 1], [1, 1, 1, 1]),
        (9, 3, 7, 1, 2, "gelu_erf", True, True, [1, 1, 1, 0], [1, 0, 1]),
        (5, 1, 3, 2, 1, "relu", False, True, [1], [1]),
        (4, 2, 6, 5, 4, "relu", False, True, [1, 1, 0], [1, 1, 1, 1, 0]),
        (8, 4, 18, 1, 1, "relu", True, False, [1, 1, 1, 1], [1, 1]),
        (4, 2, 3, 1, 1, "gelu_erf", False, True, [1, 1, 1, 0], [1, 0, 1]),
    ),
    gpt2: table(
        "width heads d_ff layers vocabulary positions tokens tied",
        (6, 2, 24, 2, 9, 8, 5, True),
        (7, 1, 11, 1, 5, 3, 1, True),
        (9, 3, 36, 3, 13, 10, 6, False),
        (4, 4, 5, 7, 6, 4, 4, True),
        (20, 5, 18, 1, 19, 7, 7, True),
        (4, 2, 5, 2, 7, 6, 5, True),
        (4, 2, 5, 1, 7, 6, 4, False),
    ),
    bert: table(
        "width heads d_ff layers vocabulary positions epsilon padding",
        (6, 2, 24, 2, 9, 8, 1e-12, [1, 1, 1, 1, 0]),
        (7, 1, 11, 1, 5, 3, 1e-12, [1]),
        (9, 3, 36, 3, 13, 10, 1e-12, [1, 0, 1, 1]),
        (4, 4, 5, 7, 6, 4, 1e-5, [1, 1, 1, 1]),
        (20, 5, 18, 1, 19, 7, 1e-12, [1, 1, 1, 1, 1, 0, 0]),
        (4, 2, 5, 2, 7, 6, 1e-12, [1, 1, 1, 1, 0]),
    ),
    llama: table(
        "names width heads kv_heads d_k d_ff layers vocabulary epsilon base biases tokens tied",
        ("hugging_face", 8, 4, 2, 2, 12, 2, 9, 1e-5, 10000.0, False, 5, True),
        ("meta", 8, 4, 2, 2, 12, 2, 9, 1e-5, 10000.0, False, 5, False),
        ("hugging_face", 12, 2, 2, 6, 7, 1, 5, 1e-6, 500000.0, True, 4, False),
        ("meta", 18, 3, 1, 6, 20, 1, 6, 1e-5, 100.0, False, 6, True),
        ("hugging_face", 9, 1, 1, 4, 5, 3, 4, 0.01, 10000.0, False, 1, True),
    ),
    grouped: table(
        "rows width heads kv_heads d_k causal biases",
        (3, 6, 2, 1, 3, False, True), (4, 8, 4, 2, 2, True, False), (1, 5, 6, 3, 2, True, True),
        (5, 18, 8, 2, 2, False, False), (3, 4, 3, 1, 5, True, True),
    ),
    pooling: table(
        "width padding_0 padding_1",
        (4, [1, 1, 1], [1, 1]), (7, [1, 0, 1, 1], [1, 1, 0, 0]), (1, [1], [1]), (33, [1] * 5, [0, 1, 1]),
        (6, [1, 1], [1, 1, 1, 1]),
    ),
    training: table(
        "width d_k d_v words sentences learning_rate momentum steps",
        (3, 3, 3, 7, [[0, 2, 3, 4], [1, 2, 3, 5]], 0.1, 0.0, 40),
        (3, 2, 4, 7, [[0, 2, 3, 4], [1, 2, 3, 5]], 0.05, 0.9, 40),
    ),
}  # fmt: skip


def main() -> None:
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.npz"):
        old.unlink()
    for make, configs in FIXTURES.items():
        for k, config in enumerate(configs):
            torch.manual_seed(k)
            make(f"{make.__name__}-{k}", config)
    size = sum(path.stat().st_size for path in FOLDER.glob("*.npz"))
    print(f"{len(list(FOLDER.glob('*.npz')))} files, {size:,} bytes, made with PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
