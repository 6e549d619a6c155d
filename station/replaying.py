"""Inspect a recorded piece once more, from what is stored: the same must come out.

Frames, sheet and certificates are those of the record. Models and software are those of this station; where they are
others than those that inspected, that is said beside what came out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loupebox.calibration.frame import Frame, Light, View
from loupebox.inspect.spec import load_spec
from loupebox.models.card import read_card
from loupebox.models.errors import ModelError
from loupebox.models.runner import Model
from loupebox.station.calibration_set import Calibration, CalibrationSet, calibration_from, read_calibration
from loupebox.station.capture import SCHEMA, Capture, CaptureRecord, FrameRecord
from loupebox.station.difference import Difference, differences
from loupebox.station.image_file import pixel_format_of
from loupebox.station.inspection import inspect_piece
from loupebox.station.model_set import HEAD_FILE, SURFACE_FILE, ModelSet
from loupebox.station.records.errors import Damaged, NotRecorded
from loupebox.station.records.inspection_record import InspectionRecord
from loupebox.station.records.qc_log import QcLog
from loupebox.station.report import FrameReplay, ModelReplay, PieceReport, Replay
from loupebox.station.reporting import report_of
from loupebox.station.settings import Settings
from loupebox.station.spec_sheet import SpecSheet
from loupebox.station.stopwatch import Stopwatch

NOT_COMPARED = ("timings_ms", "replay")
"""How long it took, and with what: the latter is told apart."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came out: `changed` is what inspected then and is another now."""

    inspection: int
    piece: str
    job: str
    outcome: str
    values: int
    differences: tuple[Difference, ...]
    changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differences


class Replayer:
    """Replays inspections of one log; models are loaded and certificates read once."""

    def __init__(self, log: QcLog, settings: Settings) -> None:
        self._log = log
        self._settings = settings
        self._model = cache(self._load_model)
        self._calibration = cache(self._load_calibration)

    def replay(self, number: int, who: str) -> Replayed:
        """Inspect again, compare and note it in the audit.

        Raises NotRecorded (LetGo when the frames went by rule) or Damaged when what is needed is not there any more.
        """
        record = self._log.inspection(number)
        used = _used(record)
        capture = self._capture(record, used)
        calibration: CalibrationSet = {
            c.view: self._calibration(c.view, c.sha256, c.certificate_id) for c in used.certificates
        }
        models = ModelSet(*(self._model(file, used.models) for file in (HEAD_FILE, SURFACE_FILE)))
        now = report_of(inspect_piece(capture, _sheet(record, used), calibration, models, Stopwatch()))
        document = now.to_document()
        recorded = {**_compared(record.report), "rows": _rows(record)}
        found = differences(recorded, {**_compared(document), "rows": _rows_of(document)})
        told = Replayed(
            inspection=number,
            piece=record.summary.piece,
            job=record.summary.job,
            outcome=now.verdict,
            values=_count(_compared(document)),
            differences=tuple(found),
            changed=tuple(_changed(used, now.replay)),
        )
        self._log.replays.note(number, who, [str(one) for one in told.differences], told.changed)
        return told

    def _capture(self, record: InspectionRecord, used: Replay) -> Capture:
        try:
            piece = PieceReport.model_validate(record.report["piece"])
        except (KeyError, ValidationError) as error:
            raise NotRecorded(_unreadable(record, error)) from None
        frames: dict[tuple[View, Light], Frame] = {(f.view, f.light): self._frame(f) for f in used.frames}
        listed = tuple(
            FrameRecord(
                file=frame.sha256,
                sha256=frame.sha256,
                view=frame.view,
                light=frame.light,
                exposure_ms=frame.exposure_ms,
                gain_db=frame.gain_db,
                pixel_format=pixel_format_of(frame.pixels, frame.bits),
                camera_serial=frame.camera_serial,
            )
            for frame in frames.values()
        )
        about = CaptureRecord(
            schema_=SCHEMA,
            station=piece.station,
            piece=piece.piece,
            job=piece.job,
            style=piece.style,
            when=piece.captured_at,
            part=used.part,
            frames=listed,
        )
        return Capture(about, Path(), frames, {})

    def _frame(self, used: FrameReplay) -> Frame:
        pixels = self._log.frames.samples(used.sha256)
        if pixels.shape[:2] != (used.height_px, used.width_px):
            raise Damaged(
                f"frame {used.sha256} has {pixels.shape[1]} x {pixels.shape[0]} pixels, recorded are "
                f"{used.width_px} x {used.height_px}"
            )
        # Older documents do not say the bits; what fits into twelve of sixteen came from a camera of twelve.
        deep = pixels.dtype.itemsize == 2
        guessed = 8 if not deep else 12 if pixels.ndim == 2 and int(pixels.max()) < 1 << 12 else 16
        return Frame(
            pixels=pixels,
            view=used.view,
            light=used.light,
            exposure_ms=used.exposure_ms,
            gain_db=used.gain_db,
            bits=used.bits or guessed,
            camera_serial=used.camera_serial,
            sha256=used.sha256,
        )

    def _load_calibration(self, view: View, sha256: str, certificate_id: str) -> Calibration:
        """As it is kept in the records; of inspections before certificates were, as it lies at this station."""
        try:
            content = self._log.frames.kept_file(sha256, "json")
        except NotRecorded:
            path = self._settings.calibration_dir / f"{view}.json"
            here = read_calibration(path, view) if path.exists() else None
            if here is None or here.sha256 != sha256:
                raise NotRecorded(
                    f"certificate {certificate_id} ({sha256[:12]}...) is neither kept in the records nor is it {path}"
                ) from None
            return here
        source = f"certificate {certificate_id} in the records"
        return calibration_from(content, view, source, lambda _, flat: self._log.frames.kept_file(flat, "png"))

    def _load_model(self, file: str, used: tuple[ModelReplay, ...]) -> Model:
        """The model that inspected, where it lies anywhere in the folder of the models; else the station's."""
        wanted = {model.sha256 for model in used}
        for path in sorted(self._settings.models_dir.rglob(file)):
            try:
                if read_card(path).sha256 in wanted:
                    return Model.load(path)
            except ModelError:
                continue  # an old one that this version does not know
        return Model.load(self._settings.models_dir / file)


