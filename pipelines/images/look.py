"""The colour half of a look: one smooth map per product, fitted to statistics and baked into a table.

The full map moves lightness as Reinhard et al. 2001 do, with limited gains, and draws each colour to those of the
brand's palette that are near it (without a palette: mean and spread of all of them). The hue keeping map moves
lightness part of the way, scales chroma within limits and adds a small tint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.images.colour import LabStatistics, lab_to_srgb, srgb_to_lab
from pipelines.images.palette import Palette, drawn_to

ColourPolicy = Literal["full", "keep-hue", "luminance"]
Floats = NDArray[np.float32]

_TABLE_SIZE: Final = 33
# The spread of a plain product is noise; dividing by it would blow that noise up.
_LEAST_SPREAD: Final = 4.0
_LEAST_CHROMA: Final = 1.0
_PALETTE_SHARE: Final = 0.8
_STEEPEST: Final = 1.4


@dataclass(frozen=True)
class ColourMap:
    """A colour map in CIELAB, monotone in lightness; plain numbers, so that it can be stored as JSON.

    Attributes:
        strength: 0 gives back the same bytes, 1 the whole map.
        lightness_in: three knots of L, rising from 0 to 100.
        lightness_out: where the knots go, rising.
        lightness_slopes: slopes at the knots, all above 0, within the limits of a monotone cubic.
        chroma_gain: factor for a and b.
        chroma_shift: added to a and b after the gain; fades out towards black and white.
        palette: colours that a and b are drawn to; see `pipelines.images.palette`.
        palette_share: how far, 0..1; fades out towards black and white.
    """

    strength: float
    lightness_in: tuple[float, float, float]
    lightness_out: tuple[float, float, float]
    lightness_slopes: tuple[float, float, float]
    chroma_gain: float
    chroma_shift: tuple[float, float]
    palette: Palette = ()
    palette_share: float = 0.0

    def apply(self, rgb: NDArray[np.uint8], weights: Floats) -> NDArray[np.uint8]:
        """Map uint8 [H, W, 3] where weights [H, W] in 0..1 say so; weight 0 keeps the very bytes."""
        if rgb.shape[:2] != weights.shape:
            raise ValueError(f"weights: expected {list(rgb.shape[:2])}, received {list(weights.shape)}")
        if self.strength == 0:
            return rgb.copy()
        picture = Image.fromarray(np.ascontiguousarray(rgb))
        share = Image.fromarray(np.rint(weights * 255).astype(np.uint8))
        return np.array(Image.composite(picture.filter(self._filter), picture, share))

    def map_lab(self, lab: Floats) -> Floats:
        """The map itself on CIELAB [..., 3]; results may lie a little outside of sRGB."""
        free = _freedom(lab)
        curve = _hermite(lab[..., 0], self.lightness_in, self.lightness_out, self.lightness_slopes)
        lightness = lab[..., 0] + free * (curve - lab[..., 0])
        gain = np.minimum(self.chroma_gain, 1) + free * max(self.chroma_gain - 1, 0)
        # Black and white have no room for a tint.
        room = np.clip(4 * lightness / 100 * (1 - lightness / 100), 0, 1)
        a = lab[..., 1] * gain + self.chroma_shift[0] * room
        b = lab[..., 2] * gain + self.chroma_shift[1] * room
        if self.palette and self.palette_share:
            share = np.float32(self.palette_share) * np.minimum(2 * room, 1)
            near = drawn_to(self.palette, np.stack([lightness, lab[..., 1], lab[..., 2]], axis=-1))
            a, b = a + share * (near[..., 0] - a), b + share * (near[..., 1] - b)
        mapped = np.stack([lightness, a, b], axis=-1)
        return (lab + np.float32(self.strength) * (mapped - lab)).astype(np.float32)

    @cached_property
    def table(self) -> Floats:
        """float32 [33, 33, 33, 3] in 0..1, indexed by blue, green, red."""
        axis = np.linspace(0, 1, _TABLE_SIZE, dtype=np.float32)
        blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
        lab = srgb_to_lab(np.stack([red, green, blue], axis=-1))
        return lab_to_srgb(self.map_lab(lab))

    @cached_property
    def _filter(self) -> ImageFilter.Color3DLUT:
        return ImageFilter.Color3DLUT(_TABLE_SIZE, self.table.ravel().tolist(), channels=3)

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers; `from_json` gives back an equal map."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ColourMap:
        """Read what `to_json` wrote.

        Raises:
            ValueError: fields are missing or unknown.
        """
        try:
            fields: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in data.items()}
            fields["palette"] = tuple(tuple(colour) for colour in fields.get("palette", ()))
            return cls(**fields)
        except TypeError as error:
            raise ValueError(f"ColourMap: expected the fields of to_json, received {sorted(data)}") from error


@dataclass(frozen=True)
class _Limits:
    """How far a policy goes: shares of the way to the brand, and bounds of gains and shifts."""

    lightness_share: float
    lightness_gain: tuple[float, float]
    lightness_shift: float
    chroma_share: float
    chroma_gain: tuple[float, float]
    tint_share: float
    tint: float


_LIMITS: Final[dict[ColourPolicy, _Limits]] = {
    "full": _Limits(0.85, (0.6, 1.0), 28.0, 1.0, (0.2, 1.5), 0.9, 32.0),
    "keep-hue": _Limits(0.65, (0.65, 1.0), 20.0, 0.8, (0.65, 1.1), 0.2, 7.0),
    "luminance": _Limits(0.45, (0.7, 1.0), 16.0, 0.0, (1.0, 1.0), 0.0, 0.0),
}


def fit_colour_map(
    product: LabStatistics,
    brand: LabStatistics,
    policy: ColourPolicy,
    strength: float = 1.0,
    palette: Palette = (),
) -> ColourMap:
    """Map a product's colours towards a brand's.

    Args:
        product: statistics of all views of the product together, so that its views agree.
        brand: statistics of the brand's references.
        policy: "full" moves lightness and hue, "keep-hue" lightness, chroma and a small tint, "luminance"
            lightness alone.
        strength: 0..1.
        palette: the brand's; "full" without one moves mean and spread of all colours alike.

    Raises:
        ValueError: unknown policy or strength outside of 0..1.
    """
    if policy not in get_args(ColourPolicy):
        raise ValueError(f"policy: expected one of {', '.join(get_args(ColourPolicy))}, received {policy!r}")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength: expected 0..1, received {strength}")
    if product.weight == 0 or brand.weight == 0:
        strength = 0.0
    limits = _LIMITS[policy]
    knots, goals, slopes = _lightness_curve(product, brand, limits)
    gain, shift = _chroma_map(product, brand, policy, limits)
    if policy == "full" and palette:
        return ColourMap(float(strength), knots, goals, slopes, 1.0, (0.0, 0.0), palette, _PALETTE_SHARE)
    return ColourMap(float(strength), knots, goals, slopes, gain, shift)


Triple = tuple[float, float, float]


def _lightness_curve(product: LabStatistics, brand: LabStatistics, limits: _Limits) -> tuple[Triple, Triple, Triple]:
    """Knots, goals and slopes of a monotone curve through the product's mean lightness."""
    ratio = brand.spread[0] / max(product.spread[0], _LEAST_SPREAD)
    gain = _clamp(1 + limits.lightness_share * (ratio - 1), *limits.lightness_gain)
    shift = limits.lightness_share * (brand.mean[0] - product.mean[0])
    shift = _clamp(shift, -limits.lightness_shift, limits.lightness_shift)
    middle = _clamp(product.mean[0], 20.0, 80.0)
    goal = _clamp(middle + shift, 12.0, 88.0)
    # Blacks may fade and whites may dim a little, as in print, but never far.
    low = _clamp(goal - gain * middle, 0.0, 8.0)
    high = _clamp(goal + gain * (100 - middle), 92.0, 100.0)
    # A steep curve would drive views of one product apart, one of which shows more of its shade.
    goal = _clamp(goal, high - _STEEPEST * (100 - middle), low + _STEEPEST * middle)
    left, right = (goal - low) / middle, (high - goal) / (100 - middle)
    # Fritsch and Carlson 1980: slopes up to three times the secant keep a cubic monotone; two leaves a margin.
    slope = _clamp(gain, 0.25 * min(left, right), 2 * min(left, right))
    return (0.0, middle, 100.0), (low, goal, high), (left, slope, right)


