"""From signed calibrations to the certificate that a view is measured with."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.draft import CalibrationKind
from loupebox.calibration.frame import View
from loupebox.station.calibration_pictures import CalibrationInputError
from loupebox.station.records.certificates import SignedCalibration
from loupebox.station.settings import SAMPLES_DIR

NEEDED = {
    "scale_um_per_px": "scale",
    "dark_level_dn": "sensor",
    "edge_sigma_px": "sharpness",
}
"""What no certificate can do without, and the calibration that gives it."""
_FROM_BEFORE = (
    "scale_um_per_px",
    "scale_standard_uncertainty_um_per_px",
    "scale_degrees_of_freedom",
    "elevation_deg",
    "elevation_standard_uncertainty_deg",
    "dark_level_dn",
    "edge_sigma_px",
    "backlight_half_angle_deg",
    "backlight_half_angle_standard_uncertainty_deg",
    "lens_k1",
    "lens_p1",
    "lens_p2",
    "lens_k2",
    "lens_k3",
    "lens_centre_x_px",
    "lens_centre_y_px",
    "lens_standard_uncertainty_px",
    "pupil_distance_mm",
    "plane_standard_uncertainty_mm",
    "flat_file",
    "flat_sha256",
)


def compose(
    station: str, view: View, signed: Mapping[CalibrationKind, SignedCalibration], before: Certificate | None
) -> dict[str, Any] | str:
    """The view's certificate as a document, or what is still to be calibrated.

    What the signed calibrations do not give stays as it was before, with the end that it had.
    """
    drafts = {kind: one.draft for kind, one in signed.items()}
    values: dict[str, Any] = {} if before is None else {n: getattr(before, n) for n in _FROM_BEFORE}
    given: set[str] = set()
    for draft in sorted(drafts.values(), key=lambda d: d.made_at):
        if "scale_um_per_px" in draft.sets:
            values["scale_degrees_of_freedom"] = None
        values |= draft.sets
        given |= draft.sets.keys()
        if draft.flat_file is not None:
            values |= {"flat_file": draft.flat_file, "flat_sha256": draft.flat_sha256}
    missing = sorted({kind for name, kind in NEEDED.items() if values.get(name) is None})
    if missing:
        return f"the {view} view has no certificate yet: still to be calibrated and signed are {', '.join(missing)}"
    newest = max(drafts.values(), key=lambda d: d.made_at)
    kept = before is not None and any(name not in given and getattr(before, name) is not None for name in NEEDED)
    ends = [d.valid_until for d in drafts.values()] + ([before.valid_until] if kept and before is not None else [])
    number = max(one.number for one in signed.values())
    scale = drafts.get("scale")
    return {
        "schema": 1,
        "certificate_id": f"{station}-{view}-{number}",
        "station": station,
        "view": view,
        "camera_serial": newest.camera_serial,
        "artefact": (scale or newest).artefact[:200] if scale or before is None else before.artefact,
        "issued_by": signed[newest.kind].signed_by,
        "issued_at": min(d.made_at for d in drafts.values()).isoformat(),
        # The parts say themselves when they end; this is the end of what no part gives.
        "valid_until": (min(ends) if kept else max(ends)).isoformat(),
        **values,
        **({} if scale is None else {"temperature_c": scale.environment.temperature_c}),
        "parts": [
            {
                "kind": one.draft.kind,
                "number": one.number,
                "signed_by": one.signed_by,
                "made_at": one.draft.made_at.isoformat(),
                "valid_until": one.draft.valid_until.isoformat(),
                "failed": None if one.draft.passed else "; ".join(one.draft.troubles)[:200],
            }
            for one in sorted(signed.values(), key=lambda s: s.number)
        ],
    }


def place_flat(folder: Path, flat: Path) -> None:
    """Put an illumination picture where the certificate will look for it; its name holds its checksum."""
    _check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(flat, folder / f".{flat.name}.new")
        os.replace(folder / f".{flat.name}.new", folder / flat.name)
    except OSError as error:
        raise CalibrationInputError(f"{folder / flat.name} cannot be written: {error.strerror}") from None


def issue(folder: Path, document: Mapping[str, Any]) -> Path:
    """Write `<view>.json`; a reader sees the old one or the new one."""
    _check_folder(folder)
    text = json.dumps(dict(document), indent=2, ensure_ascii=False) + "\n"
    path = folder / f"{document['view']}.json"
    Certificate.parse(text, str(path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".new", encoding="utf-8", delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise CalibrationInputError(f"{path} cannot be written: {error.strerror}") from None
    return path


def _check_folder(folder: Path) -> None:
    if folder.resolve().is_relative_to(SAMPLES_DIR.resolve()):
        raise CalibrationInputError(
            f"calibration_dir is {folder}, the samples' own; name a folder of the station in loupebox.toml"
        )
