from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import rung
from rung import ASHA, GridSearcher, SuccessiveHalving, Tuner
from rung.errors import SettingError
from rung.integrations.ignite import Report
from rung.store import MemoryStore
from rung.study import Study
from rung.types import TrialState

pytest.importorskip("ignite")
import torch
from ignite.engine import (
    Engine,
    Events,
    create_supervised_evaluator,
    create_supervised_trainer,
)
from ignite.metrics import Average, Loss
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

X = torch.rand(40, 4, generator=torch.Generator().manual_seed(0))
DATA = TensorDataset(X, X.sum(dim=1, keepdim=True))
RATES = (1e-4, 0.1, 1e-3)  # the second one is the best after each epoch


class Training:
    """A usual one: the evaluator runs after each epoch, and then the schedule makes a step."""

    def __init__(self, rate: float, *, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=rate, momentum=0.9)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 2, 0.5)
        self.loss = nn.MSELoss()
        self.losses: list[float] = []
        self.trainer = create_supervised_trainer(self.model, self.optimizer, self.loss)
        self.evaluator = create_supervised_evaluator(self.model, metrics={"loss": Loss(self.loss)})
        self.trainer.add_event_handler(Events.EPOCH_COMPLETED, self._evaluate)

    @property
    def to_save(self) -> dict[str, Any]:
        return {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}

    def run(self, epochs: int = 9) -> Training:
        self.trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: self.schedule.step())  # noqa: PLW0108  without the engine
        self.trainer.run(DataLoader(DATA, batch_size=8, shuffle=True), max_epochs=epochs)
        return self

    def values(self) -> list[bytes]:
        return [value.numpy().tobytes() for value in self.model.state_dict().values()]

    def _evaluate(self) -> None:
        self.losses.append(self.evaluator.run(DataLoader(DATA, batch_size=40)).metrics["loss"])


def studied(train: Callable[..., Any], scheduler: Any) -> Study:
    with Tuner(train, scheduler, store=MemoryStore(), study="s", seed=0) as tuner:
        return tuner.run()


def test_a_paused_training_goes_on_as_if_it_had_never_been() -> None:
    trainings: list[Training] = []

    def train(rate: float) -> None:
        seed = 0 if rung.trial().attempt == 1 else 99  # a continued run restores its own random numbers
        training = Training(rate, seed=seed)
        Report(training.trainer, "loss", to_save=training.to_save).attach(training.evaluator)
        trainings.append(training.run())

    study = studied(train, SuccessiveHalving(GridSearcher({"rate": list(RATES)}), max_t=9, n=3))
    assert [(trial.attempt, trial.last_step) for trial in study.trials] == [(1, 1), (3, 9), (1, 1)]
    whole, continued = Training(0.1).run(), trainings[-1]
    assert continued.values() == whole.values()
    assert continued.optimizer.param_groups[0]["lr"] == whole.optimizer.param_groups[0]["lr"]
    assert continued.losses == whole.losses[3:]
    state = continued.trainer.state
    assert (state.epoch, state.iteration) == (9, 45)
    assert [metrics for _, metrics in study.curve(1)] == [{"error": loss, "loss": loss} for loss in whole.losses]


def test_a_trial_that_is_stopped_trains_no_longer() -> None:
    epochs: list[int] = []

    def train(rate: float) -> None:
        training = Training(rate)
        Report(training.trainer, "loss").attach(training.evaluator)
        epochs.append(training.run().trainer.state.epoch)

    scheduler = ASHA(GridSearcher({"rate": [0.1, 1e-4]}), max_t=9, grace_period=3, reduction_factor=2)
    study = studied(train, scheduler)
    assert [(trial.state, trial.last_step) for trial in study.trials] == [
        (TrialState.COMPLETED, 9),
        (TrialState.STOPPED, 3),
    ]
    assert epochs == [9, 3]


