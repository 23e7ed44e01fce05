"""Patterns on surfaces: colour and relief as functions of where on the object a pixel lies."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from pipelines.sample_shop.arrays import Floats, floats, mix, smoothstep, to_linear
from pipelines.sample_shop.materials import Material
from pipelines.sample_shop.noise import bilinear, lookup, tile


class Surface(NamedTuple):
    """Albedo [K, 3] in linear light, relief [K] in surface units, gloss factor [K]."""

    albedo: Floats
    relief: Floats
    gloss: Floats


class _Place(NamedTuple):
    """Where pixels lie: object coordinates and two coordinates along the surface."""

    x: Floats
    y: Floats
    z: Floats
    s: Floats
    t: Floats


_Painter = Callable[[_Place, Material, Floats, Floats], Surface]


def painted(material: Material, local: Floats, reach: float) -> Surface:
    """The surface of `material` at points `local` [K, 3] of a part that lies about `reach` from its axis."""
    x, y, z = (np.ascontiguousarray(local[:, k]) for k in range(3))
    mapping = material.pattern.mapping
    if mapping == "front":
        s, t = x, y
    elif mapping == "flat":
        s, t = x + 0.83 * z, y
    else:
        s, t = np.arctan2(x, z) * np.float32(reach), y
    if mapping == "open":
        radius = np.hypot(x, z)
        middle = radius < 0.85 * reach
        s, t = np.where(middle, x, s), np.where(middle, z, y + radius)
    scale = np.float32(1.0 / material.pattern.scale)
    place = _Place(x, y, z, floats(s * scale), floats(t * scale))
    a, b = to_linear(material.colour), to_linear(material.pattern.colour)
    return _PAINTERS[material.pattern.kind](place, material, a, b)


def _two(a: Floats, b: Floats, t: Floats) -> Floats:
    return floats(a + (b - a) * np.clip(t, 0, 1)[:, None])


def _flat(place: _Place) -> Floats:
    return np.zeros_like(place.x)


def _full(place: _Place) -> Floats:
    return np.ones_like(place.x)


def _plain(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    shade = 1.0 + 0.03 * lookup(tile(11, 90, 2), p.s, p.t, 160)
    return Surface(floats(a * shade[:, None]), _flat(p), _full(p))


def _speckle(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    fine = smoothstep(0.75, 0.95, lookup(tile(3, 7), p.s, p.t + 0.3 * p.z, 300))
    coarse = smoothstep(1.0, 1.12, lookup(tile(4, 15), p.s, p.t + 0.3 * p.z, 300))
    tone = 1.0 + 0.05 * lookup(tile(11, 90, 2), p.s, p.t, 200)
    albedo = _two(a, b, 0.65 * fine + 0.85 * coarse) * tone[:, None]
    return Surface(floats(albedo), floats(-0.0006 * (fine + coarse)), floats(1 - 0.4 * coarse))


def _dip(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Glaze (first colour) above a wavy edge, raw clay (second colour) below."""
    line = m.pattern.edge + 0.05 * lookup(tile(5, 170, 2), p.s, _flat(p), 190)
    below = smoothstep(0.008, -0.008, p.y - line)
    bead = np.exp(-(((p.y - line - 0.02) / 0.018) ** 2))
    grain = lookup(tile(6, 5, 2), p.s, p.t, 300)
    clay = b * (1 + 0.07 * grain)[:, None]
    glaze = a * (1 + 0.04 * lookup(tile(11, 90, 2), p.s, p.t, 200) - 0.12 * bead)[:, None]
    albedo = glaze + (clay - glaze) * below[:, None]
    return Surface(floats(albedo), floats(0.006 * (1 - below) + 0.0008 * grain * below), floats(1 - 0.9 * below))


