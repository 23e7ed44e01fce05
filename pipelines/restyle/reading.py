"""Source pictures from storage, every failure of a single one turned into its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipelines.core import storage
from pipelines.core.errors import ImageRejected, InputError
from pipelines.core.looks import mask_beside
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.geometry import resize
from pipelines.restyle.picture import Picture, open_picture


def read_picture(
    uri: str, limits: DecodeLimits, expected_sha256: str | None = None, mask_names: Sequence[str] = ()
) -> Picture | ImageRejected:
    """Read and open a picture, and the masks that lie beside it.

    Args:
        uri: of the picture.
        limits: what a picture, and each mask, may cost.
        expected_sha256: of the bytes that the snapshot saw; others are "changed-since-snapshot".
        mask_names: masks to look for; a picture need not have them.

    Raises:
        InputError: nothing can be read at all, such as for want of credentials.
    """
    try:
        data = storage.read_source_image(uri, limits.max_bytes)
        if expected_sha256 is not None and hashlib.sha256(data).hexdigest() != expected_sha256:
            return ImageRejected(
                "changed-since-snapshot",
                f"{uri}: the picture changed after the snapshot was taken; the next night will have it.",
            )
        picture = open_picture(data, limits)
        masks = {name: _mask(mask_beside(uri, name), limits, picture.size_px) for name in mask_names}
        return replace(picture, areas={name: mask for name, mask in masks.items() if mask is not None})
    except ImageRejected as rejected:
        return rejected
    except InputError:
        raise
    except Exception as error:  # storage clients raise errors of their own
        return ImageRejected("unreadable-uri", f"{uri}: cannot be read: {type(error).__name__}: {error}")


def _mask(uri: str, limits: DecodeLimits, size_px: tuple[int, int]) -> NDArray[np.uint8] | None:
    """A mask at the picture's size, uint8 [H, W]: its alpha, else its lightness. None where there is no such file.

    Raises:
        ImageRejected: it is there but cannot be used; the picture must not pass for done without its part.
    """
    try:
        data = storage.read_source_image(uri, limits.max_bytes)
    except ImageRejected as rejected:
        if rejected.reason == "missing-file":
            return None
        raise
    try:
        decoded = decode_image(data, limits)
    except ImageRejected as rejected:
        raise ImageRejected(rejected.reason, f"its mask {uri}: {rejected}") from rejected
    levels = decoded.rgb.max(axis=-1) if decoded.alpha is None else decoded.alpha
    height, width = size_px
    if abs(levels.shape[0] * width - levels.shape[1] * height) > 0.02 * max(levels.size, height * width):
        raise ImageRejected(
            "corrupt",
            f"its mask {uri}: expected the shape of the picture, {width} x {height}, "
            f"received {levels.shape[1]} x {levels.shape[0]}",
        )
    return resize(levels, height, width)
