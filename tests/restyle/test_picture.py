from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pipelines.images.decode import DecodeLimits
from pipelines.images.encode import EncodeOptions, ImageFormat
from pipelines.images.metadata import read_provenance
from pipelines.images.provenance import EDITED_BY_AI, Provenance
from pipelines.restyle.picture import encode_restyled, open_picture


def source(*, alpha: bool) -> bytes:
    rgba = np.zeros((24, 20, 4), np.uint8)
    rgba[4:20, 4:16] = (30, 90, 160, 255)
    if not alpha:
        rgba[..., 3] = 255
    exif = Image.Exif()
    exif[0x8298] = "Corner Shop"
    exif.get_ifd(0x8769)[0xA431] = "BODY-4711"
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("image_format", "alpha", "suffix"),
    [("jpeg", False, ".jpg"), ("jpeg", True, ".png"), ("png", True, ".png"), ("webp", True, ".webp")],
)
def test_a_restyled_file_says_that_it_was_edited_and_whose_it_is(
    image_format: ImageFormat, alpha: bool, suffix: str
) -> None:
    picture = open_picture(source(alpha=alpha), DecodeLimits())
    encoded = encode_restyled(255 - picture.decoded.rgb, picture.decoded, EncodeOptions(image_format))
    assert encoded.suffix == suffix
    assert read_provenance(encoded.data) == Provenance(EDITED_BY_AI, "Corner Shop")
    assert b"BODY-4711" not in encoded.data
    again = open_picture(encoded.data, DecodeLimits())
    assert (again.decoded.alpha is None) == (not alpha)
    assert again.decoded.flags == ()
