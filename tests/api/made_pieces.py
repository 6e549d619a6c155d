"""A day at the station, made by hand: drawn frames, true geometry, recorded through the real log."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256

import cv2
import numpy as np

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import Light, View
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Check, Judgement, Limits, conformance_probability, judge_estimate
from loupebox.station.records.entry import FrameEntry, InspectionEntry, RefusalEntry, SpecEntry
from loupebox.station.refusal import Refusal
from loupebox.station.report import SCHEMA, Report

MM_PER_PX = 0.008
SPEC = SpecEntry("SOL6", "A", "Six-prong solitaire", "solitaire", "schema = 1\n", "R. Shah", date(2026, 11, 1))
SCRATCH = ((400.0, 200.0), (520.5, 214.0), (519.0, 221.0), (399.0, 208.0))
TIPS = {
    k: (351.5 + 190 * np.cos(np.radians(60 * k - 30)), 351.5 - 190 * np.sin(np.radians(60 * k - 30)))
    for k in range(1, 7)
}


def mm(value: float, expanded_uncertainty: float) -> Estimate:
    return Estimate(value, "mm", (Contribution("made", expanded_uncertainty / 2),))


@cache
def picture(view: View, light: Light) -> FrameEntry:
    """A drawn frame: the ring from the front, the head from above, the shank with its scratch."""
    if view == "face":
        pixels = np.full((800, 800), 190, np.uint8)
        cv2.circle(pixels, (400, 430), 300, 6, 50, cv2.LINE_AA)
        cv2.rectangle(pixels, (350, 60), (450, 140), 6, -1)
    elif view in ("top", "oblique"):
        squash = 1.0 if view == "top" else 0.707
        pixels = np.full((704, 704, 3), 8, np.uint8)
        cv2.ellipse(pixels, (351, 351), (205, int(205 * squash)), 0, 0, 360, (70, 74, 78), -1, cv2.LINE_AA)
        cv2.ellipse(pixels, (351, 351), (110, int(110 * squash)), 0, 0, 360, (110, 116, 120), 6, cv2.LINE_AA)
        for x, y in TIPS.values():
            cv2.circle(pixels, (round(x), round(351.5 + (y - 351.5) * squash)), 24, (40, 96, 128), -1, cv2.LINE_AA)
    else:
        pixels = np.full((448, 896), 60, np.uint8)
        pixels[60:388] = 120
        if light != "backlight":
            cv2.fillPoly(pixels, [np.round(SCRATCH).astype(np.int32)], 30)
        if light.startswith("stripes"):
            pixels = (pixels * (0.6 + 0.4 * np.cos(np.arange(896) / 20 + int(light[-1]) * np.pi / 2))).astype(np.uint8)
    content = cv2.imencode(".png", pixels)[1].tobytes()
    return FrameEntry(view, light, sha256(content).hexdigest(), content, pixels.shape[1], pixels.shape[0])


def pictures(head: bool) -> tuple[FrameEntry, ...]:
    shown: list[tuple[View, Light]] = [("face", "backlight")]
    if head:
        shown += [("top", "dome"), ("oblique", "dome")]
    shown += [("shank", "coaxial"), ("shank", "stripes_x_0"), ("shank", "stripes_x_1")]
    return tuple(picture(view, light) for view, light in shown)


def dimension(name: str, value: float, expanded_uncertainty: float, limits: Limits) -> tuple[Measurement, Check]:
    estimate = mm(value, expanded_uncertainty)
    verdict = judge_estimate(estimate, limits)
    reason = f"{name} is {value:.3f} mm ± {expanded_uncertainty:.3f} mm"
    return Measurement(name, estimate), Check(
        name, verdict, reason, estimate, limits, conformance_probability(estimate, limits)
    )


def scratch() -> Finding:
    size = mm(float(np.hypot(120.5, 14)) * MM_PER_PX, 0.02)
    return Finding("scratch", "shank", "coaxial", SCRATCH, MM_PER_PX, size, 0.06, 0.04, "A", 0.93)


def prongs(bent: int | None = None, missing: int | None = None) -> tuple[Prong, ...]:
    found = []
    for index, tip in TIPS.items():
        tip = (float(tip[0]), float(tip[1]))
        oblique = (tip[0], 351.5 + (tip[1] - 351.5) * 0.707)
        angle = 60.0 * index - 30
        if index == missing:
            found.append(Prong(index, angle, "missing", f"prong {index} at {angle:.0f} deg is missing"))
            continue
        state, reason = (
            ("bent", f"prong {index} is bent by 0.41 mm, allowed 0.25 mm") if index == bent else ("good", "")
        )
        bend = mm(0.41 if index == bent else 0.03, 0.04)
        found.append(Prong(index, angle, state, reason, mm(0.7, 0.05), bend, mm(0.02, 0.06), tip, oblique))
    return tuple(found)


def measured_document(measurement: Measurement, check: Check) -> dict[str, object]:
    estimate, limits = check.estimate, check.limits
    assert estimate is not None
    assert limits is not None
    return {
        "name": measurement.name,
        "value": estimate.value,
        "expanded_uncertainty": estimate.expanded_uncertainty,
        "unit": estimate.unit,
        "lower": limits.lower,
        "upper": limits.upper,
        "nominal": limits.nominal,
        "outcome": check.verdict,
        "conformance_probability": check.conformance_probability,
        "reason": None,
        "budget": [{n: getattr(line, n) for n in ("name", "standard_uncertainty")} for line in estimate.budget],
    }


def length_document(length: Estimate | None) -> dict[str, float] | None:
    return length and {"value": length.value, "expanded_uncertainty": length.expanded_uncertainty}


def prong_document(prong: Prong) -> dict[str, object]:
    lengths = {name: length_document(getattr(prong, name)) for name in ("length_mm", "bend_mm", "lift_mm")}
    names = ("index", "angle_deg", "state", "reason", "tip_xy_px", "tip_oblique_xy_px")
    return {name: getattr(prong, name) for name in names} | lengths


def finding_document(finding: Finding) -> dict[str, object]:
    names = (
        "kind", "view", "light", "box_xywh_px", "box_xywh_mm", "polygon_xy_px", "polygon_xy_mm", "width_mm", "area_mm2",
        "zone", "score",
    )  # fmt: skip
    size = {"size_mm": finding.size_mm.value, "size_expanded_uncertainty_mm": finding.size_mm.expanded_uncertainty}
    return {name: getattr(finding, name) for name in names} | size


def frame_document(frame: FrameEntry) -> dict[str, object]:
    names = ("view", "light", "sha256", "width_px", "height_px")
    how = {"exposure_ms": 4.0, "gain_db": 0.0, "camera_serial": "cam-1"}
    return {name: getattr(frame, name) for name in names} | how


@dataclass(frozen=True)
class Made:
    """What differs between the pieces."""

    piece: str
    inner_diameter_mm: float = 17.35
    bent: int | None = None
    missing: int | None = None
    scratched: bool = False
    refusal: Refusal | None = None
    job: str = "J-1041"
    station: str = "bench-1"
    style: str = "SOL6"
    captured_at: datetime = field(default=datetime(2026, 11, 21, 9, 30, tzinfo=UTC))


def entry(made: Made) -> InspectionEntry:
    """An inspection as the station would hand it to the log."""
    head = made.style.startswith("SOL")
    frames = pictures(head)
    measured = [
        dimension("inner_diameter_mm", made.inner_diameter_mm, 0.012, Limits(17.25, 17.45, 17.35)),
        dimension("out_of_round_mm", 0.021, 0.008, Limits(None, 0.06)),
        dimension("shank_width_mm", 2.207, 0.02, Limits(2.1, 2.3, 2.2)),
    ]
    checks = [check for _, check in measured]
    seen_prongs = prongs(made.bent, made.missing) if head else ()
    for prong in seen_prongs:
        verdict = judge_estimate(mm(1.0 if prong.state != "good" else 0.0, 0), Limits(None, 0.5))
        checks.append(Check(f"prong_{prong.index}", verdict, prong.reason or f"prong {prong.index} is good"))
    findings = (scratch(),) if made.scratched else ()
    verdict = judge_estimate(mm(len(findings), 0), Limits(None, 0.5))
    checks.append(Check("scratch zone A", verdict, f"{len(findings)} scratches in zone A, allowed 0"))
    judgement = None if made.refusal else Judgement(tuple(checks))
    report = Report.model_validate(
        {
            "schema": SCHEMA,
            "piece": {
                "station": made.station,
                "piece": made.piece,
                "job": made.job,
                "style": made.style,
                "captured_at": made.captured_at,
            },
            "verdict": "REFUSED" if judgement is None else judgement.verdict,
            "reasons": () if judgement is None else judgement.reasons,
            "refusal": made.refusal and asdict(made.refusal),
            "checks": [{"name": c.name, "verdict": c.verdict, "reason": c.reason} for c in checks if judgement],
            "measurements": [measured_document(m, c) for m, c in measured if judgement],
            "ring_sizes": judgement and {"iso": "54.5", "us": "7", "uk": "N 1/2", "uk_trade": "O", "jp": "14"},
            "prongs": [prong_document(prong) for prong in seen_prongs if judgement],
            "findings": [finding_document(finding) for finding in findings if judgement],
            "timings_ms": {"decode": 31.0, "face": 120.0},
            "replay": {
                "software": "loupebox 0.1.0",
                "libraries": {"numpy": "2.4.6"},
                "spec": {"style": made.style, "revision": "A", "sha256": SPEC.sha256},
                "certificates": [{"view": "face", "certificate_id": "C-17", "sha256": "c" * 64}],
                "models": [{"name": "head_parts", "version": "1", "sha256": "d" * 64}],
                "frames": [frame_document(frame) for frame in frames],
            },
        }
    )
    refused = made.refusal and RefusalEntry(made.refusal.code, made.refusal.sentence)
    spec = SpecEntry(made.style, "A", SPEC.name, SPEC.family, SPEC.text, SPEC.approved_by, SPEC.approved_on)
    return InspectionEntry(
        station=made.station,
        piece=made.piece,
        job=made.job,
        style=made.style,
        captured_at=made.captured_at,
        spec=spec,
        judgement=judgement,
        refusal=refused or None,
        measurements=tuple(m for m, _ in measured) if judgement else (),
        prongs=seen_prongs if judgement else (),
        findings=findings if judgement else (),
        frames=frames,
        replay=report.replay.model_dump(mode="json"),
        timings_ms=report.timings_ms,
        report=report.to_document(),
    )


def at(hour: int, minute: int, day: int = 21) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


BLURRED = Refusal("blurred", "the top view is blurred (edge 2.9 px, allowed 1.6 px)", "Clean the lens and focus again.")
EVIL = "<script>document.title='owned'</script>"
DAY = (
    Made("P-0001", captured_at=at(9, 2)),
    Made("P-0002", bent=3, captured_at=at(9, 3)),
    Made("P-0003", inner_diameter_mm=17.445, captured_at=at(9, 5)),
    Made("P-0004", scratched=True, captured_at=at(9, 8)),
    Made("P-0005", refusal=BLURRED, captured_at=at(9, 9)),
    Made("P-0006", missing=5, scratched=True, captured_at=at(9, 11)),
    Made("B-0001", style="BAND", job="J-1042", captured_at=at(9, 12)),
    Made("B-0002", style="BAND", job="J-1042", inner_diameter_mm=17.12, captured_at=at(9, 14)),
    Made("P-0900", captured_at=at(16, 40, day=20)),
    Made(EVIL, inner_diameter_mm=17.449, job=EVIL, captured_at=at(9, 15)),
)
