"""What the brands' references show: still lifes, plants and landscapes, as things with a hue and a tone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats
from pipelines.sample_shop.furnishings import Bag, Candle, Lamp, Planter
from pipelines.sample_shop.mesh import Mesh, grid_mesh, joined
from pipelines.sample_shop.raster import Camera
from pipelines.sample_shop.shapes import Bottle, Bowl, Jar, Mug, Shape, Teapot, Vase
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


@dataclass(frozen=True)
class Scene:
    """A picture to draw. `indoors` gives it a table and a wall; outdoors the background is sky.

    `fill` is the share of the picture the things fill, `lift` moves them up, `shape` is width and height over the side.
    """

    name: str
    things: tuple[Thing, ...]
    camera: Camera
    indoors: bool = True
    fill: float = 0.88
    lift: float = -0.01
    shape: tuple[float, float] = (1.0, 1.0)


_Look = Mapping[str, tuple[Hue, float, Motif]]


def _placed(
    shape: Shape, look: _Look, x: float = 0.0, z: float = 0.0, *, yaw: float = 0.0, size: float = 1.0, y: float = 0.0
) -> list[Thing]:
    return [
        Thing(p.mesh.scaled(size).turned(yaw).shifted(x, y, z), *look.get(p.name, look["body"])) for p in shape.parts()
    ]


def _apple(radius: float) -> Mesh:
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


def _pear(radius: float) -> Mesh:
    side = curved(
        [(0.0, 0.1), (0.3, 0.0), (0.8, 0.3), (1.0, 0.85), (0.82, 1.45), (0.5, 1.95), (0.4, 2.3), (0.2, 2.5), (0.0, 2.5)]
    )
    stalk = tube(
        path3([(0, 2.45 * radius, 0), (0.05 * radius, 2.8 * radius, 0), (0.25 * radius, 3.1 * radius, 0)]),
        0.07 * radius,
        10,
    )
    return joined([revolved(floats(side * radius), 64), stalk])


def _lemon(radius: float, yaw: float) -> Mesh:
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


def _book(
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
    cover = [block(width, 0.035, depth, 0.012, y), block(width, 0.035, depth, 0.012, y + height - 0.035)]
    spine = block(0.03, height, depth, 0.012, y).shifted(x=-width / 2)
    pages = block(width - 0.06, height - 0.05, depth - 0.06, 0.01, y + 0.025)
    return [
        Thing(joined([*cover, spine]).turned(yaw).shifted(x, 0, z), hue, tone),
        Thing(pages.turned(yaw).shifted(x, 0, z), "cream", 0.06),
    ]


def _branch(seed: int, length: float, leaves: int, lean: float, yaw: float, base_y: float) -> list[Thing]:
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


def _tea(turn: float) -> Scene:
    pot: _Look = {
        "body": ("clay", 0.30, ""),
        "handle": ("wood", 0.75, ""),
        "knob": ("wood", 0.75, ""),
        "lid": ("clay", 0.30, ""),
    }
    cup: _Look = {"body": ("cream", 0.05, "bands"), "saucer": ("cream", 0.05, ""), "handle": ("cream", 0.05, "")}
    things = [
        *_placed(Teapot(), pot, -0.35, -0.2, yaw=12),
        *_placed(Mug(0.55, 0.34, 0.22, 0.03, "ear", saucer=True), cup, 0.95, 0.45, yaw=-25),
        Thing(_lemon(0.19, 30).shifted(-0.9, 0, 0.75), "ochre", 0.12),
    ]
    return Scene("tea", tuple(things), Camera(15, turn, 9.0), shape=(1.14, 0.86))


def _branches(turn: float) -> Scene:
    vase = Vase(((0.30, 0.0), (0.34, 0.03), (0.60, 0.5), (0.50, 0.95), (0.2, 1.25), (0.18, 1.4), (0.24, 1.5)))
    look: _Look = {"body": ("teal", 0.55, "bands")}
    things = [
        *_placed(vase, look),
        *_branch(3, 1.35, 11, 0.45, 10, 1.3),
        *_branch(5, 1.6, 12, -0.28, -20, 1.3),
        *_branch(9, 1.15, 9, -0.75, 25, 1.3),
        Thing(_pear(0.24).turned(20).shifted(0.82, 0, 0.35), "ochre", 0.15),
    ]
    return Scene("branches", tuple(things), Camera(8, turn, 10.0), shape=(0.9, 1.1))


def _fruit(turn: float) -> Scene:
    bowl: _Look = {"body": ("rose", 0.18, "bands")}
    things = _placed(Bowl(0.95, 0.5, 0.4, 0.8), bowl)
    for k, (x, z, y, hue, tone) in enumerate(
        (
            (-0.42, 0.1, 0.22, "clay", 0.5),
            (0.12, 0.38, 0.24, "ochre", 0.16),
            (0.48, -0.1, 0.22, "clay", 0.35),
            (-0.02, -0.32, 0.34, "leaf", 0.3),
        )
    ):
        fruit = _pear(0.26) if k == 3 else _apple(0.30)
        things.append(Thing(fruit.turned(70.0 * k, tilt_deg=12).shifted(x, y, z), hue, tone))  # type: ignore[arg-type]
    things.append(Thing(_apple(0.28).turned(0, tilt_deg=20).shifted(1.25, 0, 0.35), "clay", 0.4))
    things.append(Thing(_lemon(0.2, -20).shifted(-1.15, 0, 0.55), "ochre", 0.12))
    return Scene("fruit", tuple(things), Camera(20, turn, 9.0), shape=(1.14, 0.86))


def _shelf(turn: float) -> Scene:
    things = [
        *_placed(
            Bottle(1.9, 0.36, 0.13, 0.7, cap="cork"),
            {"body": ("leaf", 0.55, ""), "cap": ("wood", 0.3, "")},
            -0.95,
            -0.2,
        ),
        *_placed(
            Jar(1.0, 0.42),
            {"body": ("cream", 0.05, "dots"), "lid": ("wood", 0.5, ""), "knob": ("wood", 0.5, "")},
            -0.05,
            0.1,
        ),
        *_placed(Mug(0.8, 0.36, 0.34), {"body": ("clay", 0.35, "")}, 0.92, 0.15, yaw=-15),
        *_placed(
            Vase(((0.24, 0.0), (0.30, 0.03), (0.40, 0.32), (0.32, 0.66), (0.12, 0.88), (0.10, 1.15), (0.14, 1.25))),
            {"body": ("night", 0.85, "")},
            0.55,
            -0.6,
        ),
    ]
    return Scene("shelf", tuple(things), Camera(9, turn, 10.0), fill=0.84)


def _plant(turn: float) -> Scene:
    look: _Look = {
        "body": ("clay", 0.25, "bands"),
        "soil": ("night", 0.8, ""),
        "leaf": ("leaf", 0.45, "veins"),
        "stem": ("wood", 0.6, ""),
    }
    things = [
        *_placed(Planter("rubber", seed=7), look),
        *_book(0.9, 0.16, 0.65, "teal", 0.6, 0.0, 20, 0.95, 0.3),
        *_book(0.75, 0.13, 0.55, "rose", 0.25, 0.16, 34, 0.95, 0.3),
    ]
    return Scene("plant", tuple(things), Camera(12, turn, 9.0), shape=(0.9, 1.1))


def _evening(turn: float) -> Scene:
    lamp: _Look = {
        "body": ("teal", 0.5, ""),
        "base": ("teal", 0.5, "bands"),
        "shade": ("cream", 0.04, ""),
        "stem": ("wood", 0.7, ""),
    }
    things = [
        *_placed(Lamp(), lamp, -0.3, -0.2),
        *_book(1.0, 0.18, 0.7, "clay", 0.45, 0.0, -18, 0.85, 0.35),
        *_book(0.85, 0.12, 0.6, "night", 0.85, 0.18, 8, 0.85, 0.35),
        *_placed(Mug(0.5, 0.24, 0.22), {"body": ("ochre", 0.15, "")}, 0.85, 0.35, y=0.30, yaw=-20),
    ]
    return Scene("evening", tuple(things), Camera(10, turn, 10.0), shape=(0.9, 1.1))


def _candles(turn: float) -> Scene:
    look: _Look = {
        "body": ("cream", 0.06, ""),
        "wax": ("cream", 0.05, ""),
        "wax2": ("rose", 0.25, ""),
        "wax3": ("clay", 0.5, ""),
        "wick": ("night", 0.9, ""),
    }
    things = [
        *_placed(Candle("trio", 1.05, 0.34), look),
        Thing(_pear(0.25).shifted(-1.1, 0, 0.5), "leaf", 0.3),
        Thing(_apple(0.24).shifted(1.1, 0, 0.6), "ochre", 0.2),
    ]
    return Scene("candles", tuple(things), Camera(14, turn, 9.0), fill=0.86, shape=(1.14, 0.86))


def _pots(turn: float) -> Scene:
    def look(pot: Hue, tone: float, motif: Motif) -> _Look:
        return {
            "body": (pot, tone, motif),
            "soil": ("night", 0.8, ""),
            "leaf": ("leaf", 0.42, ""),
            "stem": ("wood", 0.6, ""),
        }

    things = [
        *_placed(Planter("cactus", 0.55, 0.42), look("ochre", 0.15, "bands"), -0.95, 0.1),
        *_placed(Planter("succulent", 0.5, 0.42, 3), look("clay", 0.35, ""), 0.05, 0.4),
        *_placed(Planter("snake", 0.7, 0.42, 5), look("cream", 0.05, "dots"), 0.95, -0.2),
    ]
    return Scene("pots", tuple(things), Camera(13, turn, 9.0), shape=(1.14, 0.86))


def _market(turn: float) -> Scene:
    basket: _Look = {"body": ("ochre", 0.28, "bands"), "strap": ("wood", 0.65, "")}
    things = [
        *_placed(Bag("basket", 1.5, 0.95), basket, -0.2),
        Thing(_lemon(0.2, 25).shifted(0.95, 0, 0.55), "ochre", 0.12),
        Thing(_apple(0.25).shifted(1.15, 0, 0.05), "clay", 0.45),
        *_placed(
            Bottle(1.7, 0.30, 0.11, 0.65, cap="cork"),
            {"body": ("leaf", 0.6, ""), "cap": ("wood", 0.3, "")},
            -0.45,
            -0.1,
            y=0.2,
        ),
        *[Thing(t.mesh.shifted(0.15, 0, 0.1), t.hue, t.tone, t.motif) for t in _branch(4, 1.2, 12, 0.5, 30, 0.5)],
    ]
    return Scene("market", tuple(things), Camera(12, turn, 9.0))


def _terrain(height: Callable[[Floats, Floats], Floats], near: float, far: float, half: float) -> Mesh:
    z = np.linspace(near, far, 90, dtype=np.float32)[None, :]
    x = np.linspace(-half, half, 110, dtype=np.float32)[:, None]
    xx, zz = np.broadcast_arrays(x, z)
    return grid_mesh(floats(np.stack([xx, height(floats(xx), floats(zz)), zz], axis=-1)), closed=False)


def _tree(x: float, y: float, z: float, size: float, kind: str) -> list[Thing]:
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


def _house(x: float, y: float, z: float, size: float, yaw: float) -> list[Thing]:
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


def _hills(turn: float) -> Scene:
    def ground(x: Floats, z: Floats) -> Floats:
        return floats(0.42 * np.sin(0.7 * x + 0.35 * z + 1.0) + 0.32 * np.sin(0.45 * z - 0.4 * x) - 0.02 * z)

    def ridge(x: Floats, z: Floats) -> Floats:
        return floats(1.3 + 0.75 * np.sin(0.55 * x + 0.4) + 0.3 * np.sin(1.3 * x + 2) - 0.16 * (z + 11) ** 2)

    things = [
        Thing(_terrain(ground, 3.5, -8.0, 8.0), "ochre", 0.10),
        Thing(_terrain(ridge, -9.0, -13.0, 14.0), "teal", 0.4),
    ]
    for x, z, size, kind in (
        (-2.4, -0.5, 1.1, "round"),
        (2.0, 0.4, 1.0, "round"),
        (2.9, -2.2, 1.0, "poplar"),
        (3.4, -2.6, 1.1, "poplar"),
        (-0.6, -4.5, 0.9, "round"),
        (-3.6, -4.0, 1.0, "poplar"),
    ):
        things += _tree(x, float(ground(floats(x), floats(z))), z, size, kind)
    things += _house(0.4, float(ground(floats(0.4), floats(-1.6))) - 0.03, -1.6, 1.25, 24)
    return Scene(
        "hills", tuple(things), Camera(14, turn, 9.5, (0, 0.55, -1.0)), indoors=False, fill=1.0, shape=(1.14, 0.86)
    )


def _mountains(turn: float) -> Scene:
    def shore(x: Floats, z: Floats) -> Floats:
        return floats(
            0.22 * np.sin(0.8 * x + 0.4) + 0.30 * np.clip((z - 0.4) / 2, -0.6, 2.0) + 0.08 * np.sin(2.1 * x + z)
        )

    def peaks(x: Floats, z: Floats) -> Floats:
        ridge = (
            2.7 * np.exp(-(((x + 2.2) / 1.9) ** 2))
            + 2.1 * np.exp(-(((x - 2.6) / 1.5) ** 2))
            + 1.0 * np.exp(-(((x - 6) / 2) ** 2))
        )
        rough = 0.16 * np.sin(3.1 * x + 1.7 * z) + 0.10 * np.sin(5.7 * x - 2.3 * z)
        return floats((ridge + rough * (ridge > 0.2)) * np.exp(-(((z + 8.5) / 2.0) ** 2)) - 0.22)

    lake = _terrain(lambda x, z: floats(0 * x * z - 0.12), 3.0, -9.0, 10.0)
    things = [
        Thing(_terrain(peaks, -4.5, -11.0, 11.0), "teal", 0.35),
        Thing(lake, "cream", 0.08),
        Thing(_terrain(shore, 3.2, -0.6, 7.0), "leaf", 0.2),
    ]
    for x, z, size in ((-2.3, 0.9, 1.5), (-1.65, 0.5, 1.1), (2.2, 1.1, 1.6), (2.75, 0.7, 1.15), (-3.1, 0.6, 1.2)):
        things += _tree(x, float(shore(floats(x), floats(z))) - 0.05, z, size, "fir")
    sail = leaf(0.85, 0.5, bend=0.15, fold=0.1, tip=0.8).turned(20)
    hull = lofted(
        floats([0, 0.0, 0.1, 0.2, 0.2]),
        floats([0, 0.25, 0.42, 0.5, 0.0]),
        floats([0, 0.08, 0.15, 0.17, 0.0]),
        np.full(5, 2.0, np.float32),
    )
    things += [
        Thing(sail.shifted(0.35, 0.05, -2.2), "cream", 0.02),
        Thing(hull.turned(15).shifted(0.35, -0.14, -2.2), "clay", 0.6),
    ]
    return Scene(
        "mountains", tuple(things), Camera(9, turn, 9.0, (0, 0.75, -1.0)), indoors=False, fill=1.0, shape=(1.14, 0.86)
    )


_SCENES: dict[str, Callable[[float], Scene]] = {
    "tea": _tea,
    "branches": _branches,
    "fruit": _fruit,
    "shelf": _shelf,
    "plant": _plant,
    "evening": _evening,
    "candles": _candles,
    "pots": _pots,
    "market": _market,
    "hills": _hills,
    "mountains": _mountains,
}


def scene(name: str, turn_deg: float) -> Scene:
    """The scene called `name`, its stage turned by `turn_deg`."""
    return _SCENES[name](turn_deg)
