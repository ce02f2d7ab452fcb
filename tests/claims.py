"""What the live sentences of Start claim, each tested by a predicate of its own.

A predicate is written from the words of its sentence, not from its formula. It gets the sentence as a reader sees
it (the names and numbers parsed out of the text by the pattern of its language) and the values of the recalculated
workbook, from which it works out by itself what the sentence speaks of. Numbers are compared as they are shown.
Each kind of sentence, `answer.<key>` of the locale, has one, or `test_claims` fails; a new one is a function here
under `@claim("its key")`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.locale import Messages
from xltransformer.models import Lesson
from xltransformer.teaching.pictures import Answer
from xltransformer.text import letters, word_key

Predicate = Callable[["Said", "Seen"], bool]
PREDICATES: dict[str, Predicate] = {}


def claim(*keys: str) -> Callable[[Predicate], Predicate]:
    """Register what tests the sentences of these keys."""

    def register(predicate: Predicate) -> Predicate:
        for key in keys:
            assert key not in PREDICATES, key
            PREDICATES[key] = predicate
        return predicate

    return register


@dataclass(frozen=True)
class Said:
    """One sentence as it is shown: its key, the answer that it is a form of, and what stands in the places of
    its {names}."""

    key: str
    answer: Answer
    fields: Mapping[str, str]
    text: str
    itself: str
    sentence: int

    def number(self, name: str) -> float:
        """A number; none may be shown as a negative zero."""
        shown = self.fields[name]
        assert not re.fullmatch(r"-0(\.0*)?", shown), f"{name} is shown as {shown}"
        return float(shown)

    def word(self, name: str) -> str:
        """A word, without the quotation marks that a formula may have put around it."""
        return self.fields[name].strip("“”")


@dataclass
class Seen:
    """The recalculated workbook: what its blocks hold, by name, read when they are asked for."""

    model: Lesson
    messages: Messages
    read: Callable[[Matrix], Array]

    def __post_init__(self) -> None:
        self._read: dict[str, Array] = {}

    def __getitem__(self, block: Matrix | str) -> Array:
        block = self.model.blocks[block] if isinstance(block, str) else block
        if block.name not in self._read:
            self._read[block.name] = self.read(block)
        return self._read[block.name]

    def text(self, block: Matrix | str) -> str:
        """The text of a block of one cell."""
        return str(self[block][0, 0])

    def column(self, block: Matrix | str) -> list[str]:
        return [str(text) for text in self[block].ravel()]

    def words(self, sentence: int) -> list[str]:
        """A sentence's words, place by place, empty where a slot is."""
        return self.column(self.model.sentences[sentence].words)

    def known(self, sentence: int) -> list[int]:
        """The places (from 0) of a sentence whose word the vocabulary has, once."""
        return [k for k, word in enumerate(self.words(sentence)) if self.row_of(word) is not None]

    def row_of(self, word: str) -> int | None:
        """The row (from 0) of a word in the vocabulary, None where it is not there, or more than once."""
        listed = [word_key(one) for one in self.column(self.model.vocabulary.words)]
        rows = [k for k, one in enumerate(listed) if word and one == word_key(word)]
        return rows[0] if len(rows) == 1 else None

    def vector(self, word: str) -> Array:
        """A word's embedding, zeros of one that is not known."""
        row = self.row_of(word)
        table = self[self.model.vocabulary.embeddings]
        return np.zeros(table.shape[1]) if row is None else table[row]

    def place_of(self, word: str, sentence: int) -> int | None:
        """Where a word first stands (from 0) in a sentence."""
        places = [k for k, one in enumerate(self.words(sentence)) if word and word_key(one) == word_key(word)]
        return places[0] if places else None


def shown(number: float, value: float, decimals: int = 2) -> bool:
    """Whether a number on a sheet is a value, rounded."""
    return abs(number - value) <= 0.5 * 10**-decimals + 1e-9 * max(1.0, abs(value))


def rounded(value: float, decimals: int = 2) -> float:
    """A value as a sheet shows it, half away from zero."""
    size = np.floor(abs(value) * 10**decimals + 0.5 + 1e-9) / 10**decimals
    return float(np.copysign(size, value)) if size else 0.0


# Parsing.


@dataclass(frozen=True)
class Form:
    """One form of an answer, and how it reads."""

    key: str
    pattern: re.Pattern[str]
    literal: int


