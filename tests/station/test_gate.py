"""The gate refuses what cannot carry a verdict, and nothing else; truth is made here, pixel by pixel."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.special import erf
from tiny_captures import write_capture

from loupebox.calibration.certificate import CalibrationExpired, Certificate
from loupebox.calibration.frame import Light, LinearFrame, View
from loupebox.inspect.spec import Spec
from loupebox.station.calibration_set import Calibration
from loupebox.station.capture import Capture, read_capture
from loupebox.station.gate import (
    UNLOCKED_BY,
    check_capture,
    check_focus,
    check_light,
    check_style,
    correct_frames,
    locked_views,
)
from loupebox.station.needs import STRIPES_X, STRIPES_Y, frames_needed, views_needed
from loupebox.station.settings import SAMPLES_DIR
from loupebox.station.spec_sheet import find_spec_sheet

SIZE = 160
EDGE_SIGMA_PX = 0.8


def certificate(view: View, **changes: object) -> Calibration:
    document = {
        "schema": 1,
        "certificate_id": f"TEST-{view}",
        "station": "test-1",
        "view": view,
        "camera_serial": f"TEST-{view}",
        "artefact": "drawn",
        "issued_by": "this test",
        "issued_at": "2026-10-01T00:00:00+00:00",
        "valid_until": "2027-04-01T00:00:00+00:00",
        "scale_um_per_px": 16.0,
        "scale_standard_uncertainty_um_per_px": 0.001,
        "dark_level_dn": 4.0,
        "edge_sigma_px": EDGE_SIGMA_PX,
        **changes,
    }
    return Calibration(Certificate.parse(json.dumps(document), "test"), "0" * 64, None)


def calibration(**changes: object) -> dict[View, Calibration]:
    views: tuple[View, ...] = ("face", "top", "oblique", "shank")
    return {view: certificate(view, **changes) for view in views}


@pytest.fixture(params=["SOL6", "BAND"])
def spec(request: pytest.FixtureRequest) -> Spec:
    return find_spec_sheet(SAMPLES_DIR / "specs", request.param).spec


def capture_for(spec: Spec, folder: Path, skip: tuple[str, str] | None = None, **changes: object) -> Capture:
    frames = {
        (view, light): np.zeros((8, 8, 3) if light == "dome" else (8, 8), np.uint8)
        for view, light in frames_needed(spec)
        if (view, light) != skip
    }
    return read_capture(write_capture(folder, frames, **{"style": spec.style, **changes}))


def disc(sigma_px: float = EDGE_SIGMA_PX, level: float = 0.6) -> np.ndarray:
    """A dark disc on a bright field, its edge blurred by exactly this much, with the noise of a good camera."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    distance = np.hypot(x - 80.3, y - 79.6) - 45
    edge = 0.5 * (1 + erf(distance / (np.sqrt(2) * sigma_px)))
    noise = np.random.default_rng(3).normal(0, 0.003, distance.shape)
    return (0.03 + (level - 0.03) * edge + noise).astype(np.float32)


def linear(view: View, light: Light, signal: np.ndarray, saturated: np.ndarray | None = None) -> LinearFrame:
    bright = np.zeros(signal.shape[:2], bool) if saturated is None else saturated
    return LinearFrame(signal.astype(np.float32), bright, view, light)


def lit_frames() -> dict[tuple[View, Light], LinearFrame]:
    """All frames of a good capture, as far as the gate looks."""
    phase = np.linspace(0, 40, SIZE)[None, :] * np.ones((SIZE, 1))
    frames: dict[tuple[View, Light], LinearFrame] = {
        ("face", "backlight"): linear("face", "backlight", disc()),
        ("top", "dome"): linear("top", "dome", np.repeat(disc()[..., None], 3, axis=2)),
        ("shank", "coaxial"): linear("shank", "coaxial", disc()),
    }
    for lights in (STRIPES_X, STRIPES_Y):
        for k, light in enumerate(lights):
            frames["shank", light] = linear("shank", light, 0.2 + 0.15 * np.cos(phase + k * np.pi / 2))
    return frames


