import json
import os
import statistics
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_surrogates import CODES, RESERVED, weights, write_folder

from rung.benchmarks.problems._surrogate import SCENARIOS
from rung.benchmarks.problems.yahpo import Surrogate, iaml_glmnet, instances, lcbench, rbv2_rpart, rbv2_xgboost
from rung.errors import MissingExtraError, SettingError, SpaceError
from rung.space import Choice, Float, Int, Space
from rung.testing.problem_suite import ProblemSuite
from rung.types import Goal

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture
def broken(tmp_path):
    return write_folder(tmp_path)


class TestToyLcbench(ProblemSuite):
    @pytest.fixture(autouse=True)
    def take(self, toys):
        self.toys = toys

    def make(self):
        return lcbench("3945", data_dir=self.toys)


class TestToyXgboost(ProblemSuite):
    @pytest.fixture(autouse=True)
    def take(self, toys):
        self.toys = toys

    def make(self):
        return rbv2_xgboost("1040", data_dir=self.toys)


def expected(scenario, instance, config):
    """The table of metrics (steps, metrics) by hand: one row after the other."""
    spec, codes = SCENARIOS[scenario], CODES[scenario]
    rows = []
    for fidelity in spec.fidelities:
        known = {**config, spec.instance: instance, spec.fidelity: fidelity, "repl": 10}
        row = [codes[name][known.get(name, "#na#")] for name in spec.categories]
        row += [known.get(name, 0) for name in spec.numbers]
        rows.append(np.sin(np.array(row, np.float32) @ weights(scenario)))
    return np.array(rows)


CONFIGS = [
    ("lcbench", "3945", {"batch_size": 32, "learning_rate": 0.01, "momentum": 0.5}),
    ("lcbench", "7593", {"batch_size": 512, "learning_rate": 0.1, "momentum": 0.99}),
    (
        "rbv2_xgboost",
        "1040",
        {"booster": "dart", "num.impute.selected.cpo": "impute.mean", "nrounds": 9, "eta": 0.1, "rate_drop": 0.5},
    ),
    ("rbv2_xgboost", "1040", {"booster": "gblinear", "num.impute.selected.cpo": "impute.mean", "nrounds": 9}),
]


@pytest.mark.parametrize(("scenario", "instance", "config"), CONFIGS)
def test_steps_are_what_the_network_says(toys, scenario, instance, config):
    problem = Surrogate(scenario, instance, toys / "yahpo")
    spec, table = SCENARIOS[scenario], expected(scenario, instance, config)
    steps = list(problem.train(config, 0))
    values = table[:, spec.metrics.index(spec.value)]
    assert [step.value for step in steps] == pytest.approx(values, abs=1e-4)
    so_far, costs = 0.0, []
    for seconds in table[:, spec.metrics.index(spec.seconds)]:
        costs.append(max(0.0, seconds - so_far))
        so_far = max(so_far, seconds)
    assert [step.cost_s for step in steps] == pytest.approx(costs, abs=1e-4)
    if scenario == "lcbench":
        assert 0.0 in costs, "the toy's time should fall somewhere"


def test_the_space_lacks_instance_fidelity_and_replications(toys):
    assert lcbench("3945", data_dir=toys).space == Space(
        {
            "batch_size": Int(16, 512, log=True),
            "learning_rate": Float(1e-4, 0.1, log=True),
            "momentum": Float(0.1, 0.99),
        }
    )
    space = rbv2_xgboost("1040", data_dir=toys).space
    assert list(space) == ["booster", "num.impute.selected.cpo", "nrounds", "eta", "rate_drop"]
    assert space["booster"] == Choice(["gblinear", "gbtree", "dart"])
    with pytest.raises(SpaceError, match="eta is given but inactive"):
        space.validate({**CONFIGS[3][2], "eta": 0.1})


def test_goals_and_lengths(toys):
    problem = lcbench("3945", data_dir=toys)
    assert (problem.name, problem.goal, problem.n_steps) == ("lcbench:3945", Goal("val_accuracy", "max"), 52)
    problem = rbv2_xgboost("1040", data_dir=toys)
    assert (problem.name, problem.goal, problem.n_steps) == ("rbv2_xgboost:1040", Goal("acc", "max"), 27)
    rungs = [SCENARIOS["rbv2_xgboost"].fidelities[step - 1] for step in (1, 3, 9, 27)]
    assert rungs == pytest.approx([1 / 27, 1 / 9, 1 / 3, 1])
    assert min(SCENARIOS["rbv2_xgboost"].fidelities) > 0.03  # the least share in the data


def test_best_median_and_caveats_are_those_of_the_file(toys):
    problem = lcbench("3945", data_dir=toys)
    assert (problem.best, problem.median, problem.caveat) == (0.9, 0.2, "")
    assert "0.49 of the way from the median" in lcbench("7593", data_dir=toys).caveat
    assert "perfect value" in rbv2_xgboost("1040", data_dir=toys).caveat
    assert instances("lcbench", data_dir=toys, has_caveat=False) == ["3945"]
    assert instances("lcbench", data_dir=toys, has_caveat=True) == ["7593"]
    assert instances("iaml_glmnet", data_dir=toys, has_caveat=False) == []


