"""Inspections made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement, Unmeasurable
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Check, Judgement, Limits, Verdict
from loupebox.station.records.entry import FrameEntry, InspectionEntry, RefusalEntry, SpecEntry

BANGKOK = timezone(timedelta(hours=7))
MORNING = datetime(2026, 11, 20, 8, 30, tzinfo=BANGKOK)


def estimate(value: float, unit: str = "mm", u: float = 0.004) -> Estimate:
    return Estimate(value, unit, (Contribution("all of it", u),))


def frame(content: bytes, view: Any = "top", light: Any = "dome") -> FrameEntry:
    return FrameEntry(view, light, sha256(content).hexdigest(), content, 704, 704)


DIAMETER = Check(
    "inner_diameter_mm", Verdict.PASS, "17.35 mm is inside", estimate(17.35), Limits(17.25, 17.45, 17.35), 0.99
)
MISSING_PRONG = Check("prong_3", Verdict.FAIL, "prong 3 at 150 deg is missing")
POROUS = Check("porosity zone A", Verdict.FAIL, "a pore of 0.15 mm; allowed are 0.10 mm")
DOUBTFUL_SCRATCH = Check("scratch zone A", Verdict.REVIEW, "a scratch of 0.5 mm straddles its limit")

PORE = Finding(
    kind="gas_porosity",
    view="shank",
    light="coaxial",
    polygon_xy_px=((10.5, 20.0), (30.0, 20.0), (20.0, 40.25)),
    mm_per_px=0.008,
    size_mm=estimate(0.15),
    width_mm=0.12,
    area_mm2=0.011,
    zone="A",
    score=0.87,
)
SCRATCH = replace(PORE, kind="scratch", size_mm=estimate(0.5))
SPEC = SpecEntry("SOL6", "A", "Six-prong solitaire", "solitaire", "schema = 1\n", "R. Smith", date(2026, 11, 1))
PRONGS = (
    Prong(1, 30.2, "good", length_mm=estimate(0.7), bend_mm=estimate(-0.02), lift_mm=estimate(0.01)),
    Prong(3, 150.0, "missing", "nothing stands at 150 deg"),
)


def an_entry(*checks: Check, piece: str = "P-1", job: str = "J-1", **changes: Any) -> InspectionEntry:
    """A small, complete inspection; without checks it passes."""
    entry = InspectionEntry(
        station="bench 1",
        piece=piece,
        job=job,
        style="SOL6",
        captured_at=MORNING,
        spec=SPEC,
        judgement=Judgement(checks or (DIAMETER,)),
        measurements=(
            Measurement("inner_diameter_mm", estimate(17.35)),
            Unmeasurable("stone_diameter_mm", "the stone is not in the picture"),
        ),
        prongs=PRONGS,
        findings=(PORE,),
        frames=(frame(b"the face", "face", "backlight"), frame(b"the top")),
        replay={"software": "0.1.0", "models": {"head_parts": "ab" * 32}},
        timings_ms={"decode": 12.5, "models": 300.0},
        report={"schema": 1, "piece": piece},
    )
    return replace(entry, **changes)


def a_refusal(code: str = "blurred", **changes: Any) -> InspectionEntry:
    refused = RefusalEntry(code, "retake, because the top view is blurred")
    return an_entry(judgement=None, refusal=refused, measurements=(), prongs=(), findings=(), **changes)


class Clock:
    """A clock that goes on by a minute whenever somebody looks."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now
