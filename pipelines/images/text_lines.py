"""Where a picture shows lines of letters, found by their shapes alone: no dictionary, no trained network.

Pixels that stand out from their surroundings (Sauvola and Pietikäinen 2000) are joined to regions; those with the
proportions, the stroke width and the sharp rim of a letter are letters; three or more of a kind in a row are a line
(Epshtein, Ofek, Wexler 2010, "Detecting text in natural scenes with stroke width transform", sections 3.2 and 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.geometry import Box, product_box
from pipelines.images.gradient import gradient_magnitude
from pipelines.images.regions import connected_regions, joined
from pipelines.images.windows import surroundings

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

_SHRINKS: Final = (1, 2, 4)
"""Letters are looked for at these fractions of the size: small print, titles, posters."""
_WINDOW_RADIUS_PX: Final = 12
# Levels of 0..255.
_STANDS_OUT: Final = 10.0
_SHARP: Final = 18.0
# A letter: its longer side, its area, and shares of them.
_SIDE_PX: Final = (5, 40)
_LEAST_AREA_PX: Final = 8
_LEAST_FILL: Final = 0.12
_STROKE_SHARE: Final = 0.42
_SHARP_SHARE: Final = 0.8
# A line: letters of like height, stroke and tone that overlap in rows and follow each other closely.
_LEAST_LETTERS: Final = 3
_BASELINE_SHARE: Final = 0.15
"""Three alone must stand on one baseline: eyes and mouths, folds and buckles come in threes as well."""
_HEIGHTS: Final = 2.0
_STROKES: Final = 2.2
_TONES: Final = 40.0
_MOST_LETTERS: Final = 400


@dataclass(frozen=True)
class TextLine:
    """A row or column of letters. `letters`: int64 [N, 4], N >= 3; top, left, bottom, right, half-open, in pixels."""

    letters: NDArray[np.int64]

    @property
    def box(self) -> Box:
        """The smallest box around all letters."""
        top, left = self.letters[:, :2].min(axis=0)
        bottom, right = self.letters[:, 2:].max(axis=0)
        return Box(int(top), int(left), int(bottom), int(right))


def text_lines(luminance: Floats, weights: Floats) -> list[TextLine]:
    """Lines of text in luminance float32 [H, W], 0..255, where weights [H, W] are above 0.5.

    Small and large letters are looked for at several sizes; a line may be found at more than one. What has the shape
    of lettering counts as such: a row of like ornaments, eyes and mouth of a face.
    """
    inside = weights > 0.5
    if not inside.any():
        return []
    box = product_box(inside.astype(np.float32))
    window = np.s_[box.top : box.bottom, box.left : box.right]
    values, shown = np.ascontiguousarray(luminance[window]), np.ascontiguousarray(inside[window])
    offset = np.array([box.top, box.left, box.top, box.left])
    lines: list[TextLine] = []
    for shrink in _SHRINKS:
        if min(values.shape) // shrink < _SIDE_PX[0]:
            break
        letters = _letters(*_shrunk(values, shown, shrink))
        lines.extend(TextLine(boxes * shrink + offset) for boxes in _lines(letters))
    return lines


@dataclass(frozen=True)
class _Letters:
    """Candidates: boxes int64 [N, 4], tones and stroke widths float64 [N], and which are brighter than their ground."""

    boxes: NDArray[np.int64]
    tones: NDArray[np.float64]
    strokes: NDArray[np.float64]
    bright: Flags


def _shrunk(values: Floats, inside: Flags, shrink: int) -> tuple[Floats, Flags]:
    if shrink == 1:
        return values, inside
    levels = Image.fromarray(inside.astype(np.uint8) * np.uint8(255))
    return np.asarray(Image.fromarray(values).reduce(shrink)), np.asarray(levels.reduce(shrink)) > 127


def _letters(values: Floats, inside: Flags) -> _Letters:
    difference = np.where(inside, values - surroundings(values, inside, _WINDOW_RADIUS_PX), np.float32(0))
    sharp = gradient_magnitude(values) >= _SHARP
    dark = _letters_of(difference < -_STANDS_OUT, values, sharp, bright=False)
    light = _letters_of(difference > _STANDS_OUT, values, sharp, bright=True)
    return _Letters(
        np.concatenate([dark.boxes, light.boxes]),
        np.concatenate([dark.tones, light.tones]),
        np.concatenate([dark.strokes, light.strokes]),
        np.concatenate([dark.bright, light.bright]),
    )


def _letters_of(standing_out: Flags, values: Floats, sharp: Flags, *, bright: bool) -> _Letters:
    regions = connected_regions(standing_out)
    boxes = regions.boxes
    height, width = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    longer = np.maximum(height, width)
    likely = (regions.areas >= _LEAST_AREA_PX) & (longer >= _SIDE_PX[0]) & (longer <= _SIDE_PX[1])
    likely &= regions.areas >= _LEAST_FILL * height * width
    regions, boxes, longer = regions.only(likely), boxes[likely], longer[likely]
    rim = standing_out & ~_interior(standing_out)
    perimeter = np.maximum(regions.count(rim), 1)
    strokes = 2 * regions.areas / perimeter
    chosen = (strokes <= _STROKE_SHARE * longer) & (regions.count(rim & sharp) >= _SHARP_SHARE * perimeter)
    regions = regions.only(chosen)
    tones = regions.sums(values) / regions.areas
    return _Letters(boxes[chosen], tones, strokes[chosen], np.full(tones.size, bright))


def _interior(flags: Flags) -> Flags:
    padded = np.pad(flags, 1)
    inner: Flags = flags & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inner


def _lines(letters: _Letters) -> list[NDArray[np.int64]]:
    """Boxes of each row and each column of letters."""
    count = letters.tones.size
    if not _LEAST_LETTERS <= count <= _MOST_LETTERS:
        # So many shapes of a letter's size are a texture.
        return []
    alike = _ratio(letters.strokes) <= _STROKES
    alike &= np.abs(letters.tones[:, None] - letters.tones) <= _TONES
    alike &= letters.bright[:, None] == letters.bright
    turned = letters.boxes[:, [1, 0, 3, 2]]
    rows = [boxes for boxes in _chains(letters.boxes, alike) if len(boxes) > _LEAST_LETTERS or _on_a_baseline(boxes)]
    columns = [boxes[:, [1, 0, 3, 2]] for boxes in _chains(turned, alike) if len(boxes) > _LEAST_LETTERS]
    return rows + columns


def _chains(boxes: NDArray[np.int64], alike: Flags) -> list[NDArray[np.int64]]:
    """Boxes of those that follow each other from left to right, three or more."""
    roots = joined(len(boxes), *np.nonzero(np.triu(alike & _side_by_side(boxes), 1)))
    found, counts = np.unique(roots, return_counts=True)
    return [boxes[roots == root] for root in found[counts >= _LEAST_LETTERS]]


def _on_a_baseline(boxes: NDArray[np.int64]) -> bool:
    return bool(np.ptp(boxes[:, 2]) <= _BASELINE_SHARE * (boxes[:, 2] - boxes[:, 0]).max())


def _side_by_side(boxes: NDArray[np.int64]) -> Flags:
    """Pairs of like height, more than half of it in common rows, no farther apart than they are high; [N, N]."""
    top, left, bottom, right = boxes.T
    height, width = bottom - top, right - left
    overlap = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    gap = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    near: Flags = (_ratio(height) <= _HEIGHTS) & (2 * overlap > np.minimum(height[:, None], height))
    near &= (gap < np.maximum(height[:, None], height)) & (gap > -0.3 * np.minimum(width[:, None], width))
    return near


def _ratio(values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.maximum(values[:, None], values) / np.minimum(values[:, None], values)
    return ratio
