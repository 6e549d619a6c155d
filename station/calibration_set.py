"""The certificates of a station, with the illumination pictures that belong to them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
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
    """One view's certificate, its checksum, and its illumination picture where it has one; both as their files too."""

    certificate: Certificate
    sha256: str
    flat: NDArray[np.uint16] | None
    content: bytes = b""
    flat_content: bytes = b""

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
        content = path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error}") from None

    def read_flat(name: str, _: str) -> bytes:
        try:
            return (path.parent / name).read_bytes()
        except OSError as error:
            raise CertificateError(f"{path}: flat_file {name} cannot be read: {error.strerror}") from None

    return calibration_from(content, view, str(path), read_flat)


def calibration_from(content: bytes, view: View, source: str, read_flat: Callable[[str, str], bytes]) -> Calibration:
    """A certificate by its file's bytes; `read_flat` gives its illumination picture by file name and checksum."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CertificateError(f"{source} cannot be read: {error}") from None
    certificate = Certificate.parse(text, source)
    if certificate.view != view:
        raise CertificateError(f"{source}: view is '{certificate.view}'; allowed is '{view}', as its file is named")
    checksum = hashlib.sha256(content).hexdigest()
    if certificate.flat_file is None:
        return Calibration(certificate, checksum, None, content)
    name = Path(certificate.flat_file).name
    encoded = read_flat(certificate.flat_file, str(certificate.flat_sha256))
    sha256 = hashlib.sha256(encoded).hexdigest()
    if sha256 != certificate.flat_sha256:
        raise CertificateError(
            f"{source}: flat_file {name} is not the one that was calibrated: its sha256 is {sha256[:12]}..., "
            f"the certificate says {str(certificate.flat_sha256)[:12]}..."
        )
    try:
        flat = decode(encoded, "Mono16")
    except ImageError as error:
        raise CertificateError(f"{source}: flat_file {name} {error}") from None
    flat = flat.astype(np.uint16, copy=False)
    flat.flags.writeable = False
    return Calibration(certificate, checksum, flat, content, encoded)
