"""One image of the snapshot to its facts and its training example."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.errors import ImageRejected
from pipelines.core.storage import read_source_image
from pipelines.images.colour import lab_statistics
from pipelines.images.decode import DecodedImage, DecodeLimits, decode_image
from pipelines.images.encode import EncodeOptions, encode_image, encode_levels, flatten_on_white
from pipelines.images.geometry import resize, resize_short_side
from pipelines.images.mask import ProductMask, product_mask
from pipelines.images.quality import is_blank
from pipelines.preprocess.tfrecord import example_bytes

PREPROCESS_VERSION: Final = 1
"""Raise it when a change of code alters facts or examples: nothing of earlier nights is then taken over."""
NOT_FOR_TRAINING: Final = ("blank", "low-resolution", "extreme-aspect")
"""Flags of images that are restyled like all others, but teach a model nothing."""
_LEAST_SIDE_PX: Final = 64
_MOST_ASPECT: Final = 4.0
# The picture is seldom cut from a lossless source; at this quality a second compression does not show.
_IMAGE: Final = EncodeOptions("jpeg", 95)


class Picture(Protocol):
    """What must be known of an image to prepare it; a `SnapshotRow` knows it."""

    @property
    def product_id(self) -> str:
        """Views of a product share it."""
        ...

    @property
    def image_id(self) -> str:
        """Its name in the catalog."""
        ...

    @property
    def image_uri(self) -> str:
        """Where its bytes are."""
        ...

    @property
    def category(self) -> str:
        """That of the feed."""
        ...

    @property
    def source_sha256(self) -> str:
        """Of the bytes that the snapshot means."""
        ...

    @property
    def source_bytes(self) -> int:
        """Their number."""
        ...


@dataclass(frozen=True)
class PreparedImage:
    """Facts, and the serialized `tf.train.Example`; None where it is not for training or was not asked for."""

    facts: ImageFacts
    example: bytes | None


@dataclass(frozen=True)
class PrepareTask:
    """How images are prepared; small, so that it travels to Beam workers.

    Args:
        limits: what a picture may cost.
        short_side_px: of the training images.
    """

    limits: DecodeLimits
    short_side_px: int

    @property
    def facts_sha256(self) -> str:
        """sha256 of what decides the facts of given bytes."""
        return _sha256({"version": PREPROCESS_VERSION, "limits": asdict(self.limits)})

    @property
    def examples_sha256(self) -> str:
        """sha256 of what decides the example of given bytes."""
        return _sha256({"version": PREPROCESS_VERSION, **asdict(self)})

    def __call__(self, row: Picture, *, with_example: bool = True) -> PreparedImage | DeadLetter:
        """Read, check and prepare one image; whatever is wrong with it becomes its dead letter."""
        try:
            return self._prepared(row, with_example=with_example)
        except ImageRejected as error:
            return _dead_letter(row, error.reason, str(error))
        except Exception as error:  # one image may not cost a whole night
            return _dead_letter(row, "corrupt", f"could not be prepared: {type(error).__name__}: {error}")

    def _prepared(self, row: Picture, *, with_example: bool) -> PreparedImage:
        data = read_source_image(row.image_uri, self.limits.max_bytes)
        if hashlib.sha256(data).hexdigest() != row.source_sha256:
            raise ImageRejected(
                "changed-since-snapshot",
                f"{row.image_uri}: expected the {row.source_bytes} bytes that the snapshot names, received {len(data)} "
                "others; run ingest again.",
            )
        image = decode_image(data, self.limits)
        mask = product_mask(image.rgb, image.alpha)
        facts = _facts(row, image, mask, image.flags + training_barriers(image.rgb))
        if with_example and is_for_training(facts.flags):
            return PreparedImage(facts, self._example(row, image, mask))
        return PreparedImage(facts, None)

    def _example(self, row: Picture, image: DecodedImage, mask: ProductMask) -> bytes:
        rgb = image.rgb if image.alpha is None else flatten_on_white(image.rgb, image.alpha)
        rgb = resize_short_side(rgb, self.short_side_px)
        weights = resize(mask.weights, rgb.shape[0], rgb.shape[1])
        return example_bytes(
            {
                "image": encode_image(rgb, None, _IMAGE),
                "weights": encode_levels(np.rint(weights * 255).astype(np.uint8)),
                "product_id": row.product_id.encode(),
                "image_id": row.image_id.encode(),
                "category": row.category.encode(),
                "source_sha256": row.source_sha256.encode(),
            }
        )


def training_barriers(rgb: NDArray[np.uint8]) -> tuple[str, ...]:
    """Which of `NOT_FOR_TRAINING` hold for uint8 [H, W, 3]."""
    short, long = sorted(rgb.shape[:2])
    found = (is_blank(rgb), short < _LEAST_SIDE_PX, long > _MOST_ASPECT * short)
    return tuple(name for name, holds in zip(NOT_FOR_TRAINING, found, strict=True) if holds)


def is_for_training(flags: str) -> bool:
    """Whether an image with these flags (those of `ImageFacts`) teaches a model anything."""
    return not set(flags.split()) & set(NOT_FOR_TRAINING)


def _facts(row: Picture, image: DecodedImage, mask: ProductMask, flags: tuple[str, ...]) -> ImageFacts:
    return ImageFacts(
        product_id=row.product_id,
        image_id=row.image_id,
        source_sha256=row.source_sha256,
        width_px=image.rgb.shape[1],
        height_px=image.rgb.shape[0],
        has_alpha=image.alpha is not None,
        mask_kind=mask.kind,
        flags=" ".join(sorted(flags)),
        statistics_json=json.dumps(lab_statistics(image.rgb, mask.weights).to_json(), sort_keys=True),
    )


def _dead_letter(row: Picture, reason: str, message: str) -> DeadLetter:
    return DeadLetter(
        product_id=row.product_id,
        image_id=row.image_id,
        image_uri=row.image_uri,
        stage="preprocess",
        reason=reason,
        message=message,
        source_sha256=row.source_sha256,
    )


def _sha256(parts: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
