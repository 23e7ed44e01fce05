"""Tonal art: for a dark, a middle and a light tone how a brand's references fill a surface.

Tonal art maps are from Praun, Hoppe, Webb and Finkelstein (2001); here they are not drawn by hand but quilted (Efros
and Freeman 2001) from the evenest patches of the references, so that hatching stays hatching and paper stays paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.edge_preserving import box_mean

Floats = NDArray[np.float32]

TONES: Final = (0.22, 0.5, 0.8)
PATCH_PX: Final = 40
_OVERLAP_PX: Final = 14
_STEP_PX: Final = PATCH_PX - _OVERLAP_PX
_PATCHES_A_SIDE: Final = 10
SIDE_PX: Final = _STEP_PX * _PATCHES_A_SIDE
_TRIES: Final = 6_000
_CHOSEN: Final = 80
_NEAREST: Final = 5
_CELL_PX: Final = 8
_USUAL: Final = 0.12
"""Quantile of the spreads near a tone: plain surfaces, which products are, are the quiet part of a drawing."""
_MOST_SPREAD: Final = 0.045
_BEND_PX: Final = 10.0
"""How far a full step of tone moves the texture: strokes bend along folds and break at edges, as on a form."""


def tonal_art(references: Sequence[NDArray[np.uint8]], seed: int = 0) -> Floats:
    """Luminance less its local mean on surfaces of each tone of `TONES`, float32 [3,S,S], each wrapping around.

    Args:
        references: uint8 [H,W,3]; those smaller than a patch are passed over. None left gives zeros.
        seed: of the patches.
    """
    views = [_views(rgb) for rgb in references if min(rgb.shape[:2]) >= PATCH_PX]
    if not views:
        return np.zeros((len(TONES), SIDE_PX, SIDE_PX), np.float32)
    random = np.random.default_rng([seed, 29])
    patches = _patches(views, random)
    maps = [_quilted(_evenest(patches, tone), random) for tone in TONES]
    return np.stack([_subdued(drawn - drawn.mean()) for drawn in maps]).astype(np.float32)


def toned(maps: Floats, tone: Floats) -> Floats:
    """The texture that a surface of this tone has, bent by its shading; float32 [H,W].

    Args:
        maps: see `tonal_art`.
        tone: smooth luminance of the surface, in 0..1, float32 [H,W].
    """
    height, width = tone.shape
    bend = np.rint(np.float32(_BEND_PX) * tone).astype(np.int32)
    rows = (np.arange(height, dtype=np.int32)[:, None] + bend) % maps.shape[1]
    columns = (np.arange(width, dtype=np.int32)[None, :] - bend) % maps.shape[2]
    place = rows * np.int32(maps.shape[2]) + columns
    dark, middle, light = (drawn.ravel().take(place) for drawn in maps)
    lower, upper = (np.clip((tone - np.float32(low)) / np.float32(high - low), 0, 1) for low, high in pairwise(TONES))
    found: Floats = dark + lower * (middle - dark) + upper * (light - middle)
    return found


def _subdued(drawn: Floats) -> Floats:
    """As it is, or with less contrast: a surface may be hatched, but must not become a pattern of its own."""
    spread = float(drawn.std())
    return drawn * np.float32(min(1.0, _MOST_SPREAD / max(spread, 1e-6)))


@dataclass(frozen=True)
class _Patch:
    """A window of a reference: mean tone, spread of its texture, how uneven that is, and the texture itself."""

    tone: float
    spread: float
    uneven: float
    texture: Floats


def _views(rgb: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Smooth luminance, and luminance less that."""
    light = (rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)) / np.float32(255)
    smooth = box_mean(box_mean(light, 10), 6)
    return smooth, light - smooth


