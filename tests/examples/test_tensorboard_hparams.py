"""The HParams loop runs without TensorFlow, and its tab has what it tried."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "tensorboard" / "hparams.py"


def test_it_runs_as_a_script(tmp_path: Path, write_images: Callable[..., Path]) -> None:
    pytest.importorskip("tensorboard")
    if importlib.util.find_spec("keras") is None:  # importing it here would choose its backend for all tests
        pytest.skip("keras is not installed")
    from tensorboard.plugins.hparams import metadata

    from rung.integrations.tensorboard._files import events_of
    from rung.integrations.tensorboard._records import EXPERIMENT, START, read_experiment

    datasets = tmp_path / "keras" / "datasets"
    datasets.mkdir(parents=True)
    write_images(training=64).rename(datasets / "fashion-mnist")
    ours = {"KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path / "keras"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, SCRIPT], cwd=tmp_path, env=os.environ | ours, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("--- Starting trial: run-") for line in lines) == 8
    assert lines[-1].startswith("best: {'num_units': ")
    for folder, count in (("grid", 8), ("search", 4)):
        logdir = tmp_path / "logs" / folder
        found = read_experiment(events_of(logdir))
        assert found is not None
        assert set(found.columns) == {"num_units", "dropout", "optimizer"}
        runs = [each for each in logdir.iterdir() if each.is_dir()]
        assert len(runs) == count
        for each in runs:
            values = {value.tag: value for event in events_of(each) for value in event.summary.value}
            assert {START, "accuracy"} <= set(values)
            assert EXPERIMENT not in values
            started = metadata.parse_session_start_info_plugin_data(values[START].metadata.plugin_data.content)
            assert started.hparams["num_units"].number_value in {16, 32}
            assert 0.1 <= started.hparams["dropout"].number_value <= 0.2
            assert 0 <= values["accuracy"].simple_value <= 1
