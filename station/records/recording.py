"""Turn one inspection into rows, inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement, MeasurementResult
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Check, Verdict
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add, add_all_parts, add_new, ensure
from loupebox.station.records.decisions import propose, supersede
from loupebox.station.records.entry import FrameEntry, InspectionEntry, SpecEntry
from loupebox.station.records.errors import Conflict, RecordsError
from loupebox.station.records.inspection_tables import (
    DEFECT,
    FINDING,
    FRAME,
    INSPECTION,
    MEASUREMENT,
    PRONG,
)
from loupebox.station.records.production_tables import JOB, PIECE, SPEC_REVISION, STYLE
from loupebox.station.records.rechecks import add_rechecks
from loupebox.station.records.remedy import defects_of

Values = dict[str, Any]

_SHEET = (SPEC_REVISION.c.style == bindparam("sheet_style_")) & (SPEC_REVISION.c.revision == bindparam("revision_"))
_KNOWN = select(
    select(STYLE.c.code).where(STYLE.c.code == bindparam("style_")).scalar_subquery().label("style"),
    select(JOB.c.id).where(JOB.c.id == bindparam("job_")).scalar_subquery().label("job"),
    select(SPEC_REVISION.c.id).where(_SHEET).scalar_subquery().label("spec"),
    select(SPEC_REVISION.c.sha256).where(_SHEET).scalar_subquery().label("sha256"),
)
_PIECE = (
    select(PIECE.c.id).where(PIECE.c.serial == bindparam("serial_"), PIECE.c.job == bindparam("job_")).with_for_update()
)
"""Statements of every inspection are made once, since making one takes longer than sending it."""


def insert_inspection(connection: Connection, entry: InspectionEntry, now: datetime) -> int:
    """All rows of an inspection; returns its number."""
    known = _known(connection, entry)
    if known.style is None:
        ensure(connection, STYLE, code=entry.style)
    spec = known.spec
    if entry.spec is not None and (spec is None or known.sha256 != entry.spec.sha256):
        spec = _ensure_spec(connection, entry.spec, entry.station, now)
    if known.job is None:
        ensure(connection, JOB, id=entry.job, style=entry.style)
    piece, is_new = _ensure_piece(connection, entry)
    checks = () if entry.judgement is None else entry.judgement.checks
    defects = defects_of(entry)
    inspection = add(
        connection,
        INSPECTION,
        piece=piece,
        style=entry.style,
        spec_revision=spec,
        station=entry.station,
        captured_at=entry.captured_at,
        utc_offset_min=(entry.captured_at.utcoffset() or timedelta()) // timedelta(minutes=1),
        recorded_at=now,
        day=entry.captured_at.date(),
        verdict=entry.verdict,
        refusal_code=None if entry.refusal is None else entry.refusal.code,
        reasons=list(entry.reasons),
        replay=dict(entry.replay),
        timings_ms=dict(entry.timings_ms),
        report=_report(entry),
    )
    parts = {
        MEASUREMENT: _measurements(entry.measurements, checks),
        FINDING: [_finding(finding) for finding in entry.findings],
        PRONG: [_prong(prong) for prong in entry.prongs],
        FRAME: [_frame(frame) for frame in entry.frames],
        DEFECT: [
            {"kind": d.kind, "check_name": d.check_name, "verdict": d.verdict, "reason": d.reason} for d in defects
        ],
    }
    add_all_parts(connection, "inspection", inspection, parts)
    if entry.verdict is not None:
        add_rechecks(connection, inspection, None if is_new else piece, checks)
    append_audit(
        connection,
        who=f"station {entry.station}",
        action="inspection.recorded",
        subject=f"inspection {inspection}",
        details={"piece": entry.piece, "job": entry.job, "style": entry.style, "verdict": entry.verdict},
        at=now,
    )
    if entry.verdict is not None and not is_new:
        supersede(connection, piece, inspection, now)
    if entry.verdict is Verdict.FAIL:
        failed = [defect for defect in defects if defect.verdict is Verdict.FAIL]
        propose(connection, inspection, piece, entry.job, failed, now)
    return inspection


def _report(entry: InspectionEntry) -> str:
    try:
        return json.dumps(dict(entry.report), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RecordsError(f"the report on piece '{entry.piece}' is not JSON: {error}") from error


def _known(connection: Connection, entry: InspectionEntry) -> Row[*tuple[Any, ...]]:
    """What is there already of the inspection's style, job and sheet, by one look: it nearly always is."""
    sheet = entry.spec
    asked = {
        "style_": entry.style,
        "job_": entry.job,
        "sheet_style_": None if sheet is None else sheet.style,
        "revision_": None if sheet is None else sheet.revision,
    }
    return connection.execute(_KNOWN, asked).one()


