"""Products with printed labels, and what may be done to them: drawn here, no files are needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]
SIDE_PX = 320
TITLE, LINE = "HONEY", "raw wildflower 340 g"


def jar(words: Sequence[tuple[str, int]] = ((TITLE, 40), (LINE, 16)), seed: int = 0) -> Rgb:
    """A shaded jar on white, with a lid and a pale label that carries words of given heights in px."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float32)
    x = (columns - SIDE_PX / 2) / (0.38 * SIDE_PX)
    body = (np.abs(x) < 1) & (rows > 0.12 * SIDE_PX) & (rows < 0.92 * SIDE_PX)
    shade = (0.6 + 0.4 * np.sqrt(np.clip(1 - x**2, 0, 1)))[..., None]
    colour = np.where((rows < 0.24 * SIDE_PX)[..., None], (190, 150, 60), (170, 70, 40))
    pixels = colour * shade + rng.normal(0, 1.5, (SIDE_PX, SIDE_PX, 1))
    rgb = np.where(body[..., None], pixels, 255).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(rgb)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((70, 120, 250, 230), fill=(240, 234, 220))
    top = 128
    for word, height in words:
        draw.text((SIDE_PX / 2, top), word, (40, 36, 34), ImageFont.load_default(height), anchor="mt")
        top += int(1.4 * height)
    return np.array(picture)


def product_of(rgb: Rgb) -> Floats:
    """Weights of what is not white."""
    return (rgb.min(axis=-1) < 255).astype(np.float32)


def inside(rgb: Rgb, changed: NDArray[np.float32] | Rgb) -> Rgb:
    """`changed` where the product is, the picture elsewhere."""
    product = product_of(rgb)[..., None] > 0
    return np.where(product, np.rint(changed.astype(np.float32)).clip(0, 255), rgb).astype(np.uint8)


def blurred(rgb: Rgb, sigma: float) -> Rgb:
    return inside(rgb, np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(sigma))))


def faded(rgb: Rgb, left: float) -> Rgb:
    """Mixed with white."""
    return inside(rgb, 255 - (255 - rgb.astype(np.float32)) * np.float32(left))


def graded(rgb: Rgb) -> Rgb:
    """An honest look: softer contrast, warmer, a little less chroma, lines where they were."""
    grey = rgb.mean(axis=-1, keepdims=True)
    warm = (rgb * 0.8 + grey * 0.2) * 0.85 + np.array([22.0, 16.0, 8.0])
    return inside(rgb, warm.astype(np.float32))


def rotated_hue(rgb: Rgb) -> Rgb:
    """Red for green for blue."""
    return inside(rgb, np.roll(rgb, 1, axis=-1))


def erased(rgb: Rgb) -> Rgb:
    """The label without its words."""
    out = rgb.copy()
    out[121:230, 71:250] = (240, 234, 220)
    return out


def blotched(rgb: Rgb, amount: float) -> Rgb:
    """Soft round stains, some dark and some light."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    out = rgb.astype(np.float32)
    for index, (top, left) in enumerate(((90, 110), (250, 120), (260, 210), (100, 220), (275, 160), (180, 55))):
        stain = np.clip(1.5 - np.hypot(rows - top, columns - left) / 22, 0, 1)
        out += (amount if index % 2 else -amount) * stain[..., None]
    return inside(rgb, out)
