"""What a plain build does without, and the classes that make it start quickly."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, field, fields, replace
from pathlib import Path

from xltransformer.record import record

HEAVY = {
    "asyncio", "concurrent.futures", "csv", "ctypes.util", "distributed", "email", "http", "importlib.metadata",
    "ironcalc", "multiprocessing", "openpyxl", "pandas", "rich", "socket", "ssl", "subprocess", "tokenizers",
    "unittest", "urllib.request", "xml.sax", "numpy.ma", "numpy.random",
}  # fmt: skip
"""Modules that take milliseconds to load and that only other commands or options use."""
OTHERS = {
    "classroom.grading", "classroom.homework", "classroom.together", "difference", "engines",
    "models.architectures", "models.layer_lessons", "models.published", "models.training_lessons",
    "nn.stack", "nn.gradients", "building.adopt", "training", "weights", "bounds",
    "workbook.reader",
}  # fmt: skip
"""Parts of ours that the default template has no use for."""

SCRIPT = """
import sys
from xltransformer.__main__ import main
sys.argv = ["xlt", "build", "--force", "-o", sys.argv[1]]
try:
    main()
finally:
    print(*sys.modules, sep="\\n")
"""


def test_a_plain_build_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / "x.xlsx"], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split("\n"))
    assert {"numpy", "xlsxwriter", "xltransformer.models.attention_lessons"} <= loaded
    assert not loaded & HEAVY
    assert not loaded & {f"xltransformer.{name}" for name in OTHERS}


@record
class Point:
    x: float
    y: float = 0.0
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names.append("made")


@record(eq=False)
class Node:
    x: float


class Corner(Point):
    """A record's heir, with no values of its own."""


def test_a_record_is_a_dataclass_to_all_who_use_it() -> None:
    one = Point(1.0)
    assert one == Point(1.0, y=0.0) != Point(2.0)
    assert one.names is not Point(1.0).names
    assert one != Corner(1.0) == Corner(1.0)
    assert repr(one) == "Point(x=1.0, y=0.0, names=['made'])"
    assert replace(one, y=3.0, names=["a"]) == Point(1.0, 3.0, ["a"])
    assert asdict(one) == {"x": 1.0, "y": 0.0, "names": ["made"]}
    assert [value.name for value in fields(Corner)] == ["x", "y", "names"]
    assert Node(1.0) != Node(1.0)


ASKED = """
import sys
import xltransformer
print(*sys.modules, sep="\\n")
assert all(getattr(xltransformer, name) for name in xltransformer.__all__)
"""


def test_the_package_loads_what_is_asked_of_it_and_nothing_before() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("\n"))
    assert "xltransformer" in loaded
    assert not loaded & {"numpy", "click", "xltransformer.api", *HEAVY}
