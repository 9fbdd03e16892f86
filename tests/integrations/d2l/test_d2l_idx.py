import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rung.integrations.d2l.idx import DataError, decode


@given(hnp.arrays(np.uint8, st.tuples(st.integers(0, 5), st.integers(1, 6), st.integers(1, 6))), st.integers(0, 7))
def test_images_come_back_as_they_were_written(images, limit):
    compressed = zipped(struct.pack(">IIII", 0x803, *images.shape) + images.tobytes())
    decoded = decode(compressed, source="file", item=images.shape[1:])
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, images)
    np.testing.assert_array_equal(decode(compressed, source="file", item=images.shape[1:], limit=limit), images[:limit])


def test_labels_by_hand():
    content = bytes.fromhex("00000801 00000003 07 00 09".replace(" ", ""))
    assert decode(zipped(content), source="file", item=()).tolist() == [7, 0, 9]


def zipped(content: bytes) -> bytes:
    """Without the time, so that the same test has the same name in every process."""
    return gzip.compress(content, mtime=0)


IMAGES = struct.pack(">IIII", 0x803, 2, 2, 3) + bytes(12)


@pytest.mark.parametrize(
    ("compressed", "message"),
    [
        (b"plain text", r"a\.gz: expected a whole gzip file, .*[Nn]ot a gzipped file"),
        (b"", r"a\.gz: expected a header of 16 bytes, found 0 bytes in all"),
        (zipped(IMAGES)[:-12], r"a\.gz: expected a whole gzip file, .*[Ee]nd-of-stream"),
        (zipped(IMAGES)[:-8] + bytes(8), r"a\.gz: expected a whole gzip file, .*CRC"),
        (zipped(IMAGES)[:12] + b"\xff" * 20, r"a\.gz: expected a whole gzip file, but"),
        (zipped(IMAGES[:9]), r"a\.gz: expected a header of 16 bytes, found 9 bytes in all"),
        (zipped(b"\0\0\x08\x01" + IMAGES[4:]), r"a\.gz: expected the idx magic number 0x803, found 0x801"),
        (zipped(IMAGES[:8] + struct.pack(">II", 3, 2) + IMAGES[16:]), r"shape \(2, 3\), found \(3, 2\)"),
        (zipped(IMAGES[:-1]), r"a\.gz: expected 28 bytes for 2 entries, found 27 bytes"),
        (zipped(IMAGES + b"\0"), r"a\.gz: expected 28 bytes for 2 entries, found 29 bytes"),
    ],
)
def test_a_damaged_file_is_named_with_what_was_expected(compressed, message):
    with pytest.raises(DataError, match=message) as caught:
        decode(compressed, source="a.gz", item=(2, 3))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("compressed", "message"),
    [
        (b"plain text", r"a\.gz: expected a whole gzip file, but"),
        (zipped(IMAGES)[:10], r"a\.gz: expected a header of 16 bytes, found 0 bytes in all"),
        (zipped(IMAGES[:-7]), r"a\.gz: expected 22 bytes for 1 entries, found 21 bytes"),
    ],
)
def test_damage_before_the_limit_is_found(compressed, message):
    with pytest.raises(DataError, match=message):
        decode(compressed, source="a.gz", item=(2, 3), limit=1)


def test_damage_behind_the_limit_is_not_looked_for():
    torn = zipped(IMAGES)[:-8]
    assert len(decode(torn, source="a.gz", item=(2, 3), limit=1)) == 1
    with pytest.raises(DataError, match="expected a whole gzip file"):
        decode(torn, source="a.gz", item=(2, 3))
