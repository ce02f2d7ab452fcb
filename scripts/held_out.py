"""What the trained models do on sentences that they never saw: measured here, kept in
templates/weights/held-out.toml, told by `xlt templates`, and measured again by a test."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import names_data
import numpy as np
import training_data as td

from xltransformer.building.instance import make_instance
from xltransformer.building.origin import HELD_OUT, Figure, held_out_figures
from xltransformer.graph import Array
from xltransformer.models import build_model

FILE = td.DATA.parent / HELD_OUT


class Speaker:
    """A shipped model over many sentences at once, in NumPy, in double precision as the sheets."""

    def __init__(self, template: str, places: Sequence[int]) -> None:
        instance = make_instance(template, settings={"spare_rows": 0})
        learned = instance.model.learned_positions
        places = places if learned is None else (learned.shape[0],) * len(instance.sizes.slots)
        sizes = replace(instance.sizes, slots=tuple(places))
        self.model, self.inputs = build_model(instance.template.model, sizes), instance.inputs
        self.words = [str(word) for word in self.inputs["vocabulary"].ravel()]
        self.rows = {word: k for k, word in enumerate(self.words, start=1)}

    def numbered(self, sentences: Iterable[Sequence[str]], sentence: int = -1) -> Array:
        """The rows of the words in the vocabulary (s x n x 1), 0 behind each sentence."""
        listed = list(sentences)
        index = np.zeros((len(listed), self.model.sentences[sentence].words.shape[0], 1))
        for row, words in zip(index, listed, strict=True):
            row[: len(words), 0] = [self.rows[word] for word in words]
        return index

    def says(self, *indices: Array) -> list[Array]:
        """The row of the word that each result predicts at each place (s x n)."""
        results = [goal.result.name for goal in self.model.goals]
        return [np.argmax(value, axis=-1) + 1 for value in self.values(results, *indices)]

    def values(self, names: Sequence[str], *indices: Array) -> list[Array]:
        """Some blocks of the model (s x n x m each)."""
        rows = {sentence.index.name: i for sentence, i in zip(self.model.sentences, indices, strict=True)}
        given = {**self.inputs, **rows}
        found = self.model.plan([self.model.blocks[name] for name in names], given).run(given)
        return [found[name] for name in names]

    def writes(self, begun: Array, *read: Array, end: str | None = None) -> list[list[str]]:
        """Every sentence that was begun, written on to its end or the last place."""
        index = begun.copy()
        for place in range(1, index.shape[1]):
            free = index[:, place, 0] == 0
            if end is not None:
                free &= index[:, place - 1, 0] != self.rows[end]
            free &= index[:, place - 1, 0] > 0
            if free.any():
                (said,) = self.says(*read, index)
                index[free, place, 0] = said[free, place - 1]
        return [[self.words[int(row) - 1] for row in words if row] for words in index[..., 0]]


def stories(template: str) -> list[Figure]:
    """Next words that the grammar determines, and sentences written on from beginnings."""
    speaker = Speaker(template, (td.ROOM,))
    _, held_out = td.animals()
    figures = []
    for what, sentences in (
        ("next words that the grammar determines", held_out),
        ("in further sentences", td.more_animals()),
    ):
        (said,) = speaker.says(speaker.numbered(sentences))
        right = of = 0
        for words, guesses in zip(sentences, said, strict=True):
            for k in range(1, len(words) + 1):
                follow = td.next_words(" ".join(words[:k]))
                if len(follow) == 1:
                    of += 1
                    right += speaker.words[guesses[k - 1] - 1] in follow
        figures.append(Figure(what, right, of))
    begun = speaker.numbered(td.beginnings())
    written = speaker.writes(begun, end=td.END)
    good = sum(words[-1] == td.END and td.grammatical(" ".join(words[:-1])) for words in written)
    return [*figures, Figure("beginnings written on grammatically", good, len(written))]


def bert() -> list[Figure]:
    """Hidden words whose first guess fits the grammar."""
    speaker = Speaker("bert", ())
    _, held_out = td.animals()
    figures = []
    for what, sentences in (
        ("hidden words guessed as the grammar has it", held_out),
        ("in further sentences", td.more_animals(100)),
    ):
        hidden = [(*s[:k], td.HIDDEN, *s[k + 1 :]) for s in sentences for k in range(len(s))]
        (said,) = speaker.says(speaker.numbered(hidden))
        fits = sum(
            speaker.words[guesses[words.index(td.HIDDEN)] - 1] in td.fitting(" ".join(words))
            for words, guesses in zip(hidden, said, strict=True)
        )
        figures.append(Figure(what, fits, len(hidden)))
    return figures


def translations(template: str) -> list[Figure]:
    """Translations that are right word by word."""
    speaker = Speaker(template, (td.LONGEST_SOURCE, 12))
    _, held_out = td.translation()
    figures = []
    for what, pairs in (("translations word for word", held_out), ("further ones", td.more_translation())):
        begun = speaker.numbered([(td.START,)] * len(pairs))
        written = speaker.writes(begun, speaker.numbered((read for read, _ in pairs), 0), end=td.END)
        right = sum(words == [td.START, *said, td.END] for words, (_, said) in zip(written, pairs, strict=True))
        figures.append(Figure(what, right, len(pairs)))
    return figures


def _written_on(template: str, pairs: Sequence[td.Pair], count: int | None = None) -> int:
    """How many pairs are written right, as far as `count` words."""
    speaker = Speaker(template, ())
    written = speaker.writes(speaker.numbered(read for read, _ in pairs))
    return sum(
        words[len(read) :][: len(said[:count])] == list(said[:count])
        for words, (read, said) in zip(written, pairs, strict=True)
    )


def sort_letters() -> list[Figure]:
    """Rows of six letters put in order, whole."""
    learned, held_out = td.sorting()
    return [
        Figure("held-out rows sorted", _written_on("sort-letters", held_out), len(held_out)),
        Figure("rows of all", _written_on("sort-letters", [*learned, *held_out]), len(learned) + len(held_out)),
    ]


def induction() -> list[Figure]:
    """The letter after the repeated one."""
    _, held_out = td.induction()
    return [
        Figure(what, _written_on("induction", pairs, 1), len(pairs))
        for what, pairs in (("letters after the repeated one", held_out), ("in further rows", td.more_induction()))
    ]


def sentences() -> list[Figure]:
    """Triples in which the sentence that means the same is nearer than the other."""
    _, held_out = td.paraphrases()
    speaker = Speaker("sentences", ())
    places = [speaker.numbered([triple[k] for triple in held_out]) for k in range(3)]
    cosines = [speaker.values(["similarity.cosine"], places[0], other)[0][:, 0, 1] for other in places[1:]]
    return [
        Figure("paraphrases nearer than another sentence", int((cosines[0] > cosines[1]).sum()), len(held_out))
    ]


def multi_head() -> list[Figure]:
    """What is told from both heads, and in how many cases, of those that have somebody before and behind, each
    head looks most where its job is."""
    speaker = Speaker("multi-head", (td.LONGEST_ROW,))
    _, held_out = td.neighbours()
    rows = speaker.numbered(row for row, _ in held_out)
    (said,) = speaker.says(rows)
    told = [
        speaker.words[guess - 1] == word
        for guesses, (_, words) in zip(said, held_out, strict=True)
        for guess, word in zip(guesses, words, strict=False)
    ]
    figures = [Figure("neighbours told", sum(told), len(told))]
    inner = [(k, i) for k, (row, _) in enumerate(held_out) for i in range(1, len(row) - 1)]
    for head, (where, step) in enumerate((("behind", 1), ("before", -1))):
        (weights,) = speaker.values([f"multi_head.head.{head}.weights"], rows)
        right = sum(int(np.argmax(weights[k, i])) == i + step for k, i in inner)
        figures.append(Figure(f"looks of head {head + 1} at the one {where}", right, len(inner)))
    return figures


NETWORKS = {
    "recurrent": "the recurrent network",
    "lstm": "the LSTM",
    "gru": "the GRU",
    "self_attention": "attention",
}
"""The networks that the lesson on recurrent ones compares, in the order of its goals."""


def recurrent() -> list[Figure]:
    """Names that each network says again, of all."""
    speaker, read, right = _backwards()
    said = speaker.says(read)
    return [
        Figure(f"names said again by {who}", int((guesses[:, td.TOLD :] == right).sum()), right.size)
        for who, guesses in zip(NETWORKS.values(), said, strict=True)
    ]


def _backwards() -> tuple[Speaker, Array, Array]:
    """The networks, what they read (s x n x 1), and the right names (s x k), as rows of the vocabulary."""
    _, held_out = td.backwards()
    speaker = Speaker("recurrent", (2 * td.TOLD,))
    read = speaker.numbered(read for read, _ in held_out)
    return speaker, read, np.array([[speaker.rows[word] for word in words] for _, words in held_out])


def recurrent_means() -> dict[str, list[float]]:
    """Means over held-out rows: the share of the right name, by how many words it lies behind; and by a word's
    distance from the last one, by how much it moves the last state (the size of the Jacobian, by small steps to
    both sides), or attention's weight for it."""
    speaker, read, right = _backwards()
    blocks, rows = speaker.model.blocks, {speaker.model.sentences[-1].index.name: read}
    given = {**speaker.inputs, **rows}
    shares = {name: blocks[f"{name}.prediction.probabilities"] for name in NETWORKS}
    states = [blocks[f"{name}.states"] for name in NETWORKS if f"{name}.states" in blocks]
    X, weights = blocks["recurrent.X"], blocks["self_attention.weights"]
    values = speaker.model.plan([*shares.values(), X, weights], given).run(given)
    places = np.arange(td.TOLD, 2 * td.TOLD)
    found: dict[str, list[float]] = {"rows": [len(read)], "words_behind": [2 * k + 1 for k in range(td.TOLD)]}
    for name, block in shares.items():
        of_right = np.take_along_axis(values[block.name][:, places], right[..., None] - 1, axis=-1)
        found[f"share_{name}"] = _rounded(of_right.mean(axis=(0, 2)))
    plan = speaker.model.plan(states, {*given, X.name})
    squares = {block.name: np.zeros(read.shape[:2]) for block in states}
    for t in range(X.shape[0]):
        for k in range(X.shape[1]):
            ends = []
            for step in (STEP, -STEP):
                moved = values[X.name].copy()
                moved[:, t, k] += step
                ends.append(plan.run({**given, X.name: moved}))
            for name, total in squares.items():
                total[:, t] += (((ends[0][name] - ends[1][name])[:, -1] / (2 * STEP)) ** 2).sum(axis=-1)
    found["distance"] = list(range(X.shape[0]))[::-1]
    for name, total in squares.items():
        found[f"influence_{name.partition('.')[0]}"] = _rounded(np.sqrt(total).mean(axis=0))
    found["influence_self_attention"] = _rounded(values[weights.name][:, -1].mean(axis=0))
    return found


