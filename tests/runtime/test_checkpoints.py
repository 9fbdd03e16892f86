from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recording_channel import make_job

from rung.errors import CheckpointError
from rung.runtime.checkpoints import first_intact, load, load_checkpoint, save, sweep
from rung.types import Checkpoint

STATE = {"weights": np.arange(5.0), "step": 3, "name": "lenet", "nested": [(1, {2: b"x"}), None]}


def test_a_checkpoint_tells_where_and_what_it_is(tmp_path):
    saved = save(STATE, folder=tmp_path / "a" / "b", step=12, attempt=3)
    path = Path(saved.path)
    assert path == tmp_path / "a" / "b" / "step-000012-attempt-3.npz"
    content = path.read_bytes()
    assert saved == Checkpoint(12, str(path), hashlib.sha256(content).hexdigest(), len(content))
    assert list(path.parent.iterdir()) == [path]


def test_the_state_comes_back(tmp_path):
    state = load(save(STATE, folder=tmp_path, step=1, attempt=1))
    assert state.pop("weights").tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert state == {"step": 3, "name": "lenet", "nested": [(1, {2: b"x"}), None]}


def test_the_path_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert save(STATE, folder="here", step=1, attempt=1).path == f"{tmp_path}/here/step-000001-attempt-1.npz"


def test_the_same_state_gives_the_same_file(tmp_path):
    one, other = (save(STATE, folder=tmp_path / name, step=1, attempt=1) for name in ("one", "other"))
    assert one.sha256 == other.sha256


def test_others_can_read_it(tmp_path):
    saved = save(STATE, folder=tmp_path, step=1, attempt=1)
    with np.load(saved.path) as archive:
        assert archive["0"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    with zipfile.ZipFile(saved.path) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["0.npy", "tree.json"]


def test_saving_again_replaces(tmp_path):
    first = save({"x": 1}, folder=tmp_path, step=1, attempt=1)
    second = save({"x": 2}, folder=tmp_path, step=1, attempt=1)
    assert first.path == second.path
    assert load(second) == {"x": 2}
    with pytest.raises(CheckpointError, match="is damaged: its sha256 is"):
        load(first)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cut=st.booleans())
def test_any_damage_is_noticed(tmp_path, place, flip, cut):
    saved = save(STATE, folder=tmp_path, step=1, attempt=1)
    path = Path(saved.path)
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    if cut:
        del content[at:]
    else:
        content[at] ^= flip
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"is damaged.*Go on from an earlier one"):
        load(saved)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(CheckpointError, match=r"can't be read: .*No such file"):
        load(Checkpoint(1, str(tmp_path / "none.npz"), "0" * 64, 0))


@pytest.mark.parametrize("content", [b"no archive", None])
def test_a_file_of_another_kind_says_so(tmp_path, content):
    path = tmp_path / "other.npz"
    if content is None:
        np.savez(path, x=np.zeros(3))
    else:
        path.write_bytes(content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(CheckpointError, match="can't be read"):
        load(Checkpoint(1, str(path), digest, path.stat().st_size))


def test_the_first_intact_one_is_taken(tmp_path):
    saved = [save({"step": step}, folder=tmp_path, step=step, attempt=1) for step in (3, 2, 1)]
    snapshot, faults = first_intact(saved)
    assert (snapshot.checkpoint, snapshot.state, faults) == (saved[0], {"step": 3}, ())
    Path(saved[0].path).write_bytes(b"")
    Path(saved[1].path).unlink()
    snapshot, faults = first_intact(saved)
    assert (snapshot.checkpoint, snapshot.state) == (saved[2], {"step": 1})
    assert ["is damaged" in str(faults[0]), "can't be read" in str(faults[1])] == [True, True]
    Path(saved[2].path).unlink()
    snapshot, faults = first_intact(saved)
    assert snapshot is None
    assert len(faults) == 3
    assert first_intact([]) == (None, ())


def test_the_users_part_is_at_hand(tmp_path):
    saved = save({"stateful": {"model": {"w": 1}}, "random": {}}, folder=tmp_path, step=1, attempt=1)
    assert load_checkpoint(saved) == {"model": {"w": 1}}


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    before = save({"x": 1}, folder=tmp_path, step=1, attempt=1)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"step 2 can't be written to .*: No space left on device\. Free some"):
        save({"x": 2}, folder=tmp_path, step=2, attempt=1)
    with pytest.raises(CheckpointError, match="No space left"):
        save({"x": 3}, folder=tmp_path, step=1, attempt=1)
    assert [str(path) for path in tmp_path.iterdir()] == [before.path]
    assert load(before) == {"x": 1}


