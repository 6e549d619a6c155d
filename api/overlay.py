"""What is drawn over a frame, in pixels of the frame: outlines of findings, tips of prongs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loupebox.inspect.prong_place import prong_places
from loupebox.station.report import FindingReport, Point, ProngReport

LABEL_GAP_PX = 34
"""Between a tip and its number, so that the number does not hide what it names."""


@dataclass(frozen=True, slots=True)
class FindingMark:
    """A finding as drawn; `number` is its line in the table."""

    number: int
    title: str
    points: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class ProngMark:
    """A prong as drawn; a missing one at the place where it should be."""

    index: int
    state: str
    reason: str
    x: float
    y: float
    label_x: float
    label_y: float


def svg_points(polygon: Sequence[Point]) -> str:
    """A polygon as SVG writes it."""
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in polygon)


def finding_mark(number: int, finding: FindingReport) -> FindingMark:
    x, y, w, _ = finding.box_xywh_px
    return FindingMark(
        number=number,
        title=f"{finding.kind.replace('_', ' ')}, {finding.size_mm:.3f} mm, zone {finding.zone}",
        points=svg_points(finding.polygon_xy_px),
        label_x=round(x + w, 2),
        label_y=round(y, 2),
    )


def prong_marks(prongs: Sequence[ProngReport], view: str, width_px: int, height_px: int) -> tuple[ProngMark, ...]:
    """Tips in the top or the oblique view; in the others no prong is looked at."""
    if view not in ("top", "oblique"):
        return ()
    if view == "top":
        tips = prong_places([(p.index, p.angle_deg, p.tip_xy_px) for p in prongs], width_px, height_px)
    else:
        tips = {p.index: tip for p in prongs if (tip := p.tip_oblique_xy_px)}
    centre = ((width_px - 1) / 2, (height_px - 1) / 2)
    return tuple(_mark(prong, tips[prong.index], centre) for prong in prongs if prong.index in tips)


def tip_in_top(prongs: Sequence[ProngReport], index: int, width_px: int, height_px: int) -> Point | None:
    """Where to look in the top view for one prong."""
    return next(((m.x, m.y) for m in prong_marks(prongs, "top", width_px, height_px) if m.index == index), None)


def _mark(prong: ProngReport, tip: Point, centre: Point) -> ProngMark:
    x, y = tip
    away = math.dist(tip, centre) or 1.0
    return ProngMark(
        index=prong.index,
        state=prong.state,
        reason=prong.reason,
        x=round(x, 2),
        y=round(y, 2),
        label_x=round(x + LABEL_GAP_PX * (x - centre[0]) / away, 2),
        label_y=round(y + LABEL_GAP_PX * (y - centre[1]) / away, 2),
    )
