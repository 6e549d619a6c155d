"""What the tables share: one metadata, times in UTC, words out of a fixed list."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, Connection, DateTime, Dialect, ForeignKey, MetaData, Table, insert
from sqlalchemy.orm import declared_attr
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

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


def table_of(row: type[StoredRow]) -> Table:
    """The table behind a class, for queries."""
    return METADATA.tables[str(row.__tablename__)]


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


def moment() -> Any:
    """A column of moments."""
    return Field(sa_type=UtcDateTime)


def json() -> Any:
    """A column of lists or tables that no query looks into."""
    return Field(sa_type=JSON)


def add(connection: Connection, table: Table, **values: Any) -> int:
    """Insert one row; returns its number."""
    inserted = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert inserted is not None  # the statement is a single insert
    return inserted[0]