def test_a_whole_capture_passes(spec: Spec, tmp_path: Path) -> None:
    assert check_capture(capture_for(spec, tmp_path / "c"), spec, calibration()) is None


def test_every_frame_that_the_style_needs_is_missed_by_name(spec: Spec, tmp_path: Path) -> None:
    for k, (view, light) in enumerate(frames_needed(spec)):
        refusal = check_capture(capture_for(spec, tmp_path / str(k), (view, light)), spec, calibration())
        assert refusal is not None
        assert refusal.code == "frame_missing"
        assert refusal.sentence == f"retake, because frame {view}/{light} is missing"


def test_a_band_needs_no_head_views() -> None:
    band = find_spec_sheet(SAMPLES_DIR / "specs", "BAND").spec
    assert {view for view, _ in frames_needed(band)} == {"face", "shank"}


def test_another_style_than_the_captures_is_refused(spec: Spec, tmp_path: Path) -> None:
    refusal = check_capture(capture_for(spec, tmp_path / "c", style="OTHER"), spec, calibration())
    assert refusal is not None
    assert refusal.code == "wrong_style"
    assert "OTHER" in refusal.reason


def test_a_view_without_calibration_is_locked_and_the_others_are_not(spec: Spec, tmp_path: Path) -> None:
    without = {view: one for view, one in calibration().items() if view != "shank"}
    capture = capture_for(spec, tmp_path / "c")
    assert check_capture(capture, spec, without) is None
    locked = locked_views(capture, spec, without)
    assert locked == {"shank": f"the shank view has no calibration; {UNLOCKED_BY}"}
    assert {view for view, _ in correct_frames(capture, spec, without)} == set(views_needed(spec)) - {"shank"}


def test_another_camera_than_the_calibrated_one_locks_its_view(spec: Spec, tmp_path: Path) -> None:
    swapped = {**calibration(), "face": certificate("face", camera_serial="SWAPPED")}
    locked = locked_views(capture_for(spec, tmp_path / "c"), spec, swapped)
    assert set(locked) == {"face"}
    assert "taken by camera TEST-face, and its calibration is of SWAPPED" in locked["face"]


@pytest.mark.parametrize(
    ("when", "expired"),
    [
        ("2026-09-30T23:59:59+00:00", "its certificate TEST-face begins on 2026-10-01"),
        ("2026-10-01T02:00:00+02:00", None),
        ("2027-04-01T00:00:00+00:00", None),
        ("2027-04-01T00:00:01+00:00", "its certificate TEST-face ended on 2027-04-01"),
    ],
)
def test_a_calibration_is_judged_at_the_time_of_the_capture(when: str, expired: str | None, tmp_path: Path) -> None:
    band = find_spec_sheet(SAMPLES_DIR / "specs", "BAND").spec
    assert datetime.fromisoformat(when).tzinfo is not None
    capture = capture_for(band, tmp_path / "c", when=when)
    refusal = check_capture(capture, band, calibration())
    # With no view left that may be measured, the capture is refused as a whole.
    assert (refusal is not None and refusal.code == "calibration_expired") is (expired is not None)
    long = calibration(issued_at="2026-01-01T00:00:00+00:00", valid_until="2028-01-01T00:00:00+00:00")
    one = locked_views(capture, band, {**long, "face": certificate("face")})
    assert set(one) == ({"face"} if expired else set())
    if expired:
        assert f"the face view is locked: {expired}" in one["face"]


def test_a_part_that_ended_or_failed_locks_the_view(tmp_path: Path) -> None:
    band = find_spec_sheet(SAMPLES_DIR / "specs", "BAND").spec
    capture = capture_for(band, tmp_path / "c", when="2026-11-10T09:30:00+01:00")

    def with_part(**changes: object) -> dict[str, object]:
        return {
            "kind": "scale",
            "number": 12,
            "signed_by": "Devi",
            "made_at": "2026-05-01T00:00:00+00:00",
            "valid_until": "2026-11-01T00:00:00+00:00",
            **changes,
        }

    ended = locked_views(capture, band, {**calibration(), "face": certificate("face", parts=[with_part()])})
    assert "the face view is locked: its scale calibration 12 ended on 2026-11-01" in ended["face"]
    with pytest.raises(CalibrationExpired, match="scale calibration 12 of view face at station test-1, signed by Devi"):
        certificate("face", parts=[with_part()]).certificate.check_valid(capture.record.when)
    bad = with_part(valid_until="2027-05-01T00:00:00+00:00", failed="the linearity error is 4 %")
    failed = locked_views(capture, band, {**calibration(), "face": certificate("face", parts=[bad])})
    assert "its scale calibration 12 failed on 2026-05-01: the linearity error is 4 %" in failed["face"]
    holds = with_part(valid_until="2027-05-01T00:00:00+00:00")
    assert locked_views(capture, band, {**calibration(), "face": certificate("face", parts=[holds])}) == {}


