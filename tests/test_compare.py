from __future__ import annotations

import json
from pathlib import Path

import pytest

import rung
from rung.errors import SettingError, StoreNotFoundError, StudyNotFoundError
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.searchers.sobol import SobolSearcher
from rung.store import MemoryStore, open_store
from rung.tuner import Tuner

SPACE = {"x": rung.Float(0.0, 1.0)}
BEST = {"x": 0.25}


def bowl(x):
    return (x - 0.25) ** 2


def other_bowl(x):
    return (x - 0.5) ** 2


def make(store, name, searcher, *, seed=0, trials=4, objective=bowl, **settings):
    with Tuner(objective, BasicScheduler(searcher), store=store, study=name, seed=seed, **settings) as tuner:
        return tuner.run(max_trials=trials)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seeds of two methods, one of which knows where the best is; not to be written to."""
    path = tmp_path_factory.mktemp("store") / "rung.db"
    opened = open_store(path, create=True)
    for seed in range(7):
        make(opened, f"lenet-random-{seed}", RandomSearcher(SPACE), seed=seed)
        make(opened, f"lenet-informed-{seed}", RandomSearcher(SPACE, initial_config=BEST), seed=seed)
    make(opened, "short", SobolSearcher(SPACE), trials=2)
    make(opened, "mlp", SobolSearcher(SPACE), objective=other_bowl)
    make(opened, "wide", SobolSearcher({"x": rung.Float(0.0, 2.0)}))
    make(opened, "by-loss", SobolSearcher(SPACE), metric="loss")
    opened.close()
    return path


@pytest.fixture(scope="module")
def found(store):
    return rung.compare("lenet-*", store=store)


INFORMED = 'random(points_to_evaluate=[{"x": 0.25}])'


def test_patterns_find_the_studies_and_their_settings_the_methods(found):
    assert found.comparison.methods == ("random", INFORMED)
    assert len(found.runs) == 14
    assert repr(found) == f"<StudyComparison of 14 studies: random and {INFORMED}>"


def test_what_is_better_is_told(found):
    lines = str(found).splitlines()
    assert lines[0] == "test_compare:bowl: error, lower is better; 4 evaluations, 7 runs of each."
    assert lines[1].startswith(f"{INFORMED} is better than random: its error ended ")
    assert lines[1].endswith("ahead in 7 of them; p = 0.016.")
    assert lines[2].startswith("Note: There are only 7 seeds")


def test_the_same_studies_give_the_same_result(found, store):
    assert rung.compare("lenet-*", store=store).to_json() == found.to_json()
    assert rung.compare("lenet-*", store=store, seed=1).to_json() != found.to_json()


def test_names_patterns_and_studies_may_be_mixed_and_each_counts_once(found, store):
    opened = [rung.open_study(f"lenet-random-{seed}", store) for seed in range(2)]
    mixed = rung.compare(*opened, "lenet-random-*", "lenet-informed-0", "lenet-informed-*", store=store)
    assert mixed.comparison == found.comparison
    assert len(mixed.runs) == len(found.runs)
    for study in opened:
        study.close()


def test_studies_need_no_store():
    store = MemoryStore()
    studies = [make(store, "a", RandomSearcher(SPACE)), make(store, "b", SobolSearcher(SPACE))]
    assert "One run of each says little" in str(rung.compare(*studies))
    assert rung.compare("a", "b", store=store).to_json() == rung.compare(*studies).to_json()


def test_a_name_with_a_star_in_it_is_a_name_first():
    store = MemoryStore()
    make(store, "a*", RandomSearcher(SPACE))
    make(store, "ab", SobolSearcher(SPACE))
    with pytest.raises(SettingError, match=r"The study 'a\*' is alone"):
        rung.compare("a*", store=store)


def test_the_table_has_a_row_per_method(found, store):
    (random, informed) = found.table()
    finals = [rung.open_study(f"lenet-random-{seed}", store).best.error for seed in range(7)]
    assert random["problem"] == "test_compare:bowl"
    assert (random["method"], random["runs"], random["failed"]) == ("random", 7, 0)
    assert random["mean"] == pytest.approx(sum(finals) / 7)
    assert random["low"] < random["mean"] < random["high"]
    assert (random["median"], random["best"]) == (sorted(finals)[3], min(finals))
    assert (random["trials"], random["steps"]) == (4, 4)
    assert random["seconds"] > 0
    assert (informed["best"], informed["low"]) == (0.0, 0.0)


def test_everything_as_json(found):
    form = found.to_json()
    assert json.loads(json.dumps(form, allow_nan=False)) == form
    assert form["answers"][0]["ahead"] == INFORMED
    assert form["table"] == found.table()
    assert form["studies"][0] == {
        "study": "lenet-random-0",
        "problem": "test_compare:bowl",
        "method": "random",
        "failed": "",
    }


def test_a_notebook_gets_the_same_words_without_their_meaning_for_html(found):
    page = found._repr_html_()
    assert page.count("<p>") == len(str(found).splitlines())
    assert "random(points_to_evaluate=[{&quot;x&quot;: 0.25}])" in page
    assert "<script" not in page


@pytest.mark.parametrize("kind", ["any_time", "regret", "ranks", "critical_difference", "wins"])
def test_figures(found, kind, tmp_path):
    figure = found.plot(kind, tmp_path / "figure.svg", title="which?")
    assert figure.get_suptitle() == "which?"
    assert "<svg" in (tmp_path / "figure.svg").read_text()


def test_bad_figures_are_refused_before_the_work(found, tmp_path):
    with pytest.raises(SettingError, match=r"no kind of figure 'anytime'\. Did you mean 'any_time'\?"):
        found.plot("anytime")
    with pytest.raises(SettingError, match="is no picture"):
        found.plot("any_time", tmp_path / "figure.docx")


def test_a_report_says_where_the_runs_come_from(found, tmp_path):
    page = found.report(tmp_path / "report.html", title="Is it better?", command="rung compare")
    assert page == tmp_path / "report.html"
    text = page.read_text()
    for words in ("Is it better?", "test_compare:bowl", "lenet-random-0", "rung compare"):
        assert words in text


def test_only_the_first_trials(store):
    studies = ["short", "lenet-random-0"]
    with pytest.raises(SettingError, match="'short' 2 trials, 'lenet-random-0' 4") as caught:
        rung.compare(*studies, store=store)
    assert "trials=2" in caught.value.hint
    assert rung.compare(*studies, store=store, trials=2).comparison.problems[0].budget.limit == 2


def test_along_another_axis(store):
    found = rung.compare("lenet-*", store=store, axis="steps")
    assert found.comparison.axis == "steps"
    with pytest.raises(SettingError, match="axis='epochs' is not known"):
        rung.compare("lenet-*", store=store, axis="epochs")


@pytest.mark.parametrize(
    ("studies", "settings", "message"),
    [
        ([], {}, "No study was named, so there is nothing to compare"),
        (["mlp"], {}, r"The study 'mlp' is alone, so there is nothing to compare\. Repeat one"),
        (["lenet-random-*"], {}, "All 7 studies searched in the same way: random"),
        (["mlp", "lenet-random-0"], {}, r"by all 2 methods: .*bowl by random; .*other_bowl by sobol"),
        (["wide", "lenet-random-0"], {}, r"'wide' and 'lenet-random-0' differ in x \("),
        (["by-loss", "lenet-random-0"], {}, r"goals: 'by-loss' loss \(min\), 'lenet-random-0' error"),
        (["lenet-*"], {"trials": 0}, "trials must be a whole number, at least 1, not 0"),
        (["lenet-*"], {"trials": 2.5}, "trials must be a whole number, at least 1, not 2.5"),
        (["lenet-*"], {"trials": True}, "trials must be a whole number, at least 1, not True"),
    ],
)
def test_what_cant_be_compared_is_told(store, studies, settings, message):
    with pytest.raises(SettingError, match=message):
        rung.compare(*studies, store=store, **settings)


def test_what_is_not_there_is_told(store, tmp_path):
    with pytest.raises(StudyNotFoundError, match="Did you mean 'lenet-random-0'"):
        rung.compare("lenet-randon-0", "mlp", store=store)
    with pytest.raises(StudyNotFoundError, match=r"No study of this store has a name like 'vgg\*'"):
        rung.compare("vgg*", store=store)
    with pytest.raises(StoreNotFoundError, match="none"):
        rung.compare("a", "b", store=tmp_path / "none.db")
