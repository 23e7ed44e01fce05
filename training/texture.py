"""A brand's quiet surface: the paper and wash of its references, for backgrounds.

The spectrum of plain patches of the references is kept as one small kernel; white noise through it is a texture of
any size that never repeats and has no seams. Galerne, Gousseau and Morel, "Random Phase Textures: Theory and
Synthesis" (2011) and Galerne, Leclaire and Moisan, "A Texton for Fast and Flexible Gaussian Texture Synthesis" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.colour import srgb8_to_lab
from training.references import Reference

Floats = NDArray[np.float32]

TEXTON_PX: Final = 64
_STEP_PX: Final = 16
_PATCHES: Final = 48
# Standard deviations of L. Below, a patch is blank or a scanner's white; above, something is drawn on it.
_LEAST_SPREAD: Final = 0.25
_QUIET_SPREAD: Final = 1.2
_LONGEST_PX: Final = 24.0
"""Longer waves fade: at a thumbnail's size they turn paper into a pattern of pebbles."""
_NOISE_SEED: Final = 11


def texton(references: Sequence[Reference]) -> Floats:
    """Kernel of the plainest patches, float32 [64,64], in units of L; sum of squares is the variance of the texture.

    References without any patch of this size give an all-zero kernel: a flat background.
    """
    patches = _plain_patches(references)
    if not patches:
        return np.zeros((TEXTON_PX, TEXTON_PX), np.float32)
    power = np.zeros((TEXTON_PX, TEXTON_PX))
    for patch in patches:
        power += np.abs(np.fft.fft2(patch)) ** 2
    waves = np.fft.fftfreq(TEXTON_PX)
    power *= 1 - np.exp(-(waves[:, None] ** 2 + waves[None, :] ** 2) * _LONGEST_PX**2)
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(power / len(patches))).real / TEXTON_PX)
    spread = float(np.sqrt((kernel**2).sum()))
    return np.asarray(kernel * min(1.0, _QUIET_SPREAD / max(spread, 1e-6)), np.float32)


def texture_field(kernel: Floats, height_px: int, width_px: int) -> Floats:
    """Texture of a kernel, float32 [height,width] in units of L, mean 0; always the same for a size.

    The field wraps around, so that copies of it side by side have no seam either.
    """
    # At least the kernel's own size, or the kernel would overlap itself.
    height, width = max(height_px, len(kernel)), max(width_px, len(kernel))
    noise = np.random.default_rng(_NOISE_SEED).standard_normal((height, width)).astype(np.float32)
    padded = np.zeros((height, width), np.float32)
    padded[: len(kernel), : len(kernel)] = kernel
    field = np.fft.irfft2(np.fft.rfft2(noise) * np.fft.rfft2(padded), s=(height, width))
    return np.asarray((field - field.mean())[:height_px, :width_px], np.float32)


def _plain_patches(references: Sequence[Reference]) -> list[NDArray[np.float64]]:
    """Windows with little contrast and yet a surface, as zero-mean lightness under a Hann window of mean square 1."""
    hann = np.hanning(TEXTON_PX + 2)[1:-1]
    window = np.outer(hann, hann)
    window /= np.sqrt((window**2).mean())
    found: list[tuple[float, NDArray[np.float64]]] = []
    for reference in references:
        lightness = srgb8_to_lab(reference.rgb)[..., 0].astype(np.float64)
        height, width = lightness.shape
        for top in range(0, height - TEXTON_PX + 1, _STEP_PX):
            for left in range(0, width - TEXTON_PX + 1, _STEP_PX):
                patch = lightness[top : top + TEXTON_PX, left : left + TEXTON_PX]
                flat = patch - _plane(patch)
                found.append((float(flat.std()), flat * window))
    if not found:
        return []
    alive = [pair for pair in found if pair[0] >= _LEAST_SPREAD] or found
    alive.sort(key=lambda pair: pair[0])
    # The very plainest are often one reference's margin; a tenth of all is a fair sample of the brand's quiet parts.
    chosen = alive[: max(_PATCHES, len(alive) // 10)]
    return [patch for _, patch in chosen[:: max(1, len(chosen) // _PATCHES)]]


def _plane(patch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares plane through a square patch: the wash or light over it, which is not texture."""
    side = len(patch)
    axis = np.linspace(-1, 1, side)
    rows = float((patch.mean(axis=1) * axis).sum() / (axis**2).sum())
    columns = float((patch.mean(axis=0) * axis).sum() / (axis**2).sum())
    return np.asarray(patch.mean() + rows * axis[:, None] + columns * axis[None, :])
