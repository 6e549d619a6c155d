"""Stored captures in place of pieces: whoever places a piece sees the next one of its style, round and round."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from loupebox.calibration.frame import VIEWS, View
from loupebox.station.camera import Camera
from loupebox.station.capture import CAPTURE_JSON
from loupebox.station.device import DeviceError
from loupebox.station.folder_camera import FolderCamera


class Tray:
    """A folder of captures, by style in the order of their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._placed: Counter[str] = Counter()

    def cameras(self, job: str, style: str) -> Mapping[View, Camera]:
        """Cameras that see the next capture of this style; each bag begins with the first."""
        there = self._captures()
        if style not in there:
            named = ", ".join(sorted(there)) or "none"
            raise DeviceError(f"the tray {self._folder} has no capture of style {style}; there are of {named}")
        captures = there[style]
        camera = FolderCamera(captures[self._placed[job] % len(captures)])
        self._placed[job] += 1
        return dict.fromkeys(VIEWS, camera)

    def _captures(self) -> Mapping[str, list[Path]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for file in sorted(self._folder.glob(f"*/{CAPTURE_JSON}")):
            found[json.loads(file.read_text(encoding="utf-8"))["style"]].append(file.parent)
        return found
