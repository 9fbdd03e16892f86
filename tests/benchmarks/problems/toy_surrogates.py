"""A folder like that of YAHPO Gym, with networks of one layer: ``sin([categories, numbers] @ weights)``.

The files of a network are written here byte by byte, in the wire format of protocol buffers, as the package ``onnx`` is
not needed for anything else. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

import json

import numpy as np

from rung.benchmarks.problems._surrogate import SCENARIOS

DEVELOPMENT = {"lcbench": ["3945", "7593"], "rbv2_xgboost": ["1040"]}
RESERVED = {"lcbench": "34539", "rbv2_xgboost": "41143"}
CODES = {
    "lcbench": {"OpenML_task_id": {"#na#": 0, "34539": 1, "3945": 2, "7593": 3}},
    "rbv2_xgboost": {
        "task_id": {"#na#": 0, "1040": 1, "41143": 2},
        "booster": {"#na#": 0, "dart": 1, "gblinear": 2, "gbtree": 3},
        "num.impute.selected.cpo": {"#na#": 0, "impute.mean": 1},
    },
}
RANGES = {
    "lcbench": {
        "3945": {"best_refined": 0.9, "median": 0.2, "excess": 0.1, "saturated": False},
        "7593": {"best_refined": 0.8, "median": 0.1, "excess": 0.4921, "saturated": False},
    },
    "rbv2_xgboost": {"1040": {"best_refined": 1.0, "median": 0.4, "excess": 0.05, "saturated": True}},
}


def weights(scenario):
    spec = SCENARIOS[scenario]
    shape = (len(spec.categories) + len(spec.numbers), len(spec.metrics))
    return np.random.default_rng(0).normal(0.0, 0.1, shape).astype(np.float32)


def number(name, low, high, kind="float", *, log=False):
    return {"name": name, "type": f"uniform_{kind}", "lower": low, "upper": high, "log": log, "default": low}


def category(name, choices):
    return {"name": name, "type": "categorical", "choices": choices, "default": choices[0]}


SPACES = {
    "lcbench": {
        "hyperparameters": [
            category("OpenML_task_id", ["3945", "7593", "34539"]),
            number("batch_size", 16, 512, "int", log=True),
            number("epoch", 1, 52, "int"),
            number("learning_rate", 1e-4, 0.1, log=True),
            number("momentum", 0.1, 0.99),
        ],
        "conditions": [],
    },
    "rbv2_xgboost": {
        "hyperparameters": [
            category("booster", ["gblinear", "gbtree", "dart"]),
            category("num.impute.selected.cpo", ["impute.mean"]),
            category("task_id", ["1040", "41143"]),
            number("nrounds", 7, 29, "int", log=True),
            number("repl", 1, 10, "int"),
            number("eta", 0.001, 1.0, log=True),
            number("rate_drop", 0.0, 1.0),
            number("trainsize", 0.03, 1.0),
        ],
        "conditions": [
            {"child": "eta", "parent": "booster", "type": "IN", "values": ["dart", "gbtree"]},
            {"child": "rate_drop", "parent": "booster", "type": "EQ", "value": "dart"},
        ],
    },
}


def write_folder(data_dir):
    folder = data_dir / "yahpo"
    for scenario, space in SPACES.items():
        (folder / scenario).mkdir(parents=True)
        (folder / scenario / "config_space.json").write_text(json.dumps(space))
        (folder / scenario / "encoding.json").write_text(json.dumps(CODES[scenario]))
        (folder / scenario / "model.onnx").write_bytes(network(scenario))
    (folder / "dev_instances.json").write_text(json.dumps({"dev": DEVELOPMENT}))
    (folder / "dev_ranges.json").write_text(json.dumps(RANGES))
    return data_dir


FLOAT, INT32 = 1, 6


def network(scenario):
    spec, matrix = SCENARIOS[scenario], weights(scenario)
    nodes = [
        node("Cast", ["x_cat"], "categories", to=FLOAT),
        node("Concat", ["categories", "x_cont"], "row", axis=1),
        node("MatMul", ["row", "weights"], "sum"),
        node("Sin", ["sum"], "output"),
    ]
    tensor = b"".join(varint_field(1, size) for size in matrix.shape)
    tensor += varint_field(2, FLOAT) + field(8, b"weights") + field(9, matrix.tobytes())
    graph = b"".join(field(1, each) for each in nodes) + field(2, b"toy") + field(5, tensor)
    graph += field(11, value("x_cat", INT32, len(spec.categories))) + field(
        11, value("x_cont", FLOAT, len(spec.numbers))
    )
    graph += field(12, value("output", FLOAT, len(spec.metrics)))
    opset = varint_field(2, 13)
    return varint_field(1, 8) + field(7, graph) + field(8, opset)


def node(kind, inputs, output, **attributes):
    parts = [field(1, name.encode()) for name in inputs] + [field(2, output.encode()), field(4, kind.encode())]
    for name, whole in attributes.items():
        parts.append(field(5, field(1, name.encode()) + varint_field(3, whole) + varint_field(20, 2)))
    return b"".join(parts)


def value(name, kind, columns):
    shape = field(1, field(2, b"rows")) + field(1, varint_field(1, columns))
    return field(1, name.encode()) + field(2, field(1, varint_field(1, kind) + field(2, shape)))


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint_field(number, whole):
    return varint(number << 3) + varint(whole)


def varint(whole):
    groups = []
    while True:
        whole, group = whole >> 7, whole & 0x7F
        if not whole:
            return bytes([*groups, group])
        groups.append(group | 0x80)