def ensure_style(connection: Connection, code: str) -> None:
    """The style is there, if only by its code."""
    if connection.execute(select(STYLE.c.code).where(STYLE.c.code == code)).first() is None:
        ensure(connection, STYLE, code=code)


def _ensure_spec(connection: Connection, spec: SpecEntry, station: str, now: datetime) -> int:
    ensure_style(connection, spec.style)
    query = select(SPEC_REVISION.c.id, SPEC_REVISION.c.sha256).where(
        SPEC_REVISION.c.style == spec.style, SPEC_REVISION.c.revision == spec.revision
    )
    known = connection.execute(query).one_or_none()
    if known is None:
        # One station at a time goes on from here: the others wait for this style, then find the revision.
        connection.execute(select(STYLE.c.code).where(STYLE.c.code == spec.style).with_for_update())
        known = connection.execute(query).one_or_none()
    if known is None:
        connection.execute(update(STYLE).where(STYLE.c.code == spec.style).values(name=spec.name, family=spec.family))
        number = add(
            connection,
            SPEC_REVISION,
            style=spec.style,
            revision=spec.revision,
            name=spec.name,
            text=spec.text,
            sha256=spec.sha256,
            approved_by=spec.approved_by,
            approved_on=spec.approved_on,
        )
        append_audit(
            connection,
            who=f"station {station}",
            action="spec.recorded",
            subject=f"spec sheet {spec.style} revision {spec.revision}",
            details={"sha256": spec.sha256, "approved_by": spec.approved_by},
            at=now,
        )
        return number
    if known.sha256 != spec.sha256:
        raise Conflict(
            f"spec sheet {spec.style} revision {spec.revision} is already recorded with another text (checksum "
            f"{known.sha256[:12]}, now {spec.sha256[:12]}); a changed sheet needs a new revision"
        )
    return known.id


def _ensure_piece(connection: Connection, entry: InspectionEntry) -> tuple[int, bool]:
    """Number of the piece, which nobody else inspects until the commit, and whether it was unknown until now."""
    added = add_new(connection, PIECE, serial=entry.piece, job=entry.job)
    if added is not None:
        return added, True
    return connection.execute(_PIECE, {"serial_": entry.piece, "job_": entry.job}).scalar_one(), False


def _measurements(results: Sequence[MeasurementResult], checks: Sequence[Check]) -> list[Values]:
    """A row for each quantity, with the check of the same name where the spec sheet has one."""
    by_name = {check.name: check for check in checks}
    return [_measurement(result, by_name.get(result.name)) for result in results]


def _measurement(result: MeasurementResult, check: Check | None) -> Values:
    estimate = result.estimate if isinstance(result, Measurement) else None
    limits = check.limits if check else None
    unmeasured = "" if isinstance(result, Measurement) else result.reason
    return {
        "name": result.name,
        "value": estimate.value if estimate else None,
        "expanded_uncertainty": estimate.expanded_uncertainty if estimate else None,
        "unit": estimate.unit if estimate else None,
        "lower": limits.lower if limits else None,
        "nominal": limits.nominal if limits else None,
        "upper": limits.upper if limits else None,
        "verdict": check.verdict if check else None,
        "conformance": check.conformance_probability if check else None,
        "reason": check.reason if check else unmeasured,
    }


def _finding(finding: Finding) -> Values:
    x, y, w, h = finding.box_xywh_px
    return {
        "kind": finding.kind,
        "view": finding.view,
        "light": finding.light,
        "zone": finding.zone,
        "size_mm": finding.size_mm.value,
        "size_expanded_uncertainty_mm": finding.size_mm.expanded_uncertainty,
        "width_mm": finding.width_mm,
        "area_mm2": finding.area_mm2,
        "score": finding.score,
        "mm_per_px": finding.mm_per_px,
        "box_x_px": x,
        "box_y_px": y,
        "box_w_px": w,
        "box_h_px": h,
        "polygon_xy_px": [list(point) for point in finding.polygon_xy_px],
    }


def _prong(prong: Prong) -> Values:
    return {
        "place": prong.index,
        "angle_deg": prong.angle_deg,
        "state": prong.state,
        "reason": prong.reason,
        "length_mm": prong.length_mm.value if prong.length_mm else None,
        "bend_mm": prong.bend_mm.value if prong.bend_mm else None,
        "lift_mm": prong.lift_mm.value if prong.lift_mm else None,
    }


def _frame(frame: FrameEntry) -> Values:
    return {
        "view": frame.view,
        "light": frame.light,
        "sha256": frame.sha256,
        "suffix": frame.suffix,
        "width_px": frame.width_px,
        "height_px": frame.height_px,
    }
