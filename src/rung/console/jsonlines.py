"""Progress for programs: one JSON object per line."""

from __future__ import annotations

import json
import math
from typing import IO, TYPE_CHECKING, Any, final

import msgspec

from rung.events import SessionStarted

if TYPE_CHECKING:
    from rung.events import Event
    from rung.ledger import Ledger
    from rung.types import Json


@final
class JsonLines:
    """Each event as it stands in the log, with its kind as ``type``; before the first one a line of the type ``study``.

    Metrics that are NaN or infinite are null. ``loss`` is left out: the metrics are in the user's own direction.
    """

    def __init__(self, stream: IO[str], *, store: str, max_trials: int | None) -> None:
        self._stream = stream
        self._store = store
        self._max_trials = max_trials

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Write the event."""
        if isinstance(event, SessionStarted):
            study = ledger.study
            assert study is not None, "events follow on the first one"
            self._write(
                {
                    "type": "study",
                    "study": study.name,
                    "store": self._store,
                    "metric": study.goal.metric,
                    "mode": study.goal.mode,
                    "is_new": study.sessions == 1,
                    "trials": len(ledger.trials),
                    "max_trials": self._max_trials,
                }
            )
        fields = msgspec.to_builtins(event)
        fields.pop("loss", None)
        self._write(fields)

    def close(self) -> None:
        """Nothing is left to write."""

    def _write(self, fields: dict[str, Any]) -> None:
        self._stream.write(json.dumps(finite(fields), allow_nan=False) + "\n")
        self._stream.flush()


def finite(value: Json) -> Json:
    """The value with null in the place of NaN and infinities, so that it is valid JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
