"""What a model is to learn, and the step towards it: target, loss, backward pass and update.

Every model says which of its results has a target (`Lesson.goals`); the setting `gradients` adds the
rest to it. Words are to be predicted (cross-entropy); logits of classes that each have a share of their own
are to come to these (cross-entropy of each); any other result is to come close to a matrix (mean squared
error). The loss of a model with several results is their sum.
"""

from __future__ import annotations

from dataclasses import replace

from xltransformer.errors import UserError
from xltransformer.graph import ONE, Matrix
from xltransformer.models.sizes import GRADIENTS
from xltransformer.nn.gradients import gradients
from xltransformer.nn.loss import binary_cross_entropy, cross_entropy, mean_squared_error
from xltransformer.ops import add, multiply, present, step_down, word_index
from xltransformer.teaching.lesson import Goal, Lesson

MOST_CELLS = 60_000
"""The most cells that loss, gradients and update may take; beyond, nobody reads them."""
LEARNING_RATE = 0.1


def learn(model: Lesson, most: int | None = MOST_CELLS) -> dict[Matrix, Matrix]:
    """Add target, loss, gradients and the update of every parameter to a model; returns the gradient of each.

    UserError where the model has nothing to learn, and where that takes over so many cells (None: any number).
    """
    if not model.goals:
        raise UserError("gradients: this model has nothing to learn; leave the setting out")
    before = set(model.blocks)
    losses = []
    for sentence in sorted({goal.sentence for goal in model.goals}):
        with model.section("objective", sentence):
            losses += [
                loss_of(model, goal, k)[0] for k, goal in enumerate(model.goals) if goal.sentence == sentence
            ]
    loss = losses[0]
    if len(losses) > 1:
        with model.section("objective", None if len(model.sentences) > 1 else 0), model.step("whole_loss"):
            loss = model.scope().add("loss", add(*losses))
    learned = gradients(model, loss)
    with model.section("update"):
        g = model.scope("updated")
        with g.step("update"):
            rate = model.scope().constant("learning_rate", LEARNING_RATE)
            for block, gradient in learned.items():
                g.add(block.name, step_down(block, gradient, rate))
    cells = sum(block.size for name, block in model.blocks.items() if name not in before)
    if most is not None and cells > most:
        raise UserError(
            f"setting {GRADIENTS}: the backward pass would take {cells:,} cells; at most {most:,} are drawn: "
            "use fewer layers, words, sentences or slots, or a smaller width"
        )
    return learned


def loss_of(model: Lesson, goal: Goal, k: int) -> tuple[Matrix, Matrix]:
    """The loss of one result, the model's goal k, and its target, which are cells to edit."""
    several = len(model.goals) > 1
    g = model.scope("objective", str(k)) if several else model.scope("objective")
    result, names = goal.result, goal.names or model.vocabulary.words
    if not goal.words:
        with g.step("target"):
            target = g.input("target", result.rows, result.columns, "target")
        model.goals[k] = replace(goal, target=target)
        loss = binary_cross_entropy if goal.shares else mean_squared_error
        return loss(g, result, target, goal.padding), target
    with g.step("target_words"):
        target = g.input("target", result.rows, ONE, "target", text=True, choices=names)
        index = g.add("target_index", word_index(target, names), rows=result.rows)
        there = g.add("target_present", present(index))
        counts = g.add("counts", multiply(goal.padding, there))
    model.goals[k] = replace(goal, target=target)
    return cross_entropy(g, result, index, counts), target
