import math
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_surrogates import write_folder

from rung.benchmarks.problems import catalogue, classical
from rung.benchmarks.problems.catalogue import members, names, problem, problems, set_names
from rung.errors import SettingError

CHEAP = [name for each in ("classical", "noisy", "curves") for name in members(each)]


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture
def with_entry_points(monkeypatch):
    def offer(**values):
        offered = EntryPoints(EntryPoint(name, value, catalogue.GROUP) for name, value in values.items())
        monkeypatch.setattr(catalogue, "entry_points", lambda group: offered.select(group=group))

    return offer


def theirs(size, *, data_dir=None):
    assert data_dir is None
    return classical.rosenbrock(size)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    name=st.sampled_from(CHEAP),
    point=st.integers(0, 2**32),
    seed=st.integers(0, 2**32),
    share=st.floats(0.0, 1.0),
)
def test_every_cheap_problem_keeps_to_the_contract_everywhere(name, point, seed, share):
    made = cheap(name)
    config = made.space.sample(np.random.default_rng(point))
    steps = list(made.train(config, seed))
    assert len(steps) == made.n_steps
    assert all(math.isfinite(step.value) and step.cost_s > 0 for step in steps)
    assert all(step.truth is None or step.truth >= made.best - 1e-9 for step in steps)
    after = round(share * made.n_steps)
    assert list(made.train(config, seed, after=after)) == steps[after:]


MADE = {}


def cheap(name):
    return MADE.setdefault(name, problem(name))


def test_names_lead_to_problems_of_these_names(toys):
    for name in [*CHEAP, "svm", "forest", "boosting", "mlp:digits", "lenet:digits", "noisy:curves:ackley:3"]:
        assert problem(name).name == name
    for name in ("lcbench:3945", "rbv2_xgboost:1040", "noisy:lcbench:3945"):
        assert problem(name, data_dir=toys).name == name
        assert problem(name, data_dir=str(toys)).name == name


def test_a_short_name_gets_its_full_one():
    assert [problem(name).name for name in ("ackley", "rosenbrock", "mlp")] == [
        "ackley:2",
        "rosenbrock:2",
        "mlp:digits",
    ]


def test_sets_and_names_are_mixed_and_each_comes_once(toys):
    found = [
        each.name for each in problems(["branin", "classical", "lcbench", "rosenbrock", "rosenbrock:2"], data_dir=toys)
    ]
    assert found == [
        *("branin", "hartmann6", "rosenbrock:5", "ackley:10", "mixed", "conditional"),
        *("lcbench:3945", "rosenbrock:2"),
    ]


def test_the_sets_of_surrogates_follow_from_the_data(toys):
    assert members("lcbench", data_dir=toys) == ("lcbench:3945",)
    assert members("yahpo", data_dir=toys) == ("lcbench:3945",)
    assert members("yahpo-appendix", data_dir=toys) == ("lcbench:7593", "rbv2_xgboost:1040")
    with pytest.raises(SettingError, match="Of rbv2_xgboost there is no instance without a caveat"):
        members("rbv2_xgboost", data_dir=toys)
    with pytest.raises(SettingError, match="need a folder with data"):
        members("yahpo")
    with pytest.raises(SettingError, match=r"no set of problems 'classic'\. There are classical"):
        members("classic")


def test_all_listed_names_belong_to_sets(toys):
    listed = names(toys)
    assert listed == sorted(set(listed))
    assert set(names()) < set(listed)
    assert {"lcbench:3945", "lcbench:7593", "branin", "noisy:mixed", "mlp:fashion-mnist"} <= set(listed)
    assert {"classical", "noisy", "curves", "lcbench", "yahpo", "yahpo-appendix"} <= set(set_names())


WRONG = {
    "brannin": r"no problem 'brannin'. Did you mean 'branin'\?",
    "lcbench4:3945": r"Did you mean 'lcbench'\?",
    "": "There is no problem ''. There are branin, ",
    "branin:3": "'branin' takes nothing behind a colon, got 'branin:3'. It is 'branin'",
    "noisy": "'noisy' needs to know more, got 'noisy'. Such as noisy:ackley:10",
    "lcbench": "'lcbench' needs to know more",
    "classical": r"'classical' is a set of problems, not one. Ask for problems\(\)",
    "rosenbrock:x": "number of dimensions",
    "noisy:brannin": r"Did you mean 'branin'\?",
    "curves:noisy:branin": "noisy:branin can't be given learning curves.* noisy:curves:branin",
    "curves:svm": "svm can't be given learning curves",
    "lcbench:3945": "need a folder with data",
    "table:/nowhere/t.npz": r"no table /nowhere/t\.npz",
    "mlp:cifar": "can't be trained on 'cifar'",
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_names_are_refused_with_a_way_out(name):
    with pytest.raises(SettingError, match=WRONG[name]):
        problem(name)


def test_other_packages_offer_problems_by_entry_points(with_entry_points):
    with_entry_points(theirs="test_catalogue:theirs", branin="nowhere:nothing", broken="nowhere:nothing")
    assert problem("theirs:3").name == "rosenbrock:3"
    assert "theirs" in names()
    assert problem("branin").name == "branin"
    with pytest.raises(SettingError, match=r"'theirs' needs to know more, got 'theirs'. Such as theirs:…"):
        problem("theirs")
    with pytest.raises(SettingError, match=r"Did you mean 'theirs'\?"):
        problem("their:3")
    with pytest.raises(SettingError, match="'broken' can't be loaded from nowhere:nothing: No module named"):
        problem("broken")


def test_looking_at_the_catalogue_loads_no_framework():
    code = (
        "import sys; from rung.benchmarks.problems.catalogue import names, problem; names(); problem('branin');"
        "problem('mlp:digits'); problem('svm'); print(*{'torch', 'sklearn', 'onnxruntime', 'scipy'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []
