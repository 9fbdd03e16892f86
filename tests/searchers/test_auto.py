from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rung.errors import SettingError
from rung.events import Ended, Observed, Started
from rung.searchers.auto import AutoSearcher
from rung.space import Choice, Float, Space
from rung.testing.searcher_suite import SearcherSuite
from rung.types import Exhausted, Suggestion, TrialState

SQUARE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})


class TestAuto(SearcherSuite):
    def make(self, space: Space) -> AutoSearcher:
        return AutoSearcher(space, overhead=0.0, free_s=0.0)  # the cheapest one, but for the first trials


class Bench:
    """Runs a searcher by hand on a clock of its own."""

    def __init__(self, searcher: AutoSearcher, *, evaluation_s: float) -> None:
        self.searcher = searcher
        self.evaluation_s = evaluation_s
        self.decide_s = {"gp": 0.5, "tpe": 0.01, "evolution": 0.0001, "random": 0.0001}
        self.notes: list[Any] = []
        self._at = 0.0

    def start(self) -> int:
        trial = len(self.notes)
        given = self.searcher.suggest(np.random.default_rng(trial))
        assert isinstance(given, Suggestion)
        self.notes.append(given.notes)
        decide_s = self.decide_s[given.notes["auto"]]
        self.searcher.update(
            Started(at=self._at, trial=trial, attempt=1, config=given.config, notes=given.notes, decide_s=decide_s)
        )
        return trial

    def fail(self, trial: int, *, after_s: float) -> None:
        self._at += after_s
        self.searcher.update(Ended(at=self._at, trial=trial, attempt=1, state=TrialState.FAILED, reason="error"))

    def cut(self, trial: int, state: TrialState) -> None:
        self._at += self.evaluation_s
        self.searcher.update(Ended(at=self._at, trial=trial, attempt=1, state=state, reason="scheduler"))

    def go_on(self, trial: int) -> None:
        config = {"x": 0.5, "y": 0.5}
        self.searcher.update(Started(at=self._at, trial=trial, attempt=2, config=config, cause="resumed"))

    def end(self, trial: int) -> None:
        self._at += self.evaluation_s
        self.searcher.update(Observed(at=self._at, trial=trial, attempt=1, step=1, metrics={}, loss=0.01 * trial))
        self.searcher.update(Ended(at=self._at, trial=trial, attempt=1, state=TrialState.COMPLETED))

    def run(self, trials: int) -> list[str]:
        for _ in range(trials):
            self.end(self.start())
        return self.names()

    def names(self) -> list[str]:
        return [notes["auto"] for notes in self.notes]

    def reasons(self) -> Iterator[str]:
        return (notes["auto_why"] for notes in self.notes if "auto_why" in notes)


def hurried() -> Bench:
    """Evaluations take so little time that nothing but the cheapest is affordable, after the first trial."""
    return Bench(AutoSearcher(SQUARE, free_s=0.0), evaluation_s=2e-6)


def test_slow_evaluations_are_searched_with_the_gaussian_process() -> None:
    bench = Bench(AutoSearcher(SQUARE), evaluation_s=60.0)
    assert set(bench.run(12)) == {"gp"}
    assert not list(bench.reasons())


def test_what_costs_too_much_gives_way_once_the_free_time_is_spent() -> None:
    bench = Bench(AutoSearcher(SQUARE, free_s=1.0), evaluation_s=1.0)
    names = bench.run(12)
    assert names == ["gp"] * 3 + ["tpe"] * 9  # 0.5 s each, of which the first loads code and doesn't count
    (why,) = bench.reasons()
    assert why == "a decision of gp takes 340 ms, and may take 50 ms"  # the mean of two and the guess of 20 ms


def test_the_cheapest_takes_over_where_evaluations_take_milliseconds() -> None:
    bench = Bench(AutoSearcher(SQUARE), evaluation_s=0.002)
    bench.decide_s["tpe"] = 0.2
    names = bench.run(40)
    assert names[0] == "gp"
    assert names[-20:] == ["evolution"] * 20


