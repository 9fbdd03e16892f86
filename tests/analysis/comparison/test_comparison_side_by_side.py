import json

import pytest
from made_up_runs import made_up_runs
from made_up_scenes import scene

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.side_by_side import SideBySide
from rung.analysis.comparison.strategies import Strategy, conclusions
from rung.errors import SettingError


@pytest.fixture(scope="module")
def found():
    runs = made_up_runs(problems=["p"], speeds={"grid": 0.1, "random": 0.6}, n_seeds=8, n_evaluations=12)
    return SideBySide(
        comparison=compare_runs(runs, n_resamples=200),
        runs=tuple(runs),
        scene=scene("grid", "random"),
        strategies=(Strategy("grid", "grid(points=3)", "grid"), Strategy("random", "random", "random")),
    )


def test_the_summary_is_the_conclusions_and_what_weakens_them(found):
    *sentences, note = str(found).splitlines()
    assert tuple(sentences) == conclusions(found.comparison, found.scene)
    assert note.startswith("Note: There are only 8 seeds")


def test_the_table_has_the_best_first(found):
    first, second = found.table()
    assert [first["strategy"], second["strategy"]] == ["random", "grid"]
    assert [first["better_than"], second["better_than"]] == [["grid"], []]
    assert [first["n_values"], second["n_values"]] == [8, 3]
    assert second["trials_to_random"] is None
    assert first["low"] < first["mean"] < first["high"]
    assert first["decide_s"] == pytest.approx(0.001)


def test_json_is_json(found):
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["table"] == found.table()
    assert told["strategies"][0]["method"] == "grid(points=3)"
    assert len(told["tried"]["attempts"][0]["configs"]["tried"]) == 9


def test_pictures_and_pages(found, tmp_path):
    found.plot(tmp_path / "tried.svg", only=("grid",), title="Mine")
    assert "Mine" in (tmp_path / "tried.svg").read_text()
    with pytest.raises(SettingError, match="is no picture"):
        found.plot(tmp_path / "tried.txt")
    page = found.report(tmp_path / "page.html", title="Grid or random?", command="rung strategies")
    assert page == tmp_path / "page.html"
    for path in (page, tmp_path / "page.md"):
        assert "Grid or random?" in path.read_text()
        assert "rung strategies" in path.read_text()
