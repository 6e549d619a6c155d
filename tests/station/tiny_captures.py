"""Tiny captures, written with OpenCV alone so that they do not depend on what they test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Pixels = np.ndarray
FORMATS = {("uint8", 2): "Mono8", ("uint8", 3): "RGB8", ("uint16", 2): "Mono16", ("uint16", 3): "RGB16"}


def encoded(pixels: Pixels, suffix: str = ".png") -> bytes:
    """Pixels in RGB order as the bytes of a file."""
    bgr = np.ascontiguousarray(pixels[..., ::-1]) if pixels.ndim == 3 else pixels
    done, content = cv2.imencode(suffix, bgr)
    assert done
    return content.tobytes()


def tiny_frames() -> dict[tuple[str, str], Pixels]:
    """Three frames of three kinds, of pixels that no two places share."""
    rng = np.random.default_rng(7)
    return {
        ("face", "backlight"): rng.integers(0, 256, (40, 60), np.uint8),
        ("top", "dome"): rng.integers(0, 256, (32, 32, 3), np.uint8),
        ("shank", "coaxial"): rng.integers(0, 65536, (20, 30), np.uint16),
    }


def write_capture(folder: Path, frames: Mapping[tuple[str, str], Pixels] | None = None, **changes: Any) -> Path:
    """A sound capture folder; `changes` replace keys of capture.json."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for (view, light), pixels in (tiny_frames() if frames is None else frames).items():
        content = encoded(pixels)
        name = f"{view}_{light}.png"
        (folder / name).write_bytes(content)
        entries.append(
            {
                "file": name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "view": view,
                "light": light,
                "exposure_ms": 4.0,
                "gain_db": 0.0,
                "pixel_format": FORMATS[str(pixels.dtype), pixels.ndim],
                "camera_serial": f"TEST-{view}",
            }
        )
    document = {
        "schema": 1,
        "station": "test-1",
        "piece": "P-0001",
        "job": "J-0001",
        "style": "SOL6",
        "when": "2026-11-10T09:30:00+01:00",
        "frames": entries,
        **changes,
    }
    (folder / "capture.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def edit_capture(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change capture.json in place."""
    path = folder / "capture.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def replace_frame(folder: Path, index: int, content: bytes) -> None:
    """Put other bytes in the place of a frame and make capture.json agree with them."""
    path = folder / "capture.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    (folder / document["frames"][index]["file"]).write_bytes(content)
    document["frames"][index]["sha256"] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(document), encoding="utf-8")
