"""Progress in plain lines: one per event worth telling, without control codes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast, final

from rung.console._beginnings import beginning
from rung.console.wording import (
    address,
    clock,
    counted,
    dimension,
    ended,
    harmless,
    headline,
    lasted,
    longest_training,
    method,
    number,
    part_name,
    plural,
    settings,
    size,
)
from rung.errors import SpaceError
from rung.events import (
    ArtifactLogged,
    Changed,
    CommandHandled,
    Continued,
    Ended,
    Enqueued,
    Interrupted,
    Noted,
    Observed,
    SearcherChanged,
    SessionEnded,
    SessionStarted,
    SpaceEdited,
    Started,
    Tagged,
    WorkerPaused,
)  # fmt: skip
from rung.space import Space
from rung.stopping import criterion_from_json
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.events import Event
    from rung.ledger import Ledger
    from rung.rows import StudyRow


@final
class PlainLines:
    """Writes a line at a time, each but the first with the study's clock before it."""

    def __init__(self, stream: IO[str], *, store: str, max_trials: int | None) -> None:
        self._stream = stream
        self._store = store
        self._max_trials = max_trials
        self._tell = Teller()

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Write what there is to tell about the event."""
        sentence = self._tell(event, ledger)
        if isinstance(event, SessionStarted):
            self._write(banner(event, ledger, store=self._store, max_trials=self._max_trials))
        elif sentence is not None:
            self._write(f"{clock(event.at):>7}  {sentence}")

    def close(self) -> None:
        """Nothing is left to write."""

    def _write(self, line: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(harmless(line).encode(encoding, "replace").decode(encoding) + "\n")
        self._stream.flush()


@final
class Teller:
    """Puts events into sentences; keeps who leads, so as to tell when that changes.

    The first trial that ends by itself before the scheduler's ``max_t`` is told with that: its rungs are not reached.
    """

    def __init__(self) -> None:
        self._is_short_told = False
        self._leader: int | None = None
        self._best: float | None = None

    def __call__(self, event: Event, ledger: Ledger) -> str | None:
        """The sentence, or None when the event isn't worth one."""
        study = _study(ledger)
        if isinstance(event, Observed):
            return self._lead(event, study)
        if isinstance(event, SessionStarted):
            self._best, self._leader = study.best_loss, study.best_trial
        sentence = _SENTENCES.get(type(event))
        if sentence is None:
            return None
        shortfall = self._shortfall(event, ledger) if isinstance(event, Ended) else ""
        return f"{sentence(event, ledger)}{shortfall}" if shortfall else sentence(event, ledger)

    def _shortfall(self, event: Ended, ledger: Ledger) -> str:
        row, max_t = ledger.trials[event.trial], longest_training(_study(ledger).scheduler)
        is_short = event.state is TrialState.COMPLETED and max_t is not None and 0 < row.last_step < max_t
        if self._is_short_told or row.is_given or not is_short:
            return ""
        self._is_short_told = True
        return f"; its own end, before the scheduler's max_t={max_t}, so nothing later is compared"

    def _lead(self, event: Observed, study: StudyRow) -> str | None:
        if event.loss is None or (self._best is not None and event.loss >= self._best):
            return None
        self._best, former = event.loss, self._leader
        self._leader = event.trial
        if former == event.trial:
            return None
        value = number(study.goal.value(event.loss))
        return f"trial {event.trial} leads: {study.goal.metric} {value} at step {event.step}"


def banner(event: SessionStarted, ledger: Ledger, *, store: str, max_trials: int | None) -> str:
    """What is about to run, and whether it goes on with something."""
    study = _study(ledger)
    if study.sessions == 1:
        state = "new"
    else:
        done = sum(count for trial_state, count in study.counts.items() if trial_state.is_final)
        state = (
            f"resumed, {done} of {max_trials} trials done" if max_trials else f"resumed, {plural(done, 'trial')} done"
        )
    parts = [f"rung {version('rung')}", f"study {study.name} ({state})"]
    if store:
        parts.append(f"store {address(store)}")
    parts += [method(study), f"{study.goal.mode} {study.goal.metric}", plural(event.slots, "worker")]
    if max_trials and study.sessions == 1:
        parts.append(plural(max_trials, "trial"))
    if (stop := event.settings.get("stop")) is not None:
        parts.append(f"until {criterion_from_json(stop)}")
    return " · ".join(parts)


def summary(event: SessionEnded, ledger: Ledger) -> str:
    """How the session ended, and what the study has found so far."""
    study = _study(ledger)
    trials = plural(len(ledger.trials), "trial")
    counts = counted(study.counts)
    parts = [f"study {study.name}: {ended(event.why, event.message)}", f"{trials}: {counts}" if counts else trials]
    best = None if study.best_trial is None else ledger.trials[study.best_trial]
    if best is not None and study.best_loss is not None:
        value = f"{study.goal.metric} {number(study.goal.value(study.best_loss))}"
        parts.append(f"best {value} in trial {best.number} at step {study.best_step}: {settings(best.config)}")
    else:
        parts.append(f"no value of {study.goal.metric}{_failure_of_all(ledger) or ' yet'}")
    held = [row.number for row in ledger.open.values() if row.state is TrialState.PAUSED and row.reason == "person"]
    if held:
        who = "1 trial waits" if len(held) == 1 else f"{len(held)} trials wait"
        parts.append(f"{who} for you: rung resume {shlex.quote(study.name)}#{held[0]}")
    elif best is not None and best.state is TrialState.PAUSED and not study.counts.get(TrialState.COMPLETED):
        further = f"rung resume {shlex.quote(study.name)}#{best.number}"
        parts.append(f"no trial was trained to the end: {further} sends the best on")
    return " · ".join(parts)


