"""A log in a real file."""

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


@pytest.fixture
def log(folder: Path) -> Iterator[QcLog]:
    log = QcLog(open_database(folder / "qc.sqlite"), ImageStore(folder / "frames"), Clock())
    yield log
    log.close()
