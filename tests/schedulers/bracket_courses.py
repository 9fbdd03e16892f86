"""What the tests of schedulers with brackets share: a searcher, courses, and the rules written down a second time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rung.commands import Command, ContinueTrial, PauseTrial, StopTrial
from rung.events import Ended, Observed, SearchEvent, Started
from rung.schedulers._bracket import Bracket
from rung.testing.play import Course, Played, play
from rung.types import Decision, Exhausted, Proposal, Suggestion, TrialState, Wait


class Counting:
    """Suggests {"x": 0}, {"x": 1}, … as many as ``limit``; a searcher that any space would only get in the way of."""

    space: Any = None

    def __init__(self, limit: int = 10**9) -> None:
        self.n = 0
        self.limit = limit

    def suggest(self, rng: np.random.Generator) -> Suggestion | Wait | Exhausted:
        return Suggestion({"x": self.n}) if self.n < self.limit else Exhausted("counted to the end")

    def update(self, event: object) -> None:
        self.n += isinstance(event, Started) and event.cause == "new"

    def spec(self) -> Mapping[str, Any]:
        return {"name": "counting"}


class Waiting(Counting):
    """As Counting, but in the end it waits instead of being exhausted."""

    def __init__(self, limit: int, *, for_person: bool) -> None:
        super().__init__(limit)
        self.answer = Wait("for results", for_person=for_person)

    def suggest(self, rng: np.random.Generator) -> Suggestion | Wait | Exhausted:
        return super().suggest(rng) if self.n < self.limit else self.answer


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def table(losses: Sequence[float]) -> Any:
    """A loss that depends on the trial alone."""
    return lambda config, step: losses[config["x"] % len(losses)]


def seconds(values: Sequence[float]) -> Any:
    """Seconds a step that depend on the trial alone."""
    return lambda config, step: values[config["x"] % len(values)]


def runs(played: Played) -> list[tuple[int, int | None]]:
    """(trial, until) of all runs, in order."""
    return [(event.trial, event.until) for event in played.started()]


def promoted(played: Played, rung: int) -> set[int]:
    """The trials that went on from the rung at that step."""
    return {event.trial for event in played.started() if event.notes.get("rung") == rung}


def steps_trained(played: Played) -> int:
    return sum(isinstance(event, Observed) for event in played.log)


def assert_nobody_idles(played: Played, *, workers: int, new_trials: int) -> None:
    """All workers are busy until the last new trial has begun."""
    running, begun = 0, 0
    for event, following in zip(played.log, played.log[1:], strict=False):
        begun += isinstance(event, Started) and event.cause == "new"
        running += isinstance(event, Started) - isinstance(event, Ended)
        if begun == new_trials:
            return
        if following.at > event.at:
            assert running == workers
    raise AssertionError("the trials did not all begin")


@st.composite
def courses(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of ``play`` but for the scheduler: leaps, ties, failures, stragglers and people."""
    steps = draw(st.one_of(st.just(list(range(1, 31))), st.lists(st.integers(1, 30), min_size=1, max_size=12)))
    losses = draw(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]), min_size=1, max_size=25))
    durations = draw(st.lists(st.floats(0.1, 5.0), min_size=1, max_size=7))
    failures = draw(st.dictionaries(st.integers(0, 24), st.sampled_from(steps), max_size=5))
    return {
        "workers": draw(st.integers(1, 6)),
        "new_trials": draw(st.integers(1, 25)),
        "commands": draw(people()),
        "course": Course(
            steps=sorted(set(steps)),
            loss=lambda config, step: losses[(config["x"] * 31 + step) % len(losses)],
            seconds=lambda config, step: durations[(config["x"] * 17 + step) % len(durations)],
            failures=failures,
        ),
    }


@st.composite
def people(draw: st.DrawFn) -> dict[int, list[Command]]:
    """Trials that are stopped, and trials that are paused, often soon after they began, and continued later."""
    commands: dict[int, list[Command]] = {}
    number, when = st.integers(0, 8), st.integers(0, 100)
    for trial, at in draw(st.lists(st.tuples(number, when), max_size=3)):
        commands.setdefault(at, []).append(StopTrial(trial))
    for trial, at, later in draw(st.lists(st.tuples(number, when, st.integers(1, 60)), max_size=8)):
        commands.setdefault(at, []).append(PauseTrial(trial))
        commands.setdefault(at + later, []).append(ContinueTrial(trial))
    return commands


