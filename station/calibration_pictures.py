"""Pictures of a calibration, read one by one from a folder with their checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.station.image_file import ImageError, PixelFormat, decode

SUFFIXES = (".png", ".tif", ".tiff")


class CalibrationInputError(ValueError):
    """A folder, file or option of a calibration that cannot be used; the message says which and what is allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One file: its name, raw samples of one channel, the largest sample that the camera gives, and its checksum."""

    name: str
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    full_scale: int
    sha256: str

    def signal(self, dark_dn: float = 0.0) -> NDArray[np.float32]:
        """Linear in light, 1 is full scale; `dark_dn` in steps of 8 bit."""
        dark = dark_dn / 255
        share = self.pixels.astype(np.float32) / np.float32(self.full_scale)
        return np.asarray((share - np.float32(dark)) / np.float32(1 - dark), np.float32)

    @property
    def grey8(self) -> NDArray[np.uint8]:
        """Eight bits, for finding patterns; measuring uses all of them."""
        return np.asarray(np.rint(self.pixels.astype(np.float32) * np.float32(255 / self.full_scale)), np.uint8)


def picture_files(folder: Path, fewest: int = 1) -> list[Path]:
    """The pictures of a folder by name."""
    if not folder.is_dir():
        raise CalibrationInputError(f"folder {folder} does not exist")
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if len(found) < fewest:
        raise CalibrationInputError(
            f"folder {folder} holds {len(found)} pictures ({', '.join(SUFFIXES)}); needed are {fewest} or more"
        )
    return found


def read_picture(path: Path, bits: int | None = None) -> Picture:
    """One file; `bits` are the significant ones of a 16-bit file. Colour counts as the mean of its channels."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CalibrationInputError(f"{path} cannot be read: {error.strerror}") from None
    raw = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if raw is None or raw.dtype.name not in ("uint8", "uint16"):
        raise CalibrationInputError(f"{path} is no picture of 8 or 16 bits")
    wide = raw.dtype == np.uint16
    form: PixelFormat = ("RGB16" if wide else "RGB8") if raw.ndim == 3 else ("Mono16" if wide else "Mono8")
    try:
        pixels = decode(content, form)
    except ImageError as error:
        raise CalibrationInputError(f"{path} {error}") from None
    if pixels.ndim == 3:
        pixels = np.rint(pixels.mean(axis=2)).astype(pixels.dtype)
    full = (1 << (bits or 16)) - 1 if wide else 255
    if int(pixels.max()) > full:
        raise CalibrationInputError(f"{path} has a sample of {int(pixels.max())}; {bits} bits go to {full}")
    return Picture(path.name, pixels, full, hashlib.sha256(content).hexdigest())


def read_pictures(folder: Path, fewest: int = 1, bits: int | None = None) -> Iterator[Picture]:
    """The pictures of a folder by name, one at a time."""
    for path in picture_files(folder, fewest):
        yield read_picture(path, bits)
