"""Tileable noise, bilinear look-ups and a fast blur."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image

from pipelines.sample_shop.arrays import Floats, floats

TILE = 512


@cache
def tile(seed: int, wavelength_px: float, octaves: int = 1, stretch: float = 1.0) -> Floats:
    """Tileable noise [512, 512], mean 0, values mostly in -1..1.

    Args:
        seed: choice of pattern.
        wavelength_px: typical distance between two bumps of the coarsest octave.
        octaves: each further octave has half the wavelength and half the height.
        stretch: wavelength along x over wavelength along y (grain and fibres).
    """
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE)))
    fy = np.fft.fftfreq(TILE)[:, None]
    fx = np.fft.rfftfreq(TILE)[None, :] * stretch
    frequency = np.sqrt(fx * fx + fy * fy)
    gain = np.zeros_like(frequency)
    for octave in range(octaves):
        centre = 2.0**octave / wavelength_px
        band = np.exp(-(((frequency - centre) / (0.6 * centre)) ** 2))
        gain = gain + band * 0.5**octave / np.sqrt((band * band).sum())
    gain[0, 0] = 0.0
    field = np.fft.irfft2(spectrum * gain, s=(TILE, TILE))
    return floats(field / (2.0 * field.std()))


def bilinear(image: Floats, x: Floats, y: Floats) -> Floats:
    """Looks up `image` [H, W] or [H, W, C] at pixel positions, wrapping at the edges."""
    height, width = image.shape[:2]
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = x - x0, y - y0
    c0, r0 = x0.astype(np.int32) % width, y0.astype(np.int32) % height
    c1, r1 = (c0 + 1) % width, (r0 + 1) % height
    if image.ndim == 3:
        fx, fy = fx[..., None], fy[..., None]
    top = image[r0, c0] * (1 - fx) + image[r0, c1] * fx
    bottom = image[r1, c0] * (1 - fx) + image[r1, c1] * fx
    return floats(top * (1 - fy) + bottom * fy)


def lookup(field: Floats, x: Floats, y: Floats, scale: float = 1.0) -> Floats:
    """Looks up a noise tile at `scale` tile pixels per unit of `x` and `y`."""
    return bilinear(field, x * scale, y * scale)


class Sheets:
    """Noise laid over a picture of `height` x `width`; another `seed` shows other parts of the same tiles."""

    def __init__(self, height: int, width: int, seed: int) -> None:
        self.height, self.width, self.seed = height, width, seed

    def __call__(self, number: int, wavelength_px: float, octaves: int = 1, stretch: float = 1.0) -> Floats:
        """Noise [height, width] of tile `number`; the other arguments as in `tile`."""
        field = tile(number, wavelength_px, octaves, stretch)
        y, x = np.random.default_rng((self.seed, number)).integers(0, TILE, 2)
        rows = (np.arange(self.height) + y) % TILE
        return floats(field[rows][:, (np.arange(self.width) + x) % TILE])


def blur(image: Floats, sigma_px: float) -> Floats:
    """Near-Gaussian blur of [H, W]: three box filters, edges replicated."""
    radius = round(0.5 * (np.sqrt(4.0 * sigma_px * sigma_px + 1.0) - 1.0))
    if radius < 1:
        return _blur_small(image, sigma_px)
    for _ in range(3):
        image = _box(_box(image, radius).T, radius).T
    return floats(np.ascontiguousarray(image))


def enlarged(image: Floats, height: int, width: int) -> Floats:
    """`image` [h, w] resized bilinearly to [height, width]."""
    return floats(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def _box(image: Floats, radius: int) -> Floats:
    size = 2 * radius + 1
    padded = np.pad(image, ((radius + 1, radius), (0, 0)), mode="edge")
    total = np.cumsum(padded, axis=0, dtype=np.float64)
    return floats((total[size:] - total[:-size]) / size)


def _blur_small(image: Floats, sigma_px: float) -> Floats:
    side = float(np.exp(-0.5 / max(sigma_px * sigma_px, 1e-6)))
    for _ in range(2):
        padded = np.pad(image, ((1, 1), (0, 0)), mode="edge")
        image = floats(((padded[1:-1] + side * (padded[:-2] + padded[2:])) / (1 + 2 * side)).T)
    return floats(np.ascontiguousarray(image))
