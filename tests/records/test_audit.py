"""Whoever changes the log is named in the audit, in chains that continue."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import pytest
from made_entries import DOUBTFUL_SCRATCH, MISSING_PRONG, an_entry
from sqlalchemy import select

from loupebox.station.records.audit import ANCHOR_EVERY, BEGINNING, append_audit, heads, link_hash
from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.columns import add
from loupebox.station.records.engine import open_database, reading, writing
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.inspection_tables import PRONG
from loupebox.station.records.job import Job
from loupebox.station.records.production_tables import SPEC_REVISION
from loupebox.station.records.qc_log import QcLog

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def acts(log: QcLog) -> list[tuple[str, str, str]]:
    with reading(log._engine) as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.id)).all()
    return [(row.who, row.action, row.subject) for row in rows]


def test_every_change_says_who_did_what(log: QcLog) -> None:
    log.import_jobs([Job(id="J-1", style="SOL6"), Job(id="J-2", style="SOL6")])
    log.import_jobs([Job(id="J-1", style="SOL6", setter="Mai"), Job(id="J-2", style="SOL6")], "Eva")
    log.record(an_entry(MISSING_PRONG))
    log.rework.take(1, "Ben")
    log.rework.finish(1, "Ben", "new tip")
    doubtful = log.record(an_entry(DOUBTFUL_SCRATCH, piece="P-2"))
    log.decide(doubtful, "accept", "Ana")
    log.record(an_entry(MISSING_PRONG, piece="P-3"))
    log.record(an_entry(piece="P-3"))
    assert acts(log) == [
        ("jobs file", "job.imported", "job J-1"),
        ("jobs file", "job.imported", "job J-2"),
        ("Eva", "job.changed", "job J-1"),
        ("station bench 1", "spec.recorded", "spec sheet SOL6 revision A"),
        ("station bench 1", "inspection.recorded", "inspection 1"),
        ("loupebox", "inspection.decided", "inspection 1"),
        ("loupebox", "rework.open", "rework order 1"),
        ("Ben", "rework.taken", "rework order 1"),
        ("Ben", "rework.done", "rework order 1"),
        ("station bench 1", "inspection.recorded", "inspection 2"),
        ("Ana", "inspection.decided", "inspection 2"),
        ("station bench 1", "inspection.recorded", "inspection 3"),
        ("loupebox", "inspection.decided", "inspection 3"),
        ("loupebox", "rework.open", "rework order 2"),
        ("station bench 1", "inspection.recorded", "inspection 4"),
        ("loupebox", "rework.withdrawn", "rework order 2"),
    ]


def test_each_link_continues_the_one_before(log: QcLog) -> None:
    for piece in range(3):
        log.record(an_entry(MISSING_PRONG, piece=str(piece)))
    with reading(log._engine) as connection:
        rows = [row._mapping for row in connection.execute(select(AUDIT).order_by(AUDIT.c.number))]
        (head,) = heads(connection).values()
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["previous"] for row in rows] == [BEGINNING, *(row["hash"] for row in rows[:-1])]
    assert [row["hash"] for row in rows] == [link_hash(row) for row in rows]
    assert head == (rows[-1]["number"], rows[-1]["hash"])


def test_an_inspection_is_audited_with_a_digest_of_each_of_its_rows(log: QcLog) -> None:
    log.record(an_entry())
    with reading(log._engine) as connection:
        (written,) = connection.execute(select(AUDIT.c.evidence).where(AUDIT.c.action == "inspection.recorded")).one()
    counted = {table: (by, key, len(digests) // 32) for table, by, key, digests in json.loads(written)}
    assert counted == {
        "inspection": ("id", 1, 1),
        "measurement": ("inspection", 1, 2),
        "finding": ("inspection", 1, 1),
        "prong": ("inspection", 1, 2),
        "frame": ("inspection", 1, 2),
        "defect": ("inspection", 1, 0),
        "recheck": ("inspection", 1, 0),
    }


def test_a_refused_change_leaves_no_link(log: QcLog) -> None:
    log.record(an_entry())
    before = acts(log)
    with pytest.raises(NotAllowed):
        log.decide(1, "scrap", "Ana")
    assert acts(log) == before


def test_evidence_without_an_audit_is_a_fault(log: QcLog) -> None:
    log.record(an_entry())
    with reading(log._engine) as connection:
        row = connection.execute(select(PRONG)).first()._asdict()
    del row["id"]
    with pytest.raises(RuntimeError, match="evidence was added to prong and no audit"), writing(log._engine) as writer:
        add(writer, PRONG, **row)
    with pytest.raises(RuntimeError, match=r"x\.y z is audited outside of a transaction"), reading(log._engine) as seen:
        append_audit(seen, who="Ana", action="x.y", subject="z", details={}, at=NOW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"who": " "}, "has an empty who"),
        ({"action": ""}, "has an empty action"),
        ({"subject": ""}, "has an empty subject"),
        ({"details": {"value": float("nan")}}, "the details of x.y z are not JSON"),
        ({"details": {"value": NOW}}, "the details of x.y z are not JSON"),
    ],
)
def test_what_cannot_be_audited(log: QcLog, changes: dict, said: str) -> None:
    wanted = {"who": "Ana", "action": "x.y", "subject": "z", "details": {}, "at": NOW, **changes}
    with pytest.raises(NotAllowed, match=said), writing(log._engine) as connection:
        append_audit(connection, **wanted)
    assert acts(log) == []


def test_stations_have_chains_of_their_own_that_anchor_each_other(database: str) -> None:
    stations = [open_database(database, name) for name in ("bench 1", "bench 2")]

    def act(station: int) -> None:
        with writing(stations[station]) as connection:
            append_audit(connection, who="Ana", action="x.y", subject="z", details={}, at=NOW)

    for station in [0, 0, 0, *[1] * (ANCHOR_EVERY + 1), 0, 1]:
        act(station)
    with reading(stations[0]) as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.id)).all()
        assert {chain: number for chain, (number, _) in heads(connection).items()} == {"bench 1": 4, "bench 2": 18}
    third = rows[2]
    anchored = [(row.chain, row.number, json.loads(row.anchors)) for row in rows if row.anchors != "{}"]
    assert anchored == [("bench 2", n, {"bench 1": [3, third.hash]}) for n in (1, ANCHOR_EVERY + 1)]
    for station in stations:
        station.dispose()


def test_threads_of_one_station_continue_one_chain(log: QcLog) -> None:
    together = threading.Barrier(6)

    def record(piece: str) -> None:
        together.wait()
        for again in range(3):
            log.record(an_entry(MISSING_PRONG, piece=f"{piece} {again}"))

    threads = [threading.Thread(target=record, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(log._engine) as connection:
        rows = [row._mapping for row in connection.execute(select(AUDIT).order_by(AUDIT.c.number))]
    assert len({row["chain"] for row in rows}) == 1
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    assert sum(row["action"] == "inspection.recorded" for row in rows) == 18
    assert SPEC_REVISION.name in {part[0] for row in rows for part in json.loads(row["evidence"])}
