"""From a request to the plan of what is built, in steps.

Every step takes the plan as far as it has come, and the request, and gives the plan with one thing more. None
changes anything, but some read files; what a user should be told each adds to the plan's warnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xltransformer.building.limits import check_sizes
from xltransformer.building.own import begun
from xltransformer.building.pair import join_pair
from xltransformer.building.request import Request, apply_settings, misfits
from xltransformer.building.tables import untrained, with_embeddings
from xltransformer.building.template import Template
from xltransformer.cutting import Cutter
from xltransformer.errors import UserError
from xltransformer.locale import choice_words, load_messages, switch_words
from xltransformer.models import Sizes
from xltransformer.models.sizes import MARGIN
from xltransformer.nn.learned import LEARNED_TEXTS, NUMBERS
from xltransformer.nn.positions import LEARNED
from xltransformer.record import record
from xltransformer.teaching.experiments import Experiment, to_try, to_write_on
from xltransformer.text import MOST_TEXT, alike_key, clean, listed, word_key

if TYPE_CHECKING:
    from xltransformer.building.adopt import Tokens


@record
class Plan:
    """What is to be built, as far as the steps have come.

    The template with what was given in the place of its own, the sentences and the `words` of each; `tokens`
    name the rows of the vocabulary where a file does; `given` are the blocks whose weights are, where
    they come under our names; a target begins with the word `start`; `made_up` are the words that the vocabulary
    lacks; `warnings` are lines for the user.
    """

    template: Template
    sentences: tuple[str, ...] = ()
    words: Sequence[Sequence[str]] = ()
    tokens: Tokens | None = None
    given: frozenset[str] | None = None
    start: str = ""
    made_up: tuple[str, ...] = ()
    sizes: Sizes = Sizes((), 0, 0)
    warnings: tuple[str, ...] = ()

    @property
    def spelled(self) -> list[str]:
        """Every word that has a row of the vocabulary."""
        return [*self.template.table.words, *self.made_up]

    def warned(self, *lines: str) -> Plan:
        """The same with more lines for the user."""
        return replace(self, warnings=(*self.warnings, *lines))


def make_plan(request: Request) -> Plan:
    """The plan of what a request asks for; UserError for what cannot be built."""
    plan = Plan(begun(request.template, request.weights, request.language))
    for step in STEPS:
        plan = step(plan, request)
    return plan


def forget_misfits(plan: Plan, request: Request) -> Plan:
    """Without the template's learned weights where others are given, or where they no longer fit."""
    template = plan.template
    other = misfits(template, request.settings) or ["vocabulary"] * (request.vocabulary is not None)
    if not template.trained or not (other or request.weights is not None):
        return plan
    plan = replace(plan, template=untrained(template))
    if request.weights is not None:
        return plan
    return plan.warned(
        f"the learned weights of template {template.name} do not fit another {listed(other)}: weights and "
        f"embeddings are drawn from seed {request.settings.get('seed', template.seed)}"
    )


def take_embeddings(plan: Plan, request: Request) -> Plan:
    """With the words and numbers of a file; it is told of its own weights that do not fit them."""
    if request.embeddings is None:
        return plan
    template, warnings = with_embeddings(plan.template, request.embeddings)
    return replace(plan, template=template).warned(*(warnings if request.weights is None else ()))


def take_settings(plan: Plan, request: Request) -> Plan:
    """With settings in the place of sizes and choices."""
    return replace(plan, template=apply_settings(plan.template, request.settings))


def take_sentences(plan: Plan, request: Request) -> Plan:
    """With sentences, the template's own where none are given; UserError where there is not what it takes."""
    template, sentences = plan.template, request.sentences or plan.template.sentences
    if template.entry.pair:
        sentences = (*sentences, *_targets(plan, request)[len(sentences) :])
        if len(sentences) != 2:
            raise UserError(
                f"template {template.name} takes a source and a target, not {len(sentences)} sentences"
            )
    if not sentences:
        raise UserError(f"template {template.name} has no sentences: give one with `sentences`")
    return replace(plan, sentences=sentences)


def _targets(plan: Plan, request: Request) -> tuple[str, ...]:
    """The template's sentences; a published model begins its target by itself."""
    if request.weights is None:
        return plan.template.sentences
    from xltransformer.weights import read_source

    begins = read_source(request.weights).told.start is not None
    return (plan.template.sentences[0], "") if begins else plan.template.sentences


