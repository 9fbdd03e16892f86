from __future__ import annotations

from rung import Float, tune
from rung.events import SearcherChanged, Started, StudyCreated
from rung.origins import Origin, origins
from rung.types import Goal

CREATED = StudyCreated(
    study="s", space={}, goal=Goal("error"), seed=0, searcher={"name": "tpe"}, scheduler={"name": "basic"}
)


def begun(trial: int, **more: object) -> Started:
    return Started(at=0.0, trial=trial, attempt=1, config={}, **more)  # type: ignore[arg-type]


def test_it_is_the_searcher_that_was_in_force() -> None:
    log = [
        CREATED,
        begun(0, notes={"point": 0}),
        begun(1),
        Started(at=1.0, trial=1, attempt=2, config={}, cause="retried"),
        begun(2, notes={"enqueued": 0}),
        begun(3, cause="given"),
        begun(4, parent=2),
        SearcherChanged(at=2.0, searcher={"name": "auto"}),
        begun(5, notes={"auto": "gp"}),
        begun(6, notes={"auto": "tpe", "auto_why": "there are 1,000 trials"}),
    ]
    assert list(origins(log)) == [
        (0, Origin("person")),
        (1, Origin("tpe")),
        (2, Origin("person")),
        (3, Origin("person")),
        (4, Origin("basic", "a copy of trial 2")),
        (5, Origin("gp")),
        (6, Origin("tpe", "there are 1,000 trials")),
    ]


def test_a_study_in_which_nothing_is_searched() -> None:
    log = [StudyCreated(study="s", space={}, goal=Goal("error"), seed=0, searcher=None, scheduler={}), begun(0)]
    assert list(origins(log)) == [(0, Origin("person"))]


def test_trials_can_be_asked_by_it() -> None:
    study = tune(
        lambda x: x,
        {"x": Float(0.0, 1.0)},
        initial_config={"x": 0.5},
        searcher="random",
        max_trials=3,
        store="memory",
        progress="off",
        seed=0,
    )
    assert [each["number"] for each in study.table("suggested_by=person")] == [0]
    assert [each["number"] for each in study.table("suggested_by=random")] == [1, 2]
