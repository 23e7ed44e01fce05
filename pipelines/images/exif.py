"""EXIF blocks: the first directory's tags from raw bytes, blocks of our own, and orientation undone on arrays.

Read by hand, because Pillow's reader warns and guesses on damaged EXIF, and the picture must not depend on
the process's warning filters. Source: Exif 3.0 (CIPA DC-008), section 4.6; TIFF 6.0, section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

ORIENTATION: Final = 0x0112
ARTIST: Final = 0x013B
COPYRIGHT: Final = 0x8298
_ASCII: Final = 2
_SHORT: Final = 3
_UTF8: Final = 129
_MOST_TEXT_BYTES: Final = 4096
_IN_PLACE_BYTES: Final = 4


class _Entry(NamedTuple):
    """`length`: number of values; `at`: offset of the value field in the block."""

    tag: int
    kind: int
    length: int
    at: int


def exif_orientation(exif: bytes) -> int:
    """Orientation 1..8 of an EXIF block; 1 if the block has no such tag.

    Raises:
        ValueError: the block is damaged or the value is not in 1..8.
    """
    tiff, order = _opened(exif)
    for entry in _first_directory(tiff, order):
        if entry.tag == ORIENTATION:
            (value,) = _unpacked(tiff, order + "H", entry.at)
            if entry.kind != _SHORT or not 1 <= value <= 8:
                raise ValueError(f"EXIF orientation: expected a short in 1..8, received {value}")
            return value
    return 1


def exif_texts(exif: bytes) -> dict[int, bytes]:
    """Text tags of the first directory, without the NUL that ends them; of each at most 4 KiB.

    Raises:
        ValueError: the block is damaged.
    """
    tiff, order = _opened(exif)
    found = {}
    for tag, kind, length, at in _first_directory(tiff, order):
        if kind not in (_ASCII, _UTF8):
            continue
        start = at if length <= _IN_PLACE_BYTES else _unpacked(tiff, order + "I", at)[0]
        if start + length > len(tiff):
            raise ValueError(f"EXIF tag {tag:#06x}: expected {length} bytes at {start} of {len(tiff)}")
        found[tag] = tiff[start : start + min(length, _MOST_TEXT_BYTES)].rstrip(b"\x00")
    return found


def exif_block(texts: Mapping[int, str]) -> bytes:
    """An EXIF block of these text tags and nothing else.

    In UTF-8 under the type ASCII: plain ASCII reads the same, and readers take other bytes for UTF-8 long before they
    know the type that Exif 3.0 has for it.
    """
    values = {tag: text.encode() + b"\x00" for tag, text in sorted(texts.items())}
    entries, heap = b"", b""
    heap_at = 8 + 2 + 12 * len(values) + 4
    for tag, value in values.items():
        if len(value) <= _IN_PLACE_BYTES:
            place = value.ljust(_IN_PLACE_BYTES, b"\x00")
        else:
            place = struct.pack("<I", heap_at + len(heap))
            heap += value + b"\x00" * (len(value) % 2)
        entries += struct.pack("<HHI", tag, _ASCII, len(value)) + place
    directory = struct.pack("<H", len(values)) + entries + struct.pack("<I", 0)
    return b"Exif\x00\x00II*\x00" + struct.pack("<I", 8) + directory + heap


def upright(array: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn and mirror `array` [H, W, ...] so that a picture of this EXIF orientation stands upright."""
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return np.ascontiguousarray(array)


def _opened(exif: bytes) -> tuple[bytes, str]:
    """The TIFF structure and its byte order as `struct` names it."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        raise ValueError(f"EXIF byte order: expected II or MM, received {tiff[:2]!r}")
    return tiff, order


def _first_directory(tiff: bytes, order: str) -> Iterator[_Entry]:
    magic, offset = _unpacked(tiff, order + "HI", 2)
    if magic != 42:
        raise ValueError(f"EXIF magic number: expected 42, received {magic}")
    (count,) = _unpacked(tiff, order + "H", offset)
    for number in range(count):
        at = offset + 2 + 12 * number
        tag, kind, length = _unpacked(tiff, order + "HHI", at)
        yield _Entry(tag, kind, length, at + 8)


def _unpacked(tiff: bytes, form: str, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, tiff, at)
    except struct.error as error:
        raise ValueError(f"EXIF block of {len(tiff)} bytes ends early: {error}") from error
