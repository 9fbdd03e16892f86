"""What holds for a real training with torch: it survives pauses and copies bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from rung.runtime import checkpoints
from rung.testing._driver import Driver, Stage, same
from rung.testing.torch_objectives import train_lenet
from rung.types import Checkpoint


def a_promoted_trial_is_one_that_was_never_paused(stage: Stage) -> None:
    """After 3 + 2 epochs everything is, bit by bit, as after 5."""
    driver = stage.driver(train_lenet)
    whole = _train(driver, trial=0, seed=7, until=5)
    half = _train(driver, trial=1, seed=7, until=3)
    promoted = _train(driver, trial=1, seed=7, attempt=2, until=5, last_step=3, checkpoints=(half,))
    same(_difference(_state(whole), _state(promoted)), "")
    same(list(driver.curve(1, 2).items()), list(driver.curve(0).items())[3:])
    assert _difference(_state(whole), _state(half)), "two epochs have changed nothing"


def a_copy_has_the_weights_and_the_optimizer_of_its_parent(stage: Stage) -> None:
    """With the parent's hyperparameters it becomes, bit by bit, what the parent becomes, though its seed is another."""
    driver = stage.driver(train_lenet)
    half = _train(driver, trial=0, seed=7, until=3)
    whole = _train(driver, trial=0, seed=7, attempt=2, until=5, last_step=3, checkpoints=(half,))
    copy = _train(driver, trial=1, seed=8, until=5, parent=0, checkpoints=(half,))
    same(_difference(_state(whole), _state(copy)), "")
    own = _train(driver, trial=2, seed=8, until=5)
    assert _difference(_state(whole), _state(own)), "another seed has changed nothing"


def _train(driver: Driver, *, trial: int, attempt: int = 1, **fields: Any) -> Checkpoint:
    driver.start(trial=trial, attempt=attempt, rate=0.1, decide_at=(), **fields)
    driver.finish()
    same(driver.exit(trial, attempt).message, "")
    return driver.checkpoints(trial)[0]


def _state(checkpoint: Checkpoint) -> Any:
    state = checkpoints.load(checkpoint)
    same(set(state["stateful"]), {"model", "optimizer", "schedule"})
    return {"stateful": state["stateful"], "random": state["random"]}


def _difference(one: Any, other: Any, place: str = "") -> str:
    """Where two states differ first, in type or in any bit; empty when they don't."""
    import numpy as np
    import torch

    if type(one) is not type(other):
        return f"{place}: {type(one)} and {type(other)}"
    if isinstance(one, Mapping):
        pairs = [(key, one.get(key), other.get(key)) for key in one.keys() | other.keys()]
    elif isinstance(one, list | tuple) and len(one) == len(other):
        pairs = list(zip(range(len(one)), one, other, strict=True))
    elif isinstance(one, torch.Tensor):
        return "" if one.dtype == other.dtype and torch.equal(one, other) else f"{place}: {one} and {other}"
    elif isinstance(one, np.ndarray):
        return "" if one.tobytes() == other.tobytes() else f"{place}: {one} and {other}"
    else:
        return "" if one == other else f"{place}: {one} and {other}"
    return next(filter(None, (_difference(left, right, f"{place}[{key!r}]") for key, left, right in pairs)), "")


_Proof: TypeAlias = Callable[[Stage], None]
PROOFS: Sequence[_Proof] = (
    a_promoted_trial_is_one_that_was_never_paused,
    a_copy_has_the_weights_and_the_optimizer_of_its_parent,
)
