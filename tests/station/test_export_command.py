"""Results and lives of pieces from the keyboard."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from loupebox.station.cli import run
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings

sys.path.append(str(Path(__file__).parent.parent / "records"))
from made_entries import MISSING_PRONG, an_entry


@pytest.fixture
def data(tmp_path: Path) -> Path:
    settings = Settings(data_dir=tmp_path / "data")
    log = QcLog.open(settings.database_location, settings.frames_dir)
    log.record(an_entry(MISSING_PRONG))
    log.record(an_entry(piece="P-2"))
    log.close()
    return tmp_path / "data"


@pytest.mark.parametrize(("form", "beginning"), [("csv", "inspection,piece"), ("aqdef", "K0100 2"), ("qif", "<?xml ")])
def test_results_are_written_into_a_file(data: Path, form: str, beginning: str) -> None:
    out = data / "results"
    assert run(["export", form, "--data", str(data), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith(beginning)


def test_results_are_printed(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["export", "jsonl", "--data", str(data), "--verdict", "PASS", "--since", "2026-11-20"]) == 0
    assert capfdbinary.readouterr().out.count(b"\n") == 1


def test_what_cannot_be_exported_is_said(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "csv", "--data", str(data), "--verdict", "GOOD"]) == 4
    assert "verdict is 'GOOD'; allowed are PASS" in capsys.readouterr().err
    assert run(["export", "csv", "--data", str(data), "--out", str(data / "no" / "such")]) == 4
    assert "cannot write" in capsys.readouterr().err


def test_the_life_of_a_piece_is_shown(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["piece", "show", "P-1", "--data", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["inspected: FAIL" in lines[0], "decided: rework" in lines[1], "re-tip at setting: open" in lines[2]] == [
        True
    ] * 3
    assert run(["piece", "show", "P-9", "--data", str(data)]) == 4
    assert "no piece 'P-9' is recorded" in capsys.readouterr().err
