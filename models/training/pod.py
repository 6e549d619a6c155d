"""Probability of detection against size from hits and misses, as MIL-HDBK-1823A has it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

Vector = NDArray[np.float64]

ITERATIONS = 100
ONE_SIDED_95 = 1.6449
LEAST_OF_EACH = 3
"""Hits, and misses, below which no curve is fitted."""


@dataclass(frozen=True, slots=True, eq=False)
class PodCurve:
    """logit(POD) = intercept + slope * ln(size), by maximum likelihood, with the covariance of the two."""

    intercept: float
    slope: float
    covariance: Vector

    def probability(self, size: float) -> float:
        """At a size above 0."""
        return float(expit(self.intercept + self.slope * math.log(size)))

    @property
    def a90(self) -> float:
        """Size found nine times out of ten."""
        return math.exp((float(logit(0.9)) - self.intercept) / self.slope)

    @property
    def a90_95(self) -> float | None:
        """Size of which that is 95 % sure: where the lower bound of the curve reaches 0.9 (Wald); None when nowhere."""

        def over(x: float) -> float:
            direction = np.array([1.0, x])
            spread = math.sqrt(float(direction @ self.covariance @ direction))
            return self.intercept + self.slope * x - ONE_SIDED_95 * spread - float(logit(0.9))

        low = math.log(self.a90)
        high = low + math.log(100)
        return math.exp(float(brentq(over, low, high))) if over(high) > 0 else None


def fit_pod(sizes: Vector, hits: NDArray[np.bool_]) -> PodCurve | None:
    """Fit the curve.

    None when there are too few hits or misses, when a size parts them cleanly, or when larger is not found more often.
    """
    if min(np.count_nonzero(hits), np.count_nonzero(~hits)) < LEAST_OF_EACH or sizes[hits].min() > sizes[~hits].max():
        return None
    design = np.stack([np.ones(len(sizes)), np.log(sizes)], 1)
    beta = np.zeros(2)
    information = np.eye(2)
    for _ in range(ITERATIONS):
        chance = expit(design @ beta)
        information = design.T @ (design * (chance * (1 - chance))[:, None])
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, design.T @ (hits - chance))
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-9:
            break
    if beta[1] <= 0:
        return None
    return PodCurve(float(beta[0]), float(beta[1]), np.linalg.inv(information))
