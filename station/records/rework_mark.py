"""The exact place that an order is about: which picture, and where in it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from loupebox.inspect.judge import RULE_OF
from loupebox.inspect.prong_place import prong_places
from loupebox.inspect.recheck import What
from loupebox.inspect.spec import NAMES_OF_NO_RING
from loupebox.station.records.columns import add_parts
from loupebox.station.records.inspection_tables import FINDING, FRAME, INSPECTION
from loupebox.station.records.rework_tables import REWORK_MARK

PRONG_PX = 110
"""Side of the box around a prong's tip in the top view."""

PLACE_OF = {
    "inner_diameter_mm": ("face", "backlight"),
    "out_of_round_mm": ("face", "backlight"),
    "shank_thickness_mm": ("face", "backlight"),
    "roundness_mm": ("face", "backlight"),
    "outer_diameter_mm": ("face", "backlight"),
    "shank_thickest_mm": ("face", "backlight"),
    "shank_symmetry_mm": ("face", "backlight"),
    **{name: ("face", "backlight") for names in NAMES_OF_NO_RING.values() for name in names},
    "shank_width_mm": ("shank", "backlight"),
    "shank_widest_mm": ("shank", "backlight"),
    "stone_diameter_mm": ("top", "dome"),
    "stone_offset_mm": ("top", "dome"),
    "stone_widest_mm": ("top", "dome"),
    "stone_narrowest_mm": ("top", "dome"),
    "stone_tilt_deg": ("oblique", "dome"),
    "table_offset_mm": ("top", "dome"),
    "prong_spacing_deg": ("top", "dome"),
    "prong_count": ("top", "dome"),
}
"""Where each dimension was seen."""


@dataclass(frozen=True, slots=True)
class ReworkMark:
    """A place in a picture; `name` is the kind of a finding, "prong_3", or the name of a dimension.

    The box is left, top, width, height in pixels of the frame, for a dimension the whole of it; only a finding has an
    outline.
    """

    what: What
    name: str
    view: str
    light: str
    frame_sha256: str
    box_xywh_px: tuple[float, float, float, float]
    polygon_xy_px: tuple[tuple[float, float], ...] = ()


def add_marks(connection: Connection, order: int, inspection: int, check_names: Sequence[str]) -> None:
    """Mark what these checks of the inspection are about."""
    marks = dict.fromkeys(mark for name in check_names for mark in _marks(connection, inspection, name))
    add_parts(connection, REWORK_MARK, "rework_order", order, [asdict(mark) for mark in marks])


def marks_of(connection: Connection, orders: Sequence[int]) -> dict[int, list[ReworkMark]]:
    """Marks of each of these orders."""
    found: dict[int, list[ReworkMark]] = defaultdict(list)
    query = select(REWORK_MARK).where(REWORK_MARK.c.rework_order.in_(orders)).order_by(REWORK_MARK.c.id)
    for row in connection.execute(query):
        x, y, w, h = row.box_xywh_px
        outline = tuple((float(px), float(py)) for px, py in row.polygon_xy_px)
        found[row.rework_order].append(
            ReworkMark(row.what, row.name, row.view, row.light, row.frame_sha256, (x, y, w, h), outline)
        )
    return found


def _marks(connection: Connection, inspection: int, check_name: str) -> Iterator[ReworkMark]:
    """None where the inspection has no such picture."""
    surface, _, zone = check_name.partition(" zone ")
    if zone:
        yield from _of_findings(connection, inspection, surface, zone)
    elif prong := re.fullmatch(r"prong_(\d+)(_[a-z_]+)?", check_name):
        yield from _of_prong(connection, inspection, int(prong[1]))
    elif (place := _place_of(check_name)) and (frame := _frame(connection, inspection, *place)):
        whole = (0.0, 0.0, float(frame.width_px), float(frame.height_px))
        yield ReworkMark("characteristic", check_name, frame.view, frame.light, frame.sha256, whole)


def _place_of(check_name: str) -> tuple[str, str] | None:
    return ("top", "dome") if re.fullmatch(r"stone_\d+_present", check_name) else PLACE_OF.get(check_name)


def _of_findings(connection: Connection, inspection: int, surface: str, zone: str) -> Iterator[ReworkMark]:
    """The largest first."""
    query = (
        select(FINDING)
        .where(FINDING.c.inspection == inspection, FINDING.c.zone == zone)
        .order_by(FINDING.c.size_mm.desc(), FINDING.c.id)
    )
    for row in connection.execute(query).all():
        if RULE_OF[row.kind] == surface and (frame := _frame(connection, inspection, row.view, row.light)):
            box = (row.box_x_px, row.box_y_px, row.box_w_px, row.box_h_px)
            outline = tuple((float(x), float(y)) for x, y in row.polygon_xy_px)
            yield ReworkMark("finding", row.kind, row.view, row.light, frame.sha256, box, outline)


def _of_prong(connection: Connection, inspection: int, index: int) -> Iterator[ReworkMark]:
    """Around the tip, or around where a missing one should be."""
    frame = _frame(connection, inspection, "top", "dome")
    stored = connection.execute(select(INSPECTION.c.report).where(INSPECTION.c.id == inspection)).scalar_one()
    prongs = [(p["index"], p["angle_deg"], _point(p["tip_xy_px"])) for p in json.loads(stored).get("prongs", ())]
    if frame is None or index not in (number for number, _, _ in prongs):
        return
    x, y = prong_places(prongs, frame.width_px, frame.height_px)[index]
    box = (x - PRONG_PX / 2, y - PRONG_PX / 2, float(PRONG_PX), float(PRONG_PX))
    yield ReworkMark("prong", f"prong_{index}", "top", "dome", frame.sha256, box)


def _point(xy: list[float] | None) -> tuple[float, float] | None:
    return None if xy is None else (xy[0], xy[1])


def _frame(connection: Connection, inspection: int, view: str, light: str) -> Row[Any] | None:
    query = select(FRAME).where(FRAME.c.inspection == inspection, FRAME.c.view == view, FRAME.c.light == light)
    return connection.execute(query.order_by(FRAME.c.id).limit(1)).first()
