"""What is told about the gauge studies that are not crossed."""

from __future__ import annotations

from loupebox.calibration.attribute_agreement import AgreementResult, AppraiserAgreement, Rate
from loupebox.calibration.attribute_kappa import Kappa
from loupebox.calibration.gauge_linearity import LinearityResult
from loupebox.calibration.gauge_stability import StabilityResult
from loupebox.calibration.gauge_summary import Acceptance
from loupebox.calibration.gauge_t_test import TTest
from loupebox.calibration.gauge_type1 import CAPABLE_FROM, TOLERANCE_SHARE, Type1Result
from loupebox.station import gauge_plots
from loupebox.station.gauge_plots import Interval, Line
from loupebox.station.gauge_section import Section, Table, between, number, percent, probability

T_HEAD = ("estimate", "standard error", "t", "p", "95 % interval")


def type1_section(result: Type1Result) -> Section:
    half = TOLERANCE_SHARE / 2 * result.tolerance
    low, high = result.reference - half, result.reference + half
    numbers = Table(
        "Capability",
        ("what", "value", "wanted"),
        (
            ("Cg", f"{result.cg:.3f}", f"{CAPABLE_FROM:g} or more"),
            ("Cgk", f"{result.cgk:.3f}", f"{CAPABLE_FROM:g} or more"),
            ("mean", number(result.mean, 8), number(result.reference, 8)),
            ("standard deviation", number(result.standard_deviation), ""),
            ("repeatability, % of tolerance", percent(result.repeatability_percent), "15 or less"),
            ("with bias, % of tolerance", percent(result.repeatability_and_bias_percent), "15 or less"),
            ("step, % of tolerance", percent(result.resolution_percent), "5 or less"),
            ("smallest tolerance that it can check", number(result.smallest_tolerance), ""),
        ),
    )
    chart = gauge_plots.run_chart(
        "Readings in time",
        "The dashed lines are the reference and a tenth of the tolerance on either side of it.",
        "reading",
        [("", [str(i + 1) for i in range(len(result.readings))], result.readings)],
        [
            Line(result.mean, "mean"),
            Line(result.reference, "reference", "zero"),
            Line(low, "-10 % T", "limit"),
            Line(high, "+10 % T", "limit"),
        ],
        (low, high),
        "reading",
    )
    return Section(
        "Type 1 study",
        "good" if result.capable else "not acceptable",
        result.reason,
        result.method,
        (numbers, Table("Bias", ("what", *T_HEAD), (_t_row("bias", result.bias),))),
        (chart,),
    )


def linearity_section(result: LinearityResult) -> Section:
    rows = [("slope", result.slope), ("intercept", result.intercept), ("mean bias", result.mean_bias)]
    line = Table(
        "Line of the bias over the reference",
        ("what", *T_HEAD),
        tuple(_t_row(name, t) for name, t in rows),
        f"R squared {number(None if result.r_squared is None else 100 * result.r_squared, 4)} %; "
        f"standard deviation about the line {number(result.residual_standard_deviation)}.",
    )
    parts = Table(
        "Bias by part",
        ("part", "reference", "readings", *T_HEAD),
        tuple(
            (p.part.name, number(p.part.reference, 7), str(len(p.part.readings)), *_t_row("", p.bias)[1:])
            for p in result.parts
        ),
    )
    plot = gauge_plots.band(
        "Bias over the reference",
        "The gauge is linear and right where the band of the line holds zero.",
        "reading - reference",
        "reference",
        [(p.part.reference, v - p.part.reference) for p in result.parts for v in p.part.readings],
        result.band,
    )
    outcome: Acceptance = "good" if result.acceptable else "not acceptable"
    return Section("Linearity and bias", outcome, result.reason, result.method, (line, parts), (plot,))


