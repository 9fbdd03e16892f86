import json

import numpy as np
import pytest

from rung.benchmarks.problems.table_files import config_key, read_table, save_table
from rung.errors import SettingError
from rung.space import Choice, Float, Int, Ordinal, Space, forbid
from rung.types import Goal

SPACE = Space({"kind": Choice(["sgd", "adam"]), "layers": Int(1, 3), "deep": Choice([False, True])})
CONFIGS = [
    {"kind": kind, "layers": layers, "deep": deep}
    for kind in ("sgd", "adam")
    for layers in (1, 2, 3)
    for deep in (False, True)
]
VALUES = np.arange(36.0).reshape(12, 3)
COSTS = np.full((12, 3), 2.0)


def save(path, **changes):
    content = {"space": SPACE, "goal": Goal("error"), "configs": CONFIGS, "values": VALUES, "costs": COSTS}
    save_table(path, **{**content, **changes})
    return path


def changed(path, **arrays):
    """The good table with other arrays; None takes one out."""
    with np.load(save(path)) as file:
        content = {**{name: file[name] for name in file.files}, **arrays}
    np.savez(path, **{name: array for name, array in content.items() if array is not None})
    return path


def about(**changes):
    form = {"format": 1, "space": SPACE.to_json(), "goal": {"metric": "error", "mode": "min"}, "lookup": "exact"}
    return np.array(json.dumps({**form, **changes}))


def test_what_is_saved_is_read(tmp_path):
    content = read_table(save(tmp_path / "t.npz", goal=Goal("accuracy", "max"), caveat="Made up."))
    assert content.space == SPACE
    assert content.goal == Goal("accuracy", "max")
    assert content.caveat == "Made up."
    assert content.configs == CONFIGS
    assert (content.values == VALUES).all()
    assert (content.costs == COSTS).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.npz"]


def test_the_documented_layout_can_be_written_by_hand(tmp_path):
    space = {"type": "space", "dimensions": [{"name": "lr", "type": "ordinal", "values": [0.1, 0.01]}]}
    np.savez(
        tmp_path / "hand.npz",
        **{
            "about": about(space=space),
            "config/lr": np.array([0.01, 0.1]),
            "values": np.array([[0.5, 0.4], [0.6, 0.2]]),
            "costs": np.array([[1, 1], [2, 2]]),
        },
    )
    content = read_table(tmp_path / "hand.npz")
    assert content.configs == [{"lr": 0.01}, {"lr": 0.1}]
    assert content.costs.dtype == np.float64


def test_numbers_of_several_kinds_stay_what_their_domain_makes_of_them(tmp_path):
    space = Space({"units": Ordinal([16, 32.5]), "share": Float(0, 1)})
    configs = [{"units": 16, "share": 0}, {"units": 32.5, "share": 1}]
    save(tmp_path / "t.npz", space=space, configs=configs, values=[[1], [2]], costs=[[1], [1]], lookup="nearest")
    assert read_table(tmp_path / "t.npz").configs == [{"units": 16, "share": 0.0}, {"units": 32.5, "share": 1.0}]


def test_keys_tell_values_apart_as_json_does():
    assert len({config_key({"x": value}) for value in (1, 1.0, True, "1")}) == 4


