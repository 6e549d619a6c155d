"""`loupebox calibrate`: from drawn pictures to drafts, signatures, and the certificate that a view is measured with."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.special import ndtr

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.draft import CalibrationDraft
from loupebox.station import cli
from loupebox.station.records.hashing import Hashing
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.sign_in_rules import SignInRules

sys.path.insert(0, str(Path(__file__).parent.parent / "calibration"))
sys.path.insert(0, str(Path(__file__).parent.parent / "inspect"))

from boards import drawn_chessboard, rotation
from virtual_sensor import VirtualSensor

PIN = "314159"
UM_PER_PX = 20.0
BLUR = math.hypot(0.8, math.sqrt(1 / 12))
COMMON = ("--camera", "LB-7", "--temperature", "21", "--when", "2026-11-02T08:00+00:00")


class Place:
    """A folder with settings, artefacts and a log with one engineer."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        monkeypatch.chdir(folder)
        (folder / "loupebox.toml").write_text(
            'data_dir = "data"\ncalibration_dir = "calibration"\npin_passes = 1\npin_memory_kib = 8\n', encoding="utf-8"
        )
        log = QcLog.open(folder / "data" / "qc.sqlite", folder / "data" / "frames", SignInRules(Hashing(1, 8)))
        log.people.add("Devi", ["engineer"], who="test", pin=PIN)
        log.people.add("Asha", ["inspector"], who="test", pin=PIN)
        log.close()

    def call(self, *arguments: object) -> tuple[int, str, str]:
        self._capsys.readouterr()
        status = cli.run([str(a) for a in arguments])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def pictures(self, name: str, *pictures: np.ndarray) -> Path:
        folder = self.folder / name
        folder.mkdir()
        for i, picture in enumerate(pictures):
            write(folder / f"{i}.png", picture)
        return folder

    def artefact(self, kind: str, length_mm: float, **more: object) -> Path:
        document: dict[str, object] = {
            "artefact_id": f"A-{kind}",
            "kind": kind,
            "laboratory": "a laboratory",
            "certificate": "C-1",
            "length_mm": length_mm,
            "expanded_uncertainty_um": 0.6,
            "coverage_factor": 2.0,
            "drift_um_per_year": 0.2,
            "material": "steel",
            **more,
        }
        lines = ["schema = 1", "calibrated_on = 2026-01-10", "valid_until = 2028-01-10"]
        lines += [f"{k} = {json.dumps(v)}" for k, v in document.items()]
        path = self.folder / f"{kind.replace(' ', '-')}.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def draft(self, view: str, kind: str) -> CalibrationDraft:
        path = self.folder / f"{view}-{kind}-2026-11-02.json"
        return CalibrationDraft.parse(path.read_text(encoding="utf-8"), str(path))

    def sign(self, view: str, kind: str, by: str = "Devi", pin: str = PIN) -> tuple[int, str, str]:
        return self.call("calibrate", "sign", f"{view}-{kind}-2026-11-02.json", "--by", by, "--pin", pin)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    return Place(tmp_path, monkeypatch, capsys)  # type: ignore[return-value]


def write(path: Path, picture: np.ndarray) -> None:
    if picture.dtype.kind == "f":
        picture = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    assert cv2.imwrite(str(path), picture)


def ring(diameter_px: float, seed: int, centre: tuple[float, float] = (350.3, 349.6)) -> np.ndarray:
    """A dark ring gauge on a bright field, as square pixels see it."""
    y, x = np.mgrid[:700, :700]
    r = np.hypot(x - centre[0], y - centre[1])
    metal = ndtr((r - diameter_px / 2) / BLUR) - ndtr((r - diameter_px / 2 - 80) / BLUR)
    return 0.8 - 0.75 * metal + np.random.default_rng(seed).normal(0, 0.004, r.shape)


