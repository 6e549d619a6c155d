"""An inspection as the QC log takes it in."""

from __future__ import annotations

from loupebox.station.inspection import Inspection
from loupebox.station.records.entry import FileEntry, FrameEntry, InspectionEntry, RefusalEntry, SpecEntry
from loupebox.station.reporting import report_of


def log_entry(inspection: Inspection) -> InspectionEntry:
    """Everything that must be stored of an inspection, its frames as the very bytes that were inspected."""
    record, spec = inspection.capture.record, inspection.sheet.spec
    report = report_of(inspection).to_document()
    refusal = inspection.refusal
    return InspectionEntry(
        station=record.station,
        piece=record.piece,
        job=record.job,
        style=record.style,
        captured_at=record.when,
        spec=SpecEntry(
            style=spec.style,
            revision=spec.revision,
            name=spec.name,
            family=spec.family,
            text=inspection.sheet.text,
            approved_by=spec.approved_by,
            approved_on=spec.approved_on,
        ),
        judgement=inspection.judgement,
        refusal=None if refusal is None else RefusalEntry(refusal.code, refusal.sentence),
        measurements=inspection.measurements,
        prongs=inspection.prongs,
        findings=inspection.findings,
        frames=_frames(inspection),
        files=_files(inspection),
        replay=report["replay"],
        timings_ms=report["timings_ms"],
        report=report,
    )


def _frames(inspection: Inspection) -> tuple[FrameEntry, ...]:
    capture = inspection.capture
    return tuple(
        FrameEntry(
            view=frame.view,
            light=frame.light,
            sha256=frame.sha256,
            content=capture.encoded[frame.sha256],
            width_px=frame.pixels.shape[1],
            height_px=frame.pixels.shape[0],
            suffix="png" if capture.encoded[frame.sha256].startswith(b"\x89PNG") else "tiff",
        )
        for frame in capture.frames.values()
    )


def _files(inspection: Inspection) -> tuple[FileEntry, ...]:
    """The certificates that were used, with their illumination pictures."""
    files: dict[str, FileEntry] = {}
    for used in inspection.replay.certificates:
        calibration = inspection.calibration[used.view]
        files[used.sha256] = FileEntry(used.sha256, "json", calibration.content)
        if flat := calibration.certificate.flat_sha256:
            files[flat] = FileEntry(flat, "png", calibration.flat_content)
    return tuple(files.values())
