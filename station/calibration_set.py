"""The certificates of a station, with the illumination pictures that belong to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate, CertificateError
from loupebox.calibration.correction import correct
from loupebox.calibration.frame import VIEWS, Frame, LinearFrame, View
from loupebox.station.image_file import ImageError, decode


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """One view's certificate, its checksum, and its illumination picture where it has one."""

    certificate: Certificate
    sha256: str
    flat: NDArray[np.uint16] | None

    def correct(self, frame: Frame) -> LinearFrame:
        """Take the dark level and the uneven illumination out of a frame."""
        return correct(frame, self.certificate.dark_level_dn, self.flat)


CalibrationSet = Mapping[View, Calibration]


def read_calibration_set(folder: Path) -> CalibrationSet:
    """All certificates `<view>.json` of a folder; the gate refuses what needs a missing one."""
    if not folder.is_dir():
        raise CertificateError(f"calibration folder {folder} does not exist")
    found: dict[View, Calibration] = {}
    for view in VIEWS:
        path = folder / f"{view}.json"
        if path.exists():
            found[view] = read_calibration(path, view)
    return MappingProxyType(found)


def read_calibration(path: Path, view: View) -> Calibration:
    """One certificate file with its illumination picture, both checked."""
    try:
        encoded = path.read_bytes()
        text = encoded.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CertificateError(f"{path} cannot be read: {error}") from None
    certificate = Certificate.parse(text, str(path))
    if certificate.view != view:
        raise CertificateError(f"{path}: view is '{certificate.view}'; allowed is '{view}', as its file is named")
    return Calibration(certificate, hashlib.sha256(encoded).hexdigest(), _read_flat(path, certificate))


def _read_flat(path: Path, certificate: Certificate) -> NDArray[np.uint16] | None:
    if certificate.flat_file is None:
        return None
    flat_path = path.parent / certificate.flat_file
    try:
        encoded = flat_path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path}: flat_file {flat_path.name} cannot be read: {error.strerror}") from None
    sha256 = hashlib.sha256(encoded).hexdigest()
    if sha256 != certificate.flat_sha256:
        raise CertificateError(
            f"{path}: flat_file {flat_path.name} is not the one that was calibrated: its sha256 is {sha256[:12]}..., "
            f"the certificate says {str(certificate.flat_sha256)[:12]}..."
        )
    try:
        flat = decode(encoded, "Mono16")
    except ImageError as error:
        raise CertificateError(f"{path}: flat_file {flat_path.name} {error}") from None
    flat = flat.astype(np.uint16, copy=False)
    flat.flags.writeable = False
    return flat
