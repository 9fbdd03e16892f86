"""What ends a session besides the end of its work: the stop criterion, and the budget of the project."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, final

from rung.durations import duration_text
from rung.errors import SettingError
from rung.stopping import Criterion, Halt
from rung.tuning.standing import Tally, runtime_until
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.contracts import Tables
    from rung.ledger import Ledger
    from rung.rows import StudyRow

OTHERS_PERIOD_S = 5.0  # how long what the other studies of a project spend may go unseen


class Ending(Protocol):
    """One reason for a session to end. why: in a word, as the log has it."""

    why: str

    def look(self, ledger: Ledger, at: float) -> tuple[Halt, str]:
        """What ends at this moment of the study's clock, and the reason in words for people."""


@final
class Endings:
    """All reasons for a session to end. why: of the one that ends most, as of the last look; messages: in full."""

    def __init__(self, endings: Sequence[Ending] = ()) -> None:
        self.why = ""
        self.messages: dict[str, str] = {}
        self._endings = tuple(endings)

    def look(self, ledger: Ledger, at: float) -> Halt:
        """What ends at this moment of the study's clock."""
        most = Halt.NOTHING
        for ending in self._endings:
            halt, message = ending.look(ledger, at)
            if halt > most:
                most, self.why = halt, ending.why
                self.messages[ending.why] = message
        return most


@final
class CriterionMet:
    """The study's stop criterion."""

    why = "criterion"

    def __init__(self, criterion: Criterion, tally: Tally) -> None:
        self._criterion = criterion
        self._tally = tally

    def look(self, ledger: Ledger, at: float) -> tuple[Halt, str]:
        """See ``Ending``."""
        assert ledger.study is not None
        standing, goal = self._tally.standing(ledger, at), ledger.study.goal
        halt = self._criterion.halts(standing, goal)
        return halt, self._criterion.met(standing, goal) if halt else ""


@final
class BudgetSpent:
    """The limit of the runtime of all trials of a project's studies in one store, running ones included.

    limit: seconds. What the other studies have spent is read again every few seconds. SettingError for a study that
    belongs to no project.
    """

    why = "budget"

    def __init__(
        self,
        tables: Tables,
        *,
        study: StudyRow,
        limit: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not study.project:
            raise SettingError(
                f"the study {study.name!r} belongs to no project that could have a limit.", hint="Give it a project."
            )
        self._tables = tables
        self._project = study.project
        self._study = study.name
        self._limit = limit
        self._clock = clock
        self._read_at = -OTHERS_PERIOD_S
        self._others = 0.0

    def look(self, ledger: Ledger, at: float) -> tuple[Halt, str]:
        """See ``Ending``."""
        spent = self._spent_by_others() + runtime_until(ledger, at)
        return (Halt.RUNS, self._sentence(spent)) if spent >= self._limit else (Halt.NOTHING, "")

    def check(self, ledger: Ledger) -> None:
        """SettingError when there is nothing left before a session begins."""
        assert ledger.study is not None
        spent = self._spent_by_others() + ledger.study.runtime
        if spent >= self._limit:
            raise SettingError(
                f"{self._sentence(spent)}.", hint="Raise the project's limit, or use another project. Nothing was run."
            )

    def _sentence(self, spent: float) -> str:
        limit = duration_text(self._limit)
        return f"the project {self._project!r} has used {duration_text(spent)} of its limit of {limit}"

    def _spent_by_others(self) -> float:
        if (now := self._clock()) - self._read_at >= OTHERS_PERIOD_S:
            self._read_at = now
            rows = [row for row in self._tables.studies() if row.project == self._project and row.name != self._study]
            self._others = sum(row.runtime + self._spent_by_running(row) for row in rows)
        return self._others

    def _spent_by_running(self, row: StudyRow) -> float:
        """Up to the newest event of the study; what its tuner has not written yet is missing."""
        if row.owner is None or not row.counts.get(TrialState.RUNNING):
            return 0.0
        return sum(row.at - trial.launched_at for trial in self._tables.running(row.name))


def limit_of(tables: Tables, project: str) -> float | None:
    """The limit that a project has been given last, by whichever of its studies; in seconds. None without one."""
    if not project:
        return None
    limited = [
        row for row in tables.studies() if row.project == project and row.settings.get("project_limit") is not None
    ]
    return max(limited, key=lambda row: row.last_unix).settings["project_limit"] if limited else None


def endings_of(
    tables: Tables, ledger: Ledger, *, stop: Criterion | None, tally: Tally, project_limit: float | None
) -> Endings:
    """What may end the session that is about to begin; SettingError when the project's budget is spent already.

    project_limit: the project's from now on; None leaves it as it is.
    """
    assert ledger.study is not None
    endings: list[Ending] = []
    if stop is not None:
        endings.append(CriterionMet(stop, tally))
    limit = project_limit or limit_of(tables, ledger.study.project)
    if limit is not None:
        budget = BudgetSpent(tables, study=ledger.study, limit=limit)
        budget.check(ledger)
        endings.append(budget)
    return Endings(endings)
