"""Any mode and colour profile that the allowed formats can hold, turned into 8-bit sRGB and alpha."""

from __future__ import annotations

import functools
import io
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_CMS_SPACES: Final = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
# Fields of an ICC header (ICC.1:2022, section 7.2).
_CREATED: Final = slice(24, 36)
_PLATFORM: Final = slice(40, 44)
_SRGB_PUBLISHED: Final = struct.pack(">6H", 1999, 10, 18, 0, 0, 0)
"""IEC 61966-2-1."""


@functools.cache
def srgb_profile() -> bytes:
    """ICC profile of sRGB, 588 bytes, the same at any hour and on any system.

    littlecms' own, dated back to the standard and of no platform.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_CREATED] = _SRGB_PUBLISHED
    profile[_PLATFORM] = bytes(4)
    return bytes(profile)


def split_alpha(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """Colour part in mode L, RGB or CMYK, and the alpha channel uint8 [H, W] or None.

    16-bit grey is scaled to 8 bits; palettes are looked up; transparent colours (tRNS) become alpha.
    """
    if image.mode.startswith("I"):
        return _grey16(image)
    if image.mode in ("CMYK", "L", "RGB") and "transparency" not in image.info:
        return image, None
    if image.mode == "1" and "transparency" not in image.info:
        return image.convert("L"), None
    if image.mode == "P" and not image.has_transparency_data:
        return image.convert("RGB"), None
    if image.mode == "LA":
        grey, alpha = image.split()
        return grey, np.asarray(alpha)
    if image.mode in ("YCbCr", "LAB", "HSV"):
        return image.convert("RGB"), None
    if image.mode == "RGB":
        return image, _rgb_key_alpha(image)
    rgba = image.convert("RGBA")
    return rgba.convert("RGB"), np.asarray(rgba.getchannel("A"))


def _grey16(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    values = np.asarray(image).astype(np.int64).clip(0, 65535)
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    key = image.info.get("transparency")
    alpha = np.where(values == key, 0, 255).astype(np.uint8) if isinstance(key, int) else None
    return grey, alpha


def _rgb_key_alpha(image: Image.Image) -> NDArray[np.uint8] | None:
    key = image.info["transparency"]
    if not isinstance(key, tuple) or len(key) != 3:
        return None
    # Pillow keeps the high byte of 16-bit colours, but the key at full depth.
    colour = [value >> 8 if max(key) > 255 else value for value in key]
    return np.where((np.asarray(image) == np.array(colour)).all(axis=-1), 0, 255).astype(np.uint8)


def to_srgb(colour: Image.Image, icc_profile: bytes | None) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Pixels in sRGB, uint8 [H, W, 3], of a picture in mode L, RGB or CMYK, and flags.

    A profile that cannot be used is ignored and flagged "bad-icc-profile"; relative colorimetric intent with
    black point compensation, so white stays white.
    """
    flags: tuple[str, ...] = ()
    if icc_profile:
        converted = _by_profile(colour, icc_profile)
        if converted is not None:
            return np.array(converted), ()
        flags = ("bad-icc-profile",)
    if colour.mode == "CMYK":
        flags = (*flags, "cmyk-without-profile")
    return np.array(colour.convert("RGB")), flags


def _by_profile(colour: Image.Image, icc_profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        mode = _CMS_SPACES.get(source.profile.xcolor_space.strip())
        if mode == "RGB" and colour.mode == "L":
            colour = colour.convert("RGB")
        if mode != colour.mode:
            return None
        if mode == "RGB" and (source.profile.profile_description or "").startswith("sRGB"):
            return colour
        return ImageCms.profileToProfile(
            colour,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None
