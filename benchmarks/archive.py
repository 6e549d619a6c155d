"""How much room the archive format saves on the sample captures, beside others: python benchmarks/archive.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from loupebox.station.records.archive_format import samples_of
from loupebox.station.settings import SAMPLES_DIR

Pixels = NDArray[Any]
FORMATS: dict[str, tuple[Callable[[Pixels], bytes | bytearray], Callable[[bytes], Pixels]]] = {
    "PNG level 1": (lambda p: cv2.imencode(".png", p, (cv2.IMWRITE_PNG_COMPRESSION, 1))[1].tobytes(), samples_of),
    "JPEG-LS": (imagecodecs.jpegls_encode, imagecodecs.jpegls_decode),
    "JPEG XL, effort 1": (lambda p: imagecodecs.jpegxl_encode(p, lossless=True, effort=1), imagecodecs.jpegxl_decode),
    "JPEG XL, effort 5": (lambda p: imagecodecs.jpegxl_encode(p, lossless=True, effort=5), imagecodecs.jpegxl_decode),
}


def main() -> None:
    """A line a format: bytes against the stored files, and milliseconds a megapixel there and back."""
    files = [path.read_bytes() for path in sorted(SAMPLES_DIR.glob("captures/*/*.png"))[::7]]
    pictures = [samples_of(content) for content in files]
    stored, megapixels = sum(map(len, files)), sum(p.shape[0] * p.shape[1] for p in pictures) / 1e6
    print(f"{len(files)} frames of {megapixels:.0f} megapixels, {stored / 1e6:.1f} MB as they are recorded")
    for name, (encode, decode) in FORMATS.items():
        size, there, back = 0, 0.0, 0.0
        for pixels in pictures:
            began = time.perf_counter()
            content = bytes(encode(pixels))
            there += time.perf_counter() - began
            began = time.perf_counter()
            again = decode(content)
            back += time.perf_counter() - began
            size += len(content)
            if name.startswith("JPEG") and not np.array_equal(again, pixels):
                raise SystemExit(f"{name} does not give back what it got")
        per = 1000 / megapixels
        print(f"{name:<18} {size / stored:6.1%} of that  {there * per:7.1f} ms/MP there  {back * per:6.1f} ms/MP back")


if __name__ == "__main__":
    main()
