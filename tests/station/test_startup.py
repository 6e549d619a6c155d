"""The start-up check on the sample captures, through folder cameras; each fault is found by its own step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loupebox.calibration.frame import Frame, Light, View
from loupebox.station import cli
from loupebox.station.folder_camera import FolderCamera
from loupebox.station.records.start_ups import StartUpRecord
from loupebox.station.settings import SAMPLES_DIR, Settings
from loupebox.station.simulated_lightbox import SimulatedLightbox
from loupebox.station.startup import StartUpCheck, check_station, state_of, stored_cameras
from loupebox.station.startup_plan import KnownPiece, StartUpPlan, StartUpPlanError
from loupebox.station.workplace import Workplace

WHEN = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
PLAN = SAMPLES_DIR / "startup.toml"


class Clock:
    """A second passes between two looks, so that every capture has a folder of its own."""

    def __init__(self) -> None:
        self.now = WHEN

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class DimmedCamera(FolderCamera):
    """One light of the folder comes out at a part of its level."""

    def __init__(self, folder: Path, dim: Light, share: float) -> None:
        super().__init__(folder)
        self._dim, self._share = dim, share

    def grab(self, view: View, light: Light, exposure_ms: float, gain_db: float) -> Frame:
        frame = super().grab(view, light, exposure_ms, gain_db)
        if light != self._dim:
            return frame
        pixels = (frame.pixels * self._share).astype(frame.pixels.dtype)
        return Frame(pixels, view, light, frame.exposure_ms, frame.gain_db, frame.bits, frame.camera_serial)


@pytest.fixture(scope="module")
def workplace() -> Workplace:
    return Workplace.open(Settings.load())


def plan(**changes: Any) -> StartUpPlan:
    document = StartUpPlan.read(PLAN).model_dump(by_alias=True)
    return StartUpPlan.model_validate({**document, **changes})


def check(workplace: Workplace, wanted: StartUpPlan, folder: Path, dim: Light | None = None) -> StartUpCheck:
    def cameras(piece: KnownPiece) -> dict[View, FolderCamera]:
        assert piece.capture is not None
        path = SAMPLES_DIR / piece.capture
        camera = FolderCamera(path) if dim is None or piece.name != wanted.good.name else DimmedCamera(path, dim, 0.9)
        views: tuple[View, ...] = ("face", "top", "oblique", "shank")
        return dict.fromkeys(views, camera)

    with SimulatedLightbox() as lightbox:
        return check_station(wanted, workplace, cameras, lightbox, folder, Clock())


def test_the_sample_station_passes_and_keeps_its_captures(workplace: Workplace, tmp_path: Path) -> None:
    found = check(workplace, plan(), tmp_path)
    assert found.passed, [s for s in found.steps if not s.passed]
    names = [s.name.split()[0] for s in found.steps]
    assert set(names) == {"artefact", "golden", "light", "focus"}
    assert names.count("light") == 13
    assert names.count("focus") == 4
    assert len(list(tmp_path.glob("*/capture.json"))) == 3
    assert found.took_s > 0


def test_each_fault_is_found_by_its_own_step_and_says_what_to_do(workplace: Workplace, tmp_path: Path) -> None:
    before = plan()
    wrong = plan(
        artefact={**before.artefact.model_dump(), "value_mm": 18.135},
        good={**before.good.model_dump(), "capture": "captures/sol6-missing-prong"},
        bad={**before.bad.model_dump(), "capture": "captures/sol6-good-yellow"},
        focus_times=1.0,
    )
    found = check(workplace, wrong, tmp_path, dim="coaxial")
    failed = {s.name: s for s in found.steps if not s.passed}
    assert not found.passed
    artefact = failed["artefact reference band R-1"]
    assert "um off, E_n" in artefact.found
    assert "calibrate the scale of the face view" in artefact.advice
    assert "FAIL" in failed["golden good piece golden good solitaire G-1"].found
    bad = failed["golden bad piece golden bad solitaire B-1"]
    assert bad.found == "prong_3 did not fail; the piece got PASS"
    assert bad.advice.startswith("stop: a known defect gets through")
    assert "level" in failed["light shank/coaxial"].found
    assert "check lamp, cable and exposure of shank/coaxial" in failed["light shank/coaxial"].advice
    assert found.document["steps"][0]["passed"] is False


def test_a_piece_without_a_capture_needs_cameras() -> None:
    piece = KnownPiece(name="G-1", style="SOL6")
    with pytest.raises(StartUpPlanError, match="piece G-1 names no capture, and this station has no cameras"):
        stored_cameras(SAMPLES_DIR)(piece)


def record(passed: bool, at: datetime = WHEN) -> StartUpRecord:
    steps = [
        {"name": "light face/backlight", "passed": passed, "found": "level 0.1", "advice": "check lamp"},
        {"name": "artefact R-1", "passed": True, "found": "", "advice": ""},
    ]
    return StartUpRecord(3, "station-1", at, "Asha", passed, 9.0, {"steps": steps})


def test_when_a_check_is_due() -> None:
    assert state_of(None, WHEN, 24).due
    passed = state_of(record(True), WHEN + timedelta(hours=24), 24)
    assert (passed.due, passed.reason) == (False, "passed by Asha at 2026-11-02T06:30+00:00")
    old = state_of(record(True), WHEN + timedelta(hours=25), 24)
    assert (old.due, old.reason) == (True, "the last start-up check is 25 h old; allowed are 24 h")
    failed = state_of(record(False), WHEN, 24)
    assert failed.due
    assert failed.reason == "the last start-up check failed: light face/backlight: check lamp"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("schema = 1", "schema = 2", "key 'schema' is 2; allowed is 1"),
        ('"face/backlight"', '"face/candle"', "lights names 'face/candle'; allowed is a view and a light"),
        ("value_mm = 18.1293", "value_mm = -1.0", "key 'artefact.value_mm' is -1.0; allowed is a number above 0"),
        ("focus_times", "focus_time", "did you mean 'focus_times'"),
        ("[good]", "[good", "not TOML"),
    ],
)
def test_a_wrong_plan_is_told_in_a_sentence(before: str, after: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "startup.toml"
    path.write_text(PLAN.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
    with pytest.raises(StartUpPlanError) as caught:
        StartUpPlan.read(path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


def test_the_command_records_and_tells_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["startup", "--state"]) == 1
    assert "start-up check due; no start-up check is recorded" in capsys.readouterr().out
    assert cli.run(["startup", "--plan", "none.toml"]) == 4
    assert "start-up plan none.toml cannot be read" in capsys.readouterr().err
    assert cli.run(["startup", "--levels"]) == 0
    levels = capsys.readouterr().out
    assert '"face/backlight" = { level = ' in levels
    assert all(line in PLAN.read_text(encoding="utf-8") for line in levels.splitlines())
