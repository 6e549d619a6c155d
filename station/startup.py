"""The start-up check: is the station today what it was when it was calibrated?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from loupebox.calibration.frame import View
from loupebox.calibration.sharpness import edge_sigma_px
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.verdict import Verdict
from loupebox.station.camera import Camera
from loupebox.station.capturing import PieceTicket, Shot, take_capture
from loupebox.station.folder_camera import FolderCamera
from loupebox.station.inspection import Inspection
from loupebox.station.lightbox import Lightbox
from loupebox.station.needs import frames_needed
from loupebox.station.records.start_ups import StartUpRecord
from loupebox.station.spec_sheet import find_spec_sheet
from loupebox.station.startup_plan import KnownPiece, StartUpPlan, StartUpPlanError
from loupebox.station.stopwatch import Stopwatch
from loupebox.station.workplace import Workplace

USUAL_EXPOSURE_MS = 4.0


@dataclass(frozen=True, slots=True)
class StartUpStep:
    """One thing that was looked at: what was found, and what to do when it is not as it should be."""

    name: str
    passed: bool
    found: str
    advice: str


@dataclass(frozen=True, slots=True)
class StartUpCheck:
    """All steps, in the order in which they were taken."""

    station: str
    steps: tuple[StartUpStep, ...]
    took_s: float

    @property
    def passed(self) -> bool:
        return all(step.passed for step in self.steps)

    @property
    def document(self) -> dict[str, Any]:
        """JSON-ready, as it is recorded."""
        return {"schema": 1, "station": self.station, "steps": [asdict(step) for step in self.steps]}


Cameras = Callable[[KnownPiece], Mapping[View, Camera]]
"""Asks for a piece to be placed and gives the cameras that see it."""


def stored_cameras(plan_folder: Path) -> Cameras:
    """Cameras that serve the captures that the plan names; the factory's code path with stored pixels."""

    def cameras(piece: KnownPiece) -> Mapping[View, Camera]:
        if piece.capture is None:
            raise StartUpPlanError(
                f"piece {piece.name} names no capture, and this station has no cameras set up for the start-up check"
            )
        camera = FolderCamera(plan_folder / piece.capture)
        views: tuple[View, ...] = ("face", "top", "oblique", "shank")
        return dict.fromkeys(views, camera)

    return cameras


def check_station(
    plan: StartUpPlan,
    workplace: Workplace,
    cameras: Cameras,
    lightbox: Lightbox,
    folder: Path,
    clock: Callable[[], datetime],
) -> StartUpCheck:
    """Take, inspect and compare the three known pieces; the captures go to the folder. Faults of devices raise."""
    watch = Stopwatch()
    steps: list[StartUpStep] = []
    with watch.step("artefact"), _seen(plan, plan.artefact, workplace, cameras, lightbox, folder, clock) as seen:
        steps.append(_artefact(plan, seen))
    with watch.step("golden good piece"), _seen(plan, plan.good, workplace, cameras, lightbox, folder, clock) as seen:
        steps.append(_good(plan, seen))
        steps += _lights(plan, seen, workplace)
        steps += _focus(plan, seen, workplace)
    with watch.step("golden bad piece"), _seen(plan, plan.bad, workplace, cameras, lightbox, folder, clock) as seen:
        steps.append(_bad(plan, seen))
    return StartUpCheck(plan.station, tuple(steps), round(watch.timings_ms()["total"] / 1000, 3))


def levels(inspection: Inspection, workplace: Workplace) -> dict[str, float]:
    """Mean signal of each frame of a capture, by "view/light"; what a plan's lights are set from."""
    found: dict[str, float] = {}
    for (view, light), frame in inspection.capture.frames.items():
        if view in workplace.calibration:
            signal = workplace.calibration[view].correct(frame).luminance
            found[f"{view}/{light}"] = float(signal.mean())
    return found


@contextmanager
def _seen(
    plan: StartUpPlan,
    piece: KnownPiece,
    workplace: Workplace,
    cameras: Cameras,
    lightbox: Lightbox,
    folder: Path,
    clock: Callable[[], datetime],
) -> Iterator[Inspection]:
    """The piece, taken and inspected."""
    sheet = find_spec_sheet(workplace.specs_dir, piece.style)
    shots = [Shot(view, light, USUAL_EXPOSURE_MS) for view, light in frames_needed(sheet.spec)]
    taken = cameras(piece)
    when = clock()
    try:
        ticket = PieceTicket(plan.station, piece.name, "start-up check", piece.style, when)
        capture = take_capture(taken, lightbox, shots, ticket, folder / f"{when:%Y%m%dT%H%M%S}-{_plain(piece.name)}")
        yield workplace.inspect(capture, sheet)
    finally:
        for camera in set(taken.values()):
            camera.close()