def _chroma_map(
    product: LabStatistics, brand: LabStatistics, policy: ColourPolicy, limits: _Limits
) -> tuple[float, tuple[float, float]]:
    """Gain and shifts of a and b."""
    if policy == "full":
        # One gain for both axes: two would bend hues, and tear a plain fabric into tints.
        ratio = math.hypot(*brand.spread[1:]) / max(math.hypot(*product.spread[1:]), _LEAST_SPREAD)
    else:
        ratio = brand.chroma / max(product.chroma, _LEAST_CHROMA)
    gain = _clamp(1 + limits.chroma_share * (ratio - 1), *limits.chroma_gain)
    shifts = []
    for i in (1, 2):
        # A full transfer moves the mean itself; the other policies lay the tint over all colours alike.
        start = product.mean[i] * gain if policy == "full" else 0.0
        shifts.append(_clamp(limits.tint_share * (brand.mean[i] - start), -limits.tint, limits.tint))
    return gain, (shifts[0], shifts[1])


def _freedom(lab: Floats) -> Floats:
    """How far a colour may be moved before it meets the surface of sRGB: 1 for greys, 0 for the most vivid colours.

    Vivid colours cannot become lighter and stay vivid; what is moved out of sRGB is clipped, which bends hues.
    """
    rgb = lab_to_srgb(lab)
    return np.asarray(1 - 0.5 * (rgb.max(axis=-1) - rgb.min(axis=-1)) ** 2, np.float32)


def _clamp(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def _hermite(values: Floats, knots: Triple, goals: Triple, slopes: Triple) -> Floats:
    """Cubic Hermite curve through three knots."""
    upper = values >= knots[1]
    piece = upper.astype(np.intp)
    x0, x1 = (np.array(knots, np.float32)[piece + i] for i in (0, 1))
    y0, y1 = (np.array(goals, np.float32)[piece + i] for i in (0, 1))
    m0, m1 = (np.array(slopes, np.float32)[piece + i] * (x1 - x0) for i in (0, 1))
    t = ((values - x0) / (x1 - x0)).clip(0, 1)
    curve = (2 * t**3 - 3 * t**2 + 1) * y0 + (t**3 - 2 * t**2 + t) * m0
    curve += (3 * t**2 - 2 * t**3) * y1 + (t**3 - t**2) * m1
    return np.asarray(curve, np.float32)
