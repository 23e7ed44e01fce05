"""The fidelity gate: whether a restyled picture still shows the product that the shop photographed.

Both the job that restyles and the one that verifies ask here, about the same bytes, so that they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ImageRejected
from pipelines.core.settings import GateThresholds
from pipelines.images.cells import Lab, product_cells
from pipelines.images.colour_drift import colour_drift
from pipelines.images.decode import DecodedImage, DecodeLimits, decode_image
from pipelines.images.encode import flatten_on_white
from pipelines.images.geometry import fit_within
from pipelines.images.legibility import text_kept
from pipelines.images.presence import has_vanished
from pipelines.images.quality import edge_f1, is_blank, luminance, ms_ssim, white_background_kept
from pipelines.images.text_lines import text_lines
from pipelines.images.view_agreement import views_drift

JUDGED_PX: Final = 512
"""Longer side at which pictures are judged: about what a shopper sees, and a tenth of the cost of full size."""

LEAST_STEEPNESS: Final = 0.6
"""Of an edge that counts as kept: looks leave nine tenths at the median, a blur of 2 px half."""

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
    "colour",
    "text",
    "white-background",
    "views",
]
REASONS_WITH_FIGURES: Final = frozenset({"structure", "edges", "colour", "text", "white-background", "views"})
"""Failures of a picture that could be measured in full."""


@dataclass(frozen=True)
class Figures:
    """What was measured of one picture; see `VerdictRow`. `means`: mean colour of the product before and after."""

    ms_ssim: float
    edge_f1: float
    white_kept: float
    colour_drift: float
    text_kept: float
    means: tuple[Lab, Lab]


@dataclass(frozen=True)
class Judgement:
    """`reason` is empty when passed, else the first check that failed. `figures` is None where nothing was measured."""

    reason: Reason
    figures: Figures | None = None
    views_drift: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the picture may be published."""
        return not self.reason


def judge_bytes(
    original: DecodedImage, weights: NDArray[np.float32], data: bytes, limits: DecodeLimits, thresholds: GateThresholds
) -> Judgement:
    """Judge a restyled picture as it is stored; whatever is wrong with it is a failure, never an error.

    Args:
        original: what the shop photographed.
        weights: its product, float32 [H, W]: those of `product_mask`.
        data: the stored file. Our own: a PNG may well be larger than what a feed may bring.
        limits: that the original was decoded with.
        thresholds: of the brand.
    """
    own_limits = DecodeLimits(len(data) + 1, limits.max_pixels, limits.min_side_px)
    try:
        return judge(original, decode_image(data, own_limits), weights, thresholds)
    except ImageRejected:
        return Judgement("unreadable")
    except (ValueError, MemoryError):
        return Judgement("unmeasurable")


def judge(
    original: DecodedImage, restyled: DecodedImage, weights: NDArray[np.float32], thresholds: GateThresholds
) -> Judgement:
    """Compare a restyled picture with its original, inside the product and on the white around it.

    Raises:
        ValueError: all weights are 0.
    """
    if restyled.rgb.shape != original.rgb.shape:
        return Judgement("wrong-size")
    if not _same_alpha(original, restyled):
        return Judgement("alpha-changed")
    if is_blank(restyled.rgb):
        return Judgement("blank")
    lossy = restyled.source_format != "PNG"
    white = white_background_kept(original.rgb, restyled.rgb, weights, lossy=lossy)
    before, after = (_as_seen(picture) for picture in (original, restyled))
    inside = fit_within(weights, JUDGED_PX)
    cells = product_cells(before, after, inside)
    luma_before, luma_after = luminance(before), luminance(after)
    figures = Figures(
        ms_ssim=ms_ssim(before, after, inside),
        edge_f1=edge_f1(before, after, inside, least_steepness=LEAST_STEEPNESS),
        white_kept=white,
        colour_drift=colour_drift(cells, thresholds.colour),
        text_kept=text_kept(luma_before, luma_after, text_lines(luma_before, inside)),
        means=cells.means,
    )
    if has_vanished(cells, before, after, inside):
        return Judgement("blank", figures)
    return Judgement(_first_failure(figures, thresholds), figures)


def compare_views(views: Sequence[Judgement], thresholds: GateThresholds) -> list[Judgement]:
    """The same judgements, in order, with the drift of the views of one product that passed so far.

    While any view is farther from the others than the thresholds allow, the farthest fails and the others are compared
    anew: one odd view must not take the good ones with it. Of two views that drift apart neither can be trusted.
    """
    judged = list(views)
    remaining = [index for index, view in enumerate(judged) if view.passed and view.figures]
    while remaining:
        means = [figures.means for index in remaining if (figures := judged[index].figures)]
        drifts = views_drift([before for before, _ in means], [after for _, after in means])
        for index, drift in zip(remaining, drifts, strict=True):
            judged[index] = replace(judged[index], views_drift=drift)
        farthest = max(drifts)
        if farthest <= thresholds.max_views_drift:
            break
        for index, drift in zip(remaining, drifts, strict=True):
            if not drift < farthest:
                judged[index] = replace(judged[index], reason="views")
        remaining = [index for index in remaining if judged[index].passed]
    return judged


def _first_failure(figures: Figures, thresholds: GateThresholds) -> Reason:
    # Written so that a figure that is not a number fails.
    if not figures.ms_ssim >= thresholds.min_ms_ssim:
        return "structure"
    if not figures.edge_f1 >= thresholds.min_edge_f1:
        return "edges"
    if not figures.colour_drift <= thresholds.max_colour_drift:
        return "colour"
    if not figures.text_kept >= thresholds.min_text_kept:
        return "text"
    if not figures.white_kept >= thresholds.min_white_kept:
        return "white-background"
    return ""


def _as_seen(picture: DecodedImage) -> NDArray[np.uint8]:
    """uint8 [h, w, 3] of at most 512 px; transparent pictures on white, where shops show them."""
    rgb = picture.rgb if picture.alpha is None else flatten_on_white(picture.rgb, picture.alpha)
    return fit_within(rgb, JUDGED_PX)


def _same_alpha(original: DecodedImage, restyled: DecodedImage) -> bool:
    if original.alpha is None or restyled.alpha is None:
        return original.alpha is restyled.alpha
    return np.array_equal(original.alpha, restyled.alpha)
