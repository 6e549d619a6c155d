"""How sure a share is: a few pieces say little."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""


def wilson(k: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Interval of a share that was seen as `k` out of `n` (Wilson's score interval, without continuity correction).

    Parameters
    ----------
    k : int
        How many had the property, 0 to `n`.
    n : int
        How many were looked at; 0 gives the whole interval from 0 to 1.
    z : float
        Quantile of the normal distribution, 1.96 for 95 %.

    Returns
    -------
    tuple of float
        Lower and upper end, within 0 to 1, both ends included.

    Raises
    ------
    ValueError
        When `k` is not within 0 to `n`.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22
    (1927) 209; recommended in R. G. Newcombe, Statistics in Medicine 17 (1998) 857, method 3.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(15, 148)]
    [0.0624, 0.1605]
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} out of {n} is no share; allowed is 0 to {n} out of {n}")
    if n == 0:
        return 0.0, 1.0
    centre = k + z * z / 2
    spread = z * math.sqrt(k * (n - k) / n + z * z / 4)
    low, high = (centre - spread) / (n + z * z), (centre + spread) / (n + z * z)
    # Rounding must not push the ends past what was seen: nothing seen includes 0, everything includes 1.
    return 0.0 if k == 0 else low, 1.0 if k == n else high
