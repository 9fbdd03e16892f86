"""A study in miniature: a scheduler, virtual workers and a made-up objective, without tuner, store or processes."""

from __future__ import annotations

import heapq
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import final

import msgspec
from msgspec import Struct, field

from rung.commands import Command, ContinueTrial, EditSpace, Enqueue, PauseTrial, StopTrial
from rung.contracts import Scheduler
from rung.events import Ended, Enqueued, Observed, SearchEvent, SpaceEdited, Started
from rung.tuning.engine import draw_generator
from rung.types import Action, Checkpoint, Config, Decision, Proposal, TrialState, Wait

_STATES = {Action.PAUSE: TrialState.PAUSED, Action.STOP: TrialState.STOPPED}


def hashed_loss(config: Config, step: int) -> float:
    """A loss that looks random, falls with the step, and depends on nothing but its arguments."""
    text = json.dumps(config, sort_keys=True)
    return zlib.crc32(text.encode()) / 2**32 + 1 / step


def hashed_seconds(config: Config, step: int) -> float:
    """Seconds that a step takes, between 0.5 and 1.5, other ones for each configuration and step."""
    return 0.5 + zlib.crc32(f"{step} {json.dumps(config, sort_keys=True)}".encode()) / 2**32


class Course(Struct, frozen=True, kw_only=True):
    """A made-up objective.

    steps: what a trial reports until its own end; a run that continues goes on after the last one reported.
    loss, seconds: of a configuration at a step. failures: trial -> the step instead of whose report it fails.
    """

    steps: Sequence[int] = (1,)
    loss: Callable[[Config, int], float] = hashed_loss
    seconds: Callable[[Config, int], float] = hashed_seconds
    failures: Mapping[int, int] = {}


class Played(Struct):
    """What came of it. decisions: (index in ``log`` of the event that brought it, decision). why: of Exhausted."""

    log: list[SearchEvent] = field(default_factory=list)
    decisions: list[tuple[int, Decision]] = field(default_factory=list)
    why: str = ""

    def started(self) -> list[Started]:
        """All starts of runs, in order."""
        return [event for event in self.log if isinstance(event, Started)]

    def suggested(self) -> Iterator[tuple[int, Started]]:
        """The starts that came from a suggestion, each with its index in the log."""
        for index, event in enumerate(self.log):
            if isinstance(event, Started) and event.draw is not None:
                yield index, event

    def configs(self) -> list[Config]:
        """The configurations of the trials that are no copies, by number."""
        return [event.config for event in self.started() if event.cause == "new" and event.parent is None]

    def states(self) -> dict[int, TrialState]:
        """Where each trial stands at the end."""
        return {event.trial: event.state for event in self.log if isinstance(event, Ended)}


def stored(event: SearchEvent) -> SearchEvent:
    """The event as it comes back from a log on disk."""
    return msgspec.json.decode(msgspec.json.encode(event), type=type(event))


def play(
    scheduler: Scheduler,
    course: Course | None = None,
    *,
    new_trials: int = 20,
    workers: int = 2,
    seed: int = 0,
    commands: Mapping[int, Sequence[Command]] | None = None,
) -> Played:
    """Play until nothing runs and nothing is proposed any more, beginning at most ``new_trials`` trials and any copies.

    commands: what people ask for, by the number of events in the log after which they do. A command that can't be
    carried out is ignored. AssertionError when the scheduler waits while nothing runs, proposes to continue a trial
    that isn't paused or to a step that it has reached, copies one that has reported nothing, or decides about a trial
    that doesn't run, but for stopping a paused one.
    """
    stage = _Stage(scheduler, course or Course(), seed=seed)
    waiting = sorted((commands or {}).items())
    while True:
        while waiting and waiting[0][0] <= len(stage.played.log):
            for command in waiting.pop(0)[1]:
                _carry_out(stage, command)
        stage.fill(workers, new_trials)
        if stage.queue:
            stage.advance()
        elif waiting:
            waiting[0] = (0, waiting[0][1])  # nothing else will happen before it
        else:
            return stage.played


class _Trial(Struct):
    number: int
    config: Config
    until: int | None
    decide_at: tuple[int, ...] | None = ()
    attempt: int = 0
    last_step: int = 0
    state: TrialState = TrialState.RUNNING
    ending: tuple[TrialState, str] | None = None  # how its run will end, and the reason
    is_copy: bool = False