def _artefact(plan: StartUpPlan, seen: Inspection) -> StartUpStep:
    wanted = plan.artefact
    name = f"artefact {wanted.name}"
    advice = "clean artefact and window, seat it again; if it stays off, calibrate the scale of the face view"
    found = next((m for m in seen.measurements if m.name == wanted.characteristic), None)
    if not isinstance(found, Measurement):
        why = seen.reasons[0] if seen.refusal is not None else getattr(found, "reason", "it was not measured")
        return StartUpStep(name, False, f"{wanted.characteristic} could not be measured: {why}", advice)
    off = found.estimate.value - wanted.value_mm
    allowed = math.hypot(found.estimate.expanded_uncertainty, wanted.expanded_uncertainty_mm)
    told = (
        f"{found.estimate.value:.4f} ± {found.estimate.expanded_uncertainty:.4f} mm, certified {wanted.value_mm:.4f} ± "
        f"{wanted.expanded_uncertainty_mm:.4f} mm: {1000 * off:+.1f} um off, E_n {abs(off) / allowed:.2f} (allowed 1)"
    )
    return StartUpStep(name, abs(off) <= allowed, told, advice)


def _good(plan: StartUpPlan, seen: Inspection) -> StartUpStep:
    name = f"golden good piece {plan.good.name}"
    if seen.outcome == "PASS":
        count = len(seen.judgement.checks) if seen.judgement else 0
        return StartUpStep(name, True, f"PASS, {count} checks", "")
    advice = "clean the piece and seat it again; if it fails again, look at the first reason before any work begins"
    return StartUpStep(name, False, f"{seen.outcome}: {'; '.join(seen.reasons[:3])}", advice)


def _bad(plan: StartUpPlan, seen: Inspection) -> StartUpStep:
    name = f"golden bad piece {plan.bad.name}"
    failed = [c.name for c in seen.judgement.checks if c.verdict is Verdict.FAIL] if seen.judgement else []
    missed = [wanted for wanted in plan.bad.must_fail if wanted not in failed]
    if not missed:
        return StartUpStep(name, True, f"its defects were found: {', '.join(plan.bad.must_fail)}", "")
    told = f"{', '.join(missed)} did not fail; the piece got {seen.outcome}"
    advice = "stop: a known defect gets through. Is it the right piece, seated right? Else call the engineer"
    return StartUpStep(name, False, told, advice)


def _lights(plan: StartUpPlan, seen: Inspection, workplace: Workplace) -> Iterator[StartUpStep]:
    found = levels(seen, workplace)
    for name, wanted in plan.lights.items():
        advice = f"check lamp, cable and exposure of {name}; wipe the diffuser; then calibrate the sensor's lights"
        if name not in found:
            yield StartUpStep(f"light {name}", False, "no frame of it was taken", advice)
            continue
        off = 100 * (found[name] / wanted.level - 1)
        told = f"level {found[name]:.4f}, {off:+.1f} % from {wanted.level:.4f} (allowed ± {wanted.within_percent:g} %)"
        yield StartUpStep(f"light {name}", abs(off) <= wanted.within_percent, told, advice)


def _focus(plan: StartUpPlan, seen: Inspection, workplace: Workplace) -> Iterator[StartUpStep]:
    for (view, light), frame in seen.capture.frames.items():
        if light not in ("backlight", "dome") or view not in workplace.calibration:
            continue
        one = workplace.calibration[view]
        sigma = edge_sigma_px(one.correct(frame).luminance)
        allowed = plan.focus_times * one.certificate.edge_sigma_px
        told = "no edge is seen" if sigma is None else f"edges {sigma:.2f} px wide (allowed {allowed:.2f} px)"
        advice = f"wipe the lens of the {view} view and seat the piece; if it stays blurred, focus and calibrate anew"
        yield StartUpStep(f"focus {view}/{light}", sigma is not None and sigma <= allowed, told, advice)


@dataclass(frozen=True, slots=True)
class StartUpState:
    """Whether the station may begin: `due` says that a check is wanted first, `reason` why."""

    due: bool
    reason: str
    last: StartUpRecord | None


def state_of(last: StartUpRecord | None, now: datetime, longest_h: float) -> StartUpState:
    """What the last check is worth now."""
    if last is None:
        return StartUpState(True, "no start-up check is recorded; begin with: loupebox startup", None)
    if not last.passed:
        steps = last.document.get("steps", ())
        failed = [f"{s['name']}: {s['advice']}" for s in steps if not s["passed"]]
        return StartUpState(True, f"the last start-up check failed: {'; '.join(failed)}", last)
    age = now - last.at
    if age > timedelta(hours=longest_h):
        hours = age.total_seconds() / 3600
        return StartUpState(True, f"the last start-up check is {hours:.0f} h old; allowed are {longest_h:g} h", last)
    return StartUpState(False, f"passed by {last.who} at {last.at.isoformat(timespec='minutes')}", last)


def _plain(name: str) -> str:
    """A piece's name as a folder's."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:60]