def bar(width_px: float, seed: int) -> np.ndarray:
    y, x = np.mgrid[:400, :500]
    distance = (y - 199.4) - 0.03 * (x - 250)
    distance = distance / math.hypot(1, 0.03)
    inside = ndtr((distance + width_px / 2) / BLUR) - ndtr((distance - width_px / 2) / BLUR)
    return 0.8 - 0.75 * inside + np.random.default_rng(seed).normal(0, 0.004, x.shape)


def edge(sigma: float, seed: int) -> np.ndarray:
    y, x = np.mgrid[:160, :160]
    tilt = math.radians(5)
    distance = (x - 80) * math.cos(tilt) - (y - 80) * math.sin(tilt)
    picture = 0.1 + 0.7 * ndtr(distance / math.hypot(sigma, math.sqrt(1 / 12)))
    return picture + np.random.default_rng(seed).normal(0, 0.003, x.shape)


def sensor_folder(place: Place, linear: bool = True) -> Path:
    sensor = VirtualSensor(bits=12, shape=(96, 128), square_response=0.0 if linear else 0.3, hot=((10, 20),))
    folder = place.folder / "sensor"
    folder.mkdir()
    for i in range(8):
        write(folder / f"dark_4ms_{i}.png", sensor.frame(0, i))
        write(folder / f"flat_6ms_{i}.png", sensor.frame(7000, 100 + i))
    for k, ms in enumerate(np.linspace(0.5, 17, 12)):
        for half in "ab":
            write(folder / f"light_{ms:.2f}ms_{half}.png", sensor.frame(1000 * ms, 200 + 2 * k + (half == "b")))
    flashes = folder / "lights" / "backlight"
    flashes.mkdir(parents=True)
    for i in range(6):
        write(flashes / f"{i}.png", sensor.frame(6000 * (1 + 0.001 * (-1) ** i), 300 + i))
    return folder


def test_scale_from_a_ring_gauge_holds_the_truth_and_its_page_shows_the_budget(place: Place) -> None:
    # At 21 degrees the gauge has grown by 11.5e-6 of itself.
    true_mm = 10.0003 * (1 + 11.5e-6)
    pictures = [ring(true_mm * 1000 / UM_PER_PX, seed) for seed in range(4)]
    status, out, err = place.call(
        "calibrate", "scale", place.pictures("rings", *pictures), "--view", "face", *COMMON, "--about", 20.1,
        "--half-angle", 1, "--artefact", place.artefact("ring gauge", 10.0003, edge_radius_mm=0.05),
    )  # fmt: skip
    assert status == 0, err
    draft = place.draft("face", "scale")
    scale = draft.results[0]
    assert abs(scale.value - UM_PER_PX) < (scale.expanded_uncertainty or 0)
    assert (scale.expanded_uncertainty or 0) < 0.008
    assert {line.name for line in scale.budget} >= {
        "certificate of the artefact", "drift of the artefact", "temperature of the artefact",
        "expansion of the artefact", "repeated placements", "backlight", "level of the edge",
    }  # fmt: skip
    assert (scale.degrees_of_freedom is None) == ("scale_degrees_of_freedom" not in draft.sets)
    page = (place.folder / "face-scale-2026-11-02.html").read_text(encoding="utf-8")
    for words in ("Budget: scale", "ring gauge A-ring gauge", "21 ± 1 °C", "valid until", "<svg"):
        assert words in page
    assert "SCALE OF THE FACE VIEW" in out


