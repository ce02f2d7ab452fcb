"""Following one word through a model: what it attends to, and where it moves.

Not part of any Transformer: these blocks are what the first sheet's pictures and worked lines show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer import ops
from xltransformer.graph import ONE, Attended, Axis, Matrix
from xltransformer.locale import Messages
from xltransformer.nn.prediction import ranked
from xltransformer.teaching.lesson import Lesson, SentenceWatch, Watch


def watched_word(model: Lesson) -> Matrix:
    """The watched word: the one that is chosen from the first sentence, or where it stands in no sentence any
    more, the one in its place there. What is shown and said is of this word, never of the choice."""
    g, first = model.scope("watch"), model.sentences[0]
    chosen = g.input("word", ONE, ONE, "choice", text=True, choices=first.words)
    place = g.input("place", ONE, ONE, "list", scale="count")
    every = (sentence.words for sentence in model.sentences)
    return g.add("shown", ops.word_or_in_place(chosen, place, first.padding, *every))


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
    watched = Watch(word, across, up, lesson, tuple(lessons), tuple(each[0].output for each in lessons.values()))
    with model.behind():
        with g.step("watch_plane"):
            names = g.add("plane", ops.stack(across, up))
            columns = []
            for name, chosen in (("across", across), ("up", up)):
                flags = g.add(f"{name}_match", ops.equals(known.dimensions, chosen))
                columns.append(g.add(f"{name}_column", ops.first(flags)))
            if lesson is not None:
                number = g.add("lesson_number", ops.first(g.add("lesson_match", ops.equals(titles, lesson))))
        for s, X in enumerate(inputs):
            shown = [attended[s] for attended in lessons.values()]
            one = _in_sentence(model, s, X, word, number, shown, (*columns, names), asked, ranks)
            watched.sentences.append(one)
    return watched


def _in_sentence(
    model: Lesson,
    s: int,
    X: Matrix,
    word: Matrix,
    number: Matrix | None,
    lessons: Sequence[Attended],
    plane: Sequence[Matrix],
    asked: Matrix | None,
    ranks: bool,
) -> SentenceWatch:
    """Watch a word in sentence s, in the lesson of that `number` (1 x 1); `plane`: its columns and their names."""
    h, words = model.scope("watch", str(s)), model.sentences[s]
    other = h.input("other", ONE, ONE, "choice", text=True, choices=words.words)
    with h.step("watch_position"):
        position = h.add("position", ops.first(h.add("match", ops.equals(words.words, word))))
        here = h.add("here", ops.present(position)) if asked is None else None
        other_match = h.add("other_match", ops.equals(words.words, other))
        other_position = h.add("other_position", ops.first(other_match))

    def chosen(*blocks: Matrix) -> Matrix:
        """The block of the lesson that is chosen, where they differ."""
        return ops.choose(number, *blocks) if number and len(set(blocks)) > 1 else ops.copy(blocks[0])

    def of_word(block: Matrix) -> Matrix:
        """The watched word's row."""
        return ops.lookup(position, block) if asked is None else ops.copy(block)

    with h.step("watch_attention"):
        every = h.add("weights", chosen(*(one.weights for one in lessons)), scale="probability")
        every_out = h.add("outputs", chosen(*(one.output for one in lessons)))
        attention = h.add("attention", of_word(every), rows=Axis.of(word), scale="probability")
        output = h.add("output", of_word(every_out), rows=Axis.of(word))
    told = ranked(h, attention, words.words, words.padding) if ranks else None
    with h.step("watch_points"):
        points = h.add("points", ops.plane(X, *plane))
        before = h.add("before", ops.lookup(position, points) if asked is None else ops.plane(asked, *plane))
        move = h.add("move", ops.below(before, h.add("after", ops.plane(output, *plane))))
        moves = h.add("moves", ops.move_case(move))
        drawn = h.add("drawn", ops.settle(points, words.padding, before))
    return SentenceWatch(other, position, here, other_position, attention, told, drawn, move, moves)


def lesson_title(key: str, messages: Messages) -> str:
    """A lesson by the name of its sheet; a head by its number, in its layer where there are several."""
    *layer, head = key.rpartition("head.")[::2]
    if "head." not in key:
        return messages.get(f"sheet.{key}", key)  # whether it is there is asked when all is drawn
    if layer[0]:
        return messages("start.layer_head", layer=int(layer[0].strip(".")) + 1, head=int(head) + 1)
    return messages("start.head", head=int(head) + 1)
