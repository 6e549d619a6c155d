"""Gauge R&R by the analysis of variance of a balanced crossed study, all effects random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

from loupebox.calibration.gauge_crossed import (
    GAUGE,
    INTERACTION,
    PART,
    REPEATABILITY,
    REPRODUCIBILITY,
    TOTAL,
    CrossedCharts,
    CrossedStudy,
    crossed_charts,
)
from loupebox.calibration.gauge_intervals import MeanSquareTerm, variance_interval
from loupebox.calibration.gauge_summary import GaugeSummary, summarise

POOLING_ALPHA = 0.25
"""An interaction with a larger p is taken for repeatability (AIAG MSA, 4th edition, appendix A)."""

CONFIDENCE = 0.90
"""Of the intervals of the standard deviations, both sides together."""


@dataclass(frozen=True, slots=True)
class AnovaRow:
    """One line of an analysis of variance.

    Parameters
    ----------
    source : str
    degrees_of_freedom : int
    sum_of_squares, mean_square : float
    f, p : float or None
        None for the error line and the total, and where the mean square to divide by is zero.
    """

    source: str
    degrees_of_freedom: int
    sum_of_squares: float
    mean_square: float
    f: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class AnovaResult:
    """Gauge R&R by the analysis of variance.

    Parameters
    ----------
    method : str
        A sentence for the report, with what the pooling rule did.
    table : tuple of AnovaRow
        With the interaction, before any pooling.
    reduced_table : tuple of AnovaRow
        After pooling; the same as `table` when nothing was pooled.
    pooled : bool
    confidence : float
        Of the intervals in `summary`.
    summary : GaugeSummary
    charts : CrossedCharts
    """

    method: str
    table: tuple[AnovaRow, ...]
    reduced_table: tuple[AnovaRow, ...]
    pooled: bool
    confidence: float
    summary: GaugeSummary
    charts: CrossedCharts


def analyse_variance(
    study: CrossedStudy, tolerance: float | None = None, pooling_alpha: float = POOLING_ALPHA
) -> AnovaResult:
    """Components of variation by the method of moments (AIAG MSA, 4th edition, appendix A).

    Parameters
    ----------
    study : CrossedStudy
    tolerance : float, optional
        Upper minus lower limit, in the unit of the readings.
    pooling_alpha : float
        The interaction is pooled with the repeatability when its p is above this; 1 never pools.

    Returns
    -------
    AnovaResult
        Components that come out negative are set to zero. The intervals are of the components as they come out
        of the mean squares, at `CONFIDENCE`, cut at zero.

    Raises
    ------
    GaugeStudyError
        When the tolerance is not above 0.
    """
    squares = _sums_of_squares(study)
    table = _table(squares, study.factor)
    interaction = next(r for r in table if r.source == INTERACTION)
    pooled = interaction.p is None or interaction.p > pooling_alpha
    if pooled:
        df, ss = squares.pop(INTERACTION)
        squares[REPEATABILITY] = (squares[REPEATABILITY][0] + df, squares[REPEATABILITY][1] + ss)
    combinations = _combinations(study, pooled)
    terms = {
        name: [MeanSquareTerm(c, squares[s][1] / squares[s][0], squares[s][0]) for s, c in combination.items()]
        for name, combination in combinations.items()
    }
    parts, appraisers, trials = study.readings.shape
    p = "undefined" if interaction.p is None else f"{interaction.p:.5g}"
    return AnovaResult(
        method=(
            f"Analysis of variance, all effects random (AIAG MSA, 4th edition, appendix A): {parts} parts x "
            f"{appraisers} {study.factor}s x {trials} trials; interaction p {p}, "
            f"{'pooled with' if pooled else 'kept apart from'} the repeatability (rule: pooled above "
            f"{pooling_alpha:g}); negative components set to zero; {100 * CONFIDENCE:.0f} % modified "
            "large sample intervals of the standard deviations (Burdick and Larsen 1997); "
            "ndc = 1.41 part/gauge, truncated."
        ),
        table=table,
        reduced_table=_table(squares, study.factor),
        pooled=pooled,
        confidence=CONFIDENCE,
        summary=summarise(
            _variances(terms, study.factor),
            tolerance,
            {name: _sd_interval(combination) for name, combination in terms.items()},
        ),
        charts=crossed_charts(study),
    )


def _sums_of_squares(study: CrossedStudy) -> dict[str, tuple[int, float]]:
    """Degrees of freedom and sum of squares by source, from deviations (not from squares of large sums)."""
    # The mean goes first: squares of small deviations from large readings would lose their last digits.
    x = study.readings - study.readings.mean()
    p, a, t = x.shape
    part, appraiser, cell = x.mean(axis=(1, 2)), x.mean(axis=(0, 2)), x.mean(axis=2)
    both = cell - part[:, None] - appraiser[None, :]
    return {
        PART: (p - 1, float(a * t * (part**2).sum())),
        study.factor: (a - 1, float(p * t * (appraiser**2).sum())),
        INTERACTION: ((p - 1) * (a - 1), float(t * (both**2).sum())),
        REPEATABILITY: (p * a * (t - 1), float(((x - cell[:, :, None]) ** 2).sum())),
    }


def _table(squares: Mapping[str, tuple[int, float]], factor: str) -> tuple[AnovaRow, ...]:
    against = INTERACTION if INTERACTION in squares else REPEATABILITY
    divisors = {PART: against, factor: against, INTERACTION: REPEATABILITY}
    rows: list[AnovaRow] = []
    for source, (df, ss) in squares.items():
        f = p = None
        if source in divisors:
            df_below, ss_below = squares[divisors[source]]
            if ss_below > 0:
                f = (ss / df) / (ss_below / df_below)
                p = float(stats.f.sf(f, df, df_below))
            elif ss > 0:
                p = 0.0
        rows.append(AnovaRow(source, df, ss, ss / df, f, p))
    df, ss = sum(d for d, _ in squares.values()), math.fsum(s for _, s in squares.values())
    return (*rows, AnovaRow(TOTAL, df, ss, ss / df, None, None))


def _combinations(study: CrossedStudy, pooled: bool) -> dict[str, dict[str, float]]:
    """Each component as a linear combination of mean squares: name -> source -> coefficient."""
    p, a, t = study.readings.shape
    f = study.factor
    if pooled:
        components = {REPEATABILITY: {REPEATABILITY: 1.0}, f: {f: 1 / (p * t), REPEATABILITY: -1 / (p * t)}}
        components[PART] = {PART: 1 / (a * t), REPEATABILITY: -1 / (a * t)}
        reproducibility: tuple[str, ...] = (f,)
    else:
        components = {REPEATABILITY: {REPEATABILITY: 1.0}, f: {f: 1 / (p * t), INTERACTION: -1 / (p * t)}}
        components[INTERACTION] = {INTERACTION: 1 / t, REPEATABILITY: -1 / t}
        components[PART] = {PART: 1 / (a * t), INTERACTION: -1 / (a * t)}
        reproducibility = (f, INTERACTION)
    gauge = (REPEATABILITY, *reproducibility)
    for name, names in ((REPRODUCIBILITY, reproducibility), (GAUGE, gauge), (TOTAL, (*gauge, PART))):
        sources = {s for n in names for s in components[n]}
        components[name] = {s: math.fsum(components[n].get(s, 0.0) for n in names) for s in sorted(sources)}
    return components


def _variances(terms: Mapping[str, list[MeanSquareTerm]], factor: str) -> dict[str, float]:
    """Clipped components and their sums, in the order of the report."""
    single = {
        name: max(0.0, math.fsum(t.coefficient * t.mean_square for t in terms[name]))
        for name in (REPEATABILITY, factor, INTERACTION, PART)
        if name in terms
    }
    reproducibility = single[factor] + single.get(INTERACTION, 0.0)
    gauge = single[REPEATABILITY] + reproducibility
    parts_of_it = {name: single[name] for name in (factor, INTERACTION) if name in single}
    return {
        REPEATABILITY: single[REPEATABILITY],
        REPRODUCIBILITY: reproducibility,
        **parts_of_it,
        GAUGE: gauge,
        PART: single[PART],
        TOTAL: gauge + single[PART],
    }


def _sd_interval(terms: list[MeanSquareTerm]) -> tuple[float, float]:
    low, high = variance_interval(terms, CONFIDENCE)
    return math.sqrt(low), math.sqrt(high)
