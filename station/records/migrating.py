"""Bring a database's schema forward, in one transaction, or say why not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, func, inspect, select, text

from loupebox.station.records.adoption import adopt
from loupebox.station.records.audit import append_audit
from loupebox.station.records.engine import new_engine, reading, shown, writing
from loupebox.station.records.errors import RecordsError

MIGRATIONS = Path(__file__).parent / "migrations"
WITHOUT_AUDIT = "0001"
"""The schema of 0.1.0, which had no audit."""
MIGRATING = 0x10C9EB0C
"""The lock that whoever migrates a PostgreSQL database holds; any number that other programs do not use."""


def scripts() -> ScriptDirectory:
    """Every migration that this version knows."""
    return ScriptDirectory.from_config(_config())


def revision_of(connection: Connection) -> str | None:
    """The schema that a database has; None when it has none of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def bring_forward(url: URL, chain: str) -> None:
    """The schema is the newest one afterwards. Foreign keys rest meanwhile, since batch mode rebuilds tables."""
    known = scripts()
    engine = new_engine(url, lasting=False, chain=chain)
    try:
        with reading(engine) as connection:
            if revision_of(connection) == known.get_current_head():
                _check_writable(engine)
                return
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":  # SQLite's writers are alone by themselves
                connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
            current = revision_of(connection)
            _check_ours(connection, current, known, shown(url))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if current not in (None, known.get_current_head()):
                if current == WITHOUT_AUDIT:
                    adopt(connection)
                append_audit(
                    connection,
                    who="loupebox",
                    action="log.migrated",
                    subject="log",
                    details={"from": current, "to": known.get_current_head()},
                    at=datetime.now(UTC),
                )
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _check_writable(engine: Engine) -> None:
    """A station that cannot record must not start to inspect."""
    with writing(engine) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
        elif not connection.execute(text("SELECT has_table_privilege('inspection', 'INSERT')")).scalar_one():
            raise RecordsError(
                f"{engine.url.username} may not record in the database {shown(engine.url)}; its owner grants it: "
                "loupebox database prepare"
            )
        elif connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
            raise RecordsError(f"the database {shown(engine.url)} is a standby, which only reads; name the primary")


def _check_ours(connection: Connection, current: str | None, known: ScriptDirectory, name: str) -> None:
    if current is None and (tables := inspect(connection).get_table_names()):
        raise RecordsError(
            f"{name} is the database of another program (it has a table '{tables[0]}'); name another "
            + ("file" if connection.dialect.name == "sqlite" else "database")
        )
    if current is not None and current not in {script.revision for script in known.walk_revisions()}:
        raise RecordsError(
            f"{name} was written by a newer Loupebox (schema '{current}'; this one knows up to "
            f"'{known.get_current_head()}'); install that version"
        )
    if connection.dialect.name == "postgresql" and current != known.get_current_head():
        allowed = text("SELECT has_schema_privilege(current_schema(), 'CREATE') AND current_schema() IS NOT NULL")
        if not connection.execute(allowed).scalar_one():
            state = "is empty" if current is None else f"has schema '{current}'"
            raise RecordsError(
                f"the database {name} {state}, this Loupebox needs schema '{known.get_current_head()}', and "
                f"{connection.engine.url.username} may not change it; its owner does: loupebox database prepare"
            )
