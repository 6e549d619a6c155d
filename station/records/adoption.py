"""What was recorded before there was an audit: taken as it was found, and held against changes from then on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from loupebox.station.records import every_table
from loupebox.station.records.audit import append_audit
from loupebox.station.records.evidence import Evidence, digest

ADOPTED = "up to"
"""In place of a column: the key is the last row's number, and the digest is one over all rows up to it."""
ROWS_AT_ONCE = 2000


def adopt(connection: Connection) -> None:
    """Put one digest a table over all that is there into the audit."""
    found = {table: adopted(connection, table, None) for table in every_table.evidence() if table.name != "audit"}
    options = connection.get_execution_options()
    options["evidence"].extend(entry for entry in found.values() if entry.key)
    append_audit(
        connection,
        who="loupebox",
        action="log.adopted",
        subject="log",
        details={table.name: entry.key for table, entry in found.items()},
        at=datetime.now(UTC),
    )


def adopted(connection: Connection, table: Table, last: int | None) -> Evidence:
    """One digest over the rows up to number `last`, or over all; the key is the last number that there is."""
    whole, key = sha256(), 0
    for row in rows_by_number(connection, table, last):
        whole.update(f"{row.id}:{digest(table, dict(row._mapping))}\n".encode())
        key = row.id
    return Evidence(table.name, ADOPTED, last or key, whole.hexdigest())


def rows_by_number(connection: Connection, table: Table, last: int | None = None) -> Iterator[Row[Any]]:
    """All rows up to a number, a few thousand at a time: no driver has to hold them all."""
    before = 0
    while True:
        query = select(table).where(table.c.id > before).order_by(table.c.id).limit(ROWS_AT_ONCE)
        rows = connection.execute(query if last is None else query.where(table.c.id <= last)).all()
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        before = rows[-1].id
