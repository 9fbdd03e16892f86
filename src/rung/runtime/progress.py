"""The trial's side of the protocol: how far one attempt has come, and what the tuner has said about it."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, SupportsFloat, final

from msgspec import Struct

from rung.errors import ReportError, TrialStopped
from rung.runtime.ranks import Ranks, StoppedAlone
from rung.types import Action, Change, Checkpoint, Config, Job, Message, Reported

if TYPE_CHECKING:
    from rung.contracts import Channel

OTHERS_PATIENCE_S = 10.0
"""How long the first rank waits, once the trial is to end, for the others to report as well."""

_ALONE = "rung: the trial is to end, and only rank 0 has reported. The others are left to the launcher to end."


class Mark(Struct, frozen=True):
    """Where a run stood, for ``Progress.rewind``; the fields are those of ``Progress``."""

    step: int
    position: int
    value: float | None
    epoch: int | None
    loop: object | None


@final
class Progress:
    """One attempt of one trial. Not for several threads at a time.

    config: the hyperparameters now, a live read-only view.
    ranks: the processes that run the attempt together. The first one reports and listens, and the others follow.
    step: of the last report, or of the checkpoint that the attempt continued from; 0 before.
    position: the highest of ``step`` and the epochs gone through; what the next report's step counts on from.
    value: the main metric of this trial's last report; None before any.
    epoch: the number of the epoch while the body of a ``trial.epochs`` loop runs, else None.
    loop: whatever stands for the ``trial.epochs`` loop that there is, or has been; None before it.
    saved: the newest two checkpoints of this attempt, newest first.
    silent_until: reports up to this step have been made before and are not made again.
    is_yielded: the reports come out of a generator, not by calls. has_returned: the objective came to its own end.
    is_stopping: the tuner said stop or pause, or ``until`` is reached. knows_its_end: it was told ``until``, or may
    save its result after the last report, so at ``until`` it is let go on; only a further report ends it.
    has_pointed_out: people were told of hyperparameters that the training may never read.
    """

    def __init__(self, job: Job, channel: Channel, launched_as: int = 0) -> None:
        self.job = job
        self.channel = channel
        self.ranks = Ranks(f"{job.trial}/{job.attempt}", launched_as)
        self._values = dict(job.config)
        self._changes: dict[str, Any] = {}
        self.config: Config = MappingProxyType(self._values)
        self.step = 0
        self.position = 0
        self.value: float | None = None
        self.epoch: int | None = None
        self.loop: object | None = None
        self.saved: tuple[Checkpoint, ...] = ()
        self.silent_until = 0
        self.is_yielded = False
        self.is_stopping = False
        self.has_returned = False
        self.knows_its_end = False
        self.has_pointed_out = False
        self._awaited = 0

    @property
    def is_at_end(self) -> bool:
        """It has reported ``until``."""
        return self.job.until is not None and self.step >= self.job.until

    def report(self, metrics: object, *, step: int | None = None) -> None:
        """Announce, then obey. ReportError in a generator, which yields its metrics instead."""
        if self.is_yielded:
            raise ReportError("A generator called report.", hint="Yield the metrics instead.")
        if self.epoch is None and self.ranks.are_many:
            _report_together(self, metrics, step)
            return
        self.announce(metrics, step=step)
        self.obey()

    def announce(self, metrics: object, *, step: int | None = None) -> None:
        """Post a report, unless it is a silent one; ``obey`` has to follow.

        ReportError when it can't be one; TrialStopped when the trial was to end and no loop is seeing to it.
        """
        if self.is_stopping and self.epoch is None:
            raise TrialStopped
        measured = as_metrics(metrics, self.job.metric)
        step = self._next_step(step)
        if step > self.silent_until and self.ranks.is_first:
            self.listen()
            ends_it = not math.isfinite(measured[self.job.metric])  # which the tuner says in its answer
            is_asked = ends_it or is_due(self.job, max(self.step, self.silent_until), step)
            waits = is_asked and not self.is_stopping
            self.channel.post(Reported(self.job.trial, self.job.attempt, step, measured, waits))
            self._awaited = step if waits else 0
        self.step = step
        self.position = max(self.position, step)
        self.value = measured[self.job.metric]

    def obey(self) -> None:
        """Wait for the answer if one is due; raise TrialStopped when the trial is to end and no loop will see to it."""
        while self._awaited:
            self._hear(self.channel.wait())
        self.listen()
        is_told = self.is_stopping
        if self.is_at_end:
            self.is_stopping = True
        if self.is_stopping and self.epoch is None and (is_told or not self.knows_its_end):
            raise TrialStopped

    def listen(self) -> None:
        """Take note of the messages that have arrived. Where others follow, changes are put off until they agree."""
        if self.ranks.is_first:
            for message in self.channel.pending():
                self._hear(message)

    def agree(self, matter: str, *, ends: bool = False) -> bool:
        """Have all ranks go on alike, as the first one says; whether the training ends here.

        matter: what they agree about, of which each rank has the same sequence.
        """
        if self.ranks.are_many:
            here = (ends, self.is_stopping, self._changes)
            ends, self.is_stopping, changes = self.ranks.share(matter, lambda: here)
            self._values.update(changes)
            self._changes = {}
        return ends

    def mark(self) -> Mark:
        """Where the run stands."""
        return Mark(self.step, self.position, self.value, self.epoch, self.loop)

    def rewind(self, mark: Mark) -> None:
        """Go back there to train once more from it; what has been reported since is not reported again.

        TrialStopped when the trial was told to end, unless it is only that it has come to ``until``.
        """
        if self.is_stopping and not self.is_at_end:
            raise TrialStopped
        self.is_stopping = False
        self._awaited = 0
        self.silent_until = max(self.silent_until, self.step)
        self.step, self.position, self.value = mark.step, mark.position, mark.value
        self.epoch, self.loop = mark.epoch, mark.loop

    def resume(self, job: Job) -> None:
        """Go on with what was suspended, as another attempt of the same trial."""
        assert job.trial == self.job.trial, "a suspended trial can't become another one"
        self.job = job
        self.is_stopping = False
        self._awaited = 0

    def _hear(self, message: Message) -> None:
        if isinstance(message, Change):
            (self._changes if self.ranks.are_many else self._values).update(message.changes)
        elif message.action is not Action.CONTINUE:
            self.is_stopping = True
            self._awaited = 0
        elif message.step == self._awaited:
            self._awaited = 0

    def _next_step(self, given: object) -> int:
        following = self.position + 1 if self.epoch is None else self.epoch
        step = following if given is None else as_step(given)
        if step > self.step:
            return step
        if given is None:
            raise ReportError(
                f"Epoch {step} has been reported already.",
                hint="Report once per epoch, with all metrics in one call, or give each report its step.",
            )
        raise ReportError(
            f"Step {step} was reported after step {self.step}.", hint="Steps must grow from one report to the next."
        )


def _report_together(progress: Progress, metrics: object, step: int | None) -> None:
    """Report where no loop will have the ranks agree: the first one decides for those that report as often as it does.

    When the trial is to end and another rank does not come to hear of it, that may be since it never reports, and it
    would wait for this one in the training's next collective.
    """
    try:
        progress.announce(metrics, step=step)
        progress.obey()
        ends = False
    except TrialStopped:
        ends = True
    if not progress.agree("report", ends=ends):
        return
    try:
        progress.ranks.gather("end", b"", patience_s=OTHERS_PATIENCE_S)
    except TimeoutError:
        raise StoppedAlone(_ALONE) from None
    raise TrialStopped


def is_due(job: Job, last: int, step: int) -> bool:
    """Whether the job's trial must wait for a decision at ``step``, the report before having been at ``last``."""
    marks, until = job.decide_at, job.until
    if marks is None or (until is not None and last < until <= step):
        return True
    return any(last < mark <= step for mark in marks)


