"""A study in a folder that TensorBoard shows, written event by event."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from rung.errors import MissingExtraError, RungWarning, SettingError
from rung.events import Ended, Event, Observed, SpaceEdited, Started
from rung.integrations._tracking import identity, unix_of
from rung.integrations._versions import need
from rung.integrations.tensorboard._columns import columns_of, joined, widened
from rung.space import Space
from rung.types import TrialState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rung.integrations.tensorboard._columns import Column
    from rung.integrations.tensorboard._files import Run
    from rung.integrations.tensorboard._records import Experiment
    from rung.ledger import Ledger
    from rung.rows import StudyRow
    from rung.types import Config

STEPS: Final = "rung/steps"
"""The tag of how many steps a trial has come, by which one sees where it was stopped."""


@final
class TensorBoard:
    """Writes what happens in a study for TensorBoard: ``Tuner(…, observers=[TensorBoard("runs/lenet")])``.

    logdir: a folder for this study alone, as its HPARAMS tab shows one experiment. Each trial has a folder in it, with
    its hyperparameters and a curve of every metric; ``best/…`` is the best value so far of the one that is judged. What
    the folder has already is not written again, so any log may be told to it from the beginning.

    A folder that can't be written ends the export with a warning, not the study. MissingExtraError without tensorboard;
    SettingError where it is too old, and where the folder has another study.
    """

    def __init__(self, logdir: str | Path) -> None:
        _check_installed()
        self.logdir = Path(logdir).absolute()
        self._writer = self._given_up = ""
        self._columns: Mapping[str, Column] = {}
        self._metrics: dict[str, str] = {}
        self._written: tuple[Mapping[str, Column], Mapping[str, str]] | None = None
        self._groups: dict[str, str] = {}
        self._runs: dict[int, Run] = {}

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Take a committed event, with the ledger after its whole transaction."""
        study = ledger.study
        assert study is not None, "a log begins with StudyCreated"
        if self._given_up == _writer(study):
            return
        try:
            self.write(event, ledger)
        except OSError as error:
            self._given_up = _writer(study)
            warnings.warn(
                RungWarning(
                    f"The export to TensorBoard has ended: {error}.",
                    hint=f"Catch up on it by: rung tensorboard {study.name} {self.logdir}",
                ),
                stacklevel=2,
            )

    def write(self, event: Event, ledger: Ledger) -> None:
        """The same, but OSError where it can't be written."""
        study = ledger.study
        assert study is not None, "a log begins with StudyCreated"
        if self._writer != _writer(study):
            self._open(study, ledger)
        self._take(event, ledger, study, unix=unix_of(study, event.at))

    def _open(self, study: StudyRow, ledger: Ledger) -> None:
        found, self._written = self._found(study), None
        self._columns = columns_of(Space.from_json(study.space))
        goal = study.goal.metric
        self._metrics = {goal: "", f"best/{goal}": f"best {goal}", STEPS: "steps"}
        if found is not None:
            self._columns = joined(found.columns, self._columns)
            self._metrics |= found.metrics
            self._written = (dict(found.columns), dict(found.metrics))
        self._groups, self._runs = {}, {}
        for trial in ledger.trials.values():
            if trial.parent is None:
                self._groups.setdefault(_key(trial.config), _name(trial.number))
        self._writer = _writer(study)

    def _found(self, study: StudyRow) -> Experiment | None:
        """What the folder says of this study. SettingError when it says something of another one."""
        from rung.integrations.tensorboard._files import events_of, files_of, writer_of
        from rung.integrations.tensorboard._records import read_experiment

        own = _writer(study)
        if files_of(self.logdir):
            is_own = writer_of([self.logdir]) == own
        else:  # there may be trials, without any report
            is_own = writer_of(sorted(self.logdir.glob("trial-*"))) in {None, own}
        if not is_own:
            raise SettingError(
                f"The folder {str(self.logdir)!r} has events of something else than this study.",
                hint="Give each study a folder of its own, and show that to TensorBoard.",
            )
        return read_experiment(events_of(self.logdir))

    def _take(self, event: Event, ledger: Ledger, study: StudyRow, *, unix: float) -> None:
        if isinstance(event, Started):
            self._start(event, study, unix=unix)
        elif isinstance(event, Observed):
            self._observe(event, study, unix=unix)
        elif isinstance(event, Ended):
            self._end(event, ledger.trials[event.trial].last_step, unix=unix)
        elif isinstance(event, SpaceEdited):
            self._columns = joined(self._columns, columns_of(Space.from_json(event.space)))
            self._describe(study)

    def _start(self, event: Started, study: StudyRow, *, unix: float) -> None:
        from rung.integrations.tensorboard._records import START, session_start

        self._columns = widened(self._columns, event.config)
        self._describe(study)
        name, run = _name(event.trial), self._run(event.trial)
        if START in run.newest:
            return
        is_copy = event.parent is not None
        group = name if is_copy else self._groups.setdefault(_key(event.config), name)
        shown = {name: self._columns[name].shown(value) for name, value in event.config.items()}
        run.write(session_start(shown, group=group, unix=unix), unix=unix)

    def _observe(self, event: Observed, study: StudyRow, *, unix: float) -> None:
        from rung.integrations.tensorboard._files import as_kept, scalars

        run, goal = self._run(event.trial), study.goal
        values = {name: value for name, value in event.metrics.items() if math.isfinite(as_kept(value))}
        if event.step <= run.last_step or not values:  # of values that are not finite the tab draws nothing at all
            return
        best = f"best/{goal.metric}"
        _, before = run.newest.get(best, (0, goal.value(math.inf)))
        if goal.metric in values and event.loss is not None and as_kept(event.loss) < goal.value(before):
            values[best] = goal.value(event.loss)
        run.write(scalars(values), unix=unix, step=event.step)
        for name in values:
            self._metrics.setdefault(name, "")
        if self._written is None or len(self._metrics) > len(self._written[1]):
            self._describe(study, is_first=True)

    def _end(self, event: Ended, last: int, *, unix: float) -> None:
        from rung.integrations.tensorboard._files import scalars
        from rung.integrations.tensorboard._records import END, session_end

        run = self._run(event.trial)
        if last > run.newest.get(STEPS, (0, 0.0))[0]:
            run.write(scalars({STEPS: float(last)}), unix=unix, step=last)
        if event.state.is_final and END not in run.newest:
            run.write(session_end(is_success=event.state is not TrialState.FAILED, unix=unix), unix=unix)
        del self._runs[event.trial]

    def _describe(self, study: StudyRow, *, is_first: bool = False) -> None:
        """Keep the one record of the experiment as it should be. It waits for the first report, to know the metrics."""
        from rung.integrations.tensorboard._files import replace_events
        from rung.integrations.tensorboard._records import experiment

        now = (dict(self._columns), dict(self._metrics))
        if now == self._written or (self._written is None and not is_first):
            return
        replace_events(self.logdir, experiment(study, *now), unix=study.created_unix, writer=self._writer)
        self._written = now

    def _run(self, trial: int) -> Run:
        from rung.integrations.tensorboard._files import Run

        run = self._runs.get(trial)
        if run is None:
            run = self._runs[trial] = Run(self.logdir / _name(trial), self._writer)
        return run


def _check_installed() -> None:
    try:
        from tensorboard import version
    except ImportError as error:
        raise MissingExtraError("An export to TensorBoard", "tensorboard") from error
    need("tensorboard", version.VERSION, (2, 20))


def _writer(study: StudyRow) -> str:
    """What the event files of a study say of who wrote them."""
    return f"rung {identity(study)}"


def _name(trial: int) -> str:
    return f"trial-{trial:05d}"


def _key(config: Config) -> str:
    """Equal for equal configurations."""
    return json.dumps(config, sort_keys=True)
