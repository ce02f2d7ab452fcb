"""Two sentences as the one that a classifier of pairs reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xltransformer.errors import UserError
from xltransformer.text import word_key

if TYPE_CHECKING:
    from xltransformer.building.plan import Plan
    from xltransformer.building.request import Request

PAIR, BETWEEN = "pair", "between"
"""The options that say whether two sentences are read as one, and how many separators then stand between them."""


def join_pair(plan: Plan, request: Request) -> Plan:
    """With two sentences as one where a classifier takes pairs, as its weights' files or a setting say it.

    The frame of the second sentence is that of the first: [CLS] a [SEP] b [SEP], or with two separators between
    <s> a </s> </s> b </s>. UserError for other than two sentences, and for such without a separator.
    """
    template, sizes = plan.template, dict(plan.template.sizes)
    if BETWEEN not in sizes:
        return plan
    between, told = sizes.pop(BETWEEN), sizes.pop(PAIR, False)
    plan = replace(plan, template=replace(template, sizes=sizes))
    asked = request.settings.get(PAIR)
    if asked not in (None, True, False):
        raise UserError(f"setting {PAIR} is {asked!r}: give 1 or 0")
    count = len(plan.sentences)
    if not (told if asked is None else asked) or (count == 1 and not asked):
        alone = asked is None and count > 1
        said = "each sentence is judged by itself; `settings={'pair': 1}` judges two as a pair"
        return plan.warned(said) if alone else plan
    if count != 2:
        given = "1 sentence is" if count == 1 else f"{count} sentences are"
        raise UserError(f"{given} no pair, which the classifier reads: give two, or `settings={{'pair': 0}}`")
    joined, separator = _joined(plan, between)
    sentences = (" ".join(joined),)
    kinds = {"separator": separator} if between == 1 else {}  # RoBERTa's tokenizer has all of one kind
    template = replace(plan.template, sizes={**sizes, **kinds})
    return replace(plan, template=template, sentences=sentences, words=[joined])


def _joined(plan: Plan, between: int) -> tuple[list[str], str]:
    """The words of both, and the one that separates them. What a tokenizer puts before the second sentence stands
    before the first alone."""
    first, second = plan.words
    separator, begins = first[-1], None if plan.tokens is None else plan.tokens.begins
    keys = [word_key(word) for word in first]
    if word_key(second[-1]) != keys[-1] or keys.count(keys[-1]) != 1 or len(first) == 1:
        raise UserError(
            "a pair takes one separator at the end of each sentence and no other: give the tokenizer that belongs "
            "to the weights, or type it, such as 'one two [SEP]'"
        )
    rest = second if begins is None or second[0] != begins else second[1:]
    if begins is None and len(second) > 1 and word_key(second[0]) == keys[0]:
        raise UserError(
            f"both sentences of the pair begin with {first[0]!r:.40}: type it before the first alone, or give the "
            "tokenizer that belongs to the weights"
        )
    return [*first, *[separator] * (between - 1), *rest], separator
