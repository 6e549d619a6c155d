"""What is told about gauge R&R: crossed by either method, or by several factors."""

from __future__ import annotations

import math

from loupebox.calibration.gauge_anova import AnovaResult, AnovaRow
from loupebox.calibration.gauge_average_range import AverageRangeResult
from loupebox.calibration.gauge_crossed import GAUGE, PART, REPEATABILITY, REPRODUCIBILITY, CrossedCharts
from loupebox.calibration.gauge_factors import FactorResult
from loupebox.calibration.gauge_summary import GaugeSummary
from loupebox.station import gauge_plots
from loupebox.station.gauge_plots import Line, Plot
from loupebox.station.gauge_section import Section, Table, between, number, percent, probability


def range_section(result: AverageRangeResult) -> Section:
    factors = Table(
        "Ranges",
        ("range", "value", "factor", "SD"),
        (
            ("mean range of a cell (K1)", *_scaled(result.mean_range, result.k1)),
            (f"between {result.charts.factor}s (K2)", *_scaled(result.range_of_appraisers, result.k2)),
            ("between parts (K3)", *_scaled(result.range_of_parts, result.k3)),
        ),
    )
    return Section(
        "Gauge R&R: average and range",
        result.summary.acceptance,
        result.summary.reason,
        result.method,
        (_components(result.summary, None), factors, _cells(result.charts)),
        (component_plot(result.summary), *crossed_plots(result.charts)),
    )


def anova_section(result: AnovaResult) -> Section:
    tables = [_components(result.summary, result.confidence), _anova("Analysis of variance", result.table)]
    if result.pooled:
        tables.append(_anova("After pooling the interaction", result.reduced_table))
    return Section(
        "Gauge R&R: analysis of variance",
        result.summary.acceptance,
        result.summary.reason,
        result.method,
        (*tables, _cells(result.charts)),
        (component_plot(result.summary), *crossed_plots(result.charts)),
    )


def factor_section(result: FactorResult) -> Section:
    within = {name: f"{name} (counted within {', '.join(parents)})" for name, parents in result.nested}
    tables = [_components(result.summary, result.confidence), _anova("Analysis of variance", result.table)]
    if result.pooled:
        tables.append(_anova("After pooling", result.reduced_table))
    plots = [component_plot(result.summary)]
    for factor, levels, values in zip(result.factors, result.levels, result.by_level, strict=True):
        own = factor == PART
        plots.append(
            gauge_plots.points_by(
                f"Readings by {factor}",
                "The closer the dots of a part, the better the gauge."
                if own
                else "A level line means that it does not matter to the gauge.",
                "reading" if own else "reading less its part's mean",
                levels,
                values,
                within.get(factor, factor),
            )
        )
    return Section(
        "Gauge R&R by factors",
        result.summary.acceptance,
        result.summary.reason,
        result.method,
        tuple(tables),
        tuple(plots),
    )


def _scaled(value: float, k: float) -> tuple[str, str, str]:
    return number(value), number(k), number(value * k)


def _components(summary: GaugeSummary, confidence: float | None) -> Table:
    head = ["source", "SD", "% of variance", "% of study variation"]
    if summary.tolerance is not None:
        head.append("% of tolerance")
    if confidence is not None:
        head.append(f"{100 * confidence:.0f} % interval of the SD")
    rows: list[tuple[str, ...]] = []
    for c in summary.components:
        row = [c.name, number(c.standard_deviation), percent(c.contribution_percent), percent(c.study_percent)]
        if summary.tolerance is not None:
            row.append(percent(c.tolerance_percent))
        if confidence is not None:
            row.append(between(c.interval))
        rows.append(tuple(row))
    categories = (
        "Number of distinct categories: without limit; the gauge shows no variation."
        if summary.ndc_exact is None
        else f"Number of distinct categories: {summary.ndc} ({summary.ndc_exact:.4f} before truncation)."
    )
    return Table("Components of variation", tuple(head), tuple(rows), categories)


def _anova(title: str, rows: tuple[AnovaRow, ...]) -> Table:
    return Table(
        title,
        ("source", "df", "SS", "MS", "F", "p"),
        tuple(
            (
                r.source,
                str(r.degrees_of_freedom),
                number(r.sum_of_squares, 8),
                number(r.mean_square, 6),
                number(r.f),
                probability(r.p),
            )
            for r in rows
        ),
    )


def _cells(charts: CrossedCharts) -> Table:
    beyond = "; ".join(f"{charts.factor} {a}, part {p}" for a, p in charts.beyond_range) or "none"
    return Table(
        "Charts",
        ("chart", "centre", "lower limit", "upper limit"),
        (
            ("range of a cell", number(charts.mean_range), *map(number, charts.range_limits)),
            ("average of a cell", *(number(v, 6) for v in (charts.grand_average, *charts.average_limits))),
        ),
        f"Ranges above the limit: {beyond}. Averages outside their limits: "
        f"{charts.share_beyond_average_percent:.0f} % (wanted is half or more: the gauge then tells parts apart).",
    )


def component_plot(summary: GaugeSummary) -> Plot:
    shown = [c for c in summary.components if c.name in (GAUGE, REPEATABILITY, REPRODUCIBILITY, PART)]
    shown.sort(key=lambda c: (GAUGE, REPEATABILITY, REPRODUCIBILITY, PART).index(c.name))
    series = [("variance", [c.contribution_percent for c in shown]), ("study", [c.study_percent for c in shown])]
    if summary.tolerance is not None:
        series.append(("tolerance", [c.tolerance_percent or 0.0 for c in shown]))
    return gauge_plots.bars(
        "Components of variation",
        "A good gauge leaves nearly all of the variation to the parts.",
        "%",
        [c.name for c in shown],
        series,
    )


def crossed_plots(charts: CrossedCharts) -> tuple[Plot, ...]:
    names, levels = charts.parts, charts.appraisers
    low, high = charts.range_limits
    ranges = gauge_plots.run_chart(
        f"Ranges by {charts.factor}",
        "A range above the limit is too wide to be chance: look at that reading before all else.",
        "range of the trials",
        [(a, names, values) for a, values in zip(levels, charts.ranges, strict=True)],
        [Line(charts.mean_range, "mean"), Line(high, "UCL", "limit"), *([Line(low, "LCL", "limit")] if low else [])],
        (low, high),
        f"part, by {charts.factor}",
    )
    below, above = charts.average_limits
    averages = gauge_plots.run_chart(
        f"Averages by {charts.factor}",
        "The limits show what the gauge alone would scatter: most averages should lie outside.",
        "average of the trials",
        [(a, names, values) for a, values in zip(levels, charts.averages, strict=True)],
        [Line(charts.grand_average, "mean"), Line(below, "LCL", "limit"), Line(above, "UCL", "limit")],
        (-math.inf, math.inf),
        f"part, by {charts.factor}",
    )
    by_part = gauge_plots.points_by(
        "Readings by part",
        "The closer the dots of a part, the better the gauge.",
        "reading",
        names,
        [[v for cell in part for v in cell] for part in charts.readings],
        "part",
    )
    by_level = gauge_plots.points_by(
        f"Readings by {charts.factor}",
        "A level line means that all read the same on average.",
        "reading",
        levels,
        [[v for part in charts.readings for v in part[a]] for a in range(len(levels))],
        charts.factor,
    )
    both = gauge_plots.interaction(
        f"Part and {charts.factor} together",
        "Lines that cross are an interaction: who reads higher depends on the part.",
        "average of the trials",
        names,
        list(zip(levels, charts.averages, strict=True)),
        "part",
    )
    return ranges, averages, by_part, by_level, both
