"""How a ring may lie: by how a hand puts it down, and by what a tilt has done to its outlines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.contour import waves

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
class RingOutline:
    """An outline as it is seen.

    Parameters
    ----------
    radius_mm : ndarray, shape (n,)
        Evenly around, from image right towards image down.
    standard_uncertainty_mm : float
        At one angle.
    seen : ndarray of bool, shape (n,)
        False where something stands in the way, as a head.
    """

    radius_mm: Floats
    standard_uncertainty_mm: float
    seen: NDArray[np.bool_]

    def sampled_mm(self, angles: int) -> Floats:
        """Radius at fewer angles, a divisor of n."""
        return self.radius_mm[:: len(self.radius_mm) // angles]

    def completion(self, angles: int) -> Floats:
        """What makes a whole of values at so many angles, by `values @ completion`, shape (angles, angles).

        Where nothing is seen stand the harmonics 0 to 2 of what is, and what these leave at the two ends in between.
        """
        seen = self.seen[:: len(self.seen) // angles]
        if seen.all():
            return np.eye(angles)
        place = np.arange(angles, dtype=np.float64)
        basis = waves(place * (2 * math.pi / angles), 2)
        low = basis @ np.linalg.pinv(basis[seen])
        left: Floats = np.eye(int(seen.sum())) - low[seen]
        rows: list[Floats] = [np.interp(place, place[seen], one, period=angles) for one in left.T]
        between = np.stack(rows)
        whole: Floats = np.zeros((angles, angles))
        whole[seen] = low.T + between
        return whole

    def log_likelihood(self, expected_mm: Floats, completion: Floats) -> Floats:
        """Of each expected pattern, shape (tilts, angles), by Student's t with the form for its scale; shape (tilts,).

        Only harmonics 4 to 12 count: the lower ones are the ring's own as often as a tilt's.
        """
        here = _harmonics(self.sampled_mm(expected_mm.shape[1]) @ completion)
        waves_mm = _harmonics(expected_mm @ completion)[:, list(TILTED)]
        form = float((np.abs(here[list(FORM)]) ** 2).mean()) / 2
        variance = max(form, LEAST_FORM_MM**2, 2 * self.standard_uncertainty_mm**2 / HARMONICS)
        misfit = (np.abs(here[list(TILTED)] - waves_mm) ** 2).sum(axis=1) / variance
        freedom = 2 * len(FORM)
        return np.asarray(-0.5 * (freedom + 2 * len(TILTED)) * np.log1p(misfit / freedom), np.float64)


def eccentric_log_likelihood(inner: RingOutline, outer: RingOutline, apart_mm: Floats, completion: Floats) -> Floats:
    """Of each expected distance between the outlines, shape (tilts, angles), by how eccentric it leaves the ring.

    A ring's own eccentricity is as likely in each octave from `LEAST_ECCENTRIC_MM` up. Returns shape (tilts,).
    """
    angles = int(apart_mm.shape[1])
    seen = _harmonics((outer.sampled_mm(angles) - inner.sampled_mm(angles)) @ completion)[1]
    expected = _harmonics(apart_mm @ completion)[:, 1]
    return np.asarray(-np.log1p(np.abs(seen - expected) ** 2 / LEAST_ECCENTRIC_MM**2), np.float64)


def _harmonics(values: Floats) -> NDArray[np.complex128]:
    """Amplitudes along the last axis."""
    return np.asarray(np.fft.rfft(values, axis=-1) * (2 / values.shape[-1]), np.complex128)


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
