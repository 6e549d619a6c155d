"""What the range of a few normal readings says about their standard deviation.

All factors follow from the distribution of the relative range W of n independent standard normal readings
(Tippett, Biometrika 17, 1925), integrated here and not copied from a table:

* d2(n) = E[W] and d3(n) = SD[W];
* d2*(n, g) = sqrt(d2(n)**2 + d3(n)**2 / g), for the mean of g ranges when its square shall be unbiased
  (Duncan, Quality Control and Industrial Statistics, 1974, table D3);
* K = 1 / d2*, where g above 15 counts as infinite, as on the form of AIAG MSA, 4th edition.

They are rounded as the printed tables round them, so that results agree with forms and with other programs.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.special import ndtr

from loupebox.calibration.gauge_error import GaugeStudyError

LARGEST_SUBGROUP = 100
"""Readings in one range; beyond about 10 a range wastes most of what the readings say."""

MANY_GROUPS = 15
"""With more ranges than this the form uses d2 in place of d2*."""


@cache
def _range_moments(size: int) -> tuple[float, float]:
    """Mean and standard deviation of the range of `size` standard normal readings, to about 1e-10."""
    if not 2 <= size <= LARGEST_SUBGROUP:
        raise GaugeStudyError(f"a range of {size} readings; allowed are 2 to {LARGEST_SUBGROUP}")
    nodes, weights = np.polynomial.legendre.leggauss(120)
    w = 8.0 * (nodes + 1.0)
    x, step = np.linspace(-9.0, 9.0, 721, retstep=True)
    density = np.exp(-0.5 * x**2) / math.sqrt(2.0 * math.pi)
    inside = ndtr(x[None, :] + w[:, None]) - ndtr(x)[None, :]
    # The trapezoid rule converges faster than any power of the step here: the integrand dies at both ends.
    distribution = size * (density * inside ** (size - 1)).sum(axis=1) * step
    beyond = 8.0 * weights * (1.0 - distribution)
    mean = float(beyond.sum())
    return mean, math.sqrt(2.0 * float((w * beyond).sum()) - mean**2)


def d2(size: int) -> float:
    """Mean of the relative range of `size` readings, three decimals.

    >>> d2(2), d2(3), d2(10)
    (1.128, 1.693, 3.078)
    """
    return round(_range_moments(size)[0], 3)


def k_factor(size: int, groups: int) -> float:
    """Standard deviation a unit of the mean of `groups` ranges of `size` readings each, four decimals.

    Raises
    ------
    GaugeStudyError
        When `size` is below 2 or above `LARGEST_SUBGROUP`.

    Examples
    --------
    K1 of 3 trials, K2 of 3 appraisers, K3 of 10 parts:

    >>> k_factor(3, 30), k_factor(3, 1), k_factor(10, 1)
    (0.5908, 0.5231, 0.3146)
    """
    mean, sd = _range_moments(size)
    spread = 0.0 if groups > MANY_GROUPS else sd**2 / groups
    return round(1.0 / math.sqrt(mean**2 + spread), 4)


def range_limit_factors(size: int) -> tuple[float, float]:
    """D3 and D4: the three-sigma limits of a range a unit of the mean range, three decimals.

    >>> range_limit_factors(2)
    (0.0, 3.267)
    """
    mean, sd = _range_moments(size)
    return round(max(0.0, 1.0 - 3.0 * sd / mean), 3), round(1.0 + 3.0 * sd / mean, 3)


def average_limit_factor(size: int) -> float:
    """A2: the three-sigma limit of an average of `size` readings a unit of the mean range, three decimals.

    >>> average_limit_factor(3)
    1.023
    """
    return round(3.0 / (_range_moments(size)[0] * math.sqrt(size)), 3)
