"""Each way in which a capture folder can be wrong, and what the one sentence about it must say."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tiny_captures import edit_capture, encoded, replace_frame


@dataclass(frozen=True)
class BadCapture:
    name: str
    spoil: Callable[[Path], None]
    says: tuple[str, ...]


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims its size: header, a few bytes of nothing, end."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def tiff_header(width: int, height: int, tile: tuple[int, int] | None = None) -> bytes:
    """A TIFF directory that claims a size, with one strip of nothing, or one tile."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
            (278, 4, height), (279, 4, 0)]  # fmt: skip
    if tile is not None:
        tags = [*tags[:5], (277, 3, 1), (322, 4, tile[0]), (323, 4, tile[1]), (324, 4, 8), (325, 4, 0)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in tags)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0)


def truncate_frame(folder: Path) -> None:
    path = folder / "face_backlight.png"
    path.write_bytes(path.read_bytes()[:-40])


def truncate_frame_and_checksum(folder: Path) -> None:
    replace_frame(folder, 0, (folder / "face_backlight.png").read_bytes()[:-40])


def flip_bit(folder: Path) -> None:
    content = bytearray((folder / "face_backlight.png").read_bytes())
    content[len(content) // 2] ^= 1
    replace_frame(folder, 0, bytes(content))


def short_of_rows(folder: Path) -> None:
    """Chunks and checksums in order, but not as many pixels as the header says."""
    replace_frame(folder, 0, png_header(60, 40))


def link_outside(folder: Path) -> None:
    outside = folder.parent / "outside.png"
    (folder / "face_backlight.png").rename(outside)
    (folder / "face_backlight.png").symlink_to(outside)


def link_to_itself(folder: Path) -> None:
    (folder / "face_backlight.png").unlink()
    (folder / "face_backlight.png").symlink_to(folder / "face_backlight.png")


def json_link_outside(folder: Path) -> None:
    outside = folder.parent / "capture.json"
    (folder / "capture.json").rename(outside)
    (folder / "capture.json").symlink_to(outside)


def make_pipe(folder: Path) -> None:
    (folder / "face_backlight.png").unlink()
    os.mkfifo(folder / "face_backlight.png")


def set_key(key: str, value: Any) -> Callable[[Path], None]:
    return lambda folder: edit_capture(folder, lambda document: document.update({key: value}))


def set_frame_key(key: str, value: Any) -> Callable[[Path], None]:
    return lambda folder: edit_capture(folder, lambda document: document["frames"][0].update({key: value}))


def rename_key(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: edit_capture(folder, lambda document: document.update({new: document.pop(old)}))


def write_json(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "capture.json").write_text(text, encoding="utf-8")

    return write


def write_latin_1(folder: Path) -> None:
    edit_capture(folder, lambda document: document.update(piece="Börse"))
    path = folder / "capture.json"
    path.write_bytes(path.read_text(encoding="utf-8").replace("\\u00f6", "ö").encode("latin-1"))


def write_utf_16(folder: Path) -> None:
    path = folder / "capture.json"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))


def too_large_together(folder: Path) -> None:
    """Thirty frames, each allowed by itself, that claim 100 million pixels each."""
    bomb = png_header(10_000, 10_000)
    replace_frame(folder, 0, bomb)

    def multiply(document: dict[str, Any]) -> None:
        first = document["frames"][0]
        places = [(view, light) for view in ("top", "side", "oblique") for light in LIGHTS_OF_A_BOMB]
        document["frames"] = [
            dict(first, view=view, light=light, file=f"{view}_{light}.bomb") for view, light in places
        ]
        for view, light in places:
            (folder / f"{view}_{light}.bomb").write_bytes(bomb)

    edit_capture(folder, multiply)


def huge_tile(folder: Path) -> None:
    replace_frame(folder, 0, tiff_header(60, 40, (1 << 20, 1 << 20)))


LIGHTS_OF_A_BOMB = ("backlight", "dome", "coaxial", "dark_n", "dark_e", "dark_s", "dark_w")


def duplicate_frame(folder: Path) -> None:
    edit_capture(folder, lambda document: document["frames"].append(dict(document["frames"][0], file="other.png")))


def twelve_bits(folder: Path) -> None:
    edit_capture(folder, lambda document: document["frames"][2].update(pixel_format="Mono12"))


