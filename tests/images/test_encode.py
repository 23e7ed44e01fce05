from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.encode import EncodeOptions, ImageFormat, encode_image, flatten_on_white

FORMATS: tuple[ImageFormat, ...] = ("jpeg", "png", "webp")


@pytest.mark.parametrize("image_format", FORMATS)
def test_same_arrays_same_bytes_and_no_metadata(image_format: ImageFormat, product_on_white: NDArray[np.uint8]) -> None:
    options = EncodeOptions(image_format, 92)
    data = encode_image(product_on_white, None, options)
    assert data == encode_image(product_on_white.copy(), None, options)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == image_format.upper()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
    decoded = decode_image(data, DecodeLimits())
    # WebP halves the colour planes, so the stripes lose some of their red.
    assert np.abs(decoded.rgb.astype(int) - product_on_white).mean() < 8
    assert decoded.alpha is None


def test_png_is_lossless_with_alpha(product_on_white: NDArray[np.uint8]) -> None:
    alpha = np.arange(120 * 90, dtype=np.uint32).reshape(120, 90).astype(np.uint8)
    decoded = decode_image(encode_image(product_on_white, alpha, EncodeOptions("png")), DecodeLimits())
    assert decoded.alpha is not None
    assert np.array_equal(decoded.rgb, product_on_white) and np.array_equal(decoded.alpha, alpha)


def test_webp_keeps_alpha(product_on_white: NDArray[np.uint8]) -> None:
    alpha = np.full((120, 90), 255, np.uint8)
    alpha[:30] = 0
    decoded = decode_image(encode_image(product_on_white, alpha, EncodeOptions("webp")), DecodeLimits())
    assert decoded.alpha is not None and np.array_equal(decoded.alpha, alpha)


def test_white_background_survives_jpeg_exactly_away_from_the_product(product_on_white: NDArray[np.uint8]) -> None:
    decoded = decode_image(encode_image(product_on_white, None, EncodeOptions("jpeg", 92)), DecodeLimits())
    assert (decoded.rgb[:8] == 255).all()


def test_quality_matters_for_jpeg(noise_picture: NDArray[np.uint8]) -> None:
    small, large = (len(encode_image(noise_picture, None, EncodeOptions("jpeg", q))) for q in (50, 95))
    assert small < large


def test_jpeg_refuses_alpha_and_flattening_helps(product_on_white: NDArray[np.uint8]) -> None:
    alpha = np.zeros((120, 90), np.uint8)
    alpha[60:] = 255
    alpha[59] = 128
    with pytest.raises(ValueError, match="flatten"):
        encode_image(product_on_white, alpha, EncodeOptions("jpeg"))
    flat = flatten_on_white(product_on_white, alpha)
    assert (flat[:59] == 255).all()
    assert np.array_equal(flat[60:], product_on_white[60:])
    expected = np.rint(product_on_white[59] * (128 / 255) + 255 * (127 / 255))
    assert np.abs(flat[59] - expected).max() <= 1
    assert encode_image(flat, None, EncodeOptions("jpeg")).startswith(b"\xff\xd8\xff")


def test_wrong_options_and_arrays_are_named(product_on_white: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="format"):
        EncodeOptions("tiff")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="quality"):
        EncodeOptions("jpeg", 0)
    with pytest.raises(ValueError, match="rgb"):
        encode_image(product_on_white[..., 0], None, EncodeOptions())
    with pytest.raises(ValueError, match="alpha"):
        encode_image(product_on_white, np.zeros((3, 3), np.uint8), EncodeOptions("png"))


@pytest.mark.parametrize("quality", [92, 100])
def test_noise_that_hardly_compresses_is_written(quality: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (533, 400, 3), dtype=np.uint8)
    data = encode_image(noise, None, EncodeOptions("jpeg", quality))
    assert Image.open(io.BytesIO(data)).size == (400, 533)
