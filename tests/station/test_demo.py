"""End to end through the real command: the samples, the models, the database, the screens."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from loupebox.station.cli import run
from loupebox.station.demo_people import DEMO_PIN
from loupebox.station.records.qc_log import QcLog
from loupebox.station.report import json_schema
from loupebox.station.settings import MODELS_DIR, SAMPLES_DIR
from loupebox.station.workplace import Workplace

CAPTURES = SAMPLES_DIR / "captures"
COMMAND = [sys.executable, "-c", "from loupebox.station.cli import main; main()"]
AS_A_BROWSER = {"accept": "text/html"}


@dataclass(frozen=True)
class Demo:
    status: int
    lines: list[str]
    err: str
    data: Path

    def log(self) -> QcLog:
        return QcLog.open(self.data / "qc.sqlite", self.data / "frames")


def loupebox(*arguments: str, cwd: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, **more)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """`loupebox demo --once --truth`, once for all tests here."""
    folder = tmp_path_factory.mktemp("demo")
    done = loupebox("demo", "--once", "--truth", "--data", "data", cwd=folder)
    return Demo(done.returncode, done.stdout.splitlines(), done.stderr, folder / "data")


def slugs() -> list[str]:
    return sorted(path.parent.name for path in CAPTURES.glob("*/capture.json"))


def truth_of(slug: str) -> dict[str, Any]:
    return json.loads((CAPTURES / slug / "truth.json").read_text(encoding="utf-8"))


def slug_with(verdict: str, beginning: str = "") -> Path:
    """The first sample whose truth is this verdict."""
    return next(CAPTURES / slug for slug in slugs() if truth_of(slug)["verdict"] == verdict and beginning in slug)


def test_every_sample_agrees_with_its_truth(demo: Demo) -> None:
    count = len(slugs())
    assert count >= 17
    assert demo.err == ""
    assert demo.lines[-1] == f"{count} of {count} samples agree with their truth", "\n".join(demo.lines)
    assert demo.status == 0


def test_the_demo_prints_a_line_a_piece(demo: Demo) -> None:
    for line, slug in zip(demo.lines, slugs(), strict=False):
        record = json.loads((CAPTURES / slug / "capture.json").read_text(encoding="utf-8"))
        piece, style, verdict, ms, unit, reason = line.split(None, 5)
        assert (piece, style, verdict, unit) == (record["piece"], record["style"], truth_of(slug)["verdict"], "ms")
        assert int(ms) > 0
        assert len(reason) > 10


def test_everything_is_recorded_with_its_frames(demo: Demo) -> None:
    log = demo.log()
    try:
        page = log.recent(limit=100)
        assert len(page.items) == len(slugs())
        for number in (summary.id for summary in page.items):
            record = log.inspection(number)
            jsonschema.Draft202012Validator(json_schema()).validate(record.report)
            for frame in record.report["replay"]["frames"]:
                content, _ = log.frame(frame["sha256"])
                assert content
    finally:
        log.close()


def test_what_was_recorded_replays_to_the_same(demo: Demo, tmp_path: Path) -> None:
    """From the stored frames alone, with the same sheet, models and certificates."""
    slug = slug_with("FAIL", "prong").name
    piece = json.loads((CAPTURES / slug / "capture.json").read_text(encoding="utf-8"))
    log = demo.log()
    try:
        number = next(s.id for s in log.recent(limit=100).items if s.piece == piece["piece"])
        stored = log.inspection(number).report
        for frame in piece["frames"]:
            (tmp_path / frame["file"]).write_bytes(log.frame(frame["sha256"])[0])
    finally:
        log.close()
    shutil.copy(CAPTURES / slug / "capture.json", tmp_path)
    done = loupebox("inspect", str(tmp_path), "--json", cwd=tmp_path)
    again = json.loads(done.stdout)
    assert again.pop("timings_ms").keys() == stored.pop("timings_ms").keys()
    assert again == stored


@pytest.mark.parametrize(("verdict", "status"), [("PASS", 0), ("FAIL", 1), ("REVIEW", 2), ("REFUSED", 3)])
def test_the_exit_status_tells_the_verdict(
    verdict: str, status: int, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["inspect", str(slug_with(verdict)), "--json"]) == status
    out, err = capsys.readouterr()
    assert err == ""
    report = json.loads(out)
    jsonschema.Draft202012Validator(json_schema()).validate(report)
    assert report["verdict"] == verdict
    assert (report["refusal"] is not None) is (verdict == "REFUSED")
    assert (report["reasons"] == []) is (verdict == "PASS")
    assert list(tmp_path.iterdir()) == []


def test_words_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(slug_with("PASS", "sol6"))]) == 0
    out = capsys.readouterr().out
    assert out.startswith("PASS  piece ")
    assert "inner diameter: " in out
    assert "ring size: ISO " in out
    assert "6 good" in out
    assert "loose stones" in out


@dataclass(frozen=True)
class Altered:
    """A settings file whose calibration and models are copies that a test may spoil."""

    folder: Path

    @property
    def settings(self) -> str:
        return str(self.folder / "loupebox.toml")

    def change_json(self, name: str, **changes: object) -> None:
        path = self.folder / name
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


@pytest.fixture
def altered(tmp_path: Path) -> Altered:
    shutil.copytree(SAMPLES_DIR / "calibration", tmp_path / "calibration")
    (tmp_path / "models").mkdir()
    for path in [*MODELS_DIR.glob("*.onnx"), *MODELS_DIR.glob("*.card.json")]:
        shutil.copy(path, tmp_path / "models")
    (tmp_path / "loupebox.toml").write_text("calibration_dir = 'calibration'\nmodels_dir = 'models'\ndata_dir = 'data'")
    return Altered(tmp_path)


def test_an_expired_calibration_locks_its_view(altered: Altered, capsys: pytest.CaptureFixture[str]) -> None:
    altered.change_json("calibration/face.json", valid_until="2026-10-15T00:00:00+00:00")
    assert run(["inspect", str(slug_with("PASS")), "--settings", altered.settings]) == 2
    assert "Inner diameter cannot be measured because the face view is locked" in capsys.readouterr().out


def test_a_missing_calibration_locks_its_view(altered: Altered, capsys: pytest.CaptureFixture[str]) -> None:
    (altered.folder / "calibration" / "shank.json").unlink()
    assert run(["inspect", str(slug_with("PASS")), "--settings", altered.settings]) == 2
    assert "Shank width cannot be measured because the shank view has no calibration" in capsys.readouterr().out


@pytest.mark.parametrize("model", ["head_parts", "surface"])
def test_a_card_that_is_not_the_weights_is_status_4(
    model: str, altered: Altered, capsys: pytest.CaptureFixture[str]
) -> None:
    altered.change_json(f"models/{model}.card.json", sha256="0" * 64)
    assert run(["inspect", str(slug_with("PASS")), "--settings", altered.settings, "--record"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{model}.onnx has checksum" in err
    assert err.count("\n") == 1
    assert not (altered.folder / "data").exists()


def test_a_data_folder_that_cannot_be_is_status_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    assert run(["inspect", str(slug_with("PASS")), "--record", "--data", str(tmp_path / "data")]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert str(tmp_path / "data") in err
    assert err.count("\n") == 1
    assert (tmp_path / "data").read_text() == "a file where the folder should be"


def small_files_only() -> None:
    """A disk on which no file may grow beyond 100 kB: the first frame does not fit."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    QcLog.open(tmp_path / "data" / "qc.sqlite", tmp_path / "data" / "frames").close()
    capture = slug_with("PASS")
    done = loupebox("inspect", str(capture), "--record", "--data", "data", cwd=tmp_path, preexec_fn=small_files_only)
    assert done.returncode == 4, done.stdout
    assert done.stdout == ""
    assert done.stderr.startswith("loupebox: cannot store image ")
    assert "File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    kept = [path for path in (tmp_path / "data" / "frames").rglob("*") if path.is_file()]
    whole = {path.read_bytes() for path in capture.glob("*.png")}
    assert all(path.read_bytes() in whole for path in kept)
    log = QcLog.open(tmp_path / "data" / "qc.sqlite", tmp_path / "data" / "frames")
    try:
        assert log.recent().items == ()
    finally:
        log.close()


