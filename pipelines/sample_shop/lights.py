"""Lamps and candles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.sample_shop.arrays import floats
from pipelines.sample_shop.mesh import Mesh, joined
from pipelines.sample_shop.studio import Part
from pipelines.sample_shop.surfaces import (
    Corner,
    ball,
    curved,
    filleted,
    path3,
    revolved,
    tube,
    walled,
)


def _disc_foot(radius: float, height: float) -> Mesh:
    return revolved(filleted([(0, 0), (radius, 0, 0.02), (radius, height, 0.03), (0, height)]))


def _open_shade(low: float, high: float, bottom: float, top: float) -> Mesh:
    wall = filleted([(low, bottom), (high, top)])
    inner = (wall - floats([0.012, 0.0]))[::-1]
    return revolved(floats(np.concatenate([wall, inner])), 120)


@dataclass(frozen=True)
class Lamp:
    """A lamp. Parts: shade, base, stem, bulb by style."""

    style: Literal["table", "mushroom", "globe", "desk", "tripod", "pendant"] = "table"
    height: float = 2.4
    shade: float = 0.75

    def parts(self) -> list[Part]:
        """The lamp of the chosen style."""
        return {
            "table": self._table,
            "mushroom": self._mushroom,
            "globe": self._globe,
            "desk": self._desk,
            "tripod": self._tripod,
            "pendant": self._pendant,
        }[self.style]()

    def _table(self) -> list[Part]:
        h, s = self.height, self.shade
        base = curved(
            [(0, 0), (0.3, 0), (0.33, 0.03), (0.46, 0.3), (0.44, 0.62), (0.2, 1.0), (0.09, 1.16), (0.08, 1.3), (0, 1.3)]
        )
        base = floats(base * [1.0, (h - 1.0) / 1.3])
        stem = revolved(filleted([(0, h - 1.05), (0.03, h - 1.05), (0.03, h - 0.4), (0, h - 0.4)]), 24)
        return [
            Part("base", revolved(base)),
            Part("stem", stem),
            Part("shade", _open_shade(s, s * 0.68, h - 0.92, h)),
        ]

    def _mushroom(self) -> list[Part]:
        h, s = self.height, self.shade
        stem = curved(
            [
                (0, 0),
                (0.40, 0),
                (0.42, 0.04),
                (0.30, 0.10),
                (0.17, 0.35 * h),
                (0.15, 0.6 * h),
                (0.2, 0.66 * h),
                (0, 0.66 * h),
            ]
        )
        cap = curved(
            [
                (0.03, 0.63 * h),
                (s * 0.9, 0.60 * h),
                (s, 0.63 * h),
                (s * 0.97, 0.72 * h),
                (s * 0.72, 0.91 * h),
                (s * 0.3, 0.99 * h),
                (0, h),
            ]
        )
        return [Part("base", revolved(stem)), Part("shade", revolved(cap))]

    def _globe(self) -> list[Part]:
        s, h = self.shade, self.height
        angle = np.linspace(-1.32, np.pi / 2, 40)
        globe = floats(np.stack([s * np.cos(angle), h - s + s * np.sin(angle)], axis=1))
        throat = h - 2 * s
        base = curved(
            [
                (0, 0),
                (0.42, 0),
                (0.44, 0.04),
                (0.38, 0.12),
                (0.12, 0.26),
                (0.09, 0.5 * throat),
                (0.12, throat - 0.04),
                (0.24, throat + 0.05),
                (0, throat + 0.05),
            ]
        )
        return [Part("base", revolved(base)), Part("shade", revolved(globe))]

    def _desk(self) -> list[Part]:
        h = self.height
        lower = path3([(0.0, 0.06, 0), (-0.05, 0.3 * h, 0), (-0.22, 0.55 * h, 0)])
        upper = path3([(-0.22, 0.55 * h, 0), (0.05, 0.75 * h, 0), (0.45, 0.93 * h, 0)])
        bell = curved([(0.05, 0.42), (0.12, 0.40), (0.16, 0.28), (0.34, 0.05), (0.36, 0.0)])
        inner = (bell - floats([0.015, 0.0]))[::-1]
        head = revolved(floats(np.concatenate([bell, inner]))[::-1]).turned(roll_deg=28)
        head = Mesh(head.points, -head.normals, head.local, head.triangles, two_sided=True)
        joint = ball(0.075).shifted(-0.22, 0.55 * h, 0)
        return [
            Part("base", _disc_foot(0.46, 0.08)),
            Part("stem", tube(lower, 0.032)),
            Part("stem", tube(upper, 0.032)),
            Part("joint", joint),
            Part("shade", head.shifted(0.60, 0.93 * h - 0.36, 0)),
        ]

    def _tripod(self) -> list[Part]:
        h, s = self.height, self.shade
        legs = []
        for angle in (0.4, 0.4 + 2 * np.pi / 3, 0.4 + 4 * np.pi / 3):
            foot = (0.62 * np.sin(angle), 0.03, 0.62 * np.cos(angle))
            legs.append(
                tube(
                    path3(
                        [
                            foot,
                            (foot[0] * 0.5, 0.5 * (h - 0.8), foot[2] * 0.5),
                            (foot[0] * 0.08, h - 0.85, foot[2] * 0.08),
                        ]
                    ),
                    0.045,
                )
            )
        hub = revolved(filleted([(0, h - 0.95), (0.13, h - 0.95, 0.02), (0.13, h - 0.82, 0.02), (0, h - 0.82)]), 48)
        return [Part("base", joined(legs)), Part("joint", hub), Part("shade", _open_shade(s, s * 0.82, h - 0.8, h))]

    def _pendant(self) -> list[Part]:
        s, h = self.shade, self.height
        dome = curved([(s, 0.0), (s * 0.98, 0.1), (s * 0.8, 0.42), (s * 0.42, 0.68), (0.13, 0.80), (0.1, 0.9)])
        inner = (dome - floats([0.015, 0.0]))[::-1]
        shell = revolved(floats(np.concatenate([dome, inner])))
        cap = revolved(filleted([(0, 0.86), (0.11, 0.86, 0.02), (0.09, 1.05, 0.03), (0, 1.05)]), 48)
        cord = tube(path3([(0, 1.0, 0), (0, 0.5 * (1 + h), 0), (0, h, 0)]), 0.022)
        return [
            Part("shade", shell),
            Part("joint", cap),
            Part("stem", cord),
            Part("bulb", ball(0.16).shifted(0, 0.16, 0)),
        ]


@dataclass(frozen=True)
class Candle:
    """A candle. Parts: body, wax, wick; tin and jar hold the wax."""

    style: Literal["jar", "tin", "pillar", "trio", "holder"] = "jar"
    height: float = 0.95
    radius: float = 0.42

    def parts(self) -> list[Part]:
        """The candle of the chosen style."""
        h, r = self.height, self.radius
        if self.style in ("jar", "tin"):
            shell = revolved(walled(filleted([(r * 0.85, 0, 0.01), (r, 0, 0.06), (r, h)]), 0.035, 0.05))
            level = h * 0.80
            wax = revolved(
                filleted(
                    [(0, 0.06), (r - 0.05, 0.06), (r - 0.05, level, 0.01), (r * 0.3, level - 0.01), (0, level - 0.015)]
                )
            )
            return [Part("body", shell), Part("wax", wax), *_wick(0.0, level - 0.02, 0.0)]
        if self.style == "pillar":
            return [Part("wax", _pillar(r, h)), *_wick(0, h - 0.05, 0)]
        if self.style == "trio":
            out: list[Part] = []
            for x, z, tall, name in (
                (-0.42, 0.0, h, "wax"),
                (0.16, -0.25, h * 1.45, "wax2"),
                (0.42, 0.28, h * 0.66, "wax3"),
            ):
                out += [Part(name, _pillar(r, tall).shifted(x, 0, z)), *_wick(x, tall - 0.05, z)]
            return out
        base = curved(
            [
                (0, 0),
                (0.38, 0),
                (0.42, 0.03),
                (0.34, 0.09),
                (0.11, 0.14),
                (0.075, 0.28),
                (0.12, 0.36),
                (0.15, 0.50),
                (0.12, 0.52),
                (0, 0.5),
            ]
        )
        taper = revolved(filleted([(0, 0.45), (0.095, 0.45), (0.075, 0.5 + h, 0.05), (0, 0.53 + h)]), 48)
        return [Part("body", revolved(base)), Part("wax", taper), *_wick(0, 0.5 + h, 0)]


def _pillar(radius: float, height: float) -> Mesh:
    top: list[Corner] = [(radius, height, 0.05), (radius * 0.72, height - 0.015), (0.0, height - 0.05)]
    return revolved(filleted([(0, 0), (radius, 0, 0.03), *top]))


def _wick(x: float, y: float, z: float) -> list[Part]:
    return [Part("wick", tube(path3([(x, y, z), (x, y + 0.06, z), (x + 0.025, y + 0.12, z)]), 0.014, 10))]
