"""What the tables share: one metadata, times in UTC, words out of a fixed list."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Insert,
    MetaData,
    Table,
    TextClause,
    bindparam,
    insert,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import declared_attr
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from loupebox.station.records.errors import NotAllowed

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""Every constraint has a name, so that a later migration can change it."""


class StoredRow(SQLModel):
    """What every table of the log derives from; `SpecRevisionRow` is the table `spec_revision`.

    Tables do not validate: values are checked before they come here.
    """

    metadata: ClassVar[MetaData] = METADATA  # pyright: ignore[reportIncompatibleVariableOverride]

    @declared_attr.directive
    def __tablename__(cls) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Row")).lower()


class EvidenceRow(StoredRow):
    """A table that only grows: triggers refuse UPDATE and DELETE, and the audit keeps a digest of each row.

    A later migration may add columns that can be null, and must leave those that are there as they are: the digests
    are over what was written (see `evidence.py`).
    """


def table_of(row: type[StoredRow]) -> Table:
    """The table behind a class, for queries."""
    table = METADATA.tables[str(row.__tablename__)]
    table.info["only_grows"] = issubclass(row, EvidenceRow)
    return table


class UtcDateTime(TypeDecorator[datetime]):
    """A moment; kept in UTC, since SQLite forgets offsets."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no offset; a recorded moment needs one")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    """A rule of the database itself: the column holds one of these words (or nothing, where it may be null)."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def key() -> Any:
    """The number of a row, given by the database."""
    return Field(default=None, primary_key=True)


def link(target: str, *, index: bool = True, nullable: bool = False) -> Any:
    """A reference to another table's row, which must exist."""
    return Field(sa_column_args=(ForeignKey(target),), index=index, nullable=nullable)


def moment(*, index: bool = False) -> Any:
    """A column of moments."""
    return Field(sa_type=UtcDateTime, index=index)


def maybe_moment() -> Any:
    """A column of moments that may not have come yet."""
    return Field(default=None, sa_type=UtcDateTime, nullable=True)


def unique_text(*, nullable: bool = False, primary: bool = False) -> Any:
    """A text that no two rows share; rows without one do not count."""
    return Field(default=None, primary_key=True) if primary else Field(default=None, unique=True, nullable=nullable)


def json() -> Any:
    """A column of lists or tables that no query looks into."""
    return Field(sa_type=JSON)


def add_if_new(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert one row unless its key is taken; whether it was inserted. Waits for a twin that is just being inserted."""
    return connection.execute(_unless_there(table, connection.dialect.name), values).rowcount == 1


def add_new(connection: Connection, table: Table, **values: Any) -> int | None:
    """The same of a row with a number: its number, None when there is one with the same key. Not for evidence."""
    _check(table, values)
    statement = _unless_there(table, connection.dialect.name).returning(table.c.id)
    return connection.execute(statement, values).scalar_one_or_none()


@cache
def _unless_there(table: Table, dialect: str) -> Any:
    to = sqlite if dialect == "sqlite" else postgresql
    return to.insert(table).on_conflict_do_nothing()


def add(connection: Connection, table: Table, **values: Any) -> int:
    """Insert one row; returns its number. A row of evidence is noted for the audit."""
    _check(table, values)
    inserted = connection.execute(_insert(table), values).inserted_primary_key
    assert inserted is not None  # the statement is a single insert
    _note(connection, table, "id", inserted[0], [values])
    return inserted[0]


@cache
def _insert(table: Table) -> Insert:
    """Made once, since making it takes longer than sending it."""
    return insert(table)


def ensure(connection: Connection, table: Table, **values: Any) -> None:
    """Insert the row unless there is one with the same key; whoever does the same at that moment is waited for.

    Not for evidence: of that it must be known who added it.
    """
    _check(table, values)
    add_if_new(connection, table, **values)


def add_parts(connection: Connection, table: Table, link: str, whole: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert all the rows of a table that belong to row `whole` through the column `link`.

    To be called once for each whole, without rows too: then the audit knows that there were none.
    """
    add_all_parts(connection, link, whole, {table: rows})


def add_all_parts(
    connection: Connection, link: str, whole: int, parts: Mapping[Table, Sequence[Mapping[str, Any]]]
) -> None:
    """The same of several tables, at once where the database can."""
    linked = {table: [{link: whole, **row} for row in rows] for table, rows in parts.items()}
    for table, rows in linked.items():
        for row in rows:
            _check(table, row)
    if connection.dialect.name == "postgresql" and any(linked.values()):
        connection.execute(_of_json(tuple(linked)), {table.name: rows for table, rows in linked.items()})
    else:
        for table, rows in linked.items():
            if rows:
                connection.execute(_insert(table), rows)
    for table, rows in linked.items():
        _note(connection, table, link, whole, rows)


@cache
def _of_json(tables: tuple[Table, ...]) -> TextClause:
    """An array of rows for each of the tables, in their order: the driver would send each row by itself.

    Columns that no row names get NULL.
    """
    statements: list[str] = []
    for table in tables:
        names = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "id")
        rows = f'json_populate_recordset(NULL::"{table.name}", :{table.name}) WITH ORDINALITY'
        statements.append(f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM {rows} ORDER BY ordinality')
    *before, last = statements
    others = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(before))
    whole = text(f"WITH {others} {last}" if others else last)
    return whole.bindparams(*(bindparam(table.name, type_=JSON) for table in tables))


def _check(table: Table, row: Mapping[str, Any]) -> None:
    """What one database cannot keep the other does not keep either: no NUL on PostgreSQL, no NaN on SQLite."""
    for name, value in row.items():
        if isinstance(value, str) and "\0" in value:
            raise NotAllowed(f"{table.name} cannot record the {name} {value!r}: it contains the character NUL")
        if isinstance(value, float) and not math.isfinite(value):
            raise NotAllowed(f"{table.name} cannot record the {name} {value}: it is no finite number")


def _note(connection: Connection, table: Table, by: str, key: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """What `audit.py` is to digest; a migration, which has no such list, is not audited."""
    noted = connection.get_execution_options().get("evidence")
    if noted is not None and table.info.get("only_grows"):
        noted.append((table, by, key, rows))
