"""On what terms a tuner runs its study: how many at once, with what, until when, and under which name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from rung.backends.resources import Resources
from rung.bookkeeping import IncumbentFrom
from rung.durations import as_seconds
from rung.errors import SettingError
from rung.stopping import Criterion, Scope, as_criterion
from rung.tuning.endings import Endings, endings_of
from rung.tuning.labels import Labels, checked_labels
from rung.tuning.setup import checked_workers
from rung.tuning.standing import Tally
from rung.tuning.starter import Limits
from rung.types import Json

if TYPE_CHECKING:
    from rung.contracts import Backend, Tables
    from rung.ledger import Ledger


class Terms(Struct, frozen=True, kw_only=True):
    """What a ``Tuner`` was given besides its study. project_limit: seconds."""

    workers: int | None
    resources: Resources | None
    incumbent_from: IncumbentFrom
    limits: Limits
    stop: Criterion | None
    project_limit: float | None
    labels: Labels

    def limited(self, **wanted: float | None) -> Limits:
        """The limits of one run: those of all runs, but for what is wanted of it."""
        return structs.replace(self.limits, **{name: value for name, value in wanted.items() if value is not None})

    def tally(self) -> Tally:
        """What counts as the stop criterion needs it."""
        metrics = () if self.stop is None else self.stop.metrics()
        return Tally(metrics=metrics, incumbent_from=self.incumbent_from)

    def endings(self, tables: Tables, ledger: Ledger, tally: Tally) -> Endings:
        """What may end the session that is about to begin; SettingError when the project's budget is spent already."""
        return endings_of(tables, ledger, stop=self.stop, tally=tally, project_limit=self.project_limit)

    def settings(self, limits: Limits, ledger: Ledger, *, objective: Json, n_given: int = 0) -> dict[str, Json]:
        """What ``rung resume`` needs to go on as this run would have.

        limits: of this run. objective: its name; it is kept where the study began with another one. n_given: how many
        configurations this run is given.
        """
        assert ledger.study is not None
        begun = ledger.study.n_begun + n_given
        given = structs.asdict(limits)
        more, total = given.pop("new_trials"), given.pop("max_trials")
        totals = [count for count in (total, None if more is None else begun + more) if count is not None]
        settings = {
            "objective": None if objective == ledger.study.objective else objective,
            "max_trials": min(totals, default=None),
            "seconds": given.pop("seconds"),
            "workers": self.workers,
            "incumbent_from": self.incumbent_from,
            "limits": given,
            "stop": None if self.stop is None else self.stop.to_json(),
            "project_limit": self.project_limit,
            "resources": None if self.resources is None else self.resources.to_json(),
        }
        return {name: value for name, value in settings.items() if value is not None}


def checked_terms(
    *,
    workers: int | None,
    backend: Backend | None,
    resources: Resources | None,
    incumbent_from: IncumbentFrom,
    limits: Limits | None,
    stop: Criterion | str | None,
    project: str | None,
    message: str,
    tags: Sequence[str],
    project_limit: float | str | None,
) -> Terms:
    """SettingError when one of these has no meaning, or two contradict each other."""
    if resources is not None and not isinstance(resources, Resources):
        raise SettingError(f"resources={resources!r} are none.", hint="Write rung.Resources(gpus_per_trial=0.5).")
    return Terms(
        workers=checked_workers(workers, backend, resources),
        resources=resources,
        incumbent_from=incumbent_from,
        limits=limits or Limits(),
        stop=None if stop is None else as_criterion(stop, Scope.STUDY),
        project_limit=None if project_limit is None else as_seconds(project_limit, name="project_limit"),
        labels=checked_labels(project, message, tags),
    )
