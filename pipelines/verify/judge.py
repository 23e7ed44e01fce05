"""The fidelity gate: whether a restyled picture still shows the product that the shop photographed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.core.settings import GateThresholds
from pipelines.images.decode import DecodedImage
from pipelines.images.geometry import fit_within
from pipelines.images.mask import product_mask
from pipelines.images.quality import edge_f1, is_blank, ms_ssim, white_background_kept

JUDGED_PX: Final = 512
"""Longer side at which pictures are judged: about what a shopper sees, and a tenth of the cost of full size."""

WHITE_LEVEL: Final = 252
"""White enough after JPEG or WebP: their ringing along the outline takes up to 3 levels off, even from a picture that
nothing else has changed (of 30 studio photos at quality 92 up to 1.4 % of the white pixels)."""

Reason = Literal[
    "",
    "unreadable",
    "unmeasurable",
    "source-changed",
    "wrong-size",
    "alpha-changed",
    "blank",
    "structure",
    "edges",
    "white-background",
]


@dataclass(frozen=True)
class Judgement:
    """`reason` is empty when passed, else the first check that failed. Figures in 0..1, 0 where not measured."""

    passed: bool
    reason: Reason
    ms_ssim: float = 0.0
    edge_f1: float = 0.0
    white_kept: float = 0.0


def failed(reason: Reason) -> Judgement:
    """A failure before anything could be measured."""
    return Judgement(passed=False, reason=reason)


def judge(original: DecodedImage, restyled: DecodedImage, thresholds: GateThresholds) -> Judgement:
    """Compare a restyled picture with its original, inside the product and on the white around it."""
    if restyled.rgb.shape != original.rgb.shape:
        return failed("wrong-size")
    if not _same_alpha(original, restyled):
        return failed("alpha-changed")
    if is_blank(restyled.rgb):
        return failed("blank")
    weights = product_mask(original.rgb, original.alpha).weights
    white = float(white_background_kept(original.rgb, _without_codec_noise(restyled), weights))
    before, after = fit_within(original.rgb, JUDGED_PX), fit_within(restyled.rgb, JUDGED_PX)
    inside = fit_within(weights, JUDGED_PX)
    structure = float(ms_ssim(before, after, inside))
    edges = float(edge_f1(before, after, inside))
    reason = _first_failure(structure, edges, white, thresholds)
    return Judgement(passed=not reason, reason=reason, ms_ssim=structure, edge_f1=edges, white_kept=white)


def _first_failure(structure: float, edges: float, white: float, thresholds: GateThresholds) -> Reason:
    # Written so that a figure that is not a number fails.
    if not structure >= thresholds.min_ms_ssim:
        return "structure"
    if not edges >= thresholds.min_edge_f1:
        return "edges"
    if not white >= thresholds.min_white_kept:
        return "white-background"
    return ""


def _without_codec_noise(picture: DecodedImage) -> NDArray[np.uint8]:
    """The pixels, with what a lossy codec may leave of white taken as white."""
    if picture.source_format == "PNG":
        return picture.rgb
    red, green, blue = np.moveaxis(picture.rgb, -1, 0)
    cleaned = picture.rgb.copy()
    cleaned[(red >= WHITE_LEVEL) & (green >= WHITE_LEVEL) & (blue >= WHITE_LEVEL)] = 255
    return cleaned


def _same_alpha(original: DecodedImage, restyled: DecodedImage) -> bool:
    if original.alpha is None or restyled.alpha is None:
        return original.alpha is restyled.alpha
    return np.array_equal(original.alpha, restyled.alpha)