def test_a_decision_stays_below_its_share_of_the_median_evaluation() -> None:
    bench = Bench(AutoSearcher(SQUARE, overhead=0.1), evaluation_s=0.2)
    bench.run(60)
    spent = [bench.decide_s[name] for name in bench.names()]
    within = (
        np.cumsum(spent) <= 2.0 + 0.5 + 0.51
    )  # the free time, the first decision of each, and the one that uses it up
    assert all(cost <= 0.1 * 0.2 for cost, is_free in zip(spent, within, strict=True) if not is_free)
    assert sum(spent[-30:]) <= 0.1 * 0.2 * 30


def test_a_dear_searcher_comes_back_when_evaluations_take_longer() -> None:
    bench = Bench(AutoSearcher(SQUARE), evaluation_s=1.0)
    bench.run(10)
    bench.evaluation_s = 100.0
    assert bench.run(15)[-1] == "gp"
    assert list(bench.reasons())[-1] == "nothing speaks against it any more"


@pytest.mark.parametrize(
    ("space", "why"),
    [
        (Space({f"x{k}": Float(0.0, 1.0) for k in range(61)}), "the space has 61 dimensions"),
        (Space({"x": Choice(list(range(51)))}), "the choices have 51 options in all"),
    ],
)
def test_a_space_for_which_the_gaussian_process_is_not_made(space: Space, why: str) -> None:
    bench = Bench(AutoSearcher(space), evaluation_s=60.0)
    bench.run(2)
    assert bench.notes[0]["auto"] == "tpe"
    assert list(bench.reasons()) == [why]


def test_many_trials_at_once() -> None:
    bench = Bench(AutoSearcher(SQUARE), evaluation_s=60.0)
    trials = [bench.start() for _ in range(33)]
    for trial in trials:
        bench.end(trial)
    bench.start()
    assert bench.names()[-1] == "tpe"
    assert list(bench.reasons()) == ["33 trials run at once"]


def test_where_trials_are_cut_short_the_models_go_on() -> None:
    bench = Bench(AutoSearcher(SQUARE), evaluation_s=60.0)
    for _ in range(6):
        bench.cut(bench.start(), TrialState.STOPPED)
    assert set(bench.names()) == {"gp"}


def test_where_trials_are_cut_short_the_cheapest_is_random() -> None:
    bench = hurried()
    bench.run(2)
    for state in (TrialState.PAUSED, TrialState.STOPPED, TrialState.STOPPED):
        bench.cut(bench.start(), state)
    bench.start()
    assert bench.names() == ["gp", "evolution", "evolution", "evolution", "evolution", "random"]
    assert list(bench.reasons())[-1] == "a decision of tpe takes 2 ms, and may take 0.0001 ms"


