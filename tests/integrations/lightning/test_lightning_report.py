from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import rung
from rung import schedules
from rung.backends.inline import Inline
from rung.backends.processes import Processes
from rung.testing._driver import Stage, say
from rung.types import Action, TrialState

torch = pytest.importorskip("torch")
pl = pytest.importorskip("lightning.pytorch")

from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint  # noqa: E402 - as the above

from rung.integrations.lightning import Report  # noqa: E402 - imports Lightning
from rung.integrations.torch import ScheduleLR  # noqa: E402 - sorted with the above

X = torch.linspace(-1, 1, 48)[torch.arange(48) * 7 % 48].unsqueeze(1)
Y = torch.sin(3 * X)
PAUSING = "asha(max_t=4, grace_period=2, reduction_factor=2, variant=promotion)"
STOPPING = "asha(max_t=4, grace_period=2, reduction_factor=2, variant=stopping)"
GOOD, BAD = 0.02, 1e-9

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.* is deprecated:FutureWarning"),  # in Lightning's own code
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),  # its advice
    pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty"),
]


class Module(pl.LightningModule):
    def __init__(self, lr: float, scheduler: str = "") -> None:
        super().__init__()
        self.lr, self.scheduler = lr, scheduler
        self.rates: list[float] = []
        self.epochs: list[int] = []
        self.network = torch.nn.Sequential(
            torch.nn.Linear(1, 8), torch.nn.Dropout(0.2), torch.nn.Tanh(), torch.nn.Linear(8, 1)
        )

    def training_step(self, batch: Any) -> Any:
        self.rates.append(self.optimizers().param_groups[0]["lr"])
        loss = torch.nn.functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_epoch=True, on_step=False)
        return loss

    def on_train_epoch_start(self) -> None:
        self.epochs.append(self.current_epoch)

    def on_train_epoch_end(self) -> None:
        self.log("epoch", float(self.current_epoch + 1))

    def validation_step(self, batch: Any) -> None:
        self.log("val_loss", torch.nn.functional.mse_loss(self.network(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr)
        made = {
            "": dict,
            "step": lambda: {"scheduler": ScheduleLR(optimizer, schedules.cosine(24)), "interval": "step"},
            "plateau": lambda: {
                "scheduler": torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=10.0),
                "monitor": "val_loss",
            },
        }[self.scheduler]()
        return {"optimizer": optimizer, "lr_scheduler": made} if made else optimizer


def loader(first: int, last: int, *, shuffle: bool) -> Any:
    return torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X[first:last], Y[first:last]), batch_size=6, shuffle=shuffle
    )


def fitted(lr: float, *callbacks: Any, scheduler: str = "", validates: bool = True, **options: Any) -> Any:
    pl.seed_everything(0, verbose=False)
    module = Module(lr, scheduler)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    given = {"max_epochs": 4, "accelerator": "cpu", "enable_model_summary": False, **quiet, **options}
    trainer = pl.Trainer(callbacks=list(callbacks), **given)
    trainer.fit(module, loader(0, 36, shuffle=True), loader(36, 48, shuffle=False) if validates else None)
    return module


def searched(train: Any, scheduler: str = "basic", **options: Any) -> rung.Study:
    given = {"metric": "val_loss", "store": "memory", "seed": 0, "progress": "off", "backend": Inline(), **options}
    return rung.tune(train, {"lr": [GOOD, BAD]}, searcher="grid", scheduler=scheduler, **given)


def weights(module: Any) -> list[bytes]:
    return [value.numpy().tobytes() for value in module.state_dict().values()]


