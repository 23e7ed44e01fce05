"""Things that stand in the brands' references: fruit, books, branches, trees, houses, ground."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats
from pipelines.sample_shop.mesh import Mesh, grid_mesh, joined
from pipelines.sample_shop.shapes import Shape
from pipelines.sample_shop.surfaces import block, curved, leaf, lofted, path3, revolved, tube

Hue = Literal["clay", "ochre", "cream", "leaf", "teal", "rose", "night", "wood"]
Motif = Literal["", "bands", "dots", "veins"]


@dataclass(frozen=True)
class Thing:
    """One surface of a scene: `hue` for a painter, `tone` (0 white to 1 black) and `motif` for both hands."""

    mesh: Mesh
    hue: Hue
    tone: float
    motif: Motif = ""


Look = Mapping[str, tuple[Hue, float, Motif]]


def placed(
    shape: Shape, look: Look, x: float = 0.0, z: float = 0.0, *, yaw: float = 0.0, size: float = 1.0, y: float = 0.0
) -> list[Thing]:
    """A shape's surfaces, looking as `look` says, standing at (x, y, z)."""
    return [
        Thing(p.mesh.scaled(size).turned(yaw).shifted(x, y, z), *look.get(p.name, look["body"])) for p in shape.parts()
    ]


def apple(radius: float) -> Mesh:
    """An apple of about `radius`, standing."""
    side = curved(
        [
            (0.0, 0.16),
            (0.2, 0.05),
            (0.5, 0.02),
            (0.85, 0.45),
            (1.0, 1.0),
            (0.82, 1.5),
            (0.45, 1.66),
            (0.15, 1.6),
            (0.0, 1.42),
        ]
    )
    fruit = revolved(floats(side * radius), 64)
    stalk = tube(
        path3([(0, 1.42 * radius, 0), (0.06 * radius, 1.75 * radius, 0), (0.22 * radius, 2.0 * radius, 0)]),
        0.06 * radius,
        10,
    )
    return joined([fruit, stalk])


def pear(radius: float) -> Mesh:
    """A pear of about `radius`, standing."""
    side = curved(
        [(0.0, 0.1), (0.3, 0.0), (0.8, 0.3), (1.0, 0.85), (0.82, 1.45), (0.5, 1.95), (0.4, 2.3), (0.2, 2.5), (0.0, 2.5)]
    )
    stalk = tube(
        path3([(0, 2.45 * radius, 0), (0.05 * radius, 2.8 * radius, 0), (0.25 * radius, 3.1 * radius, 0)]),
        0.07 * radius,
        10,
    )
    return joined([revolved(floats(side * radius), 64), stalk])


def lemon(radius: float, yaw: float) -> Mesh:
    """A lemon lying on its side."""
    side = curved(
        [
            (0.0, -1.42),
            (0.12, -1.36),
            (0.3, -1.12),
            (0.82, -0.6),
            (1.0, 0.0),
            (0.82, 0.6),
            (0.3, 1.12),
            (0.14, 1.32),
            (0.0, 1.38),
        ]
    )
    return revolved(floats(side * radius), 56).turned(yaw, roll_deg=82).shifted(y=radius)


def book(
    width: float,
    height: float,
    depth: float,
    hue: Hue,
    tone: float,
    y: float,
    yaw: float,
    x: float = 0.0,
    z: float = 0.0,
) -> list[Thing]:
    """A closed book lying at height `y`."""
    cover = [block(width, 0.035, depth, 0.012, y), block(width, 0.035, depth, 0.012, y + height - 0.035)]
    spine = block(0.03, height, depth, 0.012, y).shifted(x=-width / 2)
    pages = block(width - 0.06, height - 0.05, depth - 0.06, 0.01, y + 0.025)
    return [
        Thing(joined([*cover, spine]).turned(yaw).shifted(x, 0, z), hue, tone),
        Thing(pages.turned(yaw).shifted(x, 0, z), "cream", 0.06),
    ]


