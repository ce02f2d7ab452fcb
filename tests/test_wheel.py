"""The wheel: installed into an empty environment it builds every template, weights and all."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import xltransformer
from xltransformer.building.template import shipped_templates

ROOT = Path(__file__).parents[1]

BUILD_EVERY = """
import sys
from pathlib import Path
import xltransformer
from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates, template_folder
package = Path(xltransformer.__file__).parent
assert template_folder() == package / "templates", template_folder()
assert str(package).startswith(sys.argv[1]), package
for name in shipped_templates():
    print(name, load_template(name).trained, len(make_instance(name).trace()))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published, made by the build backend where it is at hand."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("the build backend, hatchling, cannot be had here")
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_carries_templates_and_their_weights(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as parts:
        names = set(parts.namelist())
    for name in shipped_templates():
        assert f"xltransformer/templates/{name}.toml" in names
    assert "xltransformer/templates/weights/gpt.npz" in names
    assert "xltransformer/templates/weights/held-out.toml" in names
    assert "xltransformer/py.typed" in names


def test_the_version_stands_once_and_the_types_are_known(wheel: Path) -> None:
    assert wheel.name.startswith(f"xltransformer-{xltransformer.__version__}-")
    assert (
        xltransformer.__version__ not in (ROOT / "pyproject.toml").read_text("utf-8").partition("dependencies")[0]
    )


def test_an_empty_environment_builds_every_template(wheel: Path, tmp_path: Path) -> None:
    """The dependencies, and nothing of this checkout, are lent by the environment of the tests."""
    home = tmp_path / "empty"
    venv.create(home, with_pip=False)
    paths = {"base": str(home), "platbase": str(home)}
    python = Path(sysconfig.get_path("scripts", vars=paths)) / Path(sys.executable).name
    site = Path(sysconfig.get_path("purelib", vars=paths))
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=60)
    lent = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    lines = [f"import sys; sys.path += {sorted(lent)!r}"]  # without the .pth files that lie there
    (site / "lent.pth").write_text("\n".join(lines) + "\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-c", BUILD_EVERY, str(site)],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    built = [line.split() for line in done.stdout.splitlines()]
    assert [name for name, *_ in built] == shipped_templates()
    assert ("gpt", "True") in {(name, trained) for name, trained, _ in built}
