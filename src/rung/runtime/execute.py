"""Runs one attempt of a trial to its end, in whatever process and thread it is called."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, final

from rung._trial import Trial, enter, leave
from rung.errors import ReportError, TrialStopped
from rung.runtime.failures import failure_of
from rung.runtime.objective import Kind, Objective
from rung.runtime.progress import Progress, as_metrics
from rung.types import Exited, Job, Outcome

if TYPE_CHECKING:
    from rung.contracts import Channel


def run_job(job: Job, objective: Objective, channel: Channel) -> None:
    """Run one attempt to its end: posts Reported, Saved, and one final Exited.

    Never raises but for KeyboardInterrupt, which leaves the attempt without its Exited. Scripts run elsewhere.
    """
    if objective.kind is Kind.GENERATOR:
        run = GeneratorRun(job, objective, channel)
        while run.advance():
            pass
        return
    trial = Trial(job, channel)
    _post(trial.progress, _guarded(trial, lambda: _call(objective, trial)))


@final
class GeneratorRun:
    """One attempt of a generator function, report by report.

    is_suspended: it was told to stop or pause, and stands at a yield until ``resume`` or ``close``.
    """

    def __init__(self, job: Job, objective: Objective, channel: Channel) -> None:
        self._objective = objective
        self._trial = Trial(job, channel)
        self.progress = self._trial.progress
        self.progress.is_yielded = True
        self.is_suspended = False
        self._generator: Generator[Any, None, Any] | None = None

    def advance(self, *, keep: bool = False, silent_until: int = 0) -> bool:
        """Obey the answer to the last report and run to the next one, posting it; False after posting Exited instead.

        keep: when told to stop or pause, suspend the generator instead of closing it.
        silent_until: reports up to this step are neither posted nor answered; the log has them.
        """
        self.progress.silent_until = silent_until
        exited = _guarded(self._trial, self._step)
        if exited is None:
            return True
        if keep and self._generator is not None and exited.outcome is Outcome.FINISHED:
            self.is_suspended = inspect.getgeneratorstate(self._generator) == inspect.GEN_SUSPENDED
        if not self.is_suspended:
            exited = self.close() or exited
        _post(self.progress, exited)
        return False

    def resume(self, job: Job) -> None:
        """Go on, as another attempt, from where the generator was suspended."""
        assert self.is_suspended, "only what is suspended can be resumed"
        self.is_suspended = False
        self.progress.resume(job)

    def close(self) -> Exited | None:
        """Let the generator clean up; how it failed in doing so, if it did."""
        generator, self._generator = self._generator, None
        if generator is None:
            return None
        exited = _guarded(self._trial, generator.close)
        return exited if exited is not None and exited.outcome is Outcome.FAILED else None

    def _step(self) -> Exited | None:
        progress = self.progress
        progress.obey()
        if self._generator is None:
            target, arguments = _prepared(self._objective, self._trial)
            self._generator = target(**arguments)
        while True:
            try:
                metrics = next(self._generator)
            except StopIteration as stop:
                return _conclude(progress, stop.value, step=None)
            try:
                progress.announce(metrics)
            except ReportError as error:
                return _exited(progress, "bad_value", str(error))
            if progress.step > progress.silent_until:
                return None


def _call(objective: Objective, trial: Trial) -> Exited:
    progress = trial.progress
    target, arguments = _prepared(objective, trial)
    trained = None if objective.limit is None or progress.job.until is None else arguments[objective.limit]
    exited = _conclude(progress, target(**arguments), step=trained)
    if exited is None:
        progress.obey()
    return exited or _exited(progress)


def _prepared(objective: Objective, trial: Trial) -> tuple[Callable[..., Any], dict[str, Any]]:
    assert objective.target is not None, "scripts are not run here"
    trial.progress.knows_its_end = objective.limit is not None
    arguments = objective.arguments(trial.config, trial.until)
    if objective.wants_trial:
        arguments["trial"] = trial
    return objective.target, arguments


def _conclude(progress: Progress, value: object, *, step: int | None) -> Exited | None:
    """What the returned value amounts to: None when it was announced as the last report.

    It is one unless the last report had the same main metric. step: the value's, if nothing was reported before.
    """
    if progress.is_stopping:
        return _exited(progress)
    progress.has_returned = True
    if progress.value is not None and (value is None or progress.loop is not None):
        return _exited(progress)  # after trial.epochs a returned value would be a step without a checkpoint
    if value is None:
        return _exited(progress, "no_value", f"Nothing was reported, and nothing returned. {_REMEDY}")
    try:
        metrics = as_metrics(value, progress.job.metric)
    except ReportError as error:
        return _exited(progress, "bad_value", f"{error.sentence} {_REMEDY}")
    main, last = metrics[progress.job.metric], progress.value
    if last is not None and (main == last or (math.isnan(main) and math.isnan(last))):
        return _exited(progress)
    progress.announce(metrics, step=step if last is None else None)
    return None


_REMEDY = "Return the metric as a number, a dict of metrics with it, or report it as you go."


def _guarded(trial: Trial, body: Callable[[], Exited | None]) -> Exited | None:
    """Run the user's code as this trial; whatever it raises is how the run ended."""
    progress = trial.progress
    token = enter(trial)
    try:
        return body()
    except TrialStopped:
        return _exited(progress)
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        if error.code in {None, 0}:  # as good as a return
            return _conclude(progress, None, step=None)
        return _exited(progress, *failure_of(error))
    except BaseException as error:  # noqa: BLE001  the border to the user's code, which may raise anything
        return _exited(progress, *failure_of(error))
    finally:
        leave(token)


def _exited(progress: Progress, reason: str = "", message: str = "") -> Exited:
    job = progress.job
    if not reason and _is_unheard(progress):
        reason, message = "no_value", f"Nothing was reported up to step {job.until}. Report {job.metric} in each epoch."
    if reason:
        return Exited(job.trial, job.attempt, Outcome.FAILED, reason, message)
    is_whole = progress.has_returned and not (progress.knows_its_end and progress.is_at_end)
    return Exited(job.trial, job.attempt, Outcome.FINISHED, is_whole=is_whole)


def _is_unheard(progress: Progress) -> bool:
    """Whether all epochs have gone by up to where the run is to end, and no run of the trial has ever reported."""
    until = progress.job.until
    is_over = until is not None and progress.position >= until
    return is_over and progress.value is None and not progress.job.last_step


def _post(progress: Progress, exited: Exited | None) -> None:
    assert exited is not None, "a run ends with its Exited"
    with contextlib.suppress(TrialStopped):  # the tuner is gone, and this is the end anyway
        progress.channel.post(exited)