def forms(answer: Answer, messages: Messages, part: str) -> list[Form]:
    """The forms that an answer may take, those with the most fixed text first."""
    found = []
    for key in keys_of(answer):
        text = messages.pattern(f"answer.{key}")
        pieces = re.split(r"\{(\w+)\}", text)
        seen: set[str] = set()
        regex = ""
        for k, piece in enumerate(pieces):
            if k % 2 == 0:
                regex += re.escape(piece)
            elif piece == "part":
                regex += re.escape(part)
            elif piece in seen:
                regex += f"(?P={piece})"
            else:
                seen.add(piece)
                fact = answer.facts[piece]
                regex += rf"(?P<{piece}>{'.*?' if fact.block.text else r'-?[0-9.]+(?:[Ee][-+]?[0-9]+)?'})"
        found.append(Form(key, re.compile(regex, re.DOTALL), sum(map(len, pieces[::2]))))
    return sorted(found, key=lambda form: -form.literal)


def keys_of(answer: Answer) -> list[str]:
    """The keys of an answer's forms."""
    keys = [answer.key, *answer.cases]
    if answer.holds is not None:
        keys.append(answer.otherwise.removeprefix("answer."))
    return keys


def chains(answer: Answer) -> Iterator[Answer]:
    """An answer, and what is said after it in one breath."""
    one: Answer | None = answer
    while one is not None:
        yield one
        one = one.then


def parsed(text: str, answer: Answer, seen: Seen, part: str) -> list[Said]:
    """What a shown answer says, sentence by sentence; AssertionError where it reads like none of its forms."""
    letter = letters(len(seen.model.sentences))[answer.sentence] if answer.sentence is not None else ""
    roles = [seen.messages(f"start.{role}", letter=letter) for role in ("source", "target")]
    called = [seen.messages("start.before", letter=one) for one in (letter, *roles)] if letter else []
    rest = next((text.removeprefix(one) for one in called if text.startswith(one)), text)
    itself = seen.messages("answer.itself")
    said: list[Said] = []
    links = list(chains(answer))
    for k, one in enumerate(links):
        last = k == len(links) - 1
        for form in forms(one, seen.messages, part):
            match = form.pattern.fullmatch(rest) if last else form.pattern.match(rest)
            if match:
                said.append(Said(form.key, one, match.groupdict(), match.group(), itself, answer.sentence or 0))
                rest = rest[match.end() :]
                break
        else:
            if k and not rest:  # nothing is said after the form of before
                break
            raise AssertionError(f"{rest!r} of {text!r} reads like none of {keys_of(one)}")
    assert not rest, f"{rest!r} is left of {text!r}"
    return said


# What attention does.


def lesson_blocks(said: Said, seen: Seen) -> tuple[Matrix, Matrix]:
    """The raw attention weights and outputs that the sheet follows: of the lesson whose title is chosen."""
    watch = seen.model.watch
    assert watch is not None
    k = 0
    if watch.lesson is not None:
        titles = [word_key(title) for title in seen.column("watch.lessons")]
        k = titles.index(word_key(seen.text(watch.lesson)))
    of_sentence = [one for one in seen.model.attentions if one.weights.name in _watched(seen.model, said.sentence)]
    found = {one.weights.name: one for one in of_sentence}
    one = found[_watched(seen.model, said.sentence)[k]]
    return one.weights, one.output


def _watched(model: Lesson, sentence: int) -> list[str]:
    """The names of the weights of each lesson to choose from, in one sentence."""
    every = model.blocks[f"watch.{sentence}.weights"].operands
    return [block.name for block in (every if len(every) == 1 else every[1:])]


def attention_row(said: Said, seen: Seen) -> tuple[list[str], Array]:
    """The words of the sentence, and what the watched word gives to each."""
    weights, _ = lesson_blocks(said, seen)
    words = seen.words(said.sentence)
    if weights.shape[0] == 1:  # the word asks by itself
        return words, seen[weights][0]
    place = seen.place_of(said.word("word"), said.sentence)
    return words, np.zeros(len(words)) if place is None else seen[weights][place]


def names_it(said: Said, name: str, words: list[str], row: Array, weight: str) -> bool:
    """Whether a word that is named has the share that is shown."""
    number, shown_name = said.number(weight), said.fields[name]
    if shown_name == said.itself:
        own = [k for k, word in enumerate(words) if word_key(word) == word_key(said.word("word"))]
        return bool(own) and shown(number, row[own[0]])
    word = word_key(said.word(name))
    return any(word_key(one) == word and shown(number, share) for one, share in zip(words, row, strict=True))


def ranked_shares(row: Array) -> list[float]:
    return sorted((rounded(share) for share in row), reverse=True)


def near(one: float, other: float) -> bool:
    """Whether two numbers are shown alike, or as alike as rounding in another program leaves them."""
    return abs(one - other) < 1e-9


