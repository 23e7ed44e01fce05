"""Whether printed text can still be read.

Reading does not depend on contrast as long as there is enough of it (Legge, Rubin, Luebker 1987, "Psychophysics of
reading V"), but it does on the strokes: so strokes are compared by correlation, which forgets contrast, and contrast
counts only as far as it falls below what is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.geometry import Box
from pipelines.images.text_lines import TextLine
from pipelines.images.windows import box_mean

Floats = NDArray[np.float32]

_WINDOW_RADIUS_PX: Final = 6
_ENOUGH: Final = 24.0
"""Deviation of luminance around letters, in levels, from which on more contrast reads no better."""
_MARGIN_PX: Final = 1


def text_kept(before: Floats, after: Floats, lines: Sequence[TextLine]) -> float:
    """How legible the least legible of `lines` still is, 0..1; 1 where it is as before, and where there is no text.

    Args:
        before: luminance float32 [H, W], 0..255, in which the lines were found.
        after: of the same size. Strokes must be where they were, dark on light where they were so.
        lines: as `text_lines` finds them.

    Raises:
        ValueError: sizes differ.
    """
    if before.shape != after.shape:
        raise ValueError(f"after: expected {list(before.shape)}, received {list(after.shape)}")
    if not lines:
        return 1.0
    area = _around(lines, before.shape)
    window = np.s_[area.top : area.bottom, area.left : area.right]
    kept, contrast = _strokes_kept(before[window], after[window])
    letters = [_letters_of(line, area) for line in lines]
    return min(1.0, *(float(np.average(kept[shown], weights=contrast[shown])) for shown in letters))


def _strokes_kept(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Correlation around each pixel times what is left of the contrast there, 0..1; and that contrast, above 0."""
    mean_before, mean_after = box_mean(before, _WINDOW_RADIUS_PX), box_mean(after, _WINDOW_RADIUS_PX)
    spread_before = _root(box_mean(before * before, _WINDOW_RADIUS_PX) - mean_before * mean_before)
    spread_after = _root(box_mean(after * after, _WINDOW_RADIUS_PX) - mean_after * mean_after)
    together = box_mean(before * after, _WINDOW_RADIUS_PX) - mean_before * mean_after
    correlation = np.clip(together / np.maximum(spread_before * spread_after, np.float32(1e-3)), 0, 1)
    needed = np.maximum(np.minimum(spread_before, np.float32(_ENOUGH)), np.float32(1e-3))
    return np.asarray(correlation * np.minimum(spread_after / needed, 1), np.float32), needed


def _root(variance: Floats) -> Floats:
    return np.sqrt(np.maximum(variance, 0))


def _around(lines: Sequence[TextLine], shape: tuple[int, ...]) -> Box:
    """What the windows around all letters see."""
    boxes = np.array([line.box for line in lines])
    margin = _MARGIN_PX + _WINDOW_RADIUS_PX
    top, left = np.maximum(boxes[:, :2].min(axis=0) - margin, 0)
    bottom, right = np.minimum(boxes[:, 2:].max(axis=0) + margin, shape)
    return Box(int(top), int(left), int(bottom), int(right))


def _letters_of(line: TextLine, area: Box) -> NDArray[np.bool_]:
    """The boxes of the line's letters, a little widened, as a picture of the area."""
    flags = np.zeros((area.bottom - area.top, area.right - area.left), np.bool_)
    offset = np.array([area.top, area.left, area.top, area.left])
    for top, left, bottom, right in line.letters - offset:
        flags[max(0, top - _MARGIN_PX) : bottom + _MARGIN_PX, max(0, left - _MARGIN_PX) : right + _MARGIN_PX] = True
    return flags
