"""Source pictures from storage, every failure of a single one turned into its reason."""

from __future__ import annotations

import hashlib

from pipelines.core import storage
from pipelines.core.errors import ImageRejected, InputError
from pipelines.images.decode import DecodeLimits
from pipelines.restyle.picture import Picture, open_picture


def read_picture(uri: str, limits: DecodeLimits, expected_sha256: str | None = None) -> Picture | ImageRejected:
    """Read and open a picture.

    Args:
        uri: of the picture.
        limits: what a picture may cost.
        expected_sha256: of the bytes that the snapshot saw; others are "changed-since-snapshot".

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
        return open_picture(data, limits)
    except ImageRejected as rejected:
        return rejected
    except InputError:
        raise
    except Exception as error:  # storage clients raise errors of their own
        return ImageRejected("unreadable-uri", f"{uri}: cannot be read: {type(error).__name__}: {error}")
