"""Whether the views of a product still show one product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.images.cells import Lab
from pipelines.images.colour import delta_e2000


def views_drift(before: Sequence[Lab], after: Sequence[Lab]) -> list[float]:
    """By how much each view moved away from the others, in CIEDE2000; of a single view 0.

    Views differ in the photos already: one shows more shade, another the lining. What counts is growth of the
    difference between mean colours, averaged over the other views; views that came closer to each other count as 0.

    Args:
        before: mean colour of the product in each original.
        after: the same of each restyled picture.
    """
    if len(before) != len(after):
        raise ValueError(f"after: expected {len(before)} views, received {len(after)}")
    if len(before) < 2:
        return [0.0] * len(before)
    growth = np.maximum(_differences(after) - _differences(before), 0)
    return [float(drift) for drift in growth.sum(axis=1) / (len(before) - 1)]


def _differences(colours: Sequence[Lab]) -> NDArray[np.float64]:
    """CIEDE2000 between all pairs; exactly symmetric, so that two views that drift apart drift alike."""
    lab = np.array(colours, np.float32)
    upper = np.triu(delta_e2000(lab[:, None], lab[None]).astype(np.float64), 1)
    return upper + upper.T
