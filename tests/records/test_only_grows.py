"""The database itself refuses to forget, to change, and to hold what makes no sense."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import made_calibration
import made_frames
import pytest
from made_entries import MISSING_PRONG, POROUS, an_entry, frame
from made_production import fill
from sqlalchemy import Engine, insert

from loupebox.station.records.columns import METADATA
from loupebox.station.records.engine import open_database, reading, writing
from loupebox.station.records.errors import RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.rework_order import ReworkWork

CHANGE = {
    *("style", "job", "piece", "rework_order", "concession", "audit_head"),
    *("person", "badge_hash", "wrong_try", "session", "api_token", "answer"),
    *("subscriber", "subscriber_cursor", "dead_letter", "delivery", "collected", "kept_file"),
}
ONLY_GROW = sorted(set(METADATA.tables) - CHANGE)


def live_a_life(log: QcLog) -> None:
    """Everything that can happen to a piece that fails, so that its tables have rows."""
    log.record(an_entry(MISSING_PRONG, POROUS, frames=(frame(b"the shank", "shank", "coaxial"),)))
    log.labels.false_alarm(1, 1, "Ana")
    log.rework.ask(1, "Ben", "which prong?")
    log.rework.prioritise(1, 1, "Ana")
    log.rework.take(1, "Ben")
    log.rework.finish(1, "Ben", work=ReworkWork(minutes=12))
    number = log.record(an_entry(MISSING_PRONG))
    leave = log.concessions.grant("SOL6", ["prong_missing"], 1, date.max, "Ana", "customer_agreed")
    log.decide(number, "concession", "Ana", reason_code="customer_agreed", concession=leave.id)
    log.import_jobs([Job(id="R-1", style="SOL6")])
    log.returns.receive("P-1", "R-1", "stone_loose", "Ana")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with at least one row in every table; no test succeeds in changing it."""
    folder = tmp_path_factory.mktemp("grows")
    engine = open_database(folder / "qc.sqlite")
    log = QcLog(engine, ImageStore(folder / "frames"))
    live_a_life(log)
    fill(log)
    made_calibration.fill(log)
    made_frames.fill(log)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("table", ONLY_GROW)
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}", "REPLACE INTO {0} SELECT * FROM {0}"])
def test_what_is_recorded_stays(engine: Engine, table: str, act: str) -> None:
    with reading(engine) as connection:
        before = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
    assert before
    with (
        pytest.raises(RecordsError, match=f"the record only grows: no (UPDATE|DELETE) on {table}"),
        writing(engine) as connection,
    ):
        connection.exec_driver_sql(act.format(table))
    with reading(engine) as connection:
        assert connection.exec_driver_sql(f"SELECT * FROM {table}").all() == before


@pytest.mark.parametrize(
    ("table", "column", "word"),
    [
        ("inspection", "verdict", "MAYBE"),
        ("measurement", "verdict", "pass"),
        ("defect", "verdict", "PASS"),
        ("finding", "kind", "hole"),
        ("label", "kind", "hole"),
        ("finding", "view", "behind"),
        ("finding", "light", "candle"),
        ("finding", "zone", "D"),
        ("prong", "state", "fine"),
        ("frame", "view", "behind"),
        ("frame", "light", "candle"),
        ("disposition", "kind", "melt"),
        ("rework_order", "state", "lost"),
        ("rework_event", "state", "lost"),
        ("piece_source", "source", "dealer"),
        ("calibration_certificate", "kind", "luck"),
        ("calibration_certificate", "view", "behind"),
        ("job_move", "from_stage", "attic"),
        ("job_move", "to_stage", "attic"),
        ("job_weighing", "stage", "attic"),
        ("job_weighing", "direction", "up"),
        ("piece_exit", "kind", "sold"),
        ("hand_check", "outcome", "fine"),
        ("sampling_scheme", "level", "IV"),
        ("sampling_lot", "severity", "mild"),
        ("sampling_event", "kind", "skipped"),
        ("rework_mark", "what", "thing"),
        ("rework_mark", "view", "behind"),
        ("rework_mark", "light", "candle"),
        ("rework_change", "what", "colour"),
        ("rework_message", "kind", "joke"),
        ("recheck", "what", "thing"),
        ("recheck", "outcome", "better"),
    ],
)
def test_only_known_words_are_kept(engine: Engine, table: str, column: str, word: str) -> None:
    there = METADATA.tables[table]
    with reading(engine) as connection:
        row = connection.execute(there.select()).first()._asdict()
    del row["id"]
    if table == "inspection":
        row["refusal_code"] = None
    with (
        pytest.raises(RecordsError, match=f"CHECK constraint failed: ck_{table}_{column}"),
        writing(engine) as connection,
    ):
        connection.execute(insert(there).values({**row, column: word}))


def test_every_list_of_words_is_tried_above() -> None:
    tried = {case[:2] for mark in test_only_known_words_are_kept.pytestmark for case in mark.args[1]}
    checks = {
        (table.name, str(check.name).removeprefix(f"ck_{table.name}_"))
        for table in METADATA.tables.values()
        for check in table.constraints
        if str(check.name).startswith("ck_")
    }
    assert tried == checks - {("inspection", "judged_or_refused"), ("concession", "used")}


@pytest.mark.parametrize(("verdict", "code"), [("PASS", "blurred"), (None, None)])
def test_an_inspection_is_judged_or_refused(engine: Engine, verdict: str | None, code: str | None) -> None:
    there = METADATA.tables["inspection"]
    with reading(engine) as connection:
        row = connection.execute(there.select()).first()._asdict()
    del row["id"]
    with (
        pytest.raises(RecordsError, match="CHECK constraint failed: ck_inspection_judged_or_refused"),
        writing(engine) as connection,
    ):
        connection.execute(insert(there).values({**row, "verdict": verdict, "refusal_code": code}))


def test_a_part_belongs_to_an_inspection(engine: Engine) -> None:
    there = METADATA.tables["prong"]
    with reading(engine) as connection:
        row = connection.execute(there.select()).first()._asdict()
    del row["id"]
    with pytest.raises(RecordsError, match="FOREIGN KEY constraint failed"), writing(engine) as connection:
        connection.execute(insert(there).values({**row, "inspection": 999}))
