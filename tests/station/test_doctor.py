"""The doctor finds what is broken, names it, and touches nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loupebox.station.cli import run
from loupebox.station.doctor import Examined, examine, render
from loupebox.station.settings import Settings


def examined(settings: Settings) -> dict[str, Examined]:
    return {finding.what: finding for finding in examine(settings)}


def test_a_whole_station_is_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert run(["doctor", "--data", str(data)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("Ready to inspect.\n")
    assert "agrees with its card" in out
    assert not data.exists()


def test_every_requirement_is_looked_at(tmp_path: Path) -> None:
    found = examined(Settings.load(data_dir=tmp_path / "data"))
    for name in ("numpy", "opencv-python-headless", "onnxruntime", "fastapi", "sqlmodel", "pyserial"):
        assert found[name].state == "fine"
        assert re.match(r"\d+\.", found[name].words)
    assert found["image files"].state == "fine"
    assert found["calibration face"].state == "fine"
    assert found["calibration side"].state == "absent"
    assert found["torch"].state in ("fine", "absent")


def test_what_is_missing_is_named_and_the_status_is_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "loupebox.toml"
    settings.write_text(
        "models_dir = 'models'\nspecs_dir = 'specs'\ncalibration_dir = 'calibration'\ndata_dir = 'data'"
    )
    (tmp_path / "calibration").mkdir()
    (tmp_path / "calibration" / "top.json").write_text("{")
    (tmp_path / "data").write_text("a file where the folder should be")
    assert run(["doctor", "--settings", str(settings)]) == 4
    out = capsys.readouterr().out
    last = out.splitlines()[-1]
    for what in ("model head_parts.onnx", "model surface.onnx", "calibration top", "spec sheets", "QC database"):
        assert what in last
    assert "Traceback" not in out


def test_a_database_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "qc.sqlite").write_text("no database" * 100)
    found = examined(Settings.load(data_dir=tmp_path))["QC database"]
    assert found.state == "wrong"
    assert "no SQLite database" in found.words


def test_a_sound_database_is_opened(tmp_path: Path) -> None:
    from loupebox.station.records.qc_log import QcLog

    QcLog.open(tmp_path / "qc.sqlite", tmp_path / "frames").close()
    found = examined(Settings.load(data_dir=tmp_path))["QC database"]
    assert found.state == "fine"
    assert "can be read and written" in found.words


def test_absent_extras_do_not_matter() -> None:
    text = render((Examined("numpy", "fine", "2"), Examined("torch", "absent", "trains models")))
    assert text.endswith("Ready to inspect.")
    assert render((Examined("numpy", "wrong", "gone"),)).endswith("Not ready: numpy.")
