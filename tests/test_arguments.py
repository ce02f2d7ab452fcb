"""Messages speak of arguments; the command line, and it alone, says the options that give them."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import xltransformer
from xltransformer import UserError, api
from xltransformer.building.request import Options
from xltransformer.cli import main
from xltransformer.cli.base import spoken

PACKAGE = Path(xltransformer.__file__).parent
SOURCES = [path for path in PACKAGE.rglob("*.py") if "cli" not in path.relative_to(PACKAGE).parts]
OPTIONS = {
    name for command in main.commands.values() for given in command.params for name in given.opts if name[0] == "-"
}
MARKED = re.compile(r"`(?![a-z]+\(\)`)(?:[a-z]+\()?([a-z_]+)[^`]*`")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a source, with their lines; not those that stand alone, which are docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.lineno, node.value


def test_no_message_outside_the_command_line_speaks_of_options() -> None:
    assert {"-o", "--set", "--learning-rate"} <= OPTIONS
    option = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, OPTIONS))})(?![\w-])|\bxlt (?:build|train|diff) -")
    found = [
        f"{path.relative_to(PACKAGE)}, line {line}: {text}"
        for path in SOURCES
        for line, text in texts(path)
        if option.search(text)
    ]
    assert not found


def test_what_messages_mark_are_arguments_that_options_give() -> None:
    marked = {name for path in SOURCES for _, text in texts(path) for name in MARKED.findall(text)}
    own = (xltransformer.diff, xltransformer.write, xltransformer.build_variants)
    functions = (api.build, api.trace, api.train, api.grade, *own)
    arguments = {
        *Options.__annotations__,
        *(name for one in functions for name in inspect.signature(one).parameters),
    }
    given = {one.name for command in main.commands.values() for one in command.params}
    assert {"path", "force", "data", "settings", "exercise"} <= marked <= arguments & given


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("give `path`, or `force=True` to replace", "give -o, or --force to replace"),
        ("a smaller `learning_rate` than 2", "a smaller --learning-rate than 2"),
        ("`settings={'pooling': 'mean'}` or `template='bert'`", "--set pooling=mean or --template bert"),
        ("more places with `settings={'slots': …}`", "more places with --set slots=…"),
        ("one with `build(exercise=…)`", "one with xlt build --exercise"),
        ("`blocks()` lists them", "xlt blocks lists them"),
        ("`cat`, `find(data)` and `build(cat)` `", "`cat`, `find(data)` and `build(cat)` `"),
    ],
)
def test_arguments_as_the_command_line_says_them(message: str, said: str) -> None:
    with click.Context(main) as group, click.Context(main.commands["train"], parent=group):
        assert spoken(message) == said


@pytest.mark.parametrize(
    ("call", "python", "command", "line"),
    [
        (
            lambda: api.build("taken.xlsx"),
            "taken.xlsx exists already; give another name with `path`, or `force=True` to replace it",
            ["build", "-o", "taken.xlsx"],
            "taken.xlsx exists already; give another name with -o, or --force to replace it",
        ),
        (
            lambda: api.train("w.npz", template="gpt"),
            "give `data`, a file of sentences to learn from",
            ["train", "--template", "gpt", "-o", "w.npz"],
            "give --data, a file of sentences to learn from",
        ),
        (
            lambda: api.train("w.npz", "a.xlsx", template="gpt", settings={"layers": 2}),
            "a.xlsx says itself what to train: leave out `template`, `settings`",
            ["train", "a.xlsx", "--template", "gpt", "--set", "layers=2", "-o", "w.npz"],
            "a.xlsx says itself what to train: leave out --template, --set",
        ),
        (
            lambda: api.train("w.npz", template="gpt", data="d.txt", learning_rate=-1.0),
            "`learning_rate` is -1.0; give a number above 0",
            ["train", "--template", "gpt", "--data", "d.txt", "--learning-rate", "-1", "-o", "w.npz"],
            "--learning-rate is -1.0; give a number above 0",
        ),
    ],
)
def test_a_mistake_in_python_and_on_the_command_line(call, python, command, line) -> None:  # type: ignore[no-untyped-def]
    Path("taken.xlsx").write_bytes(b"mine")
    with pytest.raises(UserError, match=r".") as raised:
        call()
    assert str(raised.value) == python
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, done.stderr) == (2, f"xlt: {line}\n")


def test_a_remark_of_grading_speaks_so_too() -> None:
    api.build("plain.xlsx", ["cat and mouse"])
    (found,) = api.grade("plain.xlsx", jobs=1)
    assert found.remarks == ("plain.xlsx is no exercise: build one with `build(exercise=…)`",)
    done = CliRunner().invoke(main, ["grade", "plain.xlsx", "--format", "csv"])
    assert done.exit_code == 1
    assert "plain.xlsx is no exercise: build one with xlt build --exercise\n" in done.stdout


TAKING = (
    api.build,
    api.train,
    xltransformer.trace,
    xltransformer.write,
    xltransformer.export,
    xltransformer.blocks,
)


@pytest.mark.parametrize("function", TAKING, ids=lambda function: function.__name__)
def test_signatures_show_every_option(function) -> None:  # type: ignore[no-untyped-def]
    signature = inspect.signature(function)
    assert set(Options.__annotations__) <= set(signature.parameters)
    assert all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in signature.parameters.values())
    assert "settings: Settings | None = None" in str(signature)
    assert " at 0x" not in str(signature)
    assert "<" not in str(signature)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"heads": 2}, "build() takes no argument 'heads': sizes and choices are settings={'heads': 2}"),
        ({"nhead": 2}, "build() takes no argument 'nhead': sizes and choices are settings={'heads': 2}"),
        ({"seed": 3}, "sizes and choices are settings={'seed': 3}"),
        ({"causal": True}, "sizes and choices are settings={'switches.causal': True}"),
        ({"sentance": "cat"}, "build() takes no argument 'sentance'; did you mean 'sentences'?"),
        ({"wieghts": {}}, "did you mean 'weights'?"),
        ({"colour": 1}, "it takes path, sentences, template, "),
    ],
)
def test_an_argument_that_there_is_not(given: dict[str, object], said: str) -> None:
    with pytest.raises(TypeError) as raised:
        api.build("x.xlsx", **given)  # type: ignore[arg-type]
    assert said in str(raised.value)
    assert not Path("x.xlsx").exists()


def test_every_public_name_is_known_before_it_is_loaded() -> None:
    code = "import xltransformer; print(*dir(xltransformer))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(xltransformer.__all__) <= set(done.stdout.split())
    assert not {"Any", "TYPE_CHECKING", "import_module"} & set(dir(xltransformer))
    with pytest.raises(AttributeError, match="no attribute 'biuld'; did you mean 'build'"):
        xltransformer.biuld  # noqa: B018


WRONG_TYPES: dict[str, Callable[[], object]] = {
    "`settings` is [1]; give a dict of values by name": lambda: xltransformer.trace(settings=[1]),
    "`settings` is {3: 1}; give a dict": lambda: xltransformer.trace(settings={3: 1}),
    "`slots` is -3; give a whole number": lambda: xltransformer.trace(slots=-3),
    "`slots` is 1.5; give a whole number": lambda: xltransformer.trace(slots=1.5),
    "arrays is 3; give a dict of arrays by name": lambda: xltransformer.check(3),
    "`files` is []; give a file or folder": lambda: xltransformer.grade([]),
    "`jobs` is -1; give a whole number": lambda: xltransformer.grade("here", jobs=-1),
    "`students` is 2.5; give a number from 1": lambda: xltransformer.build_variants("new", 2.5),
    "`students` is -1; give a number from 1": lambda: xltransformer.build_variants("new", "-1"),
    "`students` is ['Ann', 3]; give a number": lambda: xltransformer.build_variants("new", ["Ann", 3]),
    '`exercise` is True; give "default"': lambda: xltransformer.build("new.xlsx", exercise=True),
    "`products` is 'foo'; give one of auto": lambda: xltransformer.build("new.xlsx", products="foo"),
    "`count` is 1.5: give a whole number": lambda: xltransformer.write(template="gpt", count=1.5),
    "`top_k` is 1.5: give a whole number": lambda: xltransformer.write(template="gpt", top_k=1.5),
    "`seed` is 'a': give a whole number": lambda: xltransformer.write(template="gpt", seed="a"),
    "`seed` is 999999999 and `count` 2": lambda: xltransformer.write(template="gpt", seed=999_999_999, count=2),
    "`steps` is 1.5; give a whole number": lambda: xltransformer.train("new.npz", template="gpt", steps=1.5),
}


@pytest.mark.parametrize("said", WRONG_TYPES)
def test_values_of_a_wrong_type_are_told_in_one_line(said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        WRONG_TYPES[said]()
    assert not [*Path().iterdir()]
