from __future__ import annotations

import functools
import hashlib
import math
import sys
from pathlib import Path

import pytest

from rung.analysis.comparison.repeats import FOREIGN, code_tag, on_code, repeatable_spec, source_of
from rung.benchmarks.methods import PEERS
from rung.errors import SettingError
from rung.rows import StudyRow
from rung.runtime.objective import Kind, Objective, as_objective
from rung.types import Goal


def train(x):
    return x


def logged(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x)

    return wrapper


class Callable:
    def __call__(self, x):
        return x


def row_of(*tags):
    return StudyRow(
        name="s",
        goal=Goal("error"),
        seed=0,
        space={},
        searcher=None,
        scheduler={},
        objective=None,
        created_unix=1.0,
        tags=tags,
    )


@pytest.mark.parametrize("target", [train, functools.partial(train, x=1), logged(train), Callable()])
def test_the_file_of_a_function(target):
    assert source_of(as_objective(target)) == Path(__file__)


def test_what_is_built_in_has_no_file():
    assert source_of(Objective(Kind.FUNCTION, math.sqrt)) is None
    assert code_tag(None) is None
    assert on_code([row_of("code:aaa")], None) == []


def test_the_file_of_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("print(1)")
    Path("data.csv").write_text("1")
    words = [sys.executable, "-u", "train.py", "--data", "data.csv"]
    assert source_of(as_objective(words)) == Path("train.py")
    assert source_of(as_objective([sys.executable, "-m", "train", "data.csv"])) is None
    assert source_of(as_objective([sys.executable, "elsewhere.py"])) is None


def test_the_tag_is_a_digest_of_what_is_in_the_file(tmp_path: Path):
    path = tmp_path / "train.py"
    path.write_bytes(b"x = 1")
    assert code_tag(path) == f"code:{hashlib.sha256(b'x = 1').hexdigest()[:12]}"


def test_runs_that_do_not_know_their_code_are_not_called_old(tmp_path: Path):
    path = tmp_path / "train.py"
    path.write_text("x = 1")
    now = code_tag(path)
    assert on_code([row_of("repeat"), row_of("repeat", now)], path) == []
    told = on_code([row_of("repeat"), row_of(now), row_of("code:aaa", now)], path)
    assert told == ["1 of 3 runs was made before train.py was changed."]


@pytest.mark.parametrize("method", ["optuna:tpe", "asha+smac:hb", "synetune:BORE(x=1)"])
def test_methods_of_other_projects_are_for_bench(method):
    with pytest.raises(SettingError, match="is a method of another project") as caught:
        repeatable_spec(method, max_t=3)
    assert "rung bench" in caught.value.hint


def test_other_classes_that_are_not_there_are_told_as_ever():
    with pytest.raises(SettingError, match="'nowhere_at_all:Class' can't be imported"):
        repeatable_spec("nowhere_at_all:Class", max_t=3)


def test_all_other_projects_are_known():
    assert PEERS.keys() <= FOREIGN
