"""One run by hand: a tuner that runs nothing but the given configuration, while what it prints goes to the terminal."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from rung.backends._scripts import NOTHING_ADDED
from rung.backends.processes import Processes
from rung.cli._command import is_run
from rung.cli._session import load_objective
from rung.cli.main import FAILED, INTERRUPTED, tell
from rung.commands import Note, StopTrial
from rung.console.plain import Teller
from rung.errors import StudyNotFoundError
from rung.events import Ended, Event, Interrupted, Started
from rung.ledger import Ledger
from rung.places import OUTPUT, trial_folder
from rung.runtime.objective import Objective
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Space
from rung.tuner import Tuner
from rung.tuning.clerk import write_down
from rung.tuning.starter import Limits
from rung.types import Goal, TrialState

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.events import StudyCreated

LIMITS = Limits(max_kills=1, failures_in_a_row=None, new_trials=0)
"""Nothing but the given run, which nobody wants again unasked."""
_LOG_BYTES = 1 << 30  # of a single run by hand there is rather more to be kept than of one in hundreds
_PERIOD_S = 0.1


def tracked(command: Sequence[str], *, adds_arguments: bool) -> Objective:
    """The program as an objective. ObjectiveError when there is no such program."""
    return load_objective([*command] if adds_arguments else [*command, NOTHING_ADDED])


def goal_of(created: StudyCreated | None, *, metric: str | None, mode: Literal["min", "max"] | None) -> Goal:
    """What is judged: as the study has it, if there is one, or as it was given."""
    usual = Goal("error") if created is None else created.goal
    return Goal(usual.metric if metric is None else metric, mode or usual.mode)


def place_for_one() -> Processes:
    """Where a single run by hand runs."""
    return Processes(1, threads=None, log_bytes=_LOG_BYTES)


@final
class Tracking:
    """Runs one configuration by hand, for a study that has nothing but such runs. message: a note on the run."""

    def __init__(self, store: Store, study: str, *, message: str) -> None:
        self._store = store
        self._study = study
        self._message = message
        self._tell = Teller()
        self._echo: Echo | None = None
        self._exit_code = INTERRUPTED

    def run(self, objective: Objective, config: Mapping[str, Any], goal: Goal, *, project: str | None) -> int:
        """Run it to its end; returns the exit code of the program, or 130 if it was ended before."""
        tuner = Tuner(
            objective,
            BasicScheduler(RandomSearcher(Space({}))),
            metric=goal.metric,
            mode=goal.mode,
            store=self._store,
            study=self._study,
            backend=place_for_one(),
            limits=LIMITS,
            project=project,
            observers=[self._observe],
        )
        self._end_what_was_left()
        try:
            with tuner:
                tuner.run(given=[config])
        except KeyboardInterrupt:  # the tuner has said how to go on
            pass
        finally:
            if self._echo is not None:
                self._echo.close()
            if self._message:
                write_down(self._store, self._study)
        return self._exit_code

    def _end_what_was_left(self) -> None:
        """A run that was cut off may have had another command, so this one must not try it again."""
        try:
            row = self._store.tables.study(self._study)
        except StudyNotFoundError:
            return
        if is_run(row) or not any(count for state, count in row.counts.items() if not state.is_final):
            return
        for trial in self._store.tables.trials(self._study):
            if not trial.state.is_final:
                self._store.post(self._study, StopTrial(trial.number))

    def _observe(self, event: Event, ledger: Ledger) -> None:
        sentence = self._tell(event, ledger)
        if isinstance(event, Started):
            self._started(event)
        elif isinstance(event, Ended) and self._echo is not None:
            self._echo.close()
            self._exit_code = exit_code(event)
        if isinstance(event, Started | Ended | Interrupted) and sentence is not None:
            tell(f"{self._study}: {sentence}")

    def _started(self, event: Started) -> None:
        folder = trial_folder(self._store.folder(self._study), event.trial)
        self._echo = Echo(folder / OUTPUT)
        if self._message:
            self._store.post(self._study, Note(self._message, event.trial))
        end_at_first_interrupt()


def end_at_first_interrupt() -> None:
    """What is run by hand ends at the first Ctrl-C. To be called once its tuner heeds them."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        # SIGTERM is what a tuner takes as the second one.
        signal.signal(signal.SIGINT, lambda *_: signal.raise_signal(signal.SIGTERM))


def exit_code(event: Ended) -> int:
    """That of the program, as a shell has it; where there is none, what the trial's state comes to."""
    if event.exit_code is not None:
        return event.exit_code if event.exit_code >= 0 else 128 - event.exit_code
    return FAILED if event.state is TrialState.FAILED else 0


@final
class Echo:
    """Copies a file that grows to standard output, until it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = sys.stdout.buffer
        self._position = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="rung-echo", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Copy what is left. Idempotent."""
        self._is_over.set()
        self._thread.join()

    def _follow(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody looks any more; the run goes on
            while not self._is_over.wait(_PERIOD_S):
                self._copy()
            self._copy()

    def _copy(self) -> None:
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                new = file.read()
        except FileNotFoundError:  # nothing was printed yet
            return
        if new:
            self._position += len(new)
            self._stream.write(new)
            self._stream.flush()
