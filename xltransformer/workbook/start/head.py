"""What the head of the first screen says: the model's title and task, what is drawn at random, and what to do."""

from __future__ import annotations

from xltransformer.building.instance import Instance
from xltransformer.locale import Messages
from xltransformer.record import record
from xltransformer.workbook.book import Variant
from xltransformer.workbook.named import of_student
from xltransformer.workbook.phrases import told


@record
class Head:
    """The title, the task where the template tells one, what is drawn at random if anything is, and what to do."""

    title: str
    task: str
    drawn: str
    intro: str


def head_of(
    instance: Instance,
    messages: Messages,
    variant: Variant | None = None,
    *,
    exercise: bool = False,
    intro: str = "start.intro",
) -> Head:
    """The head of an instance's first screen, which begins to say what to do by the message `intro`; that of an
    `exercise` has its own, and says whose `variant` it is."""
    template = instance.template
    intro = messages("exercise.intro" if exercise else intro)
    if template.trained and instance.made_up:
        intro += " " + messages("start.never_saw", words=messages("start.and").join(instance.made_up))
    usual = messages.get(f"start.title_{template.model}", messages("start.title"))
    own = of_student(messages, "exercise.name", variant) if exercise else told(instance, template.title, messages)
    task = "" if exercise else told(instance, template.task, messages)
    drawn = ""
    if instance.drawn:
        drawn = messages(f"start.drawn_{instance.drawn}", seed=template.seed, lesson=instance.shown)
    return Head(own or usual, task, drawn, intro)
