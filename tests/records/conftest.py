"""A log on either database: a test that asks for `log` or `database` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_entries import Clock

from loupebox.station.records.engine import open_database
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.qc_log import QcLog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, folder: Path) -> str:
    """A fresh log without records: the file or URL to open."""
    if request.param == "sqlite":
        return str(folder / "qc.sqlite")
    return request.getfixturevalue("postgres_log")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(database: str, folder: Path, clock: Clock) -> Iterator[QcLog]:
    log = QcLog(open_database(database), ImageStore(folder / "frames"), clock)
    yield log
    log.close()
