"""The hand "inkwell": indigo ink on warm paper, a swelling contour, hatching that follows the form, a little wash.

The hatching is laid where families of parallel planes cut the form, as an engraver does; a line swells with the dark
(compare Praun, Hoppe, Webb and Finkelstein, "Real-Time Hatching", SIGGRAPH 2001, for the doubling of line density).
"""

from __future__ import annotations

import numpy as np

from pipelines.sample_shop.arrays import Bools, Bytes, Floats, Vec3, floats, smoothstep, unit
from pipelines.sample_shop.noise import Sheets, blur
from pipelines.sample_shop.scenes import Scene
from pipelines.sample_shop.sketch import TABLE, WALL, Sketch, edges, reduced, sketched, softened

_INK = floats([26, 29, 58])
_WASH = floats([124, 134, 164])
_PAPER = floats([245, 239, 225])
_SPACING_PX = 8.6  # between hatch lines, at the doubled size drawings are made at


def drawn(scene: Scene, width: int, height: int, seed: int) -> Bytes:
    """Draws `scene` in ink. Returns sRGB [height, width, 3]."""
    w, h = 2 * width, 2 * height
    noise = Sheets(h, w, seed)
    steady = sketched(scene, w, h)
    sketch = steady.shaken(
        noise(1, 70, 2) * 2.6 + noise(3, 17) * 0.7,
        noise(2, 70, 2) * 2.6 + noise(4, 17) * 0.7,
    )
    dark = _darkness(sketch, noise)
    ink = np.maximum(_contours(sketch, dark, noise), _hatching(sketch, dark, noise))
    ink = np.maximum(ink, _spotted(sketch, noise))
    picture = _on_paper(ink, _wash(sketch, dark, noise), noise)
    return reduced(picture)


def _tones(sketch: Sketch) -> Floats:
    """Own tone of every pixel's thing, motifs included."""
    tones = floats([t.tone for t in sketch.scene.things] + [0.0, 0.02])  # TABLE is -2, WALL -1: the last two
    tones[-2], tones[-1] = 0.06, 0.03
    return tones[sketch.thing]


def _motif(sketch: Sketch) -> Bools:
    """Where a painted motif lies."""
    out = np.zeros(sketch.thing.shape, dtype=bool)
    x, y, z = (sketch.local[..., k] for k in range(3))
    for number, thing in enumerate(sketch.scene.things):
        if not thing.motif or thing.motif == "veins":
            continue
        own = sketch.thing == number
        top = float(thing.mesh.local[:, 1].max())
        if thing.motif == "bands":
            level = y / top
            hit = (
                ((level > 0.60) & (level < 0.68))
                | ((level > 0.735) & (level < 0.755))
                | ((level > 0.525) & (level < 0.545))
            )
        else:
            around = np.arctan2(x, z) * 7 / np.pi
            row = np.floor(y / (0.2 * top))
            u, v = np.mod(around + 0.5 * np.mod(row, 2), 1) - 0.5, np.mod(y / (0.2 * top), 1) - 0.5
            hit = (np.hypot(u, v) < 0.24) & (y > 0.1 * top) & (y < 0.9 * top)
        out |= own & hit
    return out


def _darkness(sketch: Sketch, noise: Sheets) -> Floats:
    """How much ink a place wants, 0..1: shade and own tone together."""
    h, w = sketch.thing.shape
    shade = 1.0 - sketch.light
    own = _tones(sketch)
    dark = 1.0 - (1.0 - 0.92 * shade**1.15) * (1.0 - 0.78 * own)
    dark = dark - 0.5 * sketch.gleam * (own > 0.2)
    wall = sketch.thing == WALL
    if sketch.scene.indoors:
        # The wall is only hinted at: a patch of tone on the shadow side of the things.
        body = softened(sketch.solid.astype(np.float32), 26)
        right = np.roll(body, 46, axis=1)
        right[:, :46] = 0
        dark = np.where(wall, 0.70 * smoothstep(0.12, 0.75, right) + 0.06 * noise(9, 120, 2), dark)
    else:
        y = np.linspace(0, 1, h, dtype=np.float32)[:, None]
        cloud = noise(9, 250, 3, 2.2)
        dark = np.where(
            wall, 0.44 * smoothstep(0.62, 0.0, np.broadcast_to(y, (h, w))) - 0.28 * smoothstep(0.05, 0.5, cloud), dark
        )
    return floats(np.clip(dark + 0.05 * noise(10, 60, 2), 0.0, 1.0))


