"""A station whose server is away goes on, says so, and delivers later."""

from __future__ import annotations

from pathlib import Path

import pytest

from loupebox.station.cli import run
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import SAMPLES_DIR

CAPTURE = str(SAMPLES_DIR / "captures" / "band-good-yellow")
NOBODY = "postgresql://loupebox@127.0.0.1:9/qc"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_station_without_its_server(tmp_path: Path, postgres_log: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path)]
    assert run(["sync", "status", *data, "--database", NOBODY]) == 0
    assert run(["inspect", CAPTURE, "--record", *data, "--database", NOBODY]) == 0
    told = capsys.readouterr()
    assert "PASS" in told.out
    assert "kept at this station (1 waiting): cannot" in told.err
    assert run(["sync", "now", *data, "--database", NOBODY]) == 1
    assert "0 delivered, 0 refused, 1 waiting" in capsys.readouterr().out
    assert run(["sync", "status", *data, "--database", NOBODY]) == 1
    assert "1 waiting, 0 set aside" in capsys.readouterr().out
    assert run(["sync", "now", *data, "--database", postgres_log]) == 0
    assert run(["sync", "status", *data, "--database", postgres_log]) == 0
    log = QcLog.open(postgres_log, tmp_path / "frames")
    (item,) = log.recent().items
    assert item.verdict == "PASS"
    log.close()
    assert run(["sync", "retry", "1", *data]) == 4
    assert "nothing with the number 1 was set aside" in capsys.readouterr().err
