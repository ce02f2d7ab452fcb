"""Lessons on self-attention: of one query; then without weights, with weights, and with other dimensions."""

from __future__ import annotations

from xltransformer.graph import Attended, Axis, Matrix
from xltransformer.models.sizes import Sizes, begin
from xltransformer.nn.attention import Projection, Switches, attention, project, projection, same, switches
from xltransformer.ops import less_first, lookup, pick, present, stack, word_index
from xltransformer.teaching.headline import attention_answers, attention_bars
from xltransformer.teaching.lesson import Goal, Lesson, Watch
from xltransformer.teaching.pictures import Headline, Plane
from xltransformer.teaching.watch import watch, watched_word


def turned_by(model: Lesson, sizes: Sizes, *, causal: bool = False) -> Switches:
    """The switches that turn the attention of a lesson, among its first cells."""
    turned = switches(model.scope("switches"), sizes.switch_words, causal=causal)
    model.switches = turned.inputs
    return turned


def single_query(sizes: Sizes) -> Lesson:
    """Without weights: one word asks (Q is its row of the vocabulary), every word answers (K = V = X)."""
    model, known = begin(sizes)
    turned, word = turned_by(model, sizes), watched_word(model)
    inputs, attended = [], []
    asked: Matrix | None = None
    for s, g, words, X in model.reading("single_query"):
        inputs.append(X)
        with g.step("query"):
            model.show(word)
            index = g.add("index", word_index(word, known.words))
            padding = g.add("padding", present(index))
            asked = g.add("asked", lookup(index, known.embeddings))
        attended.append(attention(g, *same(g, asked, X), (padding, words.padding), turned))
        model.goals.append(Goal(attended[-1].output, s, padding, like=asked))
    model.watch = watched = watch(model, word, inputs, {"single_query": attended}, asked)
    model.headline = Headline(attention_bars(model, watched), attention_answers(watched, moves=False))
    return model


def attention_lessons(sizes: Sizes) -> Lesson:
    """The lessons, each over every sentence, with one vocabulary and one set of weights for all.

    Options: `d_k` and `d_v` (or `key_labels` and `value_labels`) of the third lesson.
    """
    model, known = begin(sizes, "d_k", "d_v", "key_labels", "value_labels")
    turned = turned_by(model, sizes, causal=True)
    dimensions = known.embeddings.columns
    keys = sizes.axis("d_k", "key_labels", "k", 2)
    values = sizes.axis("d_v", "value_labels", "v", 3)
    weights: dict[str, Projection | None] = {
        "self_attention": None,
        "projected_attention": projection(model.scope("projected_attention"), dimensions, dimensions, dimensions),
        "resized_attention": projection(model.scope("resized_attention"), dimensions, keys, values),
    }
    word = watched_word(model)
    inputs: list[Matrix] = []
    attended: dict[str, list[Attended]] = {lesson: [] for lesson in weights}
    for lesson, w in weights.items():
        for s, g, words, X in model.reading(lesson):
            Q, K, V = same(g, X, X) if w is None else project(g, X, w)
            attended[lesson].append(attention(g, Q, K, V, (words.padding, words.padding), turned))
            if w is None:
                inputs.append(X)
            if lesson == "projected_attention":
                model.goals.append(Goal(attended[lesson][-1].output, s, words.padding, like=X))
    in_the_plane = {key: found for key, found in attended.items() if found[0].output.columns is dimensions}
    model.watch = watched = watch(model, word, inputs, in_the_plane)
    model.headline = Headline([Plane(), *attention_bars(model, watched)], attention_answers(watched))
    compare(model, watched, inputs, attended)
    return model


def compare(model: Lesson, watched: Watch, inputs: list[Matrix], attended: dict[str, list[Attended]]) -> None:
    """The watched word in each of several sentences: its input, and in each lesson its attention and output."""
    if len(model.sentences) == 1:
        return
    g = model.scope("compare")
    positions = [sentence.position for sentence in watched.sentences]
    with model.section("compare", compares=True):
        with g.step("compare_word"):
            model.show(watched.word)
            labels = g.add("sentences", stack(*(s.text for s in model.sentences)))

        def picked(tables: list[Matrix]) -> Matrix:
            return pick(labels, *(m for pair in zip(positions, tables, strict=True) for m in pair))

        with g.step("compare_input"):
            g.add("input", picked(inputs))
        for lesson, sentences in attended.items():
            h = g.scope(lesson)
            with h.step("compare_attention"):
                for s, (position, one) in enumerate(zip(positions, sentences, strict=True)):
                    row = lookup(position, one.weights)
                    h.add(f"{s}.attention", row, rows=Axis.of(watched.word), scale="probability")
            with h.step("compare_output"):
                output = h.add("output", picked([one.output for one in sentences]))
                h.add("difference", less_first(output))
