"""Product photographs: shades what the rasteriser sees and stands it on a white, coloured or absent background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.sample_shop.arrays import Bytes, Floats, blocks, floats, smoothstep, to_linear, to_srgb, unit
from pipelines.sample_shop.labels import Label, printed
from pipelines.sample_shop.lighting import FloorShadow, irradiance, occlusion, reflected
from pipelines.sample_shop.materials import Material, Rgb
from pipelines.sample_shop.mesh import Mesh
from pipelines.sample_shop.noise import Sheets
from pipelines.sample_shop.patterns import painted
from pipelines.sample_shop.raster import Camera, Sight, fitted, rasterise


@dataclass(frozen=True)
class Part:
    """One named surface of a product; the product's finishes say what it is made of."""

    name: str
    mesh: Mesh


@dataclass(frozen=True)
class View:
    """From where a product is photographed. `fill` is its share of the picture."""

    name: str
    yaw_deg: float
    pitch_deg: float
    fill: float = 0.78


@dataclass(frozen=True)
class Photograph:
    """A rendered picture: sRGB [H, W, 3] and coverage [H, W], both 8 bit."""

    rgb: Bytes
    alpha: Bytes


def photograph(
    parts: Sequence[Part],
    finishes: Mapping[str, Material],
    labels: Sequence[Label],
    view: View,
    size_px: int,
    backdrop: Rgb | None,
) -> Photograph:
    """Photographs a product.

    Args:
        parts: surfaces.
        finishes: material of every part name.
        labels: prints on parts.
        view: camera position.
        size_px: side of the square picture.
        backdrop: colour of the seamless paper, (255, 255, 255) for pure white; None for no background and no shadow.
    """
    side = 2 * size_px  # four samples a pixel
    meshes = [p.mesh for p in parts]
    camera = fitted(Camera(view.pitch_deg, view.yaw_deg), meshes, side, side, view.fill)
    picture = _background(meshes, camera, view, side, backdrop)
    cover = np.zeros(side * side, np.float32)
    nearest = np.full(side * side, -np.inf, np.float32)
    flat = picture.reshape(-1, 3)
    solid = [p for p in parts if not finishes[p.name].glass]
    clear = [p for p in parts if finishes[p.name].glass]
    if solid:
        sight = rasterise([p.mesh for p in solid], camera, side, side)
        flat[sight.index] = _shaded(sight, solid, finishes, labels, camera)
        cover[sight.index] = 1.0
        nearest[sight.index] = sight.near
    if clear:
        sight = rasterise([p.mesh for p in clear], camera, side, side)
        seen = sight.near > nearest[sight.index]
        looked = _through_glass(sight, clear, finishes, labels, camera, flat[sight.index])
        flat[sight.index[seen]] = _shoulder(looked[seen])
        cover[sight.index] = 1.0
    return _developed(picture, cover.reshape(side, side), opaque=backdrop is not None)


def _background(meshes: Sequence[Mesh], camera: Camera, view: View, side: int, backdrop: Rgb | None) -> Floats:
    if backdrop is None:
        return np.full((side, side, 3), 0.8, np.float32)
    light = FloorShadow(meshes, view.yaw_deg).light(camera, side, side)
    if backdrop == (255, 255, 255):
        # A cool shadow: it takes a little less of the blue.
        return floats(light[..., None] + (light * (1.0 - light))[..., None] * floats([0.0, 0.015, 0.03]))
    up = np.linspace(1.0, 0.0, side, dtype=np.float32)[:, None]
    across = np.linspace(-1.0, 1.0, side, dtype=np.float32)[None, :]
    # Seamless paper: bright where the floor faces the lamp, darker as it curves up the wall.
    tone = 1.06 - 0.13 * smoothstep(0.35, 0.95, up) - 0.06 * (across - 0.1) ** 2 - 0.03 * smoothstep(0.3, 0.0, up)
    grain = 1.0 + 0.006 * Sheets(side, side, 1)(71, 4, 2)
    return floats(to_linear(backdrop) * (tone * light * grain)[..., None])


def _shaded(
    sight: Sight, parts: Sequence[Part], finishes: Mapping[str, Material], labels: Sequence[Label], camera: Camera
) -> Floats:
    """Linear colour [K, 3] of opaque pixels."""
    count = len(sight.index)
    albedo, relief = np.empty((count, 3), np.float32), np.zeros(count, np.float32)
    gloss, metal, glow = (np.zeros(count, np.float32) for _ in range(3))
    for number, part in enumerate(parts):
        everywhere = np.flatnonzero(sight.part == number)
        material, local = finishes[part.name], part.mesh.local
        reach = max(0.05, float(np.percentile(np.hypot(local[:, 0], local[:, 2]), 75)))
        metal[everywhere], glow[everywhere] = float(material.metal), material.glow
        for block in blocks(len(everywhere)):
            own = everywhere[block]
            surface = painted(material, sight.local[own], reach)
            colour, shine = surface.albedo, material.gloss * surface.gloss
            for label in labels:
                if label.part == part.name:
                    colour, cover = printed(label, sight.local[own], colour)
                    shine = shine * (1 - 0.6 * cover)
            albedo[own], relief[own], gloss[own] = colour, surface.relief, shine
    normal = _embossed(sight, relief, camera)
    sky = occlusion(sight, camera.focal_px / camera.distance)
    above = sight.stage[:, 1] - sight.stage[:, 1].min()
    for block in blocks(count):
        contact = 1.0 - 0.30 * np.exp(above[block] * -10.0) * smoothstep(0.6, -0.4, normal[block, 1])
        light = floats(sky[block] * contact)
        albedo[block] = _lit(albedo[block], normal[block], light, gloss[block], metal[block], glow[block], camera)
    return albedo


