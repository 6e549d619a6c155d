"""What the station's screens show: its state, its bags, and of one bag what to do now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from loupebox.api.closeup import Closeup, closeup
from loupebox.api.inspection_page import InspectionPage, inspection_page, open_checks
from loupebox.api.language import _, short_day
from loupebox.api.pages import here, moment
from loupebox.calibration.certificate import CertificateError
from loupebox.inspect.spec import SpecDraft, SpecError
from loupebox.station.calibration_set import read_calibration_set
from loupebox.station.records.bag import Bag
from loupebox.station.records.decisions import STATION
from loupebox.station.records.inspection_record import InspectionRecord, InspectionSummary
from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.piece_state import PieceRecord
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings
from loupebox.station.startup import StartUpState, state_of
from loupebox.station.station_desk import has_server, outbox_of
from loupebox.station.workplace import sheet_in_force

Mode = Literal["place", "review", "fail", "ticket", "refused", "done", "closed"]
SOON_DAYS = 14
LAST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that must be well before work begins; `tone` is the verdict whose colour and shape it has."""

    name: str
    tone: Literal["PASS", "REVIEW", "FAIL"]
    word: str
    more: str


@dataclass(frozen=True, slots=True)
class BagLine:
    """A bag in the list."""

    bag: Bag
    late: bool

    @property
    def waits(self) -> int:
        """Pieces that somebody must still decide on, or check by hand."""
        return sum(piece.state in WAITS for piece in self.bag.pieces)


WAITS = ("to review", _("failed"), "hand checks due", "hand check failed")


@dataclass(frozen=True, slots=True)
class BagPage:
    """One bag at the station."""

    bag: Bag
    sheet: SpecDraft | None
    no_sheet: str
    mode: Mode
    shown: InspectionPage | None
    picture: Closeup | None
    next_piece: str | None
    last: Sequence[InspectionSummary]

    @property
    def waiting(self) -> list[PieceRecord]:
        """Pieces that wait for a person, but the one that is shown."""
        now = self.shown.record.summary.piece if self.shown and self.mode in ("review", "fail") else None
        return [piece for piece in self.bag.pieces if piece.state in ("to review", "failed") and piece.serial != now]

    @property
    def by_hand(self) -> list[PieceRecord]:
        """Pieces with a hand check to make, the one that is shown first."""
        due = [piece for piece in self.bag.pieces if piece.state in ("hand checks due", "hand check failed")]
        now = self.shown.record.summary.piece if self.shown else None
        return sorted(due, key=lambda piece: piece.serial != now)

    @property
    def done_count(self) -> int | None:
        return None if self.bag.left is None or self.bag.pieces_in is None else self.bag.pieces_in - self.bag.left

    @property
    def step_words(self) -> str:
        return self.sheet.stage if self.sheet is not None else ""


def signs(settings: Settings, log: QcLog, now: datetime) -> list[Sign]:
    """Calibration, lights, start-up check, sync."""
    startup = state_of(log.start_ups.latest(), now, settings.startup_longest_h)
    return [_calibration(settings.calibration_dir, now), _lights(startup), _startup(startup), _sync(settings)]


def bag_lines(log: QcLog, today: date) -> list[BagLine]:
    """Bags that are not closed, the most urgent first; those without a date last."""
    bags = [log.bags.bag(job.id) for job in log.jobs()]
    still = [bag for bag in bags if bag.closing is None]
    still.sort(key=lambda bag: (bag.job.due is None, bag.job.due or today, bag.job.id))
    return [BagLine(bag, bag.job.due is not None and bag.job.due < today) for bag in still]


def bag_page(
    settings: Settings, log: QcLog, job: str, ticket: int | None, piece: str | None, *, end: bool = False
) -> BagPage:
    """What to do now is read from the records each time: whoever reloads the page, or opens it elsewhere, sees it."""
    bag = log.bags.bag(job)
    last = log.recent(LAST_SHOWN, InspectionFilter(job=job)).items
    record = log.inspection(last[0].id) if last else None
    next_piece = None if bag.closing else piece or bag.next_piece
    sheet, no_sheet = None, ""
    try:
        sheet = sheet_in_force(settings.specs_dir, bag.job.style, log.specs).spec
    except SpecError as error:
        no_sheet = str(error)
    shown = None if record is None else inspection_page(record, None, None)
    return BagPage(
        bag=bag,
        sheet=sheet,
        no_sheet=no_sheet,
        mode=_mode(bag, None if end else record, ticket, next_piece),
        shown=shown,
        picture=None if shown is None else _picture(shown),
        next_piece=next_piece,
        last=last,
    )