def test_a_state_that_cannot_be_kept_leaves_nothing(tmp_path):
    with pytest.raises(CheckpointError, match=r"\['x'\] can't be saved: builtins.object"):
        save({"x": object()}, folder=tmp_path / "made", step=1, attempt=1)
    assert not (tmp_path / "made").exists()


KILLED = """
import itertools, sys
import numpy as np
from rung.runtime.checkpoints import save
for step in itertools.count(1):
    saved = save({"x": np.full(200_000, step)}, folder=sys.argv[1], step=step, attempt=1)
    print(saved.step, saved.path, saved.sha256, saved.size, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 2, 5])
def test_what_was_said_to_be_saved_survives_a_kill(tmp_path, lines):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    told = [process.stdout.readline() for _ in range(lines)]
    process.kill()
    told += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    for line in told:
        step, path, sha256, size = line.split()
        assert (load(Checkpoint(int(step), path, sha256, int(size)))["x"] == int(step)).all()
    for path in tmp_path.glob("*.npz"):
        with np.load(path) as archive:
            assert archive["0"].shape == (200_000,)


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else found(name, *rest)
from rung.runtime.checkpoints import load
from rung.types import Checkpoint
state = load(Checkpoint(1, sys.argv[1], sys.argv[2], 0))
print({name: (type(x).__name__, str(x.dtype), x.tolist()) for name, x in state.items()})
"""


def test_tensors_can_be_read_without_torch(tmp_path):
    torch = pytest.importorskip("torch")
    tensors = {
        "plain": torch.tensor([1.5, -2.0]),
        "short": torch.tensor([1.5, -2.0, float("inf"), 3.0e38], dtype=torch.bfloat16),
        "tiny": torch.tensor([1.0], dtype=torch.float8_e5m2),
    }
    saved = save(tensors, folder=tmp_path, step=1, attempt=1)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, saved.path, saved.sha256], capture_output=True, text=True, check=True
    )
    inf = float("inf")
    assert eval(done.stdout, {"inf": inf}) == {
        "plain": ("ndarray", "float32", [1.5, -2.0]),
        "short": ("ndarray", "float32", [1.5, -2.0, inf, tensors["short"][3].item()]),
        "tiny": ("ndarray", "uint8", [0x3C]),
    }


def test_saving_plain_states_does_not_load_torch(tmp_path):
    code = (
        "import sys; from rung.runtime.checkpoints import load, save;"
        f"load(save({{'x': 1}}, folder={str(tmp_path)!r}, step=1, attempt=1)); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_killed_attempts_left_behind_is_swept(tmp_path):
    known = save(STATE, folder=tmp_path, step=2, attempt=1)
    for name in ("step-000003-attempt-1.npz", "step-000003-attempt-2.npz", "step-000003-attempt-2.partial"):
        (tmp_path / name).write_bytes(b"waste")
    kept = {"step-000001-attempt-3.npz", "step-000004-attempt-x.npz", "output.log", "mine-step-000001-attempt-1.npz"}
    for name in kept:
        (tmp_path / name).write_bytes(b"kept")
    sweep(make_job(tmp_path, attempt=3, checkpoints=(known,)))
    assert {path.name for path in tmp_path.iterdir()} == {*kept, Path(known.path).name}
    sweep(make_job(tmp_path / "missing", attempt=3))


def test_a_parents_checkpoints_are_not_swept(tmp_path):
    parents = save(STATE, folder=tmp_path / "parent", step=2, attempt=1)
    save(STATE, folder=tmp_path / "child", step=3, attempt=1)
    sweep(make_job(tmp_path / "child", attempt=2, parent=0, checkpoints=(parents,)))
    assert Path(parents.path).exists()
    assert list((tmp_path / "child").iterdir()) == []
