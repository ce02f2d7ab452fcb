"""Three lessons on self-attention: without weights, with weights, and with other dimensions."""

from __future__ import annotations

from xltransformer.graph import ONE, Matrix, Model, Scope
from xltransformer.models.sizes import Sizes
from xltransformer.nn.attention import Projection, attention, project, projection, same, switches
from xltransformer.nn.embedding import embed, sentence, vocabulary
from xltransformer.ops import equals, first, pick, stack

LESSONS = ("self_attention", "projected_attention", "resized_attention")


def attention_lessons(sizes: Sizes) -> Model:
    """The lessons, each over every sentence, with one vocabulary and one set of weights for all.

    Options: `d_k` and `d_v` (or `key_labels` and `value_labels`) of the third lesson.
    """
    sizes.expect("d_k", "d_v", "key_labels", "value_labels")
    model = Model()
    known = vocabulary(model.scope(), sizes.vocabulary, sizes.width)
    turned = switches(model.scope("switches"))
    dimensions = known.embeddings.columns
    keys = sizes.axis("d_k", "key_labels", "k", 2)
    values = sizes.axis("d_v", "value_labels", "v", 3)
    weights: dict[str, Projection | None] = {
        "self_attention": None,
        "projected_attention": projection(model.scope("projected_attention"), dimensions, dimensions, dimensions),
        "resized_attention": projection(model.scope("resized_attention"), dimensions, keys, values),
    }
    scopes = [
        model.scope("sentence", str(s)) if len(sizes.slots) > 1 else model.scope() for s in range(len(sizes.slots))
    ]
    model.vocabulary = known
    model.switches = [switch for switch in (turned.scaling, turned.temperature, turned.causal) if switch]
    model.sentences = [
        sentence(g if g.parts else g.scope("sentence"), known, slots)
        for g, slots in zip(scopes, sizes.slots, strict=True)
    ]

    inputs: list[Matrix] = []
    outputs: dict[str, list[Matrix]] = {lesson: [] for lesson in LESSONS}
    for lesson in LESSONS:
        for s, words in enumerate(model.sentences):
            g = scopes[s].scope(lesson)
            with model.section(lesson, sentence=s):
                X = embed(g, words.index, known)
                w = weights[lesson]
                Q, K, V = same(g, X, X) if w is None else project(g, X, w)
                outputs[lesson].append(attention(g, Q, K, V, words.padding, words.padding, turned))
                if lesson == LESSONS[0]:
                    inputs.append(X)
    if len(model.sentences) > 1:
        compare(model, inputs, outputs)
    return model


def compare(model: Model, inputs: list[Matrix], outputs: dict[str, list[Matrix]]) -> None:
    """One word in every sentence: where it stands, its input, and its output in each lesson."""
    g: Scope = model.scope("compare")
    with model.section("compare"):
        with g.step("compare_word"):
            word = g.input("word", ONE, ONE, "choice", text=True, choices=model.sentences[0].words)
            labels = g.add("sentences", stack(*(s.text for s in model.sentences)))
        positions: list[Matrix] = []
        with g.step("compare_position"):
            for s, words in enumerate(model.sentences):
                flags = g.add(f"{s}.match", equals(words.words, word))
                positions.append(g.add(f"{s}.position", first(flags)))

        def picked(tables: list[Matrix]) -> Matrix:
            return pick(labels, *(m for pair in zip(positions, tables, strict=True) for m in pair))

        with g.step("compare_input"):
            g.add("input", picked(inputs))
        for lesson, tables in outputs.items():
            with g.step("compare_output"):
                g.add(f"{lesson}.output", picked(tables))