def _mode(bag: Bag, record: InspectionRecord | None, ticket: int | None, next_piece: str | None) -> Mode:
    if bag.closing is not None:
        return "closed"
    if record is not None:
        outcome, decided = record.summary.outcome, record.dispositions
        if outcome == "REVIEW" and not decided:
            return "review"
        if outcome == "FAIL" and (not decided or decided[-1].who == STATION):
            return "ticket" if ticket == record.summary.id and decided else "fail"
        if ticket == record.summary.id and record.orders:
            return "ticket"
        if outcome == "REFUSED":
            return "refused"
    return "place" if next_piece is not None else "done"


def _picture(page: InspectionPage) -> Closeup | None:
    """The region that did not pass; of a piece that passed what shows most of it."""
    names = [check.name for check in open_checks(page.report.checks)]
    usual = ["prong_count"] if page.report.prongs else ["inner_diameter_mm"]
    return closeup(page.record, names) or closeup(page.record, usual)


def _calibration(folder: Path, now: datetime) -> Sign:
    try:
        certificates = [one.certificate for one in read_calibration_set(folder).values()]
    except CertificateError as error:
        return Sign(_("Calibration"), "FAIL", _("cannot be read"), str(error))
    if not certificates:
        return Sign(
            _("Calibration"), "FAIL", _("missing"), _("there is no certificate in %(folder)s", folder=folder.name)
        )
    ended = [f"{one.view}: {why}" for one in certificates if (why := one.ended(now)) is not None]
    if ended:
        return Sign(_("Calibration"), "FAIL", _("ended"), "; ".join(ended))
    first = min(certificates, key=lambda one: one.valid_until)
    left = (first.valid_until - now).days
    more = _("%(count)s views, the first until %(day)s", count=len(certificates), day=short_day(first.valid_until))
    return (
        Sign(_("Calibration"), "REVIEW", _("%(count)s days left", count=left), more)
        if left < SOON_DAYS
        else _well(_("Calibration"), more)
    )


def _lights(state: StartUpState) -> Sign:
    if state.last is None:
        return Sign(_("Lights"), "REVIEW", _("not looked at"), _("the start-up check measures them"))
    steps = [s for s in state.last.document.get("steps", ()) if str(s["name"]).startswith("light ")]
    dim = [s for s in steps if not s["passed"]]
    if dim:
        return Sign(
            _("Lights"),
            "FAIL",
            _("%(part)s of %(whole)s off", part=len(dim), whole=len(steps)),
            f"{dim[0]['name']}: {dim[0]['found']}",
        )
    return _well(
        _("Lights"), _("all %(count)s at their level, %(when)s", count=len(steps), when=moment(here(state.last.at)))
    )


def _startup(state: StartUpState) -> Sign:
    if not state.due and state.last is not None:
        return _well(_("Start-up check"), f"{state.last.who}, {moment(here(state.last.at))}")
    if state.last is not None and not state.last.passed:
        return Sign(_("Start-up check"), "FAIL", _("failed"), state.reason)
    return Sign(_("Start-up check"), "REVIEW", _("due"), state.reason)


def _sync(settings: Settings) -> Sign:
    if not has_server(settings):
        return _well(_("Sync"), _("the records are this station's own file"))
    outbox = outbox_of(settings)
    waiting, aside = outbox.waiting(), outbox.set_aside()
    if aside:
        return Sign(_("Sync"), "FAIL", _("%(count)s set aside", count=len(aside)), aside[0].error)
    if waiting:
        return Sign(
            _("Sync"),
            "REVIEW",
            _("%(count)s waiting", count=len(waiting)),
            _("since %(when)s", when=moment(here(waiting[0].kept_at))),
        )
    return _well(_("Sync"), _("everything is in the log"))


def _well(name: str, more: str) -> Sign:
    return Sign(name, "PASS", _("well"), more)


def hand_check_names(piece: PieceRecord) -> Iterator[str]:
    """Checks to make: those that are due, and those that were not well."""
    yield from piece.hand_checks_due
    yield from (check.name for check in piece.hand_checks if check.outcome == "not ok")
