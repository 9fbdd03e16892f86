"""What a stop criterion is: asked how a study or a trial stands, it says whether that is the end, and why."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple, Protocol, TypeVar, final

import msgspec
from msgspec import Struct

from rung.errors import SettingError
from rung.types import Goal, Json


class Scope(enum.StrEnum):
    """What a criterion may end."""

    STUDY = "study"
    TRIAL = "trial"


class Halt(enum.IntEnum):
    """What of a study a criterion that is met puts an end to; each includes those before it."""

    NOTHING = 0
    NEW_TRIALS = 1
    STARTS = 2
    RUNS = 3


class Record(NamedTuple):
    """A value better than all before it: after how many steps and seconds of the study it came."""

    n_steps: int
    seconds: float
    loss: float


class Ordered(Protocol):
    """Numbers in order, the lowest first."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> float: ...


class Curve(Struct, frozen=True):
    """What a trial has reported, beside the others of its study; lower losses are better.

    steps, losses: one for each report, in order. peers: the running averages, up to the trial's last step, of the other
    trials that have come so far; the best first. best_of_others: the best loss that any other trial has reported.
    """

    steps: Sequence[int]
    losses: Sequence[float]
    peers: Ordered = ()
    best_of_others: float | None = None


class Standing(Struct, frozen=True, kw_only=True):
    """How far a study has come, or one of its trials: then there is its ``curve``.

    n_trials: begun. n_steps: reported, over all trials; of a trial, its last step. seconds: on the study's clock, all
    sessions together; of a trial, those that it ran. runtime_s: of all trials, running ones included. costs: metric ->
    the latest reported value, summed over trials. best_loss: lower is better; None before there is one. bests: what it
    was when each of the finished trials ended; of a trial, after each of its reports. finals: the best loss of each
    finished trial that has one, in order of size. records: how the best loss came about.
    """

    n_trials: int = 0
    n_steps: int = 0
    seconds: float = 0.0
    runtime_s: float = 0.0
    costs: Mapping[str, float] = {}
    best_loss: float | None = None
    bests: Sequence[float | None] = ()
    finals: Sequence[float] = ()
    records: Sequence[Record] = ()
    curve: Curve | None = None


class Criterion(Struct, frozen=True):
    """Says when a study or a trial ends.

    halt: what of a study. scopes: what it may end at all. is_sure: whether a study meets it some day, whatever the
    trials bring. needs_mode: whether it looks at values in the metric's own direction. needs_peers: whether
    it looks at ``Curve.peers``.
    """

    halt: ClassVar[Halt] = Halt.STARTS
    scopes: ClassVar[frozenset[Scope]] = frozenset(Scope)
    is_sure: ClassVar[bool] = True
    needs_mode: ClassVar[bool] = False
    needs_peers: ClassVar[bool] = False

    def met(self, standing: Standing, goal: Goal) -> str:
        """Why this is the end, in words for people; empty when it isn't."""
        raise NotImplementedError

    def halts(self, standing: Standing, goal: Goal) -> Halt:
        """What ends now."""
        return self.halt if self.met(standing, goal) else Halt.NOTHING

    def ends_some_day(self) -> bool:
        """Whether a study meets it some day, whatever the trials bring."""
        return self.is_sure

    def metrics(self) -> frozenset[str]:
        """The metrics that ``Standing.costs`` must have."""
        return frozenset()

    def leaves(self) -> Iterator[Criterion]:
        """The criteria that are combined in it; itself when it is no combination."""
        yield self

    def to_json(self) -> Json:
        """The JSON form."""
        return msgspec.json.decode(msgspec.json.encode(self))

    def __or__(self, other: Criterion) -> Criterion:
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __and__(self, other: Criterion) -> Criterion:
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))


class _Combination(Criterion, frozen=True):
    """Several criteria in one."""

    parts: tuple[Criterion, ...]

    def metrics(self) -> frozenset[str]:
        return frozenset().union(*(part.metrics() for part in self.parts))

    def leaves(self) -> Iterator[Criterion]:
        for part in self.parts:
            yield from part.leaves()

    def to_json(self) -> Json:
        return {"type": self.__struct_config__.tag, "parts": [part.to_json() for part in self.parts]}


@final
class AnyOf(_Combination, frozen=True, tag="any"):
    """Met when one of its parts is."""

    def met(self, standing: Standing, goal: Goal) -> str:
        """See ``Criterion``."""
        return "; ".join(why for part in self.parts if (why := part.met(standing, goal)))

    def halts(self, standing: Standing, goal: Goal) -> Halt:
        """As much as any of them that is met."""
        return max(part.halts(standing, goal) for part in self.parts)

    def ends_some_day(self) -> bool:
        """See ``Criterion``."""
        return any(part.ends_some_day() for part in self.parts)

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


@final
class AllOf(_Combination, frozen=True, tag="all"):
    """Met when all of its parts are at the same time."""

    def met(self, standing: Standing, goal: Goal) -> str:
        """See ``Criterion``."""
        why = []
        for part in self.parts:
            why.append(part.met(standing, goal))
            if not why[-1]:
                return ""
        return " and ".join(why)

    def halts(self, standing: Standing, goal: Goal) -> Halt:
        """As mild as the mildest of them."""
        return min(part.halts(standing, goal) for part in self.parts)

    def ends_some_day(self) -> bool:
        """See ``Criterion``."""
        return all(part.ends_some_day() for part in self.parts)

    def __str__(self) -> str:
        return ",".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


_Kind = TypeVar("_Kind", AnyOf, AllOf)


def _parts(criterion: object, kind: type[_Kind]) -> tuple[Criterion, ...]:
    """What a combination of this kind consists of, so that ``a | b | c`` is one of three."""
    if not isinstance(criterion, Criterion):
        raise SettingError(f"{criterion!r} is not a stop criterion.", hint="Write trials(100) | seconds(3600).")
    return criterion.parts if isinstance(criterion, kind) else (criterion,)


def checked_scope(criterion: Criterion, scope: Scope) -> Criterion:
    """The criterion as it is; SettingError when it has a part that can't end that."""
    for part in criterion.leaves():
        if scope in part.scopes:
            continue
        if scope is Scope.TRIAL:
            raise SettingError(
                f"{part} can't stop a single trial; it ends a study.", hint="Give it as stop=… or --stop."
            )
        raise SettingError(
            f"{part} can't end a study; it stops single trials.", hint="Give it as stop_trials=… or --stop-trial."
        )
    return criterion


def quantile(ordered: Ordered, share: float) -> float:
    """The quantile of numbers in order, at least one, linear between them. share: 0 for the lowest, 1 for the highest.

    That is definition 7 of Hyndman & Fan 1996, NumPy's and R's own.
    """
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
