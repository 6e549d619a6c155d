"""Databases of 0.1.0, with data, are brought forward: nothing in them changes, and all of it can be read and used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from first_schema import AT, DAY, FIRST, ROWS, TOP, as_first_released, upgrade
from made_entries import MISSING_PRONG, an_entry
from postgres_server import PostgresServer
from sqlalchemy import Connection, Engine, MetaData, Table, select, text

from loupebox.station.export import export_filter, exported
from loupebox.station.records.audit import append_audit
from loupebox.station.records.audit_list import AuditFilter
from loupebox.station.records.audit_log import AuditLog
from loupebox.station.records.engine import new_engine, reading, transaction, url_of
from loupebox.station.records.errors import RecordsError
from loupebox.station.records.migrating import adopt, scripts
from loupebox.station.records.qc_log import QcLog

CHANGED = {("rework_order", "due")}
"""Columns that a migration took away, with what was in them somewhere else."""


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """A database of 0.1.0; the server thinks in another time zone, as servers do."""
    if request.param == "sqlite":
        folder.mkdir()
        as_first_released(folder / "qc.sqlite")
        yield str(folder / "qc.sqlite")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create_database()
    server.execute(f"ALTER DATABASE {name} SET timezone TO 'Asia/Bangkok'")
    as_first_released(server.owner_url(name))
    yield server.owner_url(name)
    server.drop_database(name)


@contextmanager
def engine_of(where: str) -> Iterator[Engine]:
    engine = new_engine(url_of(where), lasting=False, chain="bench 1")
    try:
        yield engine
    finally:
        engine.dispose()


def kept(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """The columns of 0.1.0 as they are now."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, rows in ROWS.items():
        table = Table(name, MetaData(), autoload_with=connection)
        names = [column for column in rows[0] if (name, column) not in CHANGED]
        columns = [table.c[column] for column in names]
        (key,) = table.primary_key
        found[name] = [dict(row._mapping) for row in connection.execute(select(*columns).order_by(key))]
    return found


def written() -> dict[str, list[dict[str, Any]]]:
    ordered = {name: list(rows) for name, rows in ROWS.items()}
    ordered["style"] = sorted(ordered["style"], key=lambda row: row["code"])
    return {
        name: [{column: value for column, value in row.items() if (name, column) not in CHANGED} for row in rows]
        for name, rows in ordered.items()
    }


def as_moments(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """SQLite gives moments without their offset: it is UTC."""

    def moment(value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    return {
        name: [{column: moment(value) for column, value in row.items()} for row in rows]
        for name, rows in tables.items()
    }


def check_all_is_there(where: str, folder: Path) -> None:
    """Read through the log, the audit verified; then it is used on."""
    log = QcLog.open(where, folder / "frames")
    try:
        failed = log.inspection(1)
        assert (failed.summary.piece, failed.summary.job, failed.summary.outcome) == ("P-1", "J-1", "FAIL")
        assert (failed.summary.captured_at, failed.summary.recorded_at, failed.summary.day) == (AT, AT, DAY)
        assert failed.spec is not None
        assert (failed.spec.style, failed.spec.revision, failed.spec.text) == (
            "SOL6",
            "A",
            ROWS["spec_revision"][0]["text"],
        )
        (diameter,) = failed.measurements
        assert diameter.value == 17.349999999999998
        assert failed.findings[0].polygon_xy_px == ((10.5, 20.0), (30.0, 20.0), (20.0, 40.25))
        assert [(prong.index, prong.state) for prong in failed.prongs] == [(3, "missing")]
        assert [frame.sha256 for frame in failed.frames] == [TOP]
        assert failed.report == {"piece": "P-1"}
        refused = log.inspection(3).summary
        assert (refused.job, refused.outcome, refused.refusal_code) == ("J-2 été", "REFUSED", "blurred")
        assert refused.reasons[0].endswith("é 金 \U0001f48d")
        assert log.job("J-1").caster == "Altmann"
        (order,) = log.rework.queue("setting")
        assert (order.state, order.steps[-1].who, order.loop, order.piece) == ("taken", "Ben", 1, "P-1")
        assert order.due_at == datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
        assert log.specs.sheet("SOL6", "A").text == failed.spec.text
        assert [event.kind for event in log.history.of_piece("P-1")][-1] == "order"
        lines = [json.loads(line) for line in exported(log.exports, "jsonl", export_filter())]
        assert [line["inspection"] for line in lines] == [1, 2, 3]
        log.rework.finish(1, "Ben", "re-tipped")
        assert log.record(an_entry(piece="P-1")) == 4
        again = log.record(an_entry(MISSING_PRONG, piece="P-1"))
        assert log.inspection(again).summary.attempt == 3
    finally:
        log.close()
    with AuditLog.open(where if "://" in where else Path(where)) as audit:
        verified = audit.verify()
        assert verified.faults == ()
        assert verified.rows > 0
        acts, _ = audit.acts(AuditFilter(action="log."), 10)
        assert {act.action for act in acts} == {"log.adopted", "log.migrated"}
        (told,) = (act for act in acts if act.action == "log.migrated")
        assert told.details == {"from": FIRST, "to": scripts().get_current_head()}


def test_a_database_of_the_first_release_is_opened_and_used_on(old: str, folder: Path) -> None:
    check_all_is_there(old, folder)


def test_every_step_leaves_what_was_recorded_as_it_was(old: str, folder: Path) -> None:
    steps = [script.revision for script in scripts().walk_revisions()][::-1]
    assert steps[0] == FIRST
    with engine_of(old) as engine:
        for revision in steps[1:]:
            with transaction(engine) as connection:
                upgrade(connection, revision)
            with reading(engine) as connection:
                assert as_moments(kept(connection)) == as_moments(written()), f"after revision {revision}"
            with pytest.raises(RecordsError, match="only grows"), transaction(engine) as connection:
                connection.execute(text("UPDATE measurement SET value = 1"))
        with transaction(engine) as connection:  # as whoever migrates does it in the end
            adopt(connection)
            details = {"from": FIRST, "to": steps[-1]}
            append_audit(
                connection, who="loupebox", action="log.migrated", subject="log", details=details, at=datetime.now(UTC)
            )
    check_all_is_there(old, folder)


def test_what_the_first_release_recorded_cannot_be_changed_unseen(old: str, folder: Path) -> None:
    QcLog.open(old, folder / "frames").close()
    with engine_of(old) as engine, transaction(engine) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER measurement_no_update")
        else:
            connection.exec_driver_sql("ALTER TABLE measurement DISABLE TRIGGER USER")
        connection.exec_driver_sql("UPDATE measurement SET value = 17.35 WHERE id = 2")
    with AuditLog.open(old if "://" in old else Path(old)) as audit:
        (fault,) = audit.verify().faults
    assert str(fault).startswith("measurement 1 to 2, recorded before there was an audit,")