class Remembering(pl.Callback):
    """Keeps the epochs that it has seen as Lightning's oldest way has it."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.restored_at: list[Any] = []

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append(trainer.current_epoch)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        checkpoint["seen"] = [*self.seen]

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        self.seen = [*checkpoint["seen"]]
        assert all((value == pl_module.state_dict()[name]).all() for name, value in checkpoint["state_dict"].items())
        self.restored_at.append((checkpoint["epoch"], checkpoint["global_step"]))


@pytest.mark.parametrize("options", [{}, {"max_epochs": -1, "max_steps": 24}], ids=["epochs", "steps"])
@pytest.mark.parametrize("scheduler", ["", "step", "plateau"])
def test_a_paused_training_is_the_one_that_was_never_paused(scheduler: str, options: Any) -> None:
    modules = []
    study = searched(lambda lr: modules.append(fitted(lr, Report(), scheduler=scheduler, **options)), PAUSING)
    assert [trial.last_step for trial in study.trials] == [4, 2]
    assert study.trials[1].state is TrialState.PAUSED
    assert [module.epochs for module in modules] == [[0, 1], [0, 1], [2, 3]]
    whole = fitted(GOOD, scheduler=scheduler, **options)
    assert [*modules[0].rates, *modules[2].rates] == whole.rates
    assert weights(modules[-1]) == weights(whole)
    assert study.load_best().keys() >= {"model", "optimizer_0", "loops"}


@pytest.mark.parametrize("order", [1, -1], ids=["before", "behind"])
def test_averages_of_weights_go_on_where_they_were(order: int) -> None:
    modules = []

    def train(lr: float) -> None:
        modules.append(fitted(lr, *[Report(every=3), EMAWeightAveraging(decay=0.9)][::order]))

    study = searched(train, PAUSING)
    assert weights(modules[-1]) == weights(fitted(GOOD, EMAWeightAveraging(decay=0.9)))
    saved = study.load_best()
    average = {name: value.numpy().tobytes() for name, value in saved["hooks"]["state_dict"].items()}
    assert [*average.values()] == weights(modules[-1])
    assert any(value.numpy().tobytes() != average[name] for name, value in saved["model"].items())


def test_what_is_added_to_a_checkpoint_comes_back() -> None:
    memories = []

    def train(lr: float) -> None:
        memories.append(Remembering())
        fitted(lr, Report(), memories[-1])

    searched(train, PAUSING)
    assert [memory.seen for memory in memories] == [[0, 1], [0, 1], [0, 1, 2, 3]]
    assert [memory.restored_at for memory in memories] == [[], [], [(1, 12)]]


def test_a_schedule_steps_with_the_updates() -> None:
    schedule = schedules.cosine(24)
    assert fitted(GOOD, scheduler="step").rates == [GOOD * schedule(step) for step in range(24)]


def test_a_stopped_training_ends_after_its_epoch() -> None:
    modules = []
    study = searched(
        lambda lr: modules.append(fitted(lr, Report("train_loss"), validates=False)), STOPPING, metric="training"
    )
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETED, TrialState.STOPPED]
    assert [module.epochs for module in modules] == [[0, 1, 2, 3], [0, 1]]
    assert study.curve(0)[0][1].keys() == {"training", "train_loss", "epoch"}
    assert [measured["epoch"] for _, measured in study.curve(0)] == [1, 2, 3, 4]


def test_callbacks_of_lightning_beside_it_go_on_where_they_were(tmp_path: Path) -> None:
    counts = []

    def train(lr: float) -> None:
        patience = EarlyStopping("val_loss", patience=9, min_delta=10.0)
        best = ModelCheckpoint(tmp_path / str(lr), monitor="val_loss")
        fitted(lr, Report(), patience, best, enable_checkpointing=True)
        counts.append(patience.wait_count)

    searched(train, PAUSING)
    assert counts == [1, 1, 3]
    assert list((tmp_path / str(GOOD)).iterdir())


def test_patience_ends_a_trial_as_it_ends_a_training() -> None:
    study = searched(lambda lr: fitted(lr, EarlyStopping("val_loss", patience=1, min_delta=10.0), Report()) and None)
    assert [(trial.last_step, trial.state) for trial in study.trials] == [(2, TrialState.COMPLETED)] * 2


@pytest.mark.parametrize("options", [{"max_epochs": -1, "max_steps": 24}, {}], ids=["all steps", "patience"])
def test_the_last_epoch_is_saved_before_averages_take_its_place(options: Any) -> None:
    def train(lr: float) -> None:
        patience = [] if options else [EarlyStopping("val_loss", patience=1, min_delta=10.0)]
        fitted(lr, EMAWeightAveraging(decay=0.9), Report(every=9), *patience, **options)

    study = searched(train, metric="epoch", mode="max")  # so that the last one is the best
    best = study.best
    assert best is not None
    assert best.step == (4 if options else 2)
    saved = [value.numpy().tobytes() for value in study.load_best()["model"].values()]
    assert saved == weights(fitted(best.config["lr"], max_epochs=best.step))


def test_a_trial_that_is_to_pause_goes_on_to_its_next_validation() -> None:
    scheduler = "asha(max_t=4, grace_period=1, reduction_factor=2, variant=promotion)"
    modules = []
    study = searched(lambda lr: modules.append(fitted(lr, Report(), check_val_every_n_epoch=2)), scheduler)
    assert [[step for step, _ in study.curve(number)] for number in (0, 1)] == [[2, 4], [2]]
    assert [module.epochs for module in modules] == [[0, 1], [0, 1], [2, 3]]


def test_epochs_without_validation_are_not_reported() -> None:
    study = searched(lambda lr: fitted(lr, Report(), check_val_every_n_epoch=2) and None)
    assert [step for step, _ in study.curve(0)] == [2, 4]


def test_epochs_that_lightning_must_train_are_not_reported() -> None:
    study = searched(lambda lr: fitted(lr, Report(), min_epochs=3) and None, STOPPING)
    assert [len(study.curve(number)) for number in (0, 1)] == [4, 2]


def test_outside_a_study_nothing_happens() -> None:
    assert weights(fitted(GOOD, Report("nonsense"))) == weights(fitted(GOOD))


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (lambda lr: fitted(lr, Report("acc")), "measures no 'acc', but .*train_loss.* Name .*'val_loss'"),
        (lambda lr: fitted(lr, Report(), check_val_every_n_epoch=9), "no 'val_loss', but .*train_loss"),
        (lambda lr: [fitted(lr, Report()) for _ in range(2)], "A second training would report to the same trial"),
    ],
    ids=["unknown metric", "never validated", "second fit"],
)
def test_what_can_not_be(train: Any, why: str) -> None:
    assert re.search(why, searched(train).trials[0].message)


@pytest.mark.slow
def test_all_ranks_end_where_the_first_one_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # keeps the paths of sockets short
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    script = Path(__file__).with_name("lightning_on_ranks.py")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    stage = Stage(lambda: Processes(1, grace_s=1.0), tmp_path, patience_s=120.0)
    driver = stage.driver([*torchrun, str(script), "{-}"], answer=say(Action.STOP, at=2))
    job = driver.start(config={"rate": GOOD}, seed=3)
    driver.finish()
    stage.close()
    left = [json.loads(Path(job.folder, f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert [each["epochs"] for each in left] == [[0, 1]] * 2
    assert left[0]["weights"] == left[1]["weights"]
    assert list(driver.curve()) == [1, 2]
    assert [checkpoint.step for checkpoint in driver.checkpoints()] == [2, 1]
