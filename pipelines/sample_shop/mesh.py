"""Triangle meshes with smooth normals, built from grids of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.sample_shop.arrays import Floats, Ints, floats, unit


@dataclass(frozen=True)
class Mesh:
    """One surface. x points right, y up, z to the viewer; one unit is about 10 cm.

    Attributes:
        points: [N, 3] where the surface stands on the stage.
        normals: [N, 3] unit, outward.
        local: [N, 3] the points as built, before any move: patterns and labels stick to these.
        triangles: [M, 3] indices of points.
        two_sided: thin sheets such as leaves, seen from both sides.
    """

    points: Floats
    normals: Floats
    local: Floats
    triangles: Ints
    two_sided: bool = False

    def shifted(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The mesh moved by a vector."""
        return replace(self, points=floats(self.points + floats([x, y, z])))

    def scaled(self, factor: float) -> Mesh:
        """The mesh enlarged about the origin."""
        return replace(self, points=floats(self.points * factor))

    def turned(self, yaw_deg: float = 0.0, *, tilt_deg: float = 0.0, roll_deg: float = 0.0) -> Mesh:
        """The mesh turned about z (`roll`), then x (`tilt`), then y (`yaw`)."""
        matrix = rotation(yaw_deg, tilt_deg, roll_deg)
        return replace(self, points=floats(self.points @ matrix.T), normals=floats(self.normals @ matrix.T))


def rotation(yaw_deg: float, tilt_deg: float = 0.0, roll_deg: float = 0.0) -> Floats:
    """Rotation matrix [3, 3]: roll about z, then tilt about x, then yaw about y."""
    (cy, cx, cz), (sy, sx, sz) = (f(np.radians([yaw_deg, tilt_deg, roll_deg])) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    tilt = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    roll = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return floats(yaw @ tilt @ roll)


def grid_mesh(points: Floats, *, closed: bool, two_sided: bool = False) -> Mesh:
    """Mesh of a grid of points [U, V, 3]; `closed` joins the last column of U to the first.

    Normals follow d/du x d/dv, so for a body of revolution u runs counter-clockwise seen from above
    and v from the foot upwards on the outer wall.
    """
    points = floats(points)
    ring = np.concatenate([points[-1:], points, points[:1]])
    du = ring[2:] - ring[:-2] if closed else np.gradient(points, axis=0)
    dv = np.gradient(points, axis=1)
    normals = np.cross(du, dv)
    # At a pole the columns meet and d/du vanishes: the next ring knows the direction.
    size = np.linalg.norm(normals, axis=2)
    weak = size < 1e-3 * max(float(np.median(size)), 1e-12)
    normals = unit(floats(normals))
    for v, neighbour in ((0, 1), (points.shape[1] - 1, points.shape[1] - 2)):
        if weak[:, v].mean() > 0.9:
            normals[:, v] = unit(floats(normals[:, neighbour].mean(axis=0)))
    columns, rows = points.shape[:2]
    u = np.arange(columns if closed else columns - 1)
    v = np.arange(rows - 1)
    a = (u[:, None] * rows + v[None, :]).ravel()
    b = (((u + 1) % columns)[:, None] * rows + v[None, :]).ravel()
    triangles = np.concatenate([np.stack([a, b, b + 1], 1), np.stack([a, b + 1, a + 1], 1)]).astype(np.int32)
    flat = points.reshape(-1, 3)
    return Mesh(flat, normals.reshape(-1, 3), flat, triangles, two_sided)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one; two-sided if any of them is."""
    offsets = np.cumsum([0] + [len(m.points) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.points for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.local for m in meshes]),
        np.concatenate([m.triangles + np.int32(o) for m, o in zip(meshes, offsets, strict=True)]),
        any(m.two_sided for m in meshes),
    )