def test_a_scale_from_a_graticule_and_a_backlight_from_a_pin(place: Place) -> None:
    x = np.mgrid[:300, :400][1]
    place_in_line = (x - 100.4) % 25.0 - 12.5
    lines = [0.8 - 0.6 * (ndtr((place_in_line + 2.5) / BLUR) - ndtr((place_in_line - 2.5) / BLUR))] * 3
    noisy = [one + np.random.default_rng(s).normal(0, 0.004, one.shape) for s, one in enumerate(lines)]
    graticule = place.artefact("graticule", 0.5, material="soda-lime glass", expanded_uncertainty_um=0.1)
    status, _, err = place.call(
        "calibrate", "scale", place.pictures("lines", *noisy), "--view", "face", *COMMON, "--about", 20,
        "--artefact", graticule,
    )  # fmt: skip
    assert status == 0, err
    assert place.draft("face", "scale").results[0].value == pytest.approx(20.0, rel=2e-4)
    (place.folder / "calibration").mkdir()
    view = {
        **json.loads((cli_samples() / "face.json").read_text(encoding="utf-8")),
        "scale_um_per_px": 20.0, "scale_standard_uncertainty_um_per_px": 0.0004, "dark_level_dn": 0.0,
        "flat_file": None, "flat_sha256": None,
    }  # fmt: skip
    (place.folder / "calibration" / "face.json").write_text(json.dumps(view), encoding="utf-8")
    half_angle = 6.0
    looks_px = 4.0 * math.cos(math.radians(half_angle) / 2) * 1000 / UM_PER_PX
    pin = place.artefact("pin", 4.0, edge_radius_mm=2.0)
    status, _, err = place.call(
        "calibrate", "backlight", place.pictures("pins", *(bar(looks_px, s) for s in range(4))), "--view", "face",
        *COMMON, "--temperature", 20, "--artefact", pin,
    )  # fmt: skip
    assert status == 0, err
    angle = next(r for r in place.draft("face", "backlight").results if r.name == "half-angle of the backlight")
    assert abs(angle.value - half_angle) < (angle.expanded_uncertainty or 0)
    wide = 4.0 * math.cos(math.radians(20) / 2) * 1000 / UM_PER_PX
    status, out, _ = place.call(
        "calibrate", "backlight", place.pictures("wide", *(bar(wide, s) for s in range(4))), "--view", "face",
        *COMMON, "--temperature", 20, "--artefact", pin,
    )  # fmt: skip
    assert status == 1
    assert "not acceptable: silhouettes cannot be trusted because the backlight's half-angle is" in out


def cli_samples() -> Path:
    from loupebox.station.settings import SAMPLES_DIR

    return SAMPLES_DIR / "calibration"


def test_a_view_is_calibrated_from_nothing_signed_listed_and_charted(place: Place) -> None:
    true_mm = 10.0 * (1 + 11.5e-6)
    gauge = place.artefact("ring gauge", 10.0)
    rings = place.pictures("rings", *(ring(true_mm * 1000 / UM_PER_PX, seed) for seed in range(3)))
    calls = (
        ("sensor", sensor_folder(place), "--bits", 12),
        ("sharpness", place.pictures("edges", edge(0.8, 1), edge(0.8, 2))),
        ("scale", rings, "--artefact", gauge, "--about", 20, "--half-angle", 1),
    )
    for kind, *rest in calls:
        status, _, err = place.call("calibrate", kind, *rest, "--view", "face", *COMMON)
        assert status == 0, err
    status, out, err = place.sign("face", "sensor")
    assert status == 0, err
    assert "still to be calibrated and signed are scale, sharpness" in out
    assert place.sign("face", "sharpness")[0] == 0
    status, out, err = place.sign("face", "scale")
    assert status == 0, err
    assert "in force" in out
    certificate = Certificate.parse((place.folder / "calibration" / "face.json").read_text(encoding="utf-8"), "face")
    assert certificate.scale_um_per_px == pytest.approx(20.0, rel=2e-4)
    assert certificate.edge_sigma_px == pytest.approx(0.8, rel=0.03)
    assert certificate.dark_level_dn == pytest.approx(64 * 255 / 4095, rel=0.01)
    assert certificate.issued_by == "Devi"
    assert [(p.kind, p.number) for p in certificate.parts] == [("sensor", 1), ("sharpness", 2), ("scale", 3)]
    assert (place.folder / "calibration" / str(certificate.flat_file)).exists()
    # Sensor holds a year, scale and sharpness half of it: the view ends with the first.
    assert certificate.ended(certificate.issued_at) is None
    assert "sharpness calibration 2 ended" in str(certificate.ended(certificate.issued_at + timedelta(days=181)))
    status, out, _ = place.call("calibrate", "list")
    assert status == 0
    assert [line.split()[:2] for line in out.splitlines()[:3]] == [
        ["face", "scale"], ["face", "sensor"], ["face", "sharpness"],
    ]  # fmt: skip
    status, out, _ = place.call("calibrate", "history", "--html", "history.html")
    assert status == 0
    page = (place.folder / "history.html").read_text(encoding="utf-8")
    for words in ("Scale of the face view", "Sensor of the face view", "MTF50", "overall system gain K"):
        assert words in page


