"""The capture gate: "retake, because ..." rather than a verdict on a capture that cannot carry one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from loupebox.calibration.certificate import CalibrationExpired
from loupebox.calibration.frame import VIEWS, Light, LinearFrame, View
from loupebox.calibration.sharpness import edge_sigma_px
from loupebox.calibration.stripes import imbalance
from loupebox.inspect.spec import Spec
from loupebox.station.calibration_set import CalibrationSet
from loupebox.station.capture import Capture
from loupebox.station.needs import STRIPES_X, STRIPES_Y, frames_needed, views_needed
from loupebox.station.records.roles import words_for
from loupebox.station.refusal import Refusal

LinearFrames = Mapping[tuple[View, Light], LinearFrame]

DARK = 0.03
"""Share of full scale that the brightest hundredth of a lit frame reaches at least."""
DARK_BACKLIGHT = 0.2
"""The same for a backlight, whose bright field is most of the frame."""
STRIPES_IMBALANCE = 0.1
"""One of four frames without its light gives 1/3; noise and flicker stay far below."""
BLUR_ALLOWED = 2.0
"""Times the blur at calibration; the model and the measurements were shown to hold up to it."""
SATURATED_ALLOWED = {"backlight": 0.001, "dome": 0.05, "coaxial": 0.05}
"""Share of pixels at full scale. A saturated backlight moves the edges, so nearly none are allowed there."""
SATURATED_STRIPES = 0.02
UNLOCKED_BY = f"who has the role {words_for('calibration.sign')} can unlock it by signing a new calibration"


def check(capture: Capture, spec: Spec, calibration: CalibrationSet) -> Refusal | None:
    """All that can be told before anything is measured."""
    refusal = check_capture(capture, spec, calibration)
    if refusal is not None:
        return refusal
    frames = correct_frames(capture, spec, calibration)
    return check_light(frames) or check_focus(frames, calibration)


def correct_frames(capture: Capture, spec: Spec, calibration: CalibrationSet) -> LinearFrames:
    """The frames that the spec sheet needs, as linear signal, without those of locked views."""
    locked = locked_views(capture, spec, calibration)
    needed = [key for key in frames_needed(spec) if key[0] not in locked]
    return {key: calibration[key[0]].correct(capture.frames[key]) for key in needed}


def check_capture(capture: Capture, spec: Spec, calibration: CalibrationSet) -> Refusal | None:
    """What can be told without looking at a pixel: the style, each frame, a valid certificate for any camera."""
    return next(_capture_refusals(capture, spec, calibration), None)


def check_light(frames: LinearFrames) -> Refusal | None:
    """Every light fired, and none too brightly."""
    return next(_light_refusals(frames), None)


def check_focus(frames: LinearFrames, calibration: CalibrationSet) -> Refusal | None:
    """Each view is as sharp as its calibration, within `BLUR_ALLOWED`."""
    return next(_focus_refusals(frames, calibration), None)


def check_style(spec: Spec, has_head: bool) -> Refusal | None:
    """The silhouette is of the family that the spec sheet describes."""
    if has_head == (spec.head is not None):
        return None
    seen = "has a head" if has_head else "has no head"
    wanted = "a solitaire" if spec.family == "solitaire" else "a plain band"
    return wrong_style(spec, f"the piece {seen}, and {spec.style} is {wanted}")


def wrong_style(spec: Spec, reason: str) -> Refusal:
    """A refusal for a piece that is not of the style in whose name it was handed in."""
    return Refusal("wrong_style", f"this is not {spec.style}: {reason}", "check the job bag and scan it again")


def _capture_refusals(capture: Capture, spec: Spec, calibration: CalibrationSet) -> Iterator[Refusal]:
    record = capture.record
    if record.style != spec.style:
        yield wrong_style(spec, f"the capture says style {record.style}")
    for view, light in frames_needed(spec):
        if capture.frame(view, light) is None:
            yield Refusal("frame_missing", f"frame {view}/{light} is missing", "capture the piece again")
    for (view, light), frame in capture.frames.items():
        first = next(f for (v, _), f in capture.frames.items() if v == view)
        if frame.pixels.shape[:2] != first.pixels.shape[:2]:
            yield Refusal(
                "frame_missing",
                f"frame {view}/{light} has {_size(frame.pixels)} pixels, {view}/{first.light} {_size(first.pixels)}; "
                "all frames of a view must have the same size",
                "check the camera's settings",
            )
    needed = views_needed(spec)
    locks = [_lock(view, capture, calibration) for view in needed]
    if all(locks):  # nothing is left that could be judged
        yield from (lock for lock in locks if lock is not None)


def locked_views(capture: Capture, spec: Spec, calibration: CalibrationSet) -> dict[View, str]:
    """Views whose calibration does not hold for this capture, and why: a clause after "because".

    Only what rests on them is not measured; the piece is judged on the rest.
    """
    locks: dict[View, Refusal | None] = {v: _lock(v, capture, calibration) for v in views_needed(spec)}
    return {view: f"{lock.reason}; {UNLOCKED_BY}" for view, lock in locks.items() if lock is not None}


def _lock(view: View, capture: Capture, calibration: CalibrationSet) -> Refusal | None:
    """Why nothing may be measured in a view, as the refusal that it is when no other view is left."""
    advice = f"calibrate the {view} view"
    if view not in calibration:
        return Refusal("calibration_missing", f"the {view} view has no calibration", advice)
    certificate = calibration[view].certificate
    try:
        certificate.check_valid(capture.record.when)
    except CalibrationExpired as expired:
        ended = certificate.ended(capture.record.when) or str(expired)
        return Refusal("calibration_expired", f"the {view} view is locked: {ended}", advice)
    serials = {f.camera_serial for (v, _), f in capture.frames.items() if v == view} - {certificate.camera_serial}
    if serials:
        reason = f"the {view} view was taken by camera {min(serials)}, and its calibration is of"
        return Refusal("calibration_missing", f"{reason} {certificate.camera_serial}", advice)
    return None


def _light_refusals(frames: LinearFrames) -> Iterator[Refusal]:
    for (view, light), frame in frames.items():
        level = float(np.percentile(frame.luminance, 99))
        needed = DARK_BACKLIGHT if light == "backlight" else DARK
        if level < needed:
            yield _light_missing(view, light, f"its frame reaches {level:.1%} of full scale, needed are {needed:.0%}")
    for view in VIEWS:
        for stripes in (STRIPES_X, STRIPES_Y):
            yield from _stripes_refusals(frames, view, stripes)
    for (view, light), frame in frames.items():
        share = float(frame.saturated.mean())
        allowed = SATURATED_ALLOWED.get(light, SATURATED_STRIPES)
        if share > allowed:
            yield Refusal(
                "saturated",
                f"the {view} view is too bright under {light} ({share:.1%} of its pixels at full scale, "
                f"allowed {allowed:.1%})",
                f"lower the exposure of {view}/{light} or remove the glare",
            )


def _stripes_refusals(frames: LinearFrames, view: View, stripes: tuple[Light, ...]) -> Iterator[Refusal]:
    if any((view, light) not in frames for light in stripes):
        return
    signals = [frames[view, light].luminance for light in stripes]
    share = imbalance(signals)
    if share > STRIPES_IMBALANCE:
        levels = [float(signal.mean()) for signal in signals]
        weak = 0 if levels[0] + levels[2] < levels[1] + levels[3] else 1
        k = min((weak, weak + 2), key=lambda i: levels[i])
        yield _light_missing(
            view,
            stripes[k],
            f"opposite frames differ by {share:.0%} of all the light, allowed are {STRIPES_IMBALANCE:.0%}",
        )


def _light_missing(view: View, light: Light, why: str) -> Refusal:
    return Refusal("light_missing", f"{light} did not shine in the {view} view ({why})", f"check the light {light}")


def _focus_refusals(frames: LinearFrames, calibration: CalibrationSet) -> Iterator[Refusal]:
    for (view, light), frame in frames.items():
        if light not in ("backlight", "dome"):
            continue
        sigma_px = edge_sigma_px(frame.luminance)
        allowed_px = BLUR_ALLOWED * calibration[view].certificate.edge_sigma_px
        if sigma_px is None:
            yield Refusal(
                "no_piece", f"the {view} view shows no edge under {light}", "place the piece in the middle of the view"
            )
        elif sigma_px > allowed_px:
            yield Refusal(
                "blurred",
                f"the {view} view is blurred (edge {sigma_px:.1f} px, allowed {allowed_px:.1f} px)",
                "seat the piece against the stop, wipe the lens and take it again",
            )


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"
