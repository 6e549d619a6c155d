"""A linear least-squares fit that dirt does not move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BIWEIGHT = 4.685
"""Tukey's constant: 95 % as precise as least squares when the errors are normal."""
ITERATIONS = 15


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """What a fit found.

    Parameters
    ----------
    coefficients : ndarray, shape (p,)
    weights : ndarray, shape (n,)
        From 0, an outlier, to 1; 0 where the value was NaN.
    scale : float
        Robust standard deviation of the residuals, in the unit of the values.
    """

    coefficients: Floats
    weights: Floats
    scale: float


def fit_linear(basis: Floats, values: Floats, floor: float, stages: tuple[int, ...] = ()) -> LinearFit:
    """Fit values = basis @ coefficients with Tukey's biweight.

    Iteratively reweighted least squares. It starts from the smallest absolute deviations with the first columns alone
    and adds columns by `stages`, so that a clump of outliers is known as such before the later columns could follow it.

    Parameters
    ----------
    basis : ndarray, shape (n, p)
    values : ndarray, shape (n,)
        NaN where nothing was found.
    floor : float
        Smallest scale to believe in, in the unit of the values; above 0.
    stages : tuple of int
        Rising numbers of columns to begin with; then come all p. None: all p from the beginning.

    Returns
    -------
    LinearFit

    Raises
    ------
    ValueError
        When there are fewer than 2 p values.
    """
    known = np.isfinite(values)
    columns = int(basis.shape[1])
    if int(known.sum()) < 2 * columns:
        raise ValueError(f"{int(known.sum())} values for {columns} coefficients; allowed are {2 * columns} or more")
    a, b = basis[known], values[known]
    weights: Floats = np.ones(len(b))
    found: Floats = np.zeros(0)
    scale = floor
    first = stages[0] if stages else columns
    for used, absolute in ((first, True), *((n, False) for n in (*stages[1:], columns))):
        for _ in range(ITERATIONS):
            found = _weighted(a[:, :used], b, weights)
            residual: Floats = np.abs(b - a[:, :used] @ found)
            scale = max(floor, 1.4826 * float(np.median(residual)))
            before = weights
            # Smallest absolute deviations first: they need no scale, which dirt would have spoilt.
            weights = floor / np.maximum(residual, floor) if absolute else _biweight(residual / scale)
            if float(np.abs(weights - before).max()) < 0.01:
                break
    everywhere: Floats = np.zeros(len(values))
    everywhere[known] = weights
    return LinearFit(found, everywhere, scale)


def _biweight(residual: Floats) -> Floats:
    return np.square(1 - np.square(np.minimum(residual / BIWEIGHT, 1.0)))


def _weighted(basis: Floats, values: Floats, weights: Floats) -> Floats:
    # Normal equations: the bases are near-orthogonal, and they cost a tenth of a decomposition.
    weighted = basis * weights[:, None]
    return np.asarray(np.linalg.solve(weighted.T @ basis, weighted.T @ values), np.float64)
