"""What the tables share: one metadata, times in UTC, words out of a fixed list."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, Connection, DateTime, Dialect, ForeignKey, MetaData, Table, insert
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
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing()).rowcount == 1


def add(connection: Connection, table: Table, **values: Any) -> int:
    """Insert one row; returns its number. A row of evidence is noted for the audit."""
    _check(table, values)
    inserted = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert inserted is not None  # the statement is a single insert
    _note(connection, table, "id", inserted[0], [values])
    return inserted[0]


def ensure(connection: Connection, table: Table, **values: Any) -> None:
    """Insert the row unless there is one with the same key; whoever does the same at that moment is waited for.

    Not for evidence: of that it must be known who added it.
    """
    _check(table, values)
    to = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(to(table).values(**values).on_conflict_do_nothing())


def add_parts(connection: Connection, table: Table, link: str, whole: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert all the rows of a table that belong to row `whole` through the column `link`.

    To be called once for each whole, without rows too: then the audit knows that there were none.
    """
    linked = [{link: whole, **row} for row in rows]
    for row in linked:
        _check(table, row)
    if linked:
        connection.execute(insert(table), linked)
    _note(connection, table, link, whole, linked)


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
