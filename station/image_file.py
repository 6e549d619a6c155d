"""Between samples and the bytes of an image file; reading goes never further than the header allows."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

PixelFormat = Literal["Mono8", "Mono12", "Mono16", "RGB8", "RGB16"]

MAX_PIXELS = 100_000_000
"""A larger header is refused before anything is decoded; today's largest machine-vision sensors have 150 MP."""

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*")
_LAYOUT: dict[PixelFormat, tuple[type[np.generic], int, int]] = {
    "Mono8": (np.uint8, 1, 8),
    "Mono12": (np.uint16, 1, 12),
    "Mono16": (np.uint16, 1, 16),
    "RGB8": (np.uint8, 3, 8),
    "RGB16": (np.uint16, 3, 16),
}


class ImageError(ValueError):
    """Bytes that are no usable picture; the message is a clause that completes "frame x.png ..."."""


def bits_of(pixel_format: PixelFormat) -> int:
    """Significant bits a sample."""
    return _LAYOUT[pixel_format][2]


def decode(encoded: bytes, pixel_format: PixelFormat) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Samples of a PNG or TIFF, (height, width) or (height, width, 3) in RGB order, exactly as `pixel_format` says."""
    width, height = _size_px(encoded)
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    except (cv2.error, MemoryError) as error:
        raise ImageError("cannot be decoded: its pixels are damaged") from error
    if pixels is None or pixels.shape[:2] != (height, width):
        raise ImageError("cannot be decoded: its pixels are damaged")
    dtype, channels, bits = _LAYOUT[pixel_format]
    found = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.dtype != dtype or found != channels:
        raise ImageError(
            f"has {found} channel{'s' if found > 1 else ''} of {pixels.dtype}, "
            f"but its pixel_format {pixel_format} means {channels} of {np.dtype(dtype)}"
        )
    if bits < 8 * pixels.dtype.itemsize and int(pixels.max()) >= 1 << bits:
        raise ImageError(f"has a sample of {int(pixels.max())}, but {pixel_format} goes to {(1 << bits) - 1}")
    rgb_or_grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if channels == 3 else pixels
    return cast("NDArray[np.uint8] | NDArray[np.uint16]", rgb_or_grey)


def encode(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """The samples as a PNG, losslessly and fast; colour is in RGB order."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    done, encoded = cv2.imencode(".png", bgr, (cv2.IMWRITE_PNG_COMPRESSION, 1))
    if not done:
        raise ImageError(f"of shape {pixels.shape} cannot be stored as PNG")
    return encoded.tobytes()


def pixel_format_of(pixels: NDArray[np.uint8] | NDArray[np.uint16], bits: int) -> PixelFormat:
    """The format's name in capture.json."""
    layout = (pixels.dtype.type, 1 if pixels.ndim == 2 else pixels.shape[2], bits)
    for name, allowed in _LAYOUT.items():
        if allowed == layout:
            return name
    raise ImageError(f"has {layout[1]} channels of {bits} bits in {pixels.dtype}; allowed are {', '.join(_LAYOUT)}")


def samples_bytes(encoded: bytes, pixel_format: PixelFormat) -> int:
    """How much the samples will take in memory, by the header alone."""
    width, height = _size_px(encoded)
    dtype, channels, _ = _LAYOUT[pixel_format]
    return width * height * channels * np.dtype(dtype).itemsize


def _size_px(encoded: bytes) -> tuple[int, int]:
    width, height = _stated_size_px(encoded)
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"says it is {width} x {height} pixels; allowed are at most {MAX_PIXELS // 1_000_000} million pixels"
        )
    return width, height


def _stated_size_px(encoded: bytes) -> tuple[int, int]:
    if not encoded:
        raise ImageError("is empty (0 bytes)")
    if encoded.startswith(_PNG):
        return _png_size_px(encoded)
    if encoded.startswith(_TIFF):
        return _tiff_size_px(encoded)
    raise ImageError("is neither PNG nor TIFF")


def _png_size_px(encoded: bytes) -> tuple[int, int]:
    """Walk all chunks: some decoders fill the missing rows of a truncated PNG with black and say nothing."""
    size, at, chunk = None, len(_PNG), b""
    while chunk != b"IEND":
        if at + 12 > len(encoded):
            raise ImageError(f"is truncated: the PNG stops after {len(encoded)} bytes")
        length, chunk = struct.unpack_from(">I4s", encoded, at)
        end = at + 8 + length
        if end + 4 > len(encoded):
            raise ImageError(f"is truncated: the PNG stops after {len(encoded)} bytes")
        if size is None:
            if chunk != b"IHDR" or length != 13:
                raise ImageError("is a damaged PNG: it does not begin with its header")
            size = struct.unpack_from(">II", encoded, at + 8)
            if size[0] * size[1] > MAX_PIXELS:
                return size  # the caller says so; no need to read the rest of a bomb
        if zlib.crc32(encoded[at + 4 : end]) != struct.unpack_from(">I", encoded, end)[0]:
            raise ImageError(f"is a damaged PNG: the checksum of its {chunk.decode('latin-1')!r} chunk is wrong")
        at = end + 4
    assert size is not None
    return size


def _tiff_size_px(encoded: bytes) -> tuple[int, int]:
    from PIL import TiffImagePlugin  # only captures with TIFF frames pay for the import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The plugin itself, not Image.open: that one refuses large headers with words about "bomb DOS attack".
            file = TiffImagePlugin.TiffImageFile(io.BytesIO(encoded))
            tile = [int(file.tag_v2.get(tag, 0)) for tag in (322, 323)]
    except Exception as error:  # Pillow raises SyntaxError, KeyError, struct.error and others on damaged directories
        raise ImageError("is a damaged TIFF: its directory cannot be read") from error
    if tile[0] * tile[1] > MAX_PIXELS:  # a decoder makes room for a whole tile, however small the picture
        return tile[0], tile[1]
    return file.size
