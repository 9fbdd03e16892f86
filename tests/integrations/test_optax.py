from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rung import schedules
from rung.errors import MissingExtraError, SettingError
from rung.integrations.optax import as_schedule
from rung.schedules import cosine


def test_against_optax() -> None:
    for package in ("jax", "optax"):
        if importlib.util.find_spec(package) is None:  # importing it here would leave its threads to other tests
            pytest.skip(f"{package} is not installed")
    cases = str(Path(__file__).with_name("optax_cases.py"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cases],
        env=os.environ | {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_factors_are_refused() -> None:
    with pytest.raises(SettingError, match=r"gives factors, and a learning rate is needed.*0\.3 \* schedule"):
        as_schedule(cosine(10))


def test_a_schedule_has_to_settle() -> None:
    with pytest.raises(SettingError, match=r"never ends. Say how long it holds by until\(steps\)"):
        as_schedule(0.3 * schedules.square_root())


def test_without_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingExtraError, match=r"optax\.as_schedule needs an optional package.*rung\[optax\]"):
        as_schedule(0.3 * cosine(10))
