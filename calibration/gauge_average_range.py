"""Gauge R&R by averages and ranges: the arithmetic of a form that people fill in by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from loupebox.calibration.gauge_crossed import (
    GAUGE,
    PART,
    REPEATABILITY,
    REPRODUCIBILITY,
    TOTAL,
    CrossedCharts,
    CrossedStudy,
    crossed_charts,
)
from loupebox.calibration.gauge_range_factors import k_factor
from loupebox.calibration.gauge_summary import GaugeSummary, summarise


@dataclass(frozen=True, slots=True)
class AverageRangeResult:
    """Gauge R&R by averages and ranges.

    Parameters
    ----------
    method : str
        A sentence for the report.
    mean_range : float
        Of the trials of one cell, averaged over all cells.
    range_of_appraisers, range_of_parts : float
        Largest minus smallest average.
    k1, k2, k3 : float
        Factors of the three ranges: trials, appraisers, parts.
    summary : GaugeSummary
    charts : CrossedCharts
    """

    method: str
    mean_range: float
    range_of_appraisers: float
    range_of_parts: float
    k1: float
    k2: float
    k3: float
    summary: GaugeSummary
    charts: CrossedCharts


def average_and_range(study: CrossedStudy, tolerance: float | None = None) -> AverageRangeResult:
    """Components of variation from averages and ranges (AIAG MSA, 4th edition, chapter III B).

    Parameters
    ----------
    study : CrossedStudy
    tolerance : float, optional
        Upper minus lower limit, in the unit of the readings.

    Returns
    -------
    AverageRangeResult
        Interaction of part and appraiser is not seen by this method: it hides in the repeatability's and the
        parts' ranges. `gauge_anova.analyse_variance` separates it.

    Raises
    ------
    GaugeStudyError
        When the tolerance is not above 0.
    """
    parts, appraisers, trials = study.readings.shape
    charts = crossed_charts(study)
    between_appraisers = float(np.ptp(study.readings.mean(axis=(0, 2))))
    between_parts = float(np.ptp(study.readings.mean(axis=(1, 2))))
    k1, k2, k3 = k_factor(trials, parts * appraisers), k_factor(appraisers, 1), k_factor(parts, 1)
    variances = range_variances(
        charts.mean_range * k1, between_appraisers * k2, between_parts * k3, readings_each=parts * trials
    )
    return AverageRangeResult(
        method=(
            f"Average and range (AIAG MSA, 4th edition): {parts} parts x {appraisers} {study.factor}s x {trials} "
            f"trials; K1 {k1:g}, K2 {k2:g}, K3 {k3:g} = 1/d2* (Duncan), with d2 where more than 15 ranges are "
            f"averaged; variation between {study.factor}s reduced by the repeatability's share and not below zero; "
            "ndc = 1.41 part/gauge, truncated."
        ),
        mean_range=charts.mean_range,
        range_of_appraisers=between_appraisers,
        range_of_parts=between_parts,
        k1=k1,
        k2=k2,
        k3=k3,
        summary=summarise(variances, tolerance),
        charts=charts,
    )


def range_variances(
    repeatability: float, between_appraisers: float, part: float, *, readings_each: int
) -> dict[str, float]:
    """The form's arithmetic on standard deviations.

    Parameters
    ----------
    repeatability, between_appraisers, part : float
        Ranges times their K factors, in the unit of the readings.
    readings_each : int
        Readings that stand behind one appraiser's average: parts times trials.

    Returns
    -------
    dict of str to float
        Variances by the names of `gauge_summary.Component`.
    """
    appraiser = max(0.0, between_appraisers**2 - repeatability**2 / readings_each)
    gauge = repeatability**2 + appraiser
    return {
        REPEATABILITY: repeatability**2,
        REPRODUCIBILITY: appraiser,
        GAUGE: gauge,
        PART: part**2,
        TOTAL: math.fsum((gauge, part**2)),
    }
