"""Surfaces products are made of: bodies of revolution, lofts, tubes, leaves and pillows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from pipelines.sample_shop.arrays import Floats, floats, unit
from pipelines.sample_shop.mesh import Mesh, grid_mesh

Corner = tuple[float, float] | tuple[float, float, float]


def filleted(corners: Sequence[Corner], step: float = 0.04) -> Floats:
    """Polyline [N, 2] through `corners` (x, y[, radius]), each corner rounded by its radius (default 0.015)."""
    raw = [(c[0], c[1], c[2] if len(c) == 3 else 0.015) for c in corners]
    points = [np.array(raw[0][:2])]
    for (ax, ay, _), (bx, by, radius), (cx, cy, _) in zip(raw, raw[1:], raw[2:], strict=False):
        a, b, c = np.array([ax, ay]), np.array([bx, by]), np.array([cx, cy])
        before, after = float(np.linalg.norm(a - b)), float(np.linalg.norm(c - b))
        to_a, to_c = (a - b) / max(before, 1e-9), (c - b) / max(after, 1e-9)
        half = 0.5 * np.arccos(np.clip(to_a @ to_c, -1.0, 1.0))
        if half > 1.55:
            points.append(b)
            continue
        cut = min(radius / max(np.tan(half), 1e-6), 0.49 * before, 0.49 * after)
        start, end = b + to_a * cut, b + to_c * cut
        points.extend((1 - t) ** 2 * start + 2 * t * (1 - t) * b + t * t * end for t in np.linspace(0.0, 1.0, 7))
    points.append(np.array(raw[-1][:2]))
    return _subdivided(np.array(points), step)


def curved(controls: Sequence[tuple[float, float]], samples: int = 14) -> Floats:
    """Smooth curve [N, 2] through `controls` (Catmull-Rom, centripetal enough for gentle profiles)."""
    p = np.array(controls, dtype=float)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, samples, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return floats(np.concatenate([*pieces, p[-2:-1]]))


def _subdivided(points: Floats, step: float) -> Floats:
    out = [points[0]]
    for a, b in pairwise(points):
        length = float(np.linalg.norm(b - a))
        if length < 1e-6:
            continue
        pieces = max(1, int(np.ceil(length / step)))
        out.extend(a + (b - a) * (k / pieces) for k in range(1, pieces + 1))
    return floats(np.array(out))


def revolved(profile: Floats, segments: int = 96, ripple: Callable[[Floats, Floats], Floats] | None = None) -> Mesh:
    """Turns a profile [V, 2] of (radius, height) about the y axis.

    `ripple(angle, height)` returns a factor on the radius (flutes, facets, hand-thrown wobble).
    """
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)[:, None]
    radius = np.maximum(profile[None, :, 0], 0.0)
    height = np.broadcast_to(profile[None, :, 1], (segments, len(profile)))
    if ripple is not None:
        radius = radius * ripple(floats(np.broadcast_to(angle, height.shape)), floats(height))
    radius = np.broadcast_to(radius, height.shape)
    points = np.stack([radius * np.sin(angle), height, radius * np.cos(angle)], axis=-1)
    return grid_mesh(floats(points), closed=True)


def walled(outer: Floats, wall: float, floor: float) -> Floats:
    """Closes an outer profile (foot to rim) into a vessel: rounded lip, inner wall, inner floor."""
    tangent = np.gradient(outer, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    inner = outer + np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * wall
    rim, inner_rim = outer[-1], inner[-1]
    centre = 0.5 * (rim + inner_rim)
    arc = [centre + (rim - centre) * np.cos(a) + tangent[-1] * (wall / 2) * np.sin(a) for a in np.linspace(0, np.pi, 9)]
    inner = inner[(inner[:, 0] > 0.02) & (inner[:, 1] > outer[0, 1] + floor)][::-1]
    bottom = np.array([[max(float(inner[-1, 0]) * f, 0.0), float(inner[-1, 1])] for f in (0.97, 0.8, 0.4, 0.0)])
    foot = np.array([[0.0, float(outer[0, 1])]])
    return floats(np.concatenate([foot, outer, np.array(arc)[1:-1], inner, bottom]))


def lofted(heights: Floats, half_width: Floats, half_depth: Floats, power: Floats, segments: int = 128) -> Mesh:
    """Stack of superellipses |x/a|^p + |z/b|^p = 1 along y; close the ends with half sizes of zero."""
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)[:, None]
    c, s = np.cos(angle), np.sin(angle)
    p = power[None, :]
    radius = (np.abs(s) ** p + np.abs(c) ** p) ** (-1.0 / p)
    points = np.stack(
        [half_width * radius * s, np.broadcast_to(heights, radius.shape), half_depth * radius * c], axis=-1
    )
    return grid_mesh(floats(points), closed=True)


def block(width: float, height: float, depth: float, radius: float = 0.03, bottom: float = 0.0) -> Mesh:
    """Box with rounded edges standing at `bottom`; each ring follows the rounded rectangle exactly."""
    rows = filleted([(0, 0), (1, 0, radius), (1, height, radius), (0, height)], step=max(height, 0.1) / 14)
    inset = 1.0 - rows[:, 0]
    corner = _rounded_rectangle(width / 2, depth / 2, radius)
    size = floats([width / 2, depth / 2])
    # The profile's cap runs from the middle (inset 1) to the edge (inset radius): scale there, inset at the fillet.
    points = np.empty((len(corner), len(rows), 3), np.float32)
    for k, (amount, y) in enumerate(zip(inset, rows[:, 1], strict=True)):
        if amount > radius:
            ring = corner * ((1 - amount) / (1 - radius)) * ((size - radius) / size)
        else:
            ring = corner * ((size - amount) / size)
        points[:, k, 0], points[:, k, 1], points[:, k, 2] = ring[:, 0], y + bottom, ring[:, 1]
    return grid_mesh(points, closed=True)


def _rounded_rectangle(a: float, b: float, radius: float) -> Floats:
    loop: list[Corner] = [(0, b), (a, b, radius), (a, -b, radius), (-a, -b, radius), (-a, b, radius), (0, b)]
    points = filleted(loop, step=max(a, b) / 10)
    return floats(points[:-1])


def tube(path: Floats, radius: float | Floats, segments: int = 20, flatten: float = 1.0) -> Mesh:
    """Tube around a path [N, 3] with rounded ends; `flatten` < 1 squeezes it into a band."""
    path = floats(path)
    radii = np.broadcast_to(floats(radius), (len(path),)).copy()
    tangent = unit(floats(np.gradient(path, axis=0)))
    side = np.cross(tangent, floats([0.13, 0.21, 0.97]))
    side = unit(floats(side))
    for k in range(1, len(path)):  # carry the frame along so the tube does not twist
        side[k] = side[k - 1] - tangent[k] * float(side[k - 1] @ tangent[k])
    side = unit(side)
    other = np.cross(tangent, side)
    angle = -np.linspace(0, 2 * np.pi, segments, endpoint=False)[:, None, None]
    body = path + radii[:, None] * (np.cos(angle) * side * flatten + np.sin(angle) * other)
    caps = [floats(np.broadcast_to(end, (segments, 1, 3))) for end in (path[0], path[-1])]
    points = floats(np.concatenate([caps[0], body, caps[1]], axis=1))
    mesh = grid_mesh(points, closed=True)
    centre = np.repeat(np.concatenate([path[:1], path, path[-1:]])[None], segments, axis=0).reshape(-1, 3)
    outward = np.einsum("ij,ij->i", mesh.normals, mesh.points - centre)
    flip = np.where(outward.sum() < 0, -1.0, 1.0).astype(np.float32)
    return Mesh(mesh.points, mesh.normals * flip, mesh.local, mesh.triangles)


def path3(controls: Sequence[tuple[float, float, float]], samples: int = 10) -> Floats:
    """Smooth space curve [N, 3] pulled along by `controls`: a cubic B-spline that starts and ends on the outer ones."""
    p = np.array(controls, dtype=float)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, samples, endpoint=False)[:, None]
    pieces = [
        ((1 - t) ** 3 * a + (3 * t**3 - 6 * t**2 + 4) * b + (-3 * t**3 + 3 * t**2 + 3 * t + 1) * c + t**3 * d) / 6
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return floats(np.concatenate([*pieces, p[-2:-1]]))


def ball(radius: float) -> Mesh:
    """A ball around the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 24)
    return revolved(floats(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)), 40)


