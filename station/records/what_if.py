"""What pieces that are recorded would have got under another spec sheet."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import Engine, func, select

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.prong import Prong
from loupebox.inspect.spec import SpecDraft, SpecError, load_spec
from loupebox.inspect.verdict import Verdict
from loupebox.inspect.what_if import judge_again
from loupebox.station.records.engine import reading
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.production_tables import PIECE, SPEC_REVISION
from loupebox.station.report import FindingReport, LengthReport, MeasurementReport, ProngReport, Report

MOST_PIECES = 2000
"""In one question: about 20 s."""


@dataclass(frozen=True, slots=True)
class Rejudged:
    """One piece: what it got, and what it would get."""

    inspection: int
    piece: str
    job: str
    before: str
    after: Verdict
    reasons: tuple[str, ...]
    """Why not simply PASS under the new sheet."""


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """Every piece that was asked for, the last recorded first."""

    pieces: tuple[Rejudged, ...]
    unreadable: int
    """Inspections that an older version recorded in a way that cannot be judged anew."""

    @property
    def changed(self) -> tuple[Rejudged, ...]:
        """Those whose verdict would be another."""
        return tuple(piece for piece in self.pieces if piece.before != piece.after)

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """How many pieces by verdict before and after."""
        return dict(sorted(Counter((piece.before, str(piece.after)) for piece in self.pieces).items()))


class WhatIf:
    """Reads only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def judged_by(self, new: SpecDraft, wanted: InspectionFilter, limit: int = 500) -> WhatIfReport:
        """The last look at each piece of the sheet's style that the filter wants, held against this sheet."""
        if not 1 <= limit <= MOST_PIECES:
            raise NotAllowed(f"{limit} pieces at once; allowed are 1 to {MOST_PIECES}")
        last = (
            select(func.max(INSPECTION.c.id).label("id"))
            .join(PIECE, PIECE.c.id == INSPECTION.c.piece)
            .where(INSPECTION.c.verdict.is_not(None), INSPECTION.c.style == new.style, *wanted.conditions)
            .group_by(INSPECTION.c.piece)
            .order_by(func.max(INSPECTION.c.id).desc())
            .limit(limit)
            .subquery()
        )
        query = (
            select(INSPECTION.c.id, INSPECTION.c.report, PIECE.c.serial, PIECE.c.job, SPEC_REVISION.c.text)
            .join(last, last.c.id == INSPECTION.c.id)
            .join(PIECE, PIECE.c.id == INSPECTION.c.piece)
            .join(SPEC_REVISION, SPEC_REVISION.c.id == INSPECTION.c.spec_revision)
            .order_by(INSPECTION.c.id.desc())
        )
        pieces: list[Rejudged] = []
        unreadable = 0
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                try:
                    report, old = Report.model_validate(json.loads(row.report)), load_spec(row.text, "the sheet")
                except (ValidationError, SpecError):
                    unreadable += 1
                    continue
                judged = judge_again(new, old, *measured(report, old))
                pieces.append(Rejudged(row.id, row.serial, row.job, report.verdict, judged.verdict, judged.reasons))
        return WhatIfReport(tuple(pieces), unreadable)


def measured(
    report: Report, old: SpecDraft
) -> tuple[list[MeasurementResult], list[Prong] | None, list[Finding] | None]:
    """What an inspection measured, out of its report."""
    # A sheet without rules for the surface does not have it looked at: nothing found is then nothing known.
    findings = [_finding(finding) for finding in report.findings] if report.findings or old.surface else None
    return [_measurement(m) for m in report.measurements], [_prong(p) for p in report.prongs] or None, findings


def _measurement(report: MeasurementReport) -> MeasurementResult:
    if report.value is None or report.unit is None:
        return Unmeasurable(report.name, report.reason or "the report does not say why")
    return Measurement(report.name, _estimate(report.value, report.unit, report.expanded_uncertainty or 0.0))


def _estimate(value: float, unit: str, expanded_uncertainty: float) -> Estimate:
    """An estimate with this very expanded uncertainty: a verdict asks for nothing else."""
    return Estimate(value, unit, (Contribution("as recorded", expanded_uncertainty / 2),))


def _length(report: LengthReport | None) -> Estimate | None:
    return None if report is None else _estimate(report.value, "mm", report.expanded_uncertainty)


def _prong(report: ProngReport) -> Prong:
    return Prong(
        index=report.index,
        angle_deg=report.angle_deg,
        state=report.state,
        reason=report.reason,
        length_mm=_length(report.length_mm),
        bend_mm=_length(report.bend_mm),
        lift_mm=_length(report.lift_mm),
        tip_xy_px=report.tip_xy_px,
        tip_oblique_xy_px=report.tip_oblique_xy_px,
    )


def _finding(report: FindingReport) -> Finding:
    return Finding(
        kind=report.kind,
        view=report.view,
        light=report.light,
        polygon_xy_px=report.polygon_xy_px,
        mm_per_px=_mm_per_px(report),
        size_mm=_estimate(report.size_mm, "mm", report.size_expanded_uncertainty_mm),
        width_mm=report.width_mm,
        area_mm2=report.area_mm2,
        zone=report.zone,
        score=report.score,
    )


def _mm_per_px(report: FindingReport) -> float:
    """The scale that the report gave its boxes, from the longer side."""
    px, mm = max(report.box_xywh_px[2:]), max(report.box_xywh_mm[2:])
    return mm / px if px > 0 else 1.0
