"""PostgreSQL statements prepared once a connection: one trip to the server for each, where pg8000 takes three.

pg8000 also looks through each statement a letter at a time to number its parameters; that is done once here as well.
Everything else is the driver's own.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pg8000.converters import make_params
from pg8000.core import BIND, EXECUTE_MSG, NULL_BYTE, SYNC_MSG, Context, H_pack, _flush, _write, i_pack
from pg8000.dbapi import convert_paramstyle
from pg8000.exceptions import DatabaseError
from pg8000.legacy import Connection, Cursor, IntegrityError, ProgrammingError

MOST = 300
"""Statements that a connection keeps; the one that was not used for longest goes first."""
BEGIN = "begin transaction"
OUTDATED = {"0A000", "26000"}
"""What PostgreSQL calls a statement that does not fit the tables any more, or that it does not know."""
TAKEN = "23505"
"""What it calls a key that another row has."""


class PreparedConnection(Connection):
    """A connection whose cursors prepare what they are to execute."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._prepared: dict[str, tuple[Any, ...]] = {}
        super().__init__(*args, **options)
        line = self._usock
        if line is not None and line.family in (socket.AF_INET, socket.AF_INET6):
            # A long message goes in parts; else the last waits 40 ms until the server has acknowledged those before.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def cursor(self) -> Cursor:
        return PreparedCursor(self)

    def commit(self) -> None:
        self.execute_simple("commit")

    def rollback(self) -> None:
        if self._in_transaction:
            self.execute_simple("rollback")

    def close(self) -> None:
        """Let go of the socket as well when the line is broken; the driver leaves it to the garbage collector."""
        ends = self._sock
        try:
            super().close()
        finally:
            if ends is not None:
                with suppress(OSError):
                    ends.close()

    def execute_prepared(self, operation: str, values: Any) -> Context:
        """The answer to a statement with `%s` for each value; a transaction begins with it where none has yet."""
        name, columns, read, statement = self._known(operation)
        bound = self._bound(name, make_params(self.py_types, values))
        context = Context(statement, columns=columns, input_funcs=read)
        begins = not self._in_transaction and not self.autocommit
        if begins:
            self.send_QUERY(BEGIN)
        self._send_message(BIND, bound)
        _write(self._sock, EXECUTE_MSG + SYNC_MSG)
        _flush(self._sock)
        if begins:
            self.handle_messages(Context(BEGIN))
        try:
            self.handle_messages(context)
        except DatabaseError as error:
            if _code(error) in OUTDATED:
                del self._prepared[operation]
            raise
        return context

    def _known(self, operation: str) -> tuple[Any, ...]:
        """Its name at the server, its columns, how to read them, and the statement as the server has it."""
        known = self._prepared.pop(operation, None)
        if known is None:
            if len(self._prepared) >= MOST:
                oldest = next(iter(self._prepared))
                self.close_prepared_statement(self._prepared.pop(oldest)[0])
            statement = _numbered(operation)
            known = (*self.prepare_statement(statement, ()), statement)
        self._prepared[operation] = known
        return known

    def _bound(self, name: bytes, parameters: Sequence[str | None]) -> bytearray:
        """The message that gives a statement its values, all as text."""
        message = bytearray(NULL_BYTE + name + H_pack(0) + H_pack(len(parameters)))
        for parameter in parameters:
            if parameter is None:
                message += i_pack(-1)
            else:
                value = parameter.encode(self._client_encoding)
                message += i_pack(len(value)) + value
        return message + H_pack(0)


class PreparedCursor(Cursor):
    """What differs is how a statement with values reaches the server."""

    def execute(self, operation: str, args: Any = (), stream: Any = None) -> Cursor:
        connection = self._c
        if not args or stream is not None or not isinstance(connection, PreparedConnection):
            return super().execute(operation, args, stream)
        try:
            self._context = connection.execute_prepared(operation, args)
        except DatabaseError as error:
            kind = IntegrityError if _code(error) == TAKEN else ProgrammingError
            raise kind(*error.args) from error
        self._row_iter = iter(self._context.rows or ())
        return self


@lru_cache(maxsize=2000)
def _numbered(operation: str) -> str:
    return convert_paramstyle("format", operation, ())[0]


def _code(error: DatabaseError) -> str:
    said = error.args[0] if error.args else None
    return said.get("C", "") if isinstance(said, dict) else ""
