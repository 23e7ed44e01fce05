"""What a hand needs to know before it draws: for every pixel the thing, its form and how the light falls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from pipelines.sample_shop.arrays import Bools, Bytes, Floats, Ints, floats, smoothstep
from pipelines.sample_shop.lighting import KEY, FloorShadow, occlusion
from pipelines.sample_shop.noise import blur, enlarged
from pipelines.sample_shop.raster import Camera, Sight, fitted, rasterise
from pipelines.sample_shop.scenes import Scene

WALL, TABLE = -1, -2


@dataclass(frozen=True)
class Sketch:
    """A scene seen through the camera, [H, W] each.

    Attributes:
        thing: index into the scene's things; WALL or TABLE where there is none.
        normal: [H, W, 3] stage normal.
        local: [H, W, 3] point on the thing as built.
        stage: [H, W, 3] point on the stage.
        near: nearness; background lies far behind.
        light: 0 (deep shade) to 1 (full light), cast shadows included.
        gleam: where a glossy form mirrors the lamp, 0 to 1.
        camera: the camera, fitted.
    """

    scene: Scene
    camera: Camera
    thing: Ints
    normal: Floats
    local: Floats
    stage: Floats
    near: Floats
    light: Floats
    gleam: Floats

    @property
    def solid(self) -> Bools:
        """Pixels that show a thing."""
        return self.thing >= 0

    def shaken(self, dx: Floats, dy: Floats) -> Sketch:
        """The same sketch seen through a trembling hand: every pixel looks up its neighbour (dx, dy) px away."""
        height, width = self.thing.shape
        y, x = np.mgrid[0:height, 0:width]
        rows = np.clip(y + np.rint(dy).astype(np.int32), 0, height - 1)
        columns = np.clip(x + np.rint(dx).astype(np.int32), 0, width - 1)
        flat = (rows * width + columns).ravel()

        def moved(image: Floats) -> Floats:
            return floats(np.take(image.reshape(height * width, -1), flat, axis=0).reshape(image.shape))

        return replace(
            self,
            thing=np.take(self.thing.ravel(), flat).reshape(height, width),
            normal=moved(self.normal),
            local=moved(self.local),
            stage=moved(self.stage),
            near=moved(self.near),
            light=moved(self.light),
            gleam=moved(self.gleam),
        )


def sketched(scene: Scene, width: int, height: int) -> Sketch:
    """Looks at `scene` through a picture of `width` x `height` samples."""
    meshes = [t.mesh for t in scene.things]
    if scene.indoors:
        camera = fitted(scene.camera, meshes, width, height, scene.fill, scene.lift)
    else:
        focal = 1.18 * scene.fill * min(width, height)
        camera = replace(scene.camera, focal_px=focal, centre_px=(width / 2, height * 0.56))
    sight = rasterise(meshes, camera, width, height)
    shape = (height, width)
    thing = np.full(height * width, WALL, np.int32)
    thing[sight.index] = sight.part
    light = np.ones(height * width, np.float32)
    light[sight.index] = _lit(sight, camera)
    stage = np.zeros((height * width, 3), np.float32)
    normal = np.zeros((height * width, 3), np.float32)
    normal[:, 2] = 1.0
    if scene.indoors:
        _lay_table(scene, camera, sight, thing, light, stage, normal)
    local = stage.copy()
    stage[sight.index], normal[sight.index], local[sight.index] = sight.stage, sight.normal, sight.local
    near = sight.image(sight.near, -60.0)
    gleam = np.zeros(height * width, np.float32)
    half = KEY + camera.towards
    half = half / np.linalg.norm(half)
    gleam[sight.index] = smoothstep(0.955, 0.99, sight.normal @ half)
    return Sketch(
        scene,
        camera,
        thing.reshape(shape),
        normal.reshape(height, width, 3),
        local.reshape(height, width, 3),
        stage.reshape(height, width, 3),
        near,
        light.reshape(shape),
        gleam.reshape(shape),
    )


def _lit(sight: Sight, camera: Camera) -> Floats:
    """Wrapped key light with occlusion, stretched to 0..1."""
    key = np.clip((sight.normal @ KEY + 0.35) / 1.35, 0.0, 1.0)
    sky = occlusion(sight, camera.focal_px / camera.distance)
    facing = sight.normal @ camera.towards
    return floats(np.clip((0.06 + 0.98 * key * _cast(sight, camera)) * sky * (0.86 + 0.14 * facing), 0.0, 1.0))


def _cast(sight: Sight, camera: Camera, cells: int = 300) -> Floats:
    """Share of the key light [K] that no other surface blocks: a shadow map of what the camera itself sees.

    Points hidden from the camera cast no shadow; for drawings that is enough and costs no second rasterising.
    """
    right = np.cross(floats([0.0, 1.0, 0.0]), KEY)
    right /= np.linalg.norm(right)
    up = np.cross(KEY, right)
    u, v, depth = sight.stage @ right, sight.stage @ up, sight.stage @ KEY
    low_u, low_v = float(u.min()), float(v.min())
    scale = (cells - 8) / max(float(np.ptp(u)), float(np.ptp(v)), 1e-3)
    column, row = floats((u - low_u) * scale + 3.5), floats((v - low_v) * scale + 3.5)
    nearest = np.full(cells * cells, -1e3, np.float32)
    np.maximum.at(nearest, row.astype(np.int32) * cells + column.astype(np.int32), depth)
    grid = nearest.reshape(cells, cells)
    lit = np.zeros(len(u), np.float32)
    shifts = ((0, 0), (1, 0), (0, 1), (-1, 0), (0, -1))
    for dx, dy in shifts:
        lit += grid[row.astype(np.int32) + dy, column.astype(np.int32) + dx] < depth + 6.0 / scale
    return floats(0.35 + 0.65 * lit / len(shifts))


def _lay_table(
    scene: Scene, camera: Camera, sight: Sight, thing: Ints, light: Floats, stage: Floats, normal: Floats
) -> None:
    """Fills the background with table and wall, and the shadow on the table."""
    height, width = sight.height, sight.width
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    meshes = [t.mesh for t in scene.things]
    shadow = FloorShadow(meshes, camera.yaw_deg)
    sx, sz = camera.floor(floats(x + 0.5), floats(y + 0.5), shadow.floor_y)
    back = -1.9
    table = ((sz > back) & (thing.reshape(height, width) == WALL)).ravel()
    thing[table] = TABLE
    light[table] = shadow.light(camera, height, width).ravel()[table]
    stage[:, 0], stage[:, 1], stage[:, 2] = sx.ravel(), 0.0, sz.ravel()
    wall = (sz <= back).ravel()
    scale = camera.distance / camera.focal_px
    stage[wall, 0] = ((x - camera.centre_px[0]) * scale).ravel()[wall]
    stage[wall, 1] = ((camera.centre_px[1] - y) * scale).ravel()[wall]
    stage[wall, 2] = back
    normal[table] = floats([0.0, 1.0, 0.0])


def edges(sketch: Sketch) -> tuple[Floats, Floats]:
    """Outlines [H, W]: between things or over a jump in depth, and softer folds within one thing."""
    thing, near, normal = sketch.thing, sketch.near, sketch.normal
    outline, fold = np.zeros(thing.shape, np.float32), np.zeros(thing.shape, np.float32)
    px = sketch.camera.focal_px / sketch.camera.distance
    for axis in (0, 1):
        other = np.roll(thing, -1, axis)
        apart = thing != other
        gap = np.abs(np.roll(near, -1, axis) - near)
        facing = np.maximum(np.abs(normal[..., 2]), 0.22)
        jump = (gap > 0.05 + 9.0 / (px * facing)) & ~apart
        bend = np.einsum("ijk,ijk->ij", normal, np.roll(normal, -1, axis))
        outline = np.maximum(outline, (apart | jump).astype(np.float32))
        fold = np.maximum(fold, ((bend < 0.80) & ~apart & ~jump & (thing >= 0)).astype(np.float32))
    for image in (outline, fold):
        image[-2:], image[:, -2:], image[:2], image[:, :2] = 0, 0, 0, 0
    return outline, fold


def softened(image: Floats, sigma_px: float) -> Floats:
    """Blurred at half size, for wide radii."""
    return enlarged(blur(floats(image[::2, ::2]), sigma_px / 2), *image.shape)


def reduced(picture: Bytes) -> Bytes:
    """Mean of every two by two samples."""
    out: Bytes = np.asarray(Image.fromarray(picture).reduce(2), dtype=np.uint8)
    return out