def test_the_demo_serves_what_it_recorded_and_ends_when_told(tmp_path: Path) -> None:
    capture = slug_with("FAIL", "prong")
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures" / capture.name).symlink_to(capture)
    (tmp_path / "loupebox.toml").write_text("captures_dir = 'captures'\nport = 0")
    with subprocess.Popen(
        [*COMMAND, "demo"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            url = next(word for line in process.stdout for word in line.split() if word.startswith("http://127.0.0.1:"))
            with httpx.Client(base_url=url, headers=AS_A_BROWSER, follow_redirects=True) as visitor:
                offered = visitor.get("/").text
                page = visitor.post("/sign-in", data={"name": "Asha", "pin": DEMO_PIN}).text
        finally:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    piece = json.loads((capture / "capture.json").read_text(encoding="utf-8"))["piece"]
    assert "This is a demo" in offered
    assert piece not in offered
    assert piece in page
    assert process.returncode == 0
    assert err == ""


def test_the_same_capture_gives_the_same_document_twice() -> None:
    from loupebox.station.reporting import report_of
    from loupebox.station.settings import Settings

    workplace = Workplace.open(Settings.load())
    first, second = (report_of(workplace.inspect(slug_with("REVIEW"))).to_document() for _ in range(2))
    first.pop("timings_ms")
    second.pop("timings_ms")
    assert first == second
