from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pipelines.core.errors import ImageRejected
from pipelines.images.decode import DecodedImage, DecodeLimits, decode_image

LIMITS = DecodeLimits()
ORIENTATION_OPERATIONS = {
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}


def encoded(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()


def gradient(height: int = 40, width: int = 30) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows * 6, columns * 8, 255 - rows * 5], axis=-1).clip(0, 255).astype(np.uint8)


def rejected(data: bytes, limits: DecodeLimits = LIMITS) -> ImageRejected:
    with pytest.raises(ImageRejected) as caught:
        decode_image(data, limits)
    return caught.value


def png_chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "GIF", "WEBP", "AVIF", "JPEG"])
def test_every_allowed_format_comes_back_upright_and_close(image_format: str) -> None:
    data = encoded(Image.fromarray(gradient()), image_format)
    image = decode_image(data, LIMITS)
    assert image.source_format == image_format
    assert image.rgb.shape == (40, 30, 3) and image.rgb.dtype == np.uint8
    assert image.alpha is None and image.flags == ()
    assert np.abs(image.rgb.astype(int) - gradient()).mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_gives_the_same_upright_picture(orientation: int, image_format: str) -> None:
    stored = Image.fromarray(gradient())
    for operation in ORIENTATION_OPERATIONS.get(orientation, []):
        stored = stored.transpose(operation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, image_format, exif=exif, **({} if image_format == "PNG" else {"quality": 100}))
    image = decode_image(data, LIMITS)
    assert image.rgb.shape == (40, 30, 3)
    assert np.abs(image.rgb.astype(int) - gradient()).mean() < 4
    assert image.flags == ()


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\x00\x00garbage",
        b"Exif\x00\x00II*\x00\xff\xff\xff\x7f",
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x63\x00\x00\x00",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x09",
    ],
)
def test_corrupt_exif_is_flagged_and_ignored(exif: bytes) -> None:
    image = decode_image(encoded(Image.fromarray(gradient()), "JPEG", exif=exif), LIMITS)
    assert image.flags == ("corrupt-exif",)
    assert image.rgb.shape == (40, 30, 3)


def test_cmyk_without_profile_is_flagged_and_not_inverted() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    image = decode_image(encoded(cmyk, "JPEG", quality=95), LIMITS)
    assert image.flags == ("cmyk-without-profile",)
    assert image.rgb.min() >= 250
    ink = decode_image(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95), LIMITS)
    red, green, blue = ink.rgb.reshape(-1, 3).mean(axis=0)
    assert red > 240 and green < 15 and blue < 15


def test_adobe_inverted_cmyk_is_read_as_ink() -> None:
    plain = encoded(Image.new("CMYK", (16, 16), (255, 255, 255, 255)), "JPEG", quality=95)
    # An Adobe marker says that the stored values are inverted; Pillow writes one itself.
    assert b"Adobe" in plain
    assert decode_image(plain, LIMITS).rgb.max() <= 5


def test_wide_gamut_profile_is_converted_to_srgb() -> None:
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decode_image(encoded(Image.fromarray(gradient()), "PNG", icc_profile=linear), LIMITS).flags == ()
    swapped = swapped_primaries_profile()
    picture = Image.new("RGB", (16, 16), (200, 30, 30))
    image = decode_image(encoded(picture, "PNG", icc_profile=swapped), LIMITS)
    assert image.flags == ()
    red, green, _ = image.rgb[0, 0]
    assert green > red, "the profile says that its first channel is green"
    white = decode_image(encoded(Image.new("RGB", (16, 16), "white"), "PNG", icc_profile=swapped), LIMITS)
    assert white.rgb.min() == 255