def _used(record: InspectionRecord) -> Replay:
    try:
        return Replay.model_validate(record.replay)
    except ValidationError as error:
        raise NotRecorded(_unreadable(record, error)) from None


def _unreadable(record: InspectionRecord, error: Exception) -> str:
    words = str(error).splitlines()[0]
    return f"inspection {record.summary.id} does not say what it was made from, and cannot be replayed ({words})"


def _sheet(record: InspectionRecord, used: Replay) -> SpecSheet:
    spec = record.spec
    if spec is None:
        raise NotRecorded(f"inspection {record.summary.id} names no spec sheet, and cannot be replayed")
    name = f"{spec.style} revision {spec.revision}"
    sheet = SpecSheet(load_spec(spec.text, name), spec.text)
    if sheet.sha256 != used.spec.sha256:
        raise Damaged(f"the recorded sheet {name} is not the one that judged: its checksum is {sheet.sha256}")
    return sheet


def _changed(then: Replay, now: Replay) -> list[str]:
    pairs: dict[str, tuple[str, str]] = {"software": (then.software, now.software)}
    for name in dict.fromkeys([*then.libraries, *now.libraries]):
        pairs[name] = (then.libraries.get(name, "none"), now.libraries.get(name, "none"))
    models = [{m.name: f"{m.version} ({m.sha256[:12]})" for m in replay.models} for replay in (then, now)]
    for name in dict.fromkeys([*models[0], *models[1]]):
        pairs[f"model {name}"] = (models[0].get(name, "none"), models[1].get(name, "none"))
    return [f"{name} was {before}, is {after}" for name, (before, after) in pairs.items() if before != after]


def _compared(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in NOT_COMPARED}


def _rows(record: InspectionRecord) -> dict[str, Any]:
    """The columns that lists and counts read, which must say what the document says."""
    return {
        "verdict": record.summary.outcome,
        "measurements": {m.name: [m.value, m.expanded_uncertainty] for m in record.measurements},
        "findings": [[f.kind, f.zone, f.size_mm] for f in record.findings],
        "prongs": {str(p.index): p.state for p in record.prongs},
    }


def _rows_of(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "verdict": document["verdict"],
        "measurements": {m["name"]: [m["value"], m["expanded_uncertainty"]] for m in document["measurements"]},
        "findings": [[f["kind"], f["zone"], f["size_mm"]] for f in document["findings"]],
        "prongs": {str(p["index"]): p["state"] for p in document["prongs"]},
    }


def _count(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(map(_count, value.values()))
    return sum(map(_count, value)) if isinstance(value, list | tuple) else 1