def tells_shares(said: Said, words: list[str], row: Array, known: list[int]) -> bool:
    """Whether what is said of the shares of a row is so: of the words at `known` places."""
    shares = ranked_shares(row)
    form = said.key
    for kind in ("head_looks_across", "head_looks", "looks", "takes_in"):
        form = form.removeprefix(kind)
    form = form.strip("_")
    if form == "nothing":
        return not row.any()
    first = said.number("first_weight")
    if not near(first, shares[0]):
        return False
    if form == "even":
        least = min(rounded(row[k]) for k in known)
        return said.number("count") == len(known) and near(said.number("least"), least) and first - least < 0.025
    if not names_it(said, "first", words, row, "first_weight"):
        return False
    if form == "alone":
        return near(first, 1.0)
    if form in ("three", "two"):
        names = ("second", "third")[: 2 if form == "three" else 1]
        return all(names_it(said, name, words, row, "first_weight") for name in names)
    if "second" in said.fields:
        second = said.number("second_weight")
        true = near(second, shares[1]) and names_it(said, "second", words, row, "second_weight")
        return true and first > second and (len(shares) < 3 or second > shares[2])
    return len(shares) < 2 or first > shares[1]


@claim("looks", "looks_alone", "looks_even", "looks_three", "looks_two", "looks_first", "looks_nothing")
def looks(said: Said, seen: Seen) -> bool:
    """The named words have the shown shares, and no other word more."""
    words, row = attention_row(said, seen)
    return tells_shares(said, words, row, seen.known(said.sentence))


FORMS = ("", "_alone", "_even", "_three", "_two", "_first", "_nothing")
HEADS = tuple(f"head_looks{form}" for form in FORMS)


@claim(*HEADS)
def head_looks(said: Said, seen: Seen) -> bool:
    """The same, of one head in the first sentence."""
    weights = next(
        picture.block
        for picture in seen.model.headline.pictures
        if getattr(picture, "part", None) == said.answer.part
    )
    place = seen.place_of(said.word("word"), 0)
    return place is not None and tells_shares(said, seen.words(0), seen[weights][place], seen.known(0))


@claim(*(key.replace("head_looks", "head_looks_across") for key in HEADS))
def head_looks_across(said: Said, seen: Seen) -> bool:
    """The place is that of the word in the target, whose head looks so at the source."""
    weights = next(
        picture.block
        for picture in seen.model.headline.pictures
        if getattr(picture, "part", None) == said.answer.part and getattr(picture, "key", "") == "look_across"
    )
    place = int(said.number("place")) - 1
    there = seen.words(1)[place] == said.word("word")
    return there and tells_shares(said, seen.words(0), seen[weights][place], seen.known(0))


@claim("head_looks_across_not")
def no_word_yet(said: Said, seen: Seen) -> bool:
    return len([word for word in seen.words(1) if word]) < 2 or not seen.words(1)[1]


@claim("moves", "moves_hardly", "moves_across", "moves_up", "moves_more_across", "moves_more_up")
def moves(said: Said, seen: Seen) -> bool:
    """The four numbers are the word's vector and what attention makes of it; "towards" a dimension that rises, and
    no less than the other; "more of" one that is more."""
    watch = seen.model.watch
    assert watch is not None
    _, output = lesson_blocks(said, seen)
    dimensions = [word_key(name) for name in seen.column(seen.model.vocabulary.dimensions)]
    place = seen.place_of(seen.text(watch.word), said.sentence)
    if place is None:
        return False
    change: dict[str, tuple[float, float]] = {}
    for side, chosen in (("across", watch.across), ("up", watch.up)):
        if said.fields[side] != seen.text(chosen):
            return False
        column = dimensions.index(word_key(said.fields[side]))
        before, after = said.number(f"{side}_before"), said.number(f"{side}_after")
        if not (shown(before, seen.vector(seen.words(said.sentence)[place])[column])):
            return False
        if not shown(after, seen[output][place, column]):
            return False
        change[side] = before, after
    rise = {side: after - before for side, (before, after) in change.items()}
    form = said.key.removeprefix("moves").strip("_")
    if form == "hardly":
        return max(map(abs, rise.values())) < 0.025
    if form in ("across", "up"):
        return (
            rise[form] > 0.005
            and rise[form] > min(rise.values()) - 0.005
            and rise[form] >= max(rise.values()) - 0.005
        )
    more = change["across"][1] - change["up"][1]
    return {"more_across": more > 0.005, "more_up": more < -0.005, "": abs(more) < 0.005}[form]


# What is predicted.


def prediction_row(said: Said, seen: Seen, place: int) -> Array:
    """The raw probabilities at a place of a sentence."""
    name = f"sentence.{said.sentence}.prediction" if len(seen.model.sentences) > 1 else "prediction"
    return seen[f"{name}.probabilities"][place]


