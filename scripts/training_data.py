#!/usr/bin/env python3
"""The small languages that the trained models learn, and the files they learn them from.

Every language is finite and written down here whole, so that a test can ask of any words whether they
belong to it. Which sentences are for training and which are held out is settled by a digest of their
words: the same on every machine. Run it to write templates/data again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple, TypeVar

DATA = Path(__file__).parents[1] / "templates" / "data"

Words = tuple[str, ...]
Pair = tuple[Words, Words]
"""What is read, and what is to be written."""

Item = TypeVar("Item")

END, HIDDEN, START = ".", "[MASK]", "<s>"

# animals: English sentences, for gpt and bert

HOME = {"cat": "mat", "kitten": "mat", "rabbit": "mat", "dog": "rug", "puppy": "rug",
        "bird": "branch", "crow": "branch", "mouse": "box"}  # fmt: skip
FOOD = {"cat": "fish", "kitten": "fish", "rabbit": "carrot", "dog": "bone", "puppy": "bone",
        "bird": "seed", "crow": "seed", "mouse": "nut"}  # fmt: skip
QUALITIES = ("small", "big", "black", "white")
ARTICLES = ("the", "a")
SHELTERS = ("tree", "table")
VERBS = ("sat", "slept", "ran", "ate", "saw")


def _verb_phrases(animal: str, verb: str) -> Iterator[Words]:
    """What an animal does: each has its own home and its own food, wherever it stands in a sentence."""
    home = {"sat": "on", "slept": "on", "ran": "to"}
    if verb in home:
        yield (verb, home[verb], "the", HOME[animal])
        yield from ((verb, "under", "the", shelter) for shelter in SHELTERS)
        return
    things = [FOOD[animal]] if verb == "ate" else [other for other in HOME if other != animal]
    for article, thing in product(ARTICLES, things):
        yield (verb, article, thing)
        yield from ((verb, article, thing, "and", then, how, "the", HOME[animal]) for then, how in home.items())


def _by_beginning() -> Iterator[tuple[Words, str, list[Words]]]:
    """Every subject and verb, with whose they are, and all sentences that begin so."""
    for animal in HOME:
        subjects = [(article, animal) for article in ARTICLES]
        subjects += [(article, quality, animal) for article, quality in product(ARTICLES, QUALITIES)]
        followed = [("the", animal, "that", "saw", "the", other) for other in HOME if other != animal]
        for subject in subjects:
            for verb in VERBS:
                yield (*subject, verb), animal, [(*subject, *rest) for rest in _verb_phrases(animal, verb)]
        for subject in followed:
            for verb in VERBS[:-1]:
                simple = [rest for rest in _verb_phrases(animal, verb) if "and" not in rest]
                yield (*subject, verb), animal, [(*subject, *rest) for rest in simple]


@cache
def animal_sentences() -> frozenset[Words]:
    """The whole language."""
    return frozenset(sentence for _, _, sentences in _by_beginning() for sentence in sentences)


@cache
def _next_words() -> dict[Words, frozenset[str]]:
    found: dict[Words, set[str]] = {}
    for sentence in animal_sentences():
        ended = (*sentence, END)
        for k in range(len(ended)):
            found.setdefault(ended[:k], set()).add(ended[k])
    return {beginning: frozenset(words) for beginning, words in found.items()}


def next_words(beginning: str) -> frozenset[str]:
    """The words that may follow a beginning, `END` among them where the sentence may end; none where the
    beginning is no beginning of a sentence. Where there is one only, the grammar determines it."""
    return _next_words().get(tuple(beginning.split()), frozenset())


def grammatical(sentence: str) -> bool:
    """Whether the words, without `END`, are a sentence of the language."""
    return tuple(sentence.split()) in animal_sentences()


def fitting(sentence: str) -> frozenset[str]:
    """The words that may stand in place of the one `HIDDEN` word of a sentence."""
    words = {word for known in animal_sentences() for word in known}
    return frozenset(word for word in words if grammatical(sentence.replace(HIDDEN, word, 1)))


AWAY = 0.12
"""The share of beginnings, a subject and its verb, that are never met in training."""


def _away(beginning: Words) -> bool:
    return _draw(beginning, "away") < AWAY and len(beginning) > 3


def animals() -> tuple[list[Words], list[Words]]:
    """Sentences to learn from, and held-out ones whose subject and verb are never met together there.

    Of sentences that begin alike a few are taken; most of the cat, so that it is the first guess."""
    training: list[Words] = []
    held_out: list[Words] = []
    for beginning, animal, sentences in _by_beginning():
        away = _away(beginning)
        chosen = _shuffled(sentences)[: 2 if away else 6 if animal == "cat" else 3]
        (held_out if away else training).extend(chosen)
    return _shuffled(training), _shuffled(held_out)


def more_animals(count: int = 300) -> list[Words]:
    """Further sentences whose subject and verb are never met in training, and which no file has: nothing
    was chosen by them."""
    _, held_out = animals()
    apart = (sentence for beginning, _, every in _by_beginning() if _away(beginning) for sentence in every)
    return _shuffled(set(apart) - set(held_out))[:count]


def beginnings(count: int = 200) -> list[Words]:
    """Beginnings of held-out sentences that no training sentence has."""
    training, held_out = animals()
    known = {sentence[:k] for sentence in training for k in range(len(sentence) + 1)}
    new = {sentence[:k] for sentence in held_out for k in range(2, len(sentence))} - known
    return _shuffled(new)[:count]


# translation: Chinese to English, for encoder-decoder

ANIMALS = {"猫": "cat", "狗": "dog", "鸟": "bird", "老鼠": "mouse", "马": "horse"}
SIZES = {"小": "small", "大": "big", "黑": "black", "白": "white"}
PLACES = {"垫子": "mat", "桌子": "table", "床": "bed", "盒子": "box"}
SIDES = {"上": "on", "下": "under"}
DOINGS = {"睡觉": "sleeps", "玩": "plays", "唱歌": "sings"}
MEALS = {"鱼": "fish", "肉": "meat", "米饭": "rice", "奶酪": "cheese"}
TIMES = {"今天": "today", "现在": "now"}
LONGEST_SOURCE = 8


def translation_pairs() -> list[Pair]:
    """The whole language: Chinese says when and where before the verb, English after it."""
    named = [((zh,), ("the", en)) for zh, en in ANIMALS.items()]
    named += [((q, zh), ("the", e, en)) for (q, e), (zh, en) in product(SIZES.items(), ANIMALS.items())]
    done: list[Pair] = [((zh,), (en,)) for zh, en in DOINGS.items()]
    done += [(("吃", zh), ("eats", en)) for zh, en in MEALS.items()]
    done += [(("看见", *zh), ("sees", *en)) for zh, en in named]
    where: list[Pair] = [((), ())]
    where += [
        (("在", zh, side), (on, "the", en)) for (zh, en), (side, on) in product(PLACES.items(), SIDES.items())
    ]
    when: list[Pair] = [((), ()), *(((zh,), (en,)) for zh, en in TIMES.items())]
    pairs = []
    for w, n, p, d in product(when, named, where, done):
        if n[0][-1] != d[0][-1]:  # nobody sees itself
            pairs.append(((*w[0], *n[0], *p[0], *d[0]), (*n[1], *d[1], *p[1], *w[1])))
    return [pair for pair in pairs if len(pair[0]) <= LONGEST_SOURCE]


def translation(training: int = 1300, held_out: int = 300) -> tuple[list[Pair], list[Pair]]:
    """Pairs to learn from, the short ones more often than the many long ones, and held-out ones."""
    by_length: dict[int, list[Pair]] = {}
    for pair in translation_pairs():
        by_length.setdefault(len(pair[0]), []).append(pair)
    chosen: list[Pair] = []
    kept: list[Pair] = []
    for pairs in by_length.values():
        pairs = _shuffled(pairs)
        aside = min(len(pairs) // 5, -(-held_out // len(by_length)))
        kept += pairs[:aside]
        chosen += pairs[aside:][: -(-training // len(by_length))]
    return _shuffled(chosen), _shuffled(kept)


def more_translation(count: int = 300) -> list[Pair]:
    """Further pairs that no file has."""
    return _shuffled(set(translation_pairs()) - {pair for pairs in translation() for pair in pairs})[:count]


# letters: sorting and induction, both written on by a decoder

LETTERS = ("A", "B", "C")


def sorting() -> tuple[list[Pair], list[Pair]]:
    """Six letters and the same in order: all 729, of which a fifth is held out."""
    every: list[Pair] = [(letters, tuple(sorted(letters))) for letters in product(LETTERS, repeat=6)]
    every = _shuffled(every)
    return every[146:], every[:146]


ALPHABET = tuple("ABCDEFGHIJ")
ROOM = 12


def follow(read: Words, count: int) -> Words:
    """What induction says, `count` times: the letter that came after the last one when it stood before."""
    words = list(read)
    for _ in range(count):
        words.append(words[words.index(words[-1]) + 1])
    return tuple(words[len(read) :])


def induction(training: int = 3000, held_out: int = 1000) -> tuple[list[Pair], list[Pair]]:
    """Letters of which none comes twice, then one of them again: what came after it comes again."""
    found: dict[Words, Pair] = {}
    for k in range(2 * (training + held_out)):
        letters = sorted(ALPHABET, key=lambda letter: _draw((letter,), f"induction {k}"))
        length = 3 + int(_draw((str(k),), "length") * 6)
        again = int(_draw((str(k),), "again") * (length - 1))
        read = (*letters[:length], letters[again])
        found.setdefault(read, (read, follow(read, min(4, ROOM - len(read)))))
    every = list(found.values())
    return every[:training], every[training : training + held_out]


def more_induction(count: int = 1000) -> list[Pair]:
    """Further letters that no file has."""
    learned, held_out = induction()
    known = {read for read, _ in (*learned, *held_out)}
    return [pair for pair in induction(8000, 1000)[0] if pair[0] not in known][:count]


# backwards: the words read said again from the last to the first, for the recurrent network and attention

NAMES = ("cat", "dog", "bird", "mouse", "horse", "cow", "pig", "hen")
BACK = "back"
TOLD = 6


def backwards(training: int = 3000, held_out: int = 300) -> tuple[list[Pair], list[Pair]]:
    """Six names and six times the word to say one back: the last first, so that each lies further behind
    than the one before, by 1, 3, … 11 words. What is to be said belongs to the last words read."""
    every: dict[Words, Pair] = {}
    for k in range(training + held_out):
        told = tuple(NAMES[int(_draw((str(k), str(place)), "name") * len(NAMES))] for place in range(TOLD))
        every.setdefault(told, ((*told, *[BACK] * TOLD), told[::-1]))
    pairs = list(every.values())
    return pairs[:training], pairs[training:]


# reviews: kind or not, for the encoder that classifies

KIND, UNKIND = "kind", "unkind"
QUALITY = {
    **dict.fromkeys(("good", "moving", "clever", "fresh", "lively", "warm"), KIND),
    **dict.fromkeys(("bad", "dull", "slow", "silly", "weak", "stale"), UNKIND),
}
NEGATIONS = (("not",), ("never",), ("hardly",), ("not", "too"))
DEGREES: tuple[Words, ...] = ((), ("very",), ("quite",), ("really",))
REVIEWERS = ("i", "we")
REVIEWED = ("film", "story", "music", "acting", "ending", "script")
JOINTS = ("and", "but", "though")
NEVER_MET = (("never", "dull"), ("not", "weak"), ("hardly", "good"), ("never", "moving"), ("hardly", "silly"))
"""Words that never stand beside one another in training."""

LONGEST_REVIEW = 13

OPPOSITE = {KIND: UNKIND, UNKIND: KIND}
_SAID = {(*how, quality): kind for (quality, kind), how in product(QUALITY.items(), DEGREES)}
_SAID |= {(*how, quality): OPPOSITE[kind] for (quality, kind), how in product(QUALITY.items(), NEGATIONS)}
"""What may be said of something, such as "not bad", and whether that is kind."""


class Review(NamedTuple):
    """A review: its words, whether it is kind, and whether the part that each word stands in is, by itself."""

    words: Words
    verdict: str
    parts: Words


def review(text: str) -> Review | None:
    """What a text says as a review; None for what is none. Of two things said, "and" joins such as agree; what
    stands after "but" counts, and what stands before "though"."""
    words = tuple(text.split())
    if len(words) < 5 or words[0] not in REVIEWERS or words[1:3] != ("found", "the") or words[3] not in REVIEWED:
        return None
    at = next((k for k, word in enumerate(words) if word in JOINTS), len(words))
    joint, then = words[at : at + 1], words[at + 1 :]
    if then[:1] == ("the",) and then[1:2] != words[3:4] and then[1:2] and then[1] in REVIEWED:
        then = then[2:]
    one, other = _SAID.get(words[4:at]), _SAID.get(then)
    if one is None or (joint and (other is None or (joint == ("and",) and one != other))):
        return None
    second = one if other is None else other
    return Review(words, one if joint == ("though",) else second, (one,) * at + (second,) * (len(words) - at))


def _drawn(k: int) -> str:
    """The k-th review that is drawn: one thing said in every fifth, else two, of one thing reviewed or of two."""

    def one_of(items: Sequence[Item], what: str) -> Item:
        return items[int(_draw((str(k),), what) * len(items))]

    def told(what: str) -> Words:
        negated = _draw((str(k),), f"negated {what}") < 0.4
        return (*one_of(NEGATIONS if negated else DEGREES, f"how {what}"), one_of(tuple(QUALITY), what))

    reviewed = one_of(REVIEWED, "reviewed")
    begun = (one_of(REVIEWERS, "reviewer"), "found", "the", reviewed, *told("first"))
    if _draw((str(k),), "short") < 0.2:
        return " ".join(begun)
    others = tuple(other for other in REVIEWED if other != reviewed)
    second = ("the", one_of(others, "other")) if _draw((str(k),), "two") < 0.7 else ()
    return " ".join((*begun, one_of(JOINTS, "joint"), *second, *told("second")))


def _meets(words: Words) -> bool:
    """Whether words stand beside one another that never do so in training."""
    return any(pair in NEVER_MET for pair in pairwise(words))


@cache
def _reviews() -> tuple[list[Review], list[Review]]:
    """Many reviews in the order that they are drawn; apart from them those that training must not meet."""
    drawn = [found for k in range(6000) if (found := review(_drawn(k))) is not None]
    every = list({one.words: one for one in drawn}.values())
    return [one for one in every if not _meets(one.words)], [one for one in every if _meets(one.words)]


def reviews(training: int = 1300, held_out: int = 300) -> tuple[list[Review], list[Review]]:
    """Reviews to learn from, and held-out ones."""
    every, _ = _reviews()
    return every[:training], every[training : training + held_out]


def more_reviews(count: int = 1000) -> list[Review]:
    """Further reviews that no file has."""
    every, _ = _reviews()
    return every[sum(map(len, reviews())) :][:count]


def reviews_never_met(count: int = 300) -> list[Review]:
    """Reviews with a negation before a word beside which it never stood in training."""
    return _reviews()[1][:count]


def review_line(one: Review) -> str:
    """A review, what it is, and by number what the part of each word is, parted by tabs."""
    return "\t".join((" ".join(one.words), one.verdict, " ".join("1" if k == KIND else "2" for k in one.parts)))


def negates(read: Words) -> bool:
    """Whether something is negated in a review."""
    return any(word in read for word in ("not", "never", "hardly"))


# neighbours: animals in a row, each of which tells who stands before it and behind it, for several heads

STANDING = ("cat", "dog", "hen", "cow")
NOBODY = "nobody"
SHORTEST_ROW, LONGEST_ROW = 3, 6


def neighbours_of(row: Words) -> Words:
    """What each of a row tells: who stands before it and who behind it, in one word such as cat-dog."""
    lined = (NOBODY, *row, NOBODY)
    return tuple(f"{before}-{behind}" for before, behind in zip(lined, lined[2:], strict=False))


def neighbours(training: int = 1200, held_out: int = 300) -> tuple[list[Pair], list[Pair]]:
    """Rows of three to six, and what everybody in them tells."""
    rows = [row for n in range(SHORTEST_ROW, LONGEST_ROW + 1) for row in product(STANDING, repeat=n)]
    every: list[Pair] = [(row, neighbours_of(row)) for row in _shuffled(rows)]
    return every[:training], every[training : training + held_out]


# paraphrases: sentences that mean the same in other words, for sentence embeddings

SAME = (
    (("cat", "kitten"), ("dog", "puppy"), ("bird", "crow"), ("horse", "foal")),
    (("sat", "rested"), ("ran", "raced"), ("ate", "fed")),
    (("on", "mat"), ("under", "tree"), ("in", "box"), ("by", "house")),
)
"""Who, in words that are to count as one; what it does, likewise; and where."""

Meaning = tuple[int, int, int]


def meanings(away: bool) -> list[Meaning]:
    """Who does what where, by number: those that are met in training, or those that are `away` from it."""
    every = product(*(range(len(part)) for part in SAME))
    return [(a, b, c) for a, b, c in every if (_draw((str(a), str(b), str(c)), "meaning") < 0.2) == away]


def ways(meaning: Meaning) -> list[Words]:
    """Every way to say it: with either word for who and what, and with where at the end or the beginning."""
    who, what, where = (part[k] for part, k in zip(SAME, meaning, strict=True))
    found = []
    for animal, verb, article in product(who, what, ARTICLES):
        found += [
            (article, animal, verb, where[0], "the", where[1]),
            (where[0], "the", where[1], article, animal, verb),
        ]
    return found


Triple = tuple[Words, Words, Words]


def triples(count: int, away: bool) -> list[Triple]:
    """A sentence, one that means the same, and one that does not: it differs in who, what or where."""
    known, found = meanings(away), []

    def one_of(items: Sequence[Item], k: int, what: str) -> Item:
        return items[int(_draw((str(k), str(away)), what) * len(items))]

    for k in range(count):
        meaning = one_of(known, k, "meaning")
        apart = [other for other in product(*(range(len(part)) for part in SAME)) if other != meaning]
        close = [other for other in apart if sum(a != b for a, b in zip(other, meaning, strict=True)) == 1]
        other = one_of(close if k % 3 else apart, k, "other")
        first = one_of(ways(meaning), k, "first")
        same = one_of([way for way in ways(meaning) if way != first], k, "same")
        found.append((first, same, one_of(ways((other[0], other[1], other[2])), k, "way")))
    return list(dict.fromkeys(found))


def paraphrases() -> tuple[list[Triple], list[Triple]]:
    """Triples to learn from, and held-out ones of which no meaning of the first two is met there as such."""
    return triples(1000, away=False), triples(300, away=True)


def _draw(words: Words, salt: str) -> float:
    """A number from 0 up to 1 that depends on the words alone."""
    digest = hashlib.sha256(" ".join((salt, *words)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _shuffled(items: Iterable[Item]) -> list[Item]:
    """In an order that depends on the items alone."""
    return sorted(items, key=lambda item: hashlib.sha256(repr(item).encode()).digest())


def write() -> None:
    """Write every file of templates/data: one sentence a line, or what is read and what is to be written,
    parted by a tab."""
    DATA.mkdir(parents=True, exist_ok=True)
    sentences = animals()
    for part, lines in zip(("train", "valid"), sentences, strict=True):
        _save(f"animals.{part}.txt", (" ".join(words) for words in lines))
    _save("animals.beginnings.txt", (" ".join(words) for words in beginnings()))
    for name, made in (
        ("translation", translation()),
        ("sorting", sorting()),
        ("neighbours", neighbours()),
        ("paraphrases", paraphrases()),
        ("induction", induction()),
        ("backwards", backwards()),
    ):
        for part, pairs in zip(("train", "valid"), made, strict=True):
            _save(f"{name}.{part}.tsv", ("\t".join(map(" ".join, pair)) for pair in pairs))
    for part, found in zip(("train", "valid"), reviews(), strict=True):
        _save(f"reviews.{part}.tsv", map(review_line, found))


def _save(name: str, lines: Iterable[str]) -> None:
    (DATA / name).write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")


if __name__ == "__main__":
    write()
