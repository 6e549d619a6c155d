"""Spec sheets in the records: drafted by one person, approved by another, then never changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select, update

from loupebox.inspect.spec import Spec, SpecDraft, SpecError, load_draft, load_spec
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import FRAME
from loupebox.station.records.production_tables import SPEC_REVISION, STYLE
from loupebox.station.records.recording import ensure_style
from loupebox.station.records.spec_tables import PICTURE, SPEC_APPROVAL, SPEC_DRAFT, SPEC_PHOTOGRAPH
from loupebox.station.records.stored_needs import is_gone
from loupebox.station.spec_text import approved_text, next_draft

LONGEST_TEXT = 200_000
"""Characters of a sheet; the longest of ours has under 3000."""
REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")
ALLOWED_REVISION = "allowed are 1 to 20 letters, digits, points, hyphens and underscores"


@dataclass(frozen=True, slots=True)
class SheetSummary:
    """A line of the list: an approved revision, or the last version of a draft."""

    style: str
    revision: str
    state: str
    """"draft" or "approved"."""
    version: int | None
    """Of the draft; None for a sheet that came approved from a file."""
    name: str
    sha256: str
    drafted_by: str | None
    approved_by: str | None
    approved_on: date | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, word for word. Approved, `text` carries the approval too."""

    summary: SheetSummary
    text: str

    @property
    def spec(self) -> SpecDraft:
        """What it says; a `Spec` once approved."""
        return (load_spec if self.summary.state == "approved" else load_draft)(self.text, self.name)

    @property
    def name(self) -> str:
        """What errors call it."""
        return f"spec sheet {self.summary.style} revision {self.summary.revision}"


