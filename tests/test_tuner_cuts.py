"""A tuner that is cut off after any transaction, or before it, ends with the same trials as one that never was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rung.backends.inline import Inline
from rung.backends.simulated import Simulated
from rung.events import Event
from rung.rows import TrialRow
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Int, Space
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.tuning.starter import Limits
from rung.tuning.verify import verify_decisions
from rung.types import Config

SPACE = Space({"x": Float(-1.0, 1.0), "n": Int(1, 100)})
TRIALS = 7


def curve(config: Config, step: int) -> float:
    return float(config["x"] ** 2 + config["n"] / 1000 + 1 / step)


def generator(x: float, n: int) -> Any:
    for step in range(1, 5):
        yield {"error": curve({"x": x, "n": n}, step)}


def fragile(trial: Any) -> None:
    """Some fail on the way, some report NaN, the others run to their end."""
    for step in range(1, 5):
        if step == 3 and trial.config["n"] % 5 == 0:
            raise RuntimeError("it broke")
        trial.report(error=float("nan") if step == 2 and trial.config["n"] % 7 == 0 else curve(trial.config, step))


class Sum:
    """What a model's weights are to a real training: a run that continues from elsewhere ends elsewhere."""

    def __init__(self) -> None:
        self.total = 0.0

    def state_dict(self) -> dict[str, float]:
        return {"total": self.total}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.total = state["total"]


def stateful(trial: Any) -> None:
    model = Sum()
    for epoch in trial.epochs(4, model=model):
        model.total += curve(trial.config, epoch)
        trial.report(error=model.total / epoch)


def basic() -> BasicScheduler:
    return BasicScheduler(RandomSearcher(SPACE))


def stopping() -> ASHA:
    return ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2)


def promotion() -> ASHA:
    return ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2, variant="promotion")


class KilledError(Exception):
    """The process was killed."""


class MortalStore:
    """Ends its tuner at append number ``life``: before it takes effect, or right after it."""

    def __init__(self, store: MemoryStore, life: int, *, after: bool) -> None:
        self._store = store
        self._left = life
        self._after = after
        self.is_dead = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, events: Sequence[Event], *, lease: Any) -> int:
        self._left -= 1
        if self._left > 0:
            return self._store.append(events, lease=lease)
        self.is_dead = True
        if self._after:
            self._store.append(events, lease=lease)
        raise KilledError


def timeless(row: TrialRow) -> tuple[Any, ...]:
    """All of a trial but times, attempts and places."""
    return (
        row.number, row.state, dict(row.config), row.until, row.decide_at, row.parent, row.last_step, row.last_loss,
        row.best_loss, row.best_step, row.reason, row.message.splitlines()[:1], row.decided,
    )  # fmt: skip


def outcome(store: MemoryStore) -> list[str]:
    """The trial table and all reports, as text: NaN differs from itself."""
    table = [repr(timeless(row)) for row in store.tables.trials("s")]
    return table + [repr((trial, step, metrics)) for trial, step, _, metrics in store.tables.reports("s")]


def tune(store: Any, objective: Any, scheduler: Any, backend: Any) -> None:
    limits = Limits(failures_in_a_row=None)
    Tuner(objective, scheduler, store=store, study="s", seed=3, backend=backend, limits=limits).run(max_trials=TRIALS)


def run_in_lives(
    store: MemoryStore, life: int, make: Callable[[], tuple[Any, Any, Any]], *, after: bool, every: bool
) -> int:
    """Run a study whose tuner is cut off at append number ``life``, once or in every life; returns the deaths."""
    deaths = 0
    while True:
        mortal = MortalStore(store, life if every or not deaths else 10**9, after=after)
        try:
            tune(mortal, *make())
        except KilledError:
            deaths += 1
        else:
            return deaths


CASES = {
    "basic-inline": lambda: (generator, basic(), Inline()),
    "basic-fragile": lambda: (fragile, basic(), Inline()),
    "stopping-inline": lambda: (generator, stopping(), Inline()),
    "stopping-simulated": lambda: (generator, stopping(), Simulated(1)),
    "promotion-inline": lambda: (generator, promotion(), Inline()),
    "promotion-stateful": lambda: (stateful, promotion(), Inline()),
    "promotion-simulated": lambda: (fragile, promotion(), Simulated(1)),
}


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("case", CASES)
def test_cut_once_at_each_transaction(case: str, *, after: bool) -> None:
    whole = MemoryStore()
    tune(whole, *CASES[case]())
    life = 1
    while True:
        store = MemoryStore()
        deaths = run_in_lives(store, life, CASES[case], after=after, every=False)
        assert outcome(store) == outcome(whole), f"cut at append {life}"
        assert verify_decisions(store.read("s"), CASES[case]()[1]).differences == []
        if not deaths:
            break
        life += 1
    assert life > 2 * TRIALS


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("life", [4, 5, 7])
def test_cut_again_and_again(case: str, life: int) -> None:
    """A life has to be long enough for one trial: the session's own event, the interruption, the start, the end."""
    whole, store = MemoryStore(), MemoryStore()
    tune(whole, *CASES[case]())
    deaths = run_in_lives(store, life, CASES[case], after=True, every=True)
    assert deaths >= 2
    assert outcome(store) == outcome(whole)
    assert verify_decisions(store.read("s"), CASES[case]()[1]).differences == []
