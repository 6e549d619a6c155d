"""Labels: what a person says that an inspection missed, or found where nothing is, for the next training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, select

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import FINDING, FRAME, INSPECTION
from loupebox.station.records.label_tables import LABEL
from loupebox.station.records.remedy import REMEDIES

LabelKind = Literal["missed", "false alarm"]
Box = tuple[float, float, float, float]
NAMES = tuple(sorted(REMEDIES))
"""What can be missed: the kinds of defect that the shop has a word for."""
SMALLEST_PX = 2.0


@dataclass(frozen=True, slots=True)
class Label:
    """A place in a frame and what a person says of it; the box is left, top, width, height in its pixels."""

    id: int
    inspection: int
    kind: LabelKind
    name: str
    view: str
    light: str
    frame_sha256: str
    box_xywh_px: Box
    note: str
    who: str
    at: datetime


class Labels:
    """One call is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def missed(
        self, inspection: int, name: str, view: str, light: str, box_xywh_px: Box, who: str, note: str = ""
    ) -> Label:
        """Something is there that was not found; the box lies in the frame of this view and light."""
        if name not in NAMES:
            raise NotAllowed(f"'{name}' is no kind of defect; allowed are {', '.join(NAMES)}")
        with writing(self._engine) as connection:
            _check_there(connection, inspection)
            query = select(FRAME).where(FRAME.c.inspection == inspection, FRAME.c.view == view, FRAME.c.light == light)
            frame = connection.execute(query.limit(1)).first()
            if frame is None:
                raise NotRecorded(f"inspection {inspection} has no frame {view}/{light}")
            box = _inside(box_xywh_px, frame)
            return self._add(connection, inspection, "missed", name, view, light, frame.sha256, box, note, who)

    def false_alarm(self, inspection: int, finding: int, who: str, note: str = "") -> Label:
        """The finding of this number, counted from 1 as on the screen, is no defect."""
        with writing(self._engine) as connection:
            _check_there(connection, inspection)
            found = connection.execute(
                select(FINDING).where(FINDING.c.inspection == inspection).order_by(FINDING.c.id)
            ).all()
            if not 1 <= finding <= len(found):
                raise NotRecorded(f"inspection {inspection} has no finding {finding}; it has {len(found)}")
            row = found[finding - 1]
            frame = connection.execute(
                select(FRAME.c.sha256).where(
                    FRAME.c.inspection == inspection, FRAME.c.view == row.view, FRAME.c.light == row.light
                )
            ).first()
            box = (row.box_x_px, row.box_y_px, row.box_w_px, row.box_h_px)
            sha256 = "" if frame is None else frame.sha256
            kind: LabelKind = "false alarm"
            return self._add(connection, inspection, kind, row.kind, row.view, row.light, sha256, box, note, who)

    def of_inspection(self, inspection: int) -> tuple[Label, ...]:
        """The first first."""
        with reading(self._engine) as connection:
            _check_there(connection, inspection)
            query = select(LABEL).where(LABEL.c.inspection == inspection).order_by(LABEL.c.id)
            return tuple(_label(row) for row in connection.execute(query))

    def all(self, limit: int, before: int | None = None) -> tuple[Label, ...]:
        """The last first, from before this number."""
        query = select(LABEL).order_by(LABEL.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(LABEL.c.id < before)
        with reading(self._engine) as connection:
            return tuple(_label(row) for row in connection.execute(query))

    def _add(
        self,
        connection: Connection,
        inspection: int,
        kind: LabelKind,
        name: str,
        view: str,
        light: str,
        frame_sha256: str,
        box: Box,
        note: str,
        who: str,
    ) -> Label:
        now = self._clock()
        number = add(
            connection,
            LABEL,
            inspection=inspection,
            kind=kind,
            name=name,
            view=view,
            light=light,
            frame_sha256=frame_sha256,
            box_xywh_px=list(box),
            note=note,
            who=who,
            at=now,
        )
        details = {"kind": kind, "name": name, "view": view, "light": light, "box_xywh_px": list(box), "note": note}
        append_audit(
            connection,
            who=who,
            action="label.added",
            subject=f"inspection {inspection}",
            details=details,
            at=now,
        )
        return Label(number, inspection, kind, name, view, light, frame_sha256, box, note, who, now)


def _check_there(connection: Connection, inspection: int) -> None:
    if connection.execute(select(INSPECTION.c.id).where(INSPECTION.c.id == inspection)).first() is None:
        raise NotRecorded(f"no inspection {inspection} is recorded")


def _inside(box: Box, frame: Row[Any]) -> Box:
    """The part of the box that lies in the frame; a place that nobody can see is refused."""
    x, y, w, h = box
    left, top = max(0.0, x), max(0.0, y)
    width, height = min(frame.width_px, x + w) - left, min(frame.height_px, y + h) - top
    if width < SMALLEST_PX or height < SMALLEST_PX:
        raise NotAllowed(
            f"the box {x:g}, {y:g}, {w:g}, {h:g} is outside the frame {frame.view}/{frame.light} or too small; allowed "
            f"is one of at least {SMALLEST_PX:g} px each way in {frame.width_px} x {frame.height_px} px"
        )
    return (left, top, width, height)


def _label(row: Row[Any]) -> Label:
    x, y, w, h = row.box_xywh_px
    return Label(
        row.id, row.inspection, row.kind, row.name, row.view, row.light, row.frame_sha256, (x, y, w, h), row.note,
        row.who, row.at,
    )  # fmt: skip
