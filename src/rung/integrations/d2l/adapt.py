"""Searchers and schedulers in the book's style behind rung's contracts, for the real tuner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast, final

from rung.errors import SettingError
from rung.integrations.d2l.opaque import Opaque
from rung.registry import describe
from rung.space import as_space
from rung.types import Exhausted, Proposal, Suggestion

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Scheduler, Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Decision, Json, Wait


class BookSearcher(Protocol):
    """What a searcher of the book has, whatever it is derived from."""

    def sample_configuration(self) -> Mapping[str, Any]:
        """The configuration to try next."""

    def update(self, config: dict[str, Any], error: float, /) -> object:
        """Take note of a finished trial's error."""


class BookScheduler(Protocol):
    """What a scheduler of the book has, whatever it is derived from."""

    def suggest(self) -> Mapping[str, Any]:
        """The configuration to run next, possibly with ``max_epochs``."""

    def update(self, config: dict[str, Any], error: float, /) -> object:
        """Take note of a finished trial's error."""


@final
class OpaqueSearcher:
    """A searcher of the book behind ``contracts.Searcher``; see ``opaque.Opaque`` for what it is asked and told."""

    def __init__(self, searcher: BookSearcher, space: Space) -> None:
        self._opaque = Opaque(
            _path(searcher), space, draw=searcher.sample_configuration, tell=searcher.update, sets_length=False
        )

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._opaque.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The object's suggestion; takes nothing from ``rng``."""
        del rng
        drawn = self._opaque.suggest()
        return drawn if isinstance(drawn, Exhausted) else Suggestion(drawn.config, drawn.notes)

    def update(self, event: SearchEvent) -> None:
        """Keep track, and tell the object of finished trials."""
        self._opaque.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log; nothing can be built from it."""
        return describe(self, opaque=self._opaque.name)


@final
class OpaqueScheduler:
    """A scheduler of the book behind ``contracts.Scheduler``; see ``opaque.Opaque`` for what it is asked and told."""

    def __init__(self, scheduler: BookScheduler, space: Space) -> None:
        self._opaque = Opaque(_path(scheduler), space, draw=scheduler.suggest, tell=scheduler.update, sets_length=True)

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._opaque.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """The object's suggestion as a new trial; ``max_epochs`` is where it ends. Takes nothing from ``rng``."""
        del rng
        if not new_trials:
            return Exhausted("only people pause trials here, and only they continue them")
        drawn = self._opaque.suggest()
        if isinstance(drawn, Exhausted):
            return drawn
        return Proposal(config=drawn.config, until=drawn.until, notes=drawn.notes)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep track, and tell the object of finished trials; nothing is ever decided."""
        self._opaque.update(event)
        return ()

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log; nothing can be built from it."""
        return describe(self, opaque=self._opaque.name)

    def config_of(self, trial: int) -> dict[str, Any] | None:
        """The configuration of one of the object's own trials, ``max_epochs`` included."""
        return self._opaque.config_of(trial)


def as_searcher(searcher: BookSearcher | Searcher, space: object = None) -> Searcher:
    """A searcher of the book for any of rung's schedulers; a searcher of rung as it is.

    space: what it draws from; by default its attribute ``config_space``. SettingError when there is neither.
    """
    if _is_rungs(searcher):
        return cast("Searcher", searcher)
    _check(searcher, "searcher", ("sample_configuration", "update"))
    return OpaqueSearcher(cast("BookSearcher", searcher), _space_of(searcher, space))


def as_scheduler(scheduler: BookScheduler | Scheduler, space: object = None) -> Scheduler:
    """A scheduler of the book for the tuner; a scheduler of rung as it is.

    space: what it draws from; by default the attribute ``config_space`` of it or of its ``searcher``. SettingError when
    there is neither.
    """
    if _is_rungs(scheduler):
        return cast("Scheduler", scheduler)
    _check(scheduler, "scheduler", ("suggest", "update"))
    return OpaqueScheduler(cast("BookScheduler", scheduler), _space_of(scheduler, space))


def _is_rungs(part: object) -> bool:
    return callable(getattr(part, "spec", None))


def _check(part: object, kind: str, methods: tuple[str, ...]) -> None:
    missing = [f"{method}()" for method in methods if not callable(getattr(part, method, None))]
    if missing or isinstance(part, type):
        what = "is a class, not an object" if isinstance(part, type) else f"has no {' and no '.join(missing)}"
        raise SettingError(f"{part!r} {what}, so it can't be used as a {kind}.", hint="See the book's chapter 19.2.")


def _space_of(part: object, given: object) -> Space:
    for candidate in (given, getattr(part, "config_space", None)):
        if candidate is not None:
            return as_space(candidate)
    inner = getattr(part, "searcher", None)
    if inner is None:
        raise SettingError(
            f"{_path(part)} does not tell its space.", hint="Give it the attribute config_space, or pass the space."
        )
    return _space_of(inner, None)


def _path(part: object) -> str:
    """The names of its class, and of its searcher's, if it has one: another class of either is another study."""
    own = f"{type(part).__module__}:{type(part).__qualname__}"
    inner = getattr(part, "searcher", None)
    return own if inner is None else f"{own} with {_path(inner)}"
