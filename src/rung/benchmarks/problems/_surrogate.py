"""Reads the surrogates of YAHPO Gym: their spaces, and how a configuration becomes the input of the network.

The network has two inputs: whole numbers for the categories, by ``encoding.json``, where what is inactive has the code
of ``#na#``; and numbers as they stand in the configuration, where what is inactive is 0. Instance and fidelity are
columns like the others. It answers all metrics of a scenario at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from rung.errors import MissingExtraError, SettingError
from rung.space import Choice, Domain, Float, Int, Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rung.types import Config

_REPLICATIONS = "repl"  # how many resamplings were averaged; held at the most there are
_MOST_REPLICATIONS = 10.0
_INACTIVE = "#na#"
_HINT = (
    "In yahpo/ there is a folder for each scenario with config_space.json, encoding.json and model.onnx from "
    "github.com/slds-lmu/yahpo_data, and beside them dev_instances.json and dev_ranges.json."
)


@final
@dataclass(frozen=True)
class Scenario:
    """What the files of a surrogate don't say: which column is which.

    numbers, categories: columns of the inputs; metrics: of the output, all in order. instance, fidelity: the columns
    that are not searched. value, mode: what is optimised. seconds: the metric that is the training time so far.
    fidelities: the one at each step.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    metrics: tuple[str, ...]
    instance: str
    fidelity: str
    value: str
    mode: str
    seconds: str
    fidelities: tuple[float, ...]


_SAMPLES = tuple(step / 27 for step in range(1, 28))  # shares of the training set; rungs at 1/27, 1/9, 1/3 and 1
_RBV2_METRICS = ("acc", "bac", "auc", "brier", "f1", "logloss", "timetrain", "timepredict", "memory")
SCENARIOS: Final[Mapping[str, Scenario]] = {
    "lcbench": Scenario(
        numbers=(
            *("epoch", "batch_size", "learning_rate", "momentum", "weight_decay"),
            *("num_layers", "max_units", "max_dropout"),
        ),
        categories=("OpenML_task_id",),
        metrics=(
            *("time", "val_accuracy", "val_cross_entropy", "val_balanced_accuracy"),
            *("test_cross_entropy", "test_balanced_accuracy"),
        ),
        instance="OpenML_task_id",
        fidelity="epoch",
        value="val_accuracy",
        mode="max",
        seconds="time",
        fidelities=tuple(map(float, range(1, 53))),
    ),
    "rbv2_xgboost": Scenario(
        numbers=(
            *("nrounds", "eta", "gamma", "lambda", "alpha", "subsample", "max_depth", "min_child_weight"),
            *("colsample_bytree", "colsample_bylevel", "rate_drop", "skip_drop", "trainsize", _REPLICATIONS),
        ),
        categories=("task_id", "booster", "num.impute.selected.cpo"),
        metrics=_RBV2_METRICS,
        instance="task_id",
        fidelity="trainsize",
        value="acc",
        mode="max",
        seconds="timetrain",
        fidelities=_SAMPLES,
    ),
    "rbv2_rpart": Scenario(
        numbers=("cp", "maxdepth", "minbucket", "minsplit", "trainsize", _REPLICATIONS),
        categories=("task_id", "num.impute.selected.cpo"),
        metrics=_RBV2_METRICS,
        instance="task_id",
        fidelity="trainsize",
        value="acc",
        mode="max",
        seconds="timetrain",
        fidelities=_SAMPLES,
    ),
    "iaml_glmnet": Scenario(
        numbers=("alpha", "s", "trainsize"),
        categories=("task_id",),
        metrics=(
            *("mmce", "f1", "auc", "logloss", "ramtrain", "rammodel", "rampredict"),
            *("timetrain", "timepredict", "mec", "ias", "nf"),
        ),
        instance="task_id",
        fidelity="trainsize",
        value="mmce",
        mode="min",
        seconds="timetrain",
        fidelities=_SAMPLES,
    ),
}


def read_json(folder: Path, name: str) -> Any:
    """The content of a JSON file of the data. SettingError where it is missing or damaged."""
    path = folder / name
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise SettingError(f"{path} is no JSON: {error}.", hint="Get the file again.") from error


def read_space(folder: Path, scenario: Scenario) -> Space:
    """What is searched: all but the instance, the fidelity and the number of replications."""
    form = read_json(folder, "config_space.json")
    fixed = {scenario.instance, scenario.fidelity, _REPLICATIONS}
    domains = {each["name"]: _domain(each) for each in form["hyperparameters"] if each["name"] not in fixed}
    conditions = {each["child"]: (each["parent"], _values(each)) for each in form["conditions"]}
    return Space(domains, conditions={name: when for name, when in conditions.items() if name in domains})


def open_network(path: Path) -> Any:
    """The network, on one thread of the processor."""
    try:
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf
    except ImportError as error:
        raise MissingExtraError("A surrogate of YAHPO Gym", "yahpo") from error
    if not path.is_file():
        raise _unreadable(path, "there is no such file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidGraph, InvalidProtobuf) as error:
        raise SettingError(f"{path} is no network: {error}", hint="Get the file again.") from error


def curve_inputs(
    config: Config, scenario: Scenario, instance: str, codes: Mapping[str, Mapping[str, int]]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """One configuration at every fidelity: categories (steps, n), numbers (steps, n). codes: of ``encoding.json``."""
    import numpy as np

    known = {**config, scenario.instance: instance, _REPLICATIONS: _MOST_REPLICATIONS}
    row = [codes[name][known.get(name, _INACTIVE)] for name in scenario.categories]
    n_steps = len(scenario.fidelities)
    categories = np.tile(np.array(row, np.int32), (n_steps, 1))
    numbers = np.tile(np.array([known.get(name, 0.0) for name in scenario.numbers], np.float32), (n_steps, 1))
    numbers[:, scenario.numbers.index(scenario.fidelity)] = scenario.fidelities
    return categories, numbers


def _domain(form: Mapping[str, Any]) -> Domain:
    if form["type"] == "categorical":
        return Choice(form["choices"])
    kind = Int if form["type"] == "uniform_int" else Float
    return kind(form["lower"], form["upper"], log=form["log"])


def _values(condition: Mapping[str, Any]) -> Sequence[Any]:
    return list(condition["values"]) if "values" in condition else [condition["value"]]


def _unreadable(path: Path, why: str) -> SettingError:
    return SettingError(f"{path} can't be read: {why}.", hint=_HINT)
