"""Which GPUs there are."""

from __future__ import annotations

import re
import shutil
import subprocess

from rung.errors import SettingError

_PATIENCE_S = 30.0  # nvidia-smi takes seconds where no driver is kept loaded


def named_gpus(visible: str) -> tuple[str, ...]:
    """The ids in a value of CUDA_VISIBLE_DEVICES, which ends at the first one that is none, as CUDA has it."""
    gpus: list[str] = []
    for word in visible.split(","):
        gpu = word.strip()
        if not gpu or gpu.startswith("-") or gpu == "NoDevFiles":
            break
        gpus.append(gpu)
    return tuple(gpus)


def found_gpus() -> tuple[str, ...]:
    """The GPUs of this machine: their numbers, or the UUIDs of MIG devices where one is divided. SettingError."""
    command = shutil.which("nvidia-smi")
    gpus = None if command is None else _listed_by(command)
    if not gpus:
        raise SettingError(
            "gpus='all', but no GPU was found here"
            + (": there is no command nvidia-smi." if command is None else ": nvidia-smi lists none."),
            hint="Name the GPUs as CUDA_VISIBLE_DEVICES takes them, or leave gpus out.",
        )
    return gpus


def gpus_in(listing: str) -> tuple[str, ...]:
    """The GPUs that ``nvidia-smi -L`` prints."""
    gpus: list[str] = []
    divided: list[str] = []
    for line in listing.splitlines():
        if found := re.match(r"GPU (\d+):", line):
            gpus.append(found[1])
        elif found := re.search(r"\(UUID:\s*(MIG-[^)\s]+)\)", line):
            if gpus and gpus[-1].isdigit() and line.startswith(" "):
                divided.append(gpus[-1])
            gpus.append(found[1])
    return tuple(gpu for gpu in gpus if gpu not in divided)


def _listed_by(command: str) -> tuple[str, ...]:
    try:
        listed = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=_PATIENCE_S, check=False)  # noqa: S603 - its own full path
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return gpus_in(listed.stdout) if listed.returncode == 0 else ()
