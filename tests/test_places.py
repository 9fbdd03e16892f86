from __future__ import annotations

from pathlib import Path

import pytest

from rung.places import OUTPUT, kept_file, output_file, trial_folder


def test_each_trial_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folders = [trial_folder(tmp_path, number) for number in (0, 7, 123_456)]
    assert [folder.name for folder in folders] == ["trial-00000", "trial-00007", "trial-123456"]
    assert {folder.parent for folder in folders} == {tmp_path}


def test_output_is_found_once_there_is_some(tmp_path: Path) -> None:
    assert output_file(tmp_path, 3) is None
    trial_folder(tmp_path, 3).mkdir()
    assert output_file(tmp_path, 3) is None
    (trial_folder(tmp_path, 3) / OUTPUT).write_text("epoch 1\n")
    assert output_file(tmp_path, 3) == trial_folder(tmp_path, 3) / "output.log"


@pytest.mark.parametrize("name", ["step-000001-attempt-1.npz", "artifacts/lenet/trial-00003/roc.png"])
def test_a_kept_file_is_found_where_its_folder_has_been_moved(tmp_path: Path, name: str) -> None:
    before, now = tmp_path / "before" / "lenet", tmp_path / "now" / "lenet"
    logged = trial_folder(before, 3) / name
    logged.parent.mkdir(parents=True)
    logged.touch()
    assert kept_file(before, 3, str(logged)) == logged
    assert kept_file(now, 3, str(logged)) == logged
    copied = trial_folder(now, 3) / name
    copied.parent.mkdir(parents=True)
    copied.touch()
    assert kept_file(now, 3, str(logged)) == copied
    assert kept_file(now, 4, str(logged)) == logged
    assert kept_file(now, 3, "/elsewhere/3.npz") == Path("/elsewhere/3.npz")
