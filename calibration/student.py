"""Student's t without the weight of a statistics package: every inspected piece asks for it."""

from __future__ import annotations

import math

from scipy.special import ndtri, stdtrit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]


def t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """The value below which Student's t lies with a probability; the normal distribution's without limit of freedom.

    >>> round(t_quantile(0.975, 10), 3), round(t_quantile(0.975, math.inf), 3)
    (2.228, 1.96)
    """
    if math.isinf(degrees_of_freedom):
        return float(ndtri(probability))  # pyright: ignore[reportUnknownArgumentType]
    return float(stdtrit(degrees_of_freedom, probability))  # pyright: ignore[reportUnknownArgumentType]
