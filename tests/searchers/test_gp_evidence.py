from __future__ import annotations

import numpy as np
import pytest

from rung.events import Ended, Observed, SpaceEdited, Started
from rung.history import History
from rung.searchers._curves import Curves
from rung.searchers._gp_evidence import Known, known_of
from rung.space import Choice, Float, Space
from rung.space.editing import edited
from rung.types import Config, TrialState

SPACE = Space({"x": Float(0, 1), "kind": Choice(["a", "b"]), "y": Float(0, 1)}, conditions={"y": ("kind", "a")})


class Study:
    """Trials by hand: a loss, None for a failed one, ... for one that runs."""

    def __init__(self) -> None:
        self.history = History(SPACE)
        self.curves = Curves()
        self.known: list[int] = []

    def add(self, loss: object, cause: str = "new", **config: object) -> Study:
        trial = len(self.history)
        self.history.update(Started(at=0.0, trial=trial, attempt=1, config=config, cause=cause))
        if isinstance(loss, float):
            self.history.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss))
            self.curves.add(trial, 1, loss)
        if loss is None:
            self.history.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.FAILED))
        if loss is not ...:
            self.known.append(trial)
        return self

    def edit(self, space: Space) -> Study:
        self.history.update(SpaceEdited(at=0.0, space=space.to_json()))
        return self

    def knows(self) -> Known:
        return known_of(self.history, self.curves, self.known)


def rows(known: Known) -> list[list[float | None]]:
    """The points, None where a dimension has no value."""
    assert known.evidence is not None
    pairs = zip(known.evidence.points.tolist(), known.evidence.is_active.tolist(), strict=True)
    return [[u if active else None for u, active in zip(*pair, strict=True)] for pair in pairs]


def test_results_failures_and_what_runs() -> None:
    study = Study().add(0.3, x=0.1, kind="a", y=0.7).add(None, x=0.2, kind="b").add(..., x=0.9, kind="b")
    known = study.knows()
    assert rows(known) == [[0.1, 0.25, 0.7], [0.2, 0.75, None]]
    assert known.evidence is not None
    np.testing.assert_array_equal(known.evidence.losses, [0.3, np.nan])
    assert known.evidence.pending.tolist() == [[0.9, 0.75, 0.5]]
    assert known.evidence.pending_is_active.tolist() == [[True, True, False]]
    assert (known.n_begun, known.partial) == (3, frozenset())


def test_without_a_result_there_is_no_evidence() -> None:
    known = Study().add(None, x=0.2, kind="b").add(..., x=0.9, kind="b").knows()
    assert (known.evidence, known.n_begun) == (None, 2)


def test_a_narrower_space_takes_nothing_away() -> None:
    study = Study().add(0.3, x=0.1, kind="a", y=0.7).add(0.4, x=0.6, kind="b")
    known = study.edit(edited(SPACE, {"x": Float(0.5, 1), "kind": "b"})).knows()
    assert rows(known) == [[0.1, 0.25, 0.7], [0.6, 0.75, None]]
    assert known.n_begun == 2


def test_what_was_added_is_unknown_and_what_was_removed_is_not_looked_at() -> None:
    study = Study().add(0.3, x=0.1, kind="a", y=0.7)
    known = study.edit(Space({"x": Float(0, 1), "z": Float(0, 1)})).add(0.2, x=0.5, z=0.5).knows()
    assert rows(known) == [[0.1, None], [0.5, 0.5]]
    assert (known.n_begun, known.partial) == (2, frozenset({"z"}))


def test_a_person_may_tell_of_a_trial_without_some_of_the_values() -> None:
    known = Study().add(0.3, x=0.1, kind="b").add(0.2, cause="given", x=0.4).knows()
    assert rows(known) == [[0.1, 0.75, None], [0.4, None, None]]
    assert known.partial == frozenset({"kind"})


