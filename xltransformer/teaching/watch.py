"""Following one word through a model: what it attends to, and where it moves.

Not part of any Transformer: these blocks are what the first sheet's pictures and worked lines show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer.graph import ONE, Attended, Axis, Matrix
from xltransformer.locale import Messages
from xltransformer.nn.prediction import runners_up
from xltransformer.ops import (
    Row,
    below,
    choose,
    copy,
    equals,
    first,
    less_first,
    lookup,
    plane,
    row_argmax,
    settle,
    stack,
    word_at,
)
from xltransformer.teaching.lesson import Lesson, SentenceWatch, Watch


def watched_word(model: Lesson) -> Matrix:
    """The watched word, to be chosen from the first sentence."""
    return model.scope("watch").input("word", ONE, ONE, "choice", text=True, choices=model.sentences[0].words)


def watch(
    model: Lesson,
    word: Matrix,
    inputs: Sequence[Matrix],
    lessons: Mapping[str, Sequence[Attended]],
    asked: Matrix | None = None,
    *,
    ranks: bool = True,
) -> Watch:
    """Watch a word in each sentence: `inputs` are the sentences' vectors (n x d), `lessons` their
    attention in each lesson to choose from. With `asked`, the word is the only query, and `asked`
    its vector; else it is looked up among the sentence's words. `ranks`: whether the attention is over words,
    which are then told in the order of their weights.
    """
    g = model.scope("watch")
    known = model.vocabulary
    across = g.input("across", ONE, ONE, "choice", text=True, choices=known.dimensions)
    up = g.input("up", ONE, ONE, "choice", text=True, choices=known.dimensions)
    lesson = number = None
    if len(lessons) > 1:
        titles = g.input("lessons", Axis.numbered("", len(lessons)), ONE, "list", text=True)
        lesson = g.input("lesson", ONE, ONE, "choice", text=True, choices=titles)
    watched = Watch(word, across, up, lesson, tuple(lessons))
    with model.section("watch"):
        with g.step("watch_plane"):
            names = g.add("plane", stack(across, up))
            columns = []
            for name, chosen in (("across", across), ("up", up)):
                flags = g.add(f"{name}_match", equals(known.dimensions, chosen))
                columns.append(g.add(f"{name}_column", first(flags)))
            if lesson is not None:
                number = g.add("lesson_number", first(g.add("lesson_match", equals(titles, lesson))))

        def in_plane(table: Matrix) -> Matrix:
            return plane(table, *columns, names)

        for s, (X, words) in enumerate(zip(inputs, model.sentences, strict=False)):
            h = g.scope(str(s))
            other = h.input("other", ONE, ONE, "choice", text=True, choices=words.words)
            with h.step("watch_position"):
                position = h.add("position", first(h.add("match", equals(words.words, word))))
                other_position = h.add("other_position", first(h.add("other_match", equals(words.words, other))))
            with h.step("watch_attention"):
                shown = [attended[s] for attended in lessons.values()]
                weights = [one.weights for one in shown]
                outputs = [one.output for one in shown]
                every = h.add(
                    "weights", choose(number, *weights) if number else copy(weights[0]), scale="probability"
                )
                differ = any(output is not outputs[0] for output in outputs)
                out = choose(number, *outputs) if number and differ else copy(outputs[0])
                every_out = h.add("outputs", out)
                own, own_out = (
                    (lookup(position, every), lookup(position, every_out))
                    if asked is None
                    else (copy(every), copy(every_out))
                )
                attention = h.add("attention", own, rows=Axis.of(word), scale="probability")
                output = h.add("output", own_out, rows=Axis.of(word))
            ranked = runners_up(h, attention, attention, words.words) if ranks else None
            with h.step("watch_points"):
                points = h.add("points", in_plane(X))
                start = in_plane(asked) if asked is not None else lookup(position, points)
                before = h.add("before", start)
                move = h.add("move", below(before, h.add("after", in_plane(output))))
                gain = h.add("gain", Row(1)(h.add("moved", less_first(move))))
                towards = h.add("towards", word_at(h.add("most_gain", row_argmax(gain)), names))
                drawn = h.add("drawn", settle(points, words.padding, before))
            one = SentenceWatch(other, position, other_position, every, attention, ranked, drawn, move, towards)
            watched.sentences.append(one)
    return watched


def lesson_title(key: str, messages: Messages) -> str:
    """A lesson by the name of its sheet; a head by its number, in its layer where there are several."""
    *layer, head = key.rpartition("head.")[::2]
    if "head." not in key:
        return messages.get(f"sheet.{key}", key)  # whether it is there is asked when all is drawn
    if layer[0]:
        return messages("start.layer_head", layer=int(layer[0].strip(".")) + 1, head=int(head) + 1)
    return messages("start.head", head=int(head) + 1)
