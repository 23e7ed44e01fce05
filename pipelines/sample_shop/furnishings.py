"""Lamps, candles, boxes, bags, planters and cushions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats
from pipelines.sample_shop.mesh import Mesh, joined
from pipelines.sample_shop.studio import Part
from pipelines.sample_shop.surfaces import (
    Corner,
    block,
    curved,
    filleted,
    leaf,
    lofted,
    path3,
    pillow,
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
        joint = _ball(0.075).shifted(-0.22, 0.55 * h, 0)
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
            Part("bulb", _ball(0.16).shifted(0, 0.16, 0)),
        ]


def _ball(radius: float) -> Mesh:
    angle = np.linspace(-np.pi / 2, np.pi / 2, 24)
    return revolved(floats(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)), 40)


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
        bands.append(_ball(0.085).shifted(0, h + 0.07, 0.03))
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


@dataclass(frozen=True)
class Planter:
    """A pot with a plant. Parts: body, soil, leaf, stem (and saucer)."""

    plant: Literal["snake", "rubber", "succulent", "fern", "cactus"] = "snake"
    height: float = 0.8
    radius: float = 0.5
    seed: int = 1

    def parts(self) -> list[Part]:
        """Pot, soil and the plant."""
        h, r = self.height, self.radius
        pot = revolved(walled(filleted([(r * 0.66, 0, 0.01), (r * 0.78, 0, 0.06), (r, h)]), 0.045, 0.05))
        level = h - 0.10
        soil = revolved(filleted([(r * 0.92, level - 0.01), (r * 0.8, level), (0, level + 0.02)]))
        return [Part("body", pot), Part("soil", soil), *self._plant(level)]

    def _plant(self, level: float) -> list[Part]:
        rng = np.random.default_rng(self.seed)
        if self.plant == "cactus":
            return self._cactus(level)
        leaves, stems = [], []
        count = {"snake": 9, "rubber": 13, "succulent": 30, "fern": 22}[self.plant]
        for k in range(count):
            yaw = float(k * 137.5 + rng.uniform(-15, 15))
            near, vary = float(np.sqrt((k + 0.5) / count)), float(rng.uniform(0.85, 1.15))
            if self.plant == "snake":
                blade = leaf(1.35 * vary, 0.26, bend=0.12 + 0.15 * near, fold=0.5, tip=0.7).turned(
                    0, tilt_deg=4 + 10 * near
                )
                blade = blade.shifted(z=0.22 * near * self.radius)
            elif self.plant == "fern":
                blade = leaf(1.15 * vary, 0.20, bend=0.9 + 0.5 * near, fold=0.2, tip=1.0).turned(
                    0, tilt_deg=8 + 34 * near
                )
            elif self.plant == "succulent":
                blade = leaf(0.30 + 0.34 * near, 0.22 + 0.10 * near, bend=-0.35, fold=0.6, tip=0.8).turned(
                    0, tilt_deg=12 + 62 * near
                )
            else:
                up = 0.25 + 1.05 * k / count
                blade = (
                    leaf(0.62 * vary, 0.36, bend=0.6, fold=0.3, tip=1.1)
                    .turned(0, tilt_deg=62 - 44 * k / count)
                    .shifted(y=up)
                )
            leaves.append(blade.turned(yaw).shifted(y=level))
        if self.plant == "rubber":
            stems.append(tube(path3([(0, level - 0.02, 0), (0.03, level + 0.6, 0), (0, level + 1.3, 0)]), 0.035))
        return [Part("leaf", joined(leaves)), *[Part("stem", s) for s in stems]]

    def _cactus(self, level: float) -> list[Part]:
        def ribbed(angle: Floats, height: Floats) -> Floats:
            return floats(1.0 + 0.09 * np.cos(14 * angle))

        column = curved([(0.0, 0.0), (0.18, 0.0), (0.25, 0.25), (0.25, 0.7), (0.16, 0.95), (0.0, 1.02)])
        arms = [
            revolved(floats(column * s), 140, ribbed).turned(roll_deg=roll).shifted(x, level + y, z)
            for s, roll, x, y, z in ((1.0, 0, 0, 0, 0), (0.5, -32, 0.20, 0.42, 0.05), (0.42, 30, -0.20, 0.30, 0.08))
        ]
        return [Part("leaf", joined(arms))]


@dataclass(frozen=True)
class Cushion:
    """A scatter cushion, leaning back a little. Parts: body."""

    width: float = 1.5
    height: float = 1.5
    thickness: float = 0.55

    def parts(self) -> list[Part]:
        """The cushion."""
        return [Part("body", pillow(self.width, self.height, self.thickness).turned(tilt_deg=-10))]
