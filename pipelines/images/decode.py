"""Bytes of an untrusted picture to upright 8-bit sRGB; whatever cannot be decoded becomes `ImageRejected`."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pipelines.core.errors import ImageRejected
from pipelines.images.exif import exif_orientation, upright
from pipelines.images.metadata import source_provenance
from pipelines.images.profile import split_alpha, to_srgb
from pipelines.images.provenance import NOTHING_SAID, Provenance
from pipelines.images.sniff import ALLOWED_FORMATS, ends_early, sniff, webp_canvas


@dataclass(frozen=True)
class DecodeLimits:
    """What a picture may cost. Pixels are counted before anything is decoded."""

    max_bytes: int = 32 * 2**20
    max_pixels: int = 40_000_000
    min_side_px: int = 8

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_pixels", "min_side_px"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, received {getattr(self, name)}")


@dataclass(frozen=True)
class DecodedImage:
    """An upright picture in sRGB.

    Attributes:
        rgb: uint8 [H, W, 3].
        alpha: uint8 [H, W], or None where every pixel is opaque.
        source_format: one of `sniff.ALLOWED_FORMATS`.
        flags: what was odd but not fatal: "animated", "bad-icc-profile", "cmyk-without-profile", "corrupt-exif",
            "corrupt-iptc", "corrupt-xmp".
        provenance: what the file says of where it comes from; all else that it said beside its pixels is gone.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    source_format: str
    flags: tuple[str, ...]
    provenance: Provenance = NOTHING_SAID


def decode_image(data: bytes, limits: DecodeLimits) -> DecodedImage:
    """Decode untrusted bytes: first frame, upright, sRGB.

    Raises:
        ImageRejected: with the reason; nothing else, whatever the bytes are.
    """
    image_format = _accepted_format(data, limits)
    try:
        # Pillow warns about damage that is flagged or rejected here. The filter touches Pillow's modules alone:
        # catch_warnings is not thread-safe, and a filter that stays behind after a race then hides nothing else.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            return _decode(data, image_format, limits)
    except ImageRejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRejected(
            "too-many-pixels", f"the picture claims more pixels than any decoder accepts: {_plain(error)}"
        ) from error
    except MemoryError as error:
        raise ImageRejected("too-many-pixels", f"decoding this {image_format} file takes too much memory") from error
    except Exception as error:  # decoders raise whatever they like on damaged bytes
        if ends_early(data, image_format) or "truncated" in str(error).lower():
            raise ImageRejected("truncated", f"the {image_format} file ends before its picture does") from error
        raise ImageRejected("corrupt", f"the {image_format} file is damaged: {_plain(error)}") from error


def _accepted_format(data: bytes, limits: DecodeLimits) -> str:
    if not data:
        raise ImageRejected("empty-file", "expected a picture, received a file of 0 bytes")
    if len(data) > limits.max_bytes:
        raise ImageRejected(
            "too-many-bytes", f"expected at most {limits.max_bytes} bytes, received {len(data)}; store a smaller file"
        )
    found = sniff(data)
    if found.image_format is None:
        raise ImageRejected("not-an-image", f"expected a picture, received {found.looks_like}")
    if found.image_format not in ALLOWED_FORMATS:
        raise ImageRejected(
            "unsupported-format", f"expected one of {', '.join(ALLOWED_FORMATS)}, received {found.looks_like}"
        )
    if found.image_format == "WEBP":
        canvas = webp_canvas(data)
        if canvas is not None:
            _check_size(canvas, limits)
    return found.image_format


def _check_size(size: tuple[int, int], limits: DecodeLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise ImageRejected(
            "too-many-pixels", f"expected at most {limits.max_pixels} pixels, received {width} x {height}"
        )
    if min(width, height) < limits.min_side_px:
        raise ImageRejected(
            "too-small", f"expected sides of at least {limits.min_side_px} px, received {width} x {height} px"
        )


def _decode(data: bytes, image_format: str, limits: DecodeLimits) -> DecodedImage:
    try:
        opened = Image.open(io.BytesIO(data), formats=[image_format])
    except UnidentifiedImageError as error:
        raise ValueError("its header cannot be read") from error
    with opened as image:
        _check_size(image.size, limits)
        image.load()
        _check_size(image.size, limits)
        colour, alpha = split_alpha(image)
        rgb, flags = to_srgb(colour, image.info.get("icc_profile"))
        orientation, exif_flags = _orientation(image)
        provenance, metadata_flags = source_provenance(image.info)
        if image_format != "JPEG" and _is_animated(image):
            flags = (*flags, "animated")
    rgb = upright(rgb, orientation)
    if alpha is not None:
        alpha = _checked_alpha(upright(alpha, orientation))
    all_flags = {*flags, *exif_flags, *metadata_flags}
    return DecodedImage(rgb, alpha, image_format, tuple(sorted(all_flags)), provenance)


def _orientation(image: Image.Image) -> tuple[int, tuple[str, ...]]:
    exif = image.info.get("exif")
    if not exif:
        return 1, ()
    try:
        return exif_orientation(exif), ()
    except (ValueError, TypeError, AttributeError):
        return 1, ("corrupt-exif",)


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # a damaged second frame does not harm the first
        return True


def _checked_alpha(alpha: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    lowest, highest = int(alpha.min()), int(alpha.max())
    if highest == 0:
        raise ImageRejected("fully-transparent", "expected a visible picture, received alpha 0 everywhere")
    return None if lowest == 255 else alpha


def _plain(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
