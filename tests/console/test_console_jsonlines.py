from __future__ import annotations

import io
import json
import math

import msgspec
import pytest
from staged_events import WHOLE_STUDY, created, observed, session, show, started

from rung.console.jsonlines import JsonLines, finite
from rung.events import Event, StudyCreated
from rung.types import Goal


def objects_of(*events: Event) -> list[dict[str, object]]:
    stream = io.StringIO()
    show(JsonLines(stream, store="sqlite:////x.db", max_trials=50), *events)
    return [json.loads(line, parse_constant=pytest.fail) for line in stream.getvalue().splitlines()]


def test_one_object_per_event_after_one_for_the_study() -> None:
    objects = objects_of(*WHOLE_STUDY)
    assert objects[0] == {
        "type": "study",
        "study": "lenet",
        "store": "sqlite:////x.db",
        "metric": "error",
        "mode": "min",
        "is_new": True,
        "trials": 0,
        "max_trials": 50,
    }
    shown = [event for event in WHOLE_STUDY if not isinstance(event, StudyCreated)]
    assert [each["type"] for each in objects[1:]] == [event.__struct_config__.tag for event in shown]
    for event, fields in zip(shown, objects[1:], strict=True):
        if event.__struct_config__.tag != "observed":
            assert msgspec.convert(fields, type(event)) == event


def test_metrics_stand_as_they_were_reported_and_nothing_else_of_them() -> None:
    goal = Goal("accuracy", "max")
    *_, last = objects_of(created(goal), session(), started(0), observed(0, 1, 0.5, goal=goal))
    assert last["metrics"] == {"accuracy": 0.5, "other": 1.0}
    assert "loss" not in last


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_has_no_number_for_is_null(value: float) -> None:
    *_, last = objects_of(created(), session(), started(0), observed(0, 1, value))
    assert last["metrics"] == {"error": None, "other": 1.0}
    assert finite({"a": [value, (value, 1.5)], "b": "nan"}) == {"a": [None, [None, 1.5]], "b": "nan"}
