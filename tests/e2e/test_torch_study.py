"""Whole studies with torch: pausing and copying leave no trace in the weights, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.backends.inline import Inline
from rung.backends.processes import Processes
from rung.space import as_space
from rung.testing.torch_objectives import train_lenet
from rung.types import Decision, Exhausted, Proposal, TrialState, Wait

torch = pytest.importorskip("torch")

SPACE = {"rate": rung.loguniform(1e-3, 1.0)}
POINTS = [{"rate": rate} for rate in (0.3, 0.01, 0.1, 0.03)]
BACKENDS = {"inline": Inline, "processes": lambda: Processes(1)}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of torch that wait for each other take many times as long where other programs use the cores, too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def weights_of(row: Any, step: int) -> Mapping[str, Any]:
    (checkpoint,) = [kept for kept in row.checkpoints if kept.step == step][-1:]
    return rung.load_checkpoint(checkpoint)


def assert_same(one: Any, other: Any) -> None:
    """Equal to the last bit, through whatever containers state dicts consist of."""
    assert type(one) is type(other)
    if isinstance(one, Mapping):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


def run(folder: Path, name: str, scheduler: Any, backend: str, *, trials: int = 4) -> list[Any]:
    place = BACKENDS[backend]()
    with rung.Tuner(train_lenet, scheduler, store=folder / "t.db", study=name, seed=5, backend=place) as tuner:
        return tuner.run(max_trials=trials).trials


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_promoted_trial_is_one_that_was_never_paused(backend: str, tmp_path: Path) -> None:
    def asha(grace_period: int, variant: Any) -> rung.ASHA:
        searcher = rung.RandomSearcher(SPACE, points_to_evaluate=POINTS)
        return rung.ASHA(searcher, max_t=4, grace_period=grace_period, reduction_factor=2, variant=variant)

    paused = run(tmp_path, "paused", asha(1, "promotion"), backend)
    whole = run(tmp_path, "whole", asha(4, "stopping"), backend)
    promoted = [row for row in paused if row.state is TrialState.COMPLETED]
    assert [row.attempt for row in promoted] == [3]  # rungs 1, 2 and 4
    for row in promoted:
        assert_same(weights_of(row, 4), weights_of(whole[row.number], 4))


class Copying:
    """Trains one trial for three epochs, and goes on from its checkpoint in another one."""

    def __init__(self) -> None:
        self.space = as_space(SPACE)
        self.ended = 0
        self.started = 0

    def suggest(self, rng: Any, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        if self.started > self.ended:
            return Wait()
        if self.started == 0:
            return Proposal(config=POINTS[0], until=3)
        return Proposal(config=POINTS[0], until=8, parent=0) if self.started == 1 else Exhausted()

    def update(self, event: object) -> Sequence[Decision]:
        self.started += type(event).__name__ == "Started"
        self.ended += type(event).__name__ == "Ended"
        return ()

    def spec(self) -> Mapping[str, Any]:
        return {"class": "test_torch_study:Copying", "searcher": None}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_copy_goes_on_where_its_parent_stood(backend: str, tmp_path: Path) -> None:
    parent, child = run(tmp_path, "copied", Copying(), backend)
    searcher = rung.RandomSearcher(SPACE, points_to_evaluate=POINTS[:1])
    whole = run(tmp_path, "whole", rung.BasicScheduler(searcher), backend, trials=1)[0]
    assert (parent.last_step, child.parent, child.last_step) == (3, 0, 8)
    assert_same(weights_of(child, 8), weights_of(whole, 8))
