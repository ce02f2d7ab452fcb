"""What stands at the head of the first screen: the task of every template, and whether its weights were drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from cells import cells_of

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.locale import languages, load_messages
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.start.grid import INTRO, LABEL, TASK, TITLE


def head(instance: Instance, language: str = "en") -> dict[int, str]:
    """The lines at the head of Start, by row; empty where a row says nothing."""
    start = lay_out(instance, instance.trace(), load_messages(language)).sheets[0]
    cells = cells_of(start)
    return {row: str(cells[row, LABEL].content) if (row, LABEL) in cells else "" for row in (TITLE, TASK, INTRO)}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", shipped_templates())
def test_every_template_tells_its_task_in_one_line(name: str, language: str) -> None:
    task = load_template(name).task[language]
    assert task.endswith("." if language == "en" else "。")
    assert len(task) <= (100 if language == "en" else 50)
    assert head(make_instance(name, language=language), language)[TASK] == task


def test_the_task_is_left_out_where_there_is_none_or_it_speaks_of_another_word(tmp_path: Path) -> None:
    assert not head(make_instance("cat-and-mouse", ["the robot eats cheese"]))[TASK]
    own = tmp_path / "own.toml"
    own.write_text('model = "attention_lessons"\nsentences = ["a"]\ndimensions = ["x"]\n[words]\na = [1.0]\n')
    assert not head(make_instance(own))[TASK]
