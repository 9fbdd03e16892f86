"""Objectives for the tests of backends, in a module that other processes can import.

The ``curve_*`` ones are one training told in every way there is: the error of step n is the sum of the rates in force
at the steps 1 … n, and there are ``STEPS`` of them.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Generator, Iterator
from typing import Any, final

import rung
from rung.errors import TrialStopped

STEPS = 6


@final
class Total:
    """A sum with a state dict."""

    def __init__(self) -> None:
        self.value = 0.0

    def state_dict(self) -> dict[str, Any]:
        """The state."""
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state."""
        self.value = state["value"]


def curve_function(rate: float, max_epochs: int = STEPS) -> float:
    """Reports each step, and returns the last error."""
    total = 0.0
    for _ in range(max_epochs):
        total += rung.config(rate=rate)["rate"]
        rung.report(error=total)
    return total


def curve_trial(trial: rung.Trial) -> None:
    """Goes on from checkpoints."""
    total = Total()
    for _ in trial.epochs(STEPS, total=total):
        total.value += trial.config["rate"]
        trial.report(error=total.value)


def curve_generator(trial: rung.Trial) -> Iterator[float]:
    """Yields each error."""
    total = 0.0
    for _ in range(STEPS):
        total += trial.config["rate"]
        yield total


def returns_rate(rate: float) -> float:
    """Says nothing before its end."""
    return rate


def returns_length(rate: float, max_epochs: int = STEPS) -> dict[str, float]:
    """Says how long it was told to train."""
    return {"error": rate, "epochs": max_epochs}


def returns_other_value(rate: float) -> float:
    """Returns something else than it has reported last."""
    rung.report(error=rate)
    return 2 * rate


def looks_around(trial: rung.Trial, rate: float, **others: object) -> float:
    """Checks what it is given against what ``tests of backends`` start it with."""
    assert trial is rung.trial()
    assert (trial.study, trial.number, trial.attempt, trial.seed, trial.until) == ("suite", 3, 2, 12345, 7)
    assert others == {"depth": 3, "wide": True, "kind": "adam", "nothing": None, "sizes": [1, 2.5]}
    assert dict(trial.config) == {"rate": rate, **others} == rung.config(rate=-1.0)
    assert math.isnan(rung.config(missing=math.nan)["missing"])
    (trial.folder / "note.txt").write_text("here")
    return rate


def reports_many(rate: float) -> float:
    """Streams more reports than may be on their way at a time."""
    for step in range(1, 301):
        rung.report(error=rate * step, step=2 * step)
    return rate * 300


def never_ends(rate: float) -> None:
    """Reports until it is stopped."""
    while True:
        rung.report(error=rate)


def raises(rate: float) -> None:
    """Fails after a report."""
    rung.report(error=rate)
    raise ValueError(f"it broke at {rate}\nand more")


def runs_out_of_memory(rate: float) -> None:
    """Fails as an allocation does."""
    raise MemoryError(f"no room for {rate}")


def runs_out_of_device_memory(rate: float) -> None:
    """Fails as an allocation on a GPU does."""
    kind = type("OutOfMemoryError", (RuntimeError,), {})
    raise kind(f"no room for {rate}")


def returns_none(rate: float) -> None:
    """Forgets to return its value."""


def returns_text(rate: float) -> str:
    """Returns what is no number."""
    return f"{rate}"


def returns_truth(rate: float) -> bool:
    """Returns a claim, which is no number here."""
    return rate > 0


def returns_other_metric(rate: float) -> dict[str, float]:
    """Leaves out the metric that counts."""
    return {"accuracy": rate}


def returns_nan(rate: float) -> float:
    """Diverges."""
    return rate * math.nan


def returns_infinity(rate: float) -> float:
    """Diverges, too."""
    return rate * math.inf


def reports_nan(rate: float) -> float:
    """Diverges at its second step, and returns the last error."""
    rung.report(error=rate)
    rung.report(error=math.nan)
    return math.nan


def exits(rate: float) -> None:
    """Leaves with an exit code."""
    rung.report(error=rate)
    sys.exit(3)


def exits_well(rate: float) -> None:
    """Leaves with exit code 0."""
    rung.report(error=rate)
    sys.exit(0)


def reports_twice(rate: float) -> None:
    """Reports a step again."""
    rung.report(error=rate, step=2)
    rung.report(error=rate, step=2)


def reports_backwards(rate: float) -> None:
    """Reports an earlier step."""
    rung.report(error=rate, step=2)
    rung.report(error=rate, step=1)


def reports_text(rate: float) -> None:
    """Reports what is no number."""
    rung.report(error=f"{rate}")


def takes_too_little(depth: int) -> float:
    """Has no parameter for the rate."""
    return float(depth)


def catches_exceptions(rate: float) -> None:
    """Cannot be stopped by an exception that is an ``Exception``."""
    while True:
        with contextlib.suppress(Exception):
            rung.report(error=rate)


def swallows_stops(rate: float) -> float:
    """Reports on after being stopped, and gives in at the third time."""
    swallowed = 0
    while swallowed < 3:
        try:
            rung.report(error=rate)
        except TrialStopped:
            swallowed += 1
    return -1.0


def yields_nothing(rate: float) -> Iterator[float]:
    """Ends before its first value."""
    yield from [rate][1:]


def yields_text(rate: float) -> Iterator[object]:
    """Yields what is no number."""
    yield rate
    yield "much"


def yields_and_raises(rate: float) -> Iterator[float]:
    """Fails after a value."""
    yield rate
    raise ValueError("it broke")


def yields_and_returns(rate: float) -> Generator[float, None, float]:
    """Returns one value more than it yields."""
    yield rate
    return 2 * rate


def yields_and_reports(rate: float) -> Iterator[float]:
    """Mixes two ways of reporting."""
    yield rate
    rung.report(error=rate)


def yields_epochs(trial: rung.Trial) -> Iterator[float]:
    """A generator that goes on from checkpoints."""
    total = Total()
    for _ in trial.epochs(STEPS, total=total):
        total.value += trial.config["rate"]
        yield total.value


def leaves_things(trial: rung.Trial, rate: float) -> float:
    """Keeps a file, twice, and leaves a note, between two reports."""
    rung.report(error=rate)
    source = trial.folder / "weights.bin"
    for content in (b"old", b"new"):
        source.write_bytes(content)
        trial.log_artifact(source, "models/best.bin")
    trial.note("it went well")
    rung.report(error=2 * rate)
    return 2 * rate


def fits_only_small_batches(trial: rung.Trial) -> int:
    """Runs out of memory in its third epoch until the batch is small enough, and returns the batch size."""

    def fit(batch_size: int) -> int:
        total = Total()
        for epoch in trial.epochs(STEPS, total=total):
            if epoch == 3 and batch_size > 16:
                raise MemoryError
            total.value += trial.config["rate"]
            trial.report(error=total.value)
        return batch_size

    return trial.batch_size_backoff(fit, 64)
