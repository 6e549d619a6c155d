"""Which objects of the image store the records name."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from loupebox.station.records.inspection_tables import FRAME
from loupebox.station.records.spec_tables import PICTURE

Stored = tuple[str, str]
"""Checksum and suffix."""


def named(connection: Connection) -> Iterator[Stored]:
    """Every frame and every uploaded picture, each once."""
    for table in (FRAME, PICTURE):
        for row in connection.execute(select(table.c.sha256, table.c.suffix).distinct().order_by(table.c.sha256)):
            yield row.sha256, row.suffix
