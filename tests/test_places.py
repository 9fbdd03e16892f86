from __future__ import annotations

from pathlib import Path

from rung.places import OUTPUT, output_file, trial_folder


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
