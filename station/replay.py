"""All that goes into a verdict, by checksum."""

from __future__ import annotations

import functools
from importlib.metadata import version

from loupebox.station.calibration_set import CalibrationSet
from loupebox.station.capture import Capture
from loupebox.station.model_set import ModelSet
from loupebox.station.needs import views_needed
from loupebox.station.report import CertificateReplay, FrameReplay, ModelReplay, Replay, SpecReplay
from loupebox.station.spec_sheet import SpecSheet

_LIBRARIES = ("numpy", "onnxruntime", "opencv-python-headless", "scikit-image", "scipy")


def replay_of(capture: Capture, sheet: SpecSheet, calibration: CalibrationSet, models: ModelSet) -> Replay:
    """With the same spec sheet, certificates, models, frames and software, the verdict comes out the same."""
    spec = sheet.spec
    cards = (models.head.card, models.surface.card)
    return Replay(
        software=f"loupebox {version('loupebox')}",
        libraries=_library_versions(),
        spec=SpecReplay(style=spec.style, revision=spec.revision, sha256=sheet.sha256),
        certificates=tuple(
            CertificateReplay(
                view=view,
                certificate_id=calibration[view].certificate.certificate_id,
                sha256=calibration[view].sha256,
            )
            for view in views_needed(spec)
            if view in calibration
        ),
        models=tuple(ModelReplay(name=c.name, version=c.version, sha256=c.sha256) for c in cards),
        part=capture.record.part,
        frames=tuple(
            FrameReplay(
                view=frame.view,
                light=frame.light,
                sha256=frame.sha256,
                width_px=frame.pixels.shape[1],
                height_px=frame.pixels.shape[0],
                exposure_ms=frame.exposure_ms,
                gain_db=frame.gain_db,
                camera_serial=frame.camera_serial,
                bits=frame.bits,
            )
            for frame in capture.frames.values()
        ),
    )


@functools.cache
def _library_versions() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES}
