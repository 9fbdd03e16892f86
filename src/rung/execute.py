"""Runs one attempt of a trial to its end, in whatever process and thread it is called."""

from __future__ import annotations

import contextlib
import math
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from rung.errors import ReportError, TrialStopped
from rung.objective import Kind, Objective
from rung.progress import Progress, as_metrics
from rung.trial import Trial, enter, leave
from rung.types import Exited, Job, Outcome

if TYPE_CHECKING:
    from rung.contracts import Channel

_OWN_FOLDER = Path(__file__).parent
_MAX_MESSAGE = 20_000
"""Characters of a failure's message: enough for any sensible traceback, small enough for a log."""


def run_job(job: Job, objective: Objective, channel: Channel) -> None:
    """Run one attempt to its end: posts Reported, Saved, and one final Exited.

    Never raises but for KeyboardInterrupt, which leaves the attempt without its Exited. Scripts run elsewhere.
    """
    run = GeneratorRun(job, objective, channel) if objective.kind is Kind.GENERATOR else FunctionRun(job, objective, channel)
    while run.advance():
        pass


@final
class FunctionRun:
    """One attempt of a function, with or without ``trial``."""

    def __init__(self, job: Job, objective: Objective, channel: Channel) -> None:
        self._objective = objective
        self._progress = Progress(job, channel)

    def advance(self) -> bool:
        """Run it from beginning to end; always False, since nothing is left to do then."""
        trial = Trial(self._progress)
        token = enter(trial)
        try:
            exited = self._called(trial)
        except TrialStopped:
            exited = _finished(self._progress)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            exited = _after_error(self._progress, error)
        finally:
            leave(token)
        _exit(self._progress, exited)
        return False

    def _called(self, trial: Trial) -> Exited:
        objective, job = self._objective, self._progress.job
        arguments = objective.arguments(job.config, job.until)
        trained = None if objective.limit is None or job.until is None else arguments[objective.limit]
        if objective.wants_trial:
            arguments["trial"] = trial
        assert objective.target is not None, "scripts are not run here"
        return _conclude(self._progress, objective.target(**arguments), step=trained)


@final
class GeneratorRun:
    """One attempt of a generator function, report by report. ``is_suspended``: it stands at a yield, told to pause."""

    def __init__(self, job: Job, objective: Objective, channel: Channel) -> None:
        self._objective = objective
        self._progress = Progress(job, channel)
        self._trial = Trial(self._progress)
        self._generator: Generator[Any, None, Any] | None = None
        self.is_suspended = False

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return self._progress

    def advance(self, *, keep: bool = False, silent_until: int = 0) -> bool:
        """Obey the answer to the last report and run to the next one, posting it; False after posting Exited instead.

        keep: when told to stop or pause, suspend the generator instead of closing it; ``resume`` goes on with it.
        silent_until: reports up to this step are not posted and not waited for; the log has them.
        """
        progress = self._progress
        token = enter(self._trial)
        try:
            progress.obey()
            exited = self._stepped(silent_until)
        except TrialStopped:
            exited = _finished(progress)
            self.is_suspended = keep
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            exited = _after_error(progress, error)
        finally:
            leave(token)
        if exited is None:
            return True
        if not self.is_suspended:
            exited = self.close() or exited
        _exit(progress, exited)
        return False

    def resume(self, job: Job) -> None:
        """Go on, as another attempt, from where the generator was suspended."""
        assert self.is_suspended, "only what is suspended can be resumed"
        self.is_suspended = False
        self._progress.resume(job)

    def close(self) -> Exited | None:
        """Let the generator clean up; how it failed in doing so, if it did."""
        generator, self._generator = self._generator, None
        token = enter(self._trial)
        try:
            if generator is not None:
                generator.close()
        except TrialStopped:
            return None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return _after_error(self._progress, error)
        finally:
            leave(token)
        return None

    def _stepped(self, silent_until: int) -> Exited | None:
        objective, progress = self._objective, self._progress
        if self._generator is None:
            arguments = objective.arguments(progress.job.config, progress.job.until)
            if objective.wants_trial:
                arguments["trial"] = self._trial
            assert objective.target is not None, "scripts are not run here"
            self._generator = objective.target(**arguments)
        while True:
            try:
                metrics = next(self._generator)
            except StopIteration as stop:
                return _conclude(progress, stop.value, step=None)
            try:
                progress.announce(metrics, silent_until=silent_until)
            except ReportError as error:
                return _failed(progress, "bad_value", str(error))
            ...
