from __future__ import annotations

import pytest
from msgspec.structs import replace

import rung
from rung.errors import RungWarning, SettingError, StudyExistsError
from rung.interchange.given import GivenStudy
from rung.interchange.importing import import_study
from rung.space import Float, Space
from rung.store import MemoryStore, SqliteStore
from rung.store.verify import verify
from rung.tuning.given import GivenTrial
from rung.tuning.verify import verify_decisions
from rung.types import Goal, TrialState

SPACE = Space({"lr": Float(0.0, 1.0)})


def given(count=5):
    trials = [
        GivenTrial(
            config={"lr": number / 10},
            state=TrialState.COMPLETED,
            started=float(number),
            ended=number + 1.0,
            reports=tuple((step, {"error": number / 10 + 1 / step}) for step in (1, 2, 3)),
        )
        for number in range(count)
    ]
    return GivenStudy(space=SPACE, goal=Goal("error"), trials=tuple(trials), source="a test")


def test_a_study_can_be_gone_on_with():
    store = MemoryStore()
    import_study(store, "old", given(), searcher="random", seed=3)
    seen = []

    def train(lr):
        seen.append(lr)
        return lr

    scheduler = rung.BasicScheduler(rung.RandomSearcher(SPACE))
    with rung.Tuner(train, scheduler, store=store, study="old") as tuner:
        assert tuner.incumbent == {"lr": 0.0}
        tuner.run(max_trials=8)
    assert len(seen) == 3
    rows = store.tables.trials("old")
    assert [row.is_given for row in rows] == [True] * 5 + [False] * 3
    assert verify(store, "old") == []
    assert verify_decisions(store.read("old"), rung.BasicScheduler(rung.RandomSearcher(SPACE))).differences == []
    with pytest.raises(StudyExistsError):
        import_study(store, "old", given())


def test_a_scheduler_that_decides_leaves_given_trials_be():
    store = MemoryStore()
    import_study(store, "old", given(9), searcher="random", scheduler="asha", options={"max_t": 3}, seed=3)
    assert {row.state for row in store.tables.trials("old")} == {TrialState.COMPLETED}
    scheduler = rung.ASHA(rung.RandomSearcher(SPACE), max_t=3)

    def train(lr):
        for step in (1, 2, 3):
            yield {"error": lr + 1 / step}

    with rung.Tuner(train, scheduler, store=store, study="old") as tuner:
        tuner.run(number_of_trials=3)
    fresh = rung.ASHA(rung.RandomSearcher(SPACE), max_t=3)
    assert verify_decisions(store.read("old"), fresh).differences == []


def test_an_import_that_was_cut_off_is_completed_by_the_next(tmp_path, monkeypatch):
    store = SqliteStore(tmp_path / "rung.db")
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "append", lambda *given, **named: (_ for _ in ()).throw(MemoryError("killed here")))
        with pytest.raises(MemoryError):
            import_study(store, "old", given())
    assert [row.sessions for row in store.tables.studies()] == [0]
    import_study(store, "old", given())
    assert len(store.tables.trials("old")) == 5
    assert verify(store, "old") == []
    store.close()


@pytest.mark.parametrize(
    ("settings", "step"),
    [({}, 1), ({"scheduler": "asha", "options": {"max_t": 5}}, 5), ({"scheduler": "asha(max_t=7)"}, 7)],
)
def test_values_of_unknown_steps_are_those_of_full_trainings(settings, step):
    store = MemoryStore()
    trials = tuple(replace(trial, reports=((1, {"error": 0.5}),)) for trial in given().trials)
    import_study(store, "old", replace(given(), trials=trials, has_steps=False), **settings)
    assert {row.last_step for row in store.tables.trials("old")} == {step}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"searcher": "randon"}, "Did you mean 'random'"),
        ({"scheduler": "asha"}, "can't be made with these options"),
    ],
)
def test_nothing_is_written_when_something_is_wrong(options, sentence):
    store = MemoryStore()
    with pytest.raises(SettingError, match=sentence):
        import_study(store, "old", given(), **options)
    assert store.tables.studies() == []


def test_values_outside_the_space_are_kept():
    store = MemoryStore()
    outside = given(2)
    trials = (replace(outside.trials[0], config={"lr": 7.0, "other": "x"}), outside.trials[1])
    with pytest.warns(RungWarning, match=r"values outside the space in 1 of 2 trials, of lr\. They are recorded"):
        import_study(store, "old", replace(outside, trials=trials))
    assert store.tables.trials("old")[0].config == {"lr": 7.0, "other": "x"}
