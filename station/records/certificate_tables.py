"""The table of signed calibrations."""

from datetime import datetime

from loupebox.calibration.frame import VIEWS
from loupebox.station.records.columns import EvidenceRow, key, moment, one_of, table_of

KINDS = ("camera", "scale", "sensor", "sharpness", "backlight")


class CalibrationCertificateRow(EvidenceRow, table=True):
    """One calibration of one view, signed; the document is the draft word for word."""

    __table_args__ = (one_of("kind", KINDS), one_of("view", VIEWS))

    id: int | None = key()
    station: str
    view: str
    kind: str
    camera_serial: str
    artefact: str
    passed: bool
    made_at: datetime = moment()
    valid_until: datetime = moment()
    signed_by: str
    signed_at: datetime = moment()
    document: str
    sha256: str


CALIBRATION_CERTIFICATE = table_of(CalibrationCertificateRow)
