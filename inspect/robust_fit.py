"""Least squares that a few wild points cannot move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

TUKEY = 4.685
"""Residuals beyond this many standard deviations count nothing (Holland and Welsch 1977: 95 % efficient)."""


@dataclass(frozen=True, slots=True, eq=False)
class RobustFit:
    """Parameters with their covariance.

    Parameters
    ----------
    values : ndarray, shape (n,)
    covariance : ndarray, shape (n, n)
        From the spread of the residuals, as if the points were independent.
    residual_sd : float
        Robust standard deviation of the residuals, in their unit.
    used : ndarray of bool, shape (points,)
        Points that still counted at the end.
    """

    values: Vector
    covariance: Vector
    residual_sd: float
    used: NDArray[np.bool_]


def robust_fit(
    residuals: Callable[[Vector], Vector], start: Vector, steps: Vector, noise_floor: float, iterations: int = 15
) -> RobustFit | None:
    """Gauss-Newton with Tukey's biweight.

    Parameters
    ----------
    residuals : callable
        Signed distances, shape (points,), at the given parameters; the same points each time.
    start, steps : ndarray, shape (n,)
        Where to begin, and the steps of the numerical derivatives.
    noise_floor : float
        The least spread that residuals are credited with, so that exact data do not reject themselves.

    Returns
    -------
    RobustFit or None
        None when fewer points than parameters are left, or they do not determine the parameters.
    """
    values = start.astype(np.float64)
    weights = np.zeros(0)
    jacobian = np.zeros((0, len(start)))
    spread = noise_floor
    for _ in range(iterations):
        now = residuals(values)
        spread = max(1.4826 * float(np.median(np.abs(now))), noise_floor) if len(now) else noise_floor
        weights = np.clip(1 - (now / (TUKEY * spread)) ** 2, 0, 1) ** 2
        jacobian = np.stack(
            [(residuals(values + step) - residuals(values - step)) / (2 * step.sum()) for step in np.diag(steps)],
            axis=1,
        )
        if np.count_nonzero(weights) <= len(values):
            return None
        normal = jacobian.T @ (weights[:, None] * jacobian)
        if np.linalg.cond(normal) > 1e12:
            return None
        change = -np.linalg.solve(normal, jacobian.T @ (weights * now))
        values = values + change
        if not np.isfinite(values).all():
            return None
        if (np.abs(change) < 1e-3 * steps).all():
            break
    inverse = np.linalg.inv(jacobian.T @ (weights[:, None] * jacobian))
    covariance = (spread**2 * inverse).astype(np.float64)
    return RobustFit(values, covariance, spread, weights > 0)
