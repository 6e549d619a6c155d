"""All frames of one piece, read from a folder: complete and as its capture.json says, or refused in one sentence."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from loupebox.calibration.document import problems
from loupebox.calibration.frame import Frame, Light, View
from loupebox.station.image_file import ImageError, PixelFormat, bits_of, decode, samples_bytes
from loupebox.station.part_state import PartState

SCHEMA = 1
CAPTURE_JSON = "capture.json"
MAX_JSON_BYTES = 1_000_000
MAX_FRAMES = 64
MAX_FRAME_BYTES = 300_000_000
MAX_CAPTURE_BYTES = 2_000_000_000
"""Of all frames together, packed or as samples: the samples must fit into a station's memory."""
_DECODERS = 4
_TOO_LARGE = f"are larger than {MAX_CAPTURE_BYTES // 1_000_000_000} GB together, which is more than they may be"

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CaptureError(ValueError):
    """A capture folder that cannot be trusted: the message names the file, the value and what is allowed."""


class FrameRecord(BaseModel):
    """One frame in capture.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    sha256: Sha256
    view: View
    light: Light
    exposure_ms: Annotated[float, Field(gt=0, le=60_000)]
    gain_db: Annotated[float, Field(ge=-40, le=80)]
    pixel_format: PixelFormat
    camera_serial: Name


class CaptureRecord(BaseModel):
    """capture.json: which piece, of which job and style, and its frames."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Annotated[int, Field(alias="schema", ge=1, le=SCHEMA)]
    station: Name
    piece: Name
    job: Name
    style: Name
    when: AwareDatetime
    part: PartState | None = None
    """Without it lengths are stated as they were, at whatever temperature that was."""
    frames: Annotated[tuple[FrameRecord, ...], Field(min_length=1, max_length=MAX_FRAMES)]


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A capture in memory: the record, the frames by view and light, and each file's bytes by their checksum.

    The bytes that were hashed are the bytes that were decoded and the bytes that are stored.
    """

    record: CaptureRecord
    folder: Path
    frames: Mapping[tuple[View, Light], Frame]
    encoded: Mapping[str, bytes]

    def frame(self, view: View, light: Light) -> Frame | None:
        return self.frames.get((view, light))


def read_capture(folder: Path) -> Capture:
    """Read and verify a capture folder; nothing of it is believed that its own checksums do not say."""
    record = read_record(folder)
    root = folder.resolve()
    paths = [_inside(root, frame, folder) for frame in record.frames]
    left = MAX_CAPTURE_BYTES
    for path in paths:
        if (left := left - path.stat().st_size) < 0:
            raise CaptureError(f"the frames in {folder} {_TOO_LARGE}")
    with ThreadPoolExecutor(_DECODERS) as pool:
        contents = list(pool.map(_read_file, paths, record.frames))
        samples = sum(map(_samples_bytes, paths, record.frames, contents))
        if samples > MAX_CAPTURE_BYTES:
            raise CaptureError(f"the samples of the frames in {folder} {_TOO_LARGE}")
        read = list(pool.map(_decode_frame, paths, record.frames, contents))
    frames: dict[tuple[View, Light], Frame] = {(frame.view, frame.light): frame for frame, _ in read}
    encoded = {frame.sha256: content for frame, content in read}
    return Capture(record, folder, MappingProxyType(frames), MappingProxyType(encoded))


def read_record(folder: Path) -> CaptureRecord:
    """capture.json of a folder, without its frames."""
    path = folder / CAPTURE_JSON
    if not folder.exists():
        raise CaptureError(f"capture folder {folder} does not exist")
    if not folder.is_dir():
        raise CaptureError(f"{folder} is no capture folder: it is a file")
    if not path.exists():
        raise CaptureError(f"{folder} is no capture folder: it has no {CAPTURE_JSON}")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise CaptureError(f"{path} leads outside the capture folder, to {path.resolve()}")
    try:
        text = _bounded(path, MAX_JSON_BYTES, str(path)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CaptureError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    return parse_record(text, str(path))


def parse_record(text: str, source: str) -> CaptureRecord:
    """Parse capture.json; `source` is how errors call it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"{source} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise CaptureError(
            f"{source} holds a {type(document).__name__}; it must hold an object with schema, piece and frames"
        )
    schema = document.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise CaptureError(f"{source} has schema {schema}; this Loupebox reads up to {SCHEMA}, a newer one is needed")
    try:
        record = CaptureRecord.model_validate_json(text)
    except ValidationError as error:
        raise CaptureError(problems(error, CaptureRecord, source)[0]) from None
    for what, name in _duplicates(record):
        raise CaptureError(f"{source} lists {what} {name} twice; each may stand there once")
    return record


