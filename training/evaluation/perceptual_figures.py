"""Figures that need no file but the model's own: product kept, hand seen, style gap in the perceptual network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.references import Reference

Pixels = NDArray[np.uint8]


def perceptual_figures(
    before: Sequence[Pixels],
    mapped: Sequence[Pixels],
    after: Sequence[Pixels],
    weights: Sequence[NDArray[np.float32]],
    references: Sequence[Reference],
    perceptual: Any,
) -> dict[str, float]:
    """Means over pictures; the baselines "photo" (0 by definition) and "colour map alone" stand beside the model's own.

    Args:
        before: photos, uint8 [H,W,3] each.
        mapped: with the colour map alone.
        after: in the full look.
        weights: product masks.
        references: of the brand.
        perceptual: see `training.models.perceptual`.
    """
    from training.metrics.hand_seen import hand_seen
    from training.metrics.product_kept import product_kept
    from training.metrics.style_gap import gap_closed, set_statistics, style_distance

    figures = asdict(product_kept(before, after, weights))
    figures["hand_seen"] = hand_seen(mapped, after, weights)
    pictures, painted = [r.rgb for r in references], [r.weights for r in references]
    for name, colour in (("hand", False), ("whole", True)):
        wanted = set_statistics(perceptual, pictures, painted, colour=colour)
        distances = {
            key: style_distance(set_statistics(perceptual, seen, weights, colour=colour), wanted)
            for key, seen in (("photo", before), ("colour", mapped), ("look", after))
        }
        figures[f"{name}_distance_photo"] = distances["photo"]
        figures[f"{name}_distance_colour_only"] = distances["colour"]
        figures[f"{name}_distance_look"] = distances["look"]
        figures[f"{name}_gap_closed"] = gap_closed(distances["photo"], distances["look"])
        figures[f"{name}_gap_closed_colour_only"] = gap_closed(distances["photo"], distances["colour"])
    figures["style_gap_closed"] = figures["hand_gap_closed"]
    return figures
