"""Everything that rung raises on purpose.

RungError
├── SpaceError            a domain, config or constraint is not usable (also a ValueError)
├── ReportError           a training function reported something that can't be a report (also a ValueError)
├── ObjectiveError        what was given to train is none of the known kinds, or can't be loaded
├── SettingError          an argument or a combination of arguments is not allowed (also a ValueError)
├── MissingExtraError     an optional package is needed; names the install command (also an ImportError)
├── CheckpointError       a checkpoint is missing, torn or of another shape
├── StoreError            the place where studies are kept refused
│   ├── StoreNotFoundError    there is no store at this address; readers never create one
│   ├── StoreFullError        the disk is full; what was acknowledged before is kept
│   ├── StoreVersionError     written by a newer rung, or by an older one and not upgraded yet
│   ├── StudyNotFoundError    no study of this name; names the nearest one
│   ├── TrialNotFoundError    no trial of this number; says how many there are
│   ├── StudyExistsError      the name is taken
│   ├── StudyLockedError      another tuner holds the study; says who, where and for how long
│   └── FencedError           the lease or the attempt behind this write is no longer the valid one
├── ExhaustedError        there is no configuration left to ask for, or none before a result is told
├── StudyMismatchError    the study in the store differs from what was asked for; names the fields
└── StudyPausedError      trials fail one after the other; says why and how to go on

RungWarning is a warning (a UserWarning): what was asked for is done, but is seldom meant.

TrialStopped is not an error: it is how ``rung.report`` ends a training function early, and a BaseException so that
``except Exception`` in user code does not swallow it.
"""

from __future__ import annotations


class RungError(Exception):
    """Base of all errors of rung. ``hint`` is one sentence on what to do, or empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.hint}" if self.hint else message

    @property
    def sentence(self) -> str:
        """What went wrong, without the hint."""
        return super().__str__()


class SpaceError(RungError, ValueError):
    """A domain, a config or a constraint is not usable."""


class ReportError(RungError, ValueError):
    """A training function reported something that can't be a report."""


class ObjectiveError(RungError):
    """The objective is of no known kind, or can't be loaded."""


class SettingError(RungError, ValueError):
    """An argument, or a combination of arguments, is not allowed."""


class MissingExtraError(RungError, ImportError):
    """An optional package is needed. command: what installs it where no extra can."""

    def __init__(self, purpose: str, extra: str, command: str = "") -> None:
        super().__init__(f"{purpose} needs an optional package.", hint=command or f"pip install 'rung[{extra}]'")
        self._given = purpose, extra, command

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), self._given  # so that it can come back from another process


class CheckpointError(RungError):
    """A checkpoint is missing, torn or of another shape."""


class StoreError(RungError):
    """The store refused."""


class StoreNotFoundError(StoreError):
    """There is no store at this address."""


class StoreFullError(StoreError):
    """The disk is full."""


class StoreVersionError(StoreError):
    """The store was written by a newer rung, or by an older one and must be upgraded first."""


class StudyNotFoundError(StoreError):
    """The store has no study of this name."""


class TrialNotFoundError(StoreError):
    """The study has no trial of this number."""


class StudyExistsError(StoreError):
    """The store has a study of this name already."""


class StudyLockedError(StoreError):
    """Another tuner holds the study."""


class FencedError(StoreError):
    """The lease or the attempt behind a write is no longer the valid one."""


class ExhaustedError(RungError):
    """There is nothing to ask for: every configuration was tried, or a result must be told first."""


class StudyMismatchError(RungError):
    """The stored study differs from the one asked for."""


class StudyPausedError(RungError):
    """Trials failed one after the other, so the study was paused."""


class TrialStopped(BaseException):
    """Ends a training function whose trial is stopped or paused."""


class RungWarning(UserWarning):
    """What was asked for is done, but is seldom meant. ``hint`` is one sentence on what to do instead."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}"

    @property
    def sentence(self) -> str:
        """What is strange, without the hint."""
        return super().__str__()