def stability_section(result: StabilityResult) -> Section:
    labels = [f"{t:.4g}" for t in result.times]
    unit = result.time_unit
    chart = Table(
        "Charts",
        ("chart", "centre", "lower limit", "upper limit"),
        (
            ("reading", number(result.mean, 6), *(number(v, 6) for v in result.limits)),
            ("moving range", number(result.mean_moving_range), "0", number(result.moving_range_limit)),
        ),
    )
    drift = Table("Drift", ("what", *T_HEAD), (_t_row(f"slope a {unit}", result.drift),))
    plots = (
        gauge_plots.run_chart(
            "Readings",
            "A stable gauge stays between the limits without a trend.",
            "reading",
            [("", labels, result.readings)],
            [
                Line(result.mean, "mean"),
                Line(result.limits[0], "LCL", "limit"),
                Line(result.limits[1], "UCL", "limit"),
            ],
            result.limits,
            unit,
        ),
        gauge_plots.run_chart(
            "Moving ranges",
            "A range above the limit is a jump.",
            "difference to the one before",
            [("", labels[1:], result.moving_ranges)],
            [Line(result.mean_moving_range, "mean"), Line(result.moving_range_limit, "UCL", "limit")],
            (0.0, result.moving_range_limit),
            unit,
        ),
    )
    outcome: Acceptance = "good" if result.stable else "not acceptable"
    return Section("Stability", outcome, result.reason, result.method, (chart, drift), plots)


def agreement_section(result: AgreementResult) -> Section:
    people = [*result.appraisers, *([result.everyone] if len(result.appraisers) > 1 else [])]
    kappas = [(f"{a.appraiser}, own trials", a.within) for a in result.appraisers]
    kappas += [(f"{p.first} and {p.second}", p.kappa) for p in result.pairs]
    if len(result.appraisers) > 1:
        kappas.append(("between all calls", result.between))
    kappas += [(f"{a.appraiser}, reference", a.against_reference) for a in people]
    rates = [(f"{a.appraiser}: {what}", r) for a in people for what, r in _rates(a)]
    known = [(name, k) for name, k in kappas if k is not None]
    tables = (
        Table(
            "Agreement beyond chance",
            ("whose calls", "kappa", "word", "95 % interval", "z", "agreeing", "by chance"),
            tuple((name, *_kappa_cells(k)) for name, k in known),
            "Kappa from .75 is good, up to .40 poor. Intervals of Cohen's kappa only; z of Fleiss' kappa only.",
        ),
        Table(
            "Shares",
            ("whose", "count", "of", "%", "95 % interval, %"),
            tuple((name, *_rate_cells(r)) for name, r in rates),
            f"Parts to look at together: {', '.join(result.disputed) or 'none'}.",
        ),
    )
    plots = (
        gauge_plots.intervals(
            "Kappa",
            "Agreement beyond chance: 1 is perfect, 0 is chance.",
            "kappa",
            [Interval(n, k.value, *(k.interval or (k.value or 0.0,) * 2)) for n, k in known],
            min([-0.2, *(k.interval[0] for _, k in known if k.interval)]),
            1.0,
        ),
        gauge_plots.intervals(
            "Shares with their 95 % intervals",
            "Few parts give wide intervals: no miss in 20 bad parts still allows 16 %.",
            "%",
            [Interval(n, None if r.value is None else 100 * r.value, *(100 * v for v in r.interval)) for n, r in rates],
            0.0,
            100.0,
        ),
    )
    outcome = _agreement_outcome(result)
    return Section("Attribute agreement", outcome, result.reason, result.method, tables, plots)


def _agreement_outcome(result: AgreementResult) -> Acceptance:
    decisive = result.everyone.against_reference or result.between
    words: dict[str | None, Acceptance] = {"good": "good", "poor": "not acceptable"}
    return words.get(decisive.word if decisive else None, "conditional")


def _t_row(name: str, t: TTest) -> tuple[str, ...]:
    return name, number(t.value), number(t.standard_error, 4), number(t.t), probability(t.p), between(t.interval)


def _rates(a: AppraiserAgreement) -> list[tuple[str, Rate]]:
    named = (
        ("parts repeated", a.repeated),
        ("parts all right", a.effectiveness),
        ("misses", a.miss),
        ("false alarms", a.false_alarm),
    )
    return [(what, r) for what, r in named if r is not None]


def _rate_cells(r: Rate) -> tuple[str, ...]:
    low, high = r.interval
    share = None if r.value is None else 100 * r.value
    return str(r.count), str(r.of), percent(share), f"{100 * low:.2f} to {100 * high:.2f}"


def _kappa_cells(k: Kappa) -> tuple[str, ...]:
    value = "–" if k.value is None else f"{k.value:.3f}"
    z = "–" if k.z is None else f"{k.z:.1f}"
    return value, k.word or "–", between(k.interval, 3), z, percent(100 * k.observed), percent(100 * k.by_chance)