STEP = 1e-5
"""How far a number of a word is moved to see how the last state follows."""


def _rounded(numbers: Array) -> list[float]:
    return [round(float(number), 3) for number in numbers]


def encoder() -> list[Figure]:
    """Reviews judged right: held-out ones, further ones, of these such that negate something, and such that negate
    a word by another one that never stood before it in training."""
    speaker, further = Speaker("encoder", (td.LONGEST_REVIEW,)), td.more_reviews()
    figures = []
    for what, found in (
        ("held-out reviews judged right", td.reviews()[1]),
        ("further ones", further),
        ("of these with a negation", [one for one in further if td.negates(one.words)]),
        ("with a negation that it never met before that word", td.reviews_never_met()),
    ):
        (said,) = speaker.says(speaker.numbered(one.words for one in found))
        right = [
            (td.KIND, td.UNKIND)[int(row[0]) - 1] == one.verdict for row, one in zip(said, found, strict=True)
        ]
        figures.append(Figure(what, sum(right), len(right)))
    return figures


def names_held_out() -> tuple[list[str], list[tuple[str, ...]]]:
    """The names that are learned, and the held-out ones as the model reads them."""
    learned, away = names_data.split()
    return learned, [tuple(names_data.words_of(name)) for name in away]


def names() -> list[Figure]:
    """Next letters of held-out names, the end among them, guessed."""
    speaker, (_, held_out) = Speaker("names", ()), names_held_out()
    (said,) = speaker.says(speaker.numbered(held_out))
    pairs = [
        (speaker.words[guesses[k - 1] - 1], words[k])
        for words, guesses in zip(held_out, said, strict=True)
        for k in range(1, len(words))
    ]
    return [Figure("next letters of held-out names", sum(a == b for a, b in pairs), len(pairs))]


