"""The archive format: JPEG-LS (ISO/IEC 14495-1), lossless for 8 to 16 bits, grey and colour.

Chosen on the sample captures (`python benchmarks/archive.py`): 63 % of the station's own PNG in less time than that
takes. JPEG XL is smaller by nothing at twenty times the effort.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.station.records.errors import Damaged

SUFFIX = "jls"


@dataclass(frozen=True, slots=True)
class Archived:
    """A frame's samples as they are archived; `samples_sha256` is over the samples and their layout."""

    content: bytes = field(repr=False)
    samples_sha256: str

    @property
    def content_sha256(self) -> str:
        """What proves the archive's own bytes."""
        return sha256(self.content).hexdigest()


def archive(original: bytes) -> Archived | None:
    """The samples of a frame's file, proven by decoding them again; None where the format would not do or not help."""
    import imagecodecs

    samples = samples_of(original)
    if samples.dtype not in (np.uint8, np.uint16) or (samples.ndim == 3 and samples.shape[2] != 3):
        return None
    proof = samples_sha256(samples)
    content = bytes(imagecodecs.jpegls_encode(np.ascontiguousarray(samples)))
    if samples_sha256(_decode(content)) != proof:
        raise Damaged(f"a frame of shape {samples.shape} does not come back as it was from the archive format")
    return Archived(content, proof) if len(content) < len(original) else None


def restored(content: bytes, proof: str) -> NDArray[Any]:
    """The samples out of the archive, proven to be those that went in; colour in RGB order."""
    samples = _decode(content)
    if (found := samples_sha256(samples)) != proof:
        raise Damaged(f"an archived frame's samples have the checksum {found}, not {proof} as it is recorded")
    return samples


def samples_of(original: bytes) -> NDArray[Any]:
    """The samples of a PNG or TIFF, which is known to be sound by its checksum; colour in RGB order."""
    pixels = cv2.imdecode(np.frombuffer(original, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise Damaged(f"a stored frame of {len(original)} bytes is no picture")
    return np.ascontiguousarray(pixels[:, :, ::-1]) if pixels.ndim == 3 and pixels.shape[2] == 3 else pixels


def samples_sha256(samples: NDArray[Any]) -> str:
    """Checksum over layout and values, whatever file and machine they came from: little-endian, row by row."""
    digest = sha256(f"{samples.dtype.itemsize * 8} bit {'x'.join(map(str, samples.shape))}\n".encode())
    digest.update(np.ascontiguousarray(samples, samples.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _decode(content: bytes) -> NDArray[Any]:
    import imagecodecs

    try:
        return np.asarray(imagecodecs.jpegls_decode(content))
    except Exception as error:  # whatever the codec raises, it means the same
        raise Damaged(f"an archived frame of {len(content)} bytes cannot be decoded: {error}") from error
