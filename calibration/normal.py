"""The normal distribution over arrays, with types that a checker knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]


def normal_cdf(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of a standard normal variable below each `z`, same shape.

    >>> normal_cdf(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(ndtr(z), np.float64)  # pyright: ignore[reportUnknownArgumentType]
