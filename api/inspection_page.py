"""One inspection as the screen shows it: from the stored document to bars, marks, reasons and a proposal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from loupebox.api.bar import Bar, bar
from loupebox.api.overlay import FindingMark, ProngMark, finding_mark, prong_marks
from loupebox.api.tiles import TILED_FROM_PX, top_level
from loupebox.api.words import phrase
from loupebox.inspect.verdict import Verdict
from loupebox.station.records.errors import Damaged
from loupebox.station.records.inspection_record import FrameRecord, InspectionRecord
from loupebox.station.records.remedy import ANYTHING_ELSE, Remedy, remedy_for
from loupebox.station.records.rework_mark import PLACE_OF
from loupebox.station.report import CheckReport, FindingReport, MeasurementReport, Report

SCALES = (("iso", "ISO 8653"), ("us", "US"), ("uk", "UK BS 6820"), ("uk_trade", "UK trade"), ("jp", "Japan"))


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """A frame as the viewer offers it."""

    view: str
    light: str
    url: str
    title: str
    tiles: str = ""
    """Where the tiles of a large frame begin; then `url` is the whole of it made small."""


@dataclass(frozen=True, slots=True)
class ShownView:
    """All frames of one view with the marks that lie on each of them."""

    name: str
    width_px: int
    height_px: int
    frames: tuple[ShownFrame, ...]
    prongs: tuple[ProngMark, ...]
    findings: tuple[FindingMark, ...]


@dataclass(frozen=True, slots=True)
class ShownCharacteristic:
    """A measured value against its limits."""

    name: str
    value: float
    expanded_uncertainty: float
    unit: str
    lower: float | None
    upper: float | None
    verdict: str
    reason: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class NumberedFinding:
    """A line of the findings table; the number is also drawn on the frame."""

    number: int
    finding: FindingReport

    @property
    def box(self) -> str:
        return " ".join(f"{v:.2f}" for v in self.finding.box_xywh_px)


@dataclass(frozen=True, slots=True)
class InspectionPage:
    """What the template of an inspection needs, and nothing that it must work out."""

    record: InspectionRecord
    report: Report
    views: tuple[ShownView, ...]
    shown: ShownFrame | None
    bars: tuple[ShownCharacteristic, ...]
    other_checks: tuple[CheckReport, ...]
    findings: tuple[NumberedFinding, ...]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Verdict and sentence of everything that is not simply a PASS, the worst first."""
        refusal = self.report.refusal
        if refusal is not None:
            return [("REFUSED", f"Retake, because {refusal.reason}"), ("REFUSED", refusal.advice)]
        return [(check.verdict, check.reason) for check in open_checks(self.report.checks)]

    @property
    def sizes(self) -> list[tuple[str, str]]:
        sizes = self.report.ring_sizes
        return [] if sizes is None else [(label, getattr(sizes, key)) for key, label in SCALES]

    @property
    def replay(self) -> list[tuple[str, str]]:
        """What went into the verdict, a line each."""
        r = self.report.replay
        return [
            ("Software", ", ".join([r.software, *(f"{name} {version}" for name, version in r.libraries.items())])),
            ("Spec sheet", f"{r.spec.style} revision {r.spec.revision}, {r.spec.sha256}"),
            *((f"Certificate, {c.view}", f"{c.certificate_id}, {c.sha256}") for c in r.certificates),
            *((f"Model {m.name} {m.version}", m.sha256) for m in r.models),
            *((f"Frame {f.view}/{f.light}", f"{f.sha256}, {f.exposure_ms:g} ms") for f in r.frames),
            ("Milliseconds", ", ".join(f"{name} {ms:.0f}" for name, ms in self.report.timings_ms.items())),
        ]

    @property
    def proposed_kind(self) -> str:
        """What is ticked already: work for a failure, acceptance for a doubt that a person has looked at."""
        return "rework" if self.record.summary.verdict == Verdict.FAIL else "accept"

    @property
    def proposed_remedy(self) -> Remedy:
        """What mends the first defect, a failed check before a doubtful one."""
        failed_first = sorted(self.record.defects, key=lambda defect: defect.verdict != Verdict.FAIL)
        return remedy_for(failed_first[0].kind) if failed_first else ANYTHING_ELSE

    @property
    def may_decide(self) -> bool:
        """A PASS needs nothing and a refusal can only be retaken; nor can work that someone has begun be undecided."""
        begun = any(order.state in ("taken", "done") for order in self.record.orders)
        return self.record.summary.verdict in (Verdict.REVIEW, Verdict.FAIL) and not begun