def _patches(views: Sequence[tuple[Floats, Floats]], random: np.random.Generator) -> list[_Patch]:
    found = []
    for _ in range(_TRIES):
        smooth, texture = views[int(random.integers(len(views)))]
        top = int(random.integers(smooth.shape[0] - PATCH_PX + 1))
        left = int(random.integers(smooth.shape[1] - PATCH_PX + 1))
        window = np.s_[top : top + PATCH_PX, left : left + PATCH_PX]
        drawn = texture[window]
        cells = drawn.reshape(PATCH_PX // _CELL_PX, _CELL_PX, PATCH_PX // _CELL_PX, _CELL_PX)
        energy = (cells**2).mean(axis=(1, 3)) + 1e-5
        spread = float(np.sqrt(energy.mean()))
        # A motif has most of its energy in few cells, and cells whose mean is off; an even texture has neither.
        uneven = float(np.log(energy).std() + 0.25 * np.abs(cells.mean(axis=(1, 3))).mean() / spread)
        found.append(_Patch(float(smooth[window].mean()), spread, uneven, drawn - drawn.mean()))
    return found


def _evenest(patches: Sequence[_Patch], tone: float) -> Floats:
    """Textures of the evenest patches near a tone, quiet rather than loud; [n,P,P]."""
    near = sorted(patches, key=lambda patch: abs(patch.tone - tone))[: len(patches) // 6]
    usual = float(np.quantile([patch.spread for patch in near], _USUAL))

    def unfit(patch: _Patch) -> float:
        return patch.uneven + 0.35 * abs(float(np.log((patch.spread + 0.004) / (usual + 0.004))))

    return np.stack([patch.texture for patch in sorted(near, key=unfit)[:_CHOSEN]])


def _quilted(patches: Floats, random: np.random.Generator) -> Floats:
    """Quilt patches [n,P,P] to [S,S] that wraps around, each laid where it fits and cut along the least error."""
    out = np.zeros((SIDE_PX + PATCH_PX,) * 2, np.float32)
    filled = np.zeros(out.shape, bool)
    last = _PATCHES_A_SIDE - 1
    for row in range(_PATCHES_A_SIDE):
        for column in range(_PATCHES_A_SIDE):
            top, left = row * _STEP_PX, column * _STEP_PX
            window = np.s_[top : top + PATCH_PX, left : left + PATCH_PX]
            if column == last:
                _wrap(out, filled, np.s_[top : top + PATCH_PX, left + _STEP_PX : left + PATCH_PX], axis=1)
            if row == last:
                _wrap(out, filled, np.s_[top + _STEP_PX : top + PATCH_PX, left : left + PATCH_PX], axis=0)
            there, known = out[window], filled[window]
            fits = np.argsort(((patches - there) ** 2 * known).sum(axis=(1, 2)))[:_NEAREST]
            if not known.any():
                fits = np.arange(len(patches) // 2, len(patches))
            laid = patches[fits[random.integers(len(fits))]]
            share = _seams((laid - there) ** 2, row > 0, column > 0, row == last, column == last)
            out[window] = share * laid + (1 - share) * there
            filled[window] = True
            if column == last:
                out[top : top + PATCH_PX, :_OVERLAP_PX] = out[top : top + PATCH_PX, SIDE_PX : SIDE_PX + _OVERLAP_PX]
            if row == last:
                out[:_OVERLAP_PX, left : left + PATCH_PX] = out[SIDE_PX : SIDE_PX + _OVERLAP_PX, left : left + PATCH_PX]
    return out[:SIDE_PX, :SIDE_PX]


def _wrap(out: Floats, filled: NDArray[np.bool_], window: tuple[slice, slice], axis: int) -> None:
    """Fill a window beyond the end with what lies at the beginning."""
    source = list(window)
    source[axis] = slice(0, _OVERLAP_PX)
    out[window] = out[tuple(source)]
    filled[window] = True


def _seams(error: Floats, above: bool, left: bool, below: bool, right: bool) -> Floats:  # noqa: FBT001
    """1 where the new patch is to be seen, 0 where what is there stays, on the sides that have neighbours."""
    share = np.ones((PATCH_PX, PATCH_PX), np.float32)
    if left:
        share[:, :_OVERLAP_PX] = _cut(error[:, :_OVERLAP_PX])
    if above:
        share[:_OVERLAP_PX] = np.minimum(share[:_OVERLAP_PX], _cut(error[:_OVERLAP_PX].T).T)
    if right:
        share[:, _STEP_PX:] = np.minimum(share[:, _STEP_PX:], 1 - _cut(error[:, _STEP_PX:]))
    if below:
        share[_STEP_PX:] = np.minimum(share[_STEP_PX:], 1 - _cut(error[_STEP_PX:].T).T)
    return share


def _cut(error: Floats) -> Floats:
    """Right of the path of least error from top to bottom of [h,w]: 1; left of it: 0."""
    cost = error.astype(np.float64)
    for row in range(1, len(cost)):
        before = np.pad(cost[row - 1], 1, constant_values=np.inf)
        cost[row] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    share = np.zeros(error.shape, np.float32)
    column = int(cost[-1].argmin())
    for row in range(len(cost) - 1, -1, -1):
        share[row, column:] = 1
        if row:
            low = max(0, column - 1)
            column = low + int(cost[row - 1, low : column + 2].argmin())
    return share