def tells_ranks(said: Said, seen: Seen, row: Array) -> bool:
    """Whether the named words have the shown shares, in their order, and no other word more."""
    listed = seen.column(seen.model.vocabulary.words)
    shares = ranked_shares(np.array([share for word, share in zip(listed, row, strict=True) if word]))
    names = [name for name in ("first", "second", "third") if name in said.fields]
    for k, name in enumerate(names):
        number = said.number(f"{name}_share" if f"{name}_share" in said.fields else "first_share")
        places = [i for i, word in enumerate(listed) if word_key(word) == word_key(said.word(name))]
        if not (near(number, shares[k]) and any(shown(number, row[i]) for i in places)):
            return False
    return len({word_key(said.word(name)) for name in names}) == len(names)


NEXT = ("next_word", "next_word_tie", "next_word_other", "next_word_sure", "next_word_other_sure")


@claim(*NEXT)
def next_word(said: Said, seen: Seen) -> bool:
    """The word stands at that place, and the model's own probabilities there rank the words so; "nothing else"
    where no other is shown a share, "what follows" where another word follows."""
    place, words = int(said.number("place")) - 1, seen.words(said.sentence)
    if not words[place] or words[place] != said.word("word"):
        return False
    row = prediction_row(said, seen, place)
    follows = words[place + 1] if place + 1 < len(words) else ""
    if "follows" in said.fields:
        if not follows or said.word("follows") != follows or word_key(follows) == word_key(said.word("first")):
            return False
    elif said.key != "next_word_tie" and follows and word_key(follows) != word_key(said.word("first")):
        return False
    return tells_ranks(said, seen, row) and _sure(said, row)


def _sure(said: Said, row: Array) -> bool:
    """Whether what is said of the first word alone may be, or of a tie."""
    shares = ranked_shares(row)
    if said.key.endswith("tie"):
        return near(shares[0], shares[1])
    if said.key.endswith("sure"):
        return near(shares[0], 1.0)
    return shares[0] > shares[1]


@claim("next_word_none")
def no_next_word(said: Said, seen: Seen) -> bool:
    """The chosen place holds no word."""
    watch = seen.model.watch
    assert watch is not None
    chosen, words = seen.text(watch.places[said.sentence]), seen.words(said.sentence)
    return not chosen.isdigit() or not 0 < int(chosen) <= len(words) or not words[int(chosen) - 1]


HIDDEN = ("", "_tie", "_other", "_sure", "_other_sure")


@claim(*(f"hidden_word{form}" for form in HIDDEN))
def hidden_word(said: Said, seen: Seen) -> bool:
    """The probabilities where the word stands rank the words so; "just that" where it is the word itself."""
    place = seen.place_of(said.word("word"), said.sentence)
    if place is None:
        return False
    row = prediction_row(said, seen, place)
    if "first" not in said.fields:  # just that
        named = {**said.fields, "first": said.word("word")}
        said = replace(said, fields=named)
    elif said.key.startswith("hidden_word_other") and word_key(said.word("first")) == word_key(said.word("word")):
        return False
    return tells_ranks(said, seen, row) and _sure(said, row)


@claim("hidden_word_none")
def no_hidden_word(said: Said, seen: Seen) -> bool:
    return not seen.known(said.sentence)


@claim("tells")
def tells(said: Said, seen: Seen) -> bool:
    """The probabilities where the word stands are highest at the one told, and so high."""
    place = seen.place_of(said.word("word"), said.sentence)
    if place is None:
        return False
    row = prediction_row(said, seen, place)
    told = seen.row_of(said.word("first"))
    return told is not None and near(row[told], row.max()) and abs(row[told] - said.number("share")) < 0.0051


@claim("writes")
def writes(said: Said, seen: Seen) -> bool:
    """Both sentences as they stand."""
    texts = [" ".join(" ".join(seen.words(s)).split()) for s in (0, 1)]
    return [said.fields["source"], said.fields["target"]] == texts


@claim("learned", "learned_not")
def learned(said: Said, seen: Seen) -> bool:
    """The letters that stand there, without marks, make a number that is among those kept, or not."""
    words = [word for word in seen.words(0) if word]
    told = "".join(word for word in words if word not in ("<s>", "."))
    rows = [seen.row_of(word) for word in words]
    terms = [(row + 1) * pow(1_664_525, k, 2**31 - 1) for k, row in enumerate(rows) if row is not None]
    number, kept = sum(terms) % (2**31 - 1), {int(one) for one in seen["learned.numbers"].ravel()}
    return said.word("text") == told and (number in kept - {0}) == (said.key == "learned")


