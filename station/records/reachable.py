"""Whether a failure is the server's state, which may pass, or what was asked, which will not."""

from __future__ import annotations

import struct

import pg8000
from sqlalchemy.exc import DBAPIError, StatementError

PASSING = ("08", "40", "53", "55P03", "57P", "58")
"""PostgreSQL's classes of errors that pass: line, conflict of transactions, no room, lock, shutdown, the machine."""
BROKEN_LINE = (OSError, struct.error, pg8000.InterfaceError)
"""What the driver lets through when the line breaks in the middle of a message."""


def may_pass(error: StatementError | OSError | struct.error) -> bool:
    """Whether the same may succeed later."""
    if not isinstance(error, StatementError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    said = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if isinstance(said, dict):
        return str(said.get("C", "")).startswith(PASSING)
    return error.connection_invalidated or isinstance(error.orig, BROKEN_LINE)
