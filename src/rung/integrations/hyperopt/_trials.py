"""hyperopt's ``Trials``: what was tried, as the list of dicts that its scripts read."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from rung.errors import SettingError
from rung.integrations.hyperopt._results import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK, AllTrialsFailed
from rung.store import open_store
from rung.study import Study
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.integrations.hyperopt._spaces import Tree
    from rung.types import Json

INSTEAD_OF_A_PICKLE: Final = "Write trials=Trials(store='rung.db', study='a name'), which keeps each trial as it ends."


@final
class Trials:
    """The trials of one search, which ``fmin`` goes on with when it gets them again.

    store, study: where the study behind it is kept, as for ``rung.tune``, instead of in memory only. What was kept is
    there again once ``fmin`` is called with the space: losses and numbers of the results, but no models. SettingError
    when it is pickled.
    """

    def __init__(self, *, store: str | Path = "memory", study: str = "fmin") -> None:
        self.kept_in = open_store(str(store), create=True)
        self.name = study
        self.trials: list[dict[str, Any]] = []

    def __reduce__(self) -> NoReturn:
        raise SettingError("trials are not kept in pickles.", hint=INSTEAD_OF_A_PICKLE)

    @property
    def study(self) -> Study:
        """The study behind it. StudyNotFoundError before the first ``fmin``."""
        return Study(self.kept_in, self.name)

    @property
    def results(self) -> list[dict[str, Any]]:
        """What the objective returned, as dicts with ``loss`` and ``status``."""
        return [trial["result"] for trial in self.trials]

    @property
    def tids(self) -> list[int]:
        """The numbers of the trials."""
        return [trial["tid"] for trial in self.trials]

    @property
    def miscs(self) -> list[dict[str, Any]]:
        """Of each trial, among others, its values: lists under ``vals``, empty for what it does not use."""
        return [trial["misc"] for trial in self.trials]

    @property
    def vals(self) -> dict[str, list[Json]]:
        """Label -> the values of the trials that use it; choices as indices."""
        labels = self.miscs[0]["vals"] if self.trials else ()
        return {label: [value for misc in self.miscs for value in misc["vals"][label]] for label in labels}

    @property
    def best_trial(self) -> dict[str, Any]:
        """The trial with the lowest loss, the first of several. AllTrialsFailed when none has one."""
        ended = [trial for trial in self.trials if not math.isnan(_loss(trial))]
        if not ended:
            raise AllTrialsFailed("no trial has a loss.", hint="Look at trials.results.")
        return min(ended, key=_loss)

    @property
    def argmin(self) -> dict[str, Json]:
        """Label -> value of the best trial, of what it uses; choices as indices. What ``fmin`` returns."""
        return {label: values[0] for label, values in self.best_trial["misc"]["vals"].items() if values}

    def losses(self) -> list[float | None]:
        """The loss of each trial; None where its result has none."""
        return [result.get("loss") for result in self.results]

    def statuses(self) -> list[str]:
        """The status of each trial."""
        return [result["status"] for result in self.results]

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.trials)


def document(
    number: int, tree: Tree, values: Mapping[str, Json], result: dict[str, Any], *, began: dt.datetime | None = None
) -> dict[str, Any]:
    """A trial as hyperopt writes it down. began: when; by default it is not known."""
    used = {label: [values[label]] if label in values else [] for label in tree.parameters}
    return {
        "state": JOB_STATE_DONE,
        "tid": number,
        "spec": None,
        "result": result,
        "misc": {
            "tid": number,
            "cmd": None,
            "workdir": None,
            "idxs": {label: [number] * len(each) for label, each in used.items()},
            "vals": used,
        },
        "exp_key": None,
        "owner": None,
        "version": 0,
        "book_time": began,
        "refresh_time": None if began is None else dt.datetime.now(tz=dt.UTC),
    }


def kept_trials(study: Study, tree: Tree) -> list[dict[str, Any]]:
    """The ended trials of a study, with what it knows of their results."""
    documents = []
    for row in study.trials:
        if row.state in {TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED}:
            curve = study.curve(row.number)
            metrics = dict(curve[-1][1]) if curve else {}
            status = STATUS_FAIL if row.state is TrialState.FAILED else STATUS_OK
            documents.append(document(row.number, tree, tree.values(row.config), {**metrics, "status": status}))
    return documents


def _loss(trial: Mapping[str, Any]) -> float:
    """NaN where there is none that counts."""
    result = trial["result"]
    return float(result["loss"]) if result["status"] == STATUS_OK else math.nan