def test_a_large_budget_hands_over_early() -> None:
    searcher = AutoSearcher(SQUARE, budget=5_000)
    searcher.update(Started(at=0.0, trial=0, attempt=1, config={"x": 0.5, "y": 0.5}))
    for trial in range(1, 250):
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial / 250, "y": 0.5}))
        searcher.update(Ended(at=1.0, trial=trial, attempt=1, state=TrialState.FAILED))
    suggestion = searcher.suggest(np.random.default_rng(0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.notes["auto_why"] == "5,000 trials are planned"


def test_the_log_alone_decides() -> None:
    """Another one that is told the same events suggests the same, notes included."""
    bench = Bench(AutoSearcher(SQUARE), evaluation_s=1.0)
    told: list[Any] = []
    update = bench.searcher.update
    bench.searcher.update = lambda event: (told.append(event), update(event))[1]  # type: ignore[method-assign]
    bench.run(8)
    again = AutoSearcher(SQUARE)
    for event in told:
        again.update(event)
    assert again.suggest(np.random.default_rng(8)) == bench.searcher.suggest(np.random.default_rng(8))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("budget", 0, "budget must be a whole number, at least 1, not 0"),
        ("budget", True, "budget must be a whole number, at least 1, not True"),
        ("overhead", -0.1, "overhead must be a finite number, at least 0, not -0.1"),
        ("overhead", "little", "overhead must be a finite number, at least 0, not 'little'"),
        ("free_s", float("nan"), "free_s must be a finite number, at least 0, not nan"),
    ],
)
def test_options_out_of_range(option: str, value: object, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        AutoSearcher(SQUARE, **{option: value})  # type: ignore[arg-type]


def test_results_from_elsewhere_say_nothing_about_how_long_evaluations_take() -> None:
    searcher = AutoSearcher(SQUARE, free_s=0.0)
    for trial in range(6):
        config = {"x": trial / 6, "y": 0.5}
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config, cause="given"))
        searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=0.1))
        searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.COMPLETED))
    suggestion = searcher.suggest(np.random.default_rng(0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.notes["auto"] == "gp"


def test_trials_that_fail_at_once_do_not_make_evaluations_short() -> None:
    bench = Bench(AutoSearcher(SQUARE, free_s=0.0), evaluation_s=60.0)
    for _ in range(4):
        bench.end(bench.start())
        bench.fail(bench.start(), after_s=0.005)
        bench.fail(bench.start(), after_s=0.005)
    assert set(bench.names()) == {"gp"}


def test_where_all_fail_at_once_there_is_no_time_for_anything_dear() -> None:
    bench = Bench(AutoSearcher(SQUARE, free_s=0.0), evaluation_s=60.0)
    for _ in range(4):
        bench.fail(bench.start(), after_s=0.005)
    assert bench.names() == ["gp", "evolution", "evolution", "evolution"]


def test_one_decision_that_was_held_up_is_no_reason_to_give_way_for_good() -> None:
    bench = Bench(AutoSearcher(SQUARE, free_s=0.0), evaluation_s=1.0)
    bench.decide_s["gp"] = 0.02
    bench.run(6)
    bench.decide_s["gp"] = 3.0  # the first of a new session: it loads code
    bench.run(1)
    bench.decide_s["gp"] = 0.02
    assert set(bench.run(4)) == {"gp"}


def test_a_pause_counts_as_cut_only_until_the_trial_goes_on() -> None:
    bench = hurried()
    trial = bench.start()
    for _ in range(3):  # rung after rung
        bench.cut(trial, TrialState.PAUSED)
        bench.go_on(trial)
    bench.end(trial)
    bench.cut(bench.start(), TrialState.PAUSED)
    bench.start()
    assert bench.names() == ["gp", "evolution", "evolution"]


def test_a_paused_trial_that_is_stopped_counts_once() -> None:
    bench = hurried()
    bench.run(1)
    trial = bench.start()
    bench.cut(trial, TrialState.PAUSED)
    bench.cut(trial, TrialState.STOPPED)
    bench.start()
    assert bench.names() == ["gp", "evolution", "evolution"]


def test_evolution_comes_back_when_most_trials_end_by_themselves() -> None:
    bench = hurried()
    bench.cut(bench.start(), TrialState.STOPPED)
    bench.end(bench.start())
    bench.end(bench.start())
    bench.start()
    assert bench.names() == ["gp", "random", "evolution", "evolution"]


def test_random_configurations_come_once_too() -> None:
    bench = Bench(AutoSearcher(Space({"n": Choice(list(range(12)))}), free_s=0.0), evaluation_s=2e-6)
    tried = []
    for trial in range(12):
        given = bench.searcher.suggest(np.random.default_rng(trial))
        assert isinstance(given, Suggestion)
        tried.append(given.config["n"])
        bench.searcher.update(Started(at=0.0, trial=trial, attempt=1, config=given.config, notes=given.notes))
        bench.notes.append(given.notes)
        bench.cut(trial, TrialState.STOPPED)
    assert bench.names()[1:] == ["random"] * 11
    assert sorted(tried) == list(range(12))
    assert isinstance(bench.searcher.suggest(np.random.default_rng(12)), Exhausted)


def test_a_wide_session_is_forgotten_after_a_hundred_starts() -> None:
    bench = Bench(AutoSearcher(SQUARE), evaluation_s=60.0)
    bench.decide_s = dict.fromkeys(bench.decide_s, 0.001)
    for trial in [bench.start() for _ in range(33)]:
        bench.end(trial)
    assert bench.run(100)[-1] == "tpe"
    assert bench.run(1)[-1] == "gp"