BAD = {
    "no rows": ({"configs": []}, "has no rows|0 configurations"),
    "a configuration twice": ({"configs": [*CONFIGS[:-1], CONFIGS[0]]}, "rows 0 and 11 have the same configuration"),
    "outside": ({"configs": [{**CONFIGS[0], "layers": 9}, *CONFIGS[1:]]}, r"row 0 is not in its space: layers"),
    "missing name": ({"configs": [*CONFIGS[:-1], {"kind": "sgd"}]}, "row 11 is not in its space: layers is missing"),
    "too few rows": ({"configs": CONFIGS[:-1], "values": VALUES[:-1], "costs": COSTS[:-1]}, "lacks 1 of 12 .*'adam'"),
    "values for others": ({"values": VALUES[:-1]}, r"row for each of 12 configurations.* has the shape \(11, 3\)"),
    "no steps": ({"values": np.empty((12, 0)), "costs": np.empty((12, 0))}, r"has the shape \(12, 0\)"),
    "one dimension": ({"values": VALUES[:, 0]}, r"has the shape \(12,\)"),
    "other costs": ({"costs": COSTS[:, :2]}, r"'costs' should have the shape \(12, 3\).* has \(12, 2\)"),
    "ragged": ({"values": [[1, 2], [3]]}, "'values' has rows of different lengths"),
    "text": ({"values": VALUES.astype(str)}, "'values' should be numbers"),
    "nan": ({"values": np.where(VALUES == 4, np.nan, VALUES)}, r"values\[1, 1\] is nan. .*diverged"),
    "infinite": ({"costs": np.where(VALUES == 5, np.inf, COSTS)}, r"costs\[1, 2\] is inf. Seconds are at least 0"),
    "negative": ({"costs": np.where(VALUES == 5, -1.0, COSTS)}, r"costs\[1, 2\] is -1.0. Seconds are at least 0"),
    "lookup": ({"lookup": "near"}, "lookup is 'exact' or 'nearest', and here it is 'near'"),
    "mode": ({"goal": Goal("error", "least")}, "the mode is 'min' or 'max', and here it is 'least'"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_content_is_refused_and_nothing_is_written(tmp_path, fault):
    changes, message = BAD[fault]
    with pytest.raises(SettingError, match=message):
        save(tmp_path / "t.npz", **changes)
    assert not list(tmp_path.iterdir())


def test_an_old_table_survives_a_refused_one(tmp_path):
    save(tmp_path / "t.npz")
    with pytest.raises(SettingError):
        save(tmp_path / "t.npz", values=VALUES[:-1])
    assert (read_table(tmp_path / "t.npz").values == VALUES).all()


def test_a_table_that_can_not_be_written_leaves_nothing(tmp_path):
    with pytest.raises(SettingError, match=r"t\.npz can't be written: No such file or directory"):
        save(tmp_path / "missing" / "t.npz")
    (tmp_path / "taken").mkdir()
    with pytest.raises(SettingError, match=r"taken can't be written: Is a directory"):
        save(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_conditions_and_constraints_are_refused(tmp_path):
    domains = {"kind": Choice(["sgd", "adam"]), "layers": Int(1, 3)}
    configs = [{"kind": "sgd", "layers": 1}]
    for space in (
        Space(domains, conditions={"layers": ("kind", "sgd")}),
        Space(domains, constraints=[forbid({"kind": "adam", "layers": 3})]),
    ):
        with pytest.raises(SettingError, match="conditions or constraints, which a table can't have"):
            save(tmp_path / "t.npz", space=space, configs=configs, values=[[1]], costs=[[1]], lookup="nearest")


def test_an_exact_table_needs_a_finite_space(tmp_path):
    with pytest.raises(SettingError, match=r"infinitely many configurations.*lookup='nearest'"):
        save(tmp_path / "t.npz", space=Space({"x": Float(0, 1)}), configs=[{"x": 0.5}], values=[[1]], costs=[[1]])


def test_values_that_numpy_would_mix_are_refused(tmp_path):
    space = Space({"depth": Choice([1, "auto"])})
    configs = [{"depth": 1}, {"depth": "auto"}]
    with pytest.raises(SettingError, match="row 0 is not in its space: depth: '1'"):
        save(tmp_path / "t.npz", space=space, configs=configs, values=[[1], [2]], costs=[[1], [1]])
    space, configs = Space({"depth": Choice([1, None])}), [{"depth": 1}, {"depth": None}]
    with pytest.raises(SettingError, match="'config/depth' should be a list of numbers, booleans or strings"):
        save(tmp_path / "t.npz", space=space, configs=configs, values=[[1], [2]], costs=[[1], [1]])


FILES = {
    "no about": ({"about": None}, "no array 'about'; there are: "),
    "no json": ({"about": np.array("{")}, "'about' is no JSON"),
    "newer": ({"about": about(format=2)}, "format 1, and is .*'format': 2"),
    "no space": ({"about": np.array('{"format": 1}')}, "'about' has no 'space'"),
    "no metric": ({"about": about(goal={})}, "'about' has no 'metric'"),
    "odd space": ({"about": about(space={"type": "none"})}, "describes no table: this is not the JSON form"),
    "odd goal": ({"about": about(goal=3)}, "describes no table"),
    "a column is missing": ({"config/kind": None}, "no array 'config/kind'"),
    "columns differ": ({"config/kind": np.array(["sgd"])}, r"different numbers of rows \(kind: 1, layers: 12"),
    "a matrix": ({"config/kind": np.zeros((12, 2))}, r"'config/kind' should be a list .* float64 \(12, 2\)"),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_file_that_is_wrong_is_refused(tmp_path, fault):
    arrays, message = FILES[fault]
    with pytest.raises(SettingError, match=message):
        read_table(changed(tmp_path / "t.npz", **arrays))


def test_what_is_no_npz_file_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"There is no table .*missing\.npz. Give the path"):
        read_table(tmp_path / "missing.npz")
    bad = tmp_path / "bad.npz"
    whole = save(tmp_path / "whole.npz").read_bytes()
    damaged = whole[:300] + b"damaged" + whole[307:]
    for content in (b"", b"nonsense", b"PK\x03\x04 torn", whole[:-100], damaged):
        bad.write_bytes(content)
        with pytest.raises(SettingError, match=r"bad\.npz can't be read as a table"):
            read_table(bad)
    np.save(tmp_path / "one.npy", VALUES)
    with pytest.raises(SettingError, match=r"one\.npy can't be read as a table"):
        read_table(tmp_path / "one.npy")
    with pytest.raises(SettingError, match="can't be read as a table"):
        read_table(tmp_path)


def test_pickles_are_not_opened(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, about=about(), values=np.array([object()], dtype=object))
    with pytest.raises(SettingError, match="can't be read as a table"):
        read_table(path)
