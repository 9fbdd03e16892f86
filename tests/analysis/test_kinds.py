import json
import sys

import numpy as np
import pytest
from made_up_studies import ERROR, drawn, small_study, study_of

from rung.analysis import _influence
from rung.analysis.configs import Configs
from rung.analysis.curves import Curves, Overview, to_json
from rung.analysis.edf import Distributions
from rung.analysis.importance import Importance
from rung.analysis.kinds import KINDS, Source, Wish, importance_of, make_columns, make_figure
from rung.analysis.posterior import Posterior
from rung.analysis.timeline import Timeline
from rung.analysis.trajectory import Trajectory
from rung.errors import RungError, SettingError
from rung.events import SpaceEdited, Started, StudyCreated
from rung.rows import StudyRow
from rung.space import Float, Int, as_space

SPACE = as_space({"learning_rate": Float(0.01, 1, log=True), "batch_size": Int(32, 255), "opt": ["adam", "sgd"]})


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    monkeypatch.setattr(_influence, "N_DRAWS", 16)
    monkeypatch.setattr(_influence, "_POINTS", 2**11)


def source(numbers=range(8)):
    rows, reports = small_study()
    events = [Started(at=float(n), trial=n, attempt=1, config={}) for n in range(8)]
    _, told = study_of([row.config for row in rows], [row.best_loss for row in rows])
    return source_of([rows[number] for number in numbers], told, events=events, reports=reports)


def source_of(rows, told, *, space=SPACE, searcher=None, events=(), reports=()):
    study = StudyRow(
        name="s",
        goal=ERROR,
        seed=1,
        space=space.to_json(),
        searcher=searcher or {"name": "random"},
        scheduler={},
        objective=None,
        created_unix=0.0,
    )
    created = StudyCreated(study="s", space=SPACE.to_json(), goal=ERROR, seed=1, searcher={}, scheduler={})
    return Source(study, rows, lambda: reports, lambda: [created, *events], lambda: told)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("overview", Overview),
        ("any_time", Trajectory),
        ("curves", Curves),
        ("parallel", Configs),
        ("slice", Configs),
        ("contour", Configs),
        ("importance", Importance),
        ("posterior", Posterior),
        ("edf", Distributions),
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


@pytest.mark.parametrize(
    ("kind", "why"), [("importance", "needs 10 trials with an outcome"), ("posterior", "needs 4 trials with a result")]
)
def test_a_figure_that_says_only_why_it_is_empty_is_not_kept(kind, why):
    pytest.importorskip("matplotlib")
    few = source()._replace(told=lambda: ())
    make_figure(kind, few, Wish())
    with pytest.raises(RungError, match=why) as caught:
        make_figure(kind, few, Wish(is_kept=True))
    assert caught.value.hint == "Draw it when more trials have ended."
    make_figure("edf", few, Wish(is_kept=True))


def test_all_kinds_are_tested():
    assert list(KINDS) == [
        *("overview", "any_time", "curves", "parallel", "slice", "contour"),
        *("importance", "posterior", "edf", "timeline"),
    ]


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
        ("violin", Wish(), r"no kind of figure 'violin'\. There are: overview, any_time, curves, parallel, "),
        ("curvs", Wish(), r"Did you mean 'curves'\? There are: "),
        ("study.png", Wish(), r"Where the picture goes is said by path='study\.png'"),
        ("slice", Wish(over="trials"), r"kind 'slice' takes no x\. These do: any_time"),
        (
            "curves",
            Wish(names=["lr"]),
            r"'curves' takes no hyperparameters\. These do: parallel, slice, contour, posterior",
        ),
        ("any_time", Wish(over="steps"), r"x='steps' is not known\. Use one of seconds, trials, epochs"),
        ("slice", Wish(names=["lr"]), "There is no hyperparameter 'lr' that varies"),
        ("posterior", Wish(names=["lr"]), "There is no hyperparameter 'lr' that varies"),
        ("posterior", Wish(names=[]), "along one or two hyperparameters, got none"),
        ("importance", Wish(names=["opt"]), r"'importance' takes no hyperparameters\. These do: "),
    ],
)
def test_what_can_not_be_drawn(kind, wish, sentence):
    with pytest.raises(SettingError, match=sentence):
        make_columns(kind, source(), wish)


def many_trials(**options):
    rng = np.random.default_rng(0)
    configs = [SPACE.sample(rng) for _ in range(15)]
    rows, told = study_of(configs, [config["batch_size"] + 80.0 * (config["opt"] == "sgd") for config in configs])
    return source_of(rows, told, **options)


def test_a_posterior_is_along_what_matters_most():
    found = make_columns("posterior", many_trials(), Wish())
    assert [each.name for each in found.configs.inputs] == ["batch_size", "opt"]
    assert not found.is_own
    found = make_columns("posterior", source(), Wish())  # of too few trials nobody knows what matters
    assert [each.name for each in found.configs.inputs] == ["learning_rate", "batch_size"]
    own = many_trials(searcher={"name": "gp", "acquisition": "ei"})
    found = make_columns("posterior", own, Wish(names=["opt"]))
    assert (found.is_own, found.acquisition) == (True, "ei")
    assert [each.name for each in found.configs.inputs] == ["opt"]


def test_importance_is_by_the_trials_shown_and_in_the_space_as_it_is_now():
    whole = many_trials()
    assert importance_of(whole).trials == 15
    assert importance_of(whole._replace(trials=whole.trials[:11])).trials == 11
    now = as_space({**SPACE, "batch_size": Int(100, 101)})
    edited = SpaceEdited(at=9.0, space=now.to_json())
    shares = importance_of(many_trials(space=now)._replace(told=lambda: [*whole.told(), edited])).shares
    assert shares[0].name == "opt"


def test_the_distribution_has_the_name_of_the_study():
    (found,) = make_columns("edf", source(), Wish()).studies
    assert (found.name, found.trials, found.failed, found.median) == ("s", 8, 1, 0.5)


def test_columns_need_no_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for kind in KINDS:
        make_columns(kind, source(), Wish())