def take_vocabulary(plan: Plan, request: Request) -> Plan:
    """With the words of a file, and the sentences cut into them where it is a tokenizer's."""
    vocabulary, words = request.vocabulary, request.given.get("words")
    if vocabulary is None:
        if words is not None:
            raise UserError(f"words is {words!r}, but there is no vocabulary to take them from: give `vocabulary`")
        return plan
    from xltransformer.building.adopt import with_tokens
    from xltransformer.building.vocabulary import read_words, sayable

    try:
        cut, tokens, warnings = read_words(vocabulary, plan.template, plan.sentences, words)
    except UserError:
        if request.sentences:
            raise
        plan = replace(plan, sentences=sayable(vocabulary, plan.sentences))
        cut, tokens, warnings = read_words(vocabulary, plan.template, plan.sentences, words)
    template = with_tokens(plan.template, tokens.names)
    if tokens.rows is not None and "spare_rows" not in request.settings:
        template = replace(template, spare_rows=0)
    return replace(plan, template=template, words=cut or (), tokens=tokens).warned(*warnings)


def take_weights(plan: Plan, request: Request) -> Plan:
    """With the weights of a file, and the sizes and words that they bring."""
    if request.weights is None:
        return plan
    from xltransformer.building.adopt import adopt

    return adopt(plan, request, request.weights)


def drop_learned_texts(plan: Plan, _: Request) -> Plan:
    """Without the answer which texts were learned, where the numbers that tell them are not all there: other
    weights have learned others, drawn ones none."""
    sizes, weights = dict(plan.template.sizes), dict(plan.template.weights)
    if sizes.get(LEARNED_TEXTS) != np.count_nonzero(weights.get(NUMBERS, 0)):
        sizes.pop(LEARNED_TEXTS, None)
        weights.pop(NUMBERS, None)
    return replace(plan, template=replace(plan.template, sizes=sizes, weights=weights))


def tell_vocabulary(plan: Plan, _: Request) -> Plan:
    """The plan, warned where it has some of a tokenizer's words only; which model it is, its weights have said."""
    if plan.tokens is None or not plan.tokens.some:
        return plan
    entry, sizes = plan.template.entry, plan.template.sizes
    predicts = entry.writes or (entry.guesses and sizes.get("head", True) and not sizes.get("classes"))
    return plan.warned(f"{plan.tokens.some}; predictions are among these" if predicts else plan.tokens.some)


def split_words(plan: Plan, _: Request) -> Plan:
    """With the words of every sentence, unless a tokenizer has cut it; UserError for one that has none."""
    words, template = plan.words, plan.template
    if template.entry.spells:
        words = [[letter for letter in clean(text) if letter.strip()] for text in plan.sentences]
    elif not words:
        cutter = Cutter(template.cut, template.table.words)
        words = [cutter.words(sentence) for sentence in plan.sentences]
        words, plan = _known(words, cutter), plan.warned(*_unknown(words, cutter))
    if plan.start and word_key(plan.start) in map(word_key, words[0]):
        raise UserError(
            f"the source {plan.sentences[0]!r:.60} has {plan.start!r:.20}, with which targets begin and short "
            "texts are filled up: leave it out"
        )
    if plan.start:
        source, target = plan.sentences
        begun = words[1] if target.strip() else []  # a tokenizer puts its marks around nothing, too
        begun = begun if [word_key(word) for word in begun[:1]] == [word_key(plan.start)] else [plan.start, *begun]
        words, plan = [words[0], begun], replace(plan, sentences=(source, target.strip() or plan.start))
    for sentence, found in zip(plan.sentences, words, strict=True):
        if not found:
            raise UserError(f"the sentence {sentence!r:.60} has no word: give at least one")
    return replace(plan, words=words)


def _known(words: Sequence[Sequence[str]], cutter: Cutter) -> Sequence[Sequence[str]]:
    """The words of sentences, with the word for unknown ones in place of these, where the vocabulary has one."""
    unknown = cutter.cutting.unknown
    if not unknown:
        return words
    return [[word if cutter.knows(word) else unknown for word in found] for found in words]


def _unknown(words: Sequence[Sequence[str]], cutter: Cutter) -> list[str]:
    """A line that names the words that are read as an unknown one, if any are."""
    named = dict.fromkeys(word for found in words for word in found if not cutter.knows(word))
    if not (named and cutter.cutting.unknown):
        return []
    return [f"not in the vocabulary, read as {cutter.cutting.unknown}: {listed([*named])}"]


def suggest(plan: Plan, request: Request) -> Plan:
    """With experiments for a published model, or one of somebody's own text, whose words no template knows."""
    if request.weights is None:
        return plan
    template, messages = plan.template, load_messages(request.language)
    experiments: tuple[Experiment, ...] = ()
    if plan.given is not None and template.entry.writes:
        experiments = to_write_on(plan.words, template.table.words, messages)
    elif plan.given is None and template.entry.compares:
        experiments = to_try(plan.words, messages)
    return replace(plan, template=replace(template, experiments=experiments))


