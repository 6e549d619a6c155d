"""From an inspection to its published document."""

from __future__ import annotations

import dataclasses

from loupebox.calibration.estimate import Estimate
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement, MeasurementResult
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Check
from loupebox.station.inspection import Inspection
from loupebox.station.report import (
    SCHEMA,
    CheckReport,
    ContributionReport,
    FindingReport,
    LengthReport,
    MeasurementReport,
    PieceReport,
    ProngReport,
    RefusalReport,
    Report,
    RingSizesReport,
)


def report_of(inspection: Inspection) -> Report:
    """The whole document of one inspection."""
    record, refusal, sizes = inspection.capture.record, inspection.refusal, inspection.ring_sizes
    checks = inspection.judgement.checks if inspection.judgement is not None else ()
    by_name = {check.name: check for check in checks}
    return Report(
        schema_=SCHEMA,
        piece=PieceReport(
            station=record.station,
            piece=record.piece,
            job=record.job,
            style=record.style,
            captured_at=record.when,
        ),
        verdict=inspection.outcome,
        reasons=inspection.reasons,
        refusal=RefusalReport(code=refusal.code, reason=refusal.reason, advice=refusal.advice) if refusal else None,
        checks=tuple(CheckReport(name=c.name, verdict=c.verdict, reason=c.reason) for c in checks),
        measurements=tuple(_measurement(m, by_name.get(m.name)) for m in inspection.measurements),
        ring_sizes=RingSizesReport(**dataclasses.asdict(sizes)) if sizes else None,
        prongs=tuple(_prong(prong) for prong in inspection.prongs),
        findings=tuple(_finding(finding) for finding in inspection.findings),
        timings_ms={name: round(ms, 1) for name, ms in inspection.timings_ms.items()},
        replay=inspection.replay,
    )


def _measurement(result: MeasurementResult, check: Check | None) -> MeasurementReport:
    """A measurement with the limits that its check, where there is one, held it against."""
    limits = check.limits if check else None
    estimate = result.estimate if isinstance(result, Measurement) else None
    return MeasurementReport(
        name=result.name,
        value=estimate.value if estimate else None,
        expanded_uncertainty=estimate.expanded_uncertainty if estimate else None,
        unit=estimate.unit if estimate else None,
        lower=limits.lower if limits else None,
        upper=limits.upper if limits else None,
        nominal=limits.nominal if limits else None,
        outcome=check.verdict if check else None,
        conformance_probability=check.conformance_probability if check else None,
        reason=None if isinstance(result, Measurement) else result.reason,
        budget=tuple(
            ContributionReport(name=c.name, standard_uncertainty=c.standard_uncertainty)
            for c in (estimate.budget if estimate else ())
        ),
    )


def _prong(prong: Prong) -> ProngReport:
    return ProngReport(
        index=prong.index,
        angle_deg=prong.angle_deg,
        state=prong.state,
        reason=prong.reason,
        length_mm=_length(prong.length_mm),
        bend_mm=_length(prong.bend_mm),
        lift_mm=_length(prong.lift_mm),
        tip_xy_px=prong.tip_xy_px,
        tip_oblique_xy_px=prong.tip_oblique_xy_px,
    )


def _finding(finding: Finding) -> FindingReport:
    return FindingReport(
        kind=finding.kind,
        view=finding.view,
        light=finding.light,
        box_xywh_px=finding.box_xywh_px,
        box_xywh_mm=finding.box_xywh_mm,
        polygon_xy_px=finding.polygon_xy_px,
        polygon_xy_mm=finding.polygon_xy_mm,
        size_mm=finding.size_mm.value,
        size_expanded_uncertainty_mm=finding.size_mm.expanded_uncertainty,
        width_mm=finding.width_mm,
        area_mm2=finding.area_mm2,
        zone=finding.zone,
        score=finding.score,
    )


def _length(estimate: Estimate | None) -> LengthReport | None:
    if estimate is None:
        return None
    return LengthReport(value=estimate.value, expanded_uncertainty=estimate.expanded_uncertainty)
