"""EXIF orientation: read from raw EXIF bytes and undone on arrays.

Read by hand, because Pillow's reader warns and guesses on damaged EXIF, and the picture must not depend on
the process's warning filters. Source: Exif 2.32 (CIPA DC-008), section 4.6.2; TIFF 6.0, section 2.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ORIENTATION_TAG: Final = 0x0112
_SHORT: Final = 3


def exif_orientation(exif: bytes) -> int:
    """Orientation 1..8 of an EXIF block; 1 if the block has no such tag.

    Raises:
        ValueError: the block is damaged or the value is not in 1..8.
    """
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        raise ValueError(f"EXIF byte order: expected II or MM, received {tiff[:2]!r}")
    try:
        magic, offset = struct.unpack_from(order + "HI", tiff, 2)
        if magic != 42:
            raise ValueError(f"EXIF magic number: expected 42, received {magic}")
        (count,) = struct.unpack_from(order + "H", tiff, offset)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, offset + 2 + 12 * entry)
            if tag == _ORIENTATION_TAG:
                if kind != _SHORT or not 1 <= value <= 8:
                    raise ValueError(f"EXIF orientation: expected a short in 1..8, received {value}")
                return int(value)
    except struct.error as error:
        raise ValueError(f"EXIF block of {len(tiff)} bytes ends early: {error}") from error
    return 1


def upright(array: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn and mirror `array` [H, W, ...] so that a picture of this EXIF orientation stands upright."""
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return np.ascontiguousarray(array)