def leaf(length: float, width: float, *, bend: float = 0.4, fold: float = 0.25, tip: float = 1.0) -> Mesh:
    """A leaf growing up from the origin along y and bending towards +z; `tip` > 1 makes it pointed."""
    t = np.linspace(0, 1, 22)[None, :]
    s = np.linspace(-1, 1, 11)[:, None]
    half = width / 2 * np.sin(np.pi * t**0.8) ** tip * (1 - 0.15 * t)
    angle = bend * t * 1.6
    y = length * np.sin(angle + 1e-6) / (bend * 1.6 + 1e-6)
    z = length * (1 - np.cos(angle)) / (bend * 1.6 + 1e-6)
    x = half * s * np.cos(fold)
    z = z + np.abs(half * s) * np.sin(fold)
    points = np.stack([x, np.broadcast_to(y, x.shape), z], axis=-1)
    mesh = grid_mesh(floats(points), closed=False, two_sided=True)
    local = np.stack(np.broadcast_arrays(s * width / 2, t * length, s * 0), axis=-1).reshape(-1, 3)
    return Mesh(mesh.points, mesh.normals, floats(local), mesh.triangles, two_sided=True)


def pillow(width: float, height: float, thickness: float) -> Mesh:
    """A plump cushion standing upright, its face to +z."""
    n = 48
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)[:, None]
    r = np.concatenate([np.linspace(0, 1, n), np.linspace(1, 0, n)])[None, :]
    sign = np.concatenate([np.ones(n), -np.ones(n)])[None, :]
    c, s = np.cos(angle), np.sin(angle)
    square = (np.abs(s) ** 7 + np.abs(c) ** 7) ** (-1 / 7)
    x, y = r * square * s, r * square * c
    pinch = 1.0 - 0.10 * (1.0 - (x * y) ** 2) * r**2
    belly = sign * thickness / 2 * np.maximum((1 - x**2) * (1 - y**2), 0.0) ** 0.55
    points = np.stack([x * pinch * width / 2, y * pinch * height / 2 + height / 2, belly], axis=-1)
    points = points[::-1]
    mesh = grid_mesh(floats(points), closed=True)
    outward = float((mesh.normals[:, 2] * np.sign(mesh.points[:, 2])).sum())
    normals = mesh.normals if outward > 0 else -mesh.normals
    return Mesh(mesh.points, normals, mesh.local, mesh.triangles)
