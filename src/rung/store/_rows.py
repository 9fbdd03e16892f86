"""The rows of the read tables, as SQLite keeps them: columns for plain values, one JSON text for the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from sys import intern
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import asdict

from rung.events import StudyCreated
from rung.ledger import Ledger
from rung.rows import StudyRow, TrialRow
from rung.store.codec import EVENTS, Codec
from rung.types import Action, TrialState

_PLAIN = (
    "number",
    "state",
    "attempt",
    "worker",
    "until",
    "parent",
    "started_at",
    "ended_at",
    "launched_at",
    "runtime",
    "last_step",
    "last_loss",
    "last_at",
    "best_loss",
    "best_step",
    "reason",
    "decided",
    "host",
    "pid",
    "session",
)
_PROGRESS = ("last_step", "last_loss", "last_at", "best_loss", "best_step")
_HEAD = ("at", "sessions", "last_unix", "ended_why", "best_trial", "best_step", "best_loss", "draws")

# Only our own constants stand in these texts, so nothing can be injected.
SELECT_TRIALS = f"SELECT {', '.join(_PLAIN)}, more FROM trial WHERE study = ?"  # noqa: S608 - see above
SELECT_TRIAL = f"{SELECT_TRIALS} AND number = ?"
SELECT_STUDY = (
    f"SELECT seq, created, {', '.join(_HEAD)}, counts, more "  # noqa: S608 - see above
    "FROM study JOIN head ON head.study = study.id WHERE study.id = ?"
)
WRITE_TRIAL = f"INSERT OR REPLACE INTO trial VALUES (?{', ?' * (len(_PLAIN) + 1)})"  # noqa: S608 - see above
WRITE_PROGRESS = f"UPDATE trial SET {' = ?, '.join(_PROGRESS)} = ? WHERE study = ? AND number = ?"  # noqa: S608 - see above
WRITE_HEAD = f"UPDATE head SET {' = ?, '.join(_HEAD)} = ?, counts = ?, more = ?, seq = ? WHERE study = ?"  # noqa: S608 - see above

_plain = attrgetter(*_PLAIN)
_progress = attrgetter(*_PROGRESS)
_head = attrgetter(*_HEAD)
_STATES = {state.value: state for state in TrialState}
_ACTIONS = {None: None} | {action.value: action for action in Action}


_ELSEWHERE = frozenset({*_HEAD, "counts", "owner"}) | frozenset(StudyCreated.__struct_fields__) - {"at", "tags"}
"""What of a study's row stands in columns, in the lease, or in the StudyCreated beside it."""


def _struct_of_the_rest(row: type[Struct], without: Collection[str]) -> type[Struct]:
    rest: list[Any] = []
    for field in msgspec.structs.fields(row):
        if field.name in without:
            continue
        if field.required:
            rest.append((field.name, field.type))
        else:
            default = (
                msgspec.field(default_factory=field.default_factory) if field.default is NODEFAULT else field.default
            )
            rest.append((field.name, field.type, default))
    return msgspec.defstruct("_More", rest, omit_defaults=True)


_More = _struct_of_the_rest(TrialRow, _PLAIN)
"""What of a trial's row has no column of its own; a field that the ledger gets later needs no other schema."""
_MoreOfStudy = _struct_of_the_rest(StudyRow, _ELSEWHERE | {"name", "created_unix"})
"""The same of a study's row."""

_rest = attrgetter(*_More.__struct_fields__)
_rest_of_study = attrgetter(*_MoreOfStudy.__struct_fields__)
_MORE: Codec[Struct] = Codec(_More, "trial")
_MORE_OF_STUDY: Codec[Struct] = Codec(_MoreOfStudy, "study")
_COUNTS_READ = msgspec.json.Decoder(dict[TrialState, int]).decode
_COUNTS_WRITE = msgspec.json.Encoder().encode


def trial_values(study: int, row: TrialRow) -> tuple[Any, ...]:
    """The parameters of WRITE_TRIAL."""
    return (study, *_plain(row), _MORE.encode(_More(*_rest(row))))


def progress_values(study: int, row: TrialRow) -> tuple[Any, ...]:
    """The parameters of WRITE_PROGRESS: what a report changes."""
    return (*_progress(row), study, row.number)


def trial_row(values: Sequence[Any]) -> TrialRow:
    """A trial from a row of SELECT_TRIALS."""
    *plain, more = values
    fields = dict(zip(_PLAIN, plain, strict=True))
    fields["state"] = _STATES[fields["state"]]
    fields["decided"] = _ACTIONS[fields["decided"]]
    fields["host"], fields["reason"] = intern(fields["host"]), intern(fields["reason"])  # one text for many rows
    return TrialRow(**fields, **asdict(_MORE.decode(more)))


def head_values(study: int, row: StudyRow, seq: int) -> tuple[Any, ...]:
    """The parameters of WRITE_HEAD."""
    more = _MORE_OF_STUDY.encode(_MoreOfStudy(*_rest_of_study(row)))
    return (*_head(row), _COUNTS_WRITE(row.counts).decode(), more, seq, study)


def study_row(values: Sequence[Any]) -> StudyRow:
    """A study from a row of SELECT_STUDY without its first column, ``seq``. It has no owner."""
    created, *head, counts, more = values
    ledger = Ledger()
    ledger.apply(EVENTS.decode(created))
    row = ledger.study
    assert row is not None
    for name, value in zip(_HEAD, head, strict=True):
        setattr(row, name, value)
    row.counts = _COUNTS_READ(counts)
    for name, value in asdict(_MORE_OF_STUDY.decode(more)).items():
        setattr(row, name, value)
    return row
