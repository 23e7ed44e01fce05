"""A photographer's small studio: soft boxes, reflections, occlusion and the shadow on the floor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.sample_shop.arrays import Floats, blocks, floats, smoothstep, unit
from pipelines.sample_shop.mesh import Mesh
from pipelines.sample_shop.noise import bilinear, blur, enlarged
from pipelines.sample_shop.raster import Camera, Sight, rasterise

# Direction, strength, wrap (how far a large soft box reaches around the form).
_LAMPS = (
    (unit(floats([-0.62, 0.66, 0.55])), 0.80, 0.30),
    (unit(floats([0.85, 0.25, 0.42])), 0.16, 0.45),
    (unit(floats([0.25, 0.75, -0.60])), 0.22, 0.20),
)
KEY = _LAMPS[0][0]
_SHADOW_PX = 144


def irradiance(normal: Floats) -> Floats:
    """Diffuse light [K] on surfaces with stage normals [K, 3]; a white card facing the camera gets about 0.8."""
    up = normal[:, 1]
    light = 0.30 + 0.13 * up
    for direction, strength, wrap in _LAMPS:
        reach = np.maximum((normal @ direction + wrap) * (1.0 / (1 + wrap)), 0.0)
        light += strength * reach * (0.8 + 0.2 * reach)
    return floats(light)


def reflected(normal: Floats, towards: Floats, rough: Floats) -> tuple[Floats, Floats]:
    """What the studio looks like in the mirror direction [K], and Schlick's grazing term [K]."""
    facing = np.clip(normal @ towards, 0.0, 1.0)
    ray = 2.0 * facing[:, None] * normal - towards
    return environment(ray, rough), _fifth_power(1.0 - facing)


def _fifth_power(x: Floats) -> Floats:
    square = x * x
    return floats(square * square * x)


def environment(ray: Floats, rough: Floats) -> Floats:
    """Light from direction `ray` [K, 3]: pale floor, grey room, a soft box on the left and a strip on the right."""
    azimuth = np.arctan2(ray[:, 0], ray[:, 2])
    height = ray[:, 1]
    soft = 0.03 + 0.30 * rough
    room = 0.42 + 0.22 * smoothstep(-0.9, 0.1, -height) - 0.12 * smoothstep(0.2, 0.95, height)
    room = room + 0.16 * smoothstep(0.7, 1.6, np.abs(azimuth))
    box = _panel(azimuth, height, (-1.15, -0.50), (0.02, 0.80), soft) * 2.1
    strip = _panel(azimuth, height, (0.98, 1.22), (-0.25, 0.75), soft) * 1.0
    return floats(room + (box + strip) * (1.0 - 0.62 * rough))


def _panel(
    azimuth: Floats, height: Floats, across: tuple[float, float], up: tuple[float, float], soft: Floats
) -> Floats:
    x = smoothstep(across[0] - soft, across[0] + soft, azimuth) * smoothstep(
        across[1] + soft, across[1] - soft, azimuth
    )
    y = smoothstep(up[0] - soft, up[0] + soft, height) * smoothstep(up[1] + soft, up[1] - soft, height)
    return floats(x * y)


