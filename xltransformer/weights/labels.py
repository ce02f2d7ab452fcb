"""What a config.json tells of a classifier: the names of its classes, and how they are answered by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xltransformer.text import clean
from xltransformer.weights.told import Config, Keys, Told

USUAL_CLASSES = 2
"""How many classes the library takes where a config has none."""
_PROBLEMS = ("single_label_classification", "multi_label_classification", "regression")
_ACTIVATIONS = {"Sigmoid": "sigmoid", "Identity": "number"}


def label(k: int) -> str:
    """What the library calls a class, from 0, that has no name."""
    return f"LABEL_{k}"


def labels(config: Config) -> Told:
    """`classes` by their names in id2label, how they are answered by (`answers`), and whether a `pair` of
    sentences is read as one.

    A single class has its share by the sigmoid, as the library's pipelines show it and sentence-transformers'
    CrossEncoder does, unless the config names another function. A class alone, and whatever a CrossEncoder has
    saved, is for pairs of sentences. Raises UserError for what is none of that.
    """
    names = _names(config)
    problem = config.keys.get("problem_type")
    if problem is not None and problem not in _PROBLEMS:
        raise config.refused("problem_type", f"built: {', '.join(_PROBLEMS)}")
    function = _function(config)
    answers = "softmax"
    if problem == "regression":
        answers = "number"
    elif problem == "multi_label_classification" or len(names) == 1:
        answers = "sigmoid"
    if len(names) == 1 and function:
        answers = function
    pair = len(names) == 1 or bool(function)
    told = {"classes": names, "answers": answers, "pair": pair}
    return Told(told, {"classes": ("a number of classes of", len(names))})


def labelled(told: Told) -> Keys:
    """The keys from which `labels` reads what is told of it; none without classes."""
    names, answers = told.options.get("classes"), told.options.get("answers", "softmax")
    if not names:
        return {}
    problem = dict(zip(("softmax", "sigmoid", "number"), _PROBLEMS, strict=True))[answers]
    numbered = {str(k): name for k, name in enumerate(names)}
    return {
        "id2label": numbered,
        "label2id": {name: int(k) for k, name in numbered.items()},
        "problem_type": problem,
    }


def _names(config: Config) -> list[str]:
    """The classes by their numbers from 0, LABEL_0 and so on where they have no names."""
    given, key = config.keys.get("id2label"), "num_labels"
    count = config.keys.get(key, config.keys.get("_num_labels"))
    if given is None:
        return [label(k) for k in range(config.count(key, USUAL_CLASSES) if count is None else int(count))]
    numbers = {str(k): k for k in range(len(given))} if isinstance(given, dict) else {}
    if not numbers or {str(one) for one in given} != set(numbers):
        raise config.refused("id2label", "a name for each number from 0 is")
    if count is not None and count != len(given):
        raise config.refused(key, f"id2label names {len(given)}")
    return [" ".join(clean(str(given[str(k)])).split()) or label(k) for k in numbers.values()]


def _function(config: Config) -> str:
    """How a CrossEncoder is said to answer, in our words; nothing where it is not said."""
    key, older = "sentence_transformers", "sbert_ce_default_activation_function"
    saved: Any = config.keys.get(key)
    name = saved.get("activation_fn") if isinstance(saved, Mapping) else config.keys.get(older)
    if name is None:
        return ""
    short = str(name).rpartition(".")[2].removesuffix("()")
    if short not in _ACTIVATIONS:
        raise config.refused(key if isinstance(saved, Mapping) else older, f"built: {', '.join(_ACTIVATIONS)}")
    return _ACTIVATIONS[short]