def test_metrics_of_the_trainer_itself() -> None:
    """Numbers of a trainer without a model; what is no number is left out."""
    ended: list[str] = []

    def train(rate: float) -> None:
        trainer = Engine(lambda engine, batch: rate * batch)
        Average().attach(trainer, "mean")
        trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: trainer.state.metrics.update(table=torch.ones(2)))
        trainer.add_event_handler(Events.TERMINATE, lambda: ended.append("early"))
        Report(trainer, "mean").attach(trainer)
        trainer.run([1.0, 3.0], max_epochs=2)

    study = rung.tune(train, {"rate": [0.5]}, max_trials=1, store="memory", progress="off")
    assert study.curve(0) == [(1, {"error": 1.0, "mean": 1.0}), (2, {"error": 1.0, "mean": 1.0})]
    assert ended == []


def test_epochs_without_an_evaluation_are_not_reported() -> None:
    def train(rate: float) -> None:
        trainer, evaluator = Engine(lambda engine, batch: batch), Engine(lambda engine, batch: batch)
        Average().attach(evaluator, "mean")
        Average().attach(trainer, "training")
        trainer.add_event_handler(Events.EPOCH_COMPLETED(every=2), lambda: evaluator.run([rate]))
        Report(trainer, "mean").attach(evaluator)
        trainer.run([1.0], max_epochs=5)

    study = rung.tune(train, {"rate": [0.5]}, max_trials=1, store="memory", progress="off")
    assert study.curve(0) == [(step, {"error": 0.5, "mean": 0.5}) for step in (2, 4)]


def test_the_last_epoch_is_saved_where_a_handler_ends_the_training() -> None:
    trainings: list[Training] = []

    def train(rate: float) -> None:
        training = Training(rate)
        Report(training.trainer, "loss", to_save=training.to_save, every=9).attach(training.evaluator)
        training.trainer.add_event_handler(Events.EPOCH_COMPLETED(once=2), lambda: training.trainer.terminate())  # noqa: PLW0108  as above
        trainings.append(training.run())

    study = rung.tune(train, {"rate": [1e-3]}, max_trials=1, store="memory", progress="off")
    assert [step for step, _ in study.curve(0)] == [1, 2]
    saved = study.load_best()["model"]
    assert [value.numpy().tobytes() for value in saved.values()] == trainings[0].values()


def test_iterations_instead_of_epochs() -> None:
    states: list[tuple[int, int]] = []

    def train(rate: float) -> None:
        trainer, model = Engine(lambda engine, batch: rate), nn.Linear(1, 1)
        Average().attach(trainer, "mean")
        Report(trainer, "mean", to_save={"model": model}).attach(trainer)
        state = trainer.run([1.0, 2.0], max_iters=8)
        states.append((state.epoch, state.iteration))

    studied(train, SuccessiveHalving(GridSearcher({"rate": [0.5]}), max_t=4, n=1, reduction_factor=2))
    assert states == [(1, 2), (2, 4), (4, 8)]


def test_outside_a_study_nothing_happens() -> None:
    training = Training(0.1)
    report = Report(training.trainer, "loss", to_save=training.to_save)
    report.attach(training.evaluator)
    assert training.run(2).values() == Training(0.1).run(2).values()


def test_what_can_not_be() -> None:
    def train(rate: float) -> float:
        training = Training(rate)
        Report(training.trainer, "accuracy").attach(training.evaluator)
        with pytest.raises(SettingError, match=r"no 'accuracy', but loss\. .*Report\('loss'\)"):
            training.run(2)
        return 1.0

    study = rung.tune(train, {"rate": [0.1]}, max_trials=1, store="memory", progress="off")
    assert study.trials[0].state is TrialState.COMPLETED
    with pytest.raises(SettingError, match="saved anyway"):
        Report(Engine(lambda engine, batch: batch), to_save={"trainer": nn.Linear(1, 1)})


def test_ignite_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "from rung.integrations.ignite import Report\n"
        "assert 'ignite' not in sys.modules\n"
        "sys.modules['ignite'] = None\n"
        "try:\n    Report(None)\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "MissingExtraError ignite.Report needs an optional package. pip install 'rung[ignite]'\n"
