"""The place under the cameras: a piece of a bag lies there, and is captured, inspected and recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from loupebox.calibration.frame import View
from loupebox.station.camera import Camera
from loupebox.station.capturing import PieceTicket, Shot, take_capture
from loupebox.station.device import DeviceError
from loupebox.station.log_entry import log_entry
from loupebox.station.needs import frames_needed
from loupebox.station.records.errors import Conflict
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings
from loupebox.station.simulated_lightbox import SimulatedLightbox
from loupebox.station.startup_plan import StartUpPlan
from loupebox.station.tray import Tray
from loupebox.station.workplace import Workplace, sheet_in_force

USUAL_EXPOSURE_MS = 4.0


def _now() -> datetime:
    return datetime.now().astimezone()


class Stand:
    """Takes a piece at a time; whoever calls sees to that."""

    def __init__(
        self,
        settings: Settings,
        log: QcLog,
        workplace: Callable[[], Workplace],
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._settings = settings
        self._log = log
        self._workplace = workplace
        self._clock = clock
        self._tray = None if settings.tray_dir is None else Tray(settings.tray_dir)

    @property
    def sees(self) -> bool:
        """Whether there is anything to take a piece with."""
        return self._tray is not None

    def take(self, job: str, serial: str | None, origin: str) -> int:
        """The number of the inspection of a piece of this bag, the next one where none is named.

        The same `origin` gives the same number however often it comes.
        """
        if (known := self._log.delivered(origin)) is not None:
            return known
        bag = self._log.bags.bag(job)
        if bag.closing is not None:
            raise Conflict(f"bag {job} was closed by {bag.closing.who}, {bag.closing.at:%F %R} UTC")
        piece = serial or bag.next_piece
        if piece is None:
            raise Conflict(f"every piece of bag {job} has been looked at; what is left is decided, not captured")
        workplace, style = self._workplace(), bag.job.style
        sheet = sheet_in_force(self._settings.specs_dir, style, self._log.specs)
        shots = [Shot(view, light, USUAL_EXPOSURE_MS) for view, light in frames_needed(sheet.spec)]
        cameras = self._cameras(job, style)
        station = StartUpPlan.read(self._settings.startup_file).station
        ticket = PieceTicket(station, piece, job, style, self._clock())
        with tempfile.TemporaryDirectory(prefix="loupebox-stand-") as folder:
            try:
                capture = take_capture(cameras, SimulatedLightbox(), shots, ticket, Path(folder) / "capture")
            finally:
                for camera in set(cameras.values()):
                    camera.close()
            return self._log.record(log_entry(workplace.inspect(capture, sheet)), origin=origin)

    def _cameras(self, job: str, style: str) -> Mapping[View, Camera]:
        if self._tray is None:
            raise DeviceError(
                "this station has no cameras set up; hand captures in over REST, or name a folder of captures as "
                "tray_dir in the settings"
            )
        return self._tray.cameras(job, style)