CASES = [
    BadCapture("missing frame", lambda f: (f / "top_dome.png").unlink(), ("top/dome", "missing", "top_dome.png")),
    BadCapture("truncated frame", truncate_frame, ("face/backlight", "sha256")),
    BadCapture("truncated, checksum agrees", truncate_frame_and_checksum, ("face/backlight", "truncated")),
    BadCapture("one bit flipped", flip_bit, ("face/backlight", "damaged", "IDAT")),
    BadCapture("too few pixels", short_of_rows, ("face/backlight", "cannot be decoded")),
    BadCapture("checksum", set_frame_key("sha256", "0" * 64), ("face/backlight", "sha256", "000000000000")),
    BadCapture("checksum is no checksum", set_frame_key("sha256", "abc"), ("frames[0].sha256", "'abc'")),
    BadCapture("0 bytes", lambda f: replace_frame(f, 0, b""), ("face/backlight", "empty (0 bytes)")),
    BadCapture("no image", lambda f: replace_frame(f, 0, b"GIF89a..."), ("face/backlight", "neither PNG nor TIFF")),
    BadCapture(
        "wrong channels",
        lambda f: replace_frame(f, 0, encoded(np.zeros((40, 60, 3), np.uint8))),
        ("face/backlight", "3 channels", "Mono8"),
    ),
    BadCapture(
        "alpha channel",
        lambda f: replace_frame(f, 1, encoded(np.zeros((32, 32, 4), np.uint8))),
        ("top/dome", "4 channels", "RGB8"),
    ),
    BadCapture(
        "wrong dtype",
        lambda f: replace_frame(f, 0, encoded(np.zeros((40, 60), np.uint16))),
        ("face/backlight", "uint16", "Mono8", "uint8"),
    ),
    BadCapture("16 bits said to be 12", twelve_bits, ("shank/coaxial", "Mono12", "4095")),
    BadCapture("unknown pixel format", set_frame_key("pixel_format", "BayerRG8"), ("BayerRG8", "Mono8", "RGB16")),
    BadCapture(
        "PNG bomb", lambda f: replace_frame(f, 0, png_header(50_000, 50_000)), ("50000 x 50000", "100 million pixels")
    ),
    BadCapture(
        "TIFF bomb", lambda f: replace_frame(f, 0, tiff_header(50_000, 50_000)), ("50000 x 50000", "100 million pixels")
    ),
    BadCapture("damaged TIFF", lambda f: replace_frame(f, 0, b"II*\0" + b"\xff" * 30), ("face/backlight", "TIFF")),
    BadCapture("unknown light", set_frame_key("light", "disco"), ("frames[0].light", "'disco'", "'backlight'")),
    BadCapture("unknown view", set_frame_key("view", "behind"), ("frames[0].view", "'behind'", "'oblique'")),
    BadCapture("not JSON", write_json("{not json"), ("capture.json", "not JSON")),
    BadCapture("not an object", write_json("[1, 2]"), ("capture.json", "list")),
    BadCapture("deep JSON", write_json("[" * 200_000), ("capture.json",)),
    BadCapture("large JSON", write_json(json.dumps("x" * 1_100_000)), ("capture.json", "larger than 1 MB")),
    BadCapture("Latin-1", write_latin_1, ("capture.json is not UTF-8 text", "at byte")),
    BadCapture("UTF-16", write_utf_16, ("capture.json is not UTF-8 text",)),
    BadCapture("half a character", set_key("piece", "\ud800"), ("piece",)),
    BadCapture("all frames together", too_large_together, ("samples of the frames", "larger than 2 GB together")),
    BadCapture(
        "TIFF tile", lambda f: replace_frame(f, 0, tiff_header(60, 40, (1 << 20, 1 << 20))), ("1048576 x 1048576",)
    ),
    BadCapture("newer schema", set_key("schema", 2), ("schema 2", "reads up to 1", "newer")),
    BadCapture("no schema number", set_key("schema", "one"), ("schema", "'one'")),
    BadCapture("unknown key", rename_key("station", "staton"), ("staton", "did you mean 'station'")),
    BadCapture("unknown frame key", set_frame_key("exposre_ms", 5), ("frames[0].exposre_ms", "'exposure_ms'")),
    BadCapture("missing key", lambda f: edit_capture(f, lambda d: d.pop("piece")), ("piece", "missing")),
    BadCapture("no offset", set_key("when", "2026-11-10T09:30:00"), ("when", "offset")),
    BadCapture("no frames", set_key("frames", []), ("frames",)),
    BadCapture("empty piece", set_key("piece", ""), ("piece",)),
    BadCapture("control characters", set_key("piece", "P\x1b[2J"), ("piece",)),
    BadCapture("negative exposure", set_frame_key("exposure_ms", -3), ("exposure_ms", "-3")),
    BadCapture("parent path", set_frame_key("file", "../secret.png"), ("../secret.png", "inside the capture folder")),
    BadCapture("absolute path", set_frame_key("file", "/etc/passwd"), ("/etc/passwd", "inside the capture folder")),
    BadCapture("drive path", set_frame_key("file", "C:\\x.png"), ("C:", "inside the capture folder")),
    BadCapture("symlink escape", link_outside, ("face_backlight.png", "leads outside the capture folder")),
    BadCapture("symlink loop", link_to_itself, ("face_backlight.png",)),
    BadCapture("capture.json symlink escape", json_link_outside, ("capture.json", "outside the capture folder")),
    BadCapture("frame is a folder", set_frame_key("file", "."), ("face/backlight", "regular file")),
    BadCapture("frame is a pipe", make_pipe, ("face/backlight", "regular file")),
    BadCapture("duplicated frame", duplicate_frame, ("frame face/backlight twice",)),
    BadCapture("duplicated file", lambda f: edit_capture(f, same_file), ("file top_dome.png twice",)),
    BadCapture("no capture.json", lambda f: (f / "capture.json").unlink(), ("no capture.json",)),
]


def same_file(document: dict[str, Any]) -> None:
    document["frames"][2]["file"] = document["frames"][1]["file"]
