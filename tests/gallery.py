"""The script that makes the gallery, as a module."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
AGAIN = "run `make gallery` and commit what it writes"


def _script() -> Any:
    name = "make_gallery"
    loader = SourceFileLoader(name, str(ROOT / "scripts" / "make-gallery"))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


GALLERY = _script()
