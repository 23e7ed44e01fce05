"""8-bit sRGB to bytes: deterministic, and with no metadata but what is asked for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from pipelines.images.metadata import Metadata

ImageFormat = Literal["jpeg", "png", "webp"]


@dataclass(frozen=True)
class EncodeOptions:
    """`quality` 1..100 is for jpeg and webp; png is lossless and ignores it."""

    format: ImageFormat = "jpeg"
    quality: int = 92

    def __post_init__(self) -> None:
        if self.format not in ("jpeg", "png", "webp"):
            raise ValueError(f"format: expected jpeg, png or webp, received {self.format!r}")
        if not 1 <= self.quality <= 100:
            raise ValueError(f"quality: expected 1..100, received {self.quality}")


def encode_image(
    rgb: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None,
    output: EncodeOptions,
    metadata: Metadata | None = None,
) -> bytes:
    """Encode rgb uint8 [H, W, 3] and alpha uint8 [H, W] or None. Same arrays and metadata, same bytes.

    Raises:
        ValueError: alpha given for JPEG (call `flatten_on_white` first), or arrays of other shapes and types.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError(f"rgb: expected uint8 [H, W, 3], received {rgb.dtype} {list(rgb.shape)}")
    picture = Image.fromarray(np.ascontiguousarray(rgb))
    if alpha is not None:
        if alpha.shape != rgb.shape[:2] or alpha.dtype != np.uint8:
            raise ValueError(f"alpha: expected uint8 {list(rgb.shape[:2])}, received {alpha.dtype} {list(alpha.shape)}")
        if output.format == "jpeg":
            raise ValueError("alpha: JPEG holds none; flatten the picture on white or choose png or webp")
        picture.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    buffer = io.BytesIO()
    blocks = _embedded(metadata or Metadata(), output.format)
    if output.format == "jpeg":
        # Below 90 the colour planes are halved, as viewers expect of small files; from 90 on fabrics keep their edges.
        subsampling = 0 if output.quality >= 90 else 2
        picture.save(buffer, "JPEG", quality=output.quality, subsampling=subsampling, **blocks)
    elif output.format == "png":
        picture.save(buffer, "PNG", compress_level=4, **blocks)
    else:
        picture.save(buffer, "WEBP", quality=output.quality, method=4, **blocks)
    return buffer.getvalue()


def _embedded(metadata: Metadata, image_format: ImageFormat) -> dict[str, Any]:
    """Arguments by which Pillow embeds the blocks that are there."""
    blocks: dict[str, Any] = {name: block for name, block in vars(metadata).items() if block}
    if image_format == "png" and "xmp" in blocks:
        # Where XMP lies in a PNG: ISO 16684-3.
        blocks["pnginfo"] = PngImagePlugin.PngInfo()
        blocks["pnginfo"].add_itxt("XML:com.adobe.xmp", blocks.pop("xmp").decode())
    return blocks


def encode_levels(levels: NDArray[np.uint8]) -> bytes:
    """PNG of one channel, uint8 [H, W]: masks and weights."""
    if levels.ndim != 2 or levels.dtype != np.uint8:
        raise ValueError(f"levels: expected uint8 [H, W], received {levels.dtype} {list(levels.shape)}")
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels)).save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def flatten_on_white(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Composite rgb uint8 [H, W, 3] over white by alpha uint8 [H, W]; uint8 [H, W, 3], rounded to nearest."""
    cover = alpha[..., None].astype(np.uint32)
    return ((rgb * cover + 255 * (255 - cover) + 127) // 255).astype(np.uint8)
