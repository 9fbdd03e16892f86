"""What goes wrong in a simulated cluster: crashes, stragglers and lost workers, drawn from the simulation's seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import final

from msgspec import Struct

from rung.checks import number, whole_number


@final
class Faults(Struct, frozen=True, kw_only=True):
    """How often runs and workers fail; by default never.

    crash: the chance, in [0, 1], that a run loses its process within any one step; the moment is uniform in the step.
    straggle: the chance that a run straggles: each of its steps then takes ``slowdown`` times as long.
    lifetime: the mean of the seconds after which a worker is lost, and its run with it; exponentially distributed. Or,
    by worker, the second at which just these are lost, once. absence: the seconds until a lost worker is back; infinite
    for ever.
    checkpoint_every: the steps from one checkpoint to the next of a generator, which has none of its own: when its run
    is lost, it trains again from the last one. None stands for no checkpoints: it trains again from the beginning.

    SettingError for what is out of range.
    """

    crash: float = 0.0
    straggle: float = 0.0
    slowdown: float = 4.0
    lifetime: float | Mapping[int, float] = math.inf
    absence: float = math.inf
    checkpoint_every: int | None = 1

    def __post_init__(self) -> None:
        number("crash", self.crash, at_least=0, at_most=1, example=0.01)
        number("straggle", self.straggle, at_least=0, at_most=1, example=0.05)
        number("slowdown", self.slowdown, at_least=1, example="4, for a step that takes four times as long")
        always = "math.inf, for workers that never come back"
        number("absence", self.absence, at_least=0, may_be_infinite=True, example=always)
        if isinstance(self.lifetime, Mapping):
            for worker, at in self.lifetime.items():
                whole_number("a worker in lifetime", worker, at_least=0, example=0)
                number(f"lifetime[{worker}]", at, at_least=0, may_be_infinite=True, example=3600)
        else:
            either = "3600, the mean in seconds, or {0: 60}, from workers to the seconds at which they are lost"
            number("lifetime", self.lifetime, above=0, may_be_infinite=True, example=either)
        if self.checkpoint_every is not None:
            whole_number("checkpoint_every", self.checkpoint_every, at_least=1, example=1)
