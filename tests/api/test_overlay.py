"""Marks lie where the pixels are."""

from __future__ import annotations

import math

import made_pieces
import pytest

from loupebox.api.closeup import closeup
from loupebox.api.overlay import prong_marks, svg_points, tip_in_top
from loupebox.station.records.inspection_record import FrameRecord
from loupebox.station.report import ProngReport, Report

SIZE = 704
MIDDLE = (SIZE - 1) / 2


def prong(index: int, angle_deg: float, state: str = "good", reach: float | None = 190.0) -> ProngReport:
    angle = math.radians(angle_deg)
    tip = None if reach is None else (MIDDLE + reach * math.cos(angle), MIDDLE - reach * math.sin(angle))
    return ProngReport.model_validate(
        {"index": index, "angle_deg": angle_deg, "state": state, "reason": "", "tip_xy_px": tip}
        | dict.fromkeys(("length_mm", "bend_mm", "lift_mm", "tip_oblique_xy_px"))
    )


def test_a_missing_prong_is_marked_where_it_should_stand() -> None:
    seen = [prong(1, 45), prong(2, 135), prong(3, 225), prong(4, 315, "missing", reach=None)]
    mark = prong_marks(seen, "top", SIZE, SIZE)[3]
    assert (mark.x, mark.y) == pytest.approx((MIDDLE + 190 * math.sqrt(0.5), MIDDLE + 190 * math.sqrt(0.5)), abs=0.01)


def test_the_number_stands_outside_of_the_tip() -> None:
    mark = prong_marks([prong(1, 90)], "top", SIZE, SIZE)[0]
    assert mark.label_x == pytest.approx(mark.x)
    assert mark.label_y < mark.y - 20


def test_views_without_prongs_have_no_marks() -> None:
    assert prong_marks([prong(1, 90)], "face", 1600, 1600) == ()
    assert prong_marks([prong(1, 90)], "oblique", SIZE, SIZE) == ()
    assert tip_in_top([prong(1, 90)], 2, SIZE, SIZE) is None


def test_points_as_svg_writes_them() -> None:
    assert svg_points([(1, 2.25), (-3.5, 4)]) == "1.00,2.25 -3.50,4.00"


class Seen:
    """Of a recorded inspection, what a close-up reads."""

    def __init__(self, made: made_pieces.Made) -> None:
        entry = made_pieces.entry(made)
        self.report = entry.report
        self.frames = [FrameRecord(f.view, f.light, f.sha256, "png", f.width_px, f.height_px) for f in entry.frames]


def test_a_close_up_shows_the_whole_finding_in_the_middle() -> None:
    seen = Seen(made_pieces.Made("P", scratched=True))
    cut = closeup(seen, ["inner_diameter_mm of nothing", "scratch zone A"])
    assert cut is not None
    assert cut.x <= 399 <= 520.5 <= cut.x + cut.width
    assert cut.y <= 200 <= 221 <= cut.y + cut.height
    assert cut.x + cut.width / 2 == pytest.approx((399 + 520.5) / 2, abs=1)
    assert cut.polygons == (svg_points(made_pieces.SCRATCH),)
    assert cut.view_box == f"{cut.x - 0.5} {cut.y - 0.5} {cut.width} {cut.height}"


def test_a_close_up_of_a_prong_spots_its_tip() -> None:
    seen = Seen(made_pieces.Made("P", bent=3))
    cut = closeup(seen, ["prong_3"])
    assert cut is not None
    assert cut.spots == (pytest.approx(made_pieces.TIPS[3], abs=0.01),)
    assert cut.title == "Prong 3: bent"


def test_a_close_up_stays_inside_the_frame() -> None:
    seen = Seen(made_pieces.Made("P", scratched=True))
    report = Report.model_validate(seen.report)
    corner = report.findings[0].model_copy(
        update={"box_xywh_px": (880, 0, 15, 5), "polygon_xy_px": ((880, 0), (895, 0), (895, 5))}
    )
    seen.report = report.model_copy(update={"findings": (corner,)}).to_document()
    cut = closeup(seen, ["scratch zone A"])
    assert cut is not None
    assert (cut.x + cut.width, cut.y) == (896, 0)


def test_a_dimension_shows_its_whole_frame_and_the_unseen_nothing() -> None:
    seen = Seen(made_pieces.Made("P"))
    cut = closeup(seen, ["inner_diameter_mm"])
    assert cut is not None
    assert (cut.x, cut.y, cut.width, cut.height) == (0, 0, 800, 800)
    assert closeup(seen, ["porosity zone A"]) is None
