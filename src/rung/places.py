"""Where the files of a trial are, below the folder of its study."""

from __future__ import annotations

from pathlib import Path
from typing import Final

OUTPUT: Final = "output.log"
"""What a trial has printed, all its runs one after the other, in the trial's folder."""


def trial_folder(study_folder: Path, trial: int) -> Path:
    """The trial's own folder, for checkpoints, artifacts and its output."""
    return study_folder / f"trial-{trial:05d}"


def kept_file(study_folder: Path, trial: int, logged: str) -> Path:
    """Where a file is now that the trial has kept: in its folder, wherever that has been moved or copied since.

    logged: its path when it was kept, which counts where the folder does not have it.
    """
    folder = trial_folder(study_folder, trial)
    parts = Path(logged).parts
    for index in range(len(parts) - 2, 0, -1):
        if parts[index - 1 : index + 1] == (study_folder.name, folder.name):
            here = folder.joinpath(*parts[index + 1 :])
            if here.exists():
                return here
    return Path(logged)


def output_file(study_folder: Path, trial: int) -> Path | None:
    """The file with what the trial has printed; None when there is none."""
    file = trial_folder(study_folder, trial) / OUTPUT
    return file if file.is_file() else None