def _lit(
    albedo: Floats, normal: Floats, sky: Floats, gloss: Floats, metal: Floats, glow: Floats, camera: Camera
) -> Floats:
    """Linear colour [K, 3] under the studio's lamps; `sky` is the share of light that reaches the place."""
    mirror, grazing = reflected(normal, camera.towards, floats(1.0 - gloss))
    base = np.where(metal > 0, 0.0, 0.045 * gloss)
    fresnel = (base + (0.55 * gloss * np.sqrt(gloss)) * grazing) * (1 - metal)
    # Light that bounces between walls takes on their colour: it keeps shaded colour from going grey.
    body = irradiance(normal) * (1 - metal) * (1 - fresnel) * sky
    bounce = body * (1 - sky) * 0.42
    own = body + mirror * metal * 1.15 * sky + glow
    colour = albedo * (own[:, None] + albedo * bounce[:, None])
    colour += (mirror * fresnel * np.sqrt(sky))[:, None]
    return _shoulder(floats(colour))


def _embossed(sight: Sight, relief: Floats, camera: Camera) -> Floats:
    """Tilts normals by the slope of the relief as seen on screen."""
    if not relief.any():
        return sight.normal
    height = sight.image(relief, 0.0)
    part = sight.image(floats(sight.part), -1.0)
    px_per_unit = camera.focal_px / camera.distance
    rise_x = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) * (np.roll(part, -1, 1) == np.roll(part, 1, 1))
    rise_y = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) * (np.roll(part, -1, 0) == np.roll(part, 1, 0))
    slope_x = np.clip(rise_x.ravel()[sight.index] * px_per_unit * 0.5, -0.7, 0.7)
    slope_y = np.clip(rise_y.ravel()[sight.index] * px_per_unit * 0.5, -0.7, 0.7)
    pitch = np.radians(camera.pitch_deg)
    up = floats([0.0, np.cos(pitch), -np.sin(pitch)])
    right = floats([1.0, 0.0, 0.0])
    return unit(floats(sight.normal - slope_x[:, None] * right + slope_y[:, None] * up))


def _through_glass(
    sight: Sight,
    parts: Sequence[Part],
    finishes: Mapping[str, Material],
    labels: Sequence[Label],
    camera: Camera,
    behind: Floats,
) -> Floats:
    """Linear colour of glass over what lies behind it: tint by path, dark rims, two reflections."""
    tint = np.empty((len(sight.index), 3), np.float32)
    for number, part in enumerate(parts):
        tint[sight.part == number] = to_linear(finishes[part.name].colour)
    facing = np.clip(sight.normal @ camera.towards, 0.05, 1.0)
    path = 0.62 + 0.55 / np.maximum(facing, 0.28)
    rim = 1.0 - 0.62 * (1.0 - facing) ** 2.6
    body = behind * tint ** floats(path)[:, None] * rim[:, None]
    smooth = np.full(len(facing), 0.02, np.float32)
    mirror, grazing = reflected(sight.normal, camera.towards, smooth)
    back = sight.normal * floats([-1.0, 0.6, 1.0])
    inner, _ = reflected(back, camera.towards, smooth + 0.15)
    glint = np.maximum(mirror - 0.55, 0.0) * 0.28 + mirror * 0.35 * grazing
    colour = body + glint[:, None] + tint * (np.maximum(inner - 0.6, 0.0) * 0.16)[:, None]
    for number, part in enumerate(parts):
        for label in labels:
            if label.part == part.name:
                own = np.flatnonzero(sight.part == number)
                paper = np.zeros((len(own), 3), np.float32)
                ground, cover = printed(label, sight.local[own], paper)
                ink = ground / np.maximum(cover, 1e-3)[:, None]
                lit = ink * irradiance(sight.normal[own])[:, None]
                colour[own] += (lit - colour[own]) * cover[:, None]
    return floats(colour)


def _shoulder(light: Floats) -> Floats:
    """Rolls highlights off softly: identity below 0.8, never above 1."""
    over = np.maximum(light - 0.8, 0.0)
    return floats(np.minimum(light, 0.8) + 0.2 * over / (over + 0.2))


def _quartered(image: Floats) -> Floats:
    """Mean of every two by two samples."""
    rows = image[0::2] + image[1::2]
    return floats(0.25 * (rows[:, 0::2] + rows[:, 1::2]))


def _developed(picture: Floats, cover: Floats, *, opaque: bool) -> Photograph:
    """Reduces four samples to one pixel; white stays exactly white."""
    share = _quartered(cover)
    if opaque:
        linear = _quartered(np.minimum(picture, 1.0))
    else:
        linear = floats(_quartered(picture * cover[..., None]) / np.maximum(share, 1e-3)[..., None])
    rgb = (to_srgb(floats(linear)) * 255.0 + 0.5).astype(np.uint8)
    if not opaque:
        rgb[share == 0] = 0
    return Photograph(rgb, (share * 255.0 + 0.5).astype(np.uint8))
