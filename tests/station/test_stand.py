"""A piece of a bag lies under the cameras: taken, inspected and recorded once for each time that it was placed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loupebox.station.device import DeviceError
from loupebox.station.records.errors import Conflict
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import SAMPLES_DIR, Settings
from loupebox.station.stand import Stand
from loupebox.station.tray import Tray
from loupebox.station.workplace import Workplace


@pytest.fixture
def log(tmp_path: Path) -> Iterator[QcLog]:
    log = QcLog.open(tmp_path / "qc.sqlite", tmp_path / "frames")
    log.import_jobs([Job(id="J-7", style="BAND", quantity=2), Job(id="J-8", style="SOL9", quantity=1)])
    yield log
    log.close()


@pytest.fixture
def tray(tmp_path: Path) -> Path:
    """Two captures of one style."""
    folder = tmp_path / "tray"
    folder.mkdir()
    for name in ("band-good-yellow", "band-small"):
        (folder / name).symlink_to(SAMPLES_DIR / "captures" / name)
    return folder


def test_placed_pieces_are_inspected_once_each_and_numbered_in_their_bag(log: QcLog, tray: Path) -> None:
    settings = Settings(tray_dir=tray)
    when = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    stand = Stand(settings, log, lambda: Workplace.open(settings), clock=lambda: when)
    first, again = stand.take("J-7", None, "one"), stand.take("J-7", None, "one")
    second = stand.take("J-7", None, "two")
    assert first == again != second
    looks = [log.inspection(number).summary for number in (first, second)]
    assert [(look.piece, look.outcome, look.job) for look in looks] == [
        ("J-7-01", "PASS", "J-7"),
        ("J-7-02", "FAIL", "J-7"),
    ]
    assert looks[0].captured_at == when
    assert log.bags.bag("J-7").left == 0
    with pytest.raises(Conflict, match="every piece of bag J-7 has been looked at"):
        stand.take("J-7", None, "three")


def test_a_station_without_cameras_takes_nothing(log: QcLog) -> None:
    settings = Settings()
    stand = Stand(settings, log, lambda: Workplace.open(settings))
    assert not stand.sees
    with pytest.raises(DeviceError, match="this station has no cameras set up"):
        stand.take("J-7", None, "one")
    assert not log.recent().items


def test_a_tray_shows_its_captures_of_a_style_in_turn_and_each_bag_from_the_first(tray: Path) -> None:
    shown = Tray(tray)

    def exposure(job: str) -> float:
        return shown.cameras(job, "BAND")["face"].grab("face", "backlight", 1.0, 0.0).pixels.mean()

    of_one = [exposure("J-7") for _ in range(3)]
    assert of_one[0] == of_one[2] != of_one[1]
    assert exposure("J-8") == of_one[0]
    with pytest.raises(DeviceError, match=r"has no capture of style SOL9; there are of BAND"):
        shown.cameras("J-8", "SOL9")
