from __future__ import annotations

import json
import math
from collections import Counter, OrderedDict, defaultdict, namedtuple
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst

from rung.errors import CheckpointError
from rung.runtime._trees import decode_tree, encode_tree

torch = pytest.importorskip("torch")

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
keys = st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.binary(), st.tuples, max_leaves=3)
arrays = nst.arrays(
    nst.boolean_dtypes() | nst.integer_dtypes(endianness="?") | nst.floating_dtypes() | nst.complex_number_dtypes(),
    nst.array_shapes(min_dims=0, min_side=0, max_side=3),
)
states = st.recursive(
    scalars | arrays | arrays.map(lambda array: array.ravel()[0] if array.size else array),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.lists(parts, max_size=3).map(tuple)
        | st.dictionaries(keys, parts, max_size=3)
        | st.dictionaries(keys, parts, max_size=3).map(OrderedDict)
        | st.dictionaries(st.text(alphabet="$abdfloty", max_size=6), parts, max_size=3)
    ),
    max_leaves=8,
)


def identical(one, other):
    """Equal in type and bits, all the way down; an oracle of its own, which knows nothing of the encoding."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return (
            list(map(repr, one)) == list(map(repr, other))
            and all(map(identical, one.keys(), other.keys()))
            and all(map(identical, one.values(), other.values()))
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, np.ndarray | np.generic):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, torch.Tensor):
        same = one.dtype == other.dtype and one.shape == other.shape
        return same and one.contiguous().numpy().tobytes() == other.numpy().tobytes()
    if isinstance(one, float):
        return repr(one) == repr(other)
    return one == other


def round_trip(state):
    tree, kept = encode_tree(state)
    text = json.dumps(tree, allow_nan=False)
    return decode_tree(json.loads(text), kept)


@given(states)
def test_what_comes_back_is_what_was_given(state):
    assert identical(round_trip(state), state)


@pytest.mark.parametrize(
    "state",
    [
        {"$float": 1.0},
        {"$tuple": [1]},
        {"a": 1, "$tuple": 2},
        {2: "a", "2": "b", True: "c", (1, (None, "x")): "d"},
        Counter({3: 2, "a": 1}),
        OrderedDict([("b", 1), ("a", math.nan)]),
        [math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1],
        [2**200, -(2**63)],
        ["\ud800", "\x00", "é"],
        [np.float64(0.1), np.bool_(1), np.str_("text"), np.datetime64("2020-01-01")],
        np.array(["ab", "c"]),
        np.zeros((0, 3)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(10)[::3],
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    ],
    ids=repr,
)
def test_special_cases_come_back(state):
    assert identical(round_trip(state), state)


def test_metadata_of_torch_state_dicts_survives():
    model = torch.nn.BatchNorm1d(2)
    state = round_trip(model.state_dict())
    assert type(state) is OrderedDict
    assert state._metadata == model.state_dict()._metadata
    assert state._metadata[""]["version"] == 2


KINDS = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.complex64, torch.complex32, torch.int64, torch.int8, torch.uint8, torch.uint16, torch.bool,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3)], ids=str)
@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
def test_tensors_of_all_types_come_back(kind, shape):
    tensor = (torch.arange(6)[: math.prod(shape)].reshape(shape) * 0.75).to(kind)
    back = round_trip({"x": tensor})["x"]
    assert (back.dtype, back.shape) == (tensor.dtype, tensor.shape)
    assert back.reshape(-1).tolist() == tensor.reshape(-1).tolist()


def test_views_parameters_and_lazy_conjugates_come_back_as_plain_tensors():
    whole = torch.arange(12.0).reshape(3, 4)
    assert identical(round_trip(whole.T[1:]), whole.T[1:].contiguous())
    parameter = torch.nn.Parameter(whole)
    assert identical(round_trip(parameter), whole)
    lazy = torch.tensor([1 + 2j]).conj()
    assert round_trip(lazy).tolist() == [1 - 2j]
    assert whole.tolist() == torch.arange(12.0).reshape(3, 4).tolist()


Point = namedtuple("Point", "x")  # noqa: PYI024 - the old kind is one of those refused


@pytest.mark.parametrize(
    "thing",
    [
        object(),
        Point(1),
        {1, 2},
        Fraction(1, 2),
        defaultdict(int),
        print,
        torch.float32,
        torch.eye(2).to_sparse(),
        torch.empty(2, device="meta"),
        np.array([None]),
        np.ma.masked_array([1, 2], [True, False]),
        1j,
        type("Own", (int,), {})(3),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_cannot_be_kept_is_named_with_its_place(thing):
    with pytest.raises(CheckpointError, match=r"\['model'\]\[1\]\['x'\] can't be saved: .*A checkpoint holds"):
        encode_tree({"model": (0, {"x": thing})})
    with pytest.raises(CheckpointError, match="the state itself can't be saved"):
        encode_tree(thing)


@pytest.mark.parametrize("key", [Point(1), Fraction(1, 2), np.int64(1), (1, Point(2))])
def test_keys_that_cannot_be_kept_are_named(key):
    with pytest.raises(CheckpointError, match=r"\['model'\] can't be saved: the key"):
        encode_tree({"model": {key: 1}})


def test_a_tree_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"unknown part \$other"):
        decode_tree({"$other": 1}, [])