def as_metrics(measured: object, main: str | None) -> dict[str, float]:
    """Metrics by name, as floats. A lone number is the metric ``main``, which must be among them unless it is None.

    ReportError says what was given. A bool is refused: as a metric it is a slip more often than it is meant.
    """
    if type(measured) is float:
        return {main or "value": measured}
    if not isinstance(measured, Mapping):
        return {main or "value": _as_float(measured, main or "value")}
    metrics: dict[str, float] = {}
    for name, value in measured.items():
        if not isinstance(name, str):
            raise ReportError(f"{name!r} can't name a metric.", hint="Names are strings.")
        metrics[name] = value if type(value) is float else _as_float(value, name)
    if main is None and not metrics:
        raise ReportError("A report needs a metric; given: nothing.", hint="Report error=…, or another one.")
    if main is not None and main not in metrics:
        given = ", ".join(map(repr, metrics)) or "nothing"
        raise ReportError(f"The metric {main!r} is missing; given: {given}.", hint=f"Report {main}=… each time.")
    return metrics


def as_step(given: object) -> int:
    """A whole number ≥ 1; ReportError for anything else."""
    if not isinstance(given, bool):
        try:
            step = operator.index(given)  # type: ignore[arg-type]  # that is the question
        except TypeError:
            step = 0
        if step >= 1:
            return step
    raise ReportError(f"{given!r} can't be a step.", hint="Steps are whole numbers from 1.")


def _as_float(value: Any, name: str) -> float:
    """The number in a Python, NumPy or tensor scalar."""
    try:
        plain = value.item() if callable(getattr(value, "item", None)) else value
        if isinstance(plain, SupportsFloat) and not isinstance(plain, bool):
            return float(plain)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ReportError(f"{name} can't be {_brief(value)}: {error}.", hint="Report one number.") from error
    raise ReportError(f"{name} can't be {_brief(value)}.", hint="Report one number.")


def _brief(value: object) -> str:
    """The value in at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
