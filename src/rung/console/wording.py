"""How numbers, configurations, states and endings read, in the progress and on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rung.schedulers._grace import first_rung
from rung.schedulers._rungs import rung_levels
from rung.stopping import criterion_from_json
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.events import StudyCreated
    from rung.rows import StudyRow
    from rung.space import Space
    from rung.types import Config, Json

_EVEN_RUNGS = frozenset({"asha", "halving", "pasha"})  # each rung reduction_factor times as far as the one below

MARKS: Mapping[TrialState, str] = {
    TrialState.RUNNING: "● run",
    TrialState.WAITING: "… waiting",
    TrialState.PAUSED: "‖ paused",
    TrialState.COMPLETED: "✓ done",
    TrialState.STOPPED: "■ stopped",
    TrialState.FAILED: "✗ failed",
}
"""The states of trials in a word, with a mark that does without colour."""

ENDINGS: Mapping[str, str] = {
    "done": "done",
    "exhausted": "done, nothing is left to try",
    "seconds": "done, the time is up",
    "criterion": "done",
    "budget": "stopped",
    "stopped": "stopped on request",
    "paused": "paused on request",
    "interrupted": "interrupted",
    "failures": "paused, everything failed",
    "objective": "paused, the objective can't be loaded",
}
"""Why a session ended (``SessionEnded.why``), for people; the first word is the state of the study."""


_EXCEPTION = re.compile(r"[\w.]*(Error|Exception|Interrupt|Exit)\b")
_OWN_ERROR = re.compile(r"^rung\.errors\.\w+: ")
"""Errors of rung are sentences already."""
_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """The text without what a terminal obeys rather than shows; tabs and ends of lines stay."""
    return _CODES.sub("", text)


def ended(why: str, message: str) -> str:
    """Why a session ended, in full: ``done, 100 trials were begun``."""
    words = ENDINGS.get(why, why)
    return f"{words}, {message}" if message else words


def number(value: float | None) -> str:
    """Four significant digits; without an exponent where that is short."""
    if value is None:
        return "—"
    if 10_000 <= abs(value) < 1e9:
        return f"{value:.0f}"
    return f"{value:.4g}"


def setting(value: Json) -> str:
    """A hyperparameter's value: a short float, a bare string, else JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return number(value)
    return json.dumps(value)


def settings(config: Config) -> str:
    """A configuration on one line: ``lr=0.031 opt=adam``."""
    return " ".join(f"{name}={setting(value)}" for name, value in config.items()) or "no hyperparameters"


def clock(seconds: float) -> str:
    """``0:31``, ``6:29`` or ``1:02:03``."""
    minutes, second = divmod(int(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def roughly(seconds: float) -> str:
    """A duration for people: ``12 s``, ``4 min``, ``3 h``, ``2 days``."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def lasted(seconds: float) -> str:
    """How long something took: ``0.3 s``, then as ``clock`` has it."""
    return f"{seconds:.1f} s" if seconds < 10 else clock(seconds)


def address(url: str) -> str:
    """Where a store is: the bare path of a file, else the URL."""
    return url.removeprefix("sqlite:///")


def headline(message: str) -> str:
    """The line of a message that says most: its last one if that names an exception, else its first."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines:
        return ""
    line = lines[-1] if _EXCEPTION.match(lines[-1]) else lines[0]
    return _OWN_ERROR.sub("", line)


def counted(counts: Mapping[TrialState, int]) -> str:
    """How many trials are in which state: ``20 completed, 28 stopped``; empty without trials."""
    return ", ".join(f"{counts[state]} {state}" for state in TrialState if counts.get(state))


def size(count: float) -> str:
    """Bytes as people read them: ``512 B``, ``3.4 MB``."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        del units[0]
    return f"{count:.0f} {units[0]}" if units[0] == "B" or count >= 100 else f"{count:.1f} {units[0]}"


def plural(count: int, noun: str) -> str:
    """``1 trial``, ``2 trials``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def method(study: StudyRow | StudyCreated) -> str:
    """Searcher and scheduler: ``random + asha (stopping, η=3, rungs 1 3 9 27)``."""
    return f"{part_name(study.searcher)} + {part_name(study.scheduler)}"


def dimension(space: Space, name: str) -> str:
    """What is searched: ``Float(0.001, 1.0, log=True), prior ~0.01 (high confidence)``."""
    prior = space.priors.get(name)
    return repr(space[name]) if prior is None else f"{space[name]!r}, prior {prior}"


def part_name(spec: Json) -> str:
    """A searcher or scheduler by its JSON form: ``tpe``, ``asha (stopping, η=3, rungs 1 3 9 27)``.

    One that stops trials by a criterion says which, and what it is put around: ``early (patience:5; basic)``.
    """
    if not isinstance(spec, Mapping):
        return "unnamed"
    name = str(spec.get("name") or str(spec.get("class", "unnamed")).rpartition(":")[2])
    if "criterion" in spec and "within" in spec:
        return f"{name} ({criterion_from_json(spec['criterion'])}; {part_name(spec['within'])})"
    if "max_t" not in spec or "reduction_factor" not in spec:
        return name
    variant = f"{spec['variant']}, " if "variant" in spec else ""
    return f"{name} ({variant}η={spec['reduction_factor']}, {_lengths(name, spec)})"


def longest_training(spec: Json) -> int | None:
    """The ``max_t`` of a scheduler by its JSON form, or of the one that it is put around; None without one."""
    if not isinstance(spec, Mapping):
        return None
    if "within" in spec:
        return longest_training(spec["within"])
    max_t = spec.get("max_t")
    return max_t if isinstance(max_t, int) else None


def _lengths(name: str, spec: Mapping[str, Json]) -> str:
    """The rungs of a scheduler, where they follow from its settings in one way only, else the longest training."""
    max_t, factor, first = spec["max_t"], spec["reduction_factor"], spec.get("grace_period")
    if name not in _EVEN_RUNGS or not isinstance(max_t, int) or not isinstance(factor, int):
        return f"up to {max_t}"
    levels = rung_levels(first if isinstance(first, int) else first_rung(max_t, factor), max_t, factor)
    return f"rungs {' '.join(map(str, levels))}"