@pytest.mark.parametrize("domain", [Float(0.5, 2, log=True), Choice([0.2, 0.6])])
def test_values_that_the_hull_lacks_leave_a_trial_out(domain: object) -> None:
    study = Study().add(0.3, x=0.1, kind="b").add(0.4, x=0.6, kind="b").add(..., x=0.2, kind="b")
    kept: Config = {"x": 0.6}
    known = study.edit(Space({"x": domain, "kind": Choice(["a", "b"])})).knows()
    assert known.evidence is not None
    if isinstance(domain, Choice):
        assert (known.evidence.losses.tolist(), len(known.evidence.pending), known.n_begun) == ([0.4], 1, 2)
    else:
        assert rows(known) == [[pytest.approx(domain.to_unit(kept["x"])), 0.75]]
        assert (known.evidence.losses.tolist(), len(known.evidence.pending), known.n_begun) == ([0.4], 0, 1)


class Cut:
    """Trials along x with curves of their own. Each reports at steps 1, 2, … and ends so; None: it runs."""

    def __init__(self) -> None:
        self.history = History(Space({"x": Float(0, 1)}))
        self.curves = Curves()
        self.known: list[int] = []

    def add(self, state: TrialState | None, *losses: float, n: int = 1) -> Cut:
        for _ in range(n):
            trial = len(self.history)
            self.history.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial / 1000}))
            for step, loss in enumerate(losses, 1):
                self.history.update(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))
                self.curves.add(trial, step, loss)
            self.known += [trial] if losses or state is TrialState.FAILED else []
            if state is not None:
                self.history.update(Ended(at=0.0, trial=trial, attempt=1, state=state))
        return self

    def n_begun(self) -> int:
        return known_of(self.history, self.curves, self.known).n_begun

    def told(self) -> dict[int, float]:
        evidence = known_of(self.history, self.curves, self.known).evidence
        assert evidence is not None
        trials = np.rint(1000 * evidence.points[:, 0]).astype(int).tolist()
        return dict(zip(trials, evidence.losses.tolist(), strict=True))

    def pending(self) -> list[int]:
        evidence = known_of(self.history, self.curves, self.known).evidence
        assert evidence is not None
        pending: list[int] = np.rint(1000 * evidence.pending[:, 0]).astype(int).tolist()
        return pending


STOPPED, PAUSED, COMPLETED, FAILED = TrialState.STOPPED, TrialState.PAUSED, TrialState.COMPLETED, TrialState.FAILED


def test_where_most_are_cut_those_that_got_far_enough_count_by_what_they_had_there() -> None:
    study = Cut().add(STOPPED, 0.1, n=20).add(PAUSED, 0.9, 0.5, n=14).add(COMPLETED, 0.8, 0.4, 0.2)
    study.add(COMPLETED, 0.7).add(None, 0.9, 0.3).add(None, 0.2).add(None).add(FAILED, 0.1)
    told = study.told()
    assert told.pop(39) == pytest.approx(np.nan, nan_ok=True)
    assert told == {**dict.fromkeys(range(20, 34), 0.5), 34: 0.4, 35: 0.7, 36: 0.3}
    assert study.pending() == [*range(20), 37, 38]
    assert study.n_begun() == 40


def test_while_nobody_knows_what_the_losses_say_no_trial_counts_for_a_model() -> None:
    study = Cut().add(STOPPED, 0.1, n=20).add(PAUSED, 0.9, 0.5, n=13).add(COMPLETED, 0.8, 0.4, 0.2)
    assert study.n_begun() == 0
    assert len(study.told()) == 34, "whoever asks for a picture gets one of all"
    assert study.add(PAUSED, 0.9, 0.5).n_begun() == 35


def test_of_many_that_were_cut_only_the_latest_are_believed() -> None:
    study = Cut().add(STOPPED, 0.1, n=130).add(PAUSED, 0.9, 0.5, n=20)
    assert study.pending() == list(range(30, 130))
    assert len(study.told()) == 20


def test_as_long_as_half_of_them_come_to_their_end_all_count() -> None:
    study = Cut().add(STOPPED, 0.3, n=20).add(COMPLETED, 0.9, 0.5, n=20)
    assert study.pending() == []
    assert study.told() == {trial: pytest.approx(0.3 - 0.4 if trial < 20 else 0.5) for trial in range(40)}
