"""What a searcher knows: the events of a study folded into columns, one row per trial."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, final

from rung.errors import SettingError
from rung.events import RETRY_OF, Changed, Ended, Enqueued, Observed, SearchEvent, SpaceEdited, Started
from rung.space import Space
from rung.space.editing import hull
from rung.types import Config, Suggestion, TrialState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

_POINT = "point"  # the keys in a suggestion's notes that say which waiting point it is: of those given at first,
_ENQUEUED = "enqueued"  # and of those enqueued; apart, since another searcher may have been given others


def is_point(notes: Mapping[str, Any]) -> bool:
    """Whether a suggestion with these notes was a waiting point: given at first or enqueued, by a person."""
    return _POINT in notes or _ENQUEUED in notes


class Incumbent(NamedTuple):
    """The best report so far: its trial, step and loss (lower is better)."""

    trial: int
    step: int
    loss: float


def starting_points(
    space: Space, initial_config: Config | None = None, points_to_evaluate: Sequence[Config] = ()
) -> tuple[dict[str, Any], ...]:
    """The configurations that a searcher tries first, valid in ``space``, from the two ways to give them.

    SettingError when both ways are used; SpaceError when a configuration is not in the space.
    """
    if initial_config is not None and points_to_evaluate:
        raise SettingError(
            "initial_config and points_to_evaluate were both given.",
            hint="Put the initial configuration first in points_to_evaluate.",
        )
    if isinstance(points_to_evaluate, Mapping):
        raise SettingError(
            f"points_to_evaluate must be a list of configurations, not one: {points_to_evaluate!r}.",
            hint="Give a single configuration as initial_config.",
        )
    given = points_to_evaluate if initial_config is None else [initial_config]
    return tuple(dict(space.validate(point)) for point in given)


@final
class History:
    """The trials of one study in the order of their numbers, and the points that wait to be tried.

    Row i is trial i. ``configs`` and ``states`` are lists, to be read only; ``running`` holds the trials that run now,
    in the order in which they (last) started. Numeric columns are given as fresh arrays of shape (n,), the encoded
    configurations as ``X``. ``update`` is the only way in; it takes about a microsecond and needs no NumPy.

    Points to try next come first in, first out: those given here, then what people enqueue. A point stops waiting when
    a trial with the notes of its suggestion starts. An edit of the space drops the waiting points that the new space
    refuses, and leaves the trials and the incumbent as they are.

    ``hull`` is what a model of the trials is about: the space in force, as wide as it ever was, so that what was
    learned outside a range that was narrowed is not lost. Until the first edit it is the space itself.
    ``n_before_priors``: how many trials had begun when the priors of the space were given.
    """

    def __init__(self, space: Space, points: Sequence[Config] = ()) -> None:
        self.space = self.hull = space
        self.n_before_priors = 0
        self.configs: list[Config] = []
        self.states: list[TrialState] = []
        self.running: dict[int, None] = {}
        self.incumbent: Incumbent | None = None
        self._steps = array("q")
        self._last_losses = array("d")
        self._best_losses = array("d")
        self._points = {(_POINT, number): point for number, point in enumerate(points)}
        self._n_enqueued = 0
        self._retries: dict[int, int] = {}  # enqueued point -> the trial that it repeats
        self._best_loss = math.inf
        self._is_edited = False
        self._cache: _Rows | None = None

    def __len__(self) -> int:
        return len(self.configs)

    def update(self, event: SearchEvent) -> None:
        """Take the next event; unknown kinds are ignored."""
        if isinstance(event, Observed):
            self._observed(event)
        elif isinstance(event, Started):
            self._started(event)
        elif isinstance(event, Ended):
            self.states[event.trial] = event.state
            self.running.pop(event.trial, None)
        elif isinstance(event, Changed):
            self._reconfigure(event.trial, {**self.configs[event.trial], **event.changes})
        elif isinstance(event, Enqueued):
            if event.retry_of is not None:
                self._retries[self._n_enqueued] = event.retry_of
            self._points[_ENQUEUED, self._n_enqueued] = event.config
            self._n_enqueued += 1
        elif isinstance(event, SpaceEdited):
            self._edited(Space.from_json(event.space))

    def next_point(self) -> Suggestion | None:
        """The point that has waited longest, to be suggested as it is; None when none waits."""
        for (kind, number), config in self._points.items():
            is_retry = kind == _ENQUEUED and number in self._retries
            retried = {RETRY_OF: self._retries[number]} if is_retry else {}
            return Suggestion(dict(config), {kind: number, **retried})
        return None

    @property
    def waiting(self) -> list[Config]:
        """The points that wait, in the order in which they will be suggested."""
        return list(self._points.values())

    @property
    def X(self) -> Floats:  # noqa: N802  # the name that the field gives to a design matrix
        """The encoded configurations, (n, d) in the unit cube of the hull. Read-only.

        NaN where a dimension is inactive, and where the hull has no such value or dimension.
        """
        return self._encoded()[0]

    @property
    def is_inside(self) -> NDArray[np.bool_]:
        """(n,) whether the hull contains the configuration; all true until the space is edited. Read-only."""
        return self._encoded()[1]

    @property
    def last_losses(self) -> Floats:
        """(n,) the newest reported loss; NaN where nothing was reported."""
        return _copy(self._last_losses)

    @property
    def best_losses(self) -> Floats:
        """(n,) the lowest reported loss; NaN where nothing was reported."""
        return _copy(self._best_losses)

    @property
    def steps(self) -> NDArray[np.int64]:
        """(n,) the newest reported step; 0 where nothing was reported."""
        return _copy(self._steps)

    def _observed(self, event: Observed) -> None:
        trial, loss = event.trial, event.loss
        assert loss is not None, "reports without a loss don't reach a searcher"
        self._steps[trial] = event.step
        self._last_losses[trial] = loss
        if not loss >= self._best_losses[trial]:  # also true while there is none (NaN)
            self._best_losses[trial] = loss
            if loss < self._best_loss:
                self._best_loss = loss
                self.incumbent = Incumbent(trial, event.step, loss)

    def _started(self, event: Started) -> None:
        trial = event.trial
        self.running[trial] = None
        for kind in event.notes.keys() & {_POINT, _ENQUEUED} if event.notes else ():
            self._points.pop((kind, event.notes[kind]), None)
        if event.cause == "given":  # the space need not contain it
            self._is_edited, self._cache = True, None
        if trial == len(self.configs):
            self.configs.append(event.config)
            self.states.append(TrialState.RUNNING)
            self._steps.append(0)
            self._last_losses.append(math.nan)
            self._best_losses.append(math.nan)
            return
        assert trial < len(self.configs), "trials are numbered in the order in which they start"
        self.states[trial] = TrialState.RUNNING
        self._reconfigure(trial, event.config)

    def _edited(self, space: Space) -> None:
        if any(self.space.priors.get(name) != prior for name, prior in space.priors.items()):  # more than some dropped
            self.n_before_priors = len(self.configs)
        self.hull, self.space = hull(self.hull, space), space
        self._is_edited, self._cache = True, None
        self._points = {key: point for key, point in self._points.items() if space.is_allowed(point)}

    def _reconfigure(self, trial: int, config: Config) -> None:
        if config != self.configs[trial]:
            self.configs[trial] = config
            if self._cache is not None:
                self._cache.forget(trial)

    def _encoded(self) -> tuple[Floats, NDArray[np.bool_]]:
        if self._cache is None:
            self._cache = _Rows(self.hull, is_checked=self._is_edited)
        return self._cache.of(self.configs)


@final
class _Rows:
    """Encoded configurations in buffers that grow by doubling. ``is_checked``: some may be outside the space."""

    def __init__(self, space: Space, *, is_checked: bool) -> None:
        import numpy as np

        self._space = space
        self._is_checked = is_checked
        self._n = 0
        self._encoded: Floats = np.empty((0, len(space)))
        self._is_inside = np.empty(0, dtype=np.bool_)

    def forget(self, row: int) -> None:
        """Encode the rows from ``row`` on anew."""
        self._n = min(self._n, row)

    def of(self, configs: Sequence[Config]) -> tuple[Floats, NDArray[np.bool_]]:
        """X and is_inside of all ``configs``; only those that are new since the last call cost anything."""
        n = len(configs)
        if self._n < n:
            self._reserve(n)
            new = configs[self._n :]
            self._encoded[self._n : n] = self._space.encode(new)
            self._is_inside[self._n : n] = list(map(self._space.is_allowed, new)) if self._is_checked else True
            self._n = n
        encoded, is_inside = self._encoded[:n], self._is_inside[:n]
        encoded.flags.writeable = is_inside.flags.writeable = False
        return encoded, is_inside

    def _reserve(self, n: int) -> None:
        import numpy as np

        if n <= len(self._encoded):
            return
        encoded = np.empty((max(n, 2 * len(self._encoded)), self._encoded.shape[1]))
        is_inside = np.empty(len(encoded), dtype=np.bool_)
        encoded[: self._n] = self._encoded[: self._n]
        is_inside[: self._n] = self._is_inside[: self._n]
        self._encoded, self._is_inside = encoded, is_inside


def _copy(column: array[Any]) -> NDArray[Any]:
    """A fresh array: a view would lock the column, so that it could not grow any more."""
    import numpy as np

    return np.array(column)
