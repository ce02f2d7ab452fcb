"""Following one word through a model: what it attends to, and where it moves.

Not part of any Transformer: these blocks are what the first sheet's pictures and worked lines show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer.graph import ONE, Attended, Axis, Matrix, Model, SentenceWatch, Watch
from xltransformer.ops import below, choose, copy, equals, first, lookup, plane, settle, stack


def watched_word(model: Model) -> Matrix:
    """The watched word, to be chosen from the first sentence."""
    return model.scope("watch").input("word", ONE, ONE, "choice", text=True, choices=model.sentences[0].words)


def watch(
    model: Model,
    word: Matrix,
    inputs: Sequence[Matrix],
    lessons: Mapping[str, Sequence[Attended]],
    asked: Matrix | None = None,
) -> Watch:
    """Watch a word in each sentence: `inputs` are the sentences' vectors (n x d), `lessons` their
    attention in each lesson to choose from. With `asked`, the word is the only query, and `asked`
    its vector; else it is looked up among the sentence's words.
    """
    g = model.scope("watch")
    known = model.vocabulary
    assert known is not None
    across = g.input("across", ONE, ONE, "choice", text=True, choices=known.dimensions)
    up = g.input("up", ONE, ONE, "choice", text=True, choices=known.dimensions)
    several = len(lessons) > 1
    lesson = g.input("lesson", ONE, ONE, "switch", scale="count") if several else None
    watched = Watch(word, across, up, lesson, tuple(lessons), [])
    with model.section("watch"):
        with g.step("watch_plane"):
            names = g.add("plane", stack(across, up))
            columns = []
            for name, chosen in (("across", across), ("up", up)):
                flags = g.add(f"{name}_match", equals(known.dimensions, chosen))
                columns.append(g.add(f"{name}_column", first(flags)))

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
                every = h.add("weights", choose(lesson, *weights) if lesson else copy(weights[0]))
                differ = any(output is not outputs[0] for output in outputs)
                out = choose(lesson, *outputs) if lesson and differ else copy(outputs[0])
                every_out = h.add("outputs", out)
                if asked is None:
                    attention = h.add("attention", lookup(position, every))
                    output = h.add("output", lookup(position, every_out))
                else:
                    attention = h.add("attention", copy(every))
                    output = h.add("output", copy(every_out))
                for row in (attention, output):
                    row.rows = Axis.of(word)
                attention.scale = every.scale = "probability"
            with h.step("watch_points"):
                points = h.add("points", in_plane(X))
                start = in_plane(asked) if asked is not None else lookup(position, points)
                before = h.add("before", start)
                move = h.add("move", below(before, h.add("after", in_plane(output))))
                drawn = h.add("drawn", settle(points, words.padding, before))
            watched.sentences.append(SentenceWatch(other, position, other_position, every, attention, drawn, move))
    return watched
