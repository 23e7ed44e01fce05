"""What models are measured on: held-out pictures, held-out references, and the judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.core.errors import ReferencesError
from training.data import ContentPicture, load_content
from training.evaluation.looks import at_measured_size
from training.metrics.figures import MEASURED_PX, PhotoSide, Picture, Yardstick, measured, photo_side, yardstick
from training.references import Reference, kept_aside, load_brand, without_kept_aside

_CONTENT_LIMIT: Final = 512
_READ_FOR_EACH: Final = 4


@dataclass(frozen=True)
class Subject:
    """Pictures and references at the size at which they are measured.

    Attributes:
        pictures: that no training saw.
        photos: the same, prepared for the figures.
        references: kept aside from training; all of them when the brand has few.
        others: the references that training sees.
        perceptual: see `training.models.perceptual`.
        yardstick: the references in AlexNet; None without it.
    """

    pictures: tuple[ContentPicture, ...]
    photos: tuple[PhotoSide, ...]
    references: tuple[Reference, ...]
    others: tuple[Reference, ...]
    perceptual: Any
    yardstick: Yardstick | None


def pictures_to_measure(source: Path, count: int, *, all_products: bool) -> tuple[ContentPicture, ...]:
    """At most `count` pictures of held-out products, spread evenly over them; of all products when no training saw any.

    Raises:
        MissingArtifact: nothing is at `source`.
        InputError: no picture there shows a product.
    """
    # Other views of a measured product count in its colours, so more are read than measured.
    limit = min(_CONTENT_LIMIT, _READ_FOR_EACH * count) if all_products else _CONTENT_LIMIT
    content = load_content(source, MEASURED_PX, limit)
    found = content.held_out
    if all_products and content.train is not content.held_out:
        found = tuple(sorted((*content.train, *content.held_out), key=lambda p: (p.product_id, p.image_id)))
    step = max(1, len(found) // count)
    return tuple(at_measured_size(picture) for picture in found[::step][:count])


def subject_of(
    pictures: Sequence[ContentPicture], brand_name: str, style: Path, perceptual: Any, alexnet: Path | None
) -> Subject:
    """Pictures beside a brand's references.

    Raises:
        ReferencesError: references that cannot be read, or show nothing.
        MissingArtifact: the file of AlexNet cannot be used.
    """
    brand = load_brand(brand_name, style, MEASURED_PX)
    apart = kept_aside(brand)
    others = tuple(_small(r) for r in without_kept_aside(brand).references)
    references = tuple(_small(r) for r in apart) if apart else others
    ruler = _yardstick(alexnet, references, others if apart else ()) if alexnet else None
    photos = tuple(photo_side(Picture(p.rgb, p.weights), ruler) for p in pictures)
    return Subject(tuple(pictures), photos, references, others, perceptual, ruler)


def _yardstick(alexnet: Path, references: Sequence[Reference], others: Sequence[Reference]) -> Yardstick:
    from training.metrics.alexnet import AlexNet

    judged, rest = ([Picture(r.rgb, r.weights) for r in side] for side in (references, others))
    try:
        return yardstick(AlexNet.load(alexnet), judged, rest)
    except ValueError as error:
        raise ReferencesError(f"references: {error}; put pictures there that show the brand's hand") from error


def _small(reference: Reference) -> Reference:
    picture = measured(reference.rgb, reference.weights)
    return Reference(reference.name, picture.rgb, picture.weights)