def _duplicates(record: CaptureRecord) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for frame in record.frames:
        for key in (("frame", f"{frame.view}/{frame.light}"), ("file", frame.file)):
            if key in seen:
                yield key
            seen.add(key)


def _inside(root: Path, frame: FrameRecord, folder: Path) -> Path:
    """The frame's path, refused when it, or a link that it follows, leaves the capture folder."""
    name = frame.file
    where = f"{folder / CAPTURE_JSON}: frame file {name!r}"
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or re.search(r"[\x00-\x1f:]", name):
        raise CaptureError(f"{where} is not a plain path inside the capture folder")
    path = root / name
    try:
        real = path.resolve(strict=True)
    except FileNotFoundError as error:
        raise CaptureError(f"frame {frame.view}/{frame.light} is missing: {folder / name} does not exist") from error
    except (OSError, RuntimeError) as error:
        raise CaptureError(f"{where} cannot be reached: {error}") from error
    if not real.is_relative_to(root):
        raise CaptureError(f"{where} leads outside the capture folder, to {real}")
    return real


def _name(path: Path, record: FrameRecord) -> str:
    return f"frame {record.view}/{record.light} ({path.name})"


def _read_file(path: Path, record: FrameRecord) -> bytes:
    """The bytes that were captured, by their checksum."""
    name = _name(path, record)
    encoded = _bounded(path, MAX_FRAME_BYTES, name)
    if not encoded:
        raise CaptureError(f"{name} is empty (0 bytes)")
    sha256 = hashlib.sha256(encoded).hexdigest()
    if sha256 != record.sha256:
        raise CaptureError(
            f"{name} is not the file that was captured: its sha256 is {sha256[:12]}..., "
            f"{CAPTURE_JSON} says {record.sha256[:12]}..."
        )
    return encoded


def _samples_bytes(path: Path, record: FrameRecord, encoded: bytes) -> int:
    """How much memory its samples will take, by its header."""
    try:
        return samples_bytes(encoded, record.pixel_format)
    except ImageError as error:
        raise CaptureError(f"{_name(path, record)} {error}") from error


def _decode_frame(path: Path, record: FrameRecord, encoded: bytes) -> tuple[Frame, bytes]:
    name = _name(path, record)
    try:
        pixels = decode(encoded, record.pixel_format)
    except ImageError as error:
        raise CaptureError(f"{name} {error}") from error
    frame = Frame(
        pixels=pixels,
        view=record.view,
        light=record.light,
        exposure_ms=record.exposure_ms,
        gain_db=record.gain_db,
        bits=bits_of(record.pixel_format),
        camera_serial=record.camera_serial,
        sha256=record.sha256,
    )
    return frame, encoded


def _bounded(path: Path, limit: int, name: str) -> bytes:
    """A regular file's bytes; a pipe or a device could hang or never end."""
    if not path.is_file():
        raise CaptureError(f"{name} is no regular file")
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise CaptureError(f"{name} cannot be read: {error.strerror}") from error
    if len(content) > limit:
        raise CaptureError(f"{name} is larger than {limit // 1_000_000} MB, which is more than it may be")
    return content
