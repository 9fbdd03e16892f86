"""A person steers a study through all that can be done to it, live or while nobody runs it, over kills; and it replays.

Nothing is random but what the study's seed says, and time is virtual, so that what happens is the same every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.backends.simulated import Simulated
from rung.commands import Enqueue
from rung.events import Ended, Event, SearcherChanged, SpaceEdited, Started
from rung.registry import names_of
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.manual import ManualSearcher
from rung.searchers.random import RandomSearcher
from rung.searchers.tpe import TPESearcher
from rung.space import Choice, Float, Space
from rung.store import MemoryStore, open_store
from rung.store.verify import verify as verify_tables
from rung.study import Study
from rung.tuner import Tuner
from rung.tuning.engine import draw_generator
from rung.tuning.verify import verify_decisions
from rung.types import Proposal, Suggestion, TrialState, Wait

SPACE = Space({"lr": Float(1e-4, 1.0, log=True), "opt": Choice(["adam", "sgd"])})
POINTS = [{"lr": 0.5, "opt": "sgd"}, {"lr": 0.3, "opt": "adam"}]
WHERE = {"lr": 0.02, "opt": "adam"}


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)


def trained(lr: float, opt: str) -> Iterator[float]:
    for epoch in range(1, 4):
        yield abs(lr - 0.01) + 0.1 * (opt == "sgd") + 1 / epoch


def scheduler() -> BasicScheduler:
    return BasicScheduler(RandomSearcher(SPACE, points_to_evaluate=POINTS))


def asha() -> ASHA:
    return ASHA(RandomSearcher(SPACE, points_to_evaluate=POINTS), max_t=3, reduction_factor=2)


def study_of(store: Any) -> Study:
    return Study(store, "s")


def add(study: Study, **config: Any) -> None:
    study._store.post("s", Enqueue(config))


# What a person does once so many trials are over; then what holds for the configurations that begin after it.
STORY: dict[int, tuple[Callable[[Study], object], Callable[[dict[str, Any]], bool]]] = {
    4: (lambda study: study.edit({"lr": rung.loguniform(1e-3, 0.1)}), lambda c: 1e-3 <= c["lr"] <= 0.1),
    6: (lambda study: study.edit(pin={"opt": "adam"}), lambda c: c["opt"] == "adam" and c["lr"] <= 0.1),
    8: (lambda study: study.hand_over("tpe(startup_trials=4)"), lambda c: c["opt"] == "adam" and c["lr"] <= 0.1),
    11: (
        lambda study: study.edit({"lr": rung.loguniform(1e-3, 2.0)}, reopen=["opt"], priors={"lr": "~1e-2:high"}),
        lambda c: 1e-3 <= c["lr"] <= 2.0,
    ),
    14: (lambda study: study.hand_over("gp"), lambda c: 1e-3 <= c["lr"] <= 2.0),
    16: (
        lambda study: study.edit({"opt": ["adam", "sgd", "lion"]}, priors={"lr": None}),
        lambda c: c["opt"] in {"adam", "sgd", "lion"},
    ),
    18: (lambda study: [study.hand_over("manual"), add(study, **WHERE), add(study, **WHERE)], lambda c: c == WHERE),
    20: (lambda study: study.hand_over({"name": "random"}), lambda c: c != WHERE),
}
TOTAL = 22


class Person:
    """Does what the story says as soon as so many trials are over; each once."""

    def __init__(self, study: Callable[[], Study]) -> None:
        self._study = study
        self._plan = {count: act for count, (act, _) in STORY.items()}

    def __call__(self, event: Event, ledger: Any) -> None:
        over = sum(count for state, count in ledger.study.counts.items() if state.is_final)
        for count in [count for count in self._plan if count <= over and isinstance(event, Ended)]:
            self._plan.pop(count)(self._study())


class KilledError(BaseException):
    """The tuner's process is gone."""


class Killer:
    """Ends the tuner in the middle of the trials with these numbers, each once."""

    def __init__(self, *trials: int) -> None:
        self._trials = set(trials)

    def __call__(self, event: Event, ledger: Any) -> None:
        if isinstance(event, Started) and event.trial in self._trials:
            self._trials.remove(event.trial)
            raise KilledError


