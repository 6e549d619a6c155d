"""What the log takes in: one inspected piece, complete, before any of it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from loupebox.calibration.frame import Light, View
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import MeasurementResult
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """One picture as its file's bytes; the image store keeps them under their checksum.

    `suffix` is the file's ending without the dot: "png" or "tiff".
    """

    view: View
    light: Light
    sha256: str
    content: bytes = field(repr=False)
    width_px: int
    height_px: int
    suffix: str = "png"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that a verdict rests on beside the frames: a certificate ("json"), its illumination picture ("png")."""

    sha256: str
    suffix: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpecEntry:
    """The spec sheet that judged the piece, word for word; a revision once recorded never changes."""

    style: str
    revision: str
    name: str
    family: str
    text: str = field(repr=False)
    approved_by: str
    approved_on: date

    @property
    def sha256(self) -> str:
        """Checksum of the text in UTF-8, lower-case hex."""
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RefusalEntry:
    """Why the capture was not judged: a code for machines ("blurred"), a sentence for people."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class InspectionEntry:
    """One inspection with everything that must be stored with it.

    Exactly one of `judgement` and `refusal` is there. `captured_at` carries its offset, so that the day is the day on
    the station's wall. `replay`, `timings_ms` and `report` are JSON-ready; `report` is the whole published document.
    """

    station: str
    piece: str
    job: str
    style: str
    captured_at: datetime
    spec: SpecEntry | None
    judgement: Judgement | None
    refusal: RefusalEntry | None = None
    measurements: tuple[MeasurementResult, ...] = ()
    prongs: tuple[Prong, ...] = ()
    findings: tuple[Finding, ...] = ()
    frames: tuple[FrameEntry, ...] = ()
    files: tuple[FileEntry, ...] = ()
    replay: Mapping[str, Any] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("station", "piece", "job", "style"):
            if not getattr(self, name).strip():
                raise ValueError(f"inspection has an empty {name}; a record needs one")
        if self.captured_at.tzinfo is None:
            raise ValueError(
                f"inspection of piece '{self.piece}' was captured at {self.captured_at}, without an offset"
            )
        if (self.judgement is None) == (self.refusal is None):
            raise ValueError(f"inspection of piece '{self.piece}' needs either a judgement or a refusal, and not both")

    @property
    def verdict(self) -> Verdict | None:
        """None when refused."""
        return None if self.judgement is None else self.judgement.verdict

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not simply PASS, in words; the worst first."""
        if self.refusal is not None:
            return (self.refusal.reason,)
        return self.judgement.reasons if self.judgement is not None else ()
