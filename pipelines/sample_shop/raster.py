"""Rasteriser: meshes to a buffer of what each pixel sees, in plain numpy.

Triangles are small and of similar size, so they are sorted into buckets by the size of their bounding square and every
bucket is tested against its pixels in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.sample_shop.arrays import Floats, Ints, Vec3, blocks, floats, unit
from pipelines.sample_shop.mesh import Mesh, rotation

_SIDES = np.array((3, 4, 6, 8, 11, 16, 24, 36, 60, 110, 220, 450, 900, 2000))
_MAX_TESTS = 120_000


@dataclass(frozen=True)
class Camera:
    """A camera looking at `target` from `distance` away, `pitch_deg` above the horizon.

    `yaw_deg` turns the stage (not the lights), `focal_px` scales, `centre_px` is where the target lands.
    """

    pitch_deg: float
    yaw_deg: float = 0.0
    distance: float = 14.0
    target: Vec3 = (0.0, 0.0, 0.0)
    focal_px: float = 1.0
    centre_px: tuple[float, float] = (0.0, 0.0)

    def staged(self, vectors: Floats) -> Floats:
        """Turns vectors [N, 3] with the stage."""
        return floats(vectors @ rotation(self.yaw_deg).T)

    def project(self, points: Floats) -> Floats:
        """World points [N, 3] to (x_px, y_px, nearness)."""
        view = self.staged(points - floats(self.target)) @ rotation(0.0, self.pitch_deg).T
        scale = self.focal_px / np.maximum(self.distance - view[:, 2], 0.05)
        x = self.centre_px[0] + view[:, 0] * scale
        y = self.centre_px[1] - view[:, 1] * scale
        return floats(np.stack([x, y, view[:, 2]], axis=1))

    @property
    def towards(self) -> Floats:
        """Unit vector from the target to the camera, in stage axes."""
        pitch = np.radians(self.pitch_deg)
        return floats([0.0, np.sin(pitch), np.cos(pitch)])

    def floor(self, x_px: Floats, y_px: Floats, height: float) -> tuple[Floats, Floats]:
        """Where the rays through pixels meet the plane y = `height`: stage (x, z) relative to the target."""
        inverse = rotation(0.0, self.pitch_deg)  # view = R stage, so stage = R^T view
        rays = np.stack(
            [
                (x_px - self.centre_px[0]) / self.focal_px,
                -(y_px - self.centre_px[1]) / self.focal_px,
                np.full_like(x_px, -1.0),
            ],
            axis=-1,
        )
        rays = rays @ inverse
        eye = floats([0.0, 0.0, self.distance]) @ inverse
        drop = np.where(rays[..., 1] < -1e-4, rays[..., 1], -1e-4)
        t = (height - self.target[1] - eye[1]) / drop
        return floats(eye[0] + t * rays[..., 0]), floats(eye[2] + t * rays[..., 2])


def fitted(camera: Camera, meshes: Sequence[Mesh], width: int, height: int, fill: float, lift: float = 0.0) -> Camera:
    """The camera scaled and centred so that `meshes` fill the share `fill` of the picture's smaller side."""
    points = np.concatenate([m.points[:: max(1, len(m.points) // 4000)] for m in meshes])
    seen = replace(camera, focal_px=1.0, centre_px=(0.0, 0.0)).project(points)
    low, high = seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
    focal = float(fill * min(width / (high[0] - low[0]), height / (high[1] - low[1])))
    middle = 0.5 * (low + high) * focal
    return replace(
        camera,
        focal_px=focal,
        centre_px=(float(width / 2 - middle[0]), float(height * (0.5 - lift) - middle[1])),
    )


@dataclass(frozen=True)
class Sight:
    """What the covered pixels see. K covered pixels of a picture of `height` x `width`.

    Attributes:
        index: [K] flat pixel index, ascending.
        part: [K] which mesh.
        local: [K, 3] position on the mesh as built.
        normal: [K, 3] unit normal in stage axes, facing the camera.
        stage: [K, 3] position relative to the camera's target, in stage axes.
        near: [K] nearness; larger is closer.
    """

    height: int
    width: int
    index: Ints
    part: Ints
    local: Floats
    normal: Floats
    stage: Floats
    near: Floats

    def image(self, values: Floats, fill: float) -> Floats:
        """Spreads per-pixel values [K] over the picture [H, W]."""
        out = np.full(self.height * self.width, fill, np.float32)
        out[self.index] = values
        return out.reshape(self.height, self.width)


def rasterise(meshes: Sequence[Mesh], camera: Camera, width: int, height: int) -> Sight:
    """Finds the nearest surface at the centre of every pixel."""
    points = np.concatenate([m.points for m in meshes])
    normals = camera.staged(np.concatenate([m.normals for m in meshes]))
    local = np.concatenate([m.local for m in meshes])
    starts = np.cumsum([0] + [len(m.points) for m in meshes[:-1]])
    facing = normals @ camera.towards
    kept, owner = [], []
    for k, (mesh, start) in enumerate(zip(meshes, starts, strict=True)):
        triangles = mesh.triangles + np.int32(start)
        if not mesh.two_sided:
            triangles = triangles[(facing > -0.12)[triangles].any(axis=1)]
        kept.append(triangles)
        owner.append(np.full(len(triangles), k, np.int32))
    triangles, owners = np.concatenate(kept), np.concatenate(owner)
    screen = camera.project(points)
    chosen, near = _nearest(screen, triangles, width, height)
    index = np.flatnonzero(chosen >= 0).astype(np.int32)
    face = chosen[index]
    values = np.concatenate([normals, local, camera.staged(points - floats(camera.target))], axis=1)
    normal, own, stage = (np.empty((len(index), 3), np.float32) for _ in range(3))
    for part in blocks(len(index)):
        corners = triangles[face[part]]
        w = _barycentric(screen, corners, index[part], width)
        first, second, third = (np.take(values, corners[:, k], axis=0) * w[:, k : k + 1] for k in range(3))
        blend = floats(first + second + third)
        normal[part], own[part], stage[part] = unit(blend[:, :3]), blend[:, 3:6], blend[:, 6:]
        normal[part] *= np.where(normal[part] @ camera.towards < 0, np.float32(-1), np.float32(1))[:, None]
    return Sight(height, width, index, owners[face], own, normal, stage, near[index])


def _nearest(screen: Floats, triangles: Ints, width: int, height: int) -> tuple[Ints, Floats]:
    """Z-buffer. Returns per pixel: triangle (-1 for none) and nearness."""
    best = np.full(width * height, -np.inf, np.float32)
    chosen = np.full(width * height, -1, np.int32)
    for face, pixel, near in _hits(screen, triangles, width, height):
        np.maximum.at(best, pixel, near)
        won = near >= best[pixel]
        chosen[pixel[won]] = face[won]
    return chosen, best


def _barycentric(screen: Floats, corners: Ints, index: Ints, width: int) -> Floats:
    """Weights [K, 3] of the corners of a triangle at the pixel that it covers."""
    y, x = np.divmod(index, np.int32(width))
    pixel = np.stack([x, y], axis=1) + np.float32(0.5)
    a, b, c = (np.take(screen, corners[:, k], axis=0)[:, :2] - pixel for k in range(3))

    def cross(p: Floats, q: Floats) -> Floats:
        return floats(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])

    weights = np.stack([cross(b, c), cross(c, a), cross(a, b)], axis=1)
    return floats(weights / weights.sum(axis=1, keepdims=True))


def _hits(screen: Floats, triangles: Ints, width: int, height: int) -> Iterator[tuple[Ints, Ints, Floats]]:
    corner = screen[triangles]  # [M, 3, (x, y, near)]
    first, second, third = (corner[:, k, :2] for k in range(3))
    low = np.floor(np.minimum(np.minimum(first, second), third))
    size = np.ceil(np.maximum(np.maximum(first, second), third) - low) + 1
    a, b, c = (corner[:, k, :2] - low for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    on_screen = ((low < floats([width, height])) & (low + size > 0)).all(axis=1)
    usable = (np.abs(area) > 1e-7) & on_screen & (size <= _SIDES[-1]).all(axis=1)
    classes = np.searchsorted(_SIDES, size)
    key = np.where(usable, classes[:, 0] * len(_SIDES) + classes[:, 1], -1)
    order = np.argsort(key, kind="stable").astype(np.int32)
    keys, firsts = np.unique(key[order], return_index=True)
    for bucket, members in zip(keys, np.split(order, firsts[1:]), strict=True):
        if bucket < 0:
            continue
        wide, tall = int(_SIDES[bucket // len(_SIDES)]), int(_SIDES[bucket % len(_SIDES)])
        step = max(1, _MAX_TESTS // (wide * tall))
        for start in range(0, len(members), step):
            some = members[start : start + step]
            yield _bucket_hits(some, (wide, tall), (a, b, c), area, low, corner, width, height)


def _bucket_hits(
    members: Ints,
    size: tuple[int, int],
    abc: tuple[Floats, Floats, Floats],
    area: Floats,
    low: Floats,
    corner: Floats,
    width: int,
    height: int,
) -> tuple[Ints, Ints, Floats]:
    rows, columns = np.divmod(np.arange(size[0] * size[1], dtype=np.int32), np.int32(size[0]))
    x, y = floats(columns + 0.5), floats(rows + 0.5)
    a, b, c = (p[members] for p in abc)
    inverse = (1.0 / area[members])[:, None]

    def edge(p: Floats, q: Floats) -> Floats:
        across, down = (q - p)[:, :1] * inverse, (q - p)[:, 1:] * inverse
        return floats(across * y - down * x + (down * p[:, :1] - across * p[:, 1:]))

    wc, wa = edge(a, b), edge(b, c)
    wb = 1.0 - wa - wc
    row, column = np.nonzero((wa >= -1e-5) & (wb >= -1e-5) & (wc >= -1e-5))
    px = low[members[row], 0].astype(np.int32) + columns[column]
    py = low[members[row], 1].astype(np.int32) + rows[column]
    inside = (px >= 0) & (px < width) & (py >= 0) & (py < height)
    row, column, px, py = row[inside], column[inside], px[inside], py[inside]
    face, shares = members[row], (wa, wb, wc)
    near = sum(w[row, column] * corner[face, k, 2] for k, w in enumerate(shares))
    return face, py * np.int32(width) + px, floats(near)
