"""What a training function sees of the study around it: ``Trial``, and ``report``, ``config``, ``trial`` without one.

Which trial is the current one is kept in a context variable, which the thread that runs the trial has set. A thread
that the training function starts has a context of its own and so no current trial: call the ``Trial`` itself there, or
start it with ``contextvars.copy_context().run``; in either case only one thread at a time may report.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextvars import ContextVar, Token
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, final

from msgspec.structs import replace

from rung.errors import RungError, SettingError
from rung.runtime.artifacts import log_artifact
from rung.runtime.backoff import back_off
from rung.runtime.epochs import epochs_of
from rung.runtime.progress import Progress, as_metrics, as_step
from rung.runtime.ranks import NoLine
from rung.types import Config, Job, Remarked

if TYPE_CHECKING:
    from rung.contracts import Channel

T = TypeVar("T")

LONGEST_NOTE = 10_000
"""Characters of a note."""

SCRIPT_VARIABLE = "RUNG_TRIAL"
"""The environment variable that marks the process of a script run by rung; what it holds is for ``wire`` to know."""


@final
class Trial:
    """One run of one trial, as the training function sees it.

    study: the name of the study. number: of the trial in it, from 0.
    seed: for the trial's own random numbers, the same in every attempt.
    progress: for what drives the run.
    """

    def __init__(self, job: Job, channel: Channel, *, launched_as: int = 0) -> None:
        self.progress = Progress(job, channel, launched_as)
        self.study = job.study
        self.number = job.trial
        self.seed = job.seed

    def __repr__(self) -> str:
        return f"<Trial {self.number} of {self.study!r}, attempt {self.attempt}: {dict(self.config)}>"

    def __reduce__(self) -> tuple[Callable[[Job], Trial], tuple[Job]]:
        """For a process that the training starts: the copy follows there, whatever rank 0 decides in this one."""
        return _following, (replace(self.progress.job, config=dict(self.config)),)

    @property
    def attempt(self) -> int:
        """Which run of the trial this is, from 1."""
        return self.progress.job.attempt

    @property
    def config(self) -> Config:
        """The hyperparameters: a read-only view that shows changes made from outside, at each report."""
        return self.progress.config

    @property
    def until(self) -> int | None:
        """The step at which this run ends or pauses; None when it is to run to its own end."""
        return self.progress.job.until

    @property
    def folder(self) -> Path:
        """The trial's own folder, for whatever it wants to keep; it exists."""
        folder = Path(self.progress.job.folder)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def report(self, metrics: object = None, /, *, step: int | None = None, **more: object) -> None:
        """Tell the study how the training is doing.

        metrics: the value of the study's metric, or a mapping of metrics by name; more: metrics by name. Each is a
        number: Python's, NumPy's, or a tensor with one element. NaN and infinity may be reported and end the trial.
        step: counts from 1 and grows; by default one more than before, in an ``epochs`` loop the epoch.

        Waits for the study's decision where one is due. When the trial is to stop or pause, or has reached ``until``,
        an ``epochs`` loop goes on to the end of its body and then ends; outside one, this raises ``TrialStopped``, and
        again at every later call. ReportError when the report is not a possible one.

        Where several processes train together by torch.distributed, rank 0's numbers are the trial's, and on the others
        the arguments are checked. In an ``epochs`` loop each rank may report or leave it; outside one, call this on all
        ranks, as often on each: what rank 0 is told then ends all of them at the same report, and a changed
        hyperparameter shows on all of them after it. Ranks that don't report there can only be ended by their launcher.
        """
        self.progress.report(_together(metrics, more, self.progress.job.metric), step=step)

    def epochs(self, number: int, /, *, every: int = 1, **stateful: Any) -> Iterator[int]:
        """The epochs to train, 1 … ``number``, with a checkpoint after each, for ``for epoch in trial.epochs(…):``.

        stateful: objects with ``state_dict()`` and ``load_state_dict()``: the model, the optimizer, a schedule; or
        models and optimizers of Keras 3 (a compiled model brings its optimizer along). A run that continues a trial, or
        starts from another trial's checkpoint, first gets their states and those of the global random number generators
        (``random``, NumPy, torch) from the newest intact checkpoint and goes on with the epoch after it.
        Where the hyperparameters have changed since, as in a copy, an optimizer or schedule takes the settings that it
        was built with now instead of the saved ones: build it from ``trial.config``. A change in mid-run, made by a
        person, shows in ``trial.config``: what is to follow it must be set in the body.
        Without stateful objects nothing is saved, and a trial that is continued starts anew.

        every: epochs from one checkpoint to the next; the last one before the loop ends is always saved.
        The loop ends after ``min(number, until)``, or after the body in whose course the trial was told to stop or
        pause. An epoch that is left by ``break`` is not saved. One loop per trial: SettingError for a second one.
        CheckpointError when a state can't be saved, or the checkpoint holds other objects than the ones given.

        Where several processes train together by torch.distributed, each of them runs the loop. At the end of a body
        all learn whether rank 0 was told to end, and what has changed in ``config``; rank 0 saves its own states, and
        the random number generators of all; all go on from the same checkpoint. SettingError on another rank than 0
        when torch.distributed is not initialised by the first epoch.
        """
        return epochs_of(self.progress, number, every=every, stateful=stateful)

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Keep a copy of a file with the trial, at ``trial.folder / "artifacts" / name``.

        name: by default the file's own; may have slashes. What was kept under the same name before is replaced.
        SettingError when there is no such file, it can't be copied, or the name would lead out of the folder. Does
        nothing on other ranks of a distributed training than 0.
        """
        if self.progress.ranks.is_first:
            log_artifact(self.progress, Path(path), name)

    def note(self, text: str) -> None:
        """Leave a remark for people, of up to 10,000 characters; it stands with the trial in its study.

        SettingError for anything else. Other ranks of a distributed training than 0 leave none.
        """
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_NOTE:
            given = f"{len(text):,} characters" if isinstance(text, str) else type(text).__name__
            raise SettingError(f"{given} can't be a note.", hint=f"Give a text of 1 to {LONGEST_NOTE:,} characters.")
        if self.progress.ranks.is_first:
            self.progress.channel.post(Remarked(self.number, self.attempt, text))

    def batch_size_backoff(
        self, function: Callable[[int], T], batch_size: int, *, least: int = 1, factor: float = 0.5
    ) -> T:
        """What ``function(batch_size)`` returns, called again with a smaller batch size whenever memory runs out.

        function: trains with the batch size that it is given, and makes its model, optimizer and batches itself. It may
        use ``trial.epochs``, which then goes on from the newest checkpoint; else it starts anew. What it has reported
        already is not reported again.
        factor: from one batch size to the next, rounded down. least: below it, the error is raised as it is.

        Each time, a note says so, and unused memory is given back first. What counts as running out of memory is
        what torch, CUDA, JAX, TensorFlow, NumPy and Python raise. SettingError for sizes that can't be.
        """
        return back_off(self, function, batch_size, least=least, factor=factor)


def report(metrics: object = None, /, *, step: int | None = None, **more: object) -> None:
    """``Trial.report`` for the current trial. Outside a study it checks its arguments and does nothing else."""
    if (current := current_trial()) is not None:
        current.report(metrics, step=step, **more)
        return
    as_metrics(_together(metrics, more, None), None)
    if step is not None:
        as_step(step)


def config(**defaults: Any) -> dict[str, Any]:
    """The current trial's hyperparameters as they are now, over the defaults; outside a study the defaults.

    A study that searches what no default is given for gets a note on its first trial: it may be misspelt.
    """
    current = current_trial()
    if current is None:
        return defaults
    if defaults:
        _point_out(current, current.config.keys() - defaults.keys())
    return {**defaults, **current.config}


def trial() -> Trial:
    """The current trial. RungError outside a study."""
    if (current := current_trial()) is not None:
        return current
    raise RungError(
        "There is no trial here.",
        hint="rung.trial() works in what a study trains, in the thread that runs it; elsewhere use rung.config(…) and "
        "rung.report(…), which do without one.",
    )


def current_trial() -> Trial | None:
    """The trial that this thread runs; in a script that rung runs, the script's."""
    try:
        return _current.get()
    except LookupError:
        current = None
    if SCRIPT_VARIABLE in os.environ:
        from rung.runtime.wire import script_trial  # connects to the tuner, which nothing but a script needs

        current = script_trial()
        _current.set(current)
    return current