def occlusion(sight: Sight, focal_px: float) -> Floats:
    """Ambient occlusion [K] in 0..1 from depth alone: who stands in front of whom, at three distances."""
    step = max(1, sight.width // 256)
    near = sight.image(sight.near, -1e3)[::step, ::step]
    px_per_unit = focal_px / step
    angles = np.arange(8) * (2 * np.pi / 8) + 0.2
    shade = np.zeros_like(near)
    for reach, weight in ((0.06, 0.40), (0.16, 0.35), (0.36, 0.25)):
        for angle in angles:
            dx = int(np.rint(np.cos(angle) * reach * px_per_unit))
            dy = int(np.rint(np.sin(angle) * reach * px_per_unit))
            rise = np.roll(near, (dy, dx), axis=(0, 1)) - near - 0.25 * reach
            shade += weight / len(angles) * np.clip(rise / reach, 0, 1) * (rise < 4.0 * reach)
    shade = blur(floats(shade), 1.2)
    open_sky = np.clip(1.0 - 1.15 * shade, 0.0, 1.0)
    rows, columns = sight.index // sight.width, sight.index % sight.width
    return floats(bilinear(floats(open_sky), floats(columns / step - 0.4), floats(rows / step - 0.4)))


class FloorShadow:
    """Soft shadow of objects on the floor: the outline at several heights, blurred and shifted with the height."""

    def __init__(self, meshes: Sequence[Mesh], yaw_deg: float) -> None:
        points = np.concatenate([m.points for m in meshes])
        staged = Camera(0.0, yaw_deg).staged(points)
        self.floor_y = float(staged[:, 1].min())
        low, high = staged.min(axis=0), staged.max(axis=0)
        self._middle = (0.5 * (low[0] + high[0]), 0.5 * (low[2] + high[2]))
        size = float(max(high[0] - low[0], high[2] - low[2]))
        tall = float(high[1] - low[1])
        self._reach = 1.5 * (size + 0.5 * min(tall, 2.5))
        self._map = self._layers(meshes, yaw_deg, tall)

    def _layers(self, meshes: Sequence[Mesh], yaw_deg: float, tall: float) -> Floats:
        below = Camera(
            pitch_deg=-90.0,
            yaw_deg=yaw_deg,
            distance=1e4,
            focal_px=1e4 * _SHADOW_PX / self._reach,
            centre_px=(
                _SHADOW_PX / 2 - self._middle[0] * _SHADOW_PX / self._reach,
                _SHADOW_PX / 2 + self._middle[1] * _SHADOW_PX / self._reach,
            ),
        )
        seen = rasterise(meshes, below, _SHADOW_PX, _SHADOW_PX)
        clearance = seen.image(seen.stage[:, 1] - self.floor_y, 1e3)
        px = _SHADOW_PX / self._reach
        light = np.ones((_SHADOW_PX, _SHADOW_PX), np.float32)
        for height, strength in ((0.02, 0.50), (0.07, 0.30), (0.18, 0.22), (0.42, 0.20), (0.9, 0.16), (1.6, 0.10)):
            if height > tall + 0.1:
                break
            mask = (clearance < height).astype(np.float32)
            dx, dy = (sign * KEY[k] / KEY[1] * height * 0.5 * px for k, sign in ((0, -1.0), (2, 1.0)))
            mask = np.roll(mask, (round(float(dy)), round(float(dx))), axis=(0, 1))
            light *= 1.0 - strength * blur(mask, max(0.8, 0.35 * height * px))
        return light

    def light(self, camera: Camera, height: int, width: int, step: int = 4) -> Floats:
        """Light left on the floor [height, width] in 0..1, seen by `camera`, exactly 1 away from the objects."""
        rows = [self._band(camera, band, width, step) for band in blocks(height, 64)]
        return enlarged(np.concatenate(rows), height, width)

    def _band(self, camera: Camera, rows: slice, width: int, step: int) -> Floats:
        y, x = np.mgrid[rows.start : rows.stop : step, 0:width:step].astype(np.float32)
        half = step / 2
        sx, sz = camera.floor(floats(x + half), floats(y + half), self.floor_y)
        tx, tz = camera.staged(floats([camera.target]))[0, [0, 2]]
        px = _SHADOW_PX / self._reach
        mx = (sx + tx - self._middle[0]) * px + _SHADOW_PX / 2 - 0.5
        my = _SHADOW_PX / 2 - (sz + tz - self._middle[1]) * px - 0.5  # z runs up the map
        inside = (mx > 1) & (my > 1) & (mx < _SHADOW_PX - 2) & (my < _SHADOW_PX - 2)
        found = bilinear(self._map, np.where(inside, mx, 0), np.where(inside, my, 0))
        edge = np.minimum(np.minimum(mx, _SHADOW_PX - mx), np.minimum(my, _SHADOW_PX - my)) / (0.2 * _SHADOW_PX)
        fade = smoothstep(0.0, 1.0, floats(edge))
        light = np.where(inside, 1.0 - (1.0 - found) * fade, 1.0)
        return floats(1.0 - smoothstep(0.004, 0.06, floats(1.0 - light)) * (1.0 - light))
