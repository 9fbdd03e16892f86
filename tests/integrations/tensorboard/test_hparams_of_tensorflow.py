"""The loop over hyperparameters with TensorFlow's own ``tf.summary``, ``tf.keras`` and ``hp``, beside rung."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard_server import metrics_of, serving

pytest.importorskip("tensorboard")
from rung.integrations.tensorboard._files import events_of
from rung.integrations.tensorboard._records import EXPERIMENT

ROOT = Path(__file__).parents[3]
OURS = "from rung.integrations.tensorboard import TensorBoard, hp, tf\n"
THEIRS = (
    "import tensorflow as tf\n"
    "from tensorboard.plugins.hparams import api as hp\n"
    "from rung.integrations.tensorboard import TensorBoard\n"
)
SEARCH = """
grid()
rung.tune(
    lambda num_units, dropout, optimizer: dropout,
    rung.Space(HPARAMS),
    max_trials=2,
    seed=0,
    store="memory",
    progress="off",
    observers=[TensorBoard("logs/search")],
)
"""


def test_the_loop_runs_and_the_tab_has_its_runs(tmp_path: Path, write_images: Callable[..., Path]) -> None:
    """The example with the tutorial's imports; then a search over what it searched; then the loop as it is copied.

    The latter says what is searched, and nothing of its runs, so its tab stays empty.
    """
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    write_images(training=64).rename(tmp_path / "keras" / "datasets" / "fashion-mnist")
    run(f"{loop()}{SEARCH}{copied()}", tmp_path)
    logs = tmp_path / "logs"
    with serving(logs / "grid") as server:
        server.wait_for(lambda: sum("accuracy" in metrics_of(each) for each in server.groups().values()) == 8)
        groups = server.groups().values()
    tried = [each["hparams"] for each in groups]
    assert {(each["num_units"], each["dropout"], each["optimizer"]) for each in tried} == {
        (units, dropout, optimizer) for units in (16, 32) for dropout in (0.1, 0.2) for optimizer in ("adam", "sgd")
    }
    assert all(0 <= metrics_of(each)["accuracy"] <= 1 for each in groups)
    assert len(runs_of(logs / "search")) == 2
    assert [value.tag for event in events_of(logs / "hparam_tuning") for value in event.summary.value] == [EXPERIMENT]
    assert runs_of(logs / "hparam_tuning") == []


def loop() -> str:
    """The functions of the example, with the imports of the tutorial."""
    example = (ROOT / "examples" / "tensorboard" / "hparams.py").read_text()
    assert OURS in example
    return example.replace(OURS, THEIRS).partition("if __name__ == ")[0]


def copied() -> str:
    """The listing of the page, whose training stands for one."""
    page = (ROOT / "docs" / "how-to-tensorboard.md").read_text()
    listing = page.partition("```python theirs\n")[2].partition("```")[0]
    return f"def train_test_model(hparams):\n    return 0.5\n\n{listing}"


def run(script: str, folder: Path) -> None:
    """In a process of its own, as TensorFlow and the backend of Keras stay once they are imported."""
    ours = {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": str(folder / "keras"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=os.environ | ours, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def runs_of(logdir: Path) -> list[Path]:
    return [each for each in logdir.iterdir() if each.is_dir()]
