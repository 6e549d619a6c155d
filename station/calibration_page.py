"""A draft certificate as a page with its budget and plots, and the history of what was signed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from loupebox.calibration.draft import CalibrationDraft, ResultLine
from loupebox.station import gauge_plots
from loupebox.station.gauge_page import as_page
from loupebox.station.gauge_plots import Canvas, Line, Plot
from loupebox.station.gauge_section import Section, Table, number
from loupebox.station.records.certificates import SignedCalibration


def section_of(draft: CalibrationDraft, plots: Sequence[Plot] = (), tables: Sequence[Table] = ()) -> Section:
    """What the certificate says, as a part of a page."""
    facts = Table(
        "Certificate",
        ("", ""),
        (
            ("station, view, camera", f"{draft.station}, {draft.view}, {draft.camera_serial}"),
            ("artefact", draft.artefact),
            ("made at", draft.made_at.isoformat(timespec="minutes")),
            ("valid until", draft.valid_until.date().isoformat()),
            ("temperature", _temperature(draft)),
            ("humidity", "not recorded" if (h := draft.environment.humidity_percent) is None else f"{h:g} %"),
            ("pictures", f"{len(draft.frames)}, named with their checksums in the draft"),
        ),
    )
    results = Table(
        "Results",
        ("quantity", "value", "U (about 95 %)", "k", "degrees of freedom", "allowed"),
        tuple(
            (f"{r.name} ({r.unit})", value_with(r), two_digits(r.expanded_uncertainty), _k(r), _freedom(r), _allowed(r))
            for r in draft.results
        ),
    )
    budgets = tuple(_budget(r) for r in draft.results if sum(line.standard_uncertainty > 0 for line in r.budget) > 1)
    reason = "; ".join(draft.troubles) or "all results are inside what is allowed"
    if draft.remarks:
        reason += ". " + " ".join(draft.remarks)
    return Section(
        title=f"{draft.kind.capitalize()} of the {draft.view} view",
        outcome="good" if draft.passed else "not acceptable",
        reason=reason,
        method=draft.method,
        tables=(facts, results, *tables, *budgets),
        plots=tuple(plots),
        word="passed" if draft.passed else "failed",
    )


def draft_page(draft: CalibrationDraft, section: Section) -> str:
    """The whole page of a draft."""
    return as_page("Calibration, draft for signature", f"{draft.station}; {draft.software}", [section])


def history_page(station: str, signed: Sequence[SignedCalibration]) -> str:
    """Charts of every quantity over time, a section for each view and kind; the oldest first."""
    groups: dict[tuple[str, str], list[SignedCalibration]] = {}
    for one in sorted(signed, key=lambda s: s.draft.made_at):
        groups.setdefault((one.draft.view, one.draft.kind), []).append(one)
    sections = [_history(view, kind, ones) for (view, kind), ones in groups.items()]
    return as_page("Calibration history", station, sections)


def scatter(
    title: str,
    caption: str,
    axes: tuple[str, str],
    points: Sequence[tuple[float, float]],
    line: Sequence[tuple[float, float]] = (),
    lines: Sequence[Line] = (),
) -> Plot:
    """Points with a line through them; `axes` are the words under and beside the plot."""
    xs = [x for x, _ in (*points, *line)]
    ys = [y for _, y in (*points, *line)] + [one.value for one in lines]
    canvas = Canvas(*gauge_plots.padded(xs), *gauge_plots.padded(ys))
    canvas.y_axis(axes[1])
    values, decimals = gauge_plots.ticks(canvas.x_low, canvas.x_high)
    canvas.x_names([f"{v:.{decimals}f}" for v in values], values)
    if line:
        canvas.line(line, "trace")
    for x, y in points:
        canvas.dot(x, y, "dot", f"{x:.5g}: {y:.5g}")
    canvas.lines(lines)
    return canvas.plot(title, caption, axes[0])


def value_with(result: ResultLine) -> str:
    """A value with two digits of its uncertainty, as a certificate writes it."""
    u = result.expanded_uncertainty
    if not u or u <= 0:
        return number(result.value, 5)
    digits = max(0, 1 - math.floor(math.log10(float(f"{u:.1e}"))))
    return f"{result.value:.{min(digits, 12)}f}"


def two_digits(u: float | None) -> str:
    """An uncertainty with two significant digits, as a certificate writes it; a dash for none.

    >>> two_digits(0.5), two_digits(0.00372), two_digits(2040.0)
    ('0.50', '0.0037', '2000')
    """
    if u is None:
        return "–"
    if u <= 0:
        return "0"
    places = 1 - math.floor(math.log10(float(f"{u:.1e}")))
    return f"{round(u, places):.{max(0, places)}f}" if places < 10 else f"{u:.1e}"


def _history(view: str, kind: str, ones: Sequence[SignedCalibration]) -> Section:
    plots: list[Plot] = []
    for name in dict.fromkeys(r.name for one in ones for r in one.draft.results):
        found = [(one, r) for one in ones for r in one.draft.results if r.name == name]
        labels = [f"{one.number}" for one, _ in found]
        values = [r.value for _, r in found]
        limits = [r for _, r in found if r.least is not None or r.most is not None]
        last = limits[-1] if limits else None
        ends = ((last.least, "least"), (last.most, "most")) if last else ()
        lines = [Line(value, word, "limit") for value, word in ends if value is not None]
        reach = [r.expanded_uncertainty for _, r in found]
        plots.append(_chart(f"{name} ({found[0][1].unit})", labels, values, reach, lines))
    table = Table(
        "Certificates",
        ("number", "made", "valid until", "outcome", "signed by", "artefact"),
        tuple(
            (
                str(one.number),
                one.draft.made_at.date().isoformat(),
                one.draft.valid_until.date().isoformat(),
                "passed" if one.draft.passed else "failed",
                one.signed_by,
                one.draft.artefact,
            )
            for one in ones
        ),
    )
    newest = ones[-1].draft
    return Section(
        title=f"{kind.capitalize()} of the {view} view",
        outcome="good" if newest.passed else "not acceptable",
        reason="; ".join(newest.troubles) or f"valid until {newest.valid_until.date().isoformat()}",
        method="Bars show the expanded uncertainty of each certificate (about 95 %).",
        tables=(table,),
        plots=tuple(plots),
        word="last one passed" if newest.passed else "last one failed",
    )


def _chart(
    name: str, labels: Sequence[str], values: Sequence[float], reach: Sequence[float | None], lines: Sequence[Line]
) -> Plot:
    ends = [v + s * (u or 0.0) for v, u in zip(values, reach, strict=True) for s in (-1, 1)]
    canvas = Canvas(-0.7, len(values) - 0.3, *gauge_plots.padded([*ends, *(one.value for one in lines)]))
    canvas.y_axis(name)
    at = [float(i) for i in range(len(values))]
    canvas.line(list(zip(at, values, strict=True)), "trace")
    for x, label, value, u in zip(at, labels, values, reach, strict=True):
        if u:
            canvas.line([(x, value - u), (x, value + u)], "reach")
        canvas.dot(x, value, "dot", f"certificate {label}: {value:.6g}" + (f" ± {u:.2g}" if u else ""))
    canvas.x_names(labels, at)
    canvas.lines(lines)
    return canvas.plot(name, "Each certificate with its expanded uncertainty.", "certificate")


def _temperature(draft: CalibrationDraft) -> str:
    return f"{draft.environment.temperature_c:g} ± {draft.environment.temperature_half_width_c:g} °C"


def _k(result: ResultLine) -> str:
    return "–" if result.coverage_factor is None else f"{result.coverage_factor:.2f}"


def _freedom(result: ResultLine) -> str:
    if result.expanded_uncertainty is None:
        return "–"
    freedom = result.degrees_of_freedom
    return "no limit" if freedom is None else f"{freedom:.1f}" if freedom <= 1000 else "> 1000"


def _allowed(result: ResultLine) -> str:
    if result.least is None and result.most is None:
        return "–"
    if result.least is None:
        return f"at most {number(result.most)}"
    if result.most is None:
        return f"at least {number(result.least)}"
    return f"{number(result.least)} to {number(result.most)}"


def _budget(result: ResultLine) -> Table:
    total = sum(line.standard_uncertainty**2 for line in result.budget) or 1.0
    return Table(
        f"Budget: {result.name}",
        ("contribution", f"standard uncertainty ({result.unit})", "degrees of freedom", "% of variance"),
        tuple(
            (
                line.name,
                two_digits(line.standard_uncertainty),
                "no limit" if line.degrees_of_freedom is None else f"{line.degrees_of_freedom:.4g}",
                f"{100 * line.standard_uncertainty**2 / total:.1f}",
            )
            for line in result.budget
        ),
    )