class Specs:
    """Draft, approve, read. One call is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def list(self, style: str | None = None) -> tuple[SheetSummary, ...]:
        """Every revision by style, in the order in which it was begun; a draft that was approved only as approved."""
        with reading(self._engine) as connection:
            approved = [_approved(row) for row in connection.execute(_revisions(style)).all()]
            drafts = [_draft(row) for row in connection.execute(_last_drafts(style)).all()]
        done = {(sheet.summary.style, sheet.summary.revision) for sheet in approved}
        sheets = approved + [d for d in drafts if (d.summary.style, d.summary.revision) not in done]
        return tuple(sheet.summary for sheet in sorted(sheets, key=lambda s: (s.summary.style, s.summary.state)))

    def sheet(self, style: str, revision: str) -> Sheet:
        """The approved revision, or the last version of its draft."""
        with reading(self._engine) as connection:
            return _sheet(connection, style, revision)

    def current(self, style: str) -> Sheet | None:
        """The revision of a style that was approved last; None while there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(_revisions(style).order_by(SPEC_REVISION.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _approved(row)

    def approved_here(self, style: str) -> Sheet | None:
        """The last revision that two people made in the records: it goes before a sheet in a file; None without one."""
        query = _revisions(style).where(SPEC_APPROVAL.c.id.is_not(None)).order_by(SPEC_REVISION.c.id.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _approved(row)

    def draft(self, text: str, who: str, *, after: int = 0) -> SheetSummary:
        """Keep a version of a draft; `after` is the version that it was made from, 0 for a new draft.

        Of two who save after the same version, one does and the other is told.
        """
        if not _is_text(text):
            raise NotAllowed("the sheet has characters that are no text; allowed is what UTF-8 can hold, without zeros")
        if len(text) > LONGEST_TEXT:
            raise NotAllowed(f"the sheet has {len(text)} characters; allowed are {LONGEST_TEXT}")
        spec = load_draft(text, "the draft")
        _check_names(spec)
        _somebody(who, "drafts")
        with writing(self._engine) as connection:
            self._save(connection, spec, text, who, after)
            return _sheet(connection, spec.style, spec.revision).summary

    def revise(self, style: str, old: str, new: str, who: str) -> SheetSummary:
        """Begin the draft of a new revision with the text of an approved one."""
        _somebody(who, "drafts")
        if not REVISION.fullmatch(new):
            raise NotAllowed(f"revision is {new!r}; {ALLOWED_REVISION}")
        with writing(self._engine) as connection:
            sheet = _sheet(connection, style, old)
            if sheet.summary.state != "approved":
                raise Conflict(f"{sheet.name} is not approved yet; change that draft itself")
            text = next_draft(sheet.text, sheet.name, new)
            self._save(connection, load_draft(text, "the draft"), text, who, 0)
            return _sheet(connection, style, new).summary

    def approve(
        self, style: str, revision: str, version: int, who: str, signed: Mapping[str, str] | None = None
    ) -> SheetSummary:
        """Approve exactly this version, as nobody who wrote any version of it; from then on it never changes."""
        _somebody(who, "approves")
        now = self._clock()
        with writing(self._engine) as connection:
            _hold(connection, style)
            sheet = _sheet(connection, style, revision)
            if sheet.summary.state == "approved":
                raise Conflict(f"{sheet.name} is approved by {sheet.summary.approved_by} already")
            if sheet.summary.version != version:
                raise Conflict(
                    f"{sheet.name} is at version {sheet.summary.version} by {sheet.summary.drafted_by}, and version "
                    f"{version} was to be approved; read it again"
                )
            query = select(SPEC_DRAFT).where(SPEC_DRAFT.c.style == style, SPEC_DRAFT.c.revision == revision)
            drafts = connection.execute(query.order_by(SPEC_DRAFT.c.version)).all()
            if who in {row.drafted_by for row in drafts}:
                raise NotAllowed(f"{who} wrote on {sheet.name} and cannot approve it; a second person must")
            spec = sheet.spec
            pictures = _pictures(connection, spec, sheet.name)
            text = approved_text(sheet.text, sheet.name, who, now.date())
            number = add(
                connection,
                SPEC_REVISION,
                style=style,
                revision=revision,
                name=spec.name,
                text=text,
                sha256=sha256(text.encode()).hexdigest(),
                approved_by=who,
                approved_on=now.date(),
            )
            add(
                connection,
                SPEC_APPROVAL,
                spec_revision=number,
                spec_draft=drafts[-1].id,
                approved_by=who,
                approved_at=now,
            )
            for checksum, suffix in pictures.items():
                add(connection, SPEC_PHOTOGRAPH, spec_revision=number, sha256=checksum, suffix=suffix)
            connection.execute(update(STYLE).where(STYLE.c.code == style).values(name=spec.name, family=spec.family))
            details = {"version": version, "drafted_by": drafts[-1].drafted_by, **(signed or {})}
            append_audit(connection, who=who, action="spec.approved", subject=sheet.name, details=details, at=now)
            return _sheet(connection, style, revision).summary

    def _save(self, connection: Connection, spec: SpecDraft, text: str, who: str, after: int) -> None:
        now = self._clock()
        ensure_style(connection, spec.style)
        _hold(connection, spec.style)
        found = _find(connection, spec.style, spec.revision)
        if found is not None and found.summary.state == "approved":
            raise Conflict(f"{found.name} is approved and never changes; begin a new revision")
        last = 0 if found is None else found.summary.version or 0
        if last != after:
            by = f" by {found.summary.drafted_by}" if found is not None else ""
            raise Conflict(
                f"the draft of {spec.style} revision {spec.revision} is at version {last}{by}, and yours was made "
                f"from version {after}; read it again"
            )
        checksum = sha256(text.encode()).hexdigest()
        add(
            connection,
            SPEC_DRAFT,
            style=spec.style,
            revision=spec.revision,
            version=last + 1,
            text=text,
            sha256=checksum,
            drafted_by=who,
            drafted_at=now,
        )
        append_audit(
            connection,
            who=who,
            action="spec.drafted",
            subject=f"spec sheet {spec.style} revision {spec.revision}",
            details={"version": last + 1, "sha256": checksum},
            at=now,
        )


def sheet_in_force(connection: Connection, style: str) -> Spec | None:
    """What the revision says that was approved last; None when there is none that can be read."""
    query = select(SPEC_REVISION.c.text).where(SPEC_REVISION.c.style == style).order_by(SPEC_REVISION.c.id.desc())
    text = connection.execute(query.limit(1)).scalar_one_or_none()
    try:
        return None if text is None else load_spec(text, f"spec sheet {style}")
    except SpecError:
        return None  # written by a version that knew other keys


def _is_text(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _check_names(spec: SpecDraft) -> None:
    """What people type and read in an address, and what a database can hold."""
    if not REVISION.fullmatch(spec.revision):
        raise NotAllowed(f"revision is {spec.revision!r}; {ALLOWED_REVISION}")
    if not spec.name.isprintable():
        raise NotAllowed(f"name is {spec.name!r}; allowed are printable characters on one line")


def _somebody(who: str, does: str) -> None:
    if not who.strip():
        raise NotAllowed(f"nobody {does} the sheet; say who")


def _hold(connection: Connection, style: str) -> None:
    """Until the transaction ends nobody else changes this style's sheets (SQLite has one writer anyway)."""
    connection.execute(select(STYLE.c.code).where(STYLE.c.code == style).with_for_update(key_share=True))


def _pictures(connection: Connection, spec: SpecDraft, name: str) -> dict[str, str]:
    """Suffix by checksum of the sheet's boundary photographs; each must be in the image store."""
    found: dict[str, str] = {}
    for photograph in spec.photograph:
        for table in (PICTURE, FRAME):
            query = select(table.c.suffix).where(table.c.sha256 == photograph.sha256).limit(1)
            suffix = connection.execute(query).scalar_one_or_none()
            if suffix is not None:
                if is_gone(connection, photograph.sha256, suffix):
                    raise NotAllowed(f"{name} shows the frame {photograph.sha256[:12]}..., which was let go; upload it")
                found[photograph.sha256] = suffix
                break
        else:
            raise NotAllowed(
                f"{name} shows the picture {photograph.sha256[:12]}..., which is neither a recorded frame nor uploaded"
            )
    return found


def _sheet(connection: Connection, style: str, revision: str) -> Sheet:
    found = _find(connection, style, revision)
    if found is None:
        raise NotRecorded(f"no spec sheet {style} revision {revision} is recorded")
    return found


def _find(connection: Connection, style: str, revision: str) -> Sheet | None:
    approved = connection.execute(_revisions(style).where(SPEC_REVISION.c.revision == revision)).one_or_none()
    if approved is not None:
        return _approved(approved)
    draft = connection.execute(_last_drafts(style).where(SPEC_DRAFT.c.revision == revision)).one_or_none()
    return None if draft is None else _draft(draft)


def _revisions(style: str | None) -> Select[Any]:
    query = (
        select(SPEC_REVISION, SPEC_DRAFT.c.version, SPEC_DRAFT.c.drafted_by)
        .outerjoin(SPEC_APPROVAL, SPEC_APPROVAL.c.spec_revision == SPEC_REVISION.c.id)
        .outerjoin(SPEC_DRAFT, SPEC_DRAFT.c.id == SPEC_APPROVAL.c.spec_draft)
    )
    return query if style is None else query.where(SPEC_REVISION.c.style == style)


def _last_drafts(style: str | None) -> Select[Any]:
    last = select(func.max(SPEC_DRAFT.c.id)).group_by(SPEC_DRAFT.c.style, SPEC_DRAFT.c.revision)
    query = select(SPEC_DRAFT).where(SPEC_DRAFT.c.id.in_(last)).order_by(SPEC_DRAFT.c.style, SPEC_DRAFT.c.id)
    return query if style is None else query.where(SPEC_DRAFT.c.style == style)


def _approved(row: Row[Any]) -> Sheet:
    summary = SheetSummary(
        style=row.style,
        revision=row.revision,
        state="approved",
        version=row.version,
        name=row.name,
        sha256=row.sha256,
        drafted_by=row.drafted_by,
        approved_by=row.approved_by,
        approved_on=row.approved_on,
    )
    return Sheet(summary, row.text)


def _draft(row: Row[Any]) -> Sheet:
    summary = SheetSummary(
        style=row.style,
        revision=row.revision,
        state="draft",
        version=row.version,
        name=load_draft(row.text, "the draft").name,
        sha256=row.sha256,
        drafted_by=row.drafted_by,
        approved_by=None,
        approved_on=None,
    )
    return Sheet(summary, row.text)
