"""Checks a brand's reference pictures before any work starts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipelines.core import storage
from pipelines.core.errors import ImageRejected, ReferencesError
from pipelines.core.settings import BrandSettings, ImageLimits
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.release.feeds.folder import PICTURE_ENDINGS, picture_files


@dataclass(frozen=True)
class Reference:
    """One readable reference picture."""

    uri: str
    sha256: str


def check_references(brand: BrandSettings, limits: ImageLimits) -> list[Reference]:
    """All reference pictures of a brand, decoded once to be sure.

    Raises ReferencesError that names the folder or the file that cannot be used.
    """
    files = picture_files(brand.references_uri)
    if not files:
        raise ReferencesError(
            f"brand {brand.brand}: expected reference pictures ({', '.join(PICTURE_ENDINGS)}) in "
            f"{brand.references_uri}, found none; add some or correct references_uri."
        )
    decode_limits = DecodeLimits(limits.max_bytes, limits.max_pixels, limits.min_side_px)
    return [Reference(file, _checked_sha256(file, brand.brand, decode_limits)) for file in files]


def _checked_sha256(file: str, brand: str, limits: DecodeLimits) -> str:
    try:
        data = storage.read_source_image(file, limits.max_bytes)
        decode_image(data, limits)
    except ImageRejected as error:
        raise ReferencesError(
            f"brand {brand}: {file} cannot be used as a reference: {error} Replace or remove it."
        ) from error
    return hashlib.sha256(data).hexdigest()
