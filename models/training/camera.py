"""Telecentric cameras: from the world in mm to pixels and back to rays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loupebox.models.training.mesh import Points

DISTANCE_MM = 60.0


@dataclass(frozen=True, slots=True)
class Camera:
    """An orthographic camera whose picture has `target_mm` in its middle; pixel centres at whole numbers, y down."""

    forward: tuple[float, float, float]
    up: tuple[float, float, float]
    target_mm: tuple[float, float, float]
    um_per_px: float
    width_px: int
    height_px: int

    @property
    def axes(self) -> tuple[Points, Points, Points]:
        """Unit vectors right, up, forward."""
        f, u = np.array(self.forward, float), np.array(self.up, float)
        return np.cross(f, u), u, f

    @property
    def centre_xy_px(self) -> tuple[float, float]:
        return (self.width_px - 1) / 2, (self.height_px - 1) / 2

    def project(self, points_mm: Points) -> Points:
        """Pixels (..., 2) of points (..., 3)."""
        right, up, _ = self.axes
        d = (np.asarray(points_mm, float) - np.array(self.target_mm)) * (1e3 / self.um_per_px)
        x, y = self.centre_xy_px
        return np.stack([x + d @ right, y - d @ up], -1)

    def ray_origins(self) -> Points:
        """Where the rays of the pixel centres start, shape (height * width, 3), in mm; all run along `forward`."""
        right, up, forward = self.axes
        scale = self.um_per_px / 1e3
        y, x = np.mgrid[: self.height_px, : self.width_px].reshape(2, -1, 1)
        cx, cy = self.centre_xy_px
        return np.array(self.target_mm) - DISTANCE_MM * forward + scale * ((x - cx) * right - (y - cy) * up)


def face_camera(um_per_px: float, size_px: int, z_mm: float = 2.0) -> Camera:
    """Along the finger hole."""
    return Camera((0, 1, 0), (0, 0, 1), (0, 0, z_mm), um_per_px, size_px, size_px)


def top_camera(um_per_px: float, size_px: int, z_mm: float) -> Camera:
    """Down on the stone."""
    return Camera((0, 0, -1), (0, 1, 0), (0, 0, z_mm), um_per_px, size_px, size_px)


def oblique_camera(um_per_px: float, size_px: int, z_mm: float, elevation_deg: float = 45.0) -> Camera:
    """From in front of the finger hole, raised by the elevation."""
    c, s = np.cos(np.radians(elevation_deg)), np.sin(np.radians(elevation_deg))
    return Camera((0, float(c), float(-s)), (0, float(s), float(c)), (0, 0, z_mm), um_per_px, size_px, size_px)
