"""Parts in the book's style in the real tuner: log, resume, verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

import rung
from rung.cli.main import main
from rung.errors import SettingError, StudyMismatchError
from rung.events import Started
from rung.integrations import d2l
from rung.store import MemoryStore

SPACE = {"x": stats.uniform(-1, 2), "n": stats.randint(1, 100)}
INITIAL = {"x": 0.5, "n": 10}


class Local(d2l.HPOSearcher):
    """Changes one value of the best configuration so far, or draws all of them."""

    def __init__(self, config_space: dict[str, Any], initial_config: dict[str, Any] | None = None) -> None:
        self.save_hyperparameters()
        self.at_random = d2l.RandomSearcher(config_space, initial_config)
        self.seen: list[tuple[float, dict[str, Any]]] = []

    def sample_configuration(self) -> dict[str, Any]:
        drawn = self.at_random.sample_configuration()
        if len(self.seen) < 2:
            return drawn
        _, best = min(self.seen, key=lambda pair: pair[0])
        name = str(np.random.choice(list(best)))  # noqa: NPY002  that is how people write it
        return {**best, name: drawn[name]}

    def update(self, config: dict[str, Any], error: float, additional_info: Any = None) -> None:
        self.seen.append((error, config))


class Halving(d2l.HPOScheduler):
    """Runs eight for one epoch, the best four again for two, and so on."""

    def __init__(self, searcher: d2l.HPOSearcher) -> None:
        self.save_hyperparameters()
        self.queue: list[dict[str, Any]] = []
        self.rungs: dict[int, list[tuple[float, int, dict[str, Any]]]] = {}

    def suggest(self) -> dict[str, Any]:
        if not self.queue:
            self.queue = [{**self.searcher.sample_configuration(), "max_epochs": 1} for _ in range(8)]
        return self.queue.pop(0)

    def update(self, config: dict[str, Any], error: float, info: Any = None) -> None:
        length = config["max_epochs"]
        self.searcher.update({name: value for name, value in config.items() if name != "max_epochs"}, error)
        rung_ = self.rungs.setdefault(length, [])
        rung_.append((error, len(rung_), config))
        if length < 8 and len(rung_) == 8 // length:
            better = sorted(rung_)[: len(rung_) // 2]
            self.queue = [{**each, "max_epochs": 2 * length} for _, _, each in better] + self.queue


def curve(x: float, n: int, max_epochs: int = 3) -> float:
    for epoch in range(1, max_epochs + 1):
        rung.report(error=x * x + n / 1000 + 1 / epoch)
    return x * x + n / 1000 + 1 / max_epochs


@pytest.fixture(autouse=True)
def global_generator() -> Any:
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002


def test_halving_decides_how_long_trials_are() -> None:
    halving = Halving(d2l.RandomSearcher(SPACE, INITIAL))
    tuner = rung.Tuner(curve, d2l.as_scheduler(halving), seed=0)
    study = tuner.run(15)
    lengths = [trial.last_step for trial in study.trials]
    assert lengths == [1] * 8 + [2] * 4 + [4] * 2 + [8]
    final = study.trials[14]
    assert (
        final.config["x"]
        == min((trial.config for trial in study.trials), key=lambda c: c["x"] ** 2 + c["n"] / 1e3)["x"]
    )
    assert final.until == 8
    assert study.trials[0].config == INITIAL
    assert {length: len(seen) for length, seen in halving.rungs.items()} == {1: 8, 2: 4, 4: 2, 8: 1}


@pytest.mark.parametrize("cut", range(2, 64, 6))
def test_halving_resumed_after_a_kill_repeats_nothing(cut: int, tmp_path: Path) -> None:
    class KilledError(Exception):
        """The process was killed."""

    def kill(event: object, ledger: object) -> None:
        nonlocal committed
        committed += 1
        if committed == cut:
            raise KilledError

    def new(**options: Any) -> rung.Tuner:
        scheduler = d2l.as_scheduler(Halving(d2l.RandomSearcher(SPACE, INITIAL)))
        return rung.Tuner(curve, scheduler, store=tmp_path / "rung.db", study="halving", **options)

    committed = 0
    with new(seed=0, observers=[kill]) as tuner, pytest.raises(KilledError):
        tuner.run(15)
    with new(resume="must") as tuner:
        n_finished = len(tuner.records)
        study = tuner.run(max_trials=15)
        trials = study.trials
    if n_finished >= 8:  # the first rung is in the log, and everything else follows from it
        assert [trial.until for trial in trials] == [1] * 8 + [2] * 4 + [4] * 2 + [8]
    assert len({(json.dumps(dict(trial.config)), trial.until) for trial in trials}) == 15
    assert all(trial.state == "completed" for trial in trials)


def test_a_searcher_works_under_asha_in_processes() -> None:
    local = Local(SPACE, INITIAL)
    scheduler = rung.ASHA(d2l.as_searcher(local), max_t=4)
    with rung.Tuner(curve, scheduler, workers=2, seed=1) as tuner:
        study = tuner.run(12)
        assert tuner.incumbent_error == pytest.approx(study.best.error)
    assert study.trials[0].config == INITIAL
    finished = [trial for trial in study.trials if trial.state in {"completed", "stopped"}]
    assert len(local.seen) == len(finished) == 12


def test_a_searcher_hears_of_trials_before_the_next_suggestion_after_a_resume(tmp_path: Path) -> None:
    for trials in (3, 6):
        local = Local(SPACE, INITIAL)
        scheduler = d2l.as_scheduler(d2l.BasicScheduler(local))
        with rung.Tuner(curve, scheduler, store=tmp_path / "rung.db", study="local") as tuner:
            assert len(local.seen) == trials - 3
            tuner.run(max_trials=trials)
        assert len(local.seen) == trials


def test_a_searcher_of_rung_takes_over_for_good(tmp_path: Path) -> None:
    told = []
    for trials, wish in ((3, "sobol(seed=3)"), (5, None), (7, None)):
        local = Local(SPACE, INITIAL)
        scheduler = rung.BasicScheduler(d2l.as_searcher(local))
        with rung.Tuner(curve, scheduler, store=tmp_path / "rung.db", study="local") as tuner:
            if trials == 5:
                tuner.enqueue({"x": 0.25, "n": 7})
            study = tuner.run(max_trials=trials)
            if wish is not None:
                study.hand_over(wish)
        told.append(len(local.seen))
    study = rung.open_study("local", tmp_path / "rung.db")
    assert study.row.searcher == {"name": "sobol", "seed": 3}
    notes = [event.notes for event in study.events() if isinstance(event, Started)]
    assert [set(each) for each in notes[:4]] == [{"opaque"}] * 3 + [{"enqueued"}]
    assert [each["sobol"] for each in notes[4:]] == [0, 1, 2]
    study.close()
    assert told == [3, 3, 3], "it hears of its own trials, and of no more"


def test_a_scheduler_in_the_books_style_keeps_its_searcher() -> None:
    with rung.Tuner(curve, d2l.as_scheduler(d2l.BasicScheduler(Local(SPACE, INITIAL)))) as tuner:
        study = tuner.run(1)
        with pytest.raises(SettingError, match=r"BasicScheduler with .*Local draws from generators of its own"):
            study.hand_over("sobol")
    with rung.Tuner(curve, rung.BasicScheduler(rung.RandomSearcher(SPACE))) as tuner:
        study = tuner.run(1)
        with pytest.raises(SettingError, match="Local draws from generators of its own"):
            study.hand_over(d2l.as_searcher(Local(SPACE)))


def test_the_log_says_that_it_is_opaque_and_verify_skips_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parts = {
        "scheduler": d2l.as_scheduler(d2l.BasicScheduler(Local(SPACE))),
        "searcher": rung.ASHA(d2l.as_searcher(Local(SPACE)), max_t=4),
    }
    for name, scheduler in parts.items():
        with rung.Tuner(curve, scheduler, store="rung.db", study=name) as tuner:
            tuner.run(3)
        assert "opaque" in json.dumps(scheduler.spec())
        shown = CliRunner().invoke(main, ["verify", name])
        assert shown.exit_code == 0, shown.output
        assert "draws from generators of its own" in shown.stdout
        assert "What the log says about them is taken as it stands." in shown.stdout
        found = json.loads(CliRunner().invoke(main, ["verify", name, "--json"]).stdout)
        assert found["is_ok"]
        assert found["suggestions"] == 0
        resumed = CliRunner().invoke(main, ["resume", name, "--trials", "4"])
        assert resumed.exit_code == 1
        assert "generators of its own" in resumed.output


def test_another_class_is_another_study(tmp_path: Path) -> None:
    store = tmp_path / "rung.db"
    with rung.Tuner(curve, d2l.as_scheduler(d2l.BasicScheduler(Local(SPACE))), store=store, study="a") as tuner:
        tuner.run(1)
    with pytest.raises(StudyMismatchError, match="scheduler"):
        rung.Tuner(curve, d2l.as_scheduler(Halving(d2l.RandomSearcher(SPACE))), store=store, study="a")


def test_the_direction_of_the_metric_is_turned_for_the_book() -> None:
    local = Local(SPACE)
    scheduler = d2l.as_scheduler(d2l.BasicScheduler(local))
    rung.Tuner(lambda x, n: x, scheduler, metric="accuracy", mode="max", store=MemoryStore()).run(4)
    assert all(error == -config["x"] for error, config in local.seen)


def test_parts_of_rung_stay_as_they_are() -> None:
    searcher = rung.RandomSearcher(SPACE)
    scheduler = rung.ASHA(searcher, max_t=3)
    assert d2l.as_searcher(searcher) is searcher
    assert d2l.as_scheduler(scheduler) is scheduler


def test_the_space_may_be_given_and_must_be_known() -> None:
    class Bare:
        def sample_configuration(self) -> dict[str, Any]:
            return {"x": 1}

        suggest = sample_configuration

        def update(self, config: dict[str, Any], error: float) -> None:
            """Nothing is noted."""

    assert d2l.as_searcher(Bare(), {"x": rung.Int(0, 3)}).space.names == ("x",)
    assert d2l.as_scheduler(Bare(), {"x": rung.Int(0, 3)}).space.names == ("x",)
    with pytest.raises(
        SettingError, match=r"Bare does not tell its space\. Give it the attribute config_space, or pass"
    ):
        d2l.as_scheduler(Bare())


def test_what_is_neither() -> None:
    with pytest.raises(SettingError, match=r"has no suggest\(\) and no update\(\), so it can't be used as a scheduler"):
        d2l.as_scheduler(object())  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="is a class, not an object, so it can't be used as a searcher"):
        d2l.as_searcher(Local)  # type: ignore[arg-type]
