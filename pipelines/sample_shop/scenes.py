"""What the brands' references show: still lifes, plants and landscapes, as things with a hue and a tone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats
from pipelines.sample_shop.containers import Bag
from pipelines.sample_shop.furnishings import Planter
from pipelines.sample_shop.lights import Candle, Lamp
from pipelines.sample_shop.pots import Jar, Teapot
from pipelines.sample_shop.props import (
    Hue,
    Look,
    Motif,
    Thing,
    apple,
    book,
    branch,
    house,
    lemon,
    pear,
    placed,
    terrain,
    tree,
)
from pipelines.sample_shop.raster import Camera
from pipelines.sample_shop.shapes import Bottle, Bowl, Mug, Vase
from pipelines.sample_shop.surfaces import leaf, lofted


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


def _tea(turn: float) -> Scene:
    pot: Look = {
        "body": ("clay", 0.30, ""),
        "handle": ("wood", 0.75, ""),
        "knob": ("wood", 0.75, ""),
        "lid": ("clay", 0.30, ""),
    }
    cup: Look = {"body": ("cream", 0.05, "bands"), "saucer": ("cream", 0.05, ""), "handle": ("cream", 0.05, "")}
    things = [
        *placed(Teapot(), pot, -0.35, -0.2, yaw=12),
        *placed(Mug(0.55, 0.34, 0.22, 0.03, "ear", saucer=True), cup, 0.95, 0.45, yaw=-25),
        Thing(lemon(0.19, 30).shifted(-0.9, 0, 0.75), "ochre", 0.12),
    ]
    return Scene("tea", tuple(things), Camera(15, turn, 9.0), shape=(1.14, 0.86))


def _branches(turn: float) -> Scene:
    vase = Vase(((0.30, 0.0), (0.34, 0.03), (0.60, 0.5), (0.50, 0.95), (0.2, 1.25), (0.18, 1.4), (0.24, 1.5)))
    look: Look = {"body": ("teal", 0.55, "bands")}
    things = [
        *placed(vase, look),
        *branch(3, 1.35, 11, 0.45, 10, 1.3),
        *branch(5, 1.6, 12, -0.28, -20, 1.3),
        *branch(9, 1.15, 9, -0.75, 25, 1.3),
        Thing(pear(0.24).turned(20).shifted(0.82, 0, 0.35), "ochre", 0.15),
    ]
    return Scene("branches", tuple(things), Camera(8, turn, 10.0), shape=(0.9, 1.1))


def _fruit(turn: float) -> Scene:
    bowl: Look = {"body": ("rose", 0.18, "bands")}
    things = placed(Bowl(0.95, 0.5, 0.4, 0.8), bowl)
    for k, (x, z, y, hue, tone) in enumerate(
        (
            (-0.42, 0.1, 0.22, "clay", 0.5),
            (0.12, 0.38, 0.24, "ochre", 0.16),
            (0.48, -0.1, 0.22, "clay", 0.35),
            (-0.02, -0.32, 0.34, "leaf", 0.3),
        )
    ):
        fruit = pear(0.26) if k == 3 else apple(0.30)
        things.append(Thing(fruit.turned(70.0 * k, tilt_deg=12).shifted(x, y, z), hue, tone))  # type: ignore[arg-type]
    things.append(Thing(apple(0.28).turned(0, tilt_deg=20).shifted(1.25, 0, 0.35), "clay", 0.4))
    things.append(Thing(lemon(0.2, -20).shifted(-1.15, 0, 0.55), "ochre", 0.12))
    return Scene("fruit", tuple(things), Camera(20, turn, 9.0), shape=(1.14, 0.86))


def _shelf(turn: float) -> Scene:
    things = [
        *placed(
            Bottle(1.9, 0.36, 0.13, 0.7, cap="cork"),
            {"body": ("leaf", 0.55, ""), "cap": ("wood", 0.3, "")},
            -0.95,
            -0.2,
        ),
        *placed(
            Jar(1.0, 0.42),
            {"body": ("cream", 0.05, "dots"), "lid": ("wood", 0.5, ""), "knob": ("wood", 0.5, "")},
            -0.05,
            0.1,
        ),
        *placed(Mug(0.8, 0.36, 0.34), {"body": ("clay", 0.35, "")}, 0.92, 0.15, yaw=-15),
        *placed(
            Vase(((0.24, 0.0), (0.30, 0.03), (0.40, 0.32), (0.32, 0.66), (0.12, 0.88), (0.10, 1.15), (0.14, 1.25))),
            {"body": ("night", 0.85, "")},
            0.55,
            -0.6,
        ),
    ]
    return Scene("shelf", tuple(things), Camera(9, turn, 10.0), fill=0.84)


def _plant(turn: float) -> Scene:
    look: Look = {
        "body": ("clay", 0.25, "bands"),
        "soil": ("night", 0.8, ""),
        "leaf": ("leaf", 0.45, "veins"),
        "stem": ("wood", 0.6, ""),
    }
    things = [
        *placed(Planter("rubber", seed=7), look),
        *book(0.9, 0.16, 0.65, "teal", 0.6, 0.0, 20, 0.95, 0.3),
        *book(0.75, 0.13, 0.55, "rose", 0.25, 0.16, 34, 0.95, 0.3),
    ]
    return Scene("plant", tuple(things), Camera(12, turn, 9.0), shape=(0.9, 1.1))


def _evening(turn: float) -> Scene:
    lamp: Look = {
        "body": ("teal", 0.5, ""),
        "base": ("teal", 0.5, "bands"),
        "shade": ("cream", 0.04, ""),
        "stem": ("wood", 0.7, ""),
    }
    things = [
        *placed(Lamp(), lamp, -0.3, -0.2),
        *book(1.0, 0.18, 0.7, "clay", 0.45, 0.0, -18, 0.85, 0.35),
        *book(0.85, 0.12, 0.6, "night", 0.85, 0.18, 8, 0.85, 0.35),
        *placed(Mug(0.5, 0.24, 0.22), {"body": ("ochre", 0.15, "")}, 0.85, 0.35, y=0.30, yaw=-20),
    ]
    return Scene("evening", tuple(things), Camera(10, turn, 10.0), shape=(0.9, 1.1))


def _candles(turn: float) -> Scene:
    look: Look = {
        "body": ("cream", 0.06, ""),
        "wax": ("cream", 0.05, ""),
        "wax2": ("rose", 0.25, ""),
        "wax3": ("clay", 0.5, ""),
        "wick": ("night", 0.9, ""),
    }
    things = [
        *placed(Candle("trio", 1.05, 0.34), look),
        Thing(pear(0.25).shifted(-1.1, 0, 0.5), "leaf", 0.3),
        Thing(apple(0.24).shifted(1.1, 0, 0.6), "ochre", 0.2),
    ]
    return Scene("candles", tuple(things), Camera(14, turn, 9.0), fill=0.86, shape=(1.14, 0.86))


def _pots(turn: float) -> Scene:
    def look(pot: Hue, tone: float, motif: Motif) -> Look:
        return {
            "body": (pot, tone, motif),
            "soil": ("night", 0.8, ""),
            "leaf": ("leaf", 0.42, ""),
            "stem": ("wood", 0.6, ""),
        }

    things = [
        *placed(Planter("cactus", 0.55, 0.42), look("ochre", 0.15, "bands"), -0.95, 0.1),
        *placed(Planter("succulent", 0.5, 0.42, 3), look("clay", 0.35, ""), 0.05, 0.4),
        *placed(Planter("snake", 0.7, 0.42, 5), look("cream", 0.05, "dots"), 0.95, -0.2),
    ]
    return Scene("pots", tuple(things), Camera(13, turn, 9.0), shape=(1.14, 0.86))


def _market(turn: float) -> Scene:
    basket: Look = {"body": ("ochre", 0.28, "bands"), "strap": ("wood", 0.65, "")}
    things = [
        *placed(Bag("basket", 1.5, 0.95), basket, -0.2),
        Thing(lemon(0.2, 25).shifted(0.95, 0, 0.55), "ochre", 0.12),
        Thing(apple(0.25).shifted(1.15, 0, 0.05), "clay", 0.45),
        *placed(
            Bottle(1.7, 0.30, 0.11, 0.65, cap="cork"),
            {"body": ("leaf", 0.6, ""), "cap": ("wood", 0.3, "")},
            -0.45,
            -0.1,
            y=0.2,
        ),
        *[Thing(t.mesh.shifted(0.15, 0, 0.1), t.hue, t.tone, t.motif) for t in branch(4, 1.2, 12, 0.5, 30, 0.5)],
    ]
    return Scene("market", tuple(things), Camera(12, turn, 9.0))


def _hills(turn: float) -> Scene:
    def ground(x: Floats, z: Floats) -> Floats:
        return floats(0.42 * np.sin(0.7 * x + 0.35 * z + 1.0) + 0.32 * np.sin(0.45 * z - 0.4 * x) - 0.02 * z)

    def ridge(x: Floats, z: Floats) -> Floats:
        return floats(1.3 + 0.75 * np.sin(0.55 * x + 0.4) + 0.3 * np.sin(1.3 * x + 2) - 0.16 * (z + 11) ** 2)

    things = [
        Thing(terrain(ground, 6.2, -8.0, 8.0), "ochre", 0.10),
        Thing(terrain(ridge, -9.0, -13.0, 14.0), "teal", 0.4),
    ]
    for x, z, size, kind in (
        (-2.4, -0.5, 1.1, "round"),
        (2.0, 0.4, 1.0, "round"),
        (2.9, -2.2, 1.0, "poplar"),
        (3.4, -2.6, 1.1, "poplar"),
        (-0.6, -4.5, 0.9, "round"),
        (-3.6, -4.0, 1.0, "poplar"),
    ):
        things += tree(x, float(ground(floats(x), floats(z))), z, size, kind)
    things += house(0.4, float(ground(floats(0.4), floats(-1.6))) - 0.03, -1.6, 1.25, 24)
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

    lake = terrain(lambda x, z: floats(0 * x * z - 0.12), 3.0, -9.0, 10.0)
    things = [
        Thing(terrain(peaks, -4.5, -11.0, 11.0), "teal", 0.35),
        Thing(lake, "cream", 0.08),
        Thing(terrain(shore, 6.4, -0.6, 7.0), "leaf", 0.2),
    ]
    for x, z, size in ((-2.3, 0.9, 1.5), (-1.65, 0.5, 1.1), (2.2, 1.1, 1.6), (2.75, 0.7, 1.15), (-3.1, 0.6, 1.2)):
        things += tree(x, float(shore(floats(x), floats(z))) - 0.05, z, size, "fir")
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
