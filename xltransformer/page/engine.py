"""The engine that a page computes with: Formulon's WebAssembly, read from the package that is installed.

Nothing of it is in this project. The package is found without being imported, which would take seconds.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata
from pathlib import Path

from xltransformer.engines.wheels import Formulon
from xltransformer.errors import UserError
from xltransformer.page.packing import pack
from xltransformer.page.trimming import trim

VERSION = "0.18"
"""Pages are made with, and checked against, this version; pyproject.toml pins the same."""
_FILE = "formulon/_wasm/formulon_capi.wasm"
_LICENCES = ("LICENSE", "NOTICE")


def _package() -> metadata.Distribution:
    try:
        package = metadata.distribution(Formulon.name)
    except metadata.PackageNotFoundError:
        raise UserError(f"a page takes the engine Formulon: {Formulon.how_to_get}") from None
    if package.version != VERSION and not package.version.startswith(f"{VERSION}."):
        what = f"a page takes Formulon {VERSION}, and {package.version} is installed"
        raise UserError(f"{what}: {Formulon.how_to_get}")
    return package


def _broken(what: str) -> UserError:
    again = f'pip install --force-reinstall "{Formulon.name}=={VERSION}.*"'
    return UserError(f"the package Formulon that is installed has no {what}: {again}")


def check_engine() -> None:
    """UserError where no page can be made here, before anything is built for it."""
    if not Path(str(_package().locate_file(_FILE))).is_file():
        raise _broken(_FILE)


@cache
def engine() -> bytes:
    """The engine's WebAssembly; UserError with what to install where it is missing."""
    check_engine()
    return Path(str(_package().locate_file(_FILE))).read_bytes()


def trimmed_engine() -> bytes:
    """The engine with what a page has a use for: what page/parts/engine.js calls, and all that this needs."""
    calls = (Path(__file__).parent / "parts" / "engine.js").read_text("utf-8")
    return trim(engine(), {*re.findall(r"\bfm_\w+", calls), "memory", "malloc", "free", "_initialize"})


@cache
def packed_engine() -> str:
    """The engine as text for a page."""
    return pack(trimmed_engine(), deflate=True)


DEFLATED = 0.3922
"""What of the engine's bytes is left where they are deflated; to do it for the figure alone takes 0.4 s."""


def deflated_size() -> int:
    """Bytes of the whole engine, deflated: with the workbook's the measure for the size of a page."""
    return round(DEFLATED * len(engine()))


def engine_name() -> str:
    """The engine's name and version, for readers."""
    return f"{Formulon.title} {_package().version}"


def engine_licence() -> str:
    """The texts that go wherever the engine goes: what was changed in it, its licence and its notice."""
    package = _package()
    texts = []
    for name in _LICENCES:
        text = package.read_text(f"licenses/{name}") or package.read_text(name)
        if text is None:
            raise _broken(name)
        texts.append(text.strip())
    changed = "Functions of it that the page never calls were taken out of its WebAssembly."
    return "\n\n".join([changed, *texts]) + "\n"