@final
class _Stage:
    def __init__(self, scheduler: Scheduler, course: Course, *, seed: int) -> None:
        self.played = Played()
        self.queue: list[tuple[float, int, int]] = []  # (when, tie-breaker, trial): one entry for each run
        self._scheduler = scheduler
        self._course = course
        self._seed = seed
        self._draws = 0
        self.trials: list[_Trial] = []
        self.continued: list[_Trial] = []
        self.at = 0.0

    def fill(self, workers: int, new_trials: int) -> None:
        while len(self.queue) < workers:
            if self.continued:
                trial = self.continued.pop(0)
                until, decide_at = trial.until, trial.decide_at
                if until is not None and until <= trial.last_step:
                    until = decide_at = None  # the person wants it to go on past where the scheduler paused it
                proposal = Proposal(config=trial.config, trial=trial.number, until=until, decide_at=decide_at)
                self._start(trial, proposal, draw=None, new_trials=True)
                continue
            may_begin = sum(not trial.is_copy for trial in self.trials) < new_trials
            rng = draw_generator(self._seed, self._draws)
            answer = self._scheduler.suggest(rng, new_trials=may_begin)
            if not isinstance(answer, Proposal):
                assert not isinstance(answer, Wait) or self.queue, "the scheduler waits, but nothing runs"
                self.played.why = answer.why
                return
            is_open = answer.trial is not None or answer.parent is not None
            assert is_open or may_begin, "a new trial was proposed where none was allowed"
            self._start(self._trial_of(answer), answer, draw=self._draws, new_trials=may_begin)
            self._draws += 1

    def advance(self) -> None:
        self.at, _, number = heapq.heappop(self.queue)
        trial = self.trials[number]
        step = next((step for step in self._course.steps if step > trial.last_step), None)
        if trial.ending is None and step is None:
            trial.ending = (TrialState.COMPLETED, "")
        elif trial.ending is None and step == self._course.failures.get(number):
            trial.ending = (TrialState.FAILED, "error")
        if trial.ending is not None:
            trial.state, reason = trial.ending
            self.tell(Ended(at=self.at, trial=number, attempt=trial.attempt, state=trial.state, reason=reason))
            return
        assert step is not None
        self._report(trial, step)

    def _report(self, trial: _Trial, step: int) -> None:
        trial.last_step = step
        loss = self._course.loss(trial.config, step)
        event = Observed(
            at=self.at, trial=trial.number, attempt=trial.attempt, step=step, metrics={"loss": loss}, loss=loss
        )
        self.tell(event)
        if trial.ending is None and trial.until is not None and step >= trial.until:
            trial.ending = (TrialState.COMPLETED, "")
        seconds = 0.01 if trial.ending else self._course.seconds(trial.config, step)
        self._enter(trial, seconds)

    def _trial_of(self, proposal: Proposal) -> _Trial:
        if proposal.trial is None:
            new = _Trial(len(self.trials), proposal.config, proposal.until)
            if proposal.parent is not None:
                new.is_copy, new.last_step = True, self.trials[proposal.parent].last_step
                assert new.last_step, f"trial {proposal.parent} has reported nothing, so it can't be copied"
            self.trials.append(new)
            return new
        trial = self.trials[proposal.trial]
        assert trial.state is TrialState.PAUSED, f"trial {trial.number} is {trial.state}, so it can't be continued"
        assert proposal.until is None or proposal.until > trial.last_step, "the run would end where it begins"
        return trial

    def _start(self, trial: _Trial, proposal: Proposal, *, draw: int | None, new_trials: bool) -> None:
        trial.attempt += 1
        trial.state, trial.ending = TrialState.RUNNING, None
        trial.until, trial.decide_at = proposal.until, proposal.decide_at
        event = Started(
            at=self.at,
            trial=trial.number,
            attempt=trial.attempt,
            config=proposal.config,
            cause="new" if proposal.trial is None else "resumed",
            until=proposal.until,
            decide_at=proposal.decide_at,
            parent=proposal.parent,
            draw=draw,
            new_trials=new_trials,
            notes=proposal.notes,
            parent_checkpoint=None if proposal.parent is None else Checkpoint(trial.last_step, "", "", 0),
        )
        self._enter(trial, self._course.seconds(trial.config, trial.last_step + 1))
        self.tell(event)

    def _enter(self, trial: _Trial, seconds: float) -> None:
        heapq.heappush(self.queue, (self.at + seconds, len(self.played.log), trial.number))

    def tell(self, event: SearchEvent) -> None:
        index = len(self.played.log)
        self.played.log.append(event)
        for decision in self._scheduler.update(event):
            self.played.decisions.append((index, decision))
            trial = self.trials[decision.trial]
            if trial.state is TrialState.PAUSED and decision.action is Action.STOP:
                self.stop(trial, "scheduler")
                continue
            assert trial.state is TrialState.RUNNING, f"decided about trial {trial.number}, which is {trial.state}"
            if trial.ending is None and decision.action is not Action.CONTINUE:
                trial.ending = (_STATES[decision.action], "scheduler")

    def stop(self, trial: _Trial, reason: str) -> None:
        """Stop a trial that doesn't run."""
        trial.state = TrialState.STOPPED
        self.tell(Ended(at=self.at, trial=trial.number, attempt=trial.attempt, state=trial.state, reason=reason))


def _carry_out(stage: _Stage, command: Command) -> None:
    match command:
        case Enqueue(config):
            stage.tell(Enqueued(at=stage.at, config=config))
        case EditSpace(space):
            stage.tell(SpaceEdited(at=stage.at, space=space))
        case PauseTrial(number) | StopTrial(number) if number < len(stage.trials):
            state = TrialState.STOPPED if isinstance(command, StopTrial) else TrialState.PAUSED
            _end_by_person(stage, stage.trials[number], state)
        case ContinueTrial(number) if number < len(stage.trials):
            trial = stage.trials[number]
            if trial.state is TrialState.PAUSED and trial not in stage.continued:
                stage.continued.append(trial)
        case _:
            pass


def _end_by_person(stage: _Stage, trial: _Trial, state: TrialState) -> None:
    if trial.state is TrialState.RUNNING:
        trial.ending = trial.ending or (state, "person")
    elif trial.state is TrialState.PAUSED and state is TrialState.STOPPED and trial not in stage.continued:
        stage.stop(trial, "person")
