"""Heads that a template names for its first screen, where `--set` leaves fewer of them."""

from __future__ import annotations

import pytest

from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.locale import load_messages
from xltransformer.teaching.pictures import Map
from xltransformer.workbook.layout import lay_out

NAMING = [name for name in shipped_templates() if "maps" in load_template(name).sizes]


@pytest.mark.parametrize("settings", [{"layers": 1}, {"heads": 1, "kv_heads": 1}])
@pytest.mark.parametrize("name", NAMING)
def test_heads_that_a_smaller_model_lacks_are_left_out(name: str, settings: dict[str, int]) -> None:
    sizes = load_template(name).sizes
    smaller = {key: size for key, size in settings.items() if key in sizes}
    if all(sizes[key] == size for key, size in smaller.items()):
        pytest.skip("as it is")
    instance = make_instance(name, settings=smaller)
    blocks = instance.model.blocks.values()
    shown = [one.block for one in instance.model.headline.pictures if isinstance(one, Map)]
    assert all(block in blocks for block in shown)
    assert lay_out(instance, instance.trace(), load_messages()).sheets
