"""A calibration, a signature under it, and a start-up check, as the records take them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from loupebox.calibration.draft import CalibrationDraft, CalibrationKind, Environment, ResultLine, troubles_of
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import View
from loupebox.station.records.certificates import SIGNING, subject_of
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.signature import Signature

MADE_AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def a_draft(
    kind: CalibrationKind = "scale",
    view: View = "face",
    *,
    value: float = 17.0,
    most: float | None = None,
    made_at: datetime = MADE_AT,
    days: int = 180,
    sets: dict[str, float] | None = None,
    flat: tuple[str, str] | None = None,
) -> CalibrationDraft:
    """A small one; `most` below `value` makes it fail."""
    found = Estimate(value, "um/px", (Contribution("repeated placements", 0.001, 4), Contribution("artefact", 0.0005)))
    results = (ResultLine.of(kind, found, most=most),)
    return CalibrationDraft(
        schema=1,  # type: ignore[call-arg]
        kind=kind,
        station="station-1",
        view=view,
        camera_serial="LB-1",
        artefact="ring gauge RG-18",
        method="as the test says",
        made_at=made_at,
        valid_until=made_at + timedelta(days=days),
        environment=Environment(temperature_c=21.0, temperature_half_width_c=1.0),
        results=results,
        troubles=troubles_of(results),
        sets={} if sets is None else sets,
        flat_file=flat[0] if flat else None,
        flat_sha256=flat[1] if flat else None,
        frames={"a.png": "0" * 64},
        software="loupebox test",
    )


def signature(draft: CalibrationDraft, who: str = "Devi", **changes: str) -> Signature:
    given = {"act": SIGNING, "subject": subject_of(draft), **changes}
    return Signature(who, 4, MADE_AT, given["act"], given["subject"], "PIN")


def fill(log: QcLog) -> None:
    """A row in each table of calibration."""
    log.certificates.sign(a_draft(), signature(a_draft()))
    log.start_ups.record("station-1", who="Asha", passed=True, took_s=12.5, document={"steps": []})
