"""Event files for TensorBoard, written without TensorFlow, so that a run on either backend leaves the same.

The form: records of a length and its checksum, the bytes and theirs (CRC-32C, rotated and shifted, as in TFRecord
files); the bytes are an `Event` message in protocol buffer wire format (tensorflow/core/util/event.proto).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


class EventFile:
    """Appends to one event file.

    Args:
        folder: TensorBoard's log directory; created with the first event.
        begin_images: where this file goes on; later events of older files are then passed over by TensorBoard.
    """

    def __init__(self, folder: Path, begin_images: int = 0) -> None:
        self._folder = folder
        self._begin = begin_images
        self._path: Path | None = None

    def scalars(self, images: int, values: Mapping[str, float]) -> None:
        """Numbers by tag, at a count of images."""
        self._append(event(images, [_text(1, tag) + _float(2, value) for tag, value in values.items()]))

    def picture(self, images: int, tag: str, png: bytes, height: int, width: int) -> None:
        """A PNG of the given size in px."""
        body = _whole(1, height) + _whole(2, width) + _whole(3, 3) + _bytes(4, png)
        self._append(event(images, [_text(1, tag) + _bytes(4, body)]))

    def _append(self, message: bytes) -> None:
        records = b""
        if self._path is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._path = self._folder / f"events.out.tfevents.{time.time_ns()}.restyle"
            version = _double(1, time.time()) + _text(3, "brain.Event:2")
            started = _double(1, time.time()) + _whole(2, self._begin) + _bytes(7, _whole(1, 1))
            records = record(version) + record(started)
        with self._path.open("ab") as file:
            file.write(records + record(message))


def event(images: int, values: list[bytes]) -> bytes:
    """An `Event` with a summary of encoded values."""
    summary = b"".join(_bytes(1, value) for value in values)
    return _double(1, time.time()) + _whole(2, images) + _bytes(5, summary)


def record(data: bytes) -> bytes:
    """One record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data))


def crc32c(data: bytes) -> int:
    """Castagnoli's checksum (RFC 3720, appendix B.4)."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        found.append(byte)
    return tuple(found)


def _masked(data: bytes) -> int:
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _whole(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())
