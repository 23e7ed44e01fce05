"""sRGB and CIELAB (D65, 2 degrees), colour difference, and the statistics that a look is fitted to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# IEC 61966-2-1 primaries; rows sum to the D65 white point, so that sRGB white is exactly L = 100, a = b = 0.
_RGB_TO_XYZ: Final = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE: Final = _RGB_TO_XYZ.sum(axis=1)
_TO_RELATIVE: Final = (_RGB_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_FROM_RELATIVE: Final = np.linalg.inv(_RGB_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_EPSILON: Final = (6 / 29) ** 3
_SLOPE: Final = (29 / 6) ** 2 / 3
_STATISTICS_PIXELS: Final = 2**16


def _linear(rgb: Floats) -> Floats:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0.04045) + 0.055) / 1.055) ** 2.4)


_LINEAR_OF_BYTE: Final = _linear((np.arange(256) / 255).astype(np.float32)).astype(np.float32)


def _linear_to_lab(linear: Floats) -> Floats:
    relative = linear @ _TO_RELATIVE
    cubed = np.where(relative > _EPSILON, np.cbrt(np.maximum(relative, _EPSILON)), relative * _SLOPE + 4 / 29)
    x, y, z = cubed[..., 0], cubed[..., 1], cubed[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def srgb_to_lab(rgb: Floats) -> Floats:
    """CIELAB of sRGB in 0..1; float32 [..., 3], L in 0..100. Source: CIE 15:2004, IEC 61966-2-1."""
    return _linear_to_lab(_linear(rgb.astype(np.float32)).astype(np.float32))


def srgb8_to_lab(rgb: NDArray[np.uint8]) -> Floats:
    """CIELAB of 8-bit sRGB [..., 3], by table; the same numbers as `srgb_to_lab(rgb / 255)`."""
    return _linear_to_lab(_LINEAR_OF_BYTE[rgb])


def lab_to_srgb(lab: Floats, *, clip: bool = True) -> Floats:
    """Colours of CIELAB [..., 3] in sRGB; 0..1 when clipped, else colours outside of sRGB go below 0 or above 1."""
    lightness = (lab[..., 0] + 16) / 116
    cubed = np.stack([lightness + lab[..., 1] / 500, lightness, lightness - lab[..., 2] / 200], axis=-1)
    relative = np.where(cubed > 6 / 29, cubed**3, (cubed - 4 / 29) / _SLOPE)
    linear = relative.astype(np.float32) @ _FROM_RELATIVE
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    rgb = np.where(linear <= 0.0031308, linear * 12.92, curved).astype(np.float32)
    return rgb.clip(0, 1) if clip else rgb


def delta_e2000(lab_a: Floats, lab_b: Floats, lightness_factor: float = 1.0) -> Floats:
    """CIEDE2000 difference of two Lab arrays [..., 3]; float32 [...].

    `lightness_factor` is the standard's kL: differences of lightness count by its inverse.

    Source: Sharma, Wu, Dalal 2005, "The CIEDE2000 color-difference formula".
    """
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(lab.astype(np.float64), -1, 0) for lab in (lab_a, lab_b))
    mean_c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(mean_c7 / (mean_c7 + 25.0**7)))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    # A difference of exactly half a turn keeps its sign, as the paper's case list does.
    turn = np.where(~grey & (h2 - h1 == 180), 180, turn)
    d_l, d_c = l2 - l1, c2 - c1
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    far = np.abs(h1 - h2) > 180
    mean_h = np.where(grey, h1 + h2, np.where(far, (h1 + h2 + np.where(h1 + h2 < 360, 360, -360)) / 2, (h1 + h2) / 2))
    t = 1 - 0.17 * np.cos(np.radians(mean_h - 30)) + 0.24 * np.cos(np.radians(2 * mean_h))
    t = t + 0.32 * np.cos(np.radians(3 * mean_h + 6)) - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    s_l = lightness_factor * (1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2))
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    rotation = np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2))))
    r_t = -2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)) * rotation
    terms = (d_l / s_l) ** 2 + (d_c / s_c) ** 2 + (d_h / s_h) ** 2 + r_t * (d_c / s_c) * (d_h / s_h)
    difference: Floats = np.sqrt(np.maximum(terms, 0)).astype(np.float32)
    return difference


@dataclass(frozen=True)
class LabStatistics:
    """Weighted colour statistics of a picture, or of several with `+`.

    Attributes:
        mean: of L, a, b.
        spread: standard deviation of L, a, b.
        chroma: mean of hypot(a, b).
        weight: sum of pixel weights, in pixels; 0 for no picture at all.
    """

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spread: tuple[float, float, float] = (0.0, 0.0, 0.0)
    chroma: float = 0.0
    weight: float = 0.0

    def __add__(self, other: LabStatistics) -> LabStatistics:
        """Statistics of both sets of pixels together."""
        total = self.weight + other.weight
        if total == 0:
            return self
        share = other.weight / total
        mean = tuple(a + (b - a) * share for a, b in zip(self.mean, other.mean, strict=True))
        spread = tuple(
            math.sqrt(sa**2 * (1 - share) + sb**2 * share + share * (1 - share) * (b - a) ** 2)
            for sa, sb, a, b in zip(self.spread, other.spread, self.mean, other.mean, strict=True)
        )
        chroma = self.chroma + (other.chroma - self.chroma) * share
        return LabStatistics(_triple(mean), _triple(spread), chroma, total)

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers; `from_json` gives back an equal object."""
        return {
            "mean": list(self.mean),
            "spread": list(self.spread),
            "chroma": self.chroma,
            "weight": self.weight,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LabStatistics:
        """Read what `to_json` wrote.

        Raises:
            ValueError: a field is missing, has another length, or is not a finite number.
        """
        try:
            read = cls(_triple(data["mean"]), _triple(data["spread"]), float(data["chroma"]), float(data["weight"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"LabStatistics: expected mean[3], spread[3], chroma, weight, received {data}") from error
        if not all(map(math.isfinite, (*read.mean, *read.spread, read.chroma, read.weight))):
            raise ValueError(f"LabStatistics: expected finite numbers, received {data}")
        return read


def _triple(values: Any) -> tuple[float, float, float]:
    first, second, third = values
    return float(first), float(second), float(third)


def lab_statistics(rgb: NDArray[np.uint8], weights: Floats) -> LabStatistics:
    """Statistics of uint8 [H, W, 3] under weights [H, W]; all weights 0 gives `LabStatistics()`.

    Pictures above 65,536 pixels are sampled on a regular grid.
    """
    if rgb.shape[:2] != weights.shape:
        raise ValueError(f"weights: expected {list(rgb.shape[:2])}, received {list(weights.shape)}")
    step = max(1, math.isqrt(rgb.shape[0] * rgb.shape[1] // _STATISTICS_PIXELS))
    shares = weights[::step, ::step].astype(np.float64)
    total = float(shares.sum())
    if total == 0:
        return LabStatistics()
    lab = srgb8_to_lab(rgb[::step, ::step]).astype(np.float64)
    shares /= total
    mean = np.einsum("hw,hwc->c", shares, lab)
    spread = np.sqrt(np.einsum("hw,hwc->c", shares, (lab - mean) ** 2))
    chroma = float((shares * np.hypot(lab[..., 1], lab[..., 2])).sum())
    return LabStatistics(_triple(mean), _triple(spread), chroma, total * step * step)
