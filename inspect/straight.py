"""Outlines as a lens without distortion would show them; pictures stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.lens import Lens
from loupebox.inspect.contour import Contour, waves
from loupebox.inspect.rays import points_at
from loupebox.inspect.ring import RingShape
from loupebox.inspect.wall import Wall

Floats = NDArray[np.float64]

POINTS = 720
CENTRINGS = 3


def straight_shape(shape: RingShape, lens: Lens) -> RingShape:
    """The ring's outlines straightened; where its head stands is told as it is seen."""
    inner = straight_contour(shape.inner, lens)
    wall = shape.wall
    if isinstance(wall, Wall):
        wall = _straight_wall(wall, inner, lens)
    return replace(shape, inner=inner, wall=wall)


def straight_contour(contour: Contour, lens: Lens) -> Contour:
    """The same curve straightened, as a series about its own new centre."""
    points = lens.undistorted_px(contour.points_xy_px(POINTS))
    centre: Floats = points.mean(axis=0)
    series: Floats = np.zeros(0)
    for _ in range(CENTRINGS):
        offset: Floats = points - centre
        basis = waves(np.arctan2(offset[:, 1], offset[:, 0]), len(contour.cosines) - 1)
        radius: Floats = np.hypot(offset[:, 0], offset[:, 1])
        series = np.asarray(np.linalg.solve(basis.T @ basis, basis.T @ radius), np.float64)
        centre = centre + series[1:3]
    series[1:3] = 0.0
    return replace(
        contour,
        centre_xy_px=(float(centre[0]), float(centre[1])),
        cosines=np.concatenate([series[:1], series[1::2]]),
        sines=np.concatenate([[0.0], series[2::2]]),
    )


def _straight_wall(wall: Wall, inner: Contour, lens: Lens) -> Wall:
    offset = lens.undistorted_px(wall.outer_xy_px) - np.asarray(inner.centre_xy_px)
    # Angles as they were before, up to what the lens and the new centre move them.
    moved = np.arctan2(offset[:, 1], offset[:, 0]) - wall.angle_rad
    angle = wall.angle_rad + (moved + np.pi) % (2 * np.pi) - np.pi
    period = 2 * np.pi if wall.closed else None
    radius: Floats = np.interp(wall.angle_rad, angle, np.hypot(offset[:, 0], offset[:, 1]), period=period)
    outer = points_at(inner.centre_xy_px, wall.angle_rad, radius)
    return replace(wall, outer_xy_px=outer, thickness_px=radius - inner.radius_px(wall.angle_rad))