def go_on(store: Any, make: Callable[[], Any], *observers: Any, trials: int = TOTAL, slots: int = 1) -> None:
    """Run the study to its end with a new tuner for each time that it is killed."""
    while True:
        tuner = Tuner(
            trained, make(), store=store, study="s", seed=2, backend=Simulated(slots), observers=list(observers)
        )
        try:
            tuner.run(max_trials=trials)
        except KilledError:
            continue
        return


def log_of(store: Any) -> list[Any]:
    return [event for _, event in store.read("s")]


def checked(store: Any, make: Callable[[], Any]) -> list[Any]:
    """The log, from which everything follows: each suggestion, each decision, and the tables."""
    found = verify_decisions(list(store.read("s")), make())
    assert found.differences == []
    assert found.suggestions >= TOTAL
    assert verify_tables(store, "s") == [] if store.url != "memory" else True
    return log_of(store)


def check_story(log: list[Any], *, slack: int) -> None:
    """Configurations keep to what was asked for. slack: how many may have begun already when it was."""
    configs = [event.config for event in log if isinstance(event, Started) and event.cause == "new"]
    assert len(configs) == TOTAL
    assert configs[:2] == POINTS
    for count, (_, holds) in STORY.items():
        until = min((other for other in STORY if other > count), default=TOTAL)
        wrong = [config for config in configs[count + slack : until] if not holds(config)]
        assert not wrong, f"after {count} trials: {wrong}"
    assert [event.searcher["name"] for event in log if isinstance(event, SearcherChanged)] == [
        "tpe", "gp", "manual", "random",
    ]  # fmt: skip
    assert sum(isinstance(event, SpaceEdited) for event in log) == 4


@pytest.mark.parametrize("make", [scheduler, asha])
def test_steered_while_it_runs(make: Callable[[], Any]) -> None:
    store = MemoryStore()
    go_on(store, make, Person(lambda: study_of(store)))
    log = checked(store, make)
    check_story(log, slack=0)
    row = store.tables.study("s")
    assert row.searcher == {"name": "random", "points_to_evaluate": POINTS}
    assert Space.from_json(row.space) == Space({"lr": rung.loguniform(1e-3, 2.0), "opt": ["adam", "sgd", "lion"]})


def test_killed_again_and_again_it_goes_the_same_way(tmp_path: Path) -> None:
    unbroken, broken = MemoryStore(), open_store(str(tmp_path / "a.db"), create=True)
    go_on(unbroken, scheduler, Person(lambda: study_of(unbroken)))
    go_on(broken, scheduler, Person(lambda: study_of(broken)), Killer(1, 5, 7, 9, 12, 15, 17, 19, 21))
    log = checked(broken, scheduler)
    check_story(log, slack=0)
    assert sum(isinstance(event, Started) and event.cause == "retried" for event in log) == 9
    for kind in (Started, SpaceEdited, SearcherChanged):
        assert facts_of(log, kind) == facts_of(log_of(unbroken), kind)
    broken.close()


def facts_of(log: list[Any], kind: type) -> list[Any]:
    """What does not depend on a clock."""
    if kind is Started:
        starts = (event for event in log if isinstance(event, Started) and event.cause == "new")
        return [(event.trial, event.config, event.draw, event.notes) for event in starts]
    return [event.space if kind is SpaceEdited else event.searcher for event in log if isinstance(event, kind)]