def test_the_sensor_comes_back_and_a_bent_one_fails_and_locks_its_view(place: Place) -> None:
    folder = sensor_folder(place, linear=False)
    status, out, err = place.call("calibrate", "sensor", folder, "--view", "face", *COMMON, "--bits", 12)
    assert status == 1, err
    assert "linearity error LE is" in out
    draft = place.draft("face", "sensor")
    assert not draft.passed
    by_name = {r.name: r for r in draft.results}
    assert by_name["hot and dead pixels"].value == pytest.approx(1e6 / (96 * 128), rel=0.05)
    assert by_name["repeatability of backlight"].value == pytest.approx(0.1, rel=0.4)
    (place.folder / "calibration").mkdir()
    for name in ("face.json", "face.flat.png"):
        (place.folder / "calibration" / name).write_bytes((cli_samples() / name).read_bytes())
    status, out, err = place.sign("face", "sensor")
    assert status == 0, err
    assert "the view is locked, for this calibration failed" in out
    certificate = Certificate.parse((place.folder / "calibration" / "face.json").read_text(encoding="utf-8"), "face")
    assert "its sensor calibration 1 failed on 2026-11-02: linearity error LE is" in str(
        certificate.ended(certificate.issued_at)
    )
    assert "face     sensor     failed" in place.call("calibrate", "list")[1]


def test_a_camera_from_drawn_boards(place: Place) -> None:
    squares, size = (10, 7), (480, 360)
    matrix = np.array([[600.0, 0, 239.5], [0, 600.0, 179.5], [0, 0, 1]])
    pictures = []
    for tilt, towards in ((12, 0), (25, 80), (20, 170), (28, 250)):
        turned = rotation(tilt, towards, 4)
        middle = np.array([0, 0, 17.0]) - turned @ np.array([squares[0] / 2, squares[1] / 2, 0])
        homography = matrix @ np.column_stack([turned[:, 0], turned[:, 1], middle])
        pictures.append(drawn_chessboard(homography, squares, size))
    pictures.append(np.full((360, 480), 200, np.uint8))
    board_file = place.artefact("chessboard", 2.5, squares=[10, 7], material="soda-lime glass")
    folder = place.pictures("boards", *pictures)
    common = (folder, "--view", "oblique", *COMMON, "--artefact", board_file)
    status, out, err = place.call("calibrate", "camera", *common, "--lens", "pinhole", "--fixed-aspect")
    assert status == 0, err
    assert "4.png is not used because no chessboard of 10 x 7 squares is seen whole." in out
    names = {r.name for r in place.draft("oblique", "camera").results}
    assert {"fx_px", "cx_px", "k1", "corner noise"} <= names
    focal = place.draft("oblique", "camera").results[0]
    assert abs(focal.value - 600) < 2 * (focal.expanded_uncertainty or 0)
    assert "a bootstrap needs 8 views" in (place.folder / "oblique-camera-2026-11-02.html").read_text(encoding="utf-8")
    affine = np.array([[32.0, 3.0, 40.0], [-2.0, 34.0, 50.0], [0, 0, 1.0]])
    flat = [drawn_chessboard(affine + np.array([[0, 0, d], [0, 0, 0], [0, 0, 0]]), squares, size) for d in (0, 5, 10)]
    status, _, err = place.call(
        "calibrate", "camera", place.pictures("flat", *flat), "--view", "top", *COMMON, "--artefact", board_file,
        "--heights", "0,1,2", "--stage", "0.png",
    )  # fmt: skip
    assert status == 0, err + out
    draft = place.draft("top", "camera")
    assert {"lens_k1", "lens_p1", "lens_p2", "elevation_deg"} <= draft.sets.keys()
    assert 0 < draft.sets["lens_standard_uncertainty_px"] < 1
    axis = next(r for r in draft.results if r.name == "optical axis against the stage, x")
    # 5 px a mm: asin(5 / magnification).
    magnification = draft.results[0].value
    assert axis.value == pytest.approx(math.degrees(math.asin(5 / magnification)), abs=0.3)


