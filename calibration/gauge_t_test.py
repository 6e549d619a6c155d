"""Is it zero, as far as the readings can tell: Student's t."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95
"""Of the intervals, both sides together; a p below its complement is called significant."""


@dataclass(frozen=True, slots=True)
class TTest:
    """An estimate held against zero.

    Parameters
    ----------
    value, standard_error : float
        In one unit.
    degrees_of_freedom : int
    t : float or None
        None when the standard error is zero.
    p : float
        Two-sided.
    interval : (float, float)
        At `CONFIDENCE`.
    """

    value: float
    standard_error: float
    degrees_of_freedom: int
    t: float | None
    p: float
    interval: tuple[float, float]

    @property
    def significant(self) -> bool:
        """Whether it differs from zero at `CONFIDENCE`."""
        return self.p < 1.0 - CONFIDENCE


def t_test(value: float, standard_error: float, degrees_of_freedom: int) -> TTest:
    """Hold an estimate against zero.

    Parameters
    ----------
    value, standard_error : float
        The standard error is not negative.
    degrees_of_freedom : int
        At least 1.
    """
    reach = t_quantile(degrees_of_freedom) * standard_error
    interval = (value - reach, value + reach)
    if standard_error == 0:
        return TTest(value, standard_error, degrees_of_freedom, None, 1.0 if value == 0 else 0.0, interval)
    t = value / standard_error
    p = 2.0 * float(stats.t.sf(math.fabs(t), degrees_of_freedom))
    return TTest(value, standard_error, degrees_of_freedom, t, p, interval)


def t_quantile(degrees_of_freedom: int) -> float:
    """Half-width of the interval at `CONFIDENCE`, in standard errors."""
    return float(stats.t.isf((1.0 - CONFIDENCE) / 2.0, degrees_of_freedom))
