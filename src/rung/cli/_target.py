"""What a verb is about: a study, or one trial of it, as ``lenet`` or ``lenet#3``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from rung.cli._options import UsageProblem

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.rows import StudyRow, TrialRow

_TRIAL = re.compile(r"(.+)#(\d+)", re.DOTALL)


class Target(Struct, frozen=True):
    """A study, or one trial of it."""

    study: str
    trial: int | None = None

    def __str__(self) -> str:
        return self.study if self.trial is None else f"{self.study}#{self.trial}"

    def row(self, store: Store) -> StudyRow | TrialRow:
        """What the store has of it now."""
        return store.tables.study(self.study) if self.trial is None else store.tables.trial(self.study, self.trial)


def find_target(text: str, store: Store) -> Target:
    """The study of that name, or else the trial; StudyNotFoundError and TrialNotFoundError when there is none."""
    found = _TRIAL.fullmatch(text)
    if found is None:
        store.tables.study(text)
        return Target(text)
    study, number = found[1], int(found[2])
    store.tables.trial(study, number)
    return Target(study, number)


def find_trial(text: str, store: Store) -> tuple[str, int]:
    """The study and the number of a trial; UsageProblem when only a study is named."""
    target = find_target(text, store)
    if target.trial is None:
        raise UsageProblem(f"{text!r} names a study, not a trial of it.", hint=f"Write {text}#0 for its first trial.")
    return target.study, target.trial
