"""What was recorded comes out again, from what is stored; what does not is told value by value."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loupebox.station.cli import Exit, run
from loupebox.station.difference import Difference, differences
from loupebox.station.log_entry import log_entry
from loupebox.station.records.audit_list import AuditFilter
from loupebox.station.records.audit_log import AuditLog
from loupebox.station.records.entry import InspectionEntry
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.thinning import ThinningRule
from loupebox.station.replaying import Replayer
from loupebox.station.settings import SAMPLES_DIR, Settings
from loupebox.station.workplace import Workplace

CAPTURES = ("sol6-missing-prong", "band-scratches", "sol6-blurred", "band-good-yellow")


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InspectionEntry]:
    """A FAIL with prongs, one with findings, a refusal, and a PASS whose warmth is known."""
    workplace, folder = Workplace.open(Settings()), tmp_path_factory.mktemp("captures")
    for name in CAPTURES:
        shutil.copytree(SAMPLES_DIR / "captures" / name, folder / name)
    path = folder / "band-good-yellow" / "capture.json"
    part = {"material": "gold alloy", "temperature_c": 24.0, "temperature_half_width_c": 1.0}
    path.write_text(json.dumps({**json.loads(path.read_text()), "part": part}))
    return {name: log_entry(workplace.inspect(folder / name)) for name in CAPTURES}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[QcLog]:
    log = QcLog.open(tmp_path / "data" / "qc.sqlite", tmp_path / "data" / "frames")
    yield log
    log.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """The same station after its cameras were calibrated anew."""
    shutil.copytree(SAMPLES_DIR / "calibration", tmp_path / "calibration")
    for path in (tmp_path / "calibration").glob("*.json"):
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "scale_um_per_px": 1.01 * document["scale_um_per_px"]}))
    return Settings(data_dir=tmp_path / "data", calibration_dir=tmp_path / "calibration")


def test_everything_comes_out_again_though_the_station_was_calibrated_anew(
    log: QcLog, entries: dict[str, InspectionEntry], elsewhere: Settings
) -> None:
    numbers = [log.record(entry) for entry in entries.values()]
    log.frames.archive(datetime.now(UTC), who="tests")
    replayer = Replayer(log, elsewhere)
    for number, entry in zip(numbers, entries.values(), strict=True):
        told = replayer.replay(number, "Ana")
        assert told.differences == ()
        assert told.changed == ()
        assert told.outcome == (entry.verdict or "REFUSED")
        assert told.values > 10


def test_what_differs_is_told_value_by_value(
    log: QcLog,
    entries: dict[str, InspectionEntry],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = entries["band-scratches"]
    report = json.loads(json.dumps(entry.report))
    measured = report["measurements"][0]
    was = measured["value"]
    measured["value"] += 0.001
    report["verdict"] = "PASS"
    report["replay"]["models"][0]["version"] = "0.0.1"
    log.record(replace(entry, report=report, replay=report["replay"]))
    assert run(["replay", "1", "--data", "data"]) == Exit.FAIL
    out = capsys.readouterr().out
    assert "NOT THE SAME, 2 values differ" in out
    assert "  verdict: recorded PASS, now FAIL\n" in out
    assert f"  measurements.{measured['name']}.value: recorded {measured['value']}, now {was}\n" in out
    assert "  model head_parts was 0.0.1 (" in out
    with AuditLog.open(tmp_path / "data" / "qc.sqlite") as audit:
        ((act,), _) = audit.acts(AuditFilter(action="inspection.replayed"), 10)
    assert (act.subject, act.details["same"], act.details["count"]) == ("inspection 1", False, 2)
    assert f"measurements.{measured['name']}.value: " in act.details["differences"][1]


def test_all_at_once_with_pieces_whose_frames_were_let_go(
    log: QcLog,
    entries: dict[str, InspectionEntry],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    log.record(entries["band-good-yellow"])
    log.record(entries["sol6-blurred"])
    log.frames.thin(ThinningRule(datetime.now(UTC), 10**9, "none is kept"), who="tests")
    log.frames.collect(datetime.now(UTC), who="tests")
    assert run(["replay", "--all", "--data", "data"]) == Exit.PASS
    out = capsys.readouterr().out
    assert "inspection 1: cannot be replayed, since frame" in out
    assert "none is kept\n1 came out the same, 0 did not, 1 let their frames go, 0 are not whole\n" in out
    assert run(["replay", "--since", "2999-01-01", "--data", "data"]) == Exit.PASS
    assert capsys.readouterr().out.startswith("0 came out the same")
    next((tmp_path / "data" / "frames").rglob("*.png")).unlink()
    assert run(["replay", "2", "--data", "data"]) == Exit.FAIL
    assert "inspection 2: CANNOT BE REPLAYED: no image" in capsys.readouterr().out
    assert run(["replay", "3", "--data", "data"]) == Exit.WRONG
    assert "no inspection 3 is recorded" in capsys.readouterr().err
    assert run(["replay"]) == Exit.WRONG
    assert "say either which inspections" in capsys.readouterr().err


def test_a_certificate_of_before_they_were_kept_is_looked_for_at_the_station(
    log: QcLog, entries: dict[str, InspectionEntry], tmp_path: Path, elsewhere: Settings
) -> None:
    from loupebox.station.records.errors import NotRecorded

    log.record(replace(entries["sol6-blurred"], files=()))
    assert Replayer(log, Settings(data_dir=tmp_path / "data")).replay(1, "Ana").same
    with pytest.raises(NotRecorded, match=r"certificate \S+ \(.*\) is neither kept in the records nor is it "):
        Replayer(log, elsewhere).replay(1, "Ana")


@pytest.mark.parametrize(
    ("recorded", "now", "told"),
    [
        ({"a": 1.0, "b": [1, 2]}, {"b": [1, 2], "a": 1.0000000001}, []),
        ({"a": 1.0}, {"a": 1.00001}, ["a: recorded 1.0, now 1.00001"]),
        ({"a": None}, {}, []),
        ([{"name": "x", "v": 1}], [], ["x: recorded {'name': 'x', 'v': 1}, now nothing"]),
        ([{"name": "x", "v": 1}, {"name": "x", "v": 2}], [{"name": "x", "v": 1}, {"name": "x", "v": 3}],
         ["x 2.v: recorded 2, now 3"]),
        ({"p": [[1, 2]]}, {"p": [[1, 5]]}, ["p.1.2: recorded 2, now 5"]),
        ({"a": "word"}, {"a": ["w"]}, ["a: recorded word, now ['w']"]),
    ],
)  # fmt: skip
def test_differences(recorded: object, now: object, told: list[str]) -> None:
    assert [str(one) for one in differences(recorded, now)] == told


def test_a_long_value_is_cut() -> None:
    assert len(str(Difference("x", "a" * 500, None))) < 160
