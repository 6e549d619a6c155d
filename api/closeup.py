"""The part of a frame that a bench must look at, with the exact place marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loupebox.api.inspection_page import stored_report
from loupebox.api.language import _, decimal
from loupebox.api.overlay import svg_points, tip_in_top
from loupebox.api.words import phrase
from loupebox.station.records.inspection_record import FrameRecord, InspectionRecord
from loupebox.station.records.rework_mark import PLACE_OF, PRONG_PX
from loupebox.station.report import Box, FindingReport, Report

WIDTH_PX = 480
"""Of the preview: sharp on a phone, a few ten kilobytes."""
ASPECT = 3 / 2
SMALLEST_PX = 150
"""A pore alone says nothing; this much of the frame around it says where on the piece it sits."""
SPOT_RADIUS_PX = 22


@dataclass(frozen=True, slots=True)
class Closeup:
    """A crop in whole pixels of the frame, and marks in the frame's own pixels."""

    url: str
    title: str
    view: str
    light: str
    x: int
    y: int
    width: int
    height: int
    polygons: tuple[str, ...] = ()
    spots: tuple[tuple[float, float], ...] = ()

    @property
    def view_box(self) -> str:
        """The crop in SVG's coordinates, where a pixel's centre is at its whole number."""
        return f"{self.x - 0.5} {self.y - 0.5} {self.width} {self.height}"


def closeup(record: InspectionRecord, check_names: Sequence[str]) -> Closeup | None:
    """Where the first of these checks can be seen; None when no stored frame shows it."""
    report = stored_report(record)
    for name in check_names:
        if (found := _of_check(record.frames, report, name)) is not None:
            return found
    return None


def same_place(record: InspectionRecord, before: Closeup) -> Closeup | None:
    """The same part of the frame at another inspection; None when it has no frame of that view and light.

    A piece never lies twice in one place, so the part is taken twice as wide.
    """
    frame = _frame(record.frames, before.view, before.light)
    if frame is None:
        return None
    width, height = min(frame.width_px, 2 * before.width), min(frame.height_px, 2 * before.height)
    x, y = before.x + before.width / 2 - width / 2, before.y + before.height / 2 - height / 2
    cut = (
        round(min(max(0, x), frame.width_px - width)),
        round(min(max(0, y), frame.height_px - height)),
        width,
        height,
    )
    return Closeup(_url(frame, cut), before.title, frame.view, frame.light, *cut)


def _of_check(frames: Sequence[FrameRecord], report: Report, name: str) -> Closeup | None:
    surface, zone = name.partition(" zone ")[::2]
    findings = [f for f in report.findings if zone and f.zone == zone and f.kind.endswith(surface)]
    if findings:
        worst = max(findings, key=lambda f: f.size_mm)
        return _of_finding(_frame(frames, worst.view, worst.light), worst, findings)
    for prong in report.prongs:
        if name == f"prong_{prong.index}" and (frame := _frame(frames, "top", "dome")) is not None:
            tip = tip_in_top(report.prongs, prong.index, frame.width_px, frame.height_px)
            if tip is not None:
                box = (tip[0] - PRONG_PX / 2, tip[1] - PRONG_PX / 2, PRONG_PX, PRONG_PX)
                title = f"{phrase(name)}: {phrase(prong.state).lower()}"
                return _cut(frame, box, title, spots=(tip,))
    if name in PLACE_OF and (frame := _frame(frames, *PLACE_OF[name])) is not None:
        return _cut(frame, (0, 0, frame.width_px, frame.height_px), _("%(view)s view", view=phrase(frame.view)))
    return None


def _of_finding(frame: FrameRecord | None, worst: FindingReport, findings: Sequence[FindingReport]) -> Closeup | None:
    if frame is None:
        return None
    beside = [f for f in findings if f.view == worst.view]
    title = f"{phrase(worst.kind)}, {decimal(worst.size_mm, 2)} {_('mm')}"
    return _cut(frame, worst.box_xywh_px, title, tuple(svg_points(f.polygon_xy_px) for f in beside))


def _frame(frames: Sequence[FrameRecord], view: str, light: str) -> FrameRecord | None:
    return next((f for f in frames if (f.view, f.light) == (view, light)), None)


def _cut(
    frame: FrameRecord,
    box: Box,
    title: str,
    polygons: tuple[str, ...] = (),
    spots: tuple[tuple[float, float], ...] = (),
) -> Closeup:
    """A part of the frame's own shape around the box, moved inside the frame where it would stick out."""
    x, y, w, h = box
    width = min(frame.width_px, max(SMALLEST_PX, 1.6 * w, 1.6 * h * ASPECT))
    height = min(frame.height_px, width / ASPECT if w < frame.width_px else frame.height_px)
    left = min(max(0, x + w / 2 - width / 2), frame.width_px - width)
    top = min(max(0, y + h / 2 - height / 2), frame.height_px - height)
    cut = (round(left), round(top), round(width), round(height))
    return Closeup(_url(frame, cut), title, frame.view, frame.light, *cut, polygons=polygons, spots=spots)


def _url(frame: FrameRecord, cut: tuple[int, int, int, int]) -> str:
    return f"/frames/{frame.sha256}.webp?width={WIDTH_PX}&crop={','.join(str(v) for v in cut)}"