# Pieces, cosines, norms, activations, positions, masks.


@claim("pieces", "pieces_one", "pieces_none")
def pieces(said: Said, seen: Seen) -> bool:
    """The letters of the word, merged by Sennrich's recipe, leave these pieces, so many of them."""
    letters_ = [letter for letter in seen.words(said.sentence) if letter]
    found, known = list(letters_), [word_key(word) for word in seen.column(seen.model.vocabulary.words)]
    while True:
        ranks = {
            pair: known.index(word_key("".join(pair)))
            for pair in pairwise(found)
            if known.count(word_key("".join(pair))) == 1
        }
        if not ranks:
            break
        best = word_key("".join(min(ranks, key=lambda pair: ranks[pair])))
        k = 0
        while k < len(found) - 1:
            if word_key(found[k] + found[k + 1]) == best:
                found[k : k + 2] = [found[k] + found[k + 1]]
            k += 1
    if said.key == "pieces_none":
        return not found
    same = said.fields["word"] == " ".join(letters_) and said.fields["pieces"] == " ".join(found)
    return same and (len(found) == 1 if said.key == "pieces_one" else said.number("count") == len(found) > 1)


@claim("norm")
def norm(said: Said, seen: Seen) -> bool:
    """Mean and variance of the word's row before and after each norm, from the row and the norm's weights."""
    place = seen.place_of(said.word("word"), 0)
    if place is None:
        return False
    x = seen.vector(seen.words(0)[place]) + seen["add_norm.output"][place]
    epsilon = float(seen["add_norm.epsilon"][0, 0])
    layer, rms = ((seen[f"add_norm.{name}.gain"][0]) for name in ("layer", "rms"))
    rows = {
        "sum": x,
        "layer": (x - x.mean()) / np.sqrt(x.var() + epsilon) * layer + seen["add_norm.layer.bias"][0],
        "rms": x / np.sqrt((x**2).mean() + epsilon) * rms,
    }
    return all(
        shown(said.number(f"{name}_mean"), row.mean()) and shown(said.number(f"{name}_spread"), row.var())
        for name, row in rows.items()
    )


@claim("activation")
def activation(said: Said, seen: Seen) -> bool:
    """The first word's first number inside each network, and what its activation makes of it."""
    from math import erf, exp, sqrt

    word = seen.words(0)[0]
    x = seen.vector(word)

    def into(name: str, k: str = "1") -> float:
        bias = f"{name}.b_{k}"
        own = float(seen[bias][0, 0]) if bias in seen.model.blocks else 0.0
        return float(x @ seen[f"{name}.W_{k}"][:, 0]) + own

    relu, gelu, gate = into("relu"), into("gelu_erf"), into("swiglu")
    after = {
        "relu": (relu, max(0.0, relu)),
        "gelu_erf": (gelu, 0.5 * gelu * (1 + erf(gelu / sqrt(2)))),
        "swiglu": (gate, gate / (1 + exp(-gate)) * into("swiglu", "3")),
    }
    true = all(
        shown(said.number(f"{name}_in"), before) and shown(said.number(f"{name}_out"), out)
        for name, (before, out) in after.items()
    )
    return true and said.fields["word"] == word


@claim("by_distance")
def by_distance(said: Said, seen: Seen) -> bool:
    """The scores of the word with itself, one and two places on, from the first place and from the fifth."""
    rotary = "rotary.base" in seen.model.blocks
    base = float(seen["rotary.base" if rotary else "positions.base"][0, 0])
    x = seen.vector(said.word("word"))
    pair = np.arange(len(x)) // 2

    def at(place: int) -> Array:
        angle = place / base ** (2 * pair / len(x))
        if not rotary:
            return np.asarray(x + np.where(np.arange(len(x)) % 2 == 0, np.sin(angle), np.cos(angle)))
        turned = np.array([-x[k + 1] if k % 2 == 0 else x[k - 1] for k in range(len(x))])
        return np.asarray(x * np.cos(angle) + turned * np.sin(angle))

    return all(
        shown(said.number(f"{name}_{k}"), float(at(place) @ at(place + k)))
        for name, place in (("first", 0), ("later", 4))
        for k in (1, 2)
    )


SEES = ("sees_padding_only", "sees_causal_attention")


@claim(*SEES, *(f"{key}_one" for key in SEES))
def sees(said: Said, seen: Seen) -> bool:
    """As many words as stand there, or there and before."""
    place, known = seen.place_of(said.word("word"), 0), seen.known(0)
    if place not in known:
        return False
    count = len([k for k in known if k <= place or "causal" not in said.key])
    return count == (1 if said.key.endswith("_one") else said.number("count")) and (count == 1) == (
        said.key.endswith("_one")
    )


