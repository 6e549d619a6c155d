"""Wrong tries are counted, and too many must wait: longer each time, by person and by the place they come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from loupebox.station.records.columns import add_if_new
from loupebox.station.records.errors import LockedOut
from loupebox.station.records.people_tables import WRONG_TRY

PERSON_TRIES = 5
PLACE_TRIES = 20
"""More than a person's, since a whole shift mistypes at one terminal."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=12)


def wait_after(count: int, free: int) -> timedelta | None:
    """How long the next try must wait after so many wrong ones; doubling from the last free one on."""
    if count < free:
        return None
    return min(FIRST_WAIT * 2 ** min(count - free, 20), LONGEST_WAIT)


def charge(connection: Connection, keys: Sequence[str], now: datetime) -> None:
    """Count a try before it is looked at, so that many at once cannot all be free; `LockedOut` while one must wait."""
    look = select(WRONG_TRY.c.count.label("tries"), WRONG_TRY.c.last_at, WRONG_TRY.c.locked_until)
    for key in keys:
        add_if_new(connection, WRONG_TRY, key=key, count=0, last_at=now)
        here = WRONG_TRY.c.key == key
        connection.execute(update(WRONG_TRY).where(here).values(count=WRONG_TRY.c.count + 1))  # holds the row
        row = connection.execute(look.where(here)).one()
        if row.locked_until is not None and row.locked_until > now:
            wait_s = max(1, round((row.locked_until - now).total_seconds()))
            raise LockedOut(
                f"too many wrong tries; wait {_in_words(wait_s)} or ask an admin (loupebox people unlock)", wait_s
            )
        count = 1 if now - row.last_at > FORGOTTEN_AFTER else row.tries
        wait = wait_after(count, PERSON_TRIES if key.startswith("person ") else PLACE_TRIES)
        connection.execute(
            update(WRONG_TRY).where(here).values(count=count, last_at=now, locked_until=wait and now + wait)
        )


def clear(connection: Connection, keys: Sequence[str]) -> None:
    """The try was right: a person starts afresh, a place gets back only this one."""
    persons = [key for key in keys if key.startswith("person ")]
    places = [key for key in keys if key not in persons]
    connection.execute(delete(WRONG_TRY).where(WRONG_TRY.c.key.in_(persons)))
    connection.execute(
        update(WRONG_TRY).where(WRONG_TRY.c.key.in_(places)).values(count=WRONG_TRY.c.count - 1, locked_until=None)
    )


def lift(connection: Connection, key: str) -> None:
    """An admin lets a person try again, and everybody at every place."""
    connection.execute(delete(WRONG_TRY).where((WRONG_TRY.c.key == key) | WRONG_TRY.c.key.startswith("place ")))


def _in_words(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
