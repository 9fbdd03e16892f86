"""What a reader must know about repeats of a study: which code they ran, and whose scheduler."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rung.analysis.comparison._study_names import PLAIN, method_names
from rung.analysis.comparison.report.numbers import counted
from rung.errors import SettingError
from rung.registry import method_spec

if TYPE_CHECKING:
    from rung.rows import StudyRow
    from rung.runtime.objective import Objective
    from rung.types import Json

FOREIGN: Final = frozenset({"ax", "hebo", "hyperopt", "nevergrad", "optuna", "smac", "synetune"})
"""What stands before the colon in methods of other projects, which only ``rung bench`` can run."""

_CODE: Final = "code:"
_SCRIPTS: Final = frozenset({".py", ".sh", ".r", ".jl", ".lua", ".pl", ".rb", ".js", ".ts", ".m"})


def repeatable_spec(method: str, *, max_t: int | None) -> dict[str, Json]:
    """As ``method_spec``; its SettingError sends methods of other projects to where they can be compared."""
    try:
        return method_spec(method, max_t=max_t)
    except SettingError as error:
        peers = [part.partition(":")[0].strip() for part in method.split("+") if ":" in part]
        if FOREIGN.isdisjoint(peers):
            raise
        raise SettingError(
            f"{method!r} is a method of another project, and a study can't be repeated with it.",
            hint="Methods of other projects are compared by rung bench, on its problems.",
        ) from error


def source_of(objective: Objective) -> Path | None:
    """The file of the function or script; None when there is none, as in a notebook."""
    if objective.target is None:
        words = (Path(word) for word in objective.argv)
        return next((word for word in words if word.suffix.lower() in _SCRIPTS and word.is_file()), None)
    target = objective.target
    while isinstance(target, functools.partial):
        target = target.func
    target = inspect.unwrap(target)
    try:
        file = inspect.getsourcefile(target if inspect.isroutine(target) else type(target))
    except (TypeError, OSError):  # it is built in, or of a class that nobody can find
        return None
    return Path(file) if file is not None and Path(file).is_file() else None


def code_tag(source: Path | None) -> str | None:
    """A tag that tells versions of a file apart, such as ``code:ab12cd34ef56``; None without a file."""
    if source is None:
        return None
    return _CODE + hashlib.sha256(source.read_bytes()).hexdigest()[:12]


def on_code(rows: Iterable[StudyRow], source: Path | None) -> list[str]:
    """A sentence when some of the repeats ran other code than there is now; those that don't know theirs don't count.

    A repeat that was interrupted and went on with other code has a tag of both.
    """
    now, repeats = code_tag(source), list(rows)
    if source is None:
        return []
    old = [row for row in repeats if any(tag.startswith(_CODE) and tag != now for tag in row.tags)]
    were = "was" if len(old) == 1 else "were"
    total = counted(len(repeats), "run")
    return [f"{len(old)} of {total} {were} made before {source.name} was changed."] if old else []


def on_scheduler(study: StudyRow, forms: Mapping[str, Mapping[str, Json]]) -> list[str]:
    """A sentence when methods leave out the scheduler that the study itself had. forms: method -> its form."""
    own = study.scheduler.get("name") or study.scheduler.get("class")
    bare = [method for method, form in forms.items() if form["name"] == PLAIN and not method.startswith(PLAIN)]
    if own in {None, PLAIN} or not bare:
        return []
    (name,) = method_names([study.scheduler])
    plain = "a method named without a scheduler trains every configuration to its end"
    return [f"The study itself used {name}; {plain}: write {own}+{bare[-1]} to keep its scheduler."]
