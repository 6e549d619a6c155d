"""Sheets are drafted by one, approved by another, and then stay."""

from __future__ import annotations

import io
from datetime import date
from hashlib import sha256

import pytest
from at_once import at_once
from made_entries import an_entry, frame
from made_production import DRAFT, PICTURE, TAPPED, looked_at
from PIL import Image
from sqlalchemy import select

from loupebox.inspect.spec import SpecError, load_spec
from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.engine import reading
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.qc_log import QcLog


def acts(log: QcLog) -> list[tuple[str, str, str]]:
    with reading(log._engine) as connection:
        rows = connection.execute(select(AUDIT.c.who, AUDIT.c.action, AUDIT.c.subject).order_by(AUDIT.c.id))
        return [tuple(row) for row in rows]


def test_from_draft_to_approval(log: QcLog) -> None:
    drafted = log.specs.draft(DRAFT, "Marta")
    assert (drafted.state, drafted.version, drafted.drafted_by, drafted.approved_by) == ("draft", 1, "Marta", None)
    approved = log.specs.approve("SOL6", "A", 1, "Ines", {"signed_with": "badge"})
    assert (approved.state, approved.version, approved.approved_by) == ("approved", 1, "Ines")
    sheet = log.specs.sheet("SOL6", "A")
    assert sheet.text.endswith(DRAFT)
    assert approved.sha256 == sha256(sheet.text.encode()).hexdigest()
    spec = load_spec(sheet.text, "A")
    assert (spec.approved_by, spec.approved_on) == ("Ines", date(2026, 11, 20))
    assert log.specs.current("SOL6") == sheet
    assert log.specs.list() == (approved,)
    assert acts(log) == [
        ("Marta", "spec.drafted", "spec sheet SOL6 revision A"),
        ("Ines", "spec.approved", "spec sheet SOL6 revision A"),
    ]


def test_nobody_approves_what_they_wrote(log: QcLog) -> None:
    log.specs.draft(DRAFT, "Marta")
    log.specs.draft(DRAFT.replace("17.45", "17.46"), "Ines", after=1)
    for author in ("Marta", "Ines"):
        with pytest.raises(NotAllowed, match=f"{author} wrote on spec sheet SOL6 revision A and cannot approve it"):
            log.specs.approve("SOL6", "A", 2, author)
    assert log.specs.approve("SOL6", "A", 2, "Karim").approved_by == "Karim"


def test_only_what_was_read_is_approved(log: QcLog) -> None:
    log.specs.draft(DRAFT, "Marta")
    log.specs.draft(DRAFT.replace("17.45", "17.46"), "Marta", after=1)
    with pytest.raises(Conflict, match="is at version 2 by Marta, and version 1 was to be approved; read it again"):
        log.specs.approve("SOL6", "A", 1, "Ines")
    assert log.specs.current("SOL6") is None


def test_what_is_approved_never_changes(log: QcLog) -> None:
    log.specs.draft(DRAFT, "Marta")
    log.specs.approve("SOL6", "A", 1, "Ines")
    with pytest.raises(Conflict, match="revision A is approved and never changes; begin a new revision"):
        log.specs.draft(DRAFT, "Marta", after=1)
    with pytest.raises(Conflict, match="revision A is approved by Ines already"):
        log.specs.approve("SOL6", "A", 1, "Karim")


def test_a_new_revision_begins_with_the_old_text(log: QcLog) -> None:
    log.specs.draft(DRAFT, "Marta")
    with pytest.raises(Conflict, match="is not approved yet"):
        log.specs.revise("SOL6", "A", "B", "Marta")
    log.specs.approve("SOL6", "A", 1, "Ines")
    assert log.specs.revise("SOL6", "A", "B", "Jonas").version == 1
    assert log.specs.sheet("SOL6", "B").text == DRAFT.replace('revision = "A"', 'revision = "B"')
    with pytest.raises(Conflict, match="the draft of SOL6 revision B is at version 1 by Jonas, and yours was made"):
        log.specs.revise("SOL6", "A", "B", "Karim")
    log.specs.approve("SOL6", "B", 1, "Ines")
    current = log.specs.current("SOL6")
    assert current is not None
    assert current.summary.revision == "B"


def test_a_sheet_that_came_with_an_inspection_is_listed(log: QcLog) -> None:
    looked_at(log, tapped=True)
    (sheet,) = log.specs.list("SOL6")
    assert (sheet.revision, sheet.state, sheet.version, sheet.drafted_by) == ("T", "approved", None, None)
    assert sheet.sha256 == TAPPED.sha256
    assert log.inspection(1).spec.sha256 == TAPPED.sha256


