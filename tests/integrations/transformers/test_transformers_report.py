from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import rung
from rung import schedules
from rung.backends.inline import Inline
from rung.types import TrialState

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from safetensors.torch import load  # noqa: E402 - imports torch

from rung.integrations.torch import ScheduleLR  # noqa: E402 - imports torch
from rung.integrations.transformers import Report  # noqa: E402 - imports Transformers
from rung.integrations.transformers._states import Later  # noqa: E402 - sorted with the above

PAUSING = "asha(max_t=4, grace_period=2, reduction_factor=2, variant=promotion)"
STOPPING = "asha(max_t=4, grace_period=2, reduction_factor=2, variant=stopping)"
GOOD, BAD = 0.02, 1e-9
LENGTH = 8


def texts(first: int, last: int) -> list[dict[str, Any]]:
    """Tokens that count upwards, so that there is something to learn."""
    rows = [torch.arange(start, start + LENGTH) % 16 for start in range(first, last)]
    return [{"input_ids": row, "labels": row} for row in rows]


class Rates(transformers.TrainerCallback):
    """Those of all updates."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **objects: Any) -> None:
        self.seen.append(objects["optimizer"].param_groups[0]["lr"])


class Run:
    """A training with its report; 4 epochs of 3 updates."""

    def __init__(self, lr: float, folder: Path, report: Any = None, *, schedule: Any = None, **options: Any) -> None:
        transformers.set_seed(0)
        model = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(vocab_size=16, n_positions=LENGTH, n_embd=8, n_layer=1, n_head=1)
        )
        sets = options.pop("eval_dataset", texts(12, 16))
        restores, others = options.pop("restores", True), options.pop("others", [])
        arguments = transformers.TrainingArguments(
            output_dir=str(folder),
            learning_rate=lr,
            per_device_train_batch_size=4,
            **{
                "num_train_epochs": 4,
                "eval_strategy": "epoch",
                "save_strategy": "no",
                "report_to": "none",
                "disable_tqdm": True,
                **options,
            },
            use_cpu=True,
        )
        optimizers = (None, None)
        if schedule is not None:
            optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
            optimizers = (optimizer, ScheduleLR(optimizer, schedule))
        self.rates = Rates()
        self.trainer = transformers.Trainer(
            model,
            arguments,
            train_dataset=texts(0, 12),
            eval_dataset=sets,
            optimizers=optimizers,
            callbacks=[self.rates, *others, *([] if report is None else [report])],
        )
        checkpoint = None if report is None or not restores else report.checkpoint()
        self.trainer.train(resume_from_checkpoint=checkpoint)

    @property
    def weights(self) -> list[bytes]:
        return [value.numpy().tobytes() for value in self.trainer.model.state_dict().values()]


def searched(train: Any, scheduler: str = "basic", **options: Any) -> rung.Study:
    given = {"metric": "eval_loss", "store": "memory", "seed": 0, "progress": "off", "backend": Inline(), **options}
    return rung.tune(train, {"lr": [GOOD, BAD]}, searcher="grid", scheduler=scheduler, **given)


@pytest.mark.parametrize(
    ("schedule", "options"),
    [
        (None, {}),
        (schedules.cosine(12), {"eval_strategy": "steps", "eval_steps": 2, "max_steps": 8, "save_total_limit": 1}),
    ],
    ids=["epochs", "steps"],
)
def test_a_paused_training_is_the_one_that_was_never_paused(schedule: Any, options: Any, tmp_path: Path) -> None:
    runs = []

    def train(trial: rung.Trial) -> None:
        runs.append(Run(trial.config["lr"], trial.folder / "trainer", Report(), schedule=schedule, **options))

    study = searched(train, PAUSING)
    assert [trial.last_step for trial in study.trials] == [4, 2]
    assert study.trials[1].state is TrialState.PAUSED
    whole = Run(GOOD, tmp_path, schedule=schedule, **options)
    assert [*runs[0].rates.seen, *runs[2].rates.seen] == whole.rates.seen
    assert runs[2].weights == whole.weights
    assert runs[2].trainer.state.epoch == whole.trainer.state.epoch
    told = [measured["eval_loss"] for _, measured in study.curve(0)]
    assert told == [entry["eval_loss"] for entry in whole.trainer.state.log_history if "eval_loss" in entry]
    if schedule is not None:
        assert whole.rates.seen == [GOOD * schedule(step) for step in range(8)]
    assert "model.safetensors" in study.load_best()["trainer"]


def test_a_stopped_training_ends_after_its_evaluation(tmp_path: Path) -> None:
    runs = []

    def train(trial: rung.Trial) -> None:
        given = {"eval_dataset": {"near": texts(12, 16), "far": texts(16, 18)}, "restores": False}
        runs.append(Run(trial.config["lr"], tmp_path, Report("eval_near_loss"), **given))

    study = searched(train, STOPPING, metric="error")
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETED, TrialState.STOPPED]
    assert [len(run.rates.seen) for run in runs] == [12, 6]
    assert [step for step, _ in study.curve(0)] == [1, 2, 3, 4]
    assert not list(tmp_path.glob("checkpoint-*"))


@pytest.mark.parametrize("patience", [0, 1], ids=["all epochs", "patience"])
def test_the_last_evaluation_is_saved(patience: int) -> None:
    runs = []

    def train(trial: rung.Trial) -> None:
        folder, report = trial.folder / "trainer", Report(every=9)
        best = {"load_best_model_at_end": True, "save_strategy": "epoch", "save_total_limit": 1} if patience else {}
        stopping = [transformers.EarlyStoppingCallback(1, early_stopping_threshold=9.0)] if patience else []
        runs.append(Run(trial.config["lr"], folder, report, others=stopping, **best))

    study = searched(train)
    assert [trial.last_step for trial in study.trials] == [4 - 2 * bool(patience)] * 2
    best = study.best
    assert best is not None
    assert best.step == study.trials[best.trial].last_step
    saved = load(study.load_best()["trainer"]["model.safetensors"].tobytes())
    now = runs[best.trial].trainer.model.state_dict()
    assert saved
    assert all(torch.equal(value, now[name]) for name, value in saved.items())


def test_all_data_sets_are_in_one_report_where_checkpoints_are_kept() -> None:
    def train(trial: rung.Trial) -> None:
        sets = {"near": texts(12, 16), "far": texts(16, 18)}
        Run(trial.config["lr"], trial.folder, Report("eval_near_loss"), eval_dataset=sets, num_train_epochs=1)

    (_, first), *more = searched(train, metric="error").curve(0)
    assert not more
    assert first["error"] == first["eval_near_loss"]
    assert "eval_far_loss" in first


def test_where_the_hyperparameters_have_changed_the_rate_is_that_of_now() -> None:
    old, new = ([torch.zeros(1, requires_grad=True)] for _ in range(2))
    first, then = Later(), Later()
    first.become(torch.optim.SGD(old, lr=0.1, momentum=0.9))
    then.load_state_dict(first.state_dict())
    optimizer = torch.optim.SGD(new, lr=0.4, momentum=0.9)
    then.become(optimizer)
    assert optimizer.param_groups[0]["lr"] == 0.4
    assert then.state_dict()["built"]["param_groups"][0]["lr"] == 0.4


def test_outside_a_study_nothing_happens(tmp_path: Path) -> None:
    report = Report("nonsense")
    assert report.checkpoint() is None
    assert Run(GOOD, tmp_path, report).weights == Run(GOOD, tmp_path).weights
    assert not list(tmp_path.glob("checkpoint-*"))


def twice(lr: float, folder: Path) -> None:
    Run(lr, folder, Report(), restores=False).trainer.train()


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (lambda lr, folder: Run(lr, folder, Report("acc"), restores=False), "measures no 'acc', but eval_loss"),
        (lambda lr, folder: Run(lr, folder, Report("acc")), "measures no 'acc', but eval_loss.*Report.'eval_loss'"),
        (lambda lr, folder: Run(lr, folder, Report(), save_strategy="best"), "save_strategy='best' keeps no"),
        (twice, "A second training would report to the same trial"),
    ],
    ids=["unknown metric", "unknown metric with checkpoints", "saves the best only", "second training"],
)
def test_what_can_not_be(train: Any, why: str, tmp_path: Path) -> None:
    assert re.search(why, searched(lambda lr: train(lr, tmp_path)).trials[0].message)
