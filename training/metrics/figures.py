"""All figures of a restyled picture, in a network that no loss trains against, and their medians over a set."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.colour import delta_e2000, srgb8_to_lab
from pipelines.images.geometry import fit_within, resize
from pipelines.images.quality import edge_f1, ms_ssim, white_background_kept
from training.metrics.alexnet import LEAST_SIDE_PX, AlexNet, Features
from training.metrics.intervals import Estimate, median_with_interval
from training.metrics.lpips import lpips
from training.metrics.patch_hand import HandScale, PatchBank, hand, hand_scale, patch_bank, patch_distances
from training.metrics.style_share import ChannelStatistics, channel_statistics, mean_statistics, style_share

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

MEASURED_PX: Final = 384
"""Pictures and references are measured at this longer side."""
PLAIN: Final = ("ms_ssim", "edge_f1", "white_kept", "delta_e")
INDEPENDENT: Final = ("hand", "style", "lpips")
FIGURES: Final = (*INDEPENDENT, *PLAIN)


@dataclass(frozen=True)
class Picture:
    """uint8 [H,W,3] and float32 weights [H,W] in 0..1: a photo's product, or the painted part of a reference."""

    rgb: Pixels
    weights: Floats


@dataclass(frozen=True)
class PhotoSide:
    """What is computed of a photo once, whatever looks it is given; features are None where AlexNet cannot look."""

    picture: Picture
    features: Features | None
    statistics: ChannelStatistics | None
    distances: tuple[float, ...] | None