def test_steered_while_nobody_runs_it(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"), create=True)
    for count, (act, _) in STORY.items():
        go_on(store, scheduler, trials=count)
        act(study_of(store))
    go_on(store, scheduler)
    check_story(checked(store, scheduler), slack=0)
    store.close()


def test_two_at_a_time_with_early_stopping() -> None:
    store = MemoryStore()
    go_on(store, asha, Person(lambda: study_of(store)), slots=2)
    log = checked(store, asha)
    assert {trial.state for trial in store.tables.trials("s")} == {TrialState.COMPLETED, TrialState.STOPPED}
    assert [event.searcher["name"] for event in log if isinstance(event, SearcherChanged)][-1] == "random"


def test_the_same_log_means_the_same_next_suggestion(tmp_path: Path) -> None:
    """At each end of a session: by the tuner that has lived through it, and by one that reads it."""
    store = open_store(str(tmp_path / "a.db"), create=True)
    live = Tuner(trained, scheduler(), store=store, study="s", seed=2, backend=Simulated(1))
    names = []
    for count, (act, _) in STORY.items():
        live.run(max_trials=count)
        act(study_of(store))
        with Tuner(trained, scheduler(), store=store, study="s", backend=Simulated(1)) as other:
            there, here = (tuner._open.engine.propose(new_trials=True) for tuner in (live, other))
        assert there == here
        name = other._open.engine.scheduler.searcher.spec()["name"]
        assert isinstance(here, Wait if name == "manual" else Proposal)
        names.append(name)
    assert names == ["random"] * 3 + ["tpe"] * 2 + ["gp"] * 2 + ["manual"]
    store.close()


def test_whoever_takes_over_knows_what_was_tried() -> None:
    """TPE that takes over suggests what TPE would have suggested that had been told the same from the beginning."""
    store = MemoryStore()
    go_on(store, scheduler, trials=12)
    study_of(store).hand_over("tpe(startup_trials=4)")
    go_on(store, scheduler, trials=13)
    log = log_of(store)
    index = next(index for index, event in enumerate(log) if isinstance(event, Started) and event.trial == 12)
    fresh = TPESearcher(SPACE, startup_trials=4, points_to_evaluate=POINTS)
    for event in log[:index]:
        if type(event).__name__ in {"Started", "Observed", "Ended"}:
            fresh.update(event)
    suggestion = fresh.suggest(draw_generator(2, 12))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config == log[index].config


def test_every_searcher_takes_over_from_every_kind_of_past() -> None:
    """One after the other in a study whose space is another one each time."""
    names = [name for name in names_of("searchers") if name not in {"manual", "forest"}]  # which wait, or need an extra
    store, space = MemoryStore(), {**SPACE, "n": rung.Int(1, 8)}

    def objective(lr: float, opt: str, n: int) -> float:
        return lr + n + (opt == "sgd")

    for count, name in enumerate(names, start=1):
        tuner = Tuner(objective, BasicScheduler(RandomSearcher(space)), store=store, study="s", backend=Simulated(1))
        tuner.run(max_trials=3 * count)
        tuner.study.hand_over("grid(points=3)" if name == "grid" else name)
        tuner.study.edit(pin={"n": count % 8 + 1}) if count % 2 else tuner.study.edit(reopen=["n"])
    tuner.run(max_trials=3 * len(names) + 3)
    log = list(store.read("s"))
    assert [event.searcher["name"] for _, event in log if isinstance(event, SearcherChanged)] == names
    assert verify_decisions(log, BasicScheduler(RandomSearcher(space))).differences == []


def test_what_cannot_be_had_goes_on_as_before() -> None:
    store = MemoryStore()
    go_on(store, scheduler, trials=3)
    study = study_of(store)
    with pytest.raises(rung.errors.SpaceError, match=r"lr: 2\.0 is not between"):
        study.edit(pin={"lr": 2.0})
    with pytest.raises(rung.errors.SettingError, match="no searcher named 'bayes'"):
        study.hand_over("bayes")
    assert store.tables.pending("s") == []
    go_on(store, scheduler, trials=4)
    untouched = MemoryStore()
    go_on(untouched, scheduler, trials=4)
    assert facts_of(log_of(store), Started) == facts_of(log_of(untouched), Started)


def test_ask_and_tell_around_a_person() -> None:
    store = MemoryStore()
    with Tuner(None, BasicScheduler(ManualSearcher(SPACE)), store=store, study="s", seed=2) as tuner:
        with pytest.raises(rung.errors.ExhaustedError) as caught:
            tuner.ask()
        assert caught.value.sentence == (
            "there is nothing to ask for: no configuration waits to be tried, and the searcher has none of its own."
        )
        assert caught.value.hint == (
            "Say what to try by tuner.enqueue({…}), or have another searcher go on by study.hand_over(…)."
        )
        tuner.enqueue(WHERE)
        trial = tuner.ask()
        assert trial.config == WHERE
        tuner.tell(trial, 0.5)
        tuner.study.hand_over("sobol")
        assert [len(tuner.ask(3))] == [3]
    assert store.tables.study("s").searcher == {"name": "sobol"}