def _contours(sketch: Sketch, dark: Floats, noise: Sheets) -> Floats:
    """Contour lines whose width swells in the shade and thins out, now and then to nothing, in the light."""
    outline, fold = edges(sketch)
    swell = 0.5 + 0.5 * noise(11, 110, 2)
    around = softened(dark, 7)
    weight = 0.30 + 0.85 * smoothstep(0.15, 0.75, around) + 0.40 * swell
    line = blur(outline * np.clip(weight, 0.25, 1.6), 1.5)
    thin = blur(fold * np.clip(weight - 0.25, 0.0, 1.0), 1.1)
    ragged = 0.02 * noise(12, 6)
    return floats(np.maximum(smoothstep(0.105, 0.155, line + ragged), 0.9 * smoothstep(0.14, 0.19, thin + ragged)))


def _family(sketch: Sketch, direction: Vec3, spare: Vec3) -> tuple[Floats, Floats]:
    """Position along a family of planes, and how fast it changes per pixel on screen."""
    d1, d2 = unit(floats(direction)), unit(floats(spare))
    normal = sketch.normal
    # Where the form lies almost parallel to the planes its lines would run apart: use the spare family there.
    flat = np.abs(normal @ d1) > 0.86
    phase = np.where(flat, sketch.stage @ d2, sketch.stage @ d1)
    d = np.where(flat[..., None], d2, d1)
    towards = sketch.camera.towards
    right = floats([1.0, 0.0, 0.0])
    up = np.cross(towards, right)
    facing = np.maximum(normal @ towards, 0.22)
    along = d @ towards
    gx = d @ right - along * (normal @ right) / facing
    gy = d @ up - along * (normal @ up) / facing
    scale = sketch.camera.distance - (sketch.near if not sketch.scene.indoors else 0.0)
    per_px = np.clip(scale, 3.0, 40.0) / sketch.camera.focal_px
    return floats(phase), floats(np.sqrt(gx * gx + gy * gy) * per_px)


def _lines(where: Bools, phase: Floats, slope: Floats, dark: Floats, start: float, layer: int, noise: Sheets) -> Floats:
    """Lines at every whole `phase` within `where`, doubled as often as the screen asks for, as wide as `dark` wants."""
    out = np.zeros(dark.shape, np.float32)
    place = np.flatnonzero(where & (dark > start - 0.12))
    phase, slope, dark = (np.maximum(a.ravel()[place], low) for a, low in ((phase, -1e9), (slope, 1e-5), (dark, 0)))
    octave = np.floor(np.log2(1.0 / (slope * _SPACING_PX)) + 0.5)
    rate = np.exp2(octave)
    phase = phase * rate
    number = np.floor(phase)
    jitter = np.mod(np.sin(number * 12.9898 + octave * 4.1 + layer) * 43758.5453, 1.0) - 0.5
    off_px = np.abs(phase - number - 0.5 + 0.16 * jitter) / (slope * rate)
    patchy, pressure = noise(21, 34, 2).ravel()[place], noise(22, 12).ravel()[place]
    want = np.clip((dark + 0.10 * jitter + 0.08 * patchy - start) / (1.0 - start), 0.0, 1.0)
    half_px = (0.62 + 2.1 * want) * np.minimum(want * 9.0, 1.0) * (0.9 + 0.22 * pressure)
    out.ravel()[place] = smoothstep(0.55, -0.55, floats(off_px - half_px)) * (half_px > 0.25)
    return out


