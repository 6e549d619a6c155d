"""Rays from a centre, and the edges that they cross. Angles run from image right towards image down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.edges import SAMPLING_VARIANCE_PX2, Edges, locate_edges, sample_profiles

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


def rough_edges(
    signal: NDArray[np.float32],
    centre_xy_px: tuple[float, float],
    angle_rad: Floats,
    radius_px: Floats,
    half_px: float,
    *,
    falling: bool,
) -> tuple[Floats, float, float]:
    """Where each ray crosses half of its own levels, quickly and good to a fifth of a pixel.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    centre_xy_px : tuple of float
    angle_rad, radius_px : ndarray, shape (n,)
        Where the edges are expected.
    half_px : float
        How far before and behind that place to look.
    falling : bool
        Whether the signal falls outward.

    Returns
    -------
    ndarray, shape (n,)
        Radius of each edge in px, NaN where the ray crosses none or one of less than half the usual contrast.
    float, float
        Blur of the edge in px, good to a fifth, and its contrast in the unit of the signal; NaN when there is no edge.
    """
    steps = np.arange(-half_px, half_px + 0.5, 1.0, dtype=np.float64)
    along: Floats = radius_px[:, None] + steps
    profiles = sample_profiles(
        signal,
        centre_xy_px[0] + np.cos(angle_rad)[:, None] * along,
        centre_xy_px[1] + np.sin(angle_rad)[:, None] * along,
    )
    profiles = -profiles if falling else profiles
    ends = max(2, len(steps) // 6)
    low: Floats = profiles[:, :ends].mean(axis=1)
    high: Floats = profiles[:, -ends:].mean(axis=1)
    contrast: Floats = high - low
    usual = float(np.nanquantile(contrast, 0.75))
    over = profiles >= ((low + high) / 2)[:, None]
    # The last crossing from below: what lies before it, dirt in the light, is not the edge.
    last = over.shape[1] - 1 - (~over[:, ::-1]).argmax(axis=1)
    rows, last = np.arange(len(profiles)), np.clip(last, 0, over.shape[1] - 2)
    before, after = profiles[rows, last], profiles[rows, last + 1]
    share = ((low + high) / 2 - before) / np.where(after > before, after - before, 1.0)
    good = (contrast > 0.5 * usual) & (usual > 0) & ~over[rows, last] & over[rows, last + 1]
    if not good.any():
        return np.full(len(rows), np.nan), np.nan, np.nan
    steepest = float(np.median((np.diff(profiles, axis=1).max(axis=1) / np.maximum(contrast, 1e-12))[good]))
    # One step's rise is that of the blur and of the step itself; bilinear sampling at any phase adds a little more.
    sigma = np.sqrt(max(1 / (2 * np.pi * steepest**2) - 1 / 12 - (SAMPLING_VARIANCE_PX2 - 1 / 12), 0.15))
    return np.where(good, radius_px - half_px + last + share, np.nan), float(sigma), usual
