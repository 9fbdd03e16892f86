import hashlib
import http.server
import threading
from pathlib import Path

import numpy as np
import pytest

from idx_files import idx_bytes, idx_gz, small_files
from rung.integrations.d2l.download import CHECKSUMS, fetch
from rung.integrations.d2l.idx import DataError

TIMEOUT = 10.0  # seconds; never reached unless a test hangs


class Mirror:
    """A server on this machine whose every answer is set by the test."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.missing_bytes: dict[str, int] = {}  # file -> how many bytes of the promised ones never come
        self.asked: list[str] = []
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                mirror.asked.append(name)
                body = mirror.answers.get(name)
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body) + mirror.missing_bytes.get(name, 0)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """Tests are quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/data"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def mirror():
    mirror = Mirror()
    yield mirror
    mirror.close()


@pytest.fixture
def second_mirror():
    mirror = Mirror()
    yield mirror
    mirror.close()


ARRAYS = small_files()
SMALL_CHECKSUMS = {name: hashlib.sha256(idx_bytes(array)).hexdigest() for name, array in ARRAYS.items()}
WHOLE = {name: idx_gz(array) for name, array in ARRAYS.items()}
FIRST = "train-images-idx3-ubyte.gz"


def fetch_small(folder: Path, *mirrors: Mirror) -> Path:
    addresses = [mirror.address for mirror in mirrors]
    return fetch(folder, mirrors=addresses, checksums=SMALL_CHECKSUMS, timeout=TIMEOUT)


def test_brings_all_files_once(tmp_path, mirror):
    mirror.answers = WHOLE
    folder = tmp_path / "not" / "yet"
    assert fetch_small(folder, mirror) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == WHOLE
    assert sorted(mirror.asked) == sorted(WHOLE)
    fetch_small(folder, mirror)
    assert len(mirror.asked) == len(WHOLE)


def test_brings_only_what_is_missing(tmp_path, mirror):
    mirror.answers = WHOLE
    (tmp_path / FIRST).write_bytes(b"already here")
    fetch_small(tmp_path, mirror)
    assert FIRST not in mirror.asked
    assert (tmp_path / FIRST).read_bytes() == b"already here"


def test_another_compression_of_the_same_content_is_as_good(tmp_path, mirror):
    import gzip

    recompressed = {name: gzip.compress(gzip.decompress(body), compresslevel=1) for name, body in WHOLE.items()}
    assert recompressed != WHOLE
    mirror.answers = recompressed
    fetch_small(tmp_path, mirror)
    assert (tmp_path / FIRST).read_bytes() == recompressed[FIRST]


def not_found(mirror):
    del mirror.answers[FIRST]


def torn(mirror):
    mirror.answers[FIRST] = WHOLE[FIRST][:100]
    mirror.missing_bytes[FIRST] = len(WHOLE[FIRST]) - 100


def torn_without_telling(mirror):
    mirror.answers[FIRST] = WHOLE[FIRST][:100]


def a_web_page(mirror):
    mirror.answers[FIRST] = b"<html>Sign in to this network</html>"


def other_shape(mirror):
    mirror.answers[FIRST] = idx_gz(np.zeros((60, 8, 8)))


def other_images(mirror):
    mirror.answers[FIRST] = idx_gz(ARRAYS[FIRST] ^ 1)


FAULTS = [
    (not_found, r"HTTP Error 404"),
    (torn, r"the transfer broke off after 100 of [\d,]+ bytes"),
    (torn_without_telling, r"expected a whole gzip file"),
    (a_web_page, r"expected a whole gzip file"),
    (other_shape, r"expected entries of shape \(28, 28\), found \(8, 8\)"),
    (other_images, rf"expected content with sha256 {SMALL_CHECKSUMS[FIRST]}, found [0-9a-f]{{64}}"),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS)
def test_a_bad_answer_is_told_and_leaves_nothing_behind(tmp_path, mirror, fault, message):
    mirror.answers = dict(WHOLE)
    fault(mirror)
    with pytest.raises(DataError, match=rf"{FIRST} could not be downloaded\. {mirror.address}/{FIRST}: .*{message}"):
        fetch_small(tmp_path, mirror)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("fault", "message"), FAULTS)
def test_the_next_mirror_helps_out(tmp_path, mirror, second_mirror, fault, message):
    mirror.answers = dict(WHOLE)
    fault(mirror)
    second_mirror.answers = WHOLE
    fetch_small(tmp_path, mirror, second_mirror)
    assert second_mirror.asked == [FIRST]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == WHOLE


def test_nobody_there(tmp_path, mirror, second_mirror):
    addresses = [mirror.address, second_mirror.address]
    mirror.close()
    second_mirror.close()
    with pytest.raises(DataError, match=rf"{addresses[0]}.*refused.* {addresses[1]}.*refused"):
        fetch(tmp_path, mirrors=addresses, checksums=SMALL_CHECKSUMS, timeout=TIMEOUT)
    assert list(tmp_path.iterdir()) == []


def test_only_web_addresses(tmp_path):
    with pytest.raises(DataError, match=r"file:///etc/.*: expected an address that begins with https:// or http://"):
        fetch(tmp_path, mirrors=["file:///etc"], checksums=SMALL_CHECKSUMS, timeout=TIMEOUT)


def test_a_failing_disk_leaves_nothing_behind(tmp_path, mirror, monkeypatch):
    mirror.answers = WHOLE

    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rung.integrations.d2l.download.os.fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        fetch_small(tmp_path, mirror)
    assert list(tmp_path.iterdir()) == []


def test_the_checksums_are_those_of_the_real_files(fashion_mnist):
    import gzip

    for name, checksum in CHECKSUMS.items():
        assert hashlib.sha256(gzip.decompress((fashion_mnist / name).read_bytes())).hexdigest() == checksum


def test_the_real_files_over_http(fashion_mnist, tmp_path, mirror):
    mirror.answers = {name: (fashion_mnist / name).read_bytes() for name in CHECKSUMS}
    fetch(tmp_path, mirrors=[mirror.address], timeout=TIMEOUT)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(CHECKSUMS)