@dataclass(frozen=True)
class Yardstick:
    """A brand's references as AlexNet sees them.

    Attributes:
        alexnet: the network.
        wanted: mean and spread of its features over references kept aside.
        bank: their patches; None when they cannot be split.
        real: patch distances of the other references to the bank.
    """

    alexnet: AlexNet
    wanted: ChannelStatistics
    bank: PatchBank | None
    real: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class SetFigures:
    """Figures of a set of pictures; each figure's name is in exactly one of the two.

    Attributes:
        estimates: medians and intervals.
        absent: why there is none.
    """

    estimates: Mapping[str, Estimate]
    absent: Mapping[str, str]

    def medians(self) -> dict[str, float]:
        """Medians alone."""
        return {name: estimate.median for name, estimate in self.estimates.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain types: name -> median, low, high, pictures; and the reasons for what is absent."""
        return {"figures": {name: asdict(e) for name, e in self.estimates.items()}, "absent": dict(self.absent)}


def measured(rgb: Pixels, weights: Floats) -> Picture:
    """Picture at the size at which it is measured."""
    small = fit_within(rgb, MEASURED_PX)
    return Picture(small, resize(weights, small.shape[0], small.shape[1]))


def yardstick(alexnet: AlexNet, kept_aside: Sequence[Picture], others: Sequence[Picture] = ()) -> Yardstick:
    """Yardstick of references.

    Args:
        alexnet: the network.
        kept_aside: references that no training saw, or all of them; looks are measured against these.
        others: the brand's other references: how near real pictures of this hand come to those kept aside. When there
            are none, every second picture of `kept_aside` takes their part in the figure `hand`.

    Raises:
        ValueError: no reference is large enough and shows anything.
    """
    usable = [p for p in kept_aside if _can_look(p)]
    if not usable:
        raise ValueError(f"references: expected pictures of at least {LEAST_SIDE_PX} px that show something")
    looked = [(alexnet.features(p.rgb), p.weights) for p in usable]
    rest = [(alexnet.features(p.rgb), p.weights) for p in others if _can_look(p)]
    wanted = mean_statistics([channel_statistics(features, weights) for features, weights in looked])
    banked, real = (looked, rest) if rest else (looked[::2], looked[1::2])
    if not real:
        return Yardstick(alexnet, wanted, None, ())
    bank = patch_bank(banked)
    return Yardstick(alexnet, wanted, bank, tuple(patch_distances(f, w, bank) for f, w in real))


def photo_side(picture: Picture, brand: Yardstick | None) -> PhotoSide:
    """Prepare one photo for a brand."""
    if brand is None or not _can_look(picture):
        return PhotoSide(picture, None, None, None)
    features = brand.alexnet.features(picture.rgb)
    statistics = channel_statistics(features, picture.weights)
    distances = patch_distances(features, picture.weights, brand.bank) if brand.bank else None
    return PhotoSide(picture, features, statistics, distances)


def scale_of(photos: Sequence[PhotoSide], brand: Yardstick | None) -> HandScale | None:
    """Where 0 and 1 of `hand` lie for these photos; None when that cannot be said."""
    distances = [photo.distances for photo in photos if photo.distances is not None]
    if brand is None or not brand.real or not distances:
        return None
    scale = hand_scale(distances, brand.real)
    return scale if scale.is_usable else None


def picture_figures(
    photo: PhotoSide, after: Pixels, brand: Yardstick | None, scale: HandScale | None
) -> dict[str, float]:
    """Figures of one look: those of `FIGURES` that can be measured, all inside the product but for `white_kept`.

    Args:
        photo: the picture before.
        after: uint8 [H,W,3] of the same size.
        brand: None without AlexNet: then only `PLAIN` figures.
        scale: see `scale_of`.
    """
    before, weights = photo.picture.rgb, photo.picture.weights
    found = {"white_kept": white_background_kept(before, after, weights)}
    if not (weights > 0).any():
        return found
    inside = weights > 0.5 if (weights > 0.5).any() else weights > 0
    found["ms_ssim"] = ms_ssim(before, after, weights)
    found["edge_f1"] = edge_f1(before, after, weights)
    found["delta_e"] = float(np.median(delta_e2000(srgb8_to_lab(before[inside]), srgb8_to_lab(after[inside]))))
    if brand is None or photo.features is None or photo.statistics is None:
        return found
    seen = brand.alexnet.features(after)
    found["lpips"] = lpips(photo.features, seen, brand.alexnet.heads, weights)
    # A photo with the references' own statistics has no gap to close.
    with contextlib.suppress(ValueError):
        found["style"] = style_share(photo.statistics, channel_statistics(seen, weights), brand.wanted)
    if scale is not None and photo.distances is not None and brand.bank is not None:
        found["hand"] = hand(photo.distances, patch_distances(seen, weights, brand.bank), scale)
    return found


def set_figures(photos: Sequence[PhotoSide], looks: Sequence[Pixels], brand: Yardstick | None) -> SetFigures:
    """Medians and 95 % intervals over pictures; never NaN: what cannot be measured is absent, with the reason."""
    scale = scale_of(photos, brand)
    rows = [picture_figures(photo, look, brand, scale) for photo, look in zip(photos, looks, strict=True)]
    estimates, absent = {}, {}
    for name in FIGURES:
        values = [row[name] for row in rows if name in row and np.isfinite(row[name])]
        if values:
            estimates[name] = median_with_interval(values)
        else:
            absent[name] = _why_absent(name, brand, scale)
    return SetFigures(estimates, absent)


def _why_absent(name: str, brand: Yardstick | None, scale: HandScale | None) -> str:
    if name in INDEPENDENT and brand is None:
        return "needs AlexNet: name its weights with --alexnet PATH or RESTYLE_ALEXNET"
    if name == "hand" and brand is not None and brand.bank is None:
        return "needs two references or more: one as the bank, one to say where 1 lies"
    if name == "hand" and brand is not None and not all(np.median(brand.real, axis=0) > 0):
        return "the references have one and the same patch everywhere: they show no hand"
    if name == "hand" and scale is None:
        return "the photos' patches are as near to the references as real references are: there is no gap to close"
    return f"no picture shows a product of at least {LEAST_SIDE_PX} px"


def _can_look(picture: Picture) -> bool:
    return min(picture.rgb.shape[:2]) >= LEAST_SIDE_PX and bool((picture.weights > 0).any())
