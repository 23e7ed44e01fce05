"""Pictures of mixed sizes through the model, at their own sizes, so that one bad picture costs only itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ImageRejected, ModelBundleError
from pipelines.core.looks import Look
from pipelines.images.colour import LabStatistics
from pipelines.restyle.picture import Picture

Rgb = NDArray[np.uint8]


class Restyler(Protocol):
    """What `training.stylizer.Stylizer` does; the same bytes for a picture in whatever batch it comes."""

    def apply(
        self,
        images: Rgb,
        weights: NDArray[np.float32],
        statistics: Sequence[LabStatistics],
        look: Look,
        masks: Sequence[Mapping[str, NDArray[np.uint8]]] | None = None,
    ) -> Rgb:
        """uint8 [N, H, W, 3], weights [N, H, W] and masks uint8 [H, W] by name to uint8 [N, H, W, 3]."""
        ...


def restyle_batch(
    restyler: Restyler, pictures: Sequence[Picture], statistics: Sequence[LabStatistics], looks: Sequence[Look]
) -> list[Rgb | ImageRejected]:
    """Restyle pictures; one outcome each, in order, of the picture's own size.

    Pictures of one size and look go through the model together. Sizes are not padded to common ones: padding would
    change a picture's share of the working size and with it the bytes. A batch that fails is tried again picture by
    picture; a picture that fails alone comes back as ImageRejected("model-failed").

    Args:
        restyler: the pinned model.
        pictures: few enough for memory together.
        statistics: of each picture's whole product.
        looks: of each picture. One with an alpha channel keeps its background, which is that channel's affair.

    Raises:
        ModelBundleError: the model cannot serve a look at all.
    """
    outcomes: dict[int, Rgb | ImageRejected] = {}
    alike: dict[tuple[tuple[int, int], Look], list[int]] = {}
    for index, (picture, wanted) in enumerate(zip(pictures, looks, strict=True)):
        look = wanted if picture.decoded.alpha is None else wanted.without_background()
        alike.setdefault((picture.size_px, look), []).append(index)
    for (_, look), indices in alike.items():
        members = [pictures[index] for index in indices]
        colours = [statistics[index] for index in indices]
        outcomes.update(zip(indices, _restyle_alike(restyler, members, colours, look), strict=True))
    return [outcomes[index] for index in range(len(pictures))]


def _restyle_alike(
    restyler: Restyler, pictures: Sequence[Picture], statistics: Sequence[LabStatistics], look: Look
) -> list[Rgb | ImageRejected]:
    try:
        return list(_call(restyler, pictures, statistics, look))
    except ModelBundleError:
        raise
    except Exception as error:  # whatever the network raises, the rest of the catalog goes on
        if len(pictures) == 1:
            return [ImageRejected("model-failed", f"the model failed on this picture: {type(error).__name__}: {error}")]
    return [
        outcome
        for picture, colour in zip(pictures, statistics, strict=True)
        for outcome in _restyle_alike(restyler, [picture], [colour], look)
    ]


def _call(restyler: Restyler, pictures: Sequence[Picture], statistics: Sequence[LabStatistics], look: Look) -> Rgb:
    images = _stacked([picture.decoded.rgb for picture in pictures])
    weights = _stacked([picture.mask.weights for picture in pictures])
    restyled = restyler.apply(images, weights, statistics, look, [picture.areas for picture in pictures])
    if restyled.shape != images.shape or restyled.dtype != np.uint8:
        raise ValueError(f"expected uint8 {list(images.shape)}, received {restyled.dtype} {list(restyled.shape)}")
    return restyled


def _stacked(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """[N, ...]; a single one, which may be large, is not copied."""
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)
