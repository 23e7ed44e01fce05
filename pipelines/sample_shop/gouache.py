"""The hand "gouache": few warm colours in three flat steps, bristle marks along the form, washed grounds, rough paper.

Bristle marks are noise smeared along the brush direction (Cabral and Leedom, "Imaging Vector Fields Using Line Integral
Convolution", SIGGRAPH 1993).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipelines.sample_shop.arrays import Bytes, Floats, floats, smoothstep
from pipelines.sample_shop.noise import Sheets, blur, enlarged
from pipelines.sample_shop.props import Hue
from pipelines.sample_shop.scenes import Scene
from pipelines.sample_shop.sketch import TABLE, WALL, Sketch, edges, reduced, sketched

_PAPER = floats([247, 238, 220])
_GROUND = floats([232, 176, 128])  # the warm underpainting that shows between the shapes
_LIGHT = floats([253, 240, 212])

# Shade, body colour, light of every hue.
_PALETTE: Mapping[Hue, tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]] = {
    "clay": ((142, 58, 44), (201, 92, 60), (228, 134, 92)),
    "ochre": ((186, 122, 52), (226, 168, 72), (244, 204, 116)),
    "cream": ((206, 166, 138), (240, 216, 184), (252, 238, 212)),
    "leaf": ((72, 84, 62), (122, 134, 82), (172, 174, 112)),
    "teal": ((58, 84, 92), (98, 130, 128), (150, 172, 160)),
    "rose": ((170, 88, 84), (220, 140, 122), (242, 186, 162)),
    "night": ((52, 42, 54), (80, 64, 74), (122, 98, 98)),
    "wood": ((96, 58, 46), (142, 92, 62), (184, 130, 88)),
}
# Wall and table of each picture, by turns.
_GROUNDS = (
    ((238, 196, 158), (222, 158, 122)),
    ((226, 204, 170), (206, 150, 116)),
    ((240, 206, 180), (196, 126, 98)),
    ((214, 192, 156), (232, 178, 132)),
)


def drawn(scene: Scene, width: int, height: int, seed: int) -> Bytes:
    """Paints `scene` in gouache. Returns sRGB [height, width, 3]."""
    w, h = 2 * width, 2 * height
    noise = Sheets(h, w, seed)
    steady = sketched(scene, w, h)
    sketch = steady.shaken(
        noise(201, 90, 2) * 2.4 + noise(202, 14, 2) * 1.1,
        noise(203, 90, 2) * 2.4 + noise(204, 14, 2) * 1.1,
    )
    bristle = _bristles(sketch, noise)
    colour = _steps(sketch, bristle, noise)
    ground = _background(sketch, bristle, noise, seed)
    colour = np.where(sketch.solid[..., None], colour, ground)
    colour = _marks(sketch, colour, bristle)
    colour = _seams(sketch, colour, noise)
    picture = _on_paper(colour, bristle, noise)
    return reduced(picture)


def _bristles(sketch: Sketch, noise: Sheets) -> Floats:
    """Streaks [H, W], about -1..1: noise smeared along the direction in which a brush would follow the form."""
    small = sketch.normal[::2, ::2]
    thing = sketch.thing[::2, ::2]
    h, w = thing.shape
    across = floats([1.0, 0.0, 0.0]) - small * small[..., :1]
    around = np.cross(small, floats([0.0, 1.0, 0.0]))
    along = np.where((thing % 2 == 0)[..., None], around, np.cross(small, around) + 0.4 * across)
    level = np.abs(small[..., 1:2]) > 0.93  # the tops of things have no way around: brush them crosswise
    along = np.where(level, floats([1.0, 0.0, -0.35]), along)
    up = np.cross(sketch.camera.towards, floats([1.0, 0.0, 0.0]))
    dx, dy = along[..., 0], -(along @ up)
    drift = Sheets(h, w, noise.seed)(205, 150, 2)
    wall, table = thing == WALL, thing == TABLE
    angle = np.where(wall, 0.9 + 1.5 * drift, 0.12 * drift)
    dx, dy = (np.where(wall | table, f(angle), d) for f, d in ((np.cos, dx), (np.sin, dy)))
    size = np.maximum(np.hypot(dx, dy), 1e-4)
    dx, dy = floats(dx / size), floats(dy / size)
    grain = Sheets(h, w, noise.seed)(206, 3.2, 1)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    total = grain.copy()
    for sign in (1.0, -1.0):
        px, py = x.copy(), y.copy()
        for _ in range(8):
            r = np.clip(py + 0.5, 0, h - 1).astype(np.int32)
            c = np.clip(px + 0.5, 0, w - 1).astype(np.int32)
            px += sign * 1.7 * dx[r, c]
            py += sign * 1.7 * dy[r, c]
            total += grain[np.clip(py + 0.5, 0, h - 1).astype(np.int32), np.clip(px + 0.5, 0, w - 1).astype(np.int32)]
    total /= 2.2 * float(total.std()) + 1e-6
    return enlarged(total, 2 * h, 2 * w)


def _steps(sketch: Sketch, bristle: Floats, noise: Sheets) -> Floats:
    """Body colours in three flat steps; the bristles fray the border between two steps."""
    palette = floats([_PALETTE[t.hue] for t in sketch.scene.things] + [_PALETTE["cream"]] * 2)
    light = sketch.light + 0.13 * bristle + 0.08 * noise(207, 40, 2)
    lit, full = smoothstep(0.25, 0.31, light)[..., None], smoothstep(0.60, 0.67, light)[..., None]
    shade, body, bright = (palette[sketch.thing, k] for k in range(3))
    colour = shade + (body - shade) * lit
    colour = colour + (bright - colour) * full
    dab = smoothstep(0.42, 0.60, sketch.gleam + 0.18 * bristle)
    return floats(colour + (_LIGHT - colour) * (0.75 * dab)[..., None])


def _background(sketch: Sketch, bristle: Floats, noise: Sheets, seed: int) -> Floats:
    """Wall and table, or sky: a wash that runs from one colour to another and dries with darker rims."""
    h, w = sketch.thing.shape
    y = np.broadcast_to(np.linspace(0, 1, h, dtype=np.float32)[:, None], (h, w))
    run = y + 0.16 * noise(208, 260, 2) + 0.05 * bristle
    if not sketch.scene.indoors:
        low, high = floats([252, 226, 184]), floats([226, 150, 116] if seed % 2 else [168, 178, 164])
        sky = high + (low - high) * smoothstep(0.02, 0.52, floats(run))[..., None]
        cloud = smoothstep(0.25, 0.36, noise(209, 230, 3, 2.6) + 0.14 * bristle + 0.35 * (0.45 - y))
        return floats(sky + (_LIGHT - sky) * (0.8 * cloud)[..., None])
    wall, table = (floats(c) for c in _GROUNDS[seed % len(_GROUNDS)])
    pale = wall + (_PAPER - wall) * 0.45
    colour = pale + (wall - pale) * smoothstep(0.05, 0.75, floats(run))[..., None]
    light = sketch.light + 0.10 * bristle
    board = table * (0.66 + 0.34 * smoothstep(0.55, 0.63, floats(light)))[..., None]
    board = board + (_LIGHT - board) * (0.16 * smoothstep(0.5, 0.9, bristle + 0.5 * noise(210, 70, 2)))[..., None]
    return floats(np.where((sketch.thing == TABLE)[..., None], board, colour))


def _marks(sketch: Sketch, colour: Floats, bristle: Floats) -> Floats:
    """Painted motifs: bands, dots and leaf ribs in a second colour."""
    x, y, z = (sketch.local[..., k] for k in range(3))
    for number, thing in enumerate(sketch.scene.things):
        if not thing.motif:
            continue
        own = sketch.thing == number
        top = float(thing.mesh.local[:, 1].max())
        level = y / top + 0.006 * bristle
        if thing.motif == "bands":
            hit = smoothstep(0.055, 0.047, np.abs(level - 0.66)) + smoothstep(0.016, 0.010, np.abs(level - 0.54))
            paint = floats(_PALETTE["cream" if thing.hue in ("clay", "teal", "rose") else "clay"][1])
        elif thing.motif == "dots":
            row = np.floor(level / 0.2)
            u = np.mod(np.arctan2(x, z) * 7 / np.pi + 0.5 * np.mod(row, 2), 1) - 0.5
            hit = smoothstep(0.27, 0.22, floats(np.hypot(u, np.mod(level / 0.2, 1) - 0.5)))
            paint = floats(_PALETTE["clay"][1])
        else:
            side = np.abs(np.mod(y * 9 - np.abs(x) * 8, 1) - 0.5)
            hit = np.maximum(smoothstep(0.017, 0.009, np.abs(x)), 0.55 * smoothstep(0.14, 0.08, floats(side)))
            paint = floats(_PALETTE["leaf"][2])
        shaded = paint * (0.68 + 0.32 * smoothstep(0.25, 0.45, sketch.light))[..., None]
        cover = np.clip(hit, 0, 1) * own * (0.86 + 0.14 * np.clip(bristle + 0.6, 0, 1))
        colour = colour + (shaded - colour) * cover[..., None]
    return floats(colour)


def _seams(sketch: Sketch, colour: Floats, noise: Sheets) -> Floats:
    """Where two shapes meet, the brush stops short and the underpainting shows; elsewhere a soft dark line."""
    outline, fold = edges(sketch)
    seam = np.clip(blur(outline, 1.5) * 5.0, 0, 1)
    gap = smoothstep(0.05, 0.40, noise(211, 60, 2)) * smoothstep(0.45, 0.80, seam)
    dark = smoothstep(0.15, 0.55, noise(212, 80, 2)) * smoothstep(
        0.40, 0.75, np.clip(blur(outline + 0.8 * fold, 1.1) * 4.0, 0, 1)
    )
    colour = colour + (_GROUND * 1.06 - colour) * (0.85 * gap)[..., None]
    return floats(colour + (floats([88, 50, 46]) - colour) * (0.62 * dark * sketch.solid)[..., None])


def _on_paper(colour: Floats, bristle: Floats, noise: Sheets) -> Bytes:
    """Bristle relief, granulation, and a rough unpainted margin."""
    h, w = bristle.shape
    tooth, cloud = noise(213, 7, 2), noise(214, 110, 3)
    colour = colour * (1 + 0.045 * bristle + 0.022 * tooth + 0.03 * cloud)[..., None]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    inset = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) / min(h, w)
    ragged = inset + 0.007 * noise(215, 60, 2) + 0.006 * bristle
    painted = smoothstep(0.030, 0.037, floats(ragged))
    dry = smoothstep(0.85, 1.15, 0.8 * bristle + 0.8 * tooth) * smoothstep(0.16, 0.03, floats(inset))
    rim = np.exp(-(((ragged - 0.041) / 0.006) ** 2))
    paper = _PAPER * (1 + 0.012 * tooth)[..., None]
    laid = colour * (1 - 0.07 * rim)[..., None]
    cover = painted * (1 - 0.55 * dry)
    picture: Bytes = np.clip(paper + (laid - paper) * cover[..., None] + 0.5, 0, 255).astype(np.uint8)
    return picture
