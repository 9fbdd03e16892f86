from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard_server import metrics_of, serving

import rung
from rung.errors import MissingExtraError, SettingError
from rung.integrations.tensorboard import hp, summary
from rung.integrations.tensorboard._files import events_of
from rung.integrations.tensorboard._records import EXPERIMENT, START

pytest.importorskip("tensorboard")
from tensorboard.plugins.hparams import summary_v2

UNITS = hp.HParam("units", hp.Discrete([16, 32]))
DROPOUT = hp.HParam("dropout", hp.RealInterval(0.1, 0.2))
OPTIMIZER = hp.HParam("optimizer", hp.Discrete(["adam", "sgd"]))


def configure(logdir: Path) -> None:
    with summary.create_file_writer(logdir).as_default():
        hp.hparams_config([UNITS, DROPOUT, OPTIMIZER], [hp.Metric("accuracy", display_name="Accuracy")])


def tags(folder: Path) -> list[str]:
    return [value.tag for event in events_of(folder) for value in event.summary.value]


def test_the_names_are_tensorboards_own() -> None:
    """Those of ``tensorboard.plugins.hparams.api`` are the same, but that can't be imported without TensorFlow."""
    for name in ("HParam", "Discrete", "RealInterval", "IntInterval", "Metric", "hparams_pb", "hparams_config_pb"):
        assert getattr(hp, name) is getattr(summary_v2, name)


def test_the_tab_is_empty_until_each_run_writes_its_values(tmp_path: Path) -> None:
    """As the loop is often published, it writes what is searched and the accuracies, but not the values."""
    configure(tmp_path)
    with summary.create_file_writer(tmp_path / "run-0").as_default():
        summary.scalar("accuracy", 0.5, step=1)
    with serving(tmp_path) as server:
        server.wait_for(lambda: bool(server.experiment().get("hparamInfos")))
        assert server.groups() == {}
        with summary.create_file_writer(tmp_path / "run-1").as_default():
            hp.hparams({UNITS: np.int64(16), DROPOUT: np.float32(0.1), "optimizer": "adam"}, trial_id="first")
            summary.scalar("accuracy", np.float64(0.75), step=1)
        server.wait_for(lambda: any(map(metrics_of, server.groups().values())))
        (group,) = server.groups().values()
    assert group["name"] == "first"
    assert group["hparams"] == {"units": 16.0, "dropout": pytest.approx(0.1), "optimizer": "adam"}
    assert metrics_of(group) == {"accuracy": 0.75}


def test_each_writes_into_its_own_folder(tmp_path: Path) -> None:
    configure(tmp_path)
    with summary.create_file_writer(tmp_path / "run-0").as_default():
        hp.hparams({UNITS: 16}, start_time_secs=5.0)
    assert tags(tmp_path) == [EXPERIMENT]
    assert tags(tmp_path / "run-0") == [START]


@pytest.mark.parametrize("write", [lambda: hp.hparams({"units": 16}), lambda: hp.hparams_config([UNITS], [])])
def test_there_must_be_a_writer(write) -> None:
    with pytest.raises(SettingError, match=r"nothing would be written\. Do it in: with tf\.summary"):
        write()


def test_a_list_of_them_is_a_space() -> None:
    space = rung.Space([UNITS, DROPOUT, OPTIMIZER])
    assert space == rung.Space(
        {"units": rung.Ordinal([16, 32]), "dropout": rung.Float(0.1, 0.2), "optimizer": ["adam", "sgd"]}
    )


def test_it_needs_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.plugins.hparams.summary_v2", None)
    monkeypatch.delitem(sys.modules, "rung.integrations.tensorboard.hp")
    with pytest.raises(MissingExtraError, match=r"pip install 'rung\[tensorboard\]'"):
        importlib.import_module("rung.integrations.tensorboard.hp")
