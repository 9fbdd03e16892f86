"""What an objective of hyperopt returns: a loss, or a dict with loss and status."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any, Final

from rung.errors import ReportError, RungError

STATUS_OK: Final = "ok"
STATUS_FAIL: Final = "fail"
STATUS_STRINGS: Final = ("new", "running", "suspended", "ok", "fail")
JOB_STATE_DONE: Final = 2


class AllTrialsFailed(RungError):  # noqa: N818  # hyperopt's name
    """There is no trial with a loss to be the best."""


def as_result(returned: Any) -> dict[str, Any]:
    """The result as ``Trials`` keeps it, from what the objective returned. ReportError when it is none."""
    if isinstance(returned, Mapping):
        return _checked(dict(returned))
    try:
        return {"loss": float(returned), "status": STATUS_OK}
    except (TypeError, ValueError) as error:
        raise ReportError(
            f"the objective returned {returned!r}, which is no loss.",
            hint="Return a number, or {'loss': number, 'status': STATUS_OK}.",
        ) from error


def metrics_of(result: Mapping[str, Any]) -> dict[str, float]:
    """What the study keeps of a result: its numbers, with NaN as the loss of one that failed."""
    loss = float(result["loss"]) if result["status"] == STATUS_OK else math.nan
    more = {name: float(value) for name, value in result.items() if name != "loss" and _is_metric(value)}
    return {"loss": loss, **more}


def _checked(result: dict[str, Any]) -> dict[str, Any]:
    status = result.get("status")
    if status not in STATUS_STRINGS:
        raise ReportError(
            f"the result has the status {status!r}; there are {', '.join(STATUS_STRINGS)}.",
            hint="Return {'loss': number, 'status': STATUS_OK}.",
        )
    if status == STATUS_OK:
        try:
            result["loss"] = float(result["loss"])
        except (KeyError, TypeError, ValueError) as error:
            raise ReportError(
                f"the result has the loss {result.get('loss')!r}, which is no number.",
                hint="Return {'loss': number, 'status': STATUS_OK}, or {'status': STATUS_FAIL}.",
            ) from error
    return result


def _is_metric(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(value)
