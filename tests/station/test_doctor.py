"""The doctor finds what is broken, names it, and touches nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "records"))

from made_entries import MISSING_PRONG, an_entry, frame

from loupebox.station.cli import run
from loupebox.station.doctor import examine, render
from loupebox.station.doctor_records import examine_room
from loupebox.station.examined import Examined
from loupebox.station.outbox import Outbox
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import SAMPLES_DIR, Settings


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
    QcLog.open(tmp_path / "qc.sqlite", tmp_path / "frames").close()
    found = examined(Settings.load(data_dir=tmp_path))["QC database"]
    assert found.state == "fine"
    assert "can be read and written" in found.words


def test_absent_extras_do_not_matter() -> None:
    text = render((Examined("numpy", "fine", "2"), Examined("torch", "absent", "trains models")))
    assert text.endswith("Ready to inspect.")
    assert render((Examined("numpy", "wrong", "gone"),)).endswith("Not ready: numpy.")


@pytest.fixture
def worked(tmp_path: Path) -> Settings:
    """A station with two inspections."""
    settings = Settings(data_dir=tmp_path / "data")
    log = QcLog.open(settings.database_location, settings.frames_dir)
    for piece in ("P-1", "P-2"):
        log.record(an_entry(MISSING_PRONG, piece=piece, frames=(frame(piece.encode()),)))
    log.close()
    return settings


def test_whole_records_are_fine(worked: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    found = examined(worked)
    for what in ("database integrity", "audit", "frames", "unfinished files"):
        assert found[what].state == "fine", found[what]
    assert found["frames"].words == "2 files, a sample, are what was recorded"
    assert re.fullmatch(r"\d+ links hold, and so do \d+ rows of evidence", found["audit"].words)
    assert "outbox" not in found
    assert run(["doctor", "--full", "--data", str(worked.data_dir)]) == 0
    out = capsys.readouterr().out
    assert "integrity_check finds nothing" in out
    assert "2 files are what was recorded" in out


def test_whole_records_on_a_server(tmp_path: Path, postgres_log: str) -> None:
    found = examined(Settings(data_dir=tmp_path, database=postgres_log))
    assert re.fullmatch(r"all \d+ rows can be read", found["database integrity"].words)
    assert found["audit"].state == found["frames"].state == "fine"


def test_a_frame_that_is_gone_or_changed_is_told_with_what_to_do(worked: Settings) -> None:
    gone, changed = sorted(worked.frames_dir.rglob("*.png"))
    gone.unlink()
    changed.write_bytes(b"something else")
    (changed.parent / f"{changed.name}#7").write_bytes(b"half")
    os.utime(changed.parent / f"{changed.name}#7", (0, 0))
    found = examined(worked)
    assert found["frames"].state == "wrong"
    assert found["frames"].words.startswith(f"2 of 2 are wrong, the first: no image {gone.stem}")
    assert "of a backup" in found["frames"].advice
    assert found["unfinished files"].state == "look"
    assert "loupebox frames collect --apply" in render(tuple(found.values()))
    assert render(tuple(found.values())).endswith("Not ready: frames.")


def test_rows_that_were_changed_behind_the_stations_back(worked: Settings) -> None:
    with closing(sqlite3.connect(worked.database_location)) as database:
        database.executescript(
            "DROP TRIGGER inspection_no_update; UPDATE inspection SET station = 'another' WHERE id = 2;"
            "PRAGMA foreign_keys = OFF; INSERT INTO delivery (origin, inspection) VALUES ('x', 99);"
        )
    found = examined(worked)
    assert found["audit"].words == "1 faults, the first: inspection 2 was altered"
    assert found["database integrity"].words == "1 rows refer to rows that are not there, the first in delivery"


def test_a_damaged_page_is_found(worked: Settings) -> None:
    path = Path(worked.database_location)
    with closing(sqlite3.connect(path)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_defect_kind'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(content)
    found = examined(worked)["database integrity"]
    assert found.state == "wrong"
    assert found.advice == "restore the last backup: loupebox restore"


def test_an_outbox_with_something_in_it_wants_a_look(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    kept = outbox.put(an_entry())
    found = examined(Settings(data_dir=tmp_path))["outbox"]
    assert (found.state, found.words) == ("look", "1 waiting, 0 set aside")
    outbox.refused(kept, "no")
    assert "sync retry" in examined(Settings(data_dir=tmp_path))["outbox"].advice


@pytest.mark.parametrize(
    ("days", "state", "says"), [(40, "fine", "holds for"), (9, "look", "holds for"), (-3, "look", "ended")]
)
def test_a_certificate_that_ends_is_told_in_time(tmp_path: Path, days: int, state: str, says: str) -> None:
    shutil.copytree(SAMPLES_DIR / "calibration", tmp_path / "calibration")
    path = tmp_path / "calibration" / "top.json"
    ends = (datetime.now(UTC) + timedelta(days=days, hours=1)).isoformat()
    path.write_text(json.dumps({**json.loads(path.read_text()), "valid_until": ends}))
    found = examined(Settings(data_dir=tmp_path / "data", calibration_dir=tmp_path / "calibration"))["calibration top"]
    assert found.state == state
    assert says in found.words
    assert bool(found.advice) is (state == "look")


@pytest.mark.parametrize(("free_gb", "state"), [(0.5, "wrong"), (5.0, "look"), (50.0, "fine")])
def test_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_gb: float, state: str) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=int(free_gb * 1e9)))
    found = examine_room(tmp_path / "not" / "there")
    assert (found.what, found.state) == ("disc space", state)
    assert str(tmp_path) in found.words
