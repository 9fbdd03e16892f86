"""Names of studies: the nearest one when one is not found, and the folder that goes with one."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable
from urllib.parse import quote

from rung.errors import StudyExistsError, StudyNotFoundError, TrialNotFoundError

_LONGEST = 200
"""Characters of a folder's name; file systems take 255 bytes, and what is added to it needs some."""


def study_not_found(study: str, names: Iterable[str]) -> StudyNotFoundError:
    """The error for a name that no study of the store has."""
    known = list(names)
    near = difflib.get_close_matches(study, known, n=1)
    if near:
        hint = f"Did you mean {near[0]!r}?"
    elif known:
        hint = "It has " + ", ".join(repr(name) for name in known[:5]) + (", …" if len(known) > 5 else "") + "."
    else:
        hint = "It has no studies yet."
    return StudyNotFoundError(f"There is no study {study!r} in this store.", hint=hint)


def study_exists(study: str) -> StudyExistsError:
    """The error for a name that is taken."""
    return StudyExistsError(f"There is a study {study!r} already.", hint="Resume it, or choose another name.")


def trial_not_found(study: str, number: int, count: int) -> TrialNotFoundError:
    """The error for a number that no trial of the study has; ``count`` is how many there are."""
    hint = f"Its trials are numbered from 0 to {count - 1}." if count else "It has no trials yet."
    return TrialNotFoundError(f"The study {study!r} has no trial {number}.", hint=hint)


def folder_name(study: str) -> str:
    """The study's name as the name of a folder: percent-encoded, and different for different studies."""
    name = quote(study.encode("utf-8", "surrogatepass"), safe=" ")
    if not name.strip("."):
        name = name.replace(".", "%2E") or "%"
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return name
