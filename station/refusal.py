"""A capture that cannot be judged, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RefusalCode = Literal[
    "blurred",
    "saturated",
    "light_missing",
    "wrong_style",
    "calibration_expired",
    "calibration_missing",
    "frame_missing",
    "no_piece",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no verdict was given: `reason` completes "retake, because ...", `advice` says what to do first."""

    code: RefusalCode
    reason: str
    advice: str

    @property
    def sentence(self) -> str:
        return f"retake, because {self.reason}"
