"""Where a study comes from: command line, code, machine, package versions. For people; nothing depends on it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

_PACKAGES = (
    "rung", "numpy", "scipy", "torch", "tensorflow", "keras", "jax", "lightning", "transformers", "scikit-learn",
    "xgboost", "lightgbm", "pandas", "msgspec",
)  # fmt: skip


def collect_provenance() -> dict[str, Any]:
    """Command line, working directory, git commit and dirty flag, host, platform, Python and package versions.

    git: None outside a repository. Takes some tens of milliseconds, most of it for git.
    """
    return {
        "command": shlex.join([sys.executable, *sys.orig_argv[1:]]),
        "directory": os.getcwd(),  # noqa: PTH109  # a str for JSON
        "git": _git(),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": _versions(),
    }


def describe_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Cores, processor and system in a line, as results of measurements need it. cpuinfo: where Linux tells them."""
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores ({model}), {platform.system()}"


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _git() -> dict[str, Any] | None:
    try:
        commit = _ask_git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_ask_git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _ask_git(*arguments: str) -> str:
    command = ["git", *arguments]  # whichever git the user has on the path is the one meant
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()  # noqa: S603
