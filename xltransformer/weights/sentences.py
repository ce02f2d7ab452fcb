"""What the files of a sentence-embedding model tell beside its weights: how a sentence is cut and pooled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xltransformer.errors import UserError
from xltransformer.weights.told import (
    IDLE,
    Choice,
    Config,
    Decision,
    Only,
    Size,
    Together,
    Told,
    all_with,
    decided,
    joined,
    object_in,
    read_json,
    short,
)

_MODULES = ("Transformer", "Pooling", "Dense", "Normalize")
"""What a model may be made of, in this order, each once at most."""
_MODES = {
    "cls": "first", "cls_token": "first", "mean": "mean", "mean_tokens": "mean", "max": "max", "max_tokens": "max",
    "lasttoken": "last", "weightedmean": "weighted_mean", "weightedmean_tokens": "weighted_mean",
    "mean_sqrt_len": "mean_by_root", "mean_sqrt_len_tokens": "mean_by_root",
}  # fmt: skip
"""The library's names of ways to make one vector of a sentence, and ours."""
_BEHIND = {
    "torch.nn.modules.activation.Tanh": "tanh",
    "torch.nn.modules.activation.ReLU": "relu",
    "torch.nn.modules.linear.Identity": "none",
}
_NAMED_AFTER = ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
"""The kinds of model that the file about cutting may be named after."""
_DENSE: Mapping[str, Decision] = {
    "in_features": Size("width"),
    "out_features": Size("dense"),
    "bias": IDLE,  # the weights tell
    "activation_function": Choice(("dense_activation",), "torch.nn.modules.activation.Tanh", _BEHIND),
    **all_with(Only(("sentence_embedding",)), "module_input_name", "module_output_name"),
}


def _longest(folder: Path) -> Told:
    """How many pieces a text of such a model may have where no file about cutting says it: the tokenizer does."""
    most = object_in(folder / "tokenizer_config.json").get("model_max_length")
    return Told(pieces=int(most)) if isinstance(most, int | float) and 1 <= most <= _FROM_NOWHERE else Told()


_FROM_NOWHERE = 10**9
"""The library writes a far larger number for a tokenizer that does not say it."""


def _cut(config: Config) -> Told:
    """How many pieces a text may have before it is cut off, and whether it is put in small letters."""
    most = config.keys.get("max_seq_length")
    pieces = None if most is None else config.count("max_seq_length", 1)
    return Told(pieces=pieces, small=config.keys.get("do_lower_case") is True)


def _prompt(config: Config) -> Told:
    """Nothing, or UserError where something is put before each text."""
    name, prompts = config.keys.get("default_prompt_name"), config.keys.get("prompts")
    if name is not None and not (isinstance(prompts, dict) and prompts.get(name) == ""):
        raise config.refused("default_prompt_name", "write the prompt before each sentence and take the name out")
    return Told()


_CUT: Mapping[str, Decision] = {
    **all_with(Together(_cut), "max_seq_length", "do_lower_case"),
    "transformer_task": Only(("feature-extraction",)),
    "module_output_name": Only(("token_embeddings",)),
    **all_with(IDLE, "modality_config", "processing_kwargs", "unpad_inputs"),
}
_WHOLE: Mapping[str, Decision] = {
    **all_with(Together(_prompt), "default_prompt_name", "prompts"),
    "similarity_fn_name": Only(("cosine",)),
    "truncate_dim": Only(()),
    "model_type": Only(("SentenceTransformer",)),
    "__version__": IDLE,
}
_POOLING: Mapping[str, Decision] = {
    **all_with(Size("width"), "word_embedding_dimension", "embedding_dimension"),
    **all_with(
        IDLE, "pooling_mode", "pooling_mode_cls_token", "pooling_mode_mean_tokens", "pooling_mode_max_tokens",
        "pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken",
        "include_prompt",
    ),
}  # fmt: skip
"""The decision for each key; which modes are on is read from all of them together."""


def sentences_beside(folder: Path) -> Told:
    """What modules.json and the files that it leads to tell of the weights in a folder: `pooling`, one of ours
    (`nn.pooling.POOLINGS`) or what else it is, in its words; the dense layer behind it; and how long a text may
    be. Older models have their weights in a folder below that of modules.json. Raises UserError for a file that
    cannot be read or tells what we have not.
    """
    root, modules = _modules(folder)
    told = [
        decided(Config(file, object_in(file)), decisions, file.name)
        for file, decisions in (
            (_cutting(folder), _CUT),
            (root / "config_sentence_transformers.json", _WHOLE),
        )
        if file.is_file()
    ]
    kinds = [str(one.get("type")).rpartition(".")[2] for one in modules]
    other = [kind for kind in kinds if kind not in _MODULES]
    if other:
        return joined((*told, Told({"pooling": f"a {other[0]} layer"})))
    dense = [str(one.get("path")) for one, kind in zip(modules, kinds, strict=True) if kind == "Dense"]
    if len(dense) > 1 or (dense and kinds != [kind for kind in _MODULES if kind in kinds]):
        return joined((*told, Told({"pooling": f"{', then '.join(kinds)}"})))
    told += [_dense(root / path) for path in dense]
    paths = [str(one.get("path")) for one, kind in zip(modules, kinds, strict=True) if kind == "Pooling"]
    if len(paths) > 1:
        raise UserError(f"{root / 'modules.json'} pools {len(paths)} times, which is not built; one is")
    file = root / (paths[0] if paths else "1_Pooling") / "config.json"
    if paths and not file.is_file():
        raise UserError(f"{root / 'modules.json'} names {paths[0]:.60}, which holds no config.json")
    return joined((_longest(folder) if kinds else Told(), *told, _pooling(file)))


def _cutting(folder: Path) -> Path:
    """The file that says how texts are cut: the library reads the first of these that is there."""
    names = [folder / f"sentence_{kind}_config.json" for kind in _NAMED_AFTER]
    return next((file for file in names if file.is_file()), names[0])


def _dense(folder: Path) -> Told:
    """A dense layer behind the pooling, from its folder."""
    file, weights = folder / "config.json", folder / "model.safetensors"
    for needed in (file, weights):
        if not needed.is_file():
            raise UserError(f"{folder} holds no {needed.name}, which its dense layer takes; add it")
    return joined((decided(Config(file, object_in(file)), _DENSE, "a Dense layer"), Told(dense=weights)))


def _modules(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The folder with modules.json, that of the weights or the one above it, and what is listed there."""
    for root in (folder, folder.parent):
        file = root / "modules.json"
        modules = read_json(file)
        if modules is None:
            continue
        if not isinstance(modules, list) or not all(isinstance(one, dict) for one in modules):
            raise UserError(f"{file} holds no list of modules; mend it")
        if root == folder or folder.name in [one.get("path") for one in modules]:
            return root, modules
    return folder, []


def _pooling(file: Path) -> Told:
    config = object_in(file)
    if not config:
        return Told()
    told = decided(Config(file, config), _POOLING, "pooling")
    modes = [name.removeprefix("pooling_mode_") for name, on in config.items() if on is True and "_mode_" in name]
    chosen = modes or ([config["pooling_mode"]] if "pooling_mode" in config else [])
    if not chosen:
        raise UserError(f"{file} names no way of pooling; give pooling_mode")
    return joined((told, Told({"pooling": "+".join(_MODES.get(mode, short(mode)) for mode in map(str, chosen))})))