def inspection_page(record: InspectionRecord, view: str | None, light: str | None) -> InspectionPage:
    """Prepare the screen of one inspection, opened on the frame asked for or on the one that explains the verdict."""
    report = stored_report(record)
    bars = tuple(shown for m in report.measurements if (shown := characteristic(m, report.checks)) is not None)
    # A bar says it already, and so does the line of a good prong in its table.
    told = {b.name for b in bars} | {f"prong_{p.index}" for p in report.prongs if p.state == "good"}
    other = [check for check in report.checks if check.name not in told]
    numbered = tuple(NumberedFinding(n, f) for n, f in enumerate(report.findings, start=1))
    views = shown_views(record.frames, report, numbered)
    return InspectionPage(
        record=record,
        report=report,
        views=views,
        shown=opening_frame(views, (view, light) if view else place_of_verdict(report)),
        bars=bars,
        other_checks=tuple(open_checks(other) + [check for check in other if check.verdict == Verdict.PASS]),
        findings=numbered,
    )


def stored_report(record: InspectionRecord) -> Report:
    """The document of an inspection, as this version understands it."""
    try:
        return Report.model_validate(record.report)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Damaged(
            f"the report of inspection {record.summary.id} cannot be shown: {where}: {first['msg']}"
        ) from error


def open_checks(checks: Sequence[CheckReport]) -> list[CheckReport]:
    """Those that did not pass, failures first."""
    order = [Verdict.FAIL, Verdict.REVIEW]
    return sorted((c for c in checks if c.verdict in order), key=lambda c: order.index(c.verdict))


def characteristic(m: MeasurementReport, checks: Sequence[CheckReport]) -> ShownCharacteristic | None:
    """A bar for what was measured and has limits; None otherwise."""
    if m.value is None or m.expanded_uncertainty is None or m.outcome is None or m.lower is m.upper is None:
        return None
    reason = next((check.reason for check in checks if check.name == m.name), "")
    return ShownCharacteristic(
        name=m.name,
        value=m.value,
        expanded_uncertainty=m.expanded_uncertainty,
        unit=m.unit or "1",
        lower=m.lower,
        upper=m.upper,
        verdict=m.outcome,
        reason=reason,
        bar=bar(m.value, m.expanded_uncertainty, m.lower, m.upper, m.nominal),
    )


def shown_views(
    frames: Sequence[FrameRecord], report: Report, findings: Sequence[NumberedFinding]
) -> tuple[ShownView, ...]:
    """Frames grouped by view, in the order in which they were taken."""
    views: list[ShownView] = []
    for name in dict.fromkeys(frame.view for frame in frames):
        mine = [frame for frame in frames if frame.view == name]
        width, height = mine[0].width_px, mine[0].height_px
        views.append(
            ShownView(
                name=name,
                width_px=width,
                height_px=height,
                frames=tuple(shown_frame(frame) for frame in mine),
                prongs=prong_marks(report.prongs, name, width, height),
                findings=tuple(finding_mark(f.number, f.finding) for f in findings if f.finding.view == name),
            )
        )
    return tuple(views)


def shown_frame(frame: FrameRecord) -> ShownFrame:
    title = f"{phrase(frame.view)} / {phrase(frame.light)}  {frame.width_px} × {frame.height_px}"
    if max(frame.width_px, frame.height_px) <= TILED_FROM_PX:
        return ShownFrame(frame.view, frame.light, f"/frames/{frame.sha256}.png", title)
    tiles = f"/frames/{frame.sha256}/tiles"
    small = f"{tiles}/{top_level(frame.width_px, frame.height_px)}/0/0.png"
    return ShownFrame(frame.view, frame.light, small, title, tiles)


def place_of_verdict(report: Report) -> tuple[str | None, str | None]:
    """View and light that show the first thing that did not pass."""
    for check in open_checks(report.checks):
        if check.name in PLACE_OF:
            return PLACE_OF[check.name]
        for prong in report.prongs:
            if check.name == f"prong_{prong.index}":
                return ("oblique" if prong.state == "lifted" else "top"), "dome"
        surface, _, zone = check.name.partition(" zone ")
        for finding in report.findings:
            if finding.zone == zone and finding.kind.endswith(surface):
                return finding.view, finding.light
    return ("top", "dome") if report.prongs else ("face", "backlight")


def opening_frame(views: Sequence[ShownView], wanted: tuple[str | None, str | None]) -> ShownFrame | None:
    """The frame wanted, else the first of that view, else the first of all; None of an inspection without frames."""
    frames = [frame for view in views for frame in view.frames]
    of_view = [frame for frame in frames if frame.view == wanted[0]]
    exact = [frame for frame in of_view if frame.light == wanted[1]]
    return next(iter(exact or of_view or frames), None)
