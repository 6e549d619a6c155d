"""The station's log, opened with the station's jobs."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from loupebox.station.records.errors import RecordsError
from loupebox.station.settings import Settings
from loupebox.station.station_log import open_log


def test_a_log_whose_jobs_cannot_be_imported_is_closed_again(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs.toml"
    jobs.write_text("schema = 1\n")
    settings = Settings(data_dir=tmp_path / "data", jobs_file=jobs)
    open_log(settings).close()
    database = Path(settings.database_location)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TRIGGER no_job BEFORE INSERT ON job BEGIN SELECT RAISE(ABORT, 'no more jobs'); END")
    connection.close()
    jobs.write_text('schema = 1\n[[job]]\nid = "J-1"\nstyle = "SOL6"\n')
    with pytest.raises(RecordsError, match="no more jobs") as told:
        open_log(settings)
    assert told.tb is not None  # its frames would keep a log alive that nobody closed
    still_open = [os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd") if _is_there(number)]
    assert [path for path in still_open if path.startswith(str(database))] == []


def _is_there(number: str) -> bool:
    return os.path.islink(f"/proc/self/fd/{number}")
