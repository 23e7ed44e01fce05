"""Planters and cushions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats
from pipelines.sample_shop.mesh import joined
from pipelines.sample_shop.studio import Part
from pipelines.sample_shop.surfaces import (
    curved,
    filleted,
    leaf,
    path3,
    pillow,
    revolved,
    tube,
    walled,
)


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