def branch(seed: int, length: float, leaves: int, lean: float, yaw: float, base_y: float) -> list[Thing]:
    """A leafy branch rising from `base_y`."""
    rng = np.random.default_rng(seed)
    tip = (lean * length, base_y + length, 0.0)
    spine = path3(
        [
            (0, base_y, 0),
            (0.1 * lean * length, base_y + 0.4 * length, 0),
            (0.45 * lean * length, base_y + 0.75 * length, 0),
            tip,
        ],
        12,
    )
    blades = []
    for k in range(leaves):
        place = spine[int((0.30 + 0.68 * k / leaves) * (len(spine) - 1))]
        side = 1 if k % 2 else -1
        blade = leaf(0.50 * float(rng.uniform(0.8, 1.1)), 0.24, bend=0.45, fold=0.25, tip=1.0)
        blade = blade.turned(90.0 * side + float(rng.uniform(-35, 35)), tilt_deg=48)
        blades.append(blade.shifted(*(float(v) for v in place)))
    return [
        Thing(tube(spine, 0.022, 10).turned(yaw), "wood", 0.6),
        Thing(joined(blades).turned(yaw), "leaf", 0.38, "veins"),
    ]


def terrain(height: Callable[[Floats, Floats], Floats], near: float, far: float, half: float) -> Mesh:
    """Ground from `near` to `far`, as high as `height(x, z)`."""
    z = np.linspace(near, far, 90, dtype=np.float32)[None, :]
    x = np.linspace(-half, half, 110, dtype=np.float32)[:, None]
    xx, zz = np.broadcast_arrays(x, z)
    return grid_mesh(floats(np.stack([xx, height(floats(xx), floats(zz)), zz], axis=-1)), closed=False)


def tree(x: float, y: float, z: float, size: float, kind: str) -> list[Thing]:
    """A tree: poplar, fir or round."""
    trunk = tube(path3([(0, 0, 0), (0.02, 0.25, 0), (0, 0.5, 0)]), 0.05, 10)
    if kind == "poplar":
        crown = revolved(curved([(0, 0.15), (0.2, 0.3), (0.27, 0.8), (0.2, 1.4), (0.0, 1.8)]), 40)
    elif kind == "fir":
        crown = joined(
            [
                revolved(curved([(0.02, y0), (r, y0), (0.5 * r, y0 + 0.28), (0.0, y0 + 0.6)]), 40)
                for r, y0 in ((0.46, 0.3), (0.36, 0.62), (0.26, 0.92))
            ]
        )
    else:
        crown = revolved(curved([(0, 0.35), (0.4, 0.42), (0.58, 0.8), (0.42, 1.2), (0.0, 1.36)]), 48, _leafy)
    return [
        Thing(trunk.scaled(size).shifted(x, y, z), "wood", 0.7),
        Thing(crown.scaled(size).shifted(x, y, z), "leaf", 0.42),
    ]


def _leafy(angle: Floats, height: Floats) -> Floats:
    return floats(1.0 + 0.07 * np.sin(5 * angle + 7 * height) + 0.05 * np.sin(9 * angle - 11 * height))


def house(x: float, y: float, z: float, size: float, yaw: float) -> list[Thing]:
    """A cottage with a gable roof."""
    walls = block(1.0, 0.62, 0.7, 0.01)
    ramp = np.linspace(0, 1, 12)
    roof = lofted(
        floats(np.concatenate([[0.58], 0.58 + 0.5 * ramp])),
        floats(np.concatenate([[0.0], np.full(12, 0.56)])),
        floats(np.concatenate([[0.0], 0.44 - 0.43 * ramp])),
        np.full(13, 14.0, np.float32),
    )
    chimney = block(0.12, 0.4, 0.12, 0.01, 0.75).shifted(0.3, 0, 0.08)
    door = block(0.17, 0.36, 0.02, 0.005).shifted(-0.12, 0, 0.355)
    panes = [block(0.17, 0.17, 0.02, 0.005, 0.27).shifted(px, 0, 0.355) for px in (-0.36, 0.14, 0.37)]

    def put(mesh: Mesh) -> Mesh:
        return mesh.scaled(size).turned(yaw).shifted(x, y, z)

    return [
        Thing(put(walls), "cream", 0.05),
        Thing(put(roof), "clay", 0.5),
        Thing(put(chimney), "clay", 0.3),
        Thing(put(joined([door, *panes])), "night", 0.85),
    ]
