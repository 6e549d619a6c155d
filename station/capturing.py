"""Takes all the frames of a piece with a camera and a lightbox into a capture folder: whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loupebox.calibration.frame import Frame, Light, View
from loupebox.station.camera import Camera
from loupebox.station.capture import CAPTURE_JSON, SCHEMA, CaptureError, CaptureRecord, FrameRecord
from loupebox.station.device import DeviceError
from loupebox.station.image_file import encode, pixel_format_of
from loupebox.station.lightbox import Lightbox
from loupebox.station.part_state import PartState


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame to take: which light at which level, and how long."""

    view: View
    light: Light
    exposure_ms: float
    gain_db: float = 0.0
    level: float = 1.0


@dataclass(frozen=True, slots=True)
class PieceTicket:
    """Which piece lies in the lightbox, when, and how warm."""

    station: str
    piece: str
    job: str
    style: str
    when: datetime
    part: PartState | None = None


def take_capture(
    cameras: Mapping[View, Camera], lightbox: Lightbox, shots: Iterable[Shot], ticket: PieceTicket, folder: Path
) -> Path:
    """Take the shots in order into a new capture folder; a fault leaves no folder and the lights off."""
    if folder.exists():
        raise CaptureError(f"capture folder {folder} exists already; a capture is never overwritten")
    try:
        frames = [_take(cameras, lightbox, shot) for shot in shots]
    finally:
        lightbox.off()
    try:
        write_capture(frames, ticket, folder)
    except OSError as error:
        raise CaptureError(f"capture folder {folder} cannot be written: {error.strerror}") from error
    return folder


def _take(cameras: Mapping[View, Camera], lightbox: Lightbox, shot: Shot) -> Frame:
    if shot.view not in cameras:
        raise DeviceError(f"there is no camera for the {shot.view} view; there are {', '.join(cameras) or 'none'}")
    lightbox.set(shot.light, shot.level)
    return cameras[shot.view].grab(shot.view, shot.light, shot.exposure_ms, shot.gain_db)


def write_capture(frames: Iterable[Frame], ticket: PieceTicket, folder: Path) -> None:
    """Write beside the place where it belongs, down to the disk, and rename: nobody ever sees half a capture."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        records = tuple(_write_frame(frame, unfinished) for frame in frames)
        record = CaptureRecord(
            schema_=SCHEMA,
            station=ticket.station,
            piece=ticket.piece,
            job=ticket.job,
            style=ticket.style,
            when=ticket.when,
            part=ticket.part,
            frames=records,
        )
        text = record.model_dump_json(by_alias=True, indent=2)
        _write_to_disk(unfinished / CAPTURE_JSON, text.encode())
        unfinished.chmod(0o755)
        _sync_folder(unfinished)
        unfinished.rename(folder)
        _sync_folder(folder.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_frame(frame: Frame, folder: Path) -> FrameRecord:
    content = encode(frame.pixels)
    name = f"{frame.view}_{frame.light}.png"
    _write_to_disk(folder / name, content)
    return FrameRecord(
        file=name,
        sha256=hashlib.sha256(content).hexdigest(),
        view=frame.view,
        light=frame.light,
        exposure_ms=frame.exposure_ms,
        gain_db=frame.gain_db,
        pixel_format=pixel_format_of(frame.pixels, frame.bits),
        camera_serial=frame.camera_serial,
    )


def _write_to_disk(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A rename survives a power cut only when the folder's own entry is on disk."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
