"""Tableware and vessels: frozen descriptions that unfold into named surfaces. One unit is about 10 cm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats
from pipelines.sample_shop.studio import Part
from pipelines.sample_shop.surfaces import Corner, curved, filleted, path3, revolved, tube, walled


class Shape(Protocol):
    """Anything that unfolds into surfaces standing on y = 0, facing +z."""

    def parts(self) -> list[Part]:
        """The surfaces, named for the finishes."""
        ...


@dataclass(frozen=True)
class Bottle:
    """A bottle. Parts: body, cap (and liquid, pump or cork)."""

    height: float = 2.0
    radius: float = 0.45
    neck: float = 0.17
    neck_height: float = 0.45
    shoulder: float = 0.2
    cap: Literal["screw", "pump", "cork", "dropper", "sport"] = "screw"
    foot: float = 0.06

    def parts(self) -> list[Part]:
        """Body from foot to neck, then what closes it."""
        r, n, top = self.radius, self.neck, self.height - self.neck_height
        drop = min(self.shoulder * 2.2, 0.55 * top) * (r - n)
        profile = filleted(
            [
                (0, 0.03),
                (r * 0.8, 0.0, 0.02),
                (r, 0, self.foot),
                (r, top - drop * 0.7, self.shoulder),
                (n, top + 0.05, 0.08),
                (n, self.height),
                (0, self.height),
            ]
        )
        return [Part("body", revolved(profile)), *self._closure()]

    def _closure(self) -> list[Part]:
        h, n = self.height, self.neck
        if self.cap == "cork":
            lip = revolved(filleted([(0, h - 0.10), (n + 0.05, h - 0.1, 0.03), (n + 0.05, h, 0.03), (0, h)]))
            cork = revolved(filleted([(0, h - 0.05), (n * 0.8, h - 0.05), (n * 0.92, h + 0.2, 0.03), (0, h + 0.2)]))
            return [Part("lip", lip), Part("cap", cork)]
        skirt = n + 0.045
        rise = 0.34 if self.cap in ("screw", "sport") else 0.24
        base = h - 0.24
        cap = revolved(
            filleted([(0, base), (skirt, base, 0.02), (skirt, base + rise, 0.035), (0, base + rise)]), ripple=_knurled
        )
        top = base + rise
        if self.cap == "pump":
            stem = revolved(filleted([(0, top), (0.05, top), (0.05, top + 0.2), (0, top + 0.2)]), 32)
            head = revolved(
                filleted([(0, top + 0.2), (0.15, top + 0.2, 0.03), (0.14, top + 0.32, 0.05), (0, top + 0.33)]), 48
            )
            spout = tube(
                path3([(0, top + 0.28, 0), (0.25, top + 0.29, 0), (0.42, top + 0.26, 0), (0.46, top + 0.18, 0)]), 0.04
            )
            return [Part("cap", cap), Part("cap", stem), Part("cap", head), Part("cap", spout)]
        if self.cap == "dropper":
            bulb = revolved(
                curved(
                    [
                        (0.0, top),
                        (0.13, top),
                        (0.145, top + 0.12),
                        (0.125, top + 0.3),
                        (0.09, top + 0.4),
                        (0.0, top + 0.43),
                    ]
                ),
                48,
            )
            return [Part("cap", cap), Part("bulb", bulb)]
        if self.cap == "sport":
            loop = [(0.2 * np.cos(a), top + 0.02 + 0.2 * np.sin(a), 0.0) for a in np.linspace(0, np.pi, 15)]
            return [Part("cap", cap), Part("loop", tube(floats(loop), 0.035))]
        return [Part("cap", cap)]


def _knurled(angle: Floats, height: Floats) -> Floats:
    return floats(1.0 + 0.012 * np.cos(40 * angle))


@dataclass(frozen=True)
class Mug:
    """A mug or cup. Parts: body, handle."""

    height: float = 0.95
    radius: float = 0.42
    base: float = 0.40
    belly: float = 0.0
    handle: Literal["loop", "ear", "square", "none"] = "loop"
    saucer: bool = False
    wall: float = 0.035

    def parts(self) -> list[Part]:
        """Walled body, handle to the right."""
        h, r, b = self.height, self.radius, self.base
        lift = 0.09 if self.saucer else 0.0
        if self.belly:
            side = curved([(b * 0.7, 0), (b, 0.05), (r + self.belly, 0.42 * h), (r, 0.8 * h), (r * 1.01, h)])
        else:
            corners: list[Corner] = [(b * 0.86, 0.0, 0.01), (b, 0.0, 0.09), (r, h)]
            side = filleted(corners)
        body = revolved(walled(side, self.wall, 0.06)).shifted(y=lift)
        out = [Part("body", body)]
        if self.handle != "none":
            out.append(Part("handle", tube(self._handle(), self._thickness(), flatten=0.8).shifted(y=lift)))
        if self.saucer:
            plate = walled(curved([(0.30, 0), (0.34, 0.02), (0.62, 0.07), (0.80, 0.15)]), 0.03, 0.02)
            out.append(Part("saucer", revolved(plate)))
        return out

    def _thickness(self) -> float:
        return 0.062 if self.height > 0.6 else 0.045

    def _handle(self) -> Floats:
        h, r = self.height, self.radius - 0.02
        low, high = 0.24 * h, 0.80 * h
        bulge = self.belly * 0.8
        if self.handle == "square":
            corners = filleted(
                [(r + bulge * 0.3, high, 0), (r + 0.36, high, 0.1), (r + 0.33, low, 0.1), (r + bulge * 0.6, low, 0)]
            )
            return floats(np.stack([corners[:, 0], corners[:, 1], corners[:, 0] * 0], axis=1))
        reach = 0.38 if self.handle == "loop" else 0.30
        droop = 0.5 if self.handle == "loop" else 0.62
        return path3(
            [
                (r + bulge * 0.4, high, 0),
                (r + 0.8 * reach, high + 0.14 * h, 0),
                (r + 1.32 * reach, low + (droop + 0.3) * (high - low), 0),
                (r + 1.22 * reach, low + (droop - 0.35) * (high - low), 0),
                (r + 0.6 * reach, low - 0.1 * h, 0),
                (r + bulge * 0.5 - 0.02, low, 0),
            ]
        )


@dataclass(frozen=True)
class Vase:
    """A vase with a free profile of (radius, height). Parts: body (and ears)."""

    profile: tuple[tuple[float, float], ...]
    wall: float = 0.04
    ears: bool = False
    facets: int = 0

    def parts(self) -> list[Part]:
        """Foot to lip and down the inside."""
        side = curved(self.profile)
        facets = self.facets

        def faceted(angle: Floats, height: Floats) -> Floats:
            sector = np.mod(angle, 2 * np.pi / facets) - np.pi / facets
            return floats(0.35 + 0.65 * np.cos(np.pi / facets) / np.cos(sector) * 1.02)

        body = revolved(walled(side, self.wall, 0.05), 144 if facets else 96, faceted if facets else None)
        out = [Part("body", body)]
        if self.ears:
            top = self.profile[-1][1]
            at_top, at_mid = self._radius(0.86 * top), self._radius(0.56 * top)
            for sign in (-1, 1):
                ear = path3(
                    [
                        (sign * (at_top - 0.02), 0.86 * top, 0),
                        (sign * (at_top + 0.24), 0.92 * top, 0),
                        (sign * (max(at_top, at_mid) + 0.34), 0.78 * top, 0),
                        (sign * (at_mid + 0.16), 0.60 * top, 0),
                        (sign * (at_mid - 0.02), 0.56 * top, 0),
                    ]
                )
                out.append(Part("body", tube(ear, 0.055)))
        return out

    def _radius(self, height: float) -> float:
        side = curved(self.profile)
        return float(np.interp(height, side[:, 1], side[:, 0]))


@dataclass(frozen=True)
class Bowl:
    """An open bowl or plate. Parts: body."""

    radius: float = 0.75
    height: float = 0.5
    foot: float = 0.32
    fullness: float = 0.75
    scallops: int = 0

    def parts(self) -> list[Part]:
        """Foot ring, wall, lip, inside."""
        r, h, f = self.radius, self.height, self.foot
        mid = f + (r - f) * self.fullness
        side = curved(
            [
                (f * 0.92, 0),
                (f, 0.01),
                (f * 1.02, 0.06 * h + 0.02),
                (mid, 0.42 * h),
                (0.5 * (mid + r) + 0.02, 0.72 * h),
                (r, h),
            ]
        )
        count = self.scallops

        def scalloped(angle: Floats, height: Floats) -> Floats:
            return floats(1.0 + 0.035 * np.abs(np.cos(count / 2 * angle)) * np.clip(height / h, 0, 1) ** 1.5)

        body = revolved(walled(side, 0.04, 0.05), 160 if count else 96, scalloped if count else None)
        return [Part("body", body)]