def test_only_an_engineer_signs_and_only_with_the_right_pin(place: Place) -> None:
    status, _, err = place.call(
        "calibrate", "sharpness", place.pictures("edges", edge(0.8, 1)), "--view", "face", *COMMON
    )
    assert status == 0, err
    status, _, err = place.sign("face", "sharpness", by="Asha")
    assert (status, err) == (4, "loupebox: Asha (inspector) cannot sign calibration.sign; the role engineer can\n")
    status, _, err = place.sign("face", "sharpness", pin="000000")
    assert status == 4
    assert place.sign("face", "sharpness")[0] == 0
    status, _, err = place.sign("face", "sharpness")
    assert "signed already: certificate 1" in err


def test_a_changed_flat_and_the_samples_folder_are_refused(place: Place) -> None:
    assert place.call("calibrate", "sensor", sensor_folder(place), "--view", "face", *COMMON, "--bits", 12)[0] == 0
    next(place.folder.glob("face.flat.*.png")).write_bytes(b"another")
    status, _, err = place.sign("face", "sensor")
    assert status == 4
    assert "is not the picture of the draft" in err
    assert place.call("calibrate", "list")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("scale", "nowhere", "--artefact", "ring-gauge.toml", "--about", "20"), "folder nowhere does not exist"),
        (("scale", "few", "--artefact", "ring-gauge.toml", "--about", "20"), "holds 1 pictures"),
        (("scale", "few", "--artefact", "ring-gauge.toml"), "give the scale roughly with --about"),
        (("scale", "few", "--artefact", "none.toml", "--about", "20"), "artefact file none.toml cannot be read"),
        (("scale", "flat", "--artefact", "chessboard.toml", "--about", "20"), "a scale comes from a ring gauge"),
        (("scale", "flat", "--artefact", "ring-gauge.toml", "--about", "20"), "flat/0.png cannot be used because"),
        (("camera", "flat", "--artefact", "ring-gauge.toml"), "a camera needs a chessboard"),
        (("camera", "flat", "--artefact", "chessboard.toml"), "there are 0 views"),
        (("sensor", "flat"), "does not say what it is; allowed are names such as dark_4ms_1.png"),
        (("sharpness", "flat"), "flat/0.png cannot be used because no edge is seen"),
        (("sharpness", "flat", "--region", "1,2"), "--region is '1,2'; allowed is x,y,width,height in px"),
        (("backlight", "flat", "--artefact", "ring-gauge.toml"), "the view has no certificate"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(place: Place, arguments: tuple[str, ...], says: str) -> None:
    place.artefact("ring gauge", 10.0)
    place.artefact("chessboard", 2.5, squares=[10, 7])
    place.pictures("few", np.full((100, 100), 0.5))
    place.pictures("flat", *[np.full((100, 100), 0.5)] * 3)
    status, _, err = place.call("calibrate", *arguments, "--view", "face", *COMMON)
    assert status == 4, err
    assert err.startswith("loupebox: ")
    assert says in err
