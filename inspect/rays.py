"""Rays from a centre, and the edges that they cross. Angles run from image right towards image down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.edges import Edges, locate_edges, sample_profiles

Floats = NDArray[np.float64]

STEP_PX = 0.5


def directions_rad(count: int) -> Floats:
    """`count` angles evenly around, from 0."""
    return np.arange(count, dtype=np.float64) * (2 * np.pi / count)


def points_at(centre_xy_px: tuple[float, float], angle_rad: Floats, radius_px: Floats) -> Floats:
    """Points on rays, shape (n, 2), x then y."""
    return np.column_stack(
        [centre_xy_px[0] + radius_px * np.cos(angle_rad), centre_xy_px[1] + radius_px * np.sin(angle_rad)]
    )


def edges_across(
    signal: NDArray[np.float32],
    centre_xy_px: tuple[float, float],
    angle_rad: Floats,
    radius_px: Floats,
    half_px: float,
    sigma_px: float | None,
) -> tuple[Edges, Floats]:
    """Fit an edge to each ray.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    centre_xy_px : tuple of float
    angle_rad, radius_px : ndarray, shape (n,)
        Where the edges are expected.
    half_px : float
        How far before and behind that place to look.
    sigma_px : float or None
        Blur of the edge where it is known, as in `locate_edges`.

    Returns
    -------
    Edges
        Outward along each ray.
    ndarray, shape (n,)
        Radius of each edge in px, NaN where there is none.
    """
    steps = np.arange(-half_px, half_px + STEP_PX / 2, STEP_PX, dtype=np.float64)
    along: Floats = radius_px[:, None] + steps
    x: Floats = centre_xy_px[0] + np.cos(angle_rad)[:, None] * along
    y: Floats = centre_xy_px[1] + np.sin(angle_rad)[:, None] * along
    edges = locate_edges(sample_profiles(signal, x, y), STEP_PX, sigma_px)
    return edges, radius_px - half_px + edges.position_px
