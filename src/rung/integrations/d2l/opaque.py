"""Somebody's own searcher or scheduler, driven so that the log stays the only truth.

Such an object is opaque: it draws from generators that nobody can rewind, and its state can't be read. So what it has
suggested is taken from the log, never asked for again, and what the log has is told to it.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

from msgspec import Struct

from rung.errors import SettingError, SpaceError
from rung.events import RETRY_OF, Changed, Ended, Observed, SpaceEdited, Started
from rung.history import History
from rung.space.values import identity, plain
from rung.types import Exhausted, TrialState

if TYPE_CHECKING:
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json

LENGTH: Final = "max_epochs"
_MARK: Final = "opaque"  # the key in a suggestion's notes that names who made it
_MOST_DRAWS: Final = 1_000  # until it is given up that the object ever suggests something inside an edited space
_TOLD: Final = frozenset({TrialState.COMPLETED, TrialState.STOPPED})


class Drawn(Struct, frozen=True):
    """A suggestion. until: the step at which the trial is to end, where the object has set ``max_epochs``."""

    config: Config
    until: int | None = None
    notes: Mapping[str, Json] = {}


class _Own(Struct):
    """A trial that the object has suggested."""

    config: dict[str, Any]
    until: int | None
    loss: float | None = None
    is_told: bool = False


@final
class Opaque:
    """Asks and tells the object by the rules of the log.

    - A draw is kept until its trial has started, so asking twice gives the same.
    - Trials that the log has, and this object did not suggest (a resumed study), are waited for: when it suggests the
      same configuration, that one is passed over, once for each. So an object that begins from the start again with a
      list, a seed or an initial configuration goes on where the log ends.
    - Each of its trials is told once, when it has completed or was stopped by a person, with its last loss. Failed
      trials are not told, nor are those that others have suggested.
    - Points that people enqueue come before its suggestions; so do retries, with the length of what they retry.

    draw, tell: its two methods. sets_length: whether ``max_epochs`` in a suggestion is the length of the trial.
    """

    def __init__(
        self,
        name: str,
        space: Space,
        *,
        draw: Callable[[], object],
        tell: Callable[[dict[str, Any], float], object],
        sets_length: bool,
    ) -> None:
        self.name = name
        self._draw = draw
        self._tell = tell
        self._sets_length = sets_length and LENGTH not in space
        self._history = History(space)
        self._is_edited = False
        self._next: Drawn | None = None
        self._missed: Counter[Hashable] = Counter()
        self._own: dict[int, _Own] = {}

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    def suggest(self) -> Drawn | Exhausted:
        """What waits to be tried, or the object's suggestion. StopIteration inside it means that there is no more."""
        point = self._history.next_point()
        if point is not None:
            retried = self._own.get(point.notes.get(RETRY_OF, -1))
            if retried is None:
                return Drawn(point.config, notes=point.notes)
            return Drawn(point.config, retried.until, {**point.notes, _MARK: self.name})
        while self._next is None:
            try:
                drawn = self._drawn()
            except StopIteration:
                return Exhausted(f"{self.name} has nothing left to suggest")
            key = _key(drawn.config, drawn.until)
            if self._missed[key]:
                self._missed[key] -= 1
            else:
                self._next = drawn
        return self._next

    def update(self, event: SearchEvent) -> None:
        """Keep track, and tell the object when one of its trials is over."""
        self._history.update(event)
        if isinstance(event, Started):
            self._started(event)
        elif isinstance(event, SpaceEdited):
            self._is_edited = True
            if self._next is not None and not self.space.is_allowed(self._next.config):
                self._next = None
        elif isinstance(event, Observed | Changed | Ended) and (own := self._own.get(event.trial)):
            if isinstance(event, Observed):
                own.loss = event.loss
            elif isinstance(event, Changed):
                own.config.update(event.changes)
            elif event.state in _TOLD and own.loss is not None and not own.is_told:
                own.is_told = True
                self._tell(_with_length(own.config, own.until), own.loss)

    def config_of(self, trial: int) -> dict[str, Any] | None:
        """The configuration of one of its trials as the object knows it, ``max_epochs`` included."""
        own = self._own.get(trial)
        return None if own is None else _with_length(own.config, own.until)

    def _started(self, event: Started) -> None:
        if own := self._own.get(event.trial):
            own.config = dict(event.config)
        elif _MARK in event.notes:
            self._own[event.trial] = _Own(dict(event.config), event.until)
            if RETRY_OF in event.notes:
                return
            key = _key(event.config, event.until)
            if self._next is not None and _key(self._next.config, self._next.until) == key:
                self._next = None
            else:
                self._missed[key] += 1

    def _drawn(self) -> Drawn:
        for _ in range(_MOST_DRAWS):
            config, until = self._parts(self._draw())
            if self._is_edited and not self.space.is_allowed(config):
                continue  # nobody can tell it that the space has changed
            try:
                return Drawn(self.space.validate(config), until, {_MARK: self.name})
            except SpaceError as error:
                raise SpaceError(f"{self.name} suggested {config}: {error.sentence}", hint=error.hint) from error
        raise SettingError(
            f"{self.name} suggested {_MOST_DRAWS:,} configurations in a row that the edited space does not contain.",
            hint="Change the space back to what it draws from, or go on with another study.",
        )

    def _parts(self, suggestion: object) -> tuple[dict[str, Any], int | None]:
        if not isinstance(suggestion, Mapping):
            raise SettingError(
                f"{self.name} suggested {suggestion!r}, which is no configuration.",
                hint="Return a dict from names of hyperparameters to values.",
            )
        config = dict(suggestion)
        if not self._sets_length or LENGTH not in config:
            return config, None
        length = plain(config.pop(LENGTH))
        try:
            until = operator.index(length)
        except TypeError:
            until = 0
        if until < 1:
            raise SettingError(f"{self.name} suggested {LENGTH}={length!r}.", hint="Give a whole number of at least 1.")
        return config, until


def _key(config: Config, until: int | None) -> Hashable:
    return until, frozenset((name, identity(value)) for name, value in config.items())


def _with_length(config: Config, until: int | None) -> dict[str, Any]:
    return dict(config) if until is None else {**config, LENGTH: until}
