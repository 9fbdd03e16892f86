"""What goes over the line between a trial's process and the tuner: frames of JSON on a stream of bytes.

A frame is the length of its body in bytes (4 of them, big-endian) and the body, one JSON value. NaN and the infinities,
which JSON lacks, travel as the strings ``nan``, ``inf`` and ``-inf`` among metrics, and as ``{"$float": "nan"}`` inside
configs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias, final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rung.errors import ReportError
from rung.types import Change, Exited, Fact, Job, Json, Logged, Remarked, Reported, Saved, Verdict

MAX_FRAME = 4 << 20
"""Bytes in the body of one frame; a longer one is taken for garbage."""

_MAX_TEXT = 1 << 18  # characters of an Exited's message; far below MAX_FRAME however they are escaped
_FLOAT = "$float"
_FLOAT_MARK = b'"$float"'


class GarbledError(Exception):
    """What came over the line is no frame, or no value that belongs there."""


class Acknowledged(Struct, frozen=True, tag=True):
    """So many more facts of the trial are committed."""

    count: int


class Hello(Struct, frozen=True, tag=True):
    """The first frame of a script's connection; ``token`` proves that it belongs to that run."""

    trial: int
    attempt: int
    token: str


class Welcome(Struct, frozen=True, tag=True):
    """What the tuner begins with."""

    job: Job


class Note(Struct, frozen=True, tag=True):
    """A report that is always answered by a Verdict, once it is committed. Step 0 stands for the one after the last."""

    metrics: dict[str, float]
    step: int = 0


class Refused(Struct, frozen=True, tag=True):
    """The answer to a Note that can't be a report of this trial."""

    why: str


FromTrial: TypeAlias = Reported | Saved | Logged | Remarked | Exited | Note
ToTrial: TypeAlias = Verdict | Change | Acknowledged | Welcome | Refused

_WITH_METRICS = (Reported, Note)

_encoder = msgspec.json.Encoder()
_job_decoder = msgspec.json.Decoder(Job)
_hello_decoder = msgspec.json.Decoder(Hello)
# Not strict, because that is what takes the strings "nan", "inf" and "-inf" for floats.
_from_trial_decoder = msgspec.json.Decoder(FromTrial, strict=False)
_to_trial_decoder = msgspec.json.Decoder(ToTrial)


def frame(body: Any) -> bytes:
    """The frame of a value that msgspec can write as JSON without loss."""
    encoded = _encoder.encode(body)
    return len(encoded).to_bytes(4, "big") + encoded


def job_frame(job: Job) -> bytes:
    """The frame of a job, whatever floats its config has."""
    return frame(_spelled_job(job))


def message_frame(message: ToTrial) -> bytes:
    """The frame of something said to a trial."""
    if isinstance(message, Change):
        message = Change(_spelled(message.changes))
    elif isinstance(message, Welcome):
        message = Welcome(_spelled_job(message.job))
    return frame(message)


def fact_frame(fact: Fact | Note) -> bytes:
    """The frame of something that a trial says; ReportError when it is longer than MAX_FRAME."""
    if isinstance(fact, _WITH_METRICS) and not all(map(math.isfinite, fact.metrics.values())):
        spelled: Any = {name: value if math.isfinite(value) else str(value) for name, value in fact.metrics.items()}
        fact = replace(fact, metrics=spelled)
    elif isinstance(fact, Exited) and len(fact.message) > _MAX_TEXT:
        fact = replace(fact, message="…" + fact.message[-_MAX_TEXT:])
    encoded = frame(fact)
    if len(encoded) > MAX_FRAME:
        raise ReportError(
            f"A report of {len(encoded):,} bytes is too long; {MAX_FRAME:,} are allowed.",
            hint="Report a few numbers per step, and keep arrays in files in the trial's folder.",
        )
    return encoded


def read_job(body: bytes) -> Job:
    """The job in the body of a frame; GarbledError."""
    job: Job = _decode(_job_decoder, body)
    return replace(job, config=_restored(job.config)) if _FLOAT_MARK in body else job


def read_hello(body: bytes) -> Hello:
    """The greeting in the body of a frame; GarbledError."""
    hello: Hello = _decode(_hello_decoder, body)
    return hello


def read_fact(body: bytes) -> FromTrial:
    """What a trial said in the body of a frame; GarbledError."""
    fact: FromTrial = _decode(_from_trial_decoder, body)
    return fact


def read_message(body: bytes) -> ToTrial:
    """What was said to a trial in the body of a frame; GarbledError."""
    message: ToTrial = _decode(_to_trial_decoder, body)
    if _FLOAT_MARK in body:
        if isinstance(message, Change):
            return Change(_restored(message.changes))
        if isinstance(message, Welcome):
            return Welcome(replace(message.job, config=_restored(message.job.config)))
    return message


@final
class Frames:
    """Cuts a stream of bytes into the bodies of its frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The bodies that are complete with these bytes; then GarbledError if a frame claims to be over MAX_FRAME.

        To be exhausted before the next bytes are fed.
        """
        stream = self._rest + received if self._rest else received
        begin = 0
        while len(stream) - begin >= 4:
            length = int.from_bytes(stream[begin : begin + 4], "big")
            if length > MAX_FRAME:
                raise GarbledError(f"{stream[begin : begin + 80]!r} where a frame should begin")
            end = begin + 4 + length
            if end > len(stream):
                break
            yield stream[begin + 4 : end]
            begin = end
        self._rest = stream[begin:]


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GarbledError(f"{body[:80]!r} ({error})") from error


def _spelled_job(job: Job) -> Job:
    return replace(job, config=_spelled(dict(job.config)))


def _spelled(value: Json) -> Json:
    if isinstance(value, float):
        return value if math.isfinite(value) else {_FLOAT: str(value)}
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    return value


def _restored(value: Json) -> Json:
    if isinstance(value, dict):
        if value.keys() == {_FLOAT}:
            return float(value[_FLOAT])
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return value