@pytest.mark.parametrize("scenario", RESERVED)
def test_reserved_instances_stay_closed_unless_asked_for(toys, scenario):
    make = {"lcbench": lcbench, "rbv2_xgboost": rbv2_xgboost}[scenario]
    with pytest.raises(
        SettingError, match=f"{scenario}:{RESERVED[scenario]} is kept for a final comparison. There are"
    ):
        make(RESERVED[scenario], data_dir=toys)
    opened = Surrogate(scenario, RESERVED[scenario], toys / "yahpo", reserved=True)
    assert (opened.best, opened.median, opened.caveat) == (None, None, "")
    assert len(list(opened.train(opened.space.sample(np.random.default_rng(0)), 0))) == opened.n_steps


@pytest.mark.parametrize("instance", ["394", "#na#", "", "cifar"])
def test_unknown_instances_are_refused_even_as_reserved_ones(toys, instance):
    with pytest.raises(SettingError, match=f"lcbench has no instance '{instance}'.*3945"):
        lcbench(instance, data_dir=toys)
    with pytest.raises(SettingError, match="has no instance"):
        Surrogate("lcbench", instance, toys / "yahpo", reserved=True)


def test_a_curve_is_computed_once(toys):
    problem = lcbench("3945", data_dir=toys)
    config = CONFIGS[0][2]
    first = list(problem.train(config, 0))
    problem._network = None
    assert list(problem.train(config, 7, after=50)) == first[50:]


def test_a_missing_folder_is_said_at_once(tmp_path):
    for make in (lcbench, rbv2_xgboost, rbv2_rpart, iaml_glmnet):
        with pytest.raises(SettingError, match=r"need a folder with data. Name the folder that holds yahpo/."):
            make("3945", data_dir=None)
        with pytest.raises(SettingError, match=r"There is no folder .*yahpo with the surrogates"):
            make("3945", data_dir=tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "dev_instances.json",
        "dev_ranges.json",
        "lcbench/encoding.json",
        "lcbench/config_space.json",
        "lcbench/model.onnx",
    ],
)
def test_a_missing_or_damaged_file_is_named(broken, name):
    path = broken / "yahpo" / name
    path.write_bytes(b"{nonsense")
    with pytest.raises(SettingError, match=rf"{name} is no (JSON|network)"):
        lcbench("3945", data_dir=broken)
    path.unlink()
    with pytest.raises(SettingError, match=rf"{name} can't be read: .* In yahpo/ there is a folder"):
        lcbench("3945", data_dir=broken)


def test_ranges_must_know_what_is_listed(broken):
    (broken / "yahpo" / "dev_ranges.json").write_text("{}")
    with pytest.raises(SettingError, match=r"says nothing on lcbench:3945, which dev_instances\.json lists"):
        lcbench("3945", data_dir=broken)


def test_an_unknown_scenario_is_refused(toys):
    with pytest.raises(SettingError, match=r"no scenario 'nb301'\. There are lcbench"):
        Surrogate("nb301", "1", toys / "yahpo")


def test_without_onnxruntime_the_extra_is_named(toys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rung\[yahpo\]'"):
        lcbench("3945", data_dir=toys)


# The real surrogates, where RUNG_BENCH_DATA says they are. Development instances only.


@pytest.fixture(scope="module")
def real():
    if "RUNG_BENCH_DATA" not in os.environ:
        pytest.skip("RUNG_BENCH_DATA names no folder that holds yahpo/")
    return Path(os.environ["RUNG_BENCH_DATA"])


REAL = [(lcbench, "3945"), (lcbench, "167152"), (rbv2_xgboost, "40981"), (rbv2_rpart, "41138")]


@pytest.mark.parametrize(("make", "instance"), REAL)
def test_the_published_best_configuration_has_the_published_value(real, make, instance):
    ranges = json.loads((real / "yahpo" / "dev_ranges.json").read_bytes())[make.__name__][instance]
    problem = make(instance, data_dir=real)
    *_, last = problem.train(ranges["best_config"], 0)
    assert last.value == pytest.approx(problem.best, abs=1e-3)
    seconds = sum(step.cost_s for step in problem.train(ranges["best_config"], 0))
    assert seconds >= ranges["runtime_of_best"] - 0.01


@pytest.mark.parametrize(("make", "instance"), REAL)
def test_random_configurations_have_the_published_median(real, make, instance):
    ranges = json.loads((real / "yahpo" / "dev_ranges.json").read_bytes())[make.__name__][instance]
    problem = make(instance, data_dir=real)
    rng = np.random.default_rng(0)
    ends = []
    for _ in range(1500):
        *_, last = problem.train(problem.space.sample(rng), 0)
        ends.append(last.value)
    spread = ranges["quantiles"]["0.75"] - ranges["quantiles"]["0.25"]
    assert statistics.median(ends) == pytest.approx(problem.median, abs=0.1 * spread)


@pytest.mark.parametrize("make", [lcbench, rbv2_xgboost, rbv2_rpart])
def test_all_real_development_instances_are_listed(real, make):
    listed = json.loads((real / "yahpo" / "dev_instances.json").read_bytes())["dev"][make.__name__]
    both = [instances(make.__name__, data_dir=real, has_caveat=each) for each in (False, True)]
    assert sorted(both[0] + both[1]) == sorted(listed)
    if make is lcbench:
        assert both[0] == ["3945", "167152", "167181", "168868"]
