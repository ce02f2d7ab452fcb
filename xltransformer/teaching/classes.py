"""The headline of a classifier: its classes, and how its words speak for them after each layer."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer import ops
from xltransformer.graph import Axis, Matrix
from xltransformer.nn.classifier import Classified, Reading
from xltransformer.teaching.headline import attention_bars
from xltransformer.teaching.lesson import Lesson, Watch
from xltransformer.teaching.pictures import Answer, Bars, Fact, Headline, Map


def class_headline(
    model: Lesson, watch: Watch, names: Matrix, classified: Sequence[Classified], readings: Sequence[Reading]
) -> Headline:
    """The first sentence's score word by word after each layer, its classes as bars, and what the watched word
    looks at; in words for each sentence its class, the watched word's way there, and which word says most by
    itself."""
    pictures = [
        Map("word_scores", readings[0].scores),
        Bars("classes", names, (classified[0].probabilities,)),
        *attention_bars(model, watch)[:1],
    ]
    answers = []
    for s, (made, reading) in enumerate(zip(classified, readings, strict=True)):
        answers += [_judged(names, made, reading, s), *_words(model, watch, names, made, reading, s)]
    return Headline(pictures, answers)


def _judged(names: Matrix, made: Classified, reading: Reading, s: int) -> Answer:
    """The class of a sentence, and the mean score of its words after each layer."""
    facts = {"name": Fact(made.name), "share": Fact(made.probability), "class": Fact(names)}
    return Answer("classified", facts | _stages(reading.mean), s, holds=made.any, instead="no_word")


def _stages(scores: Matrix) -> dict[str, Fact]:
    """A row of scores: before the layers, after the first one and after the last."""
    last = scores.shape[1] - 1
    return {"alone": Fact(scores), "one": Fact(scores, 0, 1), "last": Fact(scores, 0, last)}


def _words(
    model: Lesson, watch: Watch, names: Matrix, made: Classified, reading: Reading, s: int
) -> tuple[Answer, Answer]:
    """For which class the watched word speaks after each layer, and which word says most by itself."""
    words, position = model.sentences[s], watch.sentences[s].position
    h = model.scope("watch", str(s), "class")
    with model.behind():
        with h.step("watch_class"):
            there = h.add("stands", ops.lookup(position, words.padding), scale="gate")
            row = h.add("stages", ops.lookup(position, reading.scores), rows=Axis.of(watch.word))
            facts = {"word": Fact(watch.word), "class": Fact(names), **_stages(row)}
            for stage, k in (("alone", 0), ("one", 1), ("last", len(reading.logits) - 1)):
                at = h.scope(stage)
                own = at.add("logits", ops.lookup(position, reading.logits[k]), rows=Axis.of(watch.word))
                index = at.add("class_index", ops.row_argmax(own))
                facts[f"{stage}_class"] = Fact(at.add("class", ops.word_at(index, names)))
        with h.step("watch_counts"):
            alone = h.add("score_row", ops.transpose(reading.single[0]))
            index = h.add("largest", ops.row_argmax(h.add("squares", ops.multiply(alone, alone))))
            counts = {
                "word": Fact(h.add("word", ops.word_at(index, words.words))),
                "score": Fact(h.add("score", ops.entry_at(alone, index), scale="signed")),
            }
    key = "word_class" if names.size == 2 else "word_score"
    return (
        Answer(key, facts, s, holds=there, instead="not_read"),
        Answer("says_most", counts, s, holds=made.any, instead="no_word"),
    )
