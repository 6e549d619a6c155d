"""A band's thickness along the finger: its thinnest place and its symmetry."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def thinnest(angle_rad: Floats, thickness: Floats, doubt: float) -> tuple[float, float]:
    """Where a band is thinnest, and how far from there it may be.

    Parameters
    ----------
    angle_rad : ndarray, shape (n,)
        Ascending.
    thickness : ndarray, shape (n,)
    doubt : float
        Differences up to this are none, in the unit of the thickness.

    Returns
    -------
    float, float
        Angle, and the half-width of the range about it that is as thin, both in degrees.
    """
    at = int(thickness.argmin())
    thin = np.flatnonzero(thickness <= thickness[at] + doubt)
    away = np.abs((angle_rad[thin] - angle_rad[at] + math.pi) % (2 * math.pi) - math.pi)
    return math.degrees(float(angle_rad[at])), math.degrees(float(away.max()))


def mirrored_difference(angle_rad: Floats, thickness: Floats, axis_rad: float) -> float:
    """Largest difference of thickness between two places that mirror each other about an axis through the centre.

    Parameters
    ----------
    angle_rad, thickness : ndarray, shape (n,)
        Ascending angles, not all around; places whose mirror image was not measured do not count.
    axis_rad : float

    Returns
    -------
    float
        0 when no place has a partner.
    """
    whole = 2 * math.pi
    start = float(angle_rad[0])
    mirrored = (2 * axis_rad - angle_rad - start) % whole + start
    inside = mirrored <= float(angle_rad[-1])
    other = np.interp(mirrored[inside], angle_rad, thickness)
    return float(np.abs(thickness[inside] - other).max()) if inside.any() else 0.0


def least_asymmetry(thickness: Floats) -> float:
    """The same about the axis that suits best, of a thickness measured evenly all around.

    >>> least_asymmetry(np.cos(np.arange(360) * 2 * np.pi / 360)) < 1e-12
    True
    """
    few = thickness[:: max(1, len(thickness) // 180)]
    place = np.arange(len(few))
    # About axis a/2 the place i mirrors to a - i.
    mirrors = few[(place[:, None] - place) % len(few)]
    return float(np.abs(few - mirrors).max(axis=1).min())