@claim("sees_none")
def sees_none(said: Said, seen: Seen) -> bool:
    return seen.place_of(said.word("word"), 0) not in seen.known(0)


@claim("cosine")
def cosine(said: Said, seen: Seen) -> bool:
    """The sentences as they stand, and the cosine of their vectors: the means of their words' last vectors."""
    last = min(1, len(seen.model.sentences) - 1)
    texts = [" ".join(" ".join(seen.words(s)).split()) for s in (0, last)]
    first, second = (_pooled(seen, s) for s in (0, last))
    sizes = float(np.linalg.norm(first) * np.linalg.norm(second))
    value = float(first @ second) / sizes if sizes else 0.0
    return [said.fields["first"], said.fields["second"]] == texts and shown(said.number("cosine"), value)


def _pooled(seen: Seen, sentence: int) -> Array:
    """The mean of the last vectors of a sentence's words."""
    mean = next(
        name
        for name in seen.model.blocks
        if name.endswith("pooling.mean") and (f"sentence.{sentence}." in name or len(seen.model.sentences) == 1)
    )
    rows = seen[seen.model.blocks[mean].operands[0]]
    return np.asarray(rows[seen.known(sentence)].mean(axis=0))


# Learning.


SETTLES = ("settles", "settles_begins", "settles_leaps", "settles_higher", "settles_still", "settles_out")


@claim(*SETTLES)
def settles(said: Said, seen: Seen) -> bool:
    """The losses at the first and last step, and what the sentence says of those between."""
    losses = seen["training.losses"][0]
    first, last = losses[0], losses[-1]
    numbers = {"first": first, "last": last}
    right = all(shown(said.number(name), value) for name, value in numbers.items() if name in said.fields)
    out = [k for k, loss in enumerate(losses) if not loss <= 10 * first]
    leaps, fell = bool(np.any(np.diff(losses) > 0.25 * first)), bool(last < first)
    so = {
        "settles": fell and not leaps and last <= 0.25 * first,
        "settles_begins": fell and not leaps and last > 0.25 * first,
        "settles_leaps": fell and leaps,
        "settles_higher": not fell,
        "settles_still": bool(np.ptp(losses) == 0),
        "settles_out": bool(out) and said.fields.get("out") == str(out[0]),
    }
    steps = said.fields.get("steps")
    return (
        right
        and so[said.key]
        and (not out) == (said.key != "settles_out")
        and steps in (None, f"{len(losses) - 1}")
    )


NUDGES = tuple(
    f"nudge_{name}{case}" for name in ("product", "softmax") for case in ("", "_apart", "_nothing", "_tiny")
)


@claim(*NUDGES)
def nudge(said: Said, seen: Seen) -> bool:
    """The rate at which the loss changes when that entry becomes larger by the nudge, and the gradient there."""
    words = seen.words(0)
    X = np.array([seen.vector(word) for word in words])
    target, W = seen["objective.target"], seen["backpropagation.W"]
    size = float(seen["nudge.nudge"][0, 0])
    if "nudge" in said.fields and float(said.fields["nudge"]) != size:
        return False
    of_product = said.key.startswith("nudge_product")
    at = [
        seen.text(f"nudge.{name}")
        for name in (
            ("product.W_row", "product.W_column")
            if of_product
            else ("softmax.scores_row", "softmax.scores_column")
        )
    ]
    dimensions = seen.column(seen.model.vocabulary.dimensions)
    rows = dimensions if of_product else words
    i, j = rows.index(at[0]), dimensions.index(at[1])
    there = np.array([[k in seen.known(0)] for k in range(len(words))])

    def loss(by: float) -> float:
        moved, scores = W.copy(), X @ W
        if of_product:
            moved[i, j] += by
            scores = X @ moved
        else:
            scores[i, j] += by
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return float((((shares - target) ** 2) * there).sum() / (max(1, there.sum()) * target.shape[1]))

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    if "row" in said.fields and [said.fields["row"], said.fields["column"]] != at:
        return False
    if abs(said.number("gradient") - slope) > 2e-6:
        return False
    if "slope" not in said.fields:
        return size == 0 if said.key.endswith("nothing") else 0 < abs(size) < 1e-9
    seen_slope = (loss(size) - loss(0)) / size
    if abs(said.number("slope") - seen_slope) > 2e-6:
        return False
    return (
        (abs(seen_slope - slope) > 0.001 - 1e-6) if said.key.endswith("apart") else abs(seen_slope - slope) < 0.001
    )


# The recurrent network.


