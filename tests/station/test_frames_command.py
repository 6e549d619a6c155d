"""`loupebox frames`: nothing is done that was not asked for, and what is done is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from loupebox.station.cli import Exit, run
from loupebox.station.settings import SAMPLES_DIR


def test_frames_are_archived_thinned_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loupebox.toml").write_text(
        "keep_pass_frames_days = 1\nkeep_one_pass_in = 10000\narchive_after_days = 1\n"
    )
    data = ["--data", "data"]

    def told(*command: str, status: Exit = Exit.PASS) -> str:
        assert run(["frames", *command, *data]) == status
        return capsys.readouterr().out

    for name in ("band-good-yellow", "band-small"):
        run(["inspect", str(SAMPLES_DIR / "captures" / name), "--record", *data])
    capsys.readouterr()
    store = tmp_path / "data" / "frames"
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*.*")}
    assert "would be archived" in told("archive")
    assert "1 inspections would let their frames go" in told("thin")
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*.*")} == before
    assert f"{len(before)} needed files: every one is what was recorded" in told("check")
    assert "are archived" in told("archive", "--apply")
    assert "1 inspections let their frames go; 0 good ones keep them" in told("thin", "--apply")
    assert "0 files of 0.0 MB and 0 unfinished ones would be deleted" in told("collect")  # nothing is old enough
    status = told("status")
    assert "1 inspections of good pieces let their frames go; the rule: they are kept for 1 days, then" in status
    assert "in the archive format, which saves" in status
    assert "every one is what was recorded" in told("check")
    archives = list(store.rglob("*.jls"))
    archives[0].unlink()
    for path in archives[1:]:
        path.write_bytes(b"broken")
    broken = told("check", status=Exit.FAIL)
    assert "has changed on disk" in broken
    assert f"{len(archives)} wrong" not in broken  # what was thinned out need not be there
