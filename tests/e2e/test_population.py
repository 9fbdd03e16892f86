"""Whole studies of populations that train with torch: weights are copied, and changed values reach the optimizer."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

import rung
from rung.backends.inline import Inline
from rung.backends.processes import Processes
from rung.contracts import Backend
from rung.events import Observed, Started
from rung.schedulers.pbt import PopulationBasedTraining
from rung.space import as_space
from rung.store import open_store
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

torch = pytest.importorskip("torch")

SPACE = as_space({"rate": rung.loguniform(1e-3, 1.0), "decay": rung.uniform(0.0, 0.1)})

Objective: TypeAlias = Callable[[rung.Trial], None]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def train(trial: rung.Trial) -> None:
    """A line through noise; leaves in its folder what it found before its first epoch, and what it had after each."""
    random = torch.Generator().manual_seed(trial.seed)
    x = torch.linspace(-1.0, 1.0, 32).reshape(-1, 1)
    model = torch.nn.Linear(1, 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random))
    optimizer = torch.optim.SGD(
        model.parameters(), lr=trial.config["rate"], momentum=0.9, weight_decay=trial.config["decay"]
    )
    for epoch in trial.epochs(12, model=model, optimizer=optimizer):
        before = trial.folder / "before.pt"
        if not before.exists():
            torch.save({"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, before)
        loss = torch.nn.functional.mse_loss(model(x), 3.0 * x + 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, trial.folder / f"{epoch}.pt")
        trial.report(error=loss.item())


def train_but_first_be_killed(trial: rung.Trial) -> None:
    """The first copy loses its process before it has reported anything."""
    if trial.number == 4 and trial.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    train(trial)


def scheduler() -> PopulationBasedTraining:
    return PopulationBasedTraining(rung.RandomSearcher(SPACE), max_t=12, population=4, interval=3)


def run(folder: Path, objective: Objective = train, *, backend: Backend | None = None, seed: int = 3) -> rung.Study:
    folder.mkdir(exist_ok=True)
    place = backend or Inline()
    with rung.Tuner(objective, scheduler(), store=folder / "t.db", study="line", seed=seed, backend=place) as tuner:
        return tuner.run()


def run_with_copies(folder: Path) -> rung.Study:
    """A study whose winner is a copy that descends from trial 0."""
    studies = (run(folder / str(seed), seed=seed) for seed in range(20))
    return next(study for study in studies if (trials := study.lineage().trials)[0] == 0 and len(trials) > 1)


@pytest.mark.parametrize("place", ["here", "processes that are killed"])
def test_a_copy_has_the_weights_of_its_parent_and_its_own_rate(tmp_path: Path, place: str) -> None:
    is_here = place == "here"
    objective = train if is_here else train_but_first_be_killed
    study = run(tmp_path, objective, backend=Inline() if is_here else Processes(2))
    starts = [event for event in study.events() if isinstance(event, Started) and event.parent is not None]
    copies = [event for event in starts if event.attempt == 1]
    assert len(copies) >= 2
    retried = [event for event in starts if event.cause == "retried"]
    assert [(event.trial, event.attempt) for event in retried] == ([] if is_here else [(4, 2)])
    assert all(event.parent_checkpoint == copies[0].parent_checkpoint for event in retried)
    store = open_store(str(tmp_path / "t.db"), create=False)
    folder = store.folder("line")
    for event in copies:
        assert event.parent_checkpoint is not None
        found = torch.load(folder / f"trial-{event.trial:05d}" / "before.pt")
        left = torch.load(folder / f"trial-{event.parent:05d}" / f"{event.parent_checkpoint.step}.pt")
        assert found["epoch"] == event.parent_checkpoint.step + 1
        assert all(torch.equal(value, left["model"][name]) for name, value in found["model"].items())
        momenta = [each["optimizer"]["state"] for each in (found, left)]
        assert len(momenta[0]) == 2
        assert all(
            torch.equal(each["momentum_buffer"], momenta[1][key]["momentum_buffer"]) for key, each in momenta[0].items()
        )
        (group,) = found["optimizer"]["param_groups"]
        assert (group["lr"], group["weight_decay"]) == (event.config["rate"], event.config["decay"])
        (group,) = left["optimizer"]["param_groups"]
        assert (group["lr"], group["weight_decay"]) != (event.config["rate"], event.config["decay"])
    assert sum(row.state is TrialState.COMPLETED for row in study.trials) == 4
    assert verify_decisions(store.read("line"), scheduler()).differences == []


def test_the_weights_of_the_winner_are_handed_out(tmp_path: Path) -> None:
    study = run_with_copies(tmp_path)
    weights = study.load_best()["model"]
    x = torch.linspace(-1.0, 1.0, 32).reshape(-1, 1)
    assert weights.keys() == {"weight", "bias"}
    assert study.best is not None
    assert study.best_checkpoint().step == study.best.step
    assert torch.isfinite(x @ weights["weight"] + weights["bias"]).all()


def test_the_lineage_is_one_training_and_can_be_replayed(tmp_path: Path) -> None:
    study = run_with_copies(tmp_path)
    line = study.lineage()
    assert line.segments[0].from_step == 0
    for before, after in zip(line.segments, line.segments[1:], strict=False):
        assert before.to_step == after.from_step
    assert study.best is not None
    assert (line.trials[-1], line.step, line.error) == (study.best.trial, study.best.step, study.best.error)
    schedule = line.schedule("rate")
    for segment in line.segments:
        assert all(schedule(step) == segment.config["rate"] for step in range(segment.from_step, segment.to_step))

    first = next(event for event in study.events() if isinstance(event, Started) and event.trial == line.trials[0])
    assert first.config == line.segments[0].config
    replayed = study.replay(objective=train, seed=3)
    steps = [event.step for event in replayed.study.events() if isinstance(event, Observed)]
    assert steps == list(range(1, line.step + 1))
    configs = [row.config for row in replayed.study.trials]
    assert configs == [segment.config for segment in line.segments]
    assert replayed.gap == replayed.error - study.best.error
    assert replayed.error == replayed.study.trials[-1].last_loss
    again = study.replay(objective=train)
    assert again.error == replayed.error, "what is there is not run again"


def test_a_replay_with_the_weights_of_the_first_ancestor_is_the_original_to_the_last_bit(tmp_path: Path) -> None:
    """The objective draws its first weights from the trial's seed: where both are trial 0, nothing else differs."""
    study = run_with_copies(tmp_path)
    replayed = study.replay(objective=train, seed=study.row.seed)
    assert replayed.gap == 0.0
