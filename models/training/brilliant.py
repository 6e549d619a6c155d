"""The round brilliant, as the space that its facets leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import HalfspaceIntersection

from loupebox.models.training.mesh import Mesh, Points

GIRDLE_SIDES = 96


@dataclass(frozen=True, slots=True)
class Cut:
    """Proportions: fractions of the diameter, angles from the girdle plane (defaults near Tolkowsky's modern kin).

    `fold` is the number of main facets; the round brilliant has 8.
    """

    diameter_mm: float
    table: float = 0.57
    crown_deg: float = 34.5
    pavilion_deg: float = 40.75
    girdle: float = 0.03
    star: float = 0.5
    lower_half: float = 0.77
    fold: int = 8

    @property
    def radius_mm(self) -> float:
        return self.diameter_mm / 2

    @property
    def girdle_half_mm(self) -> float:
        return self.girdle * self.diameter_mm / 2

    @property
    def table_height_mm(self) -> float:
        """Height of the table over the middle of the girdle."""
        return self.crown_height_mm(self.table * self.radius_mm)

    def crown_height_mm(self, radius_mm: float) -> float:
        """Height of the main crown facets over the girdle plane at a distance from the axis."""
        return self.girdle_half_mm + (self.radius_mm - radius_mm) * np.tan(np.radians(self.crown_deg))


def _through(a: Points, b: Points, c: Points) -> Points:
    """The plane (n, d) with n.x + d <= 0 on the side of the origin."""
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal)
    if normal @ a < 0:
        normal = -normal
    return np.r_[normal, -normal @ a]


def _sloped(slope_deg: float, angle: float, radius_mm: float) -> Points:
    """The plane that falls away outward from the point (radius_mm, angle, 0): a main facet."""
    slope = np.radians(slope_deg)
    steep = abs(np.sin(slope))
    normal = np.array([steep * np.cos(angle), steep * np.sin(angle), np.sign(slope) * np.cos(slope)])
    return np.r_[normal, -radius_mm * steep]


def facets(cut: Cut) -> Points:
    """Half-spaces (n, 4); for 8 mains: table, 8 mains, 8 stars, 16 upper, 8 pavilion mains, 16 lower halves, girdle."""
    radius, lift = cut.radius_mm, cut.girdle_half_mm
    crown, pavilion = np.tan(np.radians([cut.crown_deg, cut.pavilion_deg]))
    step = np.pi / cut.fold

    def at(r: float, angle: float, z: float) -> Points:
        return np.array([r * np.cos(angle), r * np.sin(angle), z])

    table = cut.table * radius
    table_z = (radius - table) * crown
    inscribed = table * np.cos(step)
    star_r = inscribed + cut.star * (radius - inscribed)
    star_z = (radius - star_r * np.cos(step)) * crown
    low_r = radius * (1 - cut.lower_half)
    low_z = -(radius - low_r * np.cos(step)) * pavilion
    up, down = [np.array([0, 0, 1, -table_z])], []
    for k in range(cut.fold):
        a = 2 * k * step
        up.append(_sloped(cut.crown_deg, a, radius))
        up.append(_through(at(table, a, table_z), at(table, a + 2 * step, table_z), at(star_r, a + step, star_z)))
        down.append(_sloped(-cut.pavilion_deg, a, radius))
        for edge in (a, a + 2 * step):
            rim, middle = at(radius, edge, 0), at(radius, a + step, 0)
            up.append(_through(rim, middle, at(star_r, a + step, star_z)))
            down.append(_through(rim, middle, at(low_r, a + step, low_z)))
    planes = np.array(up + down)
    planes[: len(up), 3] -= planes[: len(up), 2] * lift
    planes[len(up) :, 3] += planes[len(up) :, 2] * lift
    rim = 2 * np.pi * (np.arange(GIRDLE_SIDES) + 0.5) / GIRDLE_SIDES
    girdle = np.stack([np.cos(rim), np.sin(rim), 0 * rim, np.full_like(rim, -radius)], -1)
    return np.concatenate([planes, girdle])


def brilliant(cut: Cut) -> Mesh:
    """The stone with the middle of its girdle at the origin and its table towards +Z."""
    planes = facets(cut)
    corners = HalfspaceIntersection(planes, np.zeros(3)).intersections
    corners = np.unique(np.round(corners, 7), axis=0)
    faces: list[tuple[int, int, int]] = []
    for plane in planes:
        on = np.flatnonzero(np.abs(corners @ plane[:3] + plane[3]) < 3e-6)
        if len(on) < 3:
            continue
        middle = corners[on].mean(0)
        first = corners[on[0]] - middle
        turn = np.arctan2((corners[on] - middle) @ np.cross(plane[:3], first), (corners[on] - middle) @ first)
        on = on[np.argsort(turn)]
        faces += [(on[0], on[i], on[i + 1]) for i in range(1, len(on) - 1)]
    return Mesh(corners, np.array(faces)).outward()
