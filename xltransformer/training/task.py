"""What is learned: a model's loss and gradients as one list of operations over a whole batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from xltransformer.building.initial import targets
from xltransformer.building.instance import Instance
from xltransformer.errors import UserError
from xltransformer.graph import ONE, Array, Axis, Matrix, Values
from xltransformer.models import Lesson, build_model
from xltransformer.models.objective import learn
from xltransformer.nn.gradients import GRADIENT, gradients
from xltransformer.nn.loss import cross_entropy
from xltransformer.ops import Row, add, concatenate, divide, equals, first_rows, row_products
from xltransformer.teaching.lesson import Goal
from xltransformer.text import word_key

PRECISION = np.float32
"""Training calculates in single precision, twice as fast as double; what a sheet shows of a trained
model is calculated in double precision from the weights as they are saved."""


@dataclass
class Task:
    """A model to be trained. `batched` are the inputs of which each sentence of a batch has its own
    (s x n x 1), `results` the logits (s x n x v) that accuracy is told from; `fixed` are the inputs
    that stay. `asked` are the blocks that say where in a sentence a certain word stands, each with the name of the
    sentence's indices, by which batches give its words, and with the index of that word (-1: it has none). `loss`
    is of each sentence (s x 1 x 1)."""

    model: Lesson
    loss: Matrix
    learned: dict[Matrix, Matrix]
    batched: tuple[str, ...]
    results: tuple[str, ...]
    fixed: dict[str, Array]
    asked: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.share = f"{GRADIENT}.{self.loss.name}"
        given = {*self.batched, *self.fixed, *self.asked, self.share, *(block.name for block in self.learned)}
        blocks = [self.model.blocks[name] for name in self.results]
        self._step = self.model.plan([self.loss, *self.learned.values()], given)
        self._look = self.model.plan([self.loss, *blocks], given - {self.share})

    def step(self, weights: Values, batch: Values, share: Array) -> tuple[Array, dict[str, Array]]:
        """The loss of every sentence of a batch, and the gradient of each weight by the block's name:
        of the losses' sum, each times its `share` (s x 1 x 1)."""
        found = self._step.run({**self.fixed, **weights, **self._whole(batch), self.share: share})
        return found[self.loss.name], {block.name: found[slope.name] for block, slope in self.learned.items()}

    def look(self, weights: Values, batch: Values) -> tuple[Array, list[Array]]:
        """The loss of every sentence of a batch, and the results, without gradients."""
        found = self._look.run({**self.fixed, **weights, **self._whole(batch)})
        return found[self.loss.name], [found[name] for name in self.results]

    def _whole(self, batch: Values) -> Values:
        """A batch with the blocks that are asked of its words."""
        said = {name: (batch[index] == row).astype(PRECISION) for name, (index, row) in self.asked.items()}
        return {**batch, **said}


def word_task(instance: Instance, places: Sequence[int]) -> Task:
    """The model of an instance, to predict words in batches of sentences of so many `places`, or the class of
    each sentence: then the last row of targets is the sentence's, and the others are the words' own.

    UserError for a model that predicts none, and for one that does not learn one class of several.
    """
    name = instance.template.model
    model = build_model(name, replace(instance.sizes, slots=tuple(places)), forward_only=True)
    goals = [goal for goal in model.goals if goal.words]
    if not goals:
        raise UserError(
            f"the model {name} predicts no words, so that no file of sentences teaches it anything: "
            "train a workbook of it without `data`"
        )
    classes, kinds = goals[0].names is not None, instance.sizes.options
    if classes and (kinds.get("classifies", "sentence"), kinds.get("answers", "softmax")) != (
        "sentence",
        "softmax",
    ):
        raise UserError(
            f"the model {name} does not tell one class of several for each sentence, which is what a file of "
            "sentences teaches: train a workbook of it without `data`"
        )
    g = model.scope("objective")
    several = len(goals) > 1 or bool(goals[0].early)
    rows = Axis.numbered("", model.sentences[0].words.shape[0] + 1) if classes else goals[0].result.rows
    with model.section("objective"):
        target, counts = (g.input(key, rows, ONE, "target") for key in ("target", "counts"))
        told = _told(model, goals, target, counts)
        scopes = [g.scope(str(k)) for k in range(len(told))] if several else [g]
        losses = [cross_entropy(h, *one) for h, one in zip(scopes, told, strict=True)]
        loss = g.add("loss", add(*losses)) if several else losses[0]
    return _over_batches(instance, model, loss, (target, counts), [goal.result for goal in goals])


