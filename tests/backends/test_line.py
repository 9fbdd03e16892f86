from __future__ import annotations

import socket

import pytest

from rung.backends._line import Line, Switchboard
from rung.runtime._frames import GarbledError, frame


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    theirs.settimeout(5.0)
    with ours, theirs:
        yield Line(ours), theirs


def test_frames_arrive_whole_however_they_were_cut(ends):
    line, theirs = ends
    sent = frame([1, 2]) + frame("x" * 1000)
    received = []
    for begin in range(0, len(sent), 7):
        theirs.sendall(sent[begin : begin + 7])
        received += line.receive()
    assert received == [b"[1,2]", b'"' + b"x" * 1000 + b'"']
    assert not line.has_ended


def test_megabytes_arrive(ends):
    line, theirs = ends
    theirs.setblocking(False)
    sent = memoryview(frame("x" * 3_000_000))
    received = []
    while not received:
        sent = sent[theirs.send(sent) :] if sent else sent
        received += line.receive()
    assert len(received[0]) == 3_000_002


def test_the_end_comes_after_what_was_sent(ends):
    line, theirs = ends
    theirs.sendall(frame(1) + frame(2)[:-1])
    theirs.close()
    assert list(line.receive()) == [b"1"]
    assert list(line.receive()) == []
    assert line.has_ended
    assert list(line.receive()) == []
    line.send(frame(3))
    assert not line.has_backlog


def test_what_comes_before_garbage_counts(ends):
    line, theirs = ends
    theirs.sendall(frame(1) + b"GET / HTTP/1.1")
    arriving = line.receive()
    assert next(arriving) == b"1"
    with pytest.raises(GarbledError, match="GET / HTTP"):
        next(arriving)


def test_a_reset_is_an_end():
    listener = socket.create_server(("127.0.0.1", 0))
    caller = socket.create_connection(listener.getsockname())
    ours, _ = listener.accept()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line = Line(ours)
    caller.close()  # with a reset
    with listener, ours:
        assert list(line.receive()) == []
        assert line.has_ended


def test_what_does_not_fit_is_sent_later(ends):
    line, theirs = ends
    board = Switchboard()
    board.add(line, lambda: None)
    encoded = frame("x" * 100_000)
    count = 0
    while not line.has_backlog:
        board.send(line, encoded)
        count += 1
    received = bytearray()
    while len(received) < count * len(encoded):
        received += theirs.recv(1 << 20)
        board.wait(0.0)
    assert bytes(received) == encoded * count
    assert not line.has_backlog
    board.close()


def test_the_switchboard_calls_who_serves(ends):
    line, theirs = ends
    board = Switchboard()
    served = []
    board.add(line, lambda: served.append("first"))
    theirs.sendall(frame(1))
    board.wait(5.0)
    board.add(line, lambda: served.extend(line.receive()))
    board.wait(5.0)
    assert served == ["first", b"1"]
    board.drop(line)
    board.wait(0.0)
    assert served == ["first", b"1"]
    assert theirs.recv(1) == b""
    board.close()


def test_a_line_that_is_dropped_while_others_are_served_is_left_alone():
    pairs = [socket.socketpair() for _ in range(2)]
    lines = [Line(ours) for ours, _ in pairs]
    board = Switchboard()
    served = []

    def serve(index):
        served.append(index)
        board.drop(lines[1 - index])

    for index, line in enumerate(lines):
        board.add(line, lambda index=index: serve(index))
        pairs[index][1].sendall(b"x")
    board.wait(5.0)
    assert len(served) == 1
    board.close()
    for _, theirs in pairs:
        theirs.close()


def test_closing_hangs_up_on_everybody(ends):
    line, theirs = ends
    board = Switchboard()
    board.add(line, lambda: None)
    board.close()
    assert theirs.recv(1) == b""
