from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rung.errors import SettingError
from rung.integrations._versions import need

INTEGRATIONS = Path(__file__).parents[2] / "src/rung/integrations"
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
NAMES = {"keras": "Report", "lightning": "Report", "sklearn": "SearchCV", "transformers": "Report"}


@pytest.mark.parametrize("version", ["3.5", "3.5.0", "3.15.1", "4.0.0rc1", "3.5.dev0"])
def test_a_version_that_will_do(version: str) -> None:
    need("keras", version, (3, 5))


@pytest.mark.parametrize("version", ["2.15.0", "3.4.9", "3.0rc1"])
def test_a_version_that_is_too_old(version: str) -> None:
    with pytest.raises(SettingError, match=r"keras .* is too old\. It takes 3\.5: pip install 'keras>=3\.5'"):
        need("keras", version, (3, 5))


def test_frameworks_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, importlib\n"
        f"names = {NAMES}\n"
        "class Absent:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name in names:\n            raise ModuleNotFoundError(name, name=name)\n"
        "for name, attribute in names.items():\n"
        "    package = importlib.import_module(f'rung.integrations.{name}')\n"
        "    assert name not in sys.modules\n"
        "    sys.meta_path.insert(0, Absent())\n"
        "    try:\n        getattr(package, attribute)\n"
        "    except ImportError as error:\n        print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"MissingExtraError {name}.{attribute} needs an optional package. pip install 'rung[{name}]'"
        for name, attribute in NAMES.items()
    ]


def test_the_versions_that_are_asked_for_are_those_of_the_extras() -> None:
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    declared = {line for lines in extras.values() for line in lines}
    asked = {
        f"{framework}>={'.'.join(re.findall('[0-9]+', least))}"
        for path in INTEGRATIONS.rglob("*.py")
        for framework, least in re.findall(r'^ *need\("([\w-]+)", [\w.]+, \((.+?)\)\)', path.read_text(), re.MULTILINE)
    }
    assert len(asked) >= 9
    assert asked <= declared


def test_what_frameworks_need_themselves_comes_with_their_extras() -> None:
    """Each of these is there, and torch is not."""
    code = (
        "import importlib, sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError('No module named torch', name='torch')\n"
        "sys.meta_path.insert(0, Without())\n"
        "for name in ('lightning', 'transformers', 'skorch', 'ignite'):\n"
        "    try:\n        importlib.import_module(f'rung.integrations.{name}').Report(None)\n"
        "    except ImportError as error:\n        print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"MissingExtraError {name}.Report needs an optional package. pip install 'rung[{name}]'"
        for name in ("lightning", "transformers", "skorch", "ignite")
    ]