def _failure_of_all(ledger: Ledger) -> str:
    """Why there is none, where every trial has failed: as the first one has."""
    rows = ledger.trials
    if not rows or any(row.state is not TrialState.FAILED for row in rows.values()):
        return ""
    first = rows[min(rows)]
    return f": every trial failed, trial {first.number} ({first.reason}): {headline(first.message) or first.reason}"


def ending(event: Ended, ledger: Ledger) -> str:
    """How a run of a trial ended, and why."""
    row = ledger.trials[event.trial]
    goal = _study(ledger).goal
    name = f"trial {event.trial}"
    why = headline(event.message) or event.reason
    if event.state is TrialState.FAILED:
        return f"{name} failed ({event.reason}): {why}"
    if event.state is not TrialState.COMPLETED:
        by = " by a person" if event.reason == "person" else ""
        return f"{name} {event.state}{by} at step {row.last_step}" + (f": {why}" if why else "")
    if row.last_loss is None or row.best_loss is None:
        return f"{name} completed"
    last = f"{goal.metric} {number(goal.value(row.last_loss))}"
    best = (
        "" if row.best_step == row.last_step else f", best {number(goal.value(row.best_loss))} at step {row.best_step}"
    )
    return f"{name} completed at step {row.last_step}: {last}{best}, in {lasted(row.runtime)}"


def _interrupted(event: Interrupted, ledger: Ledger) -> str:
    step = ledger.trials[event.trial].last_step
    if event.reason == "interrupted":
        return f"trial {event.trial} interrupted at step {step}; it waits for the study to be resumed"
    if event.reason == "tuner":
        return f"trial {event.trial} was cut off at step {step} when its tuner ended; it is tried again"
    return f"trial {event.trial} lost its process at step {step}: {headline(event.message)}"


def _noted(event: Noted, _ledger: Ledger) -> str:
    return f"note on {_subject(event.trial)}: {' '.join(event.text.split())}"


def _tagged(event: Tagged, _ledger: Ledger) -> str:
    changes = [*(f"+{tag}" for tag in event.added), *(f"-{tag}" for tag in event.removed)]
    return f"tags of {_subject(event.trial)}: {' '.join(changes)}"


def _kept(event: ArtifactLogged, _ledger: Ledger) -> str:
    return f"trial {event.trial} keeps {event.artifact.name} ({size(event.artifact.size)})"


def _space_edited(event: SpaceEdited, _ledger: Ledger) -> str:
    try:
        space = Space.from_json(event.space)
    except SpaceError:  # of a version of rung that knows other domains
        return "the space was edited"
    return f"from here on the space is {'; '.join(f'{name}: {dimension(space, name)}' for name in space)}"


def _enqueued(event: Enqueued, _ledger: Ledger) -> str:
    again = "" if event.retry_of is None else f" once more, after trial {event.retry_of}"
    return f"asked for{again}: {settings(event.config)}"


def _subject(trial: int | None) -> str:
    return "the study" if trial is None else f"trial {trial}"


def _refused(event: CommandHandled, _ledger: Ledger) -> str | None:
    if not event.refused:
        return None
    return f"what somebody asked for ({_ASKED.get(event.what, event.what)}) was refused: {event.refused}"


def _study(ledger: Ledger) -> StudyRow:
    assert ledger.study is not None, "events follow on the first one"
    return ledger.study


_ASKED: Mapping[str, str] = {
    "Enqueue": "to try a configuration",
    "EditSpace": "to change the space",
    "ChangeSearcher": "to change the searcher",
    "StopTrial": "to stop a trial",
    "PauseTrial": "to pause a trial",
    "ContinueTrial": "to continue a trial",
    "ChangeTrial": "to change a trial",
    "RetryTrial": "to retry a trial",
    "Record": "to record a result",
    "StopStudy": "to stop the study",
    "Note": "a note",
    "Tag": "a tag",
}
"""The kinds of commands (``CommandHandled.what``), for people."""

_Sentence: TypeAlias = Callable[[Any, Any], "str | None"]
_SENTENCES: Mapping[type, _Sentence] = cast(
    "Mapping[type, _Sentence]",
    {
        Started: beginning,
        Ended: ending,
        Interrupted: _interrupted,
        SessionEnded: summary,
        CommandHandled: _refused,
        WorkerPaused: lambda event, _: f"worker {event.worker} gets no more trials: {event.why}",
        Enqueued: _enqueued,
        Noted: _noted,
        Tagged: _tagged,
        ArtifactLogged: _kept,
        Continued: lambda event, _: f"trial {event.trial} is to go on",
        Changed: lambda event, _: f"trial {event.trial} changed after step {event.step}: {settings(event.changes)}",
        SpaceEdited: _space_edited,
        SearcherChanged: lambda event, _: f"from here on {part_name(event.searcher)} searches",
    },
)
