from __future__ import annotations

import subprocess
import sys

import pytest

from rung.errors import SettingError
from rung.integrations._versions import need

FRAMEWORKS = ("keras", "lightning", "transformers")


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
        f"for name in {FRAMEWORKS}:\n"
        "    package = importlib.import_module(f'rung.integrations.{name}')\n"
        "    assert name not in sys.modules\n"
        "    sys.modules[name] = None\n"
        "    try:\n        package.Report\n"
        "    except ImportError as error:\n        print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"MissingExtraError {name}.Report needs an optional package. pip install 'rung[{name}]'" for name in FRAMEWORKS
    ]
