"""Teapots and storage jars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats
from pipelines.sample_shop.mesh import Mesh
from pipelines.sample_shop.studio import Part
from pipelines.sample_shop.surfaces import curved, filleted, path3, revolved, tube


@dataclass(frozen=True)
class Teapot:
    """A teapot or kettle. Parts: body, lid, knob, handle, spout."""

    radius: float = 0.62
    height: float = 0.95
    handle: Literal["side", "top"] = "side"

    def parts(self) -> list[Part]:
        """Spout to the left, handle to the right or over the top."""
        r, h = self.radius, self.height
        body = curved(
            [
                (0, 0.0),
                (0.5 * r, 0.0),
                (0.62 * r, 0.02),
                (0.97 * r, 0.3 * h),
                (r, 0.5 * h),
                (0.82 * r, 0.8 * h),
                (0.5 * r, 0.97 * h),
                (0.46 * r, h),
            ]
        )
        lid = curved([(0.50 * r, 0.97 * h), (0.50 * r, h), (0.36 * r, 1.06 * h), (0.12 * r, 1.1 * h), (0, 1.1 * h)])
        knob = curved(
            [(0, 1.08 * h), (0.05, 1.09 * h), (0.05, 1.12 * h), (0.1, 1.18 * h), (0.07, 1.25 * h), (0, 1.26 * h)]
        )
        spout = path3(
            [(-0.75 * r, 0.30 * h, 0), (-1.22 * r, 0.36 * h, 0), (-1.32 * r, 0.8 * h, 0), (-1.66 * r, 0.98 * h, 0)]
        )
        width = floats(np.interp(np.linspace(0, 1, len(spout)), [0, 0.3, 0.8, 1], [0.16, 0.14, 0.085, 0.08]))
        return [
            Part("body", revolved(body)),
            Part("lid", revolved(lid)),
            Part("knob", revolved(knob, 48)),
            Part("body", tube(spout, width, 32)),
            Part("handle", self._handle()),
        ]

    def _handle(self) -> Mesh:
        r, h = self.radius, self.height
        if self.handle == "top":
            arch = [
                (-0.66 * r, 0.86 * h, 0),
                (-0.88 * r, 1.3 * h, 0),
                (-0.62 * r, 1.9 * h, 0),
                (0.0, 1.98 * h, 0),
                (0.62 * r, 1.9 * h, 0),
                (0.88 * r, 1.3 * h, 0),
                (0.66 * r, 0.86 * h, 0),
            ]
            return tube(_through(arch), 0.045)
        return tube(
            _through(
                [
                    (0.8 * r, 0.80 * h, 0),
                    (1.2 * r, 1.05 * h, 0),
                    (1.78 * r, 0.92 * h, 0),
                    (1.72 * r, 0.45 * h, 0),
                    (1.3 * r, 0.2 * h, 0),
                    (0.92 * r, 0.27 * h, 0),
                ]
            ),
            0.06,
        )


def _through(controls: Sequence[tuple[float, float, float]]) -> Floats:
    return path3(controls, 12)


@dataclass(frozen=True)
class Jar:
    """A storage jar with a lid. Parts: body, lid, knob."""

    height: float = 1.1
    radius: float = 0.46
    knob: bool = True
    lid_height: float = 0.16

    def parts(self) -> list[Part]:
        """Cylinder with soft edges, lid on top."""
        r, h = self.radius, self.height
        body = filleted([(0, 0), (r, 0, 0.07), (r, h, 0.04), (r * 0.9, h, 0.01), (0, h)])
        lid = filleted(
            [
                (0, h + 0.005),
                (r * 1.01, h + 0.005, 0.015),
                (r * 1.01, h + self.lid_height, 0.04),
                (0, h + self.lid_height),
            ]
        )
        out = [Part("body", revolved(body)), Part("lid", revolved(lid))]
        if self.knob:
            y = h + self.lid_height - 0.01
            ball = curved([(0, y), (0.06, y), (0.06, y + 0.04), (0.11, y + 0.12), (0.06, y + 0.2), (0, y + 0.21)])
            out.append(Part("knob", revolved(ball, 48)))
        return out