def swapped_primaries_profile() -> bytes:
    """An sRGB profile whose red and green primaries have changed places."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = data.replace(b"rXYZ", b"tmpX").replace(b"gXYZ", b"rXYZ").replace(b"tmpX", b"gXYZ")
    # Under another name: profiles called sRGB are taken at their word.
    return swapped.replace("sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be"))


@pytest.mark.parametrize("profile", [b"not a profile", b"\x00" * 200, swapped_primaries_profile()[:150]])
def test_broken_profile_is_flagged_and_ignored(profile: bytes) -> None:
    image = decode_image(encoded(Image.fromarray(gradient()), "PNG", icc_profile=profile), LIMITS)
    assert image.flags == ("bad-icc-profile",)
    assert np.array_equal(image.rgb, gradient())


def test_profile_of_another_colour_space_is_flagged() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert decode_image(encoded(Image.fromarray(gradient()), "PNG", icc_profile=lab), LIMITS).flags == (
        "bad-icc-profile",
    )


def test_grey_of_16_bits_is_scaled_not_clipped() -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    image = decode_image(encoded(Image.fromarray(values), "PNG"), LIMITS)
    expected = np.rint(values / 257).astype(np.uint8)
    assert np.array_equal(image.rgb, np.repeat(expected[..., None], 3, axis=-1))


def test_colour_of_16_bits_is_scaled_and_its_transparent_key_found() -> None:
    pixels = np.full((8, 8, 3), 40000, ">u2")
    pixels[0, 0] = (65535, 65535, 65535)
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)
    key = png_chunk(b"tRNS", struct.pack(">HHH", 65535, 65535, 65535))
    image = decode_image(png(8, 8, 16, 2, rows, key), LIMITS)
    assert tuple(image.rgb[4, 4]) == (156, 156, 156)
    assert image.alpha is not None and image.alpha[0, 0] == 0 and image.alpha[4, 4] == 255


def test_grey_of_16_bits_with_transparent_key() -> None:
    values = np.full((8, 8), 30000, ">u2")
    values[:2] = 1234
    rows = b"".join(b"\x00" + row.tobytes() for row in values)
    image = decode_image(png(8, 8, 16, 0, rows, png_chunk(b"tRNS", struct.pack(">H", 1234))), LIMITS)
    assert image.alpha is not None
    assert (image.alpha[:2] == 0).all() and (image.alpha[2:] == 255).all()


def test_palette_with_transparency_keeps_colours_and_alpha() -> None:
    palette = Image.new("P", (16, 16), 1)
    palette.putpalette([255, 0, 0, 0, 128, 0, 0, 0, 255])
    palette.paste(0, (0, 0, 8, 16))
    image = decode_image(encoded(palette, "PNG", transparency=bytes([0, 255, 120])), LIMITS)
    assert image.alpha is not None
    assert (image.alpha[:, :8] == 0).all() and (image.alpha[:, 8:] == 255).all()
    assert tuple(image.rgb[0, 12]) == (0, 128, 0)
    opaque = decode_image(encoded(palette, "PNG"), LIMITS)
    assert opaque.alpha is None and tuple(opaque.rgb[0, 0]) == (255, 0, 0)


def test_grey_with_alpha_bilevel_and_transparent_grey() -> None:
    both = Image.merge("LA", (Image.new("L", (12, 12), 90), Image.linear_gradient("L").resize((12, 12))))
    image = decode_image(encoded(both, "PNG"), LIMITS)
    assert image.alpha is not None and (image.rgb == 90).all()
    bilevel = decode_image(encoded(Image.new("1", (12, 12), 1), "PNG"), LIMITS)
    assert (bilevel.rgb == 255).all() and bilevel.alpha is None
    grey = Image.new("L", (12, 12), 60)
    grey.paste(10, (0, 0, 6, 12))
    keyed = decode_image(encoded(grey, "PNG", transparency=10), LIMITS)
    assert keyed.alpha is not None and (keyed.alpha[:, :6] == 0).all() and (keyed.alpha[:, 6:] == 255).all()


def test_opaque_alpha_is_none_and_invisible_pictures_are_rejected() -> None:
    assert decode_image(encoded(Image.new("RGBA", (9, 9), (1, 2, 3, 255)), "PNG"), LIMITS).alpha is None
    assert rejected(encoded(Image.new("RGBA", (9, 9), (1, 2, 3, 0)), "PNG")).reason == "fully-transparent"


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP"])
def test_animation_gives_its_first_frame_and_a_flag(image_format: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = encoded(frames[0], image_format, save_all=True, append_images=frames[1:], duration=50, **options)
    image = decode_image(data, LIMITS)
    assert image.flags == ("animated",)
    assert tuple(image.rgb[10, 10]) == (255, 0, 0)


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"", "empty-file", "0 bytes"),
        (b"\x00" * 500, "not-an-image", "zero bytes"),
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "not-an-image", "an HTML page"),
        (b"\n  <HTML><head>", "not-an-image", "an HTML page"),
        (b'{"error": "no such key"}', "not-an-image", "a JSON document"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "not-an-image", "XML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported-format", "an SVG drawing"),
        (b"%PDF-1.7 ...", "not-an-image", "a PDF"),
        (b"PK\x03\x04 rest", "not-an-image", "a ZIP"),
        (b"see the other folder", "not-an-image", "a text file"),
        (bytes(range(128, 256)), "not-an-image", "unknown binary"),
        (b"II*\x00\x08\x00\x00\x00", "unsupported-format", "TIFF"),
        (b"8BPS\x00\x01", "unsupported-format", "PSD"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "unsupported-format", "HEIC"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomavc1", "not-an-image", "a video"),
        (b"\xff\xd8\xff", "truncated", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "truncated", "PNG"),
        (b"GIF89a", "truncated", "GIF"),
        (b"RIFF\x10\x00\x00\x00WEBP", "truncated", "WEBP"),
        (b"BM", "truncated", "BMP"),
    ],
)
def test_what_is_no_usable_picture_says_what_it_is(data: bytes, reason: str, words: str) -> None:
    error = rejected(data)
    assert error.reason == reason
    assert words in str(error)


def test_bytes_beyond_the_limit_are_not_looked_at() -> None:
    error = rejected(b"\x89PNG" + b"x" * 2000, DecodeLimits(max_bytes=1000))
    assert error.reason == "too-many-bytes" and "1000" in str(error) and "2004" in str(error)


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (12000, 9000), (30000, 2000), (2**31 - 1, 2**31 - 1)])
def test_png_that_claims_too_many_pixels(width: int, height: int) -> None:
    assert rejected(png(width, height, 8, 2, b"")).reason == "too-many-pixels"


def test_webp_and_gif_and_bmp_and_jpeg_that_claim_too_many_pixels() -> None:
    vp8x = b"VP8X" + struct.pack("<I", 10) + b"\x10\x00\x00\x00" + (16382).to_bytes(3, "little") * 2
    webp = b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x
    gif = b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02;"
    bmp = bytearray(encoded(Image.new("RGB", (8, 8)), "BMP"))
    bmp[18:26] = struct.pack("<ii", 50000, 50000)
    jpeg = bytearray(encoded(Image.new("RGB", (8, 8)), "JPEG"))
    frame = jpeg.index(b"\xff\xc0") + 5
    jpeg[frame : frame + 4] = struct.pack(">HH", 65000, 65000)
    for data in (webp, gif, bytes(bmp), bytes(jpeg)):
        assert rejected(data).reason == "too-many-pixels"


def test_real_pixels_count_against_the_limit_of_the_caller() -> None:
    data = encoded(Image.new("RGB", (100, 50)), "PNG")
    assert decode_image(data, DecodeLimits(max_pixels=5000)).rgb.shape == (50, 100, 3)
    error = rejected(data, DecodeLimits(max_pixels=4999))
    assert error.reason == "too-many-pixels" and "100 x 50" in str(error)


def test_sides_below_the_least_are_rejected() -> None:
    error = rejected(encoded(Image.new("RGB", (1, 400)), "PNG"))
    assert error.reason == "too-small" and "1 x 400" in str(error)
    assert decode_image(encoded(Image.new("RGB", (8, 8)), "PNG"), LIMITS).rgb.shape == (8, 8, 3)


def test_text_that_inflates_beyond_reason_is_rejected() -> None:
    bomb = png_chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"a" * 2**24))
    assert rejected(png(8, 8, 8, 0, b"\x00" * 72, bomb)).reason == "corrupt"


@pytest.mark.parametrize("field", ["max_bytes", "max_pixels", "min_side_px"])
def test_limits_must_be_positive(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        DecodeLimits(**{field: 0})


SAMPLES = {
    image_format: encoded(Image.fromarray(gradient(64, 48)), image_format)
    for image_format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
}


def outcome(data: bytes) -> DecodedImage | str:
    try:
        return decode_image(data, LIMITS)
    except ImageRejected as error:
        return error.reason


@given(image_format=st.sampled_from(sorted(SAMPLES)), share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=150, deadline=None)
def test_cut_anywhere_it_is_rejected_or_whole(image_format: str, share: float) -> None:
    whole = SAMPLES[image_format]
    cut = outcome(whole[: int(share * len(whole))])
    if isinstance(cut, DecodedImage):
        # Trailing bytes that hold no pixels may be missing.
        assert np.array_equal(cut.rgb, decode_image(whole, LIMITS).rgb)
    else:
        assert cut in {"truncated", "corrupt", "empty-file", "not-an-image"}


@given(
    image_format=st.sampled_from(sorted(SAMPLES)),
    edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12),
)
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_never_raise_anything_else(image_format: str, edits: list[tuple[int, int]]) -> None:
    data = bytearray(SAMPLES[image_format])
    for position, value in edits:
        data[position % len(data)] = value
    result = outcome(bytes(data))
    if isinstance(result, DecodedImage):
        assert result.rgb.dtype == np.uint8 and result.rgb.shape[2] == 3
    else:
        assert result in ImageRejected.REASONS


@given(data=st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_random_bytes_are_never_a_picture(data: bytes) -> None:
    assert isinstance(outcome(data), str)
