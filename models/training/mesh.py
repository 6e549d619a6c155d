"""Closed triangle meshes: the one form in which geometry reaches the renderer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Vertices (n, 3) in mm and faces (m, 3), counter-clockwise seen from outside."""

    vertices_mm: Points
    faces: NDArray[np.int64]

    @property
    def volume_mm3(self) -> float:
        """Signed volume by the divergence theorem; positive when the faces look outward."""
        a, b, c = (self.vertices_mm[self.faces[:, k]] for k in range(3))
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)

    @property
    def is_watertight(self) -> bool:
        """Every directed edge has exactly one partner that runs the other way."""
        edges = np.concatenate([self.faces[:, [0, 1]], self.faces[:, [1, 2]], self.faces[:, [2, 0]]])
        count = Counter(map(tuple, edges.tolist()))
        return all(n == 1 and count.get((b, a)) == 1 for (a, b), n in count.items())

    def moved(self, rotation: Points, shift_mm: Points | tuple[float, float, float] = (0, 0, 0)) -> Mesh:
        """Rotated by the (3, 3) matrix about the origin, then shifted."""
        return Mesh(self.vertices_mm @ rotation.T + np.asarray(shift_mm, float), self.faces)

    def outward(self) -> Mesh:
        """The same closed surface with its faces looking outward."""
        return self if self.volume_mm3 >= 0 else Mesh(self.vertices_mm, self.faces[:, ::-1])


def joined(meshes: list[Mesh]) -> Mesh:
    """All meshes in one; overlapping bodies stay as they are."""
    starts = np.cumsum([0, *(len(m.vertices_mm) for m in meshes)])
    return Mesh(
        np.concatenate([m.vertices_mm for m in meshes]),
        np.concatenate([m.faces + s for m, s in zip(meshes, starts, strict=False)]),
    )


def closed_grid(points: Points) -> Mesh:
    """A torus from points (nu, nv, 3) that wrap round in both directions."""
    nu, nv = points.shape[:2]
    i, j = np.meshgrid(np.arange(nu), np.arange(nv), indexing="ij")
    a, b = i * nv + j, (i + 1) % nu * nv + j
    c, d = (i + 1) % nu * nv + (j + 1) % nv, i * nv + (j + 1) % nv
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return Mesh(points.reshape(-1, 3), faces).outward()


def capped_tube(rings: Points, start_mm: Points, end_mm: Points) -> Mesh:
    """A tube from rings (n, m, 3) of points, closed by a fan to a pole at each end."""
    n, m = rings.shape[:2]
    i, j = np.meshgrid(np.arange(n - 1), np.arange(m), indexing="ij")
    a, b = i * m + j, (i + 1) * m + j
    c, d = (i + 1) * m + (j + 1) % m, i * m + (j + 1) % m
    k = np.arange(m)
    start, end, last = n * m, n * m + 1, (n - 1) * m
    faces = np.concatenate(
        [
            np.stack([a, b, c], -1).reshape(-1, 3),
            np.stack([a, c, d], -1).reshape(-1, 3),
            np.stack([k, (k + 1) % m, np.full(m, start)], -1),
            np.stack([last + (k + 1) % m, last + k, np.full(m, end)], -1),
        ]
    )
    return Mesh(np.concatenate([rings.reshape(-1, 3), [start_mm], [end_mm]]), faces).outward()


def torus(radius_mm: float, wire_radius_mm: float, z_mm: float, nu: int = 160, nv: int = 32) -> Mesh:
    """A ring of round wire about the Z axis."""
    u, v = np.meshgrid(np.arange(nu) * 2 * np.pi / nu, np.arange(nv) * 2 * np.pi / nv, indexing="ij")
    r = radius_mm + wire_radius_mm * np.cos(v)
    return closed_grid(np.stack([r * np.cos(u), r * np.sin(u), z_mm + wire_radius_mm * np.sin(v)], -1))


def rotation(axis: str, angle_deg: float) -> Points:
    """Right-handed rotation matrix about "x", "y" or "z"."""
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array(
        {
            "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
            "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }[axis],
        float,
    )
