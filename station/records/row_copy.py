"""Copy every row of one log's database into another: between SQLite and PostgreSQL too, numbers and all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, func, insert, select, tuple_

from loupebox.station.records import every_table
from loupebox.station.records.errors import Conflict

ROWS_AT_ONCE = 1000
NO_ID = Column("id", String)


def row_counts(connection: Connection) -> dict[str, int]:
    """Rows of each table by its name."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in every_table.everything()
    }


def copy_rows(source: Connection, target: Connection, progress: Callable[[int], None] = lambda _: None) -> None:
    """Fill an empty target. Both must be of this version's schema; the caller commits the target."""
    if full := [name for name, count in row_counts(target).items() if count]:
        raise Conflict(f"the database holds records already (the table {full[0]}, for one); nothing is overwritten")
    for table in every_table.everything():
        for rows in _pages(source, table):
            target.execute(insert(table), rows)
            progress(len(rows))
        if target.dialect.name == "postgresql" and isinstance(table.c.get("id", NO_ID).type, Integer):
            _go_on_after(target, table)


def _pages(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """In order of the primary key, so that a row comes after those of its table that it refers to."""
    keys = [*table.primary_key.columns]
    query = select(table).order_by(*keys).limit(ROWS_AT_ONCE)
    last = None
    while True:
        page = source.execute(query if last is None else query.where(tuple_(*keys) > last)).all()
        if page:
            yield [dict(row._mapping) for row in page]
        if len(page) < ROWS_AT_ONCE:
            return
        last = tuple_(*(page[-1]._mapping[key.name] for key in keys))


def _go_on_after(target: Connection, table: Table) -> None:
    """The next row gets the number after the last."""
    last = target.execute(select(func.max(table.c.id))).scalar_one()
    if last is not None:
        target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