def enter(entered: Trial) -> Token[Trial | None]:
    """Make it this thread's current trial until ``leave``."""
    return _current.set(entered)


def leave(token: Token[Trial | None]) -> None:
    """Undo the ``enter`` that gave this token."""
    _current.reset(token)


@contextlib.contextmanager
def outside_of_trials() -> Iterator[None]:
    """While this lasts, this thread has no current trial: what a search inside a trial tries is not that trial."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextlib.contextmanager
def importing_training_code() -> Iterator[None]:
    """While this lasts, no study may begin: a script that is imported for its objective would start itself again."""
    token = _is_importing.set(True)
    try:
        yield
    finally:
        _is_importing.reset(token)


def is_importing_training_code() -> bool:
    """Whether what runs here is a module that is being imported for what a study trains."""
    return _is_importing.get()


def _following(job: Job) -> Trial:
    return Trial(job, NoLine(), launched_as=1)


def _point_out(current: Trial, unnamed: AbstractSet[str]) -> None:
    """Leave a note on hyperparameters that the training may never read; once in a study."""
    is_first_run = current.number == 0 and current.attempt == 1
    if unnamed and is_first_run and not current.progress.has_pointed_out:
        current.progress.has_pointed_out = True
        names = ", ".join(sorted(unnamed))
        current.note(f"rung.config(...) is given no default for {names}: searched in vain, if nothing reads it.")


def _together(metrics: object, more: Mapping[str, object], main: str | None) -> object:
    """One mapping, or one number, out of the ways in which a report can be written."""
    if metrics is None:
        return more
    if isinstance(metrics, Mapping):
        return {**metrics, **more} if more else metrics
    return {main or "value": metrics, **more} if more else metrics


_current: ContextVar[Trial | None] = ContextVar("rung.trial")
"""Not set where nobody has said yet whether there is a trial; in a script that rung runs, there is."""

_is_importing: ContextVar[bool] = ContextVar("rung.is_importing", default=False)
