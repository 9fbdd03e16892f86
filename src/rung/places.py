"""Where the files of a trial are, below the folder of its study."""

from __future__ import annotations

from pathlib import Path
from typing import Final

OUTPUT: Final = "output.log"
"""What a trial has printed, all its runs one after the other, in the trial's folder."""


def trial_folder(study_folder: Path, trial: int) -> Path:
    """The trial's own folder, for checkpoints, artifacts and its output."""
    return study_folder / f"trial-{trial:05d}"


def output_file(study_folder: Path, trial: int) -> Path | None:
    """The file with what the trial has printed; None when there is none."""
    file = trial_folder(study_folder, trial) / OUTPUT
    return file if file.is_file() else None
