"""The scripts and styles of a page, as texts: what they must not hold, wherever it stands, and that they are
scripts at all."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from browser import PARTS, Evaluate

from xltransformer.locale import languages, load_messages

SCRIPTS = sorted(PARTS.glob("*.js"))
STYLES = sorted(PARTS.glob("*.css"))
NAME = r"[A-Za-z_$][\w$]*"
DECLARED = re.compile(
    rf"^(?:export )?(?:default )?(?:async )?(?:function\*?|class|const|let) "
    rf"(?:({NAME})|\{{([^}}]*)\}}|\[([^\]]*)\])",
    re.MULTILINE,
)
LONGEST = 132
"""Characters of a line."""
FORBIDDEN = {
    r"\binnerHTML\b|\bouterHTML\b|\binsertAdjacentHTML\b|\bdocument\.write\b": "makes elements out of texts",
    r"\beval\(|\bnew Function\b|\bset(?:Timeout|Interval)\(\s*[\"'`]": "makes code out of texts",
    r"\bfetch\(|\bXMLHttpRequest\b|\bWebSocket\b|\bEventSource\b|\bsendBeacon\b|\bimportScripts\b|\bimport\(":
        "asks for something",
    r"https?://(?!www\.w3\.org/|schemas\.)": "names an address outside",
    r"^\s*var\s": "declares with var",
    r"[^=!]==[^=]|!=[^=]": "compares loosely",
    r"\bconsole\.(?:log|debug)\b|\bdebugger\b": "is left from looking for a fault",
    r"\balert\(|\bprompt\(": "stops the page to ask",
    r"\.on(?:click|change|input|key\w+) =": "takes the only place for a listener",
    r"\t| +$": "has blanks that nobody sees",
}  # fmt: skip
SPOKEN = re.compile(r"(?<![.\w])say\(\s*\"([\w.]+)\"")


def lines(path: Path) -> list[tuple[int, str]]:
    return list(enumerate(path.read_text("utf-8").splitlines(), start=1))


def uncommented(line: str) -> str:
    """A line of a script without what a comment says: one from // on, or of a block."""
    return "" if re.match(r"\s*(\*|/\*)", line) else re.sub(r"(?<!:)\s*// .*", "", line)


def declared(path: Path) -> list[str]:
    """The names that a module declares at its top level."""
    found = []
    for name, *several in DECLARED.findall(path.read_text("utf-8")):
        parts = [name] if name else re.split(r",", "".join(several))
        found += [re.sub(r".*:|=.*|\.\.\.", "", part, flags=re.DOTALL).strip() for part in parts]
    return [name for name in found if name]


def test_names_are_found_however_they_are_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.js"
    path.write_text(
        "export const a = 1;\nlet b;\nasync function c() {\n  const no = 1;\n}\nclass D {}\n"
        "const { e, f: g } = a;\nexport default function* made() {}\nconst [h, ...i] = a;\n"
    )
    assert declared(path) == ["a", "b", "c", "D", "e", "g", "made", "h", "i"]


def test_every_name_is_declared_once() -> None:
    counted = Counter(name for path in SCRIPTS for name in declared(path))
    assert counted, "there are no scripts"
    assert not [name for name, times in counted.items() if times > 1]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_does_nothing_forbidden(path: Path) -> None:
    found = [
        f"{path.name}:{number} {why}: {line.strip()}"
        for number, line in lines(path)
        for pattern, why in FORBIDDEN.items()
        if re.search(pattern, uncommented(line))
    ]
    assert not found
    assert not [f"{path.name}:{number} is too long" for number, line in lines(path) if len(line) > LONGEST]


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_style_fetches_nothing(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.findall(r"@import|https?:|url\((?!\s*[\"']?data:)", text)
    assert not [f"{path.name}:{number} is too long" for number, line in lines(path) if len(line) > LONGEST]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_others_call_says_its_types(path: Path) -> None:
    """An exported function has a comment right above it, which names each of its parameters."""
    text = path.read_text("utf-8")
    exported = re.findall(rf"(\*/\n)?export (?:async )?function\*? ({NAME})\(([^)]*)\)", text)
    assert not [name for above, name, _ in exported if not above]


def test_every_text_that_a_script_says_is_there() -> None:
    said = {key for path in SCRIPTS for key in SPOKEN.findall(path.read_text("utf-8"))}
    for language in languages():
        messages = load_messages(language)
        assert not [key for key in said if f"page.{key}" not in messages.texts]


def test_each_module_is_a_script(evaluate: Evaluate) -> None:
    for path in SCRIPTS:
        assert evaluate([path.name], "true"), path.name
