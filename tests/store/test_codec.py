from __future__ import annotations

import json
import math
from typing import get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.commands import Command, Enqueue, StopTrial
from rung.errors import StoreError, StoreVersionError
from rung.events import Enqueued, Event, Observed, SpaceEdited, Started
from rung.store.codec import COMMANDS, EVENTS
from rung.testing._store_samples import created, every_kind

texts = st.text(max_size=8) | st.text("a\udc80\udcff", max_size=4)  # bytes that are no UTF-8 come as the latter
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8)


def every_kind_of_event():
    return [created(), *every_kind()]


def test_every_kind_of_event_is_tried():
    assert {type(event) for event in every_kind_of_event()} == set(get_args(Event))


@pytest.mark.parametrize("event", every_kind_of_event(), ids=lambda event: event.__struct_config__.tag)
def test_every_kind_comes_back_exactly(event):
    text = EVENTS.encode(event)
    assert repr(EVENTS.decode(text)) == repr(event)
    assert json.loads(text, parse_constant=pytest.fail)["type"] == event.__struct_config__.tag


@given(st.dictionaries(texts, values))
def test_any_config_comes_back_exactly(config):
    event = Enqueued(at=1.0, config=config)
    text = EVENTS.encode(event)
    assert repr(EVENTS.decode(text)) == repr(event)  # repr tells 1 from 1.0 from True, and -0.0 from 0.0
    json.loads(text, parse_constant=pytest.fail)  # is strict JSON
    text.encode()
    assert repr(COMMANDS.decode(COMMANDS.encode(Enqueue(config)))) == repr(Enqueue(config))


@given(st.dictionaries(texts, st.floats()), st.none() | st.floats(allow_nan=False, allow_infinity=False), texts)
def test_any_metrics_come_back_exactly(metrics, loss, why):
    event = Observed(at=0.1, trial=1, attempt=2, step=3, metrics=metrics, loss=loss)
    assert repr(EVENTS.decode(EVENTS.encode(event))) == repr(event)
    space = SpaceEdited(at=math.inf, space=[why, metrics, {"type": "started"}])
    assert repr(EVENTS.decode(EVENTS.encode(space))) == repr(space)


def test_a_config_may_use_our_own_names():
    config = {"$nonfinite": [["at", "nan"]], "type": "ended", "at": math.nan, "null": None}
    event = Enqueued(at=2.0, config=config)
    assert repr(EVENTS.decode(EVENTS.encode(event))) == repr(event)


def test_none_needs_no_detour():
    event = Started(at=0.0, trial=0, attempt=1, config={"a": None}, decide_at=None)
    assert "$nonfinite" not in EVENTS.encode(event)
    assert EVENTS.decode(EVENTS.encode(event)) == event


def test_fields_from_a_newer_version_are_ignored():
    text = '{"type":"session_ended","at":1.5,"session":2,"why":"done","mood":"good","$other":[1]}'
    assert EVENTS.decode(text) == EVENTS.decode('{"type":"session_ended","at":1.5,"session":2,"why":"done"}')
    nonfinite = '{"type":"enqueued","at":1.5,"config":{"a":null},"mood":null,"$nonfinite":[["config","a","nan"]]}'
    assert repr(EVENTS.decode(nonfinite)) == repr(Enqueued(at=1.5, config={"a": math.nan}))


@pytest.mark.parametrize("codec", [EVENTS, COMMANDS])
def test_a_kind_from_a_newer_version_is_named(codec):
    with pytest.raises(StoreVersionError, match="of the kind 'teleported', which this version of rung doesn't know"):
        codec.decode('{"type":"teleported","at":1.5}')


def test_a_value_from_a_newer_version_is_named():
    with pytest.raises(StoreVersionError, match=r"event of the kind 'decided'.*can't read.*'exploit'.*\$.action"):
        EVENTS.decode('{"type":"decided","at":1.0,"trial":1,"attempt":1,"step":1,"action":"exploit"}')


@pytest.mark.parametrize("text", ["", "{", '{"type":"session_en', "\x00", '{"a":1}x'])
def test_damaged_text_is_an_error(text):
    with pytest.raises(StoreError, match="A stored event is damaged") as caught:
        EVENTS.decode(text)
    assert not isinstance(caught.value, StoreVersionError)


@pytest.mark.parametrize("text", ["1", "null", "[]", '{"at":1.0}'])
def test_json_that_is_no_event_is_an_error(text):
    with pytest.raises(StoreVersionError, match="event"):
        EVENTS.decode(text)


def test_what_is_no_json_is_refused():
    for value in (np.float64(1.5), object(), {1: 2}.keys()):
        with pytest.raises(StoreError, match=r"This event can't be written as JSON.*Use plain Python values"):
            EVENTS.encode(Enqueued(at=0.0, config={"a": value}))


def test_commands_are_a_union_of_their_own():
    assert COMMANDS.decode('{"type":"stop_trial","trial":3}') == StopTrial(3)
    assert {kind.__struct_config__.tag for kind in get_args(Command)} == {
        "enqueue", "edit_space", "change_searcher", "stop_trial", "pause_trial", "continue_trial", "change_trial",
        "retry_trial", "record", "note", "tag", "stop_study",
    }  # fmt: skip


def test_texts_are_those_of_msgspec_where_json_suffices():
    event = Observed(at=0.5, trial=1, attempt=2, step=3, metrics={"error": 0.25}, loss=0.25)
    assert EVENTS.encode(event).encode() == msgspec.json.encode(event)
