"""Thumbnails as JPEG data URIs, within a budget of bytes, so that a report stays one small file."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core import storage
from pipelines.core.errors import ImageRejected
from pipelines.core.settings import ImageLimits
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.encode import EncodeOptions, encode_image, flatten_on_white
from pipelines.images.geometry import fit_within

PICTURE_ENDINGS: Final = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif")
THUMBNAIL_PX: Final = 320
_JPEG: Final = EncodeOptions("jpeg", 82)


@dataclass(frozen=True)
class Thumbnail:
    """A small picture, or (with an empty `data_uri`) the reason why there is none."""

    data_uri: str
    width_px: int
    height_px: int
    problem: str = ""


@dataclass
class PictureBudget:
    """Bytes of data URIs that a page may still take. Whoever does not fit is left out and counted."""

    left_bytes: int
    refused: int = field(default=0)

    def take(self, *thumbnails: Thumbnail) -> bool:
        """Whether all of them fit; if so they are paid for."""
        size = sum(len(thumbnail.data_uri) for thumbnail in thumbnails)
        if size > self.left_bytes:
            self.refused += 1
            return False
        self.left_bytes -= size
        return True


def load_rgb(uri: str, limits: ImageLimits, expected_sha256: str = "") -> NDArray[np.uint8]:
    """A stored picture as uint8 [H, W, 3] on white.

    Raises ImageRejected, also where the bytes no longer have `expected_sha256`.
    """
    data = storage.read_source_image(uri, limits.max_bytes)
    if expected_sha256 and hashlib.sha256(data).hexdigest() != expected_sha256:
        raise ImageRejected("changed-since-snapshot", "the file has changed since the snapshot was taken")
    decoded = decode_image(data, DecodeLimits(limits.max_bytes, limits.max_pixels, min_side_px=1))
    return decoded.rgb if decoded.alpha is None else flatten_on_white(decoded.rgb, decoded.alpha)


def thumbnail(uri: str, limits: ImageLimits, px: int = THUMBNAIL_PX, expected_sha256: str = "") -> Thumbnail:
    """A stored picture, at most `px` on its longer side. Unreadable ones say why instead."""
    try:
        return encode_thumbnail(load_rgb(uri, limits, expected_sha256), px)
    except ImageRejected as error:
        return Thumbnail("", 0, 0, problem=error.reason)


def encode_thumbnail(rgb: NDArray[np.uint8], px: int = THUMBNAIL_PX) -> Thumbnail:
    """An array uint8 [H, W, 3], at most `px` on its longer side."""
    small = fit_within(rgb, px)
    data = base64.b64encode(encode_image(small, None, _JPEG)).decode("ascii")
    return Thumbnail(f"data:image/jpeg;base64,{data}", small.shape[1], small.shape[0])
