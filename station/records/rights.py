"""What a station's role may do on PostgreSQL: read all, add to the evidence, change only what is no evidence."""

from __future__ import annotations

from sqlalchemy import Connection, text

from loupebox.station.records import every_table
from loupebox.station.records.engine import new_engine, shown, url_of, writing
from loupebox.station.records.errors import NotAllowed, NotRecorded
from loupebox.station.records.migrating import bring_forward


def prepare(owner_url: str, role: str) -> None:
    """Bring the schema forward as its owner, then let a role record in it without being able to change the record.

    To be done again after each update of Loupebox; doing it twice changes nothing.
    """
    url = url_of(owner_url)
    if url.get_backend_name() != "postgresql":
        raise NotAllowed(f"'{shown(url)}' is no PostgreSQL database; a file needs no preparing")
    if role == url.username:
        raise NotAllowed(f"'{role}' owns the database; stations need another role, which cannot change the record")
    bring_forward(url, "owner")
    engine = new_engine(url, lasting=False)
    try:
        with writing(engine) as connection:
            _check_role(connection, role)
            _grant(connection, connection.dialect.identifier_preparer.quote(role))
    finally:
        engine.dispose()


def changeable_evidence(connection: Connection) -> tuple[str, ...]:
    """Tables of evidence that the role of this connection could change if it dropped or passed by the triggers."""
    if connection.dialect.name != "postgresql":
        return ()
    may = text(
        "SELECT has_table_privilege(:t, 'UPDATE') OR has_table_privilege(:t, 'DELETE') "
        "OR has_table_privilege(:t, 'TRUNCATE') OR has_table_privilege(:t, 'TRIGGER')"
    )
    names = (table.name for table in every_table.evidence())
    return tuple(name for name in names if connection.execute(may, {"t": name}).scalar_one())


def _check_role(connection: Connection, role: str) -> None:
    found = connection.execute(
        text("SELECT rolsuper FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).one_or_none()
    if found is None:
        raise NotRecorded(f"the server knows no role '{role}'; make it first: CREATE ROLE {role} LOGIN PASSWORD '...'")
    if found.rolsuper:
        raise NotAllowed(f"'{role}' is a superuser, whom no right keeps from changing the record; name another role")


def _grant(connection: Connection, role: str) -> None:
    connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {role}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
    connection.exec_driver_sql(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {role}")
    for table in every_table.everything():
        rights = "SELECT, INSERT" if table.info.get("only_grows") else "SELECT, INSERT, UPDATE, DELETE"
        connection.exec_driver_sql(f"GRANT {rights} ON {table.name} TO {role}")
