"""Stability study: the same reference part read again over days and weeks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_range_factors import d2, range_limit_factors
from loupebox.calibration.gauge_t_test import TTest, t_test

FEWEST_READINGS = 10


@dataclass(frozen=True, slots=True)
class StabilityResult:
    """Does the gauge stay where it is?

    Parameters
    ----------
    method : str
        A sentence for the report.
    times : tuple of float
        Of the readings, rising; in `time_unit`.
    time_unit : str
        "reading" when the readings were only counted.
    readings : tuple of float
    moving_ranges : tuple of float
        Absolute difference of neighbours; one fewer than readings.
    mean : float
    limits : (float, float)
        Three-sigma limits of individual readings from the mean moving range.
    mean_moving_range, moving_range_limit : float
    beyond : tuple of int
        Readings outside their limits, counted from 1.
    jumps : tuple of int
        Readings whose moving range from the one before is above its limit, counted from 1.
    drift : TTest
        Slope in the unit of the readings a time unit, against zero.
    stable : bool
    reason : str
        A sentence with the numbers.
    """

    method: str
    times: tuple[float, ...]
    time_unit: str
    readings: tuple[float, ...]
    moving_ranges: tuple[float, ...]
    mean: float
    limits: tuple[float, float]
    mean_moving_range: float
    moving_range_limit: float
    beyond: tuple[int, ...]
    jumps: tuple[int, ...]
    drift: TTest
    stable: bool
    reason: str


def stability_study(
    readings: Sequence[float], times: Sequence[float] | None = None, time_unit: str = "reading"
) -> StabilityResult:
    """Individuals chart (NIST/SEMATECH e-Handbook 6.3.2.2) and a t-test of the linear drift.

    Parameters
    ----------
    readings : sequence of float, length n
        Of one part, in their order in time; at least `FEWEST_READINGS`.
    times : sequence of float, length n, optional
        Strictly rising; 1, 2, 3, ... when left out.
    time_unit : str
        What the times count.

    Returns
    -------
    StabilityResult
        Readings that are all equal are stable, with limits of no width.

    Raises
    ------
    GaugeStudyError
        Naming the reading and what is allowed.
    """
    x = np.asarray(readings, dtype=np.float64)
    t = np.arange(1.0, x.size + 1) if times is None else np.asarray(times, dtype=np.float64)
    if x.size < FEWEST_READINGS:
        raise GaugeStudyError(f"a stability study needs {FEWEST_READINGS} readings or more; there are {x.size}")
    if t.shape != x.shape:
        raise GaugeStudyError(f"there are {x.size} readings and {t.size} times; each reading needs one")
    for values, what in ((x, "value"), (t, "time")):
        if not np.isfinite(values).all():
            first = int(np.argmin(np.isfinite(values)))
            raise GaugeStudyError(f"the {what} of reading {first + 1} is {values[first]}; allowed are finite numbers")
    if (np.diff(t) <= 0).any():
        late = int(np.argmax(np.diff(t) <= 0)) + 2
        raise GaugeStudyError(
            f"reading {late} has time {t[late - 1]:g} after {t[late - 2]:g}; times must rise from reading to reading"
        )
    # From the first reading: equal readings then have no spread at all, not one of rounding.
    from_first = x - x[0]
    centre, moving = float(from_first.mean()), np.abs(np.diff(x))
    mean = float(x[0]) + centre
    mean_range = float(moving.mean())
    reach = 3.0 * mean_range / d2(2)
    range_limit = range_limit_factors(2)[1] * mean_range
    beyond = tuple(int(i) + 1 for i in np.flatnonzero(np.abs(from_first - centre) > reach))
    jumps = tuple(int(i) + 2 for i in np.flatnonzero(moving > range_limit))
    drift = _drift(t, from_first)
    stable = not (beyond or jumps or drift.significant)
    return StabilityResult(
        method=(
            f"Stability of {x.size} readings: individuals and moving-range chart (mean moving range over d2 "
            f"{d2(2):g}, three sigma; D4 {range_limit_factors(2)[1]:g}) and Student's t of the slope over time, "
            "two-sided, 95 %."
        ),
        times=tuple(float(v) for v in t),
        time_unit=time_unit,
        readings=tuple(float(v) for v in x),
        moving_ranges=tuple(float(v) for v in moving),
        mean=mean,
        limits=(mean - reach, mean + reach),
        mean_moving_range=mean_range,
        moving_range_limit=range_limit,
        beyond=beyond,
        jumps=jumps,
        drift=drift,
        stable=stable,
        reason=_reason(beyond, jumps, drift, time_unit),
    )


def _drift(t: NDArray[np.float64], x: NDArray[np.float64]) -> TTest:
    from_centre = t - t.mean()
    sxx = float((from_centre**2).sum())
    slope = float((from_centre * (x - x.mean())).sum()) / sxx
    residuals = x - x.mean() - slope * from_centre
    df = x.size - 2
    return t_test(slope, math.sqrt(float((residuals**2).sum()) / df / sxx), df)


def _reason(beyond: tuple[int, ...], jumps: tuple[int, ...], drift: TTest, time_unit: str) -> str:
    troubles: list[str] = []
    if beyond:
        troubles.append(f"reading {', '.join(map(str, beyond))} outside the limits")
    if jumps:
        troubles.append(f"a jump before reading {', '.join(map(str, jumps))}")
    if drift.significant:
        troubles.append(f"a drift of {drift.value:.4g} a {time_unit} (p {drift.p:.2g})")
    if troubles:
        return "not stable: " + "; ".join(troubles)
    return f"stable: no reading outside the limits, no jump, no drift (p {drift.p:.2g})"