def _rings(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Hand-painted bands around the body."""
    wobble = 0.006 * lookup(tile(5, 120, 2), p.s, _flat(p), 200)
    phase = np.mod((p.y + wobble) / (0.26 * m.pattern.scale), 1.0)
    wide = smoothstep(0.30, 0.32, phase) * smoothstep(0.58, 0.56, phase)
    thin = smoothstep(0.70, 0.715, phase) * smoothstep(0.76, 0.745, phase)
    brush = 0.9 + 0.1 * lookup(tile(8, 12, 2, 6.0), p.s, p.t, 220)
    return Surface(_two(a, b, floats(np.maximum(wide, thin) * brush)), _flat(p), _full(p))


def _stripes(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    phase = np.mod(p.s / 0.22, 1.0)
    cloth = _weave(p, m, a, a * 0.85)
    band = smoothstep(0.48, 0.50, phase) * smoothstep(0.90, 0.88, phase)
    line = smoothstep(0.2, 0.22, phase) * smoothstep(0.28, 0.26, phase)
    return Surface(
        mix(cloth.albedo, floats(cloth.albedo / a * b), floats(np.maximum(band, line))), cloth.relief, _full(p)
    )


def _flutes(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Pressed vertical flutes."""
    wave = np.cos(np.arctan2(p.x, p.z) * round(26 / m.pattern.scale))
    groove = smoothstep(0.55, 1.0, -wave)
    return Surface(
        floats(a * (1 - 0.25 * groove)[:, None]), floats(0.010 * np.sqrt(np.abs(wave + 1.0001) / 2)), _full(p)
    )


def _wood(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    k = 1.0 / m.pattern.scale
    bend = 0.10 * lookup(tile(21, 220, 2), p.x + p.z, p.y * 0.4, 120)
    ring = np.hypot((p.z + 0.9 + bend) * 1.0, (p.y - 0.35 + bend) * 1.0) * 7.0 * k
    saw = np.mod(ring + 0.25 * lookup(tile(22, 200, 2), p.x, p.y + p.z, 60), 1.0)
    early = saw**2.2
    fibre = lookup(tile(23, 5, 2, 26.0), p.x, p.y + 0.7 * p.z, 240 * k)
    albedo = _two(a, b, floats(0.15 + 0.6 * early + 0.16 * fibre))
    return Surface(albedo, floats(0.0012 * fibre), floats(0.8 + 0.2 * early))


def _weave(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Plain weave: threads over and under, of uneven thickness."""
    pitch = 2 * np.pi * 34.0
    slub = 0.35 * lookup(tile(25, 40, 2, 8.0), p.s, p.t, 200)
    over = np.sin(p.s * pitch + slub) * np.sin(p.t * pitch + slub)
    thread = 0.5 + 0.5 * over
    streak = 0.20 * lookup(tile(26, 6, 2, 16.0), p.s, p.t, 200) + 0.20 * lookup(tile(27, 6, 2, 16.0), p.t, p.s, 200)
    return Surface(_two(a, b, floats(0.55 * (1 - thread) + streak)), floats(0.0022 * thread), _full(p))


def _check(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Woven gingham: each set of threads tints half."""
    base = _weave(p, m, a, a * 0.88)
    warp = smoothstep(0.49, 0.51, np.abs(np.mod(p.s / 0.26, 1.0) - 0.5) + 0.25)
    weft = smoothstep(0.49, 0.51, np.abs(np.mod(p.t / 0.26, 1.0) - 0.5) + 0.25)
    tint = floats(0.5 * (warp + weft))
    return Surface(mix(base.albedo, floats(base.albedo / a * b), tint), base.relief, _full(p))


def _marble(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    warp = 0.16 * lookup(tile(31, 220, 3), p.s, p.t + p.z, 190)
    vein = np.abs(lookup(tile(32, 190, 3), p.s + warp, 0.6 * p.t + 0.5 * p.z + warp, 200))
    cloud = 0.5 + 0.5 * lookup(tile(33, 200, 2), p.s, p.t, 120)
    amount = 0.75 * np.exp(-((vein / 0.035) ** 2)) * cloud + 0.25 * np.exp(-((vein / 0.22) ** 2)) * cloud
    return Surface(_two(a, b, floats(amount)), _flat(p), _full(p))


def _reactive(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Running glaze: the second colour flows down from the rim and breaks on the way."""
    run = 0.16 * lookup(tile(41, 60, 3, 0.35), p.s, p.t, 200) + 0.03 * lookup(tile(42, 9, 2), p.s, p.t, 260)
    amount = smoothstep(m.pattern.edge - 0.28, m.pattern.edge + 0.28, floats(p.y + run * 1.3))
    mottle = 0.10 * lookup(tile(42, 9, 2), p.s, p.t, 240)
    return Surface(floats(_two(a, b, floats(amount)) * (1 + mottle)[:, None]), _flat(p), _full(p))


def _dots(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    row = np.floor(p.t / 0.17)
    u = np.mod(p.s / 0.2 + 0.5 * np.mod(row, 2), 1.0) - 0.5
    v = np.mod(p.t / 0.17, 1.0) - 0.5
    dot = smoothstep(0.30, 0.26, floats(np.hypot(u * 1.15, v)))
    return Surface(_two(a, b, dot), _flat(p), _full(p))


def _zigzag(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    cloth = _weave(p, m, a, a * 0.85)
    tooth = np.abs(np.mod(p.s / 0.3, 1.0) - 0.5) * 0.34
    phase = np.mod((p.t + tooth) / 0.26, 1.0)
    band = smoothstep(0.30, 0.33, phase) * smoothstep(0.62, 0.59, phase)
    return Surface(mix(cloth.albedo, floats(cloth.albedo / a * b), band), cloth.relief, _full(p))


@cache
def _sprig_tile() -> Floats:
    """A repeat of painted sprigs, [512, 512] coverage 0..1."""
    picture = Image.new("L", (1024, 1024), 0)
    draw = ImageDraw.Draw(picture)
    for cx, cy, lean in ((256, 300, 0.22), (768, 812, -0.25)):
        stem = [(cx + lean * 900 * (t - 0.5) ** 2, cy + 210 - 420 * t) for t in np.linspace(0, 1, 30)]
        draw.line(stem, fill=255, width=9)
        for k, (x, y) in enumerate(stem[5::4]):
            for side in (-1, 1):
                size = 74 - 7 * k
                tip = (x + side * size, y - size * 0.75)
                bow = (x + side * size * 0.75, y - size * 0.05)
                arch = (x + side * size * 0.22, y - size * 0.62)
                draw.polygon([(x, y), bow, tip, arch], fill=255)
        draw.ellipse([stem[-1][0] - 22, stem[-1][1] - 40, stem[-1][0] + 22, stem[-1][1] + 8], fill=255)
    for x, y in ((250, 800), (780, 250), (512, 540), (20, 540)):
        draw.ellipse([x - 16, y - 16, x + 16, y + 16], fill=255)
    return floats(np.asarray(picture.resize((512, 512), Image.Resampling.BOX))) / 255.0


def _sprigs(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    cover = bilinear(_sprig_tile(), p.s * 720.0, -p.t * 720.0)
    brush = 0.85 + 0.15 * lookup(tile(8, 14, 2), p.s, p.t, 300)
    return Surface(_two(a, b, floats(cover * brush)), _flat(p), _full(p))


def _wicker(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Basket weave: strands that alternate over and under the stakes."""
    row = np.floor(p.t / 0.06)
    across = np.mod(p.t / 0.06, 1.0) - 0.5
    along = np.sin(np.pi * (p.s / 0.12 + np.mod(row, 2)))
    strand = np.sqrt(np.maximum(1.0 - (2 * across) ** 2, 0.0))
    height = strand * (0.55 + 0.45 * along)
    fibre = lookup(tile(23, 5, 2, 26.0), p.s, p.t, 300)
    shade = np.clip(1.0 - 1.05 * height - 0.15 * fibre, 0, 1)
    return Surface(_two(a, b, floats(shade)), floats(0.012 * height), _full(p))


def _leather(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    grain = np.abs(lookup(tile(51, 9, 2), p.s, p.t + 0.4 * p.z, 300))
    wear = 0.5 + 0.4 * lookup(tile(52, 150, 3), p.s, p.t, 150)
    return Surface(
        _two(a, b, floats(0.5 * wear + 0.35 * (1 - grain))), floats(0.0018 * np.minimum(grain, 0.6)), _full(p)
    )


def _paper(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    fibre = lookup(tile(61, 6, 3, 2.5), p.x + 0.6 * p.z, p.y + 0.4 * p.z, 260)
    cloud = lookup(tile(62, 120, 2), p.s, p.t, 150)
    return Surface(_two(a, b, floats(0.25 + 0.22 * fibre + 0.15 * cloud)), floats(0.0004 * fibre), _full(p))


def _veins(p: _Place, m: Material, a: Floats, b: Floats) -> Surface:
    """Leaf: midrib and side veins; local x runs across the blade, y along it."""
    midrib = np.exp(-((p.x / 0.012) ** 2))
    side = np.mod(p.y * 9.0 - np.abs(p.x) * 9.0, 1.0)
    veins = 0.6 * smoothstep(0.16, 0.0, np.abs(side - 0.5) * 2)
    mottle = 0.06 * lookup(tile(11, 90, 2), p.x, p.y, 300)
    return Surface(
        floats(_two(a, b, floats(np.maximum(midrib, veins))) * (1 + mottle)[:, None]), floats(-0.003 * midrib), _full(p)
    )


_PAINTERS: dict[str, _Painter] = {
    "plain": _plain,
    "speckle": _speckle,
    "dip": _dip,
    "rings": _rings,
    "stripes": _stripes,
    "flutes": _flutes,
    "wood": _wood,
    "weave": _weave,
    "check": _check,
    "marble": _marble,
    "reactive": _reactive,
    "dots": _dots,
    "zigzag": _zigzag,
    "sprigs": _sprigs,
    "wicker": _wicker,
    "leather": _leather,
    "paper": _paper,
    "veins": _veins,
}
