"""What the audit remembers of rows that only grow: a digest of each, over what was written and not over how it is kept.

Both databases give the same digest: columns that are null are left out (so that a later version may add a column),
so is the row's own number, moments are in UTC, numbers of a `Float` column are floats. 128 bits of SHA-256 are kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Date, Float, Table

from loupebox.station.records.columns import UtcDateTime

DIGEST_DIGITS = 32
"""Of a row, in lower-case hex."""

canonical = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode
"""JSON as it is digested: keys sorted, no blanks."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows of a table that were added together: those whose column `by` is `key`, and their digests in order of number.

    `by` is "id" for a row on its own, the link to the whole for its parts.
    """

    table: str
    by: str
    key: int
    digests: str

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.digests) // DIGEST_DIGITS


def evidence_of(table: Table, by: str, key: int, rows: Iterable[Mapping[str, Any]]) -> Evidence:
    """What to remember of these rows."""
    return Evidence(table.name, by, key, "".join(digest(table, row) for row in rows))


def digest(table: Table, row: Mapping[str, Any]) -> str:
    """128 bits of the row's content in hex; the same before it is written and after it is read."""
    forms = _forms(table)
    content = {
        name: forms[name](value) if name in forms else value
        for name, value in row.items()
        if value is not None and name != "id"
    }
    return sha256(canonical(content).encode()).hexdigest()[:DIGEST_DIGITS]


@cache
def _forms(table: Table) -> dict[str, Callable[[Any], Any]]:
    """How a column's values look where Python's own form may differ before and after."""
    forms: dict[str, Callable[[Any], Any]] = {}
    for column in table.columns:
        if isinstance(column.type, UtcDateTime):
            forms[column.name] = _moment
        elif isinstance(column.type, Date):
            forms[column.name] = date.isoformat
        elif isinstance(column.type, Float):
            forms[column.name] = float
    return forms


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
