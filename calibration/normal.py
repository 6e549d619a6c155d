"""The normal distribution over arrays, with types that a checker knows."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

Precision = TypeVar("Precision", np.float32, np.float64)


def normal_cdf(z: NDArray[Precision]) -> NDArray[Precision]:
    """Probability of a standard normal variable below each `z`, same shape and precision.

    >>> normal_cdf(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(ndtr(z), z.dtype)  # pyright: ignore[reportUnknownArgumentType]
