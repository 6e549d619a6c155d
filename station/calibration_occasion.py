"""When, where and with which camera something is calibrated; and the draft that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from loupebox.calibration.draft import CalibrationDraft, CalibrationKind, Environment, ResultLine, troubles_of
from loupebox.calibration.frame import View
from loupebox.calibration.thermal import Temperature


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all kinds of calibration share."""

    station: str
    view: View
    camera_serial: str
    made_at: datetime
    valid_days: int
    temperature: Temperature
    humidity_percent: float | None = None

    def draft(
        self,
        kind: CalibrationKind,
        artefact: str,
        method: str,
        results: Sequence[ResultLine],
        frames: Mapping[str, str],
        *,
        sets: Mapping[str, float] | None = None,
        remarks: Sequence[str] = (),
        troubles: Sequence[str] = (),
        flat: tuple[str, str] | None = None,
    ) -> CalibrationDraft:
        """The document; it fails when a result is outside what is allowed, or for the troubles given."""
        found = tuple(results)
        return CalibrationDraft.model_validate(
            {
                "schema": 1,
                "kind": kind,
                "station": self.station,
                "view": self.view,
                "camera_serial": self.camera_serial,
                "artefact": artefact,
                "method": method,
                "made_at": self.made_at,
                "valid_until": self.made_at + timedelta(days=self.valid_days),
                "environment": Environment(
                    temperature_c=self.temperature.celsius,
                    temperature_half_width_c=self.temperature.half_width,
                    humidity_percent=self.humidity_percent,
                ),
                "results": found,
                "remarks": tuple(remarks),
                "troubles": (*troubles, *troubles_of(found)),
                "sets": dict(sets or {}),
                "flat_file": flat[0] if flat else None,
                "flat_sha256": flat[1] if flat else None,
                "frames": dict(frames),
                "software": f"loupebox {version('loupebox')}",
            }
        )
