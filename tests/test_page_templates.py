"""Every template's page alive, each in one language, in turns (test_page_seen looks at both): the values are
NumPy's before and after edits, it says what the sheet says, and every experiment is done by typing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from browser import field_of, numbers, state, state_line, type_into, values
from openpyxl.utils.cell import coordinate_to_tuple
from pages import Shown, Typed, each_opened, spoken
from test_experiments import IN_TURNS, Trial
from tried import tried

ROUNDS, EACH = 2, 10


shown = each_opened(IN_TURNS)


def test_every_value_is_numpys_as_built(shown: Shown) -> None:
    shown.is_as_numpy()


def test_every_input_is_a_field_and_nothing_else(shown: Shown) -> None:
    """Of what is not to be edited nothing can be typed into."""
    found = shown.page.evaluate(
        """() => {
          const found = {};
          for (const one of document.querySelectorAll("[data-block]")) {
            const isField = one.matches("input, select") || one.querySelector("input, select") !== null;
            (found[one.dataset.block] ??= {})[isField] = true;
          }
          return found;
        }"""
    )
    for name in shown.made.instance.model.blocks:
        block = shown.outline["blocks"][name]
        kinds = set(found.get(name, {}))
        if block.get("apart"):  # no block of the model, as the sizes to try
            continue
        if block["edit"] and "true" not in kinds:  # on a very large page it is made when it comes near
            field_of(shown.page, name, 1, 1)
            continue
        assert "true" in kinds if block["edit"] else kinds <= {"false"}, (name, block["edit"])


def test_experiments_are_done_by_typing(shown: Shown) -> None:
    """Each ticks itself and nothing else, says what is to be seen, which is so, and becomes open again."""
    before, page = reader(shown), shown.page
    assert {ticks(shown)[str(trial.number)] for trial in shown.made.trials} == {"false"}
    for trial in shown.made.trials:
        type_into(page, *asked(shown, trial))
        assert [number for number, done in ticks(shown).items() if done == "true"] == [str(trial.number)]
        experiment = page.locator(f'[data-experiment="{trial.number}"]')
        assert spoken(trial.then) in spoken(experiment.inner_text())
        assert state_line(page).startswith("✓"), state_line(page)
        predicate = tried(shown.made.name, shown.made.messages.language, trial.number)
        assert predicate is not None
        assert predicate.is_true(before, reader(shown)), trial
        take_back(shown)
        assert set(ticks(shown).values()) == {"false"}
        assert spoken(trial.then) not in spoken(experiment.inner_text())


def test_every_value_is_numpys_after_edits(shown: Shown) -> None:
    """Some at a time, without a rest between them; then one says of the page what the sheet says."""
    rng = random.Random(shown.made.name)
    for _ in range(ROUNDS):
        shown.type(shown.edits(rng, EACH))
        shown.is_as_numpy()
        assert state(shown.page) == "live"
    line, answers = shown.in_the_sheet("state", "answer")
    assert spoken(line[-1]) == spoken(state_line(shown.page))
    assert spoken("".join(answers)) == spoken("".join(shown.page.locator("[data-answer]").all_inner_texts()))


def ticks(shown: Shown) -> dict[str, str]:
    """Of each experiment whether it is done."""
    found = shown.page.locator("[data-experiment]")
    pairs = found.evaluate_all("all => all.map((one) => [one.dataset.experiment, one.dataset.done])")
    assert len(pairs) == len(shown.made.trials)
    return dict(pairs)


def asked(shown: Shown, trial: Trial) -> Typed:
    """What a trial has a reader type, and where."""
    sheet, address, to = trial.edit
    row, column = coordinate_to_tuple(address)
    for name, home in shown.made.book.names.items():
        i, j = row - 1 - home.row, column - 1 - home.column
        if home.sheet == sheet and 0 <= i < home.shape[0] and 0 <= j < home.shape[1]:
            place = (name, j + 1, i + 1) if home.turned else (name, i + 1, j + 1)
            return *place, to if isinstance(to, str) else f"{to:g}"
    raise AssertionError(f"no block is at {trial.edit}")


def take_back(shown: Shown) -> None:
    """Make all as it was built, by the button for it."""
    before = shown.page.evaluate("timesLive")
    shown.page.locator("#reset").click()
    shown.page.evaluate(
        "async (n) => { while (timesLive <= n) await new Promise((r) => setTimeout(r, 5)); }", before
    )


def reader(shown: Shown) -> Callable[[str], list[list[Any]]]:
    """The blocks of the page as they stand now."""
    found, blocks = values(shown.page), shown.made.instance.model.blocks

    def read(name: str) -> list[list[Any]]:
        cells: list[list[Any]] = (found[name] if blocks[name].text else numbers(found[name])).tolist()
        return cells

    return read