@claim("influence")
def influence(said: Said, seen: Seen) -> bool:
    """How far the last state follows the first and the last word, and the shares of attention."""
    words = seen.words(0)
    reach, direct = seen["recurrent.influence"][0], _last_row(seen)
    numbers = {"recurrent_first": reach[0], "recurrent_last": reach[-1]}
    numbers |= {"attention_first": direct[0], "attention_last": direct[-1]}
    right = all(shown(said.number(name), value) for name, value in numbers.items())
    return right and [said.fields["first"], said.fields["last"]] == [words[0], words[-1]]


def _last_row(seen: Seen) -> Array:
    watched = seen.model.blocks["watch.0.weights"].operands[-1]
    return np.asarray(seen[watched][-1])


@claim("not_here")
def not_here(said: Said, seen: Seen) -> bool:
    return seen.place_of(said.word("word"), said.sentence) is None


@claim("activation_not")
def no_first_word(said: Said, seen: Seen) -> bool:
    return 0 not in seen.known(0)


@claim("no_entry")
def no_entry(said: Said, seen: Seen) -> bool:
    """The row or the column stands nowhere among the rows and columns of the block that is nudged."""
    dimensions = seen.column(seen.model.vocabulary.dimensions)
    rows = seen.words(0) if "softmax" in said.answer.key else dimensions
    return said.word("row") not in rows or said.word("column") not in dimensions


def _asked(seen: Seen) -> int:
    """How many times, one after the other from the first on, "back" has a name that it asks for."""
    words, back = seen.words(0), word_key(seen.text("remembered.back"))
    keys = [word_key(word) for word in words]
    turn = keys.index(back) if back in keys else 0
    return next((k for k in range(turn) if keys[turn + k : turn + k + 1] != [back]), turn)


@claim("remembered", "remembered_gated")
def remembered(said: Said, seen: Seen) -> bool:
    """The k-th "back" asks for the k-th name before the first "back". What each network says there is its
    likeliest word, and beside it stands the right one's probability."""
    words, back, number = seen.words(0), word_key(seen.text("remembered.back")), _asked(seen)
    turn = [word_key(word) for word in words].index(back)
    place, right = turn + number - 1, turn - number
    row, listed = seen.row_of(words[right]), seen.column(seen.model.vocabulary.words)
    networks = [name for name in said.fields if f"{name}_share" in said.fields]
    assert len(networks) == (4 if said.key.endswith("gated") else 2)
    for name in networks:
        shares = seen[f"{name}.prediction.probabilities"][place]
        likeliest = listed[int(shares.argmax())]
        if said.word(name) != likeliest or not shown(
            said.number(f"{name}_share"), 0 if row is None else shares[row]
        ):
            return False
    told = said.number("number"), said.number("distance")
    known = "" if row is None else listed[row]
    return told == (number, place - right) and said.word("right") == known


@claim("remembered_nothing")
def remembered_nothing(said: Said, seen: Seen) -> bool:
    return _asked(seen) == 0


@claim("remembered_none")
def remembered_none(said: Said, seen: Seen) -> bool:
    return len(seen.words(0)) == 1


# Classes.


def _scores(seen: Seen, sentence: int) -> Array:
    """By how much each word's vector (n rows) speaks more for the first class than for the others on average,
    before the layers, after the first one and after the last (3 columns)."""
    g = f"sentence.{sentence}." if len(seen.model.sentences) > 1 else ""
    stages = [
        name for name in seen.model.blocks if re.fullmatch(rf"{re.escape(g)}reading\.stage\.\d+\.logits", name)
    ]
    W, b = seen["classifier.W"], seen["classifier.b"][0]
    direction = W[:, 0] - W[:, 1:].mean(axis=1)
    vectors = [seen[seen.model.blocks[stages[k]].operands[0]] for k in (0, 1, -1)]
    return np.stack([X @ direction + b[0] - b[1:].mean() for X in vectors], axis=1)


STAGES = ("alone", "one", "last")


@claim("classified")
def classified(said: Said, seen: Seen) -> bool:
    """The class is the one that the words' mean vector is for, with its share; scores are means of the words'."""
    known, names = seen.known(said.sentence), seen.column("classifier.classes")
    g = f"sentence.{said.sentence}." if len(seen.model.sentences) > 1 else ""
    last = max(
        name for name in seen.model.blocks if re.fullmatch(rf"{re.escape(g)}reading\.stage\.\d+\.logits", name)
    )
    pooled = seen[seen.model.blocks[last].operands[0]][known].mean(axis=0)
    odds = np.exp(pooled @ seen["classifier.W"] + seen["classifier.b"][0])
    means = _scores(seen, said.sentence)[known].mean(axis=0)
    right = all(shown(said.number(name), value) for name, value in zip(STAGES, means, strict=True))
    best = int(odds.argmax())
    return (
        right
        and [said.word("name"), said.word("class")] == [names[best], names[0]]
        and shown(said.number("share"), odds[best] / odds.sum())
    )


