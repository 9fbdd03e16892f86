from __future__ import annotations

import contextlib
import json
import math
import re
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.errors import ReportError
from rung.runtime._frames import (
    MAX_FRAME,
    Acknowledged,
    Frames,
    GarbledError,
    Hello,
    Note,
    Refused,
    Welcome,
    fact_frame,
    frame,
    job_frame,
    message_frame,
    read_fact,
    read_hello,
    read_job,
    read_message,
)
from rung.types import Action, Change, Checkpoint, Exited, Job, Outcome, Reported, Saved, Verdict

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CONFIGS = st.dictionaries(st.text(), VALUES, max_size=4)


def body(encoded):
    (only,) = Frames().feed(encoded)
    return only


def job(config):
    checkpoint = Checkpoint(step=4, path="/c", sha256="ab", size=9)
    return Job(
        study="s", trial=1, attempt=2, config=config, metric="error", seed=2**80, folder="/f", checkpoints=(checkpoint,)
    )


@given(st.dictionaries(st.text(), FLOATS, max_size=5))
def test_metrics_survive_exactly(metrics):
    for said in (Reported(1, 2, 3, metrics, waits=True), Note(metrics, 7)):
        heard = read_fact(body(fact_frame(said)))
        assert type(heard) is type(said)
        assert repr(heard) == repr(said)  # NaN does not equal itself


@given(CONFIGS)
def test_configs_survive_exactly(config):
    assert repr(read_job(body(job_frame(job(config))))) == repr(job(config))
    assert repr(read_message(body(message_frame(Change(config))))) == repr(Change(config))
    assert repr(read_message(body(message_frame(Welcome(job(config)))))) == repr(Welcome(job(config)))


def test_what_a_tuple_or_a_view_becomes():
    config = MappingProxyType({"sizes": (1, math.inf), "rate": 0.5})
    assert read_job(body(job_frame(job(config)))).config == {"sizes": [1, math.inf], "rate": 0.5}
    assert config == {"sizes": (1, math.inf), "rate": 0.5}


@pytest.mark.parametrize(
    "said",
    [
        Saved(1, 2, Checkpoint(step=4, path="/ü", sha256="ab", size=9)),
        Exited(1, 2, Outcome.FAILED, "error", "Traceback\n\n…"),
    ],
)
def test_facts_arrive(said):
    assert read_fact(body(fact_frame(said))) == said


@pytest.mark.parametrize("said", [Verdict(Action.PAUSE, 4, "why"), Acknowledged(16), Refused("no")])
def test_messages_arrive(said):
    assert read_message(body(message_frame(said))) == said


def test_a_hello_arrives():
    assert read_hello(body(frame(Hello(1, 2, "token")))) == Hello(1, 2, "token")


def test_a_frame_is_plain_json_behind_its_length():
    encoded = fact_frame(Reported(1, 2, 3, {"error": math.nan}))
    assert int.from_bytes(encoded[:4], "big") == len(encoded) - 4
    assert json.loads(encoded[4:]) == {
        "type": "Reported",
        "trial": 1,
        "attempt": 2,
        "step": 3,
        "metrics": {"error": "nan"},
        "waits": False,
    }


@given(st.lists(st.binary(max_size=300), max_size=6), st.data())
def test_frames_are_found_however_the_stream_is_cut(bodies, data):
    stream = b"".join(len(one).to_bytes(4, "big") + one for one in bodies)
    frames, found = Frames(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += frames.feed(stream[:size])
        stream = stream[size:]
    assert found == bodies


def test_a_length_that_cannot_be_is_garbage():
    frames = Frames()
    assert list(frames.feed(MAX_FRAME.to_bytes(4, "big"))) == []
    with pytest.raises(GarbledError, match="where a frame should begin"):
        list(Frames().feed((MAX_FRAME + 1).to_bytes(4, "big")))


NO_FACTS = [b"", b"{", b"\xff\xfe", b"null", b"[]", b'{"type": "Launched"}', b'{"type": "Verdict"}']


@pytest.mark.parametrize("sent", NO_FACTS)
def test_garbage_is_no_fact(sent):
    with pytest.raises(GarbledError, match=re.escape(repr(sent))):
        read_fact(sent)


@pytest.mark.parametrize("read", [read_job, read_hello, read_message])
def test_garbage_is_nothing_else(read):
    with pytest.raises(GarbledError, match="nonsense"):
        read(b'{"nonsense": 1}')


@given(st.binary(max_size=60))
def test_no_bytes_are_a_surprise(sent):
    with contextlib.suppress(GarbledError):
        assert type(read_fact(sent)) in {Reported, Saved, Exited, Note}


def test_a_report_that_is_too_long_is_refused_where_it_is_made():
    with pytest.raises(ReportError, match="are allowed"):
        fact_frame(Reported(1, 1, 1, {f"metric {number}": 0.1 for number in range(400_000)}))


def test_a_message_that_is_too_long_is_cut():
    encoded = fact_frame(Exited(1, 1, Outcome.FAILED, "error", "\0" * MAX_FRAME + "the end"))
    assert len(encoded) < MAX_FRAME
    assert read_fact(body(encoded)).message.endswith("\0the end")
