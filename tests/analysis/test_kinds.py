import json
import sys

import pytest
from made_up_studies import ERROR, drawn, small_study

from rung.analysis.configs import Configs
from rung.analysis.curves import Curves, Overview, to_json
from rung.analysis.kinds import KINDS, Source, Wish, make_columns, make_figure
from rung.analysis.timeline import Timeline
from rung.analysis.trajectory import Trajectory
from rung.errors import SettingError
from rung.events import Started
from rung.rows import StudyRow
from rung.space import Float, Int, as_space

SPACE = as_space({"learning_rate": Float(0.01, 1, log=True), "batch_size": Int(32, 255), "opt": ["adam", "sgd"]})


def source(numbers=range(8)):
    rows, reports = small_study()
    study = StudyRow(
        name="s", goal=ERROR, seed=1, space=SPACE.to_json(), searcher={}, scheduler={}, objective=None, created_unix=0.0
    )
    events = [Started(at=float(n), trial=n, attempt=1, config={}) for n in range(8)]
    return Source(study, [rows[number] for number in numbers], lambda: reports, lambda: events)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("overview", Overview),
        ("any_time", Trajectory),
        ("curves", Curves),
        ("parallel", Configs),
        ("slice", Configs),
        ("contour", Configs),
        ("timeline", Timeline),
    ],
)
def test_each_kind_has_columns_and_a_picture(kind, columns):
    found = make_columns(kind, source(), Wish())
    assert isinstance(found, columns)
    assert json.loads(json.dumps(to_json(found), allow_nan=False)) == to_json(found)
    pytest.importorskip("matplotlib")
    for numbers in (range(8), (), (3,)):
        drawn(make_figure(kind, source(numbers), Wish(title="lenet")))


def test_all_kinds_are_tested():
    assert list(KINDS) == ["overview", "any_time", "curves", "parallel", "slice", "contour", "timeline"]


def test_only_the_reports_of_the_trials_shown():
    assert set(make_columns("any_time", source([0, 1]), Wish()).trial) == {0, 1}
    assert [curve.trial for curve in make_columns("curves", source([0, 1]), Wish()).curves] == [0, 1]
    assert [run.trial for run in make_columns("timeline", source([0, 1]), Wish()).runs] == [0, 1]


def test_chosen_hyperparameters():
    for kind in ("parallel", "slice", "contour"):
        found = make_columns(kind, source(), Wish(names=["batch_size", "learning_rate"]))
        assert [each.name for each in found.inputs] == ["batch_size", "learning_rate"]
    assert [each.name for each in make_columns("contour", source(), Wish()).inputs] == ["learning_rate", "batch_size"]
    assert [each.name for each in make_columns("slice", source(), Wish()).inputs] == list(SPACE)


@pytest.mark.parametrize(
    ("over", "label"),
    [
        (None, "time spent on the study (s)"),
        ("trials", "trials begun"),
        ("epochs", "epochs taken, all trials together"),
    ],
)
def test_what_an_any_time_curve_runs_along(over, label):
    pytest.importorskip("matplotlib")
    assert make_figure("any_time", source(), Wish(over=over, step_name="epoch")).axes[0].get_xlabel() == label


@pytest.mark.parametrize(
    ("kind", "wish", "sentence"),
    [
        ("importance", Wish(), r"no kind of figure 'importance'\. There are: overview, any_time, curves, parallel, "),
        ("curvs", Wish(), r"Did you mean 'curves'\? There are: "),
        ("study.png", Wish(), r"Where the picture goes is said by path='study\.png'"),
        ("slice", Wish(over="trials"), r"kind 'slice' takes no x\. These do: any_time"),
        ("curves", Wish(names=["lr"]), r"'curves' takes no hyperparameters\. These do: parallel, slice, contour"),
        ("any_time", Wish(over="steps"), r"x='steps' is not known\. Use one of seconds, trials, epochs"),
        ("slice", Wish(names=["lr"]), "There is no hyperparameter 'lr' that varies"),
    ],
)
def test_what_can_not_be_drawn(kind, wish, sentence):
    with pytest.raises(SettingError, match=sentence):
        make_columns(kind, source(), wish)


def test_columns_need_no_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for kind in KINDS:
        make_columns(kind, source(), Wish())