@claim("word_class", "word_score")
def word_class(said: Said, seen: Seen) -> bool:
    """The word's own scores, and of two classes the one that each speaks for: the first where it is above 0."""
    place, names = seen.place_of(said.word("word"), said.sentence), seen.column("classifier.classes")
    assert place in seen.known(said.sentence)
    own = _scores(seen, said.sentence)[place]
    if not all(shown(said.number(name), value) for name, value in zip(STAGES, own, strict=True)):
        return False
    if said.key == "word_score":
        return said.word("class") == names[0]
    return [said.word(f"{name}_class") for name in STAGES] == [names[int(x < 0)] for x in own]


@claim("says_most")
def says_most(said: Said, seen: Seen) -> bool:
    """No word that is known has a score before the layers that is farther from 0."""
    scores, known = _scores(seen, said.sentence)[:, 0], seen.known(said.sentence)
    k = max(known, key=lambda place: (abs(scores[place]), -place))
    return said.word("word") == seen.words(said.sentence)[k] and shown(said.number("score"), scores[k])


@claim("judged", "labelled", "scored", "valued", "valued_most")
def judged(said: Said, seen: Seen) -> bool:
    """The class is the one that the first token's last state is for, through the dense layer, with its share; of
    labels as many are above one half."""
    g = f"sentence.{said.sentence}." if len(seen.model.sentences) > 1 else ""
    first = seen[seen.model.blocks[f"{g}classification.first"].operands[0]][:1]
    inner = first @ seen["classifier.dense.W"] + seen["classifier.dense.b"]
    step = next(step.key for part in seen.model.sections for step in part.steps if step.key.startswith("dense_"))
    ready = {"dense_tanh": np.tanh, "dense_relu": lambda x: np.maximum(x, 0), "dense_none": lambda x: x}[step](
        inner
    )
    logits, names = (ready @ seen["classifier.W"] + seen["classifier.b"])[0], seen.column("classifier.classes")
    own, best = 1 / (1 + np.exp(-logits)), int(logits.argmax())
    if said.word("name") != names[best] or ("count" in said.fields and said.number("count") != (own > 0.5).sum()):
        return False
    if "logit" in said.fields and not shown(said.number("logit"), logits[best]):
        return False
    share = np.exp(logits[best]) / np.exp(logits).sum() if said.key == "judged" else own[best]
    return "share" not in said.fields or shown(said.number("share"), share)


@claim("word_judged")
def word_judged(said: Said, seen: Seen) -> bool:
    """The word's own last state is for this class, with this probability."""
    place = seen.place_of(said.word("word"), said.sentence)
    assert place in seen.known(said.sentence)
    g = f"sentence.{said.sentence}." if len(seen.model.sentences) > 1 else ""
    state = seen[seen.model.blocks[f"{g}classification.logits"].operands[0]][place]
    odds = np.exp(state @ seen["classifier.W"] + seen["classifier.b"][0])
    best = int(odds.argmax())
    right = said.word("name") == seen.column("classifier.classes")[best]
    return right and shown(said.number("share"), odds[best] / odds.sum())


@claim(*(f"takes_in{form}" for form in FORMS))
def takes_in(said: Said, seen: Seen) -> bool:
    """The shares are the lengths of what the last layer's heads give the first word of each, through W_O."""
    g = f"sentence.{said.sentence}." if len(seen.model.sentences) > 1 else ""
    layer = max(block.number_of("encoder") or 0 for block in seen.model.parameters)
    heads = [
        name for name in seen.model.blocks if re.fullmatch(rf"{re.escape(g)}encoder\.{layer}\.head\.\d+\.V", name)
    ]
    given = [seen[name] * seen[name[:-1] + "weights"][:1].T for name in heads]
    lengths = np.linalg.norm(np.hstack(given) @ seen[f"encoder.{layer}.W_O"], axis=1)
    row = lengths / lengths.sum() if lengths.any() else lengths
    return tells_shares(said, seen.words(said.sentence), row, seen.known(said.sentence))


@claim("no_word")
def no_word(said: Said, seen: Seen) -> bool:
    return not seen.known(said.sentence)


@claim("not_read")
def not_read(said: Said, seen: Seen) -> bool:
    place = seen.place_of(said.word("word"), said.sentence)
    return place is None or place not in seen.known(said.sentence)
