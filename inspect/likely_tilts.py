"""How a ring may lie: by how a hand puts it down, and by what a tilt has done to its outlines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TILT_SD_DEG = 0.2
"""Standard deviation of each of the two angles between the ring's axis and the camera's, when a hand puts it down."""
TILTS = 256
ROUNDS = 4
ENOUGH = 24
"""Tilts that share the weight: fewer say too little of how wide it spreads."""
TILTED = (4, 6, 8, 10, 12)
FORM = (5, 7, 9, 11, 13, 15)
"""A tilted flat side has even harmonics of known proportion, and no odd ones: those tell how much form there is."""
LEAST_FORM_MM = 0.00005
LEAST_ECCENTRIC_MM = 0.001
"""Of a turned ring; how far the middle of the hole is off the middle of the band."""
HARMONICS = 33
"""Coefficients of an outline, among which its uncertainty at one angle is shared."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """An outline as it is seen.

    Parameters
    ----------
    radius_mm : ndarray, shape (n,)
        Evenly around, from image right towards image down.
    standard_uncertainty_mm : float
        At one angle.
    """

    radius_mm: Floats
    standard_uncertainty_mm: float

    def log_likelihood(self, expected_mm: Floats) -> Floats:
        """Of each expected pattern, shape (tilts, angles), by Student's t with the form for its scale; shape (tilts,).

        Only harmonics 4 to 12 count: the lower ones are the ring's own as often as a tilt's.
        """
        here = np.fft.rfft(self.radius_mm) * (2 / len(self.radius_mm))
        waves = np.fft.rfft(expected_mm, axis=1)[:, list(TILTED)] * (2 / expected_mm.shape[1])
        form = float((np.abs(here[list(FORM)]) ** 2).mean()) / 2
        variance = max(form, LEAST_FORM_MM**2, 2 * self.standard_uncertainty_mm**2 / HARMONICS)
        misfit = (np.abs(here[list(TILTED)] - waves) ** 2).sum(axis=1) / variance
        freedom = 2 * len(FORM)
        return np.asarray(-0.5 * (freedom + 2 * len(TILTED)) * np.log1p(misfit / freedom), np.float64)


def eccentric_log_likelihood(inner: Outline, outer: Outline, apart_mm: Floats) -> Floats:
    """Of each expected distance between the outlines, shape (tilts, angles), by how eccentric it leaves the ring.

    A ring's own eccentricity is as likely in each octave from `LEAST_ECCENTRIC_MM` up. Returns shape (tilts,).
    """
    here, there = (np.fft.rfft(o.radius_mm)[1] * (2 / len(o.radius_mm)) for o in (outer, inner))
    wave = np.fft.rfft(apart_mm, axis=1)[:, 1] * (2 / apart_mm.shape[1])
    return np.asarray(-np.log1p(np.abs(here - there - wave) ** 2 / LEAST_ECCENTRIC_MM**2), np.float64)


def likely_tilts(log_likelihood: Callable[[Floats], Floats] | None) -> tuple[Floats, Floats]:
    """Tilts that stand for all that are possible, and the weight of each.

    Importance sampling on a spiral of equal chances: first of how a hand puts a ring down, then, while few tilts have
    all the weight, of an ever narrower normal distribution about those few.

    Parameters
    ----------
    log_likelihood : callable or None
        Of tilts, shape (n, 2), in radians to image right and image down, n values. None: nothing tells.

    Returns
    -------
    ndarray, shape (n, 2)
        In radians.
    ndarray, shape (n,)
        They add up to the mean likelihood.
    """
    sd = math.radians(TILT_SD_DEG)
    spiral = _normal_spiral()
    tilts = sd * spiral
    if log_likelihood is None:
        return tilts, np.full(TILTS, 1 / TILTS)
    weight = np.exp(log_likelihood(tilts)) / TILTS
    floor = sd / 4
    for _ in range(ROUNDS):
        share = weight / weight.sum()
        if 1 / float(share @ share) > ENOUGH:
            break
        # A tilt and its opposite look alike to a telecentric lens: narrow down about the best one and its opposite.
        best: Floats = tilts[int(weight.argmax())]
        folded: Floats = tilts * np.where(tilts @ best < 0, -1.0, 1.0)[:, None]
        mean: Floats = share @ folded
        about: Floats = folded - mean
        covariance: Floats = 2 * (about.T * share) @ about + floor**2 * np.eye(2)
        side = np.where(np.arange(TILTS) % 2 == 0, 1.0, -1.0)[:, None]
        tilts = side * (mean + spiral @ np.linalg.cholesky(covariance).T)
        proposed = (_normal(tilts - mean, covariance) + _normal(tilts + mean, covariance)) / 2
        weight = _normal(tilts, sd**2 * np.eye(2)) / proposed * np.exp(log_likelihood(tilts)) / TILTS
        floor /= 4
    return tilts, weight


def _normal_spiral() -> Floats:
    """Points of equal chance under a standard normal distribution in the plane, neighbours in different directions."""
    part = (np.arange(TILTS, dtype=np.float64) + 0.5) / TILTS
    turn = np.arange(TILTS, dtype=np.float64) * (math.pi * (3 - math.sqrt(5)))
    radius = np.sqrt(-2 * np.log(1 - part))
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])


def _normal(at: Floats, covariance: Floats) -> Floats:
    """Density of a normal distribution about 0, shape (n,)."""
    away = (at @ np.linalg.inv(covariance) * at).sum(axis=1)
    return np.exp(-away / 2) / (2 * math.pi * math.sqrt(float(np.linalg.det(covariance))))