def check_alike(plan: Plan, _: Request) -> Plan:
    """The plan; UserError for two words that some programs, not all, take for one."""
    seen: dict[str, str] = {}
    for word in plan.spelled:
        other = seen.setdefault(alike_key(word), word)
        if other != word:
            raise UserError(
                f"{other!r:.60} and {word!r:.60} are one word to some spreadsheet programs and two to others: "
                "leave one of them out, or spell them alike"
            )
    return plan


def make_up_words(plan: Plan, _: Request) -> Plan:
    """With the words that the vocabulary lacks; they are named."""
    known = {word_key(word) for word in plan.template.table.words}
    new: dict[str, str] = {}
    for word in (word for found in plan.words for word in found if word_key(word) not in known):
        new.setdefault(word_key(word), word)
    made_up = tuple(new.values())
    if not made_up:
        return plan
    named = ", ".join(word if len(word) <= 40 else word[:40] + "…" for word in made_up[:20])
    more = f" and {len(made_up) - 20} more" if len(made_up) > 20 else ""
    seen = ", so that the model never saw them" if plan.template.trained else ""
    return replace(plan, made_up=made_up).warned(
        f"not in the vocabulary{seen}, given pseudo-random embeddings: {named}{more}"
    )


def drop_foreign_end(plan: Plan, request: Request) -> Plan:
    """Without the template's word that ends a sentence, where other words are given that have none such."""
    template, sizes = plan.template, plan.template.sizes
    if "end" in request.settings or (request.embeddings or request.weights or request.vocabulary) is None:
        return plan
    if isinstance(sizes.get("end"), list) or word_key(str(sizes.get("end", ""))) in map(word_key, plan.spelled):
        return plan
    kept = {name: size for name, size in sizes.items() if name != "end"}
    return replace(plan, template=replace(template, sizes=kept))


def take_sizes(plan: Plan, request: Request) -> Plan:
    """With all sizes; UserError for those with which nothing can be built."""
    template = plan.template
    rows = template.spare_rows if request.spare or "spare_rows" in request.settings else 0
    extra = empty_slots(plan, request)
    places = tuple(len(found) + more for found, more in zip(plan.words, extra, strict=True))
    width, vocabulary = len(template.table.dimensions), len(plan.spelled) + rows
    sizes = Sizes(places, vocabulary, width, dict(template.sizes), switch_words(), choice_words())
    check_sizes(sizes)
    for end in sizes.ends():
        if word_key(end) not in map(word_key, plan.spelled):
            raise UserError(f"[sizes] end is {end!r}, which is no word of the vocabulary: give one that is")
    for sentence, found in zip(plan.sentences, plan.words, strict=True):
        letters = len(" ".join(found))
        if letters > MOST_TEXT - MARGIN:  # sheets show the sentence in one cell, behind a heading
            raise UserError(
                f"the sentence {sentence[:40]!r}… has {letters:,} letters; at most {MOST_TEXT - MARGIN:,} "
                "fit into a cell: use fewer or shorter words"
            )
    return replace(plan, sizes=sizes)


STEPS = (
    forget_misfits, take_embeddings, take_settings, take_sentences, take_vocabulary, take_weights,
    drop_learned_texts, tell_vocabulary, split_words, join_pair, suggest, make_up_words, check_alike,
    drop_foreign_end, take_sizes,
)  # fmt: skip


def empty_slots(plan: Plan, request: Request) -> list[int]:
    """The empty slots of each sentence: as many as are asked for, else as the template wishes and the learned
    positions of the weights leave; all that these leave in a trained one. UserError where they leave too few."""
    template, given = plan.template, request.given.get("slots")
    asked = template.slots if given is None and "slots" in request.settings else given
    wished = template.slots if request.spare or template.entry.writes else 0
    slots = wished if asked is None else asked
    each = list(slots) if isinstance(slots, Sequence) else [slots]
    extra = [*each, *[each[-1]] * len(plan.words)][: len(plan.words)]  # the last number goes on
    learned = template.weights.get(LEARNED)
    if asked is None and template.places:
        room = [*template.places, *[template.places[-1]] * len(plan.words)]
        extra = [max(0, most - len(found)) for most, found in zip(room, plan.words, strict=False)]
    if learned is None or learned.ndim != 2:
        return extra
    positions = len(learned) - ("pad" in template.sizes)  # the first one is a pad's
    taken = [len(words) for words in plan.words]
    longest = max(taken if asked is None else map(sum, zip(taken, extra, strict=True)))
    if longest > positions:
        raise UserError(
            f"the weights know {positions} positions, but the longest sentence takes {longest} "
            "places, empty slots included: use fewer words or slots"
        )
    if asked is not None:
        return extra
    room = [positions - words for words in taken]
    return room if template.trained and wished else [min(pair) for pair in zip(extra, room, strict=True)]
