from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import rung
from rung import ASHA, GridSearcher, SuccessiveHalving, Tuner
from rung.errors import SettingError
from rung.store import MemoryStore
from rung.study import Study
from rung.types import TrialState

skorch = pytest.importorskip("skorch")
import torch  # noqa: E402
from skorch.callbacks import EarlyStopping, LRScheduler  # noqa: E402
from torch import nn  # noqa: E402

from rung.integrations.skorch import Report  # noqa: E402

X = torch.rand(40, 4, generator=torch.Generator().manual_seed(0))
Y = X.sum(dim=1, keepdim=True)
RATES = (1e-4, 0.1, 1e-3)  # the second one is the best after each epoch


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))

    def forward(self, X: Any) -> Any:  # noqa: N803
        return self.layers(X)


def fitted(rate: float, *callbacks: Any, first: tuple[Any, ...] = (), epochs: int = 9, seed: int = 0) -> Any:
    """A net with all that has a state: a schedule, momentum, dropout, and batches in an order that is drawn."""
    torch.manual_seed(seed)
    net = skorch.NeuralNetRegressor(
        Net,
        max_epochs=epochs,
        lr=rate,
        batch_size=8,
        optimizer__momentum=0.9,
        iterator_train__shuffle=True,
        callbacks=[*first, LRScheduler(policy="StepLR", step_size=2, gamma=0.5), *callbacks],
        verbose=0,
    )
    return net.fit(X, Y)


def studied(train: Callable[..., Any], scheduler: Any) -> Study:
    with Tuner(train, scheduler, store=MemoryStore(), study="s", seed=0) as tuner:
        return tuner.run()


def values(net: Any) -> list[bytes]:
    return [value.numpy().tobytes() for value in net.module_.state_dict().values()]


def test_a_paused_fit_goes_on_as_if_it_had_never_been() -> None:
    nets: list[Any] = []

    def train(rate: float) -> None:
        seed = 0 if rung.trial().attempt == 1 else 99  # a continued run restores its own random numbers
        nets.append(fitted(rate, Report("valid_loss"), seed=seed))

    study = studied(train, SuccessiveHalving(GridSearcher({"rate": list(RATES)}), max_t=9, n=3))
    assert [(trial.attempt, trial.last_step) for trial in study.trials] == [(1, 1), (3, 9), (1, 1)]
    whole, continued = fitted(0.1), nets[-1]
    assert values(continued) == values(whole)
    assert continued.optimizer_.state_dict()["param_groups"] == whole.optimizer_.state_dict()["param_groups"]
    assert continued.history[:, ("epoch", "valid_loss")] == whole.history[:, ("epoch", "valid_loss")]
    assert [len(batches) for batches in continued.history[:, "batches"]] == [
        len(batches) for batches in whole.history[:, "batches"]
    ]
    curve = [metrics for _, metrics in study.curve(1)]
    assert [each["error"] for each in curve] == whole.history[:, "valid_loss"]
    assert [each["train_loss"] for each in curve] == whole.history[:, "train_loss"]
    assert set(curve[0]) == {"error", "train_loss", "valid_loss", "event_lr", "dur"}


def test_a_trial_that_is_stopped_is_fitted_no_longer() -> None:
    nets: list[Any] = []

    def train(rate: float) -> None:
        nets.append(fitted(rate, Report("valid_loss")))
        assert pickle.dumps(nets[-1])  # without the trial that it was fitted in

    scheduler = ASHA(GridSearcher({"rate": [0.1, 1e-4]}), max_t=9, grace_period=3, reduction_factor=2)
    study = studied(train, scheduler)
    assert [(trial.state, trial.last_step) for trial in study.trials] == [
        (TrialState.COMPLETED, 9),
        (TrialState.STOPPED, 3),
    ]
    assert [len(net.history) for net in nets] == [9, 3]


def test_the_last_epoch_is_saved_where_patience_ends_the_training() -> None:
    nets: list[Any] = []

    def train(rate: float) -> None:
        nets.append(fitted(rate, Report("valid_loss", every=9), EarlyStopping(patience=2, threshold=0.9)))

    study = rung.tune(train, {"rate": [0.1]}, max_trials=1, store="memory", progress="off")
    assert len(nets[0].history) < 9
    assert study.best is not None
    assert study.best.step == study.trials[0].last_step == len(nets[0].history)
    saved = study.load_best()["module"]
    assert [value.numpy().tobytes() for value in saved.values()] == values(nets[0])


def test_a_copy_trains_on_with_its_own_learning_rate() -> None:
    """What the schedule has made of the rate is kept, and the rate itself is the new one."""
    seen: list[tuple[float, float]] = []

    def train(rate: float) -> None:
        net = fitted(rate, Report("valid_loss"), epochs=6)
        seen.append((rate, net.optimizer_.param_groups[0]["lr"]))

    space = {"rate": rung.loguniform(1e-3, 0.1)}
    searcher = rung.RandomSearcher(space)
    studied(train, rung.PopulationBasedTraining(searcher, population=4, interval=2, max_t=6))
    finals = [(rate, now) for rate, now in seen if now < rate * 0.2]
    assert finals
    assert [now / rate for rate, now in finals] == pytest.approx([0.125] * len(finals))


def test_outside_a_study_nothing_happens() -> None:
    assert values(fitted(0.1, Report("valid_loss"), epochs=2)) == values(fitted(0.1, epochs=2))


def test_it_can_be_cloned_and_has_parameters() -> None:
    base = pytest.importorskip("sklearn.base")
    net = fitted(0.1, ("report", Report("valid_loss", every=3)), epochs=1)
    assert base.clone(net).get_params()["callbacks"][1][1].get_params() == {"metric": "valid_loss", "every": 3}
    assert net.get_params()["callbacks__report__every"] == 3


def test_what_can_not_be() -> None:
    def train(rate: float) -> float:
        with pytest.raises(SettingError, match="LRScheduler comes after Report"):
            fitted(rate, first=(Report("valid_loss"),), epochs=2)
        with pytest.raises(SettingError, match="EarlyStopping comes before Report"):
            fitted(rate, Report("valid_loss"), first=(EarlyStopping(),), epochs=2)
        with pytest.raises(SettingError, match=r"no 'valid_acc', but .*valid_loss.*Report\('valid_loss'\)"):
            fitted(rate, Report("valid_acc"), epochs=2)
        return 1.0

    study = rung.tune(train, {"rate": [0.1]}, max_trials=1, store="memory", progress="off")
    assert study.trials[0].state is TrialState.COMPLETED, study.trials[0].message


def test_skorch_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "import rung.integrations.skorch as ours\n"
        "assert 'skorch' not in sys.modules\n"
        "sys.modules['skorch'] = None\n"
        "try:\n    ours.Report\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "MissingExtraError skorch.Report needs an optional package. pip install 'rung[skorch]'\n"