class Oracle:
    """Synchronous brackets once more: plain records of each trial, and every question answered by going through all."""

    def __init__(self, plans: Sequence[Bracket]) -> None:
        self.plans = plans
        self.trials: dict[int, dict[str, Any]] = {}
        self.places: list[dict[int, int]] = [{}]  # of each bracket: decided rung -> how many may go on
        self.n_running = 0

    def plan(self, bracket: int) -> Bracket:
        return self.plans[bracket % len(self.plans)]

    def members(self, bracket: int) -> list[tuple[int, dict[str, Any]]]:
        return [(number, trial) for number, trial in self.trials.items() if trial["bracket"] == bracket]

    def is_full(self, bracket: int) -> bool:
        return len(self.members(bracket)) == self.plan(bracket).n or bool(self.places[bracket])

    def places_at(self, bracket: int, rung: int) -> int:
        """One in so many of those that headed for the rung; none at a rung that was left behind undecided."""
        if rung in self.places[bracket]:
            return self.places[bracket][rung]
        if rung < max(self.places[bracket], default=-1):
            return 0
        heading = sum(rung in trial["headed"] for _, trial in self.members(bracket))
        return max(1, heading * self.plan(bracket).keep.numerator // self.plan(bracket).keep.denominator)

    def is_decided(self, bracket: int, rung: int) -> bool:
        return rung <= max(self.places[bracket], default=-1)

    def due(self, bracket: int) -> int | None:
        for rung in range(len(self.plan(bracket).levels) - 1):
            here = [(number, trial) for number, trial in self.members(bracket) if trial["heads"] == rung]
            if any(trial["is_running"] and rung in trial["headed"] and not trial["is_late"] for _, trial in here):
                return None
            waiting = sorted((trial["losses"][rung], number) for number, trial in here if trial["waits"])
            gone_on = sum(rung in trial["promoted"] for _, trial in self.members(bracket))
            if waiting and gone_on < self.places_at(bracket, rung):
                return waiting[0][1]
        return None

    def expected(self, *, new_trials: bool) -> int | str:
        """The trial to promote, or what else there is to do."""
        newest = len(self.places) - 1
        for bracket in range(newest + 1):
            if self.is_full(bracket) and (trial := self.due(bracket)) is not None:
                return trial
        if new_trials:
            return "new"
        trial = None if self.is_full(newest) else self.due(newest)
        return trial if trial is not None else "wait" if self.n_running else "exhausted"

    def update(self, event: SearchEvent) -> tuple[int, int] | None:
        """(trial, level) when the event brings the trial to a rung where it is to pause."""
        if isinstance(event, Started):
            self.started(event)
        elif isinstance(event, Ended):
            self.ended(event)
        elif isinstance(event, Observed):
            return self.observed(event)
        return None

    def started(self, event: Started) -> None:
        self.n_running += 1
        if event.cause == "new":
            if self.is_full(len(self.places) - 1):
                self.places.append({})
            self.trials[event.trial] = {
                "bracket": len(self.places) - 1,
                "heads": 0,
                "headed": {0},
                "promoted": set(),
                "losses": {},
                "waits": False,
                "is_running": True,
                "is_late": False,
                "is_out": False,
            }
            return
        trial = self.trials[event.trial]
        rung, bracket = trial["heads"], trial["bracket"]
        trial["is_running"] = True
        if event.draw is not None:
            self.places[bracket][rung] = self.places_at(bracket, rung)
            trial["promoted"].add(rung)
            trial["heads"] = rung + 1
            if not self.is_decided(bracket, rung + 1):
                trial["headed"].add(rung + 1)
        elif rung in trial["losses"]:
            trial["is_out"] = True
            trial["heads"] = -1
        trial["is_late"] = self.is_decided(bracket, trial["heads"])
        trial["waits"] = False

    def observed(self, event: Observed) -> tuple[int, int] | None:
        trial = self.trials[event.trial]
        levels = self.plan(trial["bracket"]).levels
        reached = max((index for index, level in enumerate(levels) if level <= event.step), default=-1)
        if trial["is_out"] or reached < trial["heads"] or reached in trial["losses"]:
            return None
        decided = self.is_decided(trial["bracket"], reached)
        if reached > trial["heads"]:
            if not self.is_decided(trial["bracket"], trial["heads"]):
                trial["headed"].discard(trial["heads"])
            if not decided:
                trial["headed"].add(reached)
            trial["heads"] = reached
        if decided:
            trial["is_out"], trial["heads"] = True, -1
        else:
            trial["losses"][reached] = event.loss
        return None if reached == len(levels) - 1 else (event.trial, levels[reached])

    def ended(self, event: Ended) -> None:
        trial = self.trials[event.trial]
        self.n_running -= trial["is_running"]
        trial["is_running"] = False
        is_held = event.state is TrialState.PAUSED and event.reason != "person"
        trial["waits"] = is_held and not trial["is_out"] and trial["heads"] in trial["losses"]
        if event.state is not TrialState.PAUSED:
            trial["is_out"], trial["heads"] = True, -1


class Checked:
    """A scheduler of synchronous brackets whose every answer is held against the oracle's."""

    def __init__(self, scheduler: Any, plans: Sequence[Bracket]) -> None:
        self.scheduler = scheduler
        self.space = scheduler.space
        self.oracle = Oracle(plans)

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        answer: Proposal | Wait | Exhausted = self.scheduler.suggest(rng, new_trials=new_trials)
        expected = self.oracle.expected(new_trials=new_trials)
        if isinstance(answer, Proposal):
            assert expected == ("new" if answer.trial is None else answer.trial)
        else:
            assert expected == ("wait" if isinstance(answer, Wait) else "exhausted")
        return answer

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        decisions: Sequence[Decision] = self.scheduler.update(event)
        due = self.oracle.update(event)
        assert [each.trial for each in decisions] == ([] if due is None else [due[0]])
        if due is not None:
            assert f"rung {due[1]}: " in decisions[0].why
        return decisions

    def spec(self) -> Mapping[str, Any]:
        return {}


def play_checked(scheduler: Any, plans: Sequence[Bracket], setup: dict[str, Any]) -> Played:
    """Play, holding all answers against the oracle; then some things that hold whatever the oracle says."""
    checked = Checked(scheduler, plans)
    options = {key: value for key, value in setup.items() if key != "course"}
    played = play(checked, setup["course"], **options)
    assert len(played.configs()) == setup["new_trials"]
    run: dict[int, Started] = {}
    last: dict[int, int] = {}
    for event in played.log:
        if isinstance(event, Started):
            run[event.trial] = event
        elif isinstance(event, Observed):
            until = run[event.trial].until
            assert until is None or last.get(event.trial, 0) < until, "it has run past its rung"
            last[event.trial] = event.step
    return played
