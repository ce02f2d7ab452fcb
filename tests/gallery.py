"""The scripts that make the gallery and the site, as modules."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
AGAIN = "run `make gallery` and commit what it writes"


def script(file: str) -> Any:
    """A script in scripts/ as a module."""
    name = file.replace("-", "_")
    loader = SourceFileLoader(name, str(ROOT / "scripts" / file))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


GALLERY = script("make-gallery")
