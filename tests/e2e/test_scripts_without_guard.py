"""Scripts that start a study when they are imported, without a ``__main__`` guard: refused, never a second study."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rung.store import open_store

TUNE = """
import rung

def lenet(x):
    return x

{call}
"""
CALLS = {
    "tune": 'rung.tune(lenet, {"x": rung.uniform(0.0, 1.0)}, max_trials=2, workers=2, store="k.db", study="s")',
    "tuner": (
        'rung.Tuner(lenet, rung.BasicScheduler(rung.RandomSearcher({"x": rung.uniform(0.0, 1.0)})), '
        'store="k.db", study="s", workers=2).run(2)'
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_module_that_starts_a_study_at_import_is_refused_in_its_trials(tmp_path: Path, call: str) -> None:
    (tmp_path / "unguarded.py").write_text(TUNE.format(call=CALLS[call]))
    starter = "import sys; sys.path.insert(0, '.'); import unguarded"
    done = subprocess.run(
        [sys.executable, "-c", starter], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "the objective can't be loaded in the processes of the trials" in done.stderr
    assert 'Put the call of tune() or Tuner() under `if __name__ == "__main__":`' in done.stderr
    store = open_store(str(tmp_path / "k.db"), create=False)
    assert [row.name for row in store.tables.studies()] == ["s"]
    rows = store.tables.trials("s")
    assert {row.state.value for row in rows} == {"waiting"}  # for the script to be mended
    assert any("__main__" in row.message for row in rows)
    store.close()