def test_boundary_photographs_are_there_or_the_sheet_is_not_approved(log: QcLog) -> None:
    picture = log.pictures.upload(PICTURE, "still OK", "Marta")
    assert log.pictures.upload(PICTURE, "again", "Jonas") == picture
    assert log.pictures.read(picture.sha256) == (PICTURE, picture)
    taken = frame(b"a bad one")
    log.record(an_entry(frames=(taken,)))
    shown = '\n[[photograph]]\nzone = "A"\nkind = "porosity"\nshows = "{}"\nsha256 = "{}"\n'
    text = DRAFT + shown.format("OK", picture.sha256) + shown.format("NOT OK", taken.sha256)
    log.specs.draft(text.replace('revision = "A"', 'revision = "B"'), "Marta")
    assert log.specs.approve("SOL6", "B", 1, "Ines").state == "approved"
    unknown = DRAFT.replace('revision = "A"', 'revision = "C"') + shown.format("OK", "ab" * 32)
    log.specs.draft(unknown, "Marta")
    with pytest.raises(
        NotAllowed, match=r"shows the picture abababababab\.\.\., which is neither a recorded frame nor"
    ):
        log.specs.approve("SOL6", "C", 1, "Ines")


def bomb() -> bytes:
    """A small file that unpacks to 200 million pixels."""
    content = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(content, "PNG")
    return content.getvalue()


NO_PICTURES = (
    (b"", "the upload of 0 bytes is no picture; allowed are PNG, JPEG, TIFF, WEBP"),
    (b"GIF89a", "is no picture"),
    (b"<svg onload='alert(1)'/>", "is no picture"),
    (PICTURE[:45], "the picture cannot be decoded"),
    (bomb(), "the picture (cannot be decoded: Image size|has 20000 x 10000 pixels)"),
    (bytes(17 * 1024 * 1024), "the picture has 17825792 bytes; allowed are 16777216"),
)


def test_what_is_no_picture(log: QcLog) -> None:
    for content, said in NO_PICTURES:
        with pytest.raises(NotAllowed, match=said):
            log.pictures.upload(content, "", "Marta")
    assert [path for path in log._store.root.rglob("*") if path.is_file()] == []


def test_what_is_refused(log: QcLog) -> None:
    for who in ("", " "):
        with pytest.raises(NotAllowed, match="nobody drafts the sheet; say who"):
            log.specs.draft(DRAFT, who)
    with pytest.raises(SpecError, match="unknown key 'stle'; did you mean 'style'"):
        log.specs.draft(DRAFT.replace("style", "stle"), "Marta")
    with pytest.raises(NotAllowed, match="the sheet has 200001 characters"):
        log.specs.draft("#" * 200_001, "Marta")
    with pytest.raises(NotRecorded, match="no spec sheet SOL6 revision Z is recorded"):
        log.specs.sheet("SOL6", "Z")
    with pytest.raises(NotRecorded, match="no spec sheet SOL6 revision Z is recorded"):
        log.specs.approve("SOL6", "Z", 1, "Ines")
    with pytest.raises(Conflict, match="is at version 0, and yours was made from version 3"):
        log.specs.draft(DRAFT, "Marta", after=3)
    with pytest.raises(NotRecorded, match="no picture abab"):
        log.pictures.one("ab" * 32)


def test_of_many_who_save_at_once_one_does(log: QcLog) -> None:
    log.specs.draft(DRAFT, "Marta")
    for version in range(1, 6):
        text = DRAFT.replace("17.45", f"17.{45 + version}")
        got = at_once(lambda i, text=text, version=version: log.specs.draft(text, f"person {i}", after=version))
        assert sum(not isinstance(one, Exception) for one in got) == 1
        assert all(isinstance(one, Conflict) for one in got if isinstance(one, Exception)), got
    assert log.specs.sheet("SOL6", "A").summary.version == 6


def test_of_many_who_approve_at_once_one_does(log: QcLog) -> None:
    log.specs.draft(DRAFT, "Marta")
    got = at_once(lambda i: log.specs.approve("SOL6", "A", 1, f"person {i}"))
    assert sum(not isinstance(one, Exception) for one in got) == 1
    told = [str(one) for one in got if isinstance(one, Exception)]
    assert all("is approved by person" in words for words in told), told
    assert [action for _, action, _ in acts(log)] == ["spec.drafted", "spec.approved"]