def _over_batches(
    instance: Instance, model: Lesson, loss: Matrix, told: Sequence[Matrix], results: Sequence[Matrix]
) -> Task:
    """The task of a model over batches of sentences, each with what it is `told`; all else is the instance's."""
    batched = (*(sentence.index.name for sentence in model.sentences), *(block.name for block in told))
    listed = (model.vocabulary.words, *(goal.names for goal in model.goals if goal.names is not None))
    fixed = {block.name: instance.inputs[block.name] for block in (*model.switches, *listed)}
    fixed |= {name: instance.inputs.get(name, value) for name, value in model.constants.items()}
    learned, single = gradients(model, loss), _single(fixed)
    return Task(model, loss, learned, batched, tuple(one.name for one in results), single, _asked(instance, model))


def _asked(instance: Instance, model: Lesson) -> dict[str, tuple[str, int]]:
    """The blocks that say where in a sentence a word stands that is a constant, such as a pad or what parts two
    texts; each with the sentence's indices, and that word's."""
    listed = [word_key(str(word)) for word in instance.inputs[model.vocabulary.words.name].ravel()]
    index_of = {sentence.words: sentence.index.name for sentence in model.sentences}
    asked = {}
    for block in model.blocks.values():
        if block.op is equals and block.operands[0] in index_of and block.operands[1].role == "constant":
            word = word_key(str(instance.inputs[block.operands[1].name].item()))
            row = listed.index(word) + 1 if word in listed else -1
            asked[block.name] = index_of[block.operands[0]], row
    return asked


def _told(
    model: Lesson, goals: Sequence[Goal], target: Matrix, counts: Matrix
) -> list[tuple[Matrix, Matrix, Matrix]]:
    """Logits, each with its targets and which of them count: of classes the last row is the sentence's, and the
    others are what its words are to say early."""
    if goals[0].names is None:
        return [(goal.result, target, counts) for goal in goals]
    whole, each = Row(target.shape[0] - 1), model.sentences[0].index
    g = model.scope("objective")
    of_whole = [g.add(f"whole_{block.last_name}", whole(block)) for block in (target, counts)]
    of_each = [g.add(f"each_{block.last_name}", first_rows(block, each)) for block in (target, counts)]
    early = [(logits, of_each[0], of_each[1]) for logits in goals[0].early]
    return [(goals[0].result, of_whole[0], of_whole[1]), *early]


TEMPERATURE = 0.1
"""What cosines are divided by before they compete."""


def contrast_task(instance: Instance, places: Sequence[int]) -> Task:
    """The model of an instance, to bring sentences that mean the same nearer than others: of three sentences of so
    many `places`, the second is to be told from the third by its cosine with the first.

    The loss is -ln softmax(cosines / temperature) at the second: van den Oord, Li and Vinyals 2018,
    "Representation Learning with Contrastive Predictive Coding", equation 4, with one other sentence; cosines as
    Reimers and Gurevych 2019, "Sentence-BERT", compare sentences.
    """
    name = instance.template.model
    model = build_model(name, replace(instance.sizes, slots=tuple(places)), forward_only=True)
    g = model.scope("objective")
    first, *others = model.vectors
    with model.section("objective"):
        target, counts = (g.input(key, ONE, ONE, "target") for key in ("target", "counts"))
        temperature = g.constant("temperature", TEMPERATURE, positive=True)
        with g.step("cosine"):
            each = [g.add(f"cosine.{k}", row_products(first, other)) for k, other in enumerate(others)]
            near = g.add("near", divide(g.add("cosines", concatenate(*each)), temperature))
        loss = cross_entropy(g, near, target, counts)
    return _over_batches(instance, model, loss, (target, counts), [near])


def sentence_task(instance: Instance) -> Task:
    """The model of an instance over its own sentences, with the targets that its sheets have, or would
    have with the setting `gradients`. UserError where it has nothing to learn."""
    model = build_model(instance.template.model, instance.sizes, forward_only=True)
    if not model.goals:
        raise UserError(f"the model {instance.template.model} has no target to learn: train another")
    learned = learn(model, most=None)  # of no sheet, so of any size
    inputs = {name: np.where(v == None, "", v) if v.dtype == object else v for name, v in instance.inputs.items()}  # noqa: E711
    inputs = {**targets(model, inputs), **model.constants, **inputs}
    names = {block.name for block in learned}
    fixed = {block.name: inputs[block.name] for block in model.inputs if block.name in inputs.keys() - names}
    loss = next(block.gradient_of for block in model.inputs if block.gradient_of is not None)
    return Task(model, loss, learned, (), (), _single(fixed))


def _single(values: Mapping[str, Array]) -> dict[str, Array]:
    """Numbers in the precision of training; texts as they are."""
    return {n: value if value.dtype == object else value.astype(PRECISION) for n, value in values.items()}
