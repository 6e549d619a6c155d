"""The QC log: every inspection, decision and rework order of the station. One call is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from loupebox.station.records import decisions, defect_count, inspections, jobs, recording
from loupebox.station.records.api_tokens import ApiTokens
from loupebox.station.records.audit_log import AuditLog
from loupebox.station.records.bags import Bags
from loupebox.station.records.certificates import Certificates
from loupebox.station.records.columns import add
from loupebox.station.records.concessions import Concessions
from loupebox.station.records.decisions import Decision
from loupebox.station.records.defect_count import CountBy, DefectCount
from loupebox.station.records.delivery_tables import DELIVERY
from loupebox.station.records.engine import open_database, reading, writing
from loupebox.station.records.entry import InspectionEntry
from loupebox.station.records.errors import NotAllowed, RecordsError
from loupebox.station.records.export_log import ExportLog
from loupebox.station.records.frames import Frames
from loupebox.station.records.happenings import Happenings
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.inspection_record import FrameRecord, InspectionRecord, InspectionSummary
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.inspections import InspectionFilter, Page
from loupebox.station.records.job import Job
from loupebox.station.records.job_import import JobImport
from loupebox.station.records.jobs import ImportedJobs
from loupebox.station.records.labels import Labels
from loupebox.station.records.one_change import OneChange
from loupebox.station.records.people import People
from loupebox.station.records.pictures import Pictures
from loupebox.station.records.piece_history import PieceHistory
from loupebox.station.records.replays import Replays
from loupebox.station.records.returns import Returns
from loupebox.station.records.rework_desk import ReworkDesk
from loupebox.station.records.rework_tables import DispositionKind
from loupebox.station.records.sampling import Sampling
from loupebox.station.records.sessions import Sessions
from loupebox.station.records.sign_in_rules import SignInRules
from loupebox.station.records.specs import Specs, sheet_in_force
from loupebox.station.records.start_ups import StartUps
from loupebox.station.records.stored_needs import keep_files, keep_named, not_kept
from loupebox.station.records.styles import Styles
from loupebox.station.records.subscribers import Subscribers
from loupebox.station.records.what_if import WhatIf

EVERYTHING = InspectionFilter()
LONGEST_PAGE = 500
USUAL_RULES = SignInRules()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class QcLog:
    """Record and read back. Safe to share between threads; any number of processes may use one database."""

    def __init__(
        self,
        engine: Engine,
        store: ImageStore,
        clock: Callable[[], datetime] = _utc_now,
        rules: SignInRules = USUAL_RULES,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self.people = People(engine, clock, rules)
        self.sessions = Sessions(engine, clock, rules, self.people)
        self.tokens = ApiTokens(engine, clock)
        self.specs = Specs(engine, clock)
        self.frames = Frames(engine, store, clock)
        self.pictures = Pictures(engine, store, clock)
        self.bags = Bags(engine, clock, sheet_in_force)
        self.sampling = Sampling(engine, clock)
        self.subscribers = Subscribers(engine, clock)
        self.certificates = Certificates(engine, clock)
        self.start_ups = StartUps(engine, clock)
        self.job_import = JobImport(engine, clock)
        self.what_if = WhatIf(engine)
        self.rework = ReworkDesk(engine, clock)
        self.concessions = Concessions(engine, clock)
        self.returns = Returns(engine, clock)
        self.replays = Replays(engine, clock)
        self.exports = ExportLog(engine)
        self.audit = AuditLog(engine)
        self.styles = Styles(engine)
        self.history = PieceHistory(engine)
        self.happenings = Happenings(engine)
        self.labels = Labels(engine, clock)

    @classmethod
    def open(cls, database: str | Path, frames: Path | ImageStore, rules: SignInRules = USUAL_RULES) -> QcLog:
        """The log in a database (path or URL, created when new) with its frames in a folder or a store."""
        store = frames if isinstance(frames, ImageStore) else ImageStore(frames)
        return cls(open_database(database), store, rules=rules)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def one_change(self, key: str, request: bytes) -> OneChange:
        """What a request with this Idempotency-Key writes, as one; `request` is all that must be the same next time."""
        return OneChange(self._engine, self._clock, key, request)

    def record(self, entry: InspectionEntry, *, origin: str | None = None) -> int:
        """Store the frames, then everything else in one transaction; once this returns, it is on disk.

        Returns the inspection's number. A kill in between leaves at most frames that no inspection names. An entry
        with the same `origin`, the name that its station gave it, is recorded once however often it comes.
        """
        if origin is not None and (known := self.delivered(origin)) is not None:
            return known
        with reading(self._engine) as connection:
            files = not_kept(connection, entry.files)
        stored = (*entry.frames, *files)
        for file in stored:
            self._store.write(file.content, file.sha256, file.suffix)
        try:
            with writing(self._engine) as connection:
                number = recording.insert_inspection(connection, entry, self._clock())
                keep_files(connection, files)
                keep_named(connection, self._store, [(f.sha256, f.suffix, f.content, None) for f in stored])
                if origin is not None:
                    add(connection, DELIVERY, origin=origin, inspection=number)
                return number
        except RecordsError:
            # Of two that bring the same at once, the one that comes second is refused its name.
            if origin is not None and (known := self.delivered(origin)) is not None:
                return known
            raise

    def delivered(self, origin: str) -> int | None:
        """The inspection that a station's name for it means; None when it has not come yet."""
        with reading(self._engine) as connection:
            return connection.execute(
                select(DELIVERY.c.inspection).where(DELIVERY.c.origin == origin)
            ).scalar_one_or_none()

    def inspection(self, number: int) -> InspectionRecord:
        """Everything recorded of one inspection."""
        with reading(self._engine) as connection:
            return inspections.whole(connection, number)

    def recent(self, limit: int = 50, wanted: InspectionFilter = EVERYTHING, cursor: int | None = None) -> Page:
        """Inspections, the last recorded first; `cursor` is the `next_cursor` of the page before."""
        if not 1 <= limit <= LONGEST_PAGE:
            raise NotAllowed(f"a page of {limit} inspections is not possible; allowed are 1 to {LONGEST_PAGE}")
        with reading(self._engine) as connection:
            return inspections.page(connection, wanted, limit, cursor)

    def pieces_of_day(self, day: date) -> tuple[InspectionSummary, ...]:
        """The last look of that day at each piece, the latest first."""
        with reading(self._engine) as connection:
            return inspections.latest_of_day(connection, day)

    def latest_day(self) -> date | None:
        """The last day with any inspection; None while the log is empty."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(INSPECTION.c.day))).scalar_one()

    def days_beside(self, day: date) -> tuple[date | None, date | None]:
        """The nearest days before and after that have any inspection."""
        column = INSPECTION.c.day
        with reading(self._engine) as connection:
            before = connection.execute(select(func.max(column)).where(column < day)).scalar_one()
            after = connection.execute(select(func.min(column)).where(column > day)).scalar_one()
        return before, after

    def undecided(self) -> tuple[InspectionSummary, ...]:
        """REVIEW, or failed again after two loops, and still waiting for a person's decision; the oldest first."""
        with reading(self._engine) as connection:
            return inspections.undecided(connection)

    def frames_of(self, numbers: Sequence[int]) -> dict[int, tuple[FrameRecord, ...]]:
        """Which pictures each of these inspections has, in the order in which they were taken."""
        with reading(self._engine) as connection:
            return inspections.frames_of(connection, numbers)

    def frame(self, checksum: str) -> tuple[bytes, str]:
        """A recorded picture: its file's bytes and its suffix; out of the archive, a PNG of the same samples."""
        return self.frames.file(checksum)

    def decide(self, inspection: int, kind: DispositionKind, who: str, reason: str = "", **more: Any) -> int:
        """A person's decision on an inspection; `more` are the other fields of `Decision`. Returns its number."""
        with writing(self._engine) as connection:
            return decisions.decide(connection, inspection, Decision(kind, who, reason, **more), self._clock())

    def defect_counts(self, by: CountBy, since: date | None = None) -> tuple[DefectCount, ...]:
        """Pieces with defects out of pieces judged, by kind, style or source, the most defective first."""
        with reading(self._engine) as connection:
            return defect_count.defect_counts(connection, by, since)

    def jobs(self) -> tuple[Job, ...]:
        """All jobs by id."""
        with reading(self._engine) as connection:
            return jobs.all_jobs(connection)

    def job(self, job: str) -> Job:
        """One job."""
        with reading(self._engine) as connection:
            return jobs.one_job(connection, job)

    def job_page(self, limit: int, after: str | None = None, style: str | None = None) -> tuple[Job, ...]:
        """Jobs of a style or of all by id, at most so many after this one."""
        with reading(self._engine) as connection:
            return jobs.job_page(connection, limit, after, style)

    def import_jobs(self, new: Iterable[Job], who: str = "jobs file") -> ImportedJobs:
        """Add or bring up to date; importing the same again changes nothing."""
        with writing(self._engine) as connection:
            return jobs.import_jobs(connection, new, who, self._clock())
