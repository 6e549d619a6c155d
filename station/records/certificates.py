"""Signed calibrations: what holds for each view, and how it went over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, select

from loupebox.calibration.draft import CalibrationDraft, CalibrationKind
from loupebox.calibration.frame import View
from loupebox.station.records.audit import append_audit
from loupebox.station.records.certificate_tables import CALIBRATION_CERTIFICATE
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.signature import Signature

SIGNING = "calibration.sign"


@dataclass(frozen=True, slots=True)
class SignedCalibration:
    """A calibration with its number and who stands by it."""

    number: int
    draft: CalibrationDraft
    signed_by: str
    signed_at: datetime
    sha256: str

    def state(self, now: datetime) -> str:
        """In a few words: "holds until 2027-05-24", "ended on ...", "failed"."""
        if not self.draft.passed:
            return "failed"
        ended = now > self.draft.valid_until
        return f"{'ended on' if ended else 'holds until'} {self.draft.valid_until.date().isoformat()}"


def subject_of(draft: CalibrationDraft) -> str:
    """What a signature names: "face scale of station-1, 2026-11-25"."""
    return f"{draft.view} {draft.kind} of {draft.station}, {draft.made_at.date().isoformat()}"


class Certificates:
    """The signed calibrations of all stations that share the log; one call is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def sign(self, draft: CalibrationDraft, signature: Signature) -> SignedCalibration:
        """Record a calibration, passed or failed, under the signature that was given for it."""
        if (signature.act, signature.subject) != (SIGNING, subject_of(draft)):
            raise NotAllowed(
                f"the signature is for {signature.act} of {signature.subject}; "
                f"needed is {SIGNING} of {subject_of(draft)}"
            )
        text = draft.to_json()
        checksum = sha256(text.encode()).hexdigest()
        table, now = CALIBRATION_CERTIFICATE, self._clock()
        with writing(self._engine) as connection:
            twin = connection.execute(select(table.c.id).where(table.c.sha256 == checksum)).scalar_one_or_none()
            if twin is not None:
                raise Conflict(f"this calibration is signed already: certificate {twin}")
            number = add(
                connection,
                table,
                station=draft.station,
                view=draft.view,
                kind=draft.kind,
                camera_serial=draft.camera_serial,
                artefact=draft.artefact,
                passed=draft.passed,
                made_at=draft.made_at,
                valid_until=draft.valid_until,
                signed_by=signature.who,
                signed_at=now,
                document=text,
                sha256=checksum,
            )
            append_audit(
                connection,
                who=signature.who,
                action="calibration.signed",
                subject=f"certificate {number}",
                details={"of": signature.subject, "passed": draft.passed, **signature.details},
                at=now,
            )
            return self._one(connection, number)

    def one(self, number: int) -> SignedCalibration:
        """The certificate of this number."""
        with reading(self._engine) as connection:
            return self._one(connection, number)

    def history(
        self,
        station: str | None = None,
        view: View | None = None,
        kind: CalibrationKind | None = None,
        *,
        limit: int = 500,
        cursor: int | None = None,
    ) -> tuple[SignedCalibration, ...]:
        """The last signed first, from before the number `cursor`."""
        table = CALIBRATION_CERTIFICATE
        query = select(table).order_by(table.c.id.desc()).limit(limit)
        for column, wanted in ((table.c.station, station), (table.c.view, view), (table.c.kind, kind)):
            query = query if wanted is None else query.where(column == wanted)
        query = query if cursor is None else query.where(table.c.id < cursor)
        with reading(self._engine) as connection:
            return tuple(_signed(row) for row in connection.execute(query))

    def latest(self, station: str, view: View) -> dict[CalibrationKind, SignedCalibration]:
        """What counts for a view now: of each kind the one signed last."""
        found: dict[CalibrationKind, SignedCalibration] = {}
        for one in self.history(station, view):
            found.setdefault(one.draft.kind, one)
        return found

    def _one(self, connection: Connection, number: int) -> SignedCalibration:
        table = CALIBRATION_CERTIFICATE
        row = connection.execute(select(table).where(table.c.id == number)).one_or_none()
        if row is None:
            raise NotRecorded(f"no certificate {number} is recorded")
        return _signed(row)


def _signed(row: Any) -> SignedCalibration:
    draft = CalibrationDraft.parse(row.document, f"certificate {row.id}")
    return SignedCalibration(row.id, draft, row.signed_by, row.signed_at, row.sha256)
