"""The station that took the sample captures: what its cameras truly are, and what its certificates say.

`python -m loupebox.models.training.virtual_station --out sample_images/calibration` writes the certificates.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from loupebox.models.training.camera import Camera, face_camera, oblique_camera, top_camera
from loupebox.models.training.sensor import Sensor, stored_flat

STATION = "station-1"
DOME_SEED = 9_000_001
BACKLIGHT_HALF_ANGLE_DEG = 1.0
RELATIVE_SCALE_UNCERTAINTY = 5e-5


@dataclass(frozen=True, slots=True)
class VirtualView:
    """One camera: true values beside the certified ones, which are off by less than they admit."""

    view: str
    serial: str
    sensor: Sensor
    size_px: tuple[int, int]
    certified_um_per_px: float
    true_um_per_px: float
    elevation_deg: float | None = None
    true_elevation_deg: float | None = None
    backlit: bool = False


VIEWS: dict[str, VirtualView] = {
    v.view: v
    for v in (
        VirtualView("face", "LB-F-2041", Sensor(11), (1600, 1600), 17.0, 17.0 * (1 + 2.2e-5), backlit=True),
        VirtualView("top", "LB-T-1187", Sensor(12), (704, 704), 16.0, 16.0 * (1 - 3.1e-5), 90.0, 90.0),
        VirtualView("oblique", "LB-O-1188", Sensor(13), (704, 704), 16.0, 16.0 * (1 + 2.6e-5), 45.0, 45.05),
        # The shank renderer draws exactly 8 um a pixel, so here the certificate is what is off.
        VirtualView("shank", "LB-S-0532", Sensor(14), (896, 448), 8.0002, 8.0, backlit=True),
    )
}


def true_camera(view: str, target_z_mm: float = 0.0) -> Camera:
    """The camera as it truly is, at the height to which the stage has brought the piece."""
    v = VIEWS[view]
    if view == "face":
        return face_camera(v.true_um_per_px, v.size_px[0])
    if view == "top":
        return top_camera(v.true_um_per_px, v.size_px[0], target_z_mm)
    assert v.true_elevation_deg is not None
    return oblique_camera(v.true_um_per_px, v.size_px[0], target_z_mm, v.true_elevation_deg)


def write_certificate(view: VirtualView, folder: Path) -> None:
    """`<view>.json` with its flat field beside it."""
    width, height = view.size_px
    flat_file = f"{view.view}.flat.png"
    _, encoded = cv2.imencode(".png", stored_flat(view.sensor.flat(height, width)), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    (folder / flat_file).write_bytes(encoded.tobytes())
    certificate = {
        "schema": 1,
        "certificate_id": f"LB-2026-10-{view.view}",
        "station": STATION,
        "view": view.view,
        "camera_serial": view.serial,
        "artefact": "virtual dot target 24 mm, pitch 0.5 mm (rendered)",
        "issued_by": "loupebox.models.training.virtual_station",
        "issued_at": "2026-10-01T08:00:00+02:00",
        "valid_until": "2027-04-01T08:00:00+02:00",
        "scale_um_per_px": view.certified_um_per_px,
        "scale_standard_uncertainty_um_per_px": RELATIVE_SCALE_UNCERTAINTY * view.certified_um_per_px,
        "elevation_deg": view.elevation_deg,
        "elevation_standard_uncertainty_deg": None if view.elevation_deg is None else 0.1,
        "dark_level_dn": view.sensor.dark_level_dn,
        # The lens together with the square of a pixel.
        "edge_sigma_px": round(float(np.hypot(view.sensor.blur_sigma_px, 12**-0.5)), 2),
        "backlight_half_angle_deg": BACKLIGHT_HALF_ANGLE_DEG if view.backlit else None,
        "flat_file": flat_file,
        "flat_sha256": hashlib.sha256(encoded.tobytes()).hexdigest(),
    }
    (folder / f"{view.view}.json").write_text(json.dumps(certificate, indent=2) + "\n")


def main(
    out: Annotated[Path, typer.Option(help="Folder of the certificates.")] = Path("sample_images/calibration"),
) -> None:
    """Write the certificate and flat field of every view."""
    out.mkdir(parents=True, exist_ok=True)
    for view in VIEWS.values():
        write_certificate(view, out)


if __name__ == "__main__":
    typer.run(main)
