"""Boxes and bags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.sample_shop.arrays import floats
from pipelines.sample_shop.mesh import Mesh, joined
from pipelines.sample_shop.studio import Part
from pipelines.sample_shop.surfaces import (
    ball,
    block,
    curved,
    filleted,
    lofted,
    path3,
    revolved,
    tube,
    walled,
)


@dataclass(frozen=True)
class Box:
    """A box. Parts: body, lid, ribbon by style."""

    style: Literal["lidded", "carton", "ribbon", "canister", "crate"] = "lidded"
    width: float = 1.2
    height: float = 0.7
    depth: float = 0.9

    def parts(self) -> list[Part]:
        """The box of the chosen style."""
        w, h, d = self.width, self.height, self.depth
        if self.style == "carton":
            return [Part("body", block(w, h, d, 0.015))]
        if self.style == "canister":
            body = revolved(filleted([(0, 0), (w / 2, 0, 0.03), (w / 2, h * 0.82, 0.01), (0, h * 0.82)]))
            lid = revolved(filleted([(0, h * 0.80), (w / 2 + 0.02, h * 0.80, 0.02), (w / 2 + 0.02, h, 0.05), (0, h)]))
            return [Part("body", body), Part("lid", lid)]
        if self.style == "crate":
            return self._crate()
        out = [
            Part("body", block(w - 0.05, h - 0.05, d - 0.05, 0.015)),
            Part("lid", block(w, h * 0.36, d, 0.02, h * 0.64)),
        ]
        return [*out, *self._ribbon()] if self.style == "ribbon" else out

    def _crate(self) -> list[Part]:
        w, h, d = self.width, self.height, self.depth
        slats: list[Mesh] = []
        for k in range(3):
            y = k * h / 3 + 0.02
            tall = h / 3 - 0.05
            slats.extend(block(w, tall, 0.05, 0.01, y).shifted(z=z) for z in (-d / 2, d / 2))
            slats.extend(block(0.05, tall, d, 0.01, y).shifted(x=x) for x in (0.025 - w / 2, w / 2 - 0.025))
        posts = [
            block(0.09, h, 0.09, 0.01).shifted(x, 0, z)
            for x in (-w / 2 + 0.08, w / 2 - 0.08)
            for z in (-d / 2 + 0.07, d / 2 - 0.07)
        ]
        return [
            Part("body", joined(slats)),
            Part("lid", joined(posts)),
            Part("body", block(w - 0.1, 0.04, d - 0.1, 0.01, 0.03)),
        ]

    def _ribbon(self) -> list[Part]:
        w, h, d = self.width, self.height, self.depth
        bands = [block(0.15, h + 0.008, d + 0.02, 0.008), block(w + 0.02, h + 0.008, 0.15, 0.008)]
        for sign in (-1, 1):
            loop = path3(
                [
                    (0, h, 0),
                    (sign * 0.16, h + 0.36, 0.06),
                    (sign * 0.56, h + 0.34, 0.1),
                    (sign * 0.48, h + 0.02, 0.1),
                    (0, h + 0.04, 0.02),
                ]
            )
            bands.append(tube(loop, 0.075, flatten=0.18))
            tail = path3([(0, h + 0.04, 0.04), (sign * 0.16, h + 0.05, 0.16), (sign * 0.30, h + 0.03, 0.34)])
            bands.append(tube(tail, 0.07, flatten=0.18))
        bands.append(ball(0.085).shifted(0, h + 0.07, 0.03))
        return [Part("ribbon", joined(bands))]


@dataclass(frozen=True)
class Bag:
    """A bag. Parts: body, strap (and clasp, band)."""

    style: Literal["tote", "paper", "pouch", "basket", "satchel"] = "tote"
    width: float = 1.5
    height: float = 1.5
    depth: float = 0.5

    def parts(self) -> list[Part]:
        """The bag of the chosen style."""
        w, h, d = self.width / 2, self.height, self.depth / 2
        if self.style == "paper":
            body = _stack([(0, 0, 0), (0, 1, 1), (1, 1, 1)], w, h, d, 14.0)
            return [Part("body", body), *self._straps(0.34 * w, h, d, 0.42, 0.022)]
        if self.style == "pouch":
            body = _stack(
                [
                    (0, 0, 0),
                    (0, 0.9, 0.9),
                    (0.06, 1, 1),
                    (0.45, 1, 0.95),
                    (0.84, 1, 0.25),
                    (0.86, 1, 0.10),
                    (1, 1, 0.07),
                    (1, 0, 0),
                ],
                w,
                h,
                d,
                3.5,
            )
            return [Part("body", body)]
        if self.style == "basket":
            body = revolved(
                walled(
                    curved([(w * 0.74, 0), (w * 0.8, 0.02), (w * 0.98, 0.4 * h), (w * 0.92, 0.8 * h), (w * 0.95, h)]),
                    0.05,
                    0.05,
                )
            )
            return [Part("body", body), *self._straps(0.42 * w, h, w * 0.9, 0.45, 0.035)]
        if self.style == "satchel":
            return self._satchel()
        body = _stack(
            [(0, 0, 0), (0, 0.8, 0.9), (0.05, 0.88, 1), (0.3, 0.94, 0.95), (0.75, 0.99, 0.6), (1, 1.0, 0.42)],
            w,
            h,
            d,
            4.5,
        )
        return [Part("body", body), *self._straps(0.42 * w, h, d * 0.42, 0.78, 0.05)]

    def _straps(self, half: float, h: float, front: float, rise: float, thick: float) -> list[Part]:
        out = []
        for z, lean in ((front, 0.10), (-front, -0.04)):
            arch = [
                (-half, h - 0.24, z + 0.015),
                (-half, h - 0.05, z + 0.02),
                (-half, h + 0.5 * rise, z + lean * 0.6),
                (-0.7 * half, h + 1.12 * rise, z + lean),
            ]
            path = [*arch, *[(-x, y, zz) for x, y, zz in reversed(arch)]]
            out.append(Part("strap", tube(path3(path), thick, flatten=0.4 if thick > 0.03 else 1.0)))
        return out

    def _satchel(self) -> list[Part]:
        w, h, d = self.width / 2, self.height, self.depth / 2
        body = block(2 * w, h, 2 * d, 0.09)
        flap = block(2 * w + 0.03, h * 0.62, 0.04, 0.02, h * 0.36).shifted(z=d + 0.012)
        top = block(2 * w + 0.03, 0.04, 2 * d + 0.05, 0.02, h - 0.02)
        tabs = [block(0.15, h * 0.42, 0.035, 0.012, h * 0.16).shifted(x, 0, d + 0.04) for x in (-0.5 * w, 0.5 * w)]
        buckles = [block(0.2, 0.13, 0.03, 0.012, h * 0.26).shifted(x, 0, d + 0.065) for x in (-0.5 * w, 0.5 * w)]
        arch = path3(
            [
                (-0.34 * w, h, 0),
                (-0.36 * w, h + 0.22, 0),
                (-0.2 * w, h + 0.34, 0),
                (0.2 * w, h + 0.34, 0),
                (0.36 * w, h + 0.22, 0),
                (0.34 * w, h, 0),
            ]
        )
        return [
            Part("body", body),
            Part("flap", flap),
            Part("flap", top),
            Part("strap", joined(tabs)),
            Part("clasp", joined(buckles)),
            Part("strap", tube(arch, 0.055, flatten=0.6)),
        ]


def _stack(rings: list[tuple[float, float, float]], w: float, h: float, d: float, power: float) -> Mesh:
    """Loft through rings of (height, width, depth) shares, subdivided."""
    shares = np.array(rings)
    place = np.arange(len(rings))
    fine = np.linspace(0, len(rings) - 1, 22 * (len(rings) - 1) + 1)
    y, x, z = (np.interp(fine, place, shares[:, k]) for k in range(3))
    return lofted(floats(y * h), floats(x * w), floats(z * d), np.full(len(fine), power, np.float32))
