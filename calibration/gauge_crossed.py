"""Readings of a crossed gauge study: each appraiser reads each part equally often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_range_factors import average_limit_factor, range_limit_factors

REPEATABILITY, REPRODUCIBILITY, INTERACTION = "repeatability", "reproducibility", "interaction"
GAUGE, PART, TOTAL = "gauge R&R", "part", "total"

_RESERVED = (REPEATABILITY, REPRODUCIBILITY, INTERACTION, GAUGE, PART, TOTAL, "trial", "value")


@dataclass(frozen=True, slots=True, eq=False)
class CrossedStudy:
    """Readings of parts by appraisers, balanced.

    Parameters
    ----------
    readings : ndarray of float64, shape (parts, appraisers, trials)
        In one unit; at least 2 along each axis, finite and not all equal. Made read-only.
    parts, appraisers : tuple of str
        Names along the first two axes, each once.
    factor : str
        What the second axis is; not one of the names of the other components. A station has no appraisers: its
        parts are read again after another load, rotation or day, and the arithmetic is the same.

    Raises
    ------
    GaugeStudyError
        Naming what is missing, and how many there must be.
    """

    readings: NDArray[np.float64]
    parts: tuple[str, ...]
    appraisers: tuple[str, ...]
    factor: str = "appraiser"

    def __post_init__(self) -> None:
        if not self.factor or self.factor in _RESERVED:
            raise GaugeStudyError(
                f"the factor is called '{self.factor}'; allowed is any name but {', '.join(_RESERVED)}"
            )
        if self.readings.ndim != 3 or self.readings.shape[:2] != (len(self.parts), len(self.appraisers)):
            raise GaugeStudyError(
                f"readings have shape {self.readings.shape}; {len(self.parts)} parts and {len(self.appraisers)} "
                f"{self.factor}s need ({len(self.parts)}, {len(self.appraisers)}, trials)"
            )
        for count, what in zip(self.readings.shape, ("part", self.factor, "trial"), strict=True):
            if count < 2:
                raise GaugeStudyError(f"a crossed study needs at least 2 {what}s; there is {count}")
        for names, what in ((self.parts, "part"), (self.appraisers, self.factor)):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise GaugeStudyError(f"{what} {', '.join(twice)} stands there twice")
        if not np.isfinite(self.readings).all():
            p, a, t = (int(i) for i in np.argwhere(~np.isfinite(self.readings))[0])
            raise GaugeStudyError(
                f"part {self.parts[p]}, {self.factor} {self.appraisers[a]}, trial {t + 1} is "
                f"{self.readings[p, a, t]}; allowed are finite numbers"
            )
        if np.ptp(self.readings) == 0:
            raise GaugeStudyError(
                f"all {self.readings.size} readings are {self.readings.flat[0]:g}; "
                "nothing can be said about a gauge that always reads the same"
            )
        view = self.readings.view()
        view.flags.writeable = False
        object.__setattr__(self, "readings", view)


@dataclass(frozen=True, slots=True)
class CrossedCharts:
    """What the plots of a crossed study show, in the unit of the readings.

    Parameters
    ----------
    factor : str
    parts, appraisers : tuple of str
    readings : tuple of tuple of tuple of float
        By part, appraiser and trial.
    averages, ranges : tuple of tuple of float
        Of each cell, by appraiser and part.
    grand_average, mean_range : float
    average_limits, range_limits : (float, float)
        Three-sigma limits from the mean range: A2, D3 and D4.
    beyond_range : tuple of (str, str)
        Appraiser and part of each range above its limit: a reading that went wrong, to look at before all else.
    share_beyond_average_percent : float
        Averages outside their limits. The limits show what the gauge alone does, so here many is good:
        below half, the gauge hardly tells the parts apart.
    """

    factor: str
    parts: tuple[str, ...]
    appraisers: tuple[str, ...]
    readings: tuple[tuple[tuple[float, ...], ...], ...]
    averages: tuple[tuple[float, ...], ...]
    ranges: tuple[tuple[float, ...], ...]
    grand_average: float
    mean_range: float
    average_limits: tuple[float, float]
    range_limits: tuple[float, float]
    beyond_range: tuple[tuple[str, str], ...]
    share_beyond_average_percent: float


def crossed_charts(study: CrossedStudy) -> CrossedCharts:
    """Average and range of each cell with three-sigma limits.

    Parameters
    ----------
    study : CrossedStudy

    Returns
    -------
    CrossedCharts
    """
    x = study.readings
    averages, ranges = x.mean(axis=2).T, np.ptp(x, axis=2).T
    mean_range, grand = float(ranges.mean()), float(x.mean())
    d3, d4 = range_limit_factors(x.shape[2])
    reach = average_limit_factor(x.shape[2]) * mean_range
    beyond = np.argwhere(ranges > d4 * mean_range)
    return CrossedCharts(
        factor=study.factor,
        parts=study.parts,
        appraisers=study.appraisers,
        readings=tuple(rows(cells) for cells in x),
        averages=rows(averages),
        ranges=rows(ranges),
        grand_average=grand,
        mean_range=mean_range,
        average_limits=(grand - reach, grand + reach),
        range_limits=(d3 * mean_range, d4 * mean_range),
        beyond_range=tuple((study.appraisers[int(a)], study.parts[int(p)]) for a, p in beyond),
        share_beyond_average_percent=100.0 * float((np.abs(averages - grand) > reach).mean()),
    )


def rows(table: NDArray[np.float64] | Sequence[NDArray[np.float64]]) -> tuple[tuple[float, ...], ...]:
    """A two-dimensional array as tuples of plain numbers."""
    return tuple(tuple(float(v) for v in row) for row in table)
