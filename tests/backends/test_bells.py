from __future__ import annotations

import os
import time

import pytest

from rung.backends._bells import Bells


@pytest.fixture
def pipes():
    pipes = [os.pipe() for _ in range(2)]
    yield pipes
    for pipe in pipes:
        for end in pipe:
            os.close(end)


def test_those_who_answer_are_called(pipes):
    bells, called = Bells(), []
    for index, (reader, _) in enumerate(pipes):
        bells.add(reader, lambda index=index, reader=reader: called.append((index, os.read(reader, 10))))
    bells.wait(0.0)
    assert called == []
    os.write(pipes[1][1], b"x")
    bells.wait(5.0)
    assert called == [(1, b"x")]
    for _, writer in pipes:
        os.write(writer, b"y")
    bells.wait(None)
    assert sorted(called[1:]) == [(0, b"y"), (1, b"y")]


def test_who_is_removed_in_a_round_is_not_called_in_it(pipes):
    bells, called = Bells(), []

    def answer(index):
        called.append(index)
        bells.remove(pipes[1 - index][0])
        bells.remove(pipes[1 - index][0])  # once more is no harm

    for index, (reader, writer) in enumerate(pipes):
        bells.add(reader, lambda index=index: answer(index))
        os.write(writer, b"x")
    bells.wait(5.0)
    bells.wait(0.0)
    assert len(set(called)) == 1


def test_it_does_not_wait_less_than_it_is_told(pipes):
    bells = Bells()
    bells.add(pipes[0][0], lambda: None)
    before = time.monotonic()
    bells.wait(0.0101)
    assert time.monotonic() - before >= 0.0101
