"""One picture on its way through the model: opened, and written again in the brand's output format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.decode import DecodedImage, DecodeLimits, decode_image
from pipelines.images.encode import EncodeOptions, encode_image
from pipelines.images.mask import ProductMask, product_mask
from pipelines.images.metadata import restyled_metadata

SUFFIXES: Final = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}


@dataclass(frozen=True)
class Picture:
    """A decoded picture with its product mask, and parts with looks of their own, uint8 [H, W] by name."""

    decoded: DecodedImage
    mask: ProductMask
    areas: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.decoded.rgb.shape[:2]
        return height, width


@dataclass(frozen=True)
class EncodedPicture:
    """Bytes of a finished picture and the file name suffix that belongs to them."""

    data: bytes
    suffix: str


def open_picture(data: bytes, limits: DecodeLimits) -> Picture:
    """Decode bytes and find the product.

    Raises:
        ImageRejected: with the decoder's reason.
    """
    decoded = decode_image(data, limits)
    return Picture(decoded, product_mask(decoded.rgb, decoded.alpha))


def encode_restyled(rgb: NDArray[np.uint8], source: DecodedImage, output: EncodeOptions) -> EncodedPicture:
    """Encode restyled rgb uint8 [H, W, 3] with the source's own alpha, and of its metadata the copyright alone.

    JPEG holds no alpha: a picture that has one becomes PNG instead, so that nothing is lost.
    """
    if source.alpha is not None and output.format == "jpeg":
        output = EncodeOptions("png", output.quality)
    data = encode_image(rgb, source.alpha, output, restyled_metadata(source.provenance))
    return EncodedPicture(data, SUFFIXES[output.format])
