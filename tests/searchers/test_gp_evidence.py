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
