"""For migrations: forbid changing what a table holds, on either database."""

from __future__ import annotations

from alembic import op

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION loupebox_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record only grows: no % on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def only_grows(*tables: str) -> None:
    """From now on these tables refuse UPDATE and DELETE (and TRUNCATE, where there is one)."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(POSTGRESQL_FUNCTION)
    for table in tables:
        if not sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION loupebox_only_grows()"
            )
            continue
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the record only grows: no {act} on {table}'); END"
            )