SMOOTHING = 0.1
"""What each pair of letters is counted beforehand."""


def names_bits() -> dict[str, list[float]]:
    """The loss on held-out names in bits a letter, the end among them: of the model, and of a count of pairs,
    which says of each letter how often it follows the one before."""
    speaker, (learned, held_out) = Speaker("names", ()), names_held_out()
    (logits,) = speaker.values([speaker.model.goals[0].result.name], speaker.numbered(held_out))
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    counts = np.full((len(speaker.words),) * 2, SMOOTHING)
    for name in learned:
        rows = [speaker.rows[word] - 1 for word in names_data.words_of(name)]
        np.add.at(counts, (rows[:-1], rows[1:]), 1)
    pairs = counts / counts.sum(axis=1, keepdims=True)
    bits: dict[str, list[float]] = {"bits": [], "bits_pairs": []}
    for s, words in enumerate(held_out):
        rows = [speaker.rows[word] - 1 for word in words]
        bits["bits"] += [-math.log2(shares[s, k, row]) for k, row in enumerate(rows[1:])]
        bits["bits_pairs"] += [-math.log2(pairs[a, b]) for a, b in pairwise(rows)]
    return {key: [round(sum(each) / len(each), 3)] for key, each in bits.items()}


MEASURES: dict[str, Callable[[], list[Figure]]] = {
    "gpt": partial(stories, "gpt"),
    "llama": partial(stories, "llama"),
    "bert": bert,
    "encoder-decoder": partial(translations, "encoder-decoder"),
    "decoder": partial(translations, "decoder"),
    "multi-head": multi_head,
    "sentences": sentences,
    "sort-letters": sort_letters,
    "induction": induction,
    "recurrent": recurrent,
    "encoder": encoder,
    "names": names,
}
"""What each trained template is measured by."""

MEANS = {
    "recurrent": ("weights/recurrent.measured.toml", recurrent_means),
    "names": ("weights/names.measured.toml", names_bits),
}
"""Further figures that a template shows: the file in the folder of the templates, and what measures them."""
MEANS_HEAD = "# What the template shows as measured on held-out rows, by scripts/held_out.py.\n"


def write(names: Iterable[str]) -> None:
    """Measure some templates, and keep their figures beside those of the others."""
    kept = held_out_figures()
    for name in names:
        kept[name] = MEASURES[name]()
        if name in MEANS:
            file, measure = MEANS[name]
            rows = "".join(f"{row} = {numbers}\n" for row, numbers in measure().items())
            (td.DATA.parent / file).write_text(MEANS_HEAD + rows, "utf-8", newline="\n")
        for figure in kept[name]:
            print(f"{name}: {figure.right} of {figure.of} {figure.what}", flush=True)
    lines = ["# What each trained template does on held-out data, as scripts/held_out.py measures it."]
    for name, figures in kept.items():
        for one in figures:
            lines += ["", f"[[{name}]]", f'what = "{one.what}"', f"right = {one.right}", f"of = {one.of}"]
    FILE.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
