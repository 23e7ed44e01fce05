from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.preprocess.tfrecord import crc32c, example_bytes, framed, framed_all, read_records


def plain_crc32c(data: bytes) -> int:
    """Bit by bit, as the standard describes it."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # RFC 3720, appendix B.4, and the check value of the CRC catalogue.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_checksums(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@given(st.binary(max_size=700))
@settings(deadline=None)
def test_checksum_by_lanes_is_the_checksum_by_bits(data: bytes) -> None:
    assert crc32c(data) == plain_crc32c(data)


@given(st.lists(st.binary(max_size=600), max_size=6))
@settings(deadline=None)
def test_records_come_back(records: list[bytes]) -> None:
    assert list(read_records(framed_all(records))) == records


@given(record=st.binary(min_size=1, max_size=50), position=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(deadline=None)
def test_any_flipped_bit_is_noticed(record: bytes, position: int, bit: int) -> None:
    content = bytearray(framed(record))
    content[position % len(content)] ^= 1 << bit
    with pytest.raises(ValueError, match="TFRecord at byte 0"):
        list(read_records(bytes(content)))


@given(record=st.binary(max_size=50), cut=st.integers(1, 15))
@settings(deadline=None)
def test_a_file_that_ends_early_is_noticed(record: bytes, cut: int) -> None:
    with pytest.raises(ValueError, match="the file ends"):
        list(read_records(framed(record)[:-cut]))


def test_tensorflow_reads_what_is_written_and_writes_the_same(tmp_path: Path) -> None:
    import tensorflow as tf

    features = {"image_id": b"a-1", "image": bytes(range(256)) * 300, "empty": b""}
    record = example_bytes(features)
    parsed = tf.train.Example.FromString(record)
    assert {name: tuple(value.bytes_list.value) for name, value in parsed.features.feature.items()} == {
        name: (value,) for name, value in features.items()
    }
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(framed_all([record, b"second"]))
    with tf.io.TFRecordWriter(str(theirs)) as writer:
        writer.write(record)
        writer.write(b"second")
    assert ours.read_bytes() == theirs.read_bytes()
