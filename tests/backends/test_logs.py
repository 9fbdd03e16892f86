from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rung.backends._logs import TAIL_BYTES, OutputLog, last_lines


@given(
    chunks=st.lists(st.tuples(st.integers(0, 255), st.integers(0, 3 * TAIL_BYTES)), max_size=8),
    limit=st.sampled_from([0, 1, 1000, TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1, 3 * TAIL_BYTES]),
)
def test_head_and_tail_are_kept(tmp_path_factory, chunks, limit):
    path = tmp_path_factory.mktemp("log") / "trial" / "output.log"
    log = OutputLog(str(path), limit, attempt=1)
    printed = b""
    for value, length in chunks:
        chunk = bytes([value]) * length
        log.write(chunk)
        printed += chunk
    log.close()
    kept = path.read_bytes() if path.exists() else b""
    tail = min(TAIL_BYTES, limit)
    if len(printed) <= limit:
        assert kept == printed
    else:
        dropped = len(printed) - limit
        marker = f"\n... {dropped} bytes dropped ...\n".encode()
        assert kept == printed[: limit - tail] + marker + printed[len(printed) - tail :]


def test_later_attempts_append(tmp_path):
    path = tmp_path / "output.log"
    for attempt in (1, 2, 3):
        log = OutputLog(str(path), 100, attempt)
        log.write(b"" if attempt == 2 else b"hello")
        log.close()
    assert path.read_bytes() == b"hello\n--- attempt 3 ---\nhello"


def test_a_file_that_cannot_be_made_does_not_matter(tmp_path):
    (tmp_path / "file").touch()
    log = OutputLog(str(tmp_path / "file" / "output.log"), 100, 1)
    log.write(b"one\ntwo\n")
    log.write(b"x" * 200)
    assert log.close().startswith("one\ntwo\nxxx")


def test_close_gives_the_last_lines(tmp_path):
    log = OutputLog(str(tmp_path / "output.log"), 10, 1)
    for number in range(100):
        log.write(b"%d\n" % number)
    assert log.close().split("\n") == [str(number) for number in range(70, 100)]


def test_last_lines():
    assert last_lines(b"") == ""
    assert last_lines(b"a\nb\r\n\n\n") == "a\nb"
    assert last_lines(b"10%\r20%\r100%\r\ndone\n") == "100%\ndone"
    assert last_lines(b"\xff\xfe ok") == "�� ok"
    assert len(last_lines(b"x" * 100_000)) == 4096
