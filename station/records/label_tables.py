"""The table of labels: what people say that the inspection missed, or found where nothing is."""

from datetime import datetime

from loupebox.station.records.columns import EvidenceRow, json, key, link, moment, one_of, table_of

LABEL_KINDS = ("missed", "false alarm")


class LabelRow(EvidenceRow, table=True):
    """A place in a frame and what a person says of it; the box is left, top, width, height in pixels of the frame."""

    __table_args__ = (one_of("kind", LABEL_KINDS),)

    id: int | None = key()
    inspection: int = link("inspection.id")
    kind: str
    name: str
    view: str
    light: str
    frame_sha256: str
    box_xywh_px: list[float] = json()
    note: str
    who: str
    at: datetime = moment()


LABEL = table_of(LabelRow)
