import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from rung.analysis.comparison.runs import Budget, Point, Run
from rung.benchmarks import results
from rung.benchmarks.results import Ignored, append, read
from rung.errors import RungError, SettingError
from rung.types import Goal

RUN = Run(
    problem="branin",
    method="tpe",
    seed=3,
    goal=Goal("value"),
    budget=Budget("evaluations", 50, workers=4),
    points=(Point(1, 1, 2.5, 0.01, 0.1, None), Point(2, 2, 5.0, 0.02, 0.2, 17.5)),
    space={"type": "space", "dimensions": [{"name": "x", "type": "float", "low": 0.0, "high": 1.0}]},
    best_known=0.397887,
    median=30.0,
    caveat="Made up.",
    cpu_s=0.2,
    failed="",
    versions={"rung": "0.1.0"},
    notes={"command": "rung bench run"},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.jsonl"


def other(**changes: object) -> Run:
    return msgspec.structs.replace(RUN, **changes)


def test_what_is_appended_is_read(path):
    runs = (RUN, other(seed=4, failed="é\nZeile"), other(method="gp", best_known=None))
    for run in runs:
        append(path, run)
    assert read(path) == results.Results(runs)
    assert read(path).keys == {run.key for run in runs}


def test_a_line_is_as_documented(path):
    append(path, RUN)
    line = path.read_text()
    assert line.endswith("\n")
    form = json.loads(line)
    assert form["format"] == 1
    assert form["points"] == [[1, 1, 2.5, 0.01, 0.1, None], [2, 2, 5.0, 0.02, 0.2, 17.5]]
    assert form["budget"] == {"axis": "evaluations", "limit": 50, "workers": 4}


def test_bad_lines_are_named_and_the_rest_is_used(path):
    append(path, RUN)
    with path.open("a") as file:
        file.write("nonsense\n\n[1]\n" + '{"format": 1, "problem": "branin"}\n' + '{"format": 99}\n')
    append(path, other(seed=4))
    found = read(path)
    assert [run.seed for run in found.runs] == [3, 4]
    assert [(each.line, each.reason.split(":")[0]) for each in found.ignored] == [
        (2, "no JSON"),
        (4, "no run"),
        (5, "no run"),
        (6, "written by a newer rung (format 99, this one reads 1)"),
    ]
    assert "method" in found.ignored[2].reason


def test_bytes_that_are_no_text_are_a_bad_line(path):
    append(path, RUN)
    with path.open("ab") as file:
        file.write(b'{"format": 1, "problem": "\xff"}\n')
    assert len(read(path).runs) == 1
    assert read(path).ignored[0].line == 2


@pytest.mark.parametrize("axis", ["epochs", ""])
def test_an_unknown_axis_is_a_bad_line(path, axis):
    append(path, RUN)
    path.write_text(path.read_text().replace('"evaluations"', f'"{axis}"'))
    assert read(path).runs == ()
    assert "Invalid enum value" in read(path).ignored[0].reason


@pytest.mark.parametrize("keep", [1, 30, -2, -1])
def test_a_line_that_was_cut_short_spoils_nothing_that_comes_later(path, keep):
    append(path, RUN)
    whole = path.read_bytes()
    append(path, other(seed=4))
    path.write_bytes(whole + path.read_bytes()[len(whole) :][:keep])
    if keep == -1:
        assert [run.seed for run in read(path).runs] == [3, 4]  # only its end of line is missing
    else:
        assert read(path).ignored == (Ignored(2, "cut short"),)
    append(path, other(seed=5))
    assert {3, 5} <= {run.seed for run in read(path).runs}


def test_of_two_lines_for_one_run_the_last_counts(path):
    append(path, RUN)
    append(path, other(seed=4))
    append(path, other(cpu_s=9.0))
    found = read(path)
    assert [(run.seed, run.cpu_s) for run in found.runs] == [(4, 0.2), (3, 9.0)]
    assert found.ignored == (Ignored(1, "line 3 is about the same run: tpe on branin with seed 3"),)


def test_fields_of_a_newer_rung_are_ignored(path):
    append(path, RUN)
    path.write_text(path.read_text().replace('"format":1', '"format":1,"colour":"red"'))
    assert read(path).runs == (RUN,)


def test_an_empty_file_has_no_runs_and_a_missing_one_is_an_error(path):
    path.touch()
    assert read(path) == results.Results(())
    path.unlink()
    with pytest.raises(SettingError, match=r"no benchmark results at .*runs\.jsonl"):
        read(path)
    assert not path.exists()
    with pytest.raises(RungError, match="can't be read"):
        read(path.parent)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": (Point(1, 1, float("nan"), 0.0, 0.0, None),)}, "could not be read back: no run: Expected `float`"),
        ({"cpu_s": float("inf")}, "could not be read back"),
        ({"notes": {"what": object()}}, "is no JSON"),
        ({"failed": "\udcff"}, "is no JSON"),
    ],
)
def test_a_run_that_could_not_be_read_back_is_refused(path, changes, message):
    with pytest.raises(SettingError, match=message):
        append(path, other(**changes))
    assert not path.exists()


def test_a_value_that_is_no_number_is_none(path):
    append(path, other(points=(Point(1, 1, 1.0, 0.0, 0.0, float("nan")),)))
    assert read(path).runs[0].points[0].best is None


def test_a_full_disk_leaves_nothing_half_written(path, monkeypatch):
    append(path, RUN)
    before = path.read_bytes()
    write = os.write

    def write_a_part(descriptor, content):
        if len(content) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content[: len(content) // 2])

    monkeypatch.setattr(results.os, "write", write_a_part)
    with pytest.raises(RungError, match=r"tpe on branin with seed 4 can't be written to .*: No space left on device"):
        append(path, other(seed=4))
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RungError, match="can't be written"):
        append(tmp_path / "missing" / "runs.jsonl", RUN)


APPENDING = """
import sys
from pathlib import Path
import msgspec
from rung.benchmarks.results import append, read
path, worker = Path(sys.argv[1]), int(sys.argv[2])
run = read(path).runs[0]
for seed in range(40):
    append(path, msgspec.structs.replace(run, method=f"m{worker}", seed=seed, caveat="x" * 5000 * worker))
"""


APPENDING_FOREVER = """
import itertools, sys
from pathlib import Path
import msgspec
from rung.benchmarks.results import append, read
path = Path(sys.argv[1])
run = read(path).runs[0]
for seed in itertools.count(100):
    append(path, msgspec.structs.replace(run, seed=seed, caveat="x" * 50_000))
    print(seed, flush=True)
"""


def test_a_kill_loses_nothing_that_was_acknowledged(path):
    append(path, RUN)
    with subprocess.Popen(
        [sys.executable, "-c", APPENDING_FOREVER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        acknowledged = [int(process.stdout.readline()) for _ in range(20)]
        process.kill()
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    append(path, other(seed=4))
    seeds = {run.seed for run in read(path).runs}
    assert {3, 4, *acknowledged} <= seeds
    assert len(seeds) <= len(acknowledged) + 3  # at most one that was written and not acknowledged


def test_several_processes_append_at_once(path):
    append(path, RUN)
    processes = [subprocess.Popen([sys.executable, "-c", APPENDING, str(path), str(worker)]) for worker in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    found = read(path)
    assert found.ignored == ()
    assert len(found.keys) == 121