def _hatching(sketch: Sketch, dark: Floats, noise: Sheets) -> Floats:
    """Three layers: along the form, across it, and a last one in the deepest dark."""
    h, w = dark.shape
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    wobble = noise(31, 60, 2) * 2.2
    solid = sketch.solid
    first, slope = _family(sketch, (0.30, 0.92, 0.24), (0.94, 0.10, 0.34))
    ink = _lines(solid, floats(first + wobble * 0.4 * slope), slope, dark, 0.34, 40, noise)
    second, slope = _family(sketch, (0.88, 0.36, -0.30), (0.2, 0.2, 0.96))
    ink = np.maximum(ink, _lines(solid, floats(second + wobble * 0.4 * slope), slope, dark, 0.62, 50, noise))
    one = np.ones_like(dark)
    slanted = (x * 0.64 - y * 0.77 + wobble) * 0.5
    ink = np.maximum(ink, _lines(solid, floats(slanted / 4), floats(one / 8), dark, 0.80, 60, noise))
    wall, table = sketch.thing == WALL, sketch.thing == TABLE
    if sketch.scene.indoors:
        ink = np.maximum(
            ink, _lines(wall, floats((x * 0.60 + y * 0.80 + wobble) / 9), floats(one / 9), dark, 0.20, 70, noise)
        )
        flat = floats((y + 0.06 * x + wobble) / 8)
        ink = np.maximum(ink, _lines(table, flat, floats(one / 8), dark, 0.17, 80, noise))
        ink = np.maximum(
            ink, _lines(table, floats((x * 0.55 + y * 0.83 + wobble) / 8), floats(one / 8), dark, 0.42, 85, noise)
        )
    else:
        ink = np.maximum(ink, _lines(wall, floats((y + wobble * 1.5) / 11), floats(one / 11), dark, 0.16, 90, noise))
    return floats(ink)


def _spotted(sketch: Sketch, noise: Sheets) -> Floats:
    """Solid blacks and painted motifs, brushed in with a dry edge and the gleam left white."""
    black = ((_tones(sketch) > 0.7) & sketch.solid & (sketch.gleam < 0.3)) | _motif(sketch)
    dry = 0.5 + 0.5 * noise(95, 9, 2, 3.0)
    cover = blur(black.astype(np.float32), 0.8)
    keep = smoothstep(0.97, 0.90, sketch.light * (0.82 + 0.25 * dry))
    return floats(smoothstep(0.35, 0.65, cover) * (0.25 + 0.75 * keep))


def _wash(sketch: Sketch, dark: Floats, noise: Sheets) -> Floats:
    """Diluted ink in the shade: one flat tone with a soft inner and a crisp, darker outer edge."""
    rough = 0.10 * noise(97, 40, 3)
    area = smoothstep(0.44, 0.52, softened(dark, 3) + rough) * (sketch.thing != WALL)
    area = blur(floats(area), 1.2)
    pool = np.clip(area - softened(area, 9), 0, 1)
    bloom = 1.0 + 0.25 * noise(98, 90, 3)
    return floats(np.clip((0.34 * area + 0.42 * pool) * bloom, 0, 0.8))


def _on_paper(ink: Floats, wash: Floats, noise: Sheets) -> Bytes:
    fibre = noise(99, 5, 3)
    tooth = noise(100, 8, 2)
    flow = 0.90 + 0.07 * noise(101, 80, 2)
    paper = _PAPER * (1 + 0.014 * fibre + 0.008 * noise(102, 200, 2))[..., None]
    tinted = paper + (_WASH - paper) * np.clip(wash * (1 + 0.18 * tooth), 0, 1)[..., None]
    laid = np.clip(ink * (flow - 0.10 * np.clip(tooth - 0.4, 0, 1)), 0, 1)[..., None]
    picture: Bytes = np.clip(tinted + (_INK - tinted) * laid + 0.5, 0, 255).astype(np.uint8)
    return picture
