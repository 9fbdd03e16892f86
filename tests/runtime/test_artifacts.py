from __future__ import annotations

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from recording_channel import RecordingChannel, make_job

from rung._trial import Trial
from rung.errors import SettingError
from rung.types import Artifact, Logged


@pytest.fixture
def trial(tmp_path):
    return Trial(make_job(tmp_path / "trial"), RecordingChannel())


def logged(trial):
    return [fact.artifact for fact in trial.progress.channel.facts if isinstance(fact, Logged)]


def test_a_file_is_copied_and_told_of(trial, tmp_path):
    source = tmp_path / "curve.png"
    source.write_bytes(b"\0picture" * 400_000)
    trial.report(0.5)
    trial.log_artifact(source)
    (artifact,) = logged(trial)
    content = source.read_bytes()
    path = tmp_path / "trial" / "artifacts" / "curve.png"
    assert path.read_bytes() == content
    sha256 = hashlib.sha256(content).hexdigest()
    assert artifact == Artifact(name="curve.png", path=str(path), sha256=sha256, size=len(content), step=1)


def test_the_same_name_replaces(trial, tmp_path):
    for content in ("one", "three"):
        (tmp_path / "notes.txt").write_text(content)
        trial.log_artifact(str(tmp_path / "notes.txt"), "texts/./first.txt")
    kept = trial.folder / "artifacts" / "texts"
    assert (kept / "first.txt").read_text() == "three"
    assert [path.name for path in kept.iterdir()] == ["first.txt"]
    assert [(artifact.name, artifact.size) for artifact in logged(trial)] == [
        ("texts/first.txt", 3),
        ("texts/first.txt", 5),
    ]


def test_several_at_once_under_one_name_leave_one_whole(trial, tmp_path):
    sources = [tmp_path / str(number) for number in range(6)]
    for number, source in enumerate(sources):
        source.write_bytes(bytes([number]) * 3_000_000)
    with ThreadPoolExecutor(len(sources)) as pool:
        list(pool.map(lambda source: trial.log_artifact(source, "model.bin"), sources))
    artifacts = logged(trial)
    assert len(artifacts) == len(sources)
    (kept,) = (tmp_path / "trial" / "artifacts").iterdir()
    assert hashlib.sha256(kept.read_bytes()).hexdigest() in {artifact.sha256 for artifact in artifacts}


def test_what_lies_there_already_may_be_logged_itself(trial):
    path = trial.folder / "artifacts" / "own.bin"
    path.parent.mkdir()
    path.write_bytes(b"own")
    trial.log_artifact(path)
    assert path.read_bytes() == b"own"
    assert [artifact.size for artifact in logged(trial)] == [3]


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "..", ".", "", "a\\b", "a\0b", "a\udcff", 3])
def test_names_that_lead_out_of_the_folder_are_refused(trial, tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingError, match="can't name an artifact"):
        trial.log_artifact(tmp_path / "file", name)
    assert logged(trial) == []
    assert not (tmp_path / "out").exists()


def test_a_folder_is_refused(trial, tmp_path):
    with pytest.raises(SettingError, match=r"is a folder; an artifact is one file\. Log its files one by one"):
        trial.log_artifact(tmp_path)


def test_a_missing_file_is_refused(trial, tmp_path):
    with pytest.raises(SettingError, match=r"There is no file .*nothing\.txt"):
        trial.log_artifact(tmp_path / "nothing.txt")


def test_a_name_below_a_file_is_refused(trial, tmp_path):
    (tmp_path / "file").write_text("x")
    trial.log_artifact(tmp_path / "file", "a")
    with pytest.raises(SettingError, match="can't be copied to"):
        trial.log_artifact(tmp_path / "file", "a/b")
    assert len(logged(trial)) == 1


def test_a_copy_that_fails_leaves_what_was_there(trial, tmp_path, monkeypatch):
    source = tmp_path / "file"
    source.write_text("first")
    trial.log_artifact(source)
    source.write_text("second")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingError, match="No space left on device"):
        trial.log_artifact(source)
    kept = Path(logged(trial)[0].path)
    assert [path.name for path in kept.parent.iterdir()] == ["file"]
    assert kept.read_text() == "first"
