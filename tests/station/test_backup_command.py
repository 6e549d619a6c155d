"""`loupebox backup` and `restore` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from loupebox.station.cli import Exit, run
from loupebox.station.settings import SAMPLES_DIR


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["backup", "kept", "--data", "data"]) == Exit.WRONG
    assert "there is no log at" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
    capture = SAMPLES_DIR / "captures" / "band-small"
    run(["inspect", str(capture), "--record", "--data", "data"])
    certificates = 4  # of two views, each with its illumination picture
    frames = len({path.read_bytes() for path in capture.glob("*.png")}) + certificates
    capsys.readouterr()
    assert run(["backup", "kept", "--data", "data"]) == Exit.PASS
    assert f"1 inspections, {frames} of {frames} frames ({frames} new)" in capsys.readouterr().out
    assert run(["restore", "kept", "--data", "again"]) == Exit.PASS
    assert f"is restored: 1 inspections, {frames} frames;" in capsys.readouterr().out
    assert run(["audit", "verify", "--data", "again"]) == Exit.PASS
    assert run(["restore", "kept", "--data", "again"]) == Exit.WRONG
    assert "a restore overwrites nothing" in capsys.readouterr().err
    next((tmp_path / "data" / "frames").rglob("*.png")).unlink()
    assert run(["backup", "second", "--data", "data"]) == Exit.FAIL
    assert "not in the backup: " in capsys.readouterr().out
