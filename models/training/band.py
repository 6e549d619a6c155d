"""The band of a ring: a superellipse section carried round the finger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loupebox.models.training.mesh import Mesh, Points, closed_grid


@dataclass(frozen=True, slots=True)
class Section:
    """Cross-section |2y/width|^p + |2r/thickness|^p = 1; p = 2 is an ellipse, comfort fit is about 2.6."""

    width_mm: float
    thickness_mm: float
    exponent: float = 2.6

    def points_mm(self, count: int) -> Points:
        """Points (count, 2) of (y, radial offset from the middle), the innermost first and the outermost halfway."""
        angle = 2 * np.pi * np.arange(count) / count - np.pi / 2
        c, s = np.cos(angle), np.sin(angle)
        power = 2 / self.exponent
        y = self.width_mm / 2 * np.sign(c) * np.abs(c) ** power
        return np.stack([y, self.thickness_mm / 2 * np.sign(s) * np.abs(s) ** power], -1)


@dataclass(frozen=True, slots=True)
class Band:
    """A ring of one section about the Y axis.

    `inner_diameter_mm` is the mean of the hole; bending adds `ovality_mm` * cos(2 (angle - ovality_angle_deg)) to every
    radius, so the hole's largest and smallest diameters differ by 4 * ovality_mm and its largest inscribed circle
    has the diameter inner_diameter_mm - 2 * ovality_mm.
    """

    inner_diameter_mm: float
    section: Section
    ovality_mm: float = 0.0
    ovality_angle_deg: float = 20.0

    @property
    def outer_radius_mm(self) -> float:
        return self.inner_diameter_mm / 2 + self.section.thickness_mm

    @property
    def inscribed_diameter_mm(self) -> float:
        """Of the largest circle inside the hole; it touches the two opposite nearest points."""
        return self.inner_diameter_mm - 2 * abs(self.ovality_mm)

    @property
    def out_of_round_mm(self) -> float:
        """Largest minus smallest diameter through the centre."""
        return 4 * abs(self.ovality_mm)

    def mesh(self, around: int = 512, across: int = 64) -> Mesh:
        angle = 2 * np.pi * np.arange(around) / around
        section = self.section.points_mm(across)
        bent = self.ovality_mm * np.cos(2 * (angle - np.radians(self.ovality_angle_deg)))
        middle = self.inner_diameter_mm / 2 + self.section.thickness_mm / 2
        radius = middle + bent[:, None] + section[None, :, 1]
        y = np.broadcast_to(section[None, :, 0], radius.shape)
        points = np.stack([radius * np.cos(angle)[:, None], y, radius * np.sin(angle)[:, None]], -1)
        return closed_grid(points)
