"""A handler of Ignite that reports each epoch. Ignite is imported when one is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from rung.errors import SettingError
from rung.integrations._lazy import requiring
from rung.integrations._versions import need
from rung.runtime.hook import Hook

if TYPE_CHECKING:
    from ignite.engine import Engine
    from ignite.engine.events import RemovableEventHandle


@final
class Report:
    """Reports every epoch of a trainer, ends its run when the trial is to stop or pause, and lets it go on later.

    trainer: the engine that trains. metric: what the study judges, by the name that it was attached with; by default
    what the study names. What is attached under the study's name of it is replaced by it.
    to_save: what a trial that goes on gets from the checkpoint, by name: models, optimizers, schedules. The trainer's
    own state is always among it, and ``max_epochs`` counts all epochs. Without ``to_save`` nothing is saved.
    every: epochs from one checkpoint to the next; the last one before the end is always saved.

    ``attach`` it to the engine that has the metrics. Of these, what is a number is reported, when all handlers that
    were added before the run have had the epoch. Outside a study this does nothing.
    SettingError for an unknown metric, and for a second run in a trial.
    """

    def __init__(
        self,
        trainer: Engine,
        metric: str | None = None,
        *,
        to_save: Mapping[str, Any] | None = None,
        every: int = 1,
    ) -> None:
        with requiring("ignite", "torch", purpose="ignite.Report", extra="ignite"):
            import ignite
        need("pytorch-ignite", ignite.__version__, (0, 5))
        if to_save is not None and "trainer" in to_save:
            raise SettingError("to_save has a 'trainer'.", hint="The trainer is saved anyway: leave it out.")
        self._trainer = trainer
        self._to_save = dict(to_save or {})
        self._hook = Hook(metric, every=every)
        self._measured: Mapping[str, Any] = {}
        self._is_evaluated = False  # by an engine of its own
        self._last: RemovableEventHandle | None = None

    def attach(self, engine: Engine) -> None:
        """Report what this engine, an evaluator or the trainer itself, measures. Once, before the trainer runs."""
        from ignite.engine import Events

        self._trainer.add_event_handler(Events.STARTED, self._begin)
        self._trainer.add_event_handler(Events.COMPLETED, self._end)
        self._is_evaluated = engine is not self._trainer
        if self._is_evaluated:
            engine.add_event_handler(Events.COMPLETED, self._take)

    def _begin(self, trainer: Engine) -> None:
        from ignite.engine import Events

        saved = {"trainer": _Progress(trainer), **self._to_save} if self._to_save else {}
        self._hook.begin(trainer.state.max_epochs, **saved)
        self._last = trainer.add_event_handler(Events.EPOCH_COMPLETED, self._epoch_ended)  # behind all others

    def _take(self, engine: Engine) -> None:
        self._measured = dict(engine.state.metrics)

    def _epoch_ended(self, trainer: Engine) -> None:
        measured, self._measured = self._measured if self._is_evaluated else trainer.state.metrics, {}
        if not self._hook.epoch_ended(measured) and trainer.state.epoch != trainer.state.max_epochs:
            trainer.terminate()

    def _end(self, trainer: Engine) -> None:  # noqa: ARG002  as Ignite calls it
        self._hook.end()
        if self._last is not None:
            self._last.remove()


@final
class _Progress:
    """How far a trainer has come, and what its ``state_dict_user_keys`` name; how far it is to go is not restored."""

    def __init__(self, trainer: Engine) -> None:
        self._trainer = trainer

    def state_dict(self) -> dict[str, Any]:
        return dict(self._trainer.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        now = self._trainer.state
        goal = {"max_epochs": now.max_epochs} if now.max_iters is None else {"max_iters": now.max_iters}
        kept = {name: value for name, value in state.items() if name not in {"max_epochs", "max_iters"}}
        self._trainer.load_state_dict(kept | goal)
