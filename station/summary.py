"""An inspection in a few lines for a person at a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loupebox.inspect.measurement import Measurement, MeasurementResult
from loupebox.inspect.verdict import Limits
from loupebox.station.inspection import Inspection


def summary(inspection: Inspection) -> str:
    """Verdict, reasons, what was measured, and what no camera can see."""
    return "\n".join(_lines(inspection))


def _lines(inspection: Inspection) -> Iterator[str]:
    record, spec = inspection.capture.record, inspection.sheet.spec
    yield f"{inspection.outcome}  piece {record.piece}, job {record.job}, {spec.style} revision {spec.revision}"
    yield from (f"  {reason}" for reason in inspection.reasons)
    if inspection.refusal is not None:
        yield f"  What to do: {inspection.refusal.advice}."
        return
    limited = {check.name for check in inspection.judgement.checks} if inspection.judgement else set()
    for result in inspection.measurements:  # of each prong only what the sheet asks for: it would be pages
        if not re.match(r"(prong|stone)_\d", result.name) or result.name in limited:
            yield f"  {_measured(result, spec.limits(result.name))}"
    if sizes := inspection.ring_sizes:
        yield f"  ring size: ISO {sizes.iso}, US {sizes.us}, UK {sizes.uk}, JP {sizes.jp}"
    if inspection.prongs:
        yield "  prongs: " + ", ".join(f"{prong.index} {prong.state}" for prong in inspection.prongs)
    for finding in inspection.findings:
        size = finding.size_mm
        yield (
            f"  {finding.kind.replace('_', ' ')} of {size.value:.2f} ± {size.expanded_uncertainty:.2f} mm "
            f"in zone {finding.zone} ({finding.view}/{finding.light})"
        )
    yield "  A camera cannot see loose stones, inner voids or the metal's purity: check them by hand."


def _measured(result: MeasurementResult, limits: Limits | None) -> str:
    name = re.sub("_(mm|deg|percent)$", "", result.name).replace("_", " ")
    if not isinstance(result, Measurement):
        return f"{name}: cannot be measured because {result.reason}"
    estimate = result.estimate
    unit = "" if estimate.unit == "1" else f" {estimate.unit}"
    value = f"{name}: {estimate.value:.3f} ± {estimate.expanded_uncertainty:.3f}{unit}"
    if limits is None:
        return value
    ends = [f"{end:g}" if end is not None else "open" for end in (limits.lower, limits.upper)]
    return f"{value} (limits {ends[0]} to {ends[1]})"
