"""Inspections like a real station's, made up as fast as a benchmark needs them."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import LIGHTS
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Check, Judgement, Limits, Verdict
from loupebox.station.records.entry import FrameEntry, InspectionEntry, SpecEntry

FIRST_DAY = datetime(2026, 1, 1, 8, tzinfo=UTC)
PIECES_A_DAY = 2000
PIECES_A_BAG = 50
FRAMES = 13
FRAME_BYTES = 400_000
SPEC = SpecEntry("SOL6", "A", "Six-prong solitaire", "solitaire", "schema = 1\n", "benchmark", date(2026, 1, 1))
OUTCOMES = (*[Verdict.PASS] * 17, Verdict.REVIEW, *[Verdict.FAIL] * 2)


def entry(number: int, frames: tuple[FrameEntry, ...] = (), spec: SpecEntry = SPEC) -> InspectionEntry:
    """The inspection of one of many pieces: 85 % pass, 5 % are doubtful, 10 % fail."""
    outcome = OUTCOMES[number % len(OUTCOMES)]
    estimate = Estimate(17.35, "mm", (Contribution("all of it", 0.004),))
    checks = [Check(f"dimension_{k}_mm", Verdict.PASS, "inside", estimate, Limits(17.2, 17.5), 0.99) for k in range(19)]
    checks.append(Check("prong_3", outcome, "prong 3 at 150 deg"))
    corners = tuple((float(k), float(k * k)) for k in range(24))
    finding = Finding("gas_porosity", "shank", "coaxial", corners, 0.008, estimate, 0.05, 0.002, "A", 0.9)
    return InspectionEntry(
        station="benchmark",
        piece=f"P-{number}",
        job=f"J-{number // PIECES_A_BAG}",
        style="SOL6",
        captured_at=FIRST_DAY + timedelta(days=number // PIECES_A_DAY, seconds=10 * (number % PIECES_A_DAY)),
        spec=spec,
        judgement=Judgement(tuple(checks)),
        measurements=tuple(Measurement(f"dimension_{k}_mm", estimate) for k in range(20)),
        prongs=tuple(Prong(k, 60.0 * k, "good", length_mm=estimate) for k in range(1, 7)),
        findings=(finding,) * 5,
        frames=frames,
        replay={"software": "0.1.0", "models": {"head_parts": "ab" * 32, "surface": "cd" * 32}},
        timings_ms={"all": 1234.5},
        report={"schema": 1, "piece": f"P-{number}", "reasons": ["long enough to be like a real one"] * 200},
    )


def pictures(seed: int) -> tuple[FrameEntry, ...]:
    """Frames of one piece, whose bytes no other piece has."""
    noise = random.Random(seed)
    contents = [noise.randbytes(FRAME_BYTES) for _ in range(FRAMES)]
    return tuple(
        FrameEntry("shank", light, sha256(content).hexdigest(), content, 896, 448)
        for light, content in zip(LIGHTS, contents, strict=False)
    )