def test_frames_of_one_view_must_have_one_size(tmp_path: Path) -> None:
    band = find_spec_sheet(SAMPLES_DIR / "specs", "BAND").spec
    frames = {key: np.zeros((8, 8), np.uint8) for key in frames_needed(band)}
    frames["shank", "stripes_x_2"] = np.zeros((8, 9), np.uint8)
    capture = read_capture(write_capture(tmp_path / "c", frames, style="BAND"))
    refusal = check_capture(capture, band, calibration())
    assert refusal is not None
    assert "shank/stripes_x_2 has 9 x 8 pixels" in refusal.reason


def test_good_light_passes() -> None:
    assert check_light(lit_frames()) is None


@pytest.mark.parametrize("key", list(lit_frames()), ids="/".join)
def test_any_light_that_did_not_fire_is_named(key: tuple[View, Light]) -> None:
    frames = lit_frames()
    noise = np.random.default_rng(5).normal(0, 0.004, frames[key].signal.shape)
    frames[key] = linear(*key, noise)
    refusal = check_light(frames)
    assert refusal is not None
    assert refusal.code == "light_missing"
    assert f"{key[1]} did not shine in the {key[0]} view" in refusal.reason


@pytest.mark.parametrize("light", [*STRIPES_X, *STRIPES_Y])
def test_a_stripe_light_that_fired_weakly_is_named(light: Light) -> None:
    frames = lit_frames()
    frames["shank", light] = linear("shank", light, 0.3 * frames["shank", light].signal)
    refusal = check_light(frames)
    assert refusal is not None
    assert refusal.code == "light_missing"
    assert light in refusal.reason


@pytest.mark.parametrize("key", list(lit_frames()), ids="/".join)
def test_glare_is_named(key: tuple[View, Light]) -> None:
    frames = lit_frames()
    saturated = np.zeros((SIZE, SIZE), bool)
    saturated[: SIZE // 8] = True
    frames[key] = linear(*key, frames[key].signal, saturated)
    refusal = check_light(frames)
    assert refusal is not None
    assert refusal.code == "saturated"
    assert f"{key[0]} view is too bright under {key[1]} (12.5% of its pixels" in refusal.reason


@pytest.mark.parametrize(("sigma_px", "blurred"), [(0.8, False), (1.3, False), (2.2, True), (4.0, True)])
def test_blur_is_measured_against_the_calibration(sigma_px: float, blurred: bool) -> None:
    frames = {("face", "backlight"): linear("face", "backlight", disc(sigma_px))}
    refusal = check_focus(frames, calibration())  # type: ignore[arg-type]
    assert (refusal is not None) is blurred
    if refusal is not None:
        assert refusal.code == "blurred"
        assert "the face view is blurred (edge " in refusal.reason
        assert "allowed 1.6 px)" in refusal.reason


def test_a_view_of_nothing_is_no_piece() -> None:
    empty = linear("face", "backlight", np.full((SIZE, SIZE), 0.6))
    refusal = check_focus({("face", "backlight"): empty}, calibration())
    assert refusal is not None
    assert refusal.code == "no_piece"


def test_a_head_tells_a_solitaire_from_a_band(spec: Spec) -> None:
    solitaire = spec.family == "solitaire"
    assert check_style(spec, has_head=solitaire) is None
    refusal = check_style(spec, has_head=not solitaire)
    assert refusal is not None
    assert refusal.code == "wrong_style"
    assert spec.style in refusal.reason
