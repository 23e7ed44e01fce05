"""Product kept: structure and edges inside the mask, and the white around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.images.quality import edge_f1, ms_ssim, white_background_kept


@dataclass(frozen=True)
class ProductKept:
    """Figures over a set of pictures: means, and the lowest tenth of MS-SSIM."""

    ms_ssim: float
    ms_ssim_low: float
    edge_f1: float
    white_kept: float


def product_kept(
    before: Sequence[NDArray[np.uint8]], after: Sequence[NDArray[np.uint8]], weights: Sequence[NDArray[np.float32]]
) -> ProductKept:
    """Compare uint8 [H,W,3] pictures, at most about 512 px, inside weights [H,W]."""
    pairs = list(zip(before, after, weights, strict=True))
    structure = [ms_ssim(a, b, w) for a, b, w in pairs]
    return ProductKept(
        ms_ssim=float(np.mean(structure)),
        ms_ssim_low=float(np.quantile(structure, 0.1)),
        edge_f1=float(np.mean([edge_f1(a, b, w) for a, b, w in pairs])),
        white_kept=float(np.mean([white_background_kept(a, b, w) for a, b, w in pairs])),
    )
