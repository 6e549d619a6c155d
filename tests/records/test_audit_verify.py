"""Whoever tampers, at whatever level, is found: the triggers are dropped first, as somebody with all rights could."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest
from made_entries import DOUBTFUL_SCRATCH, MISSING_PRONG, PORE, an_entry
from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from loupebox.station.records import every_table
from loupebox.station.records.audit import heads
from loupebox.station.records.audit_tables import AUDIT, AUDIT_HEAD
from loupebox.station.records.audit_verify import verify
from loupebox.station.records.engine import open_database, reading
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.inspection_tables import DEFECT, INSPECTION, MEASUREMENT, PRONG
from loupebox.station.records.production_tables import PIECE
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.rework_tables import DISPOSITION

Tamper = Callable[[Connection], object]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Two stations have worked for a while; no test leaves a trace in it."""
    folder = tmp_path_factory.mktemp("shop")
    where = str(folder / "qc.sqlite")
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        where = server.owner_url(server.create_database(request.getfixturevalue("empty_log")))
    engines = [open_database(where, name) for name in ("bench 1", "bench 2")]
    for number, engine in enumerate(engines):
        log = QcLog(engine, ImageStore(folder / "frames"))
        log.record(an_entry(MISSING_PRONG, piece=f"{number}-1", findings=(PORE, replace(PORE, score=0.5))))
        log.decide(log.record(an_entry(DOUBTFUL_SCRATCH, piece=f"{number}-2")), "accept", "Ana")
    yield engines[0]
    for engine in engines:
        engine.dispose()


def drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for table in every_table.evidence():
            connection.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
        return
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        connection.execute(text(f"DROP TRIGGER {name}"))


def after(engine: Engine, *acts: Tamper, kept: dict[str, tuple[int, str]] | None = None) -> list[str]:
    """What verifying says once somebody has done this; then it is undone."""
    with engine.connect().execution_options(writes=True) as connection:
        drop_triggers(connection)
        for act in acts:
            act(connection)
        return [str(fault) for fault in verify(connection, kept_heads=kept).faults]


def test_an_honest_log_is_sound(shop: Engine) -> None:
    with reading(shop) as connection:
        links = connection.execute(select(AUDIT)).all()
        told: list[tuple[int, int]] = []
        found = verify(connection, kept_heads=heads(connection), progress=lambda done, of: told.append((done, of)))
    assert found.faults == ()
    assert found.links == len(links)
    assert set(found.heads) == {"bench 1", "bench 2"}
    assert found.rows > 30
    assert told[-1] == (len(links), len(links))


LINKS: list[tuple[Tamper, list[str]]] = [
    (
        lambda c: c.execute(update(AUDIT).where(AUDIT.c.chain == "bench 1", AUDIT.c.number == 2).values(who="Eve")),
        ["link 2 of bench 1 was altered (Eve, inspection.recorded, inspection 1)"],
    ),
    (
        lambda c: c.execute(delete(AUDIT).where(AUDIT.c.chain == "bench 1", AUDIT.c.number.in_((3, 4)))),
        ["links 3 to 4 of bench 1 missing", "disposition 1 is not in the audit", "rework_event 1 is not in the audit"],
    ),
    (
        lambda c: c.execute(delete(AUDIT).where(AUDIT.c.chain == "bench 1", AUDIT.c.number == 6)),
        [
            "link 6 of bench 1 missing: the chain was cut off",
            "is not the one that link 1 of bench 2 saw",
            "disposition 2",
        ],
    ),
    (lambda c: c.execute(delete(AUDIT_HEAD).where(AUDIT_HEAD.c.chain == "bench 1")), ["the head of bench 1 missing"]),
    (
        lambda c: c.execute(update(AUDIT_HEAD).values(number=1)),
        ["the head of bench 1 was altered: it is at 1, the last"],
    ),
    (
        lambda c: [
            c.execute(update(AUDIT).where(AUDIT.c.chain == "bench 1", AUDIT.c.number == before).values(number=after))
            for before, after in ((3, 99), (4, 3), (99, 4))
        ],
        [
            "link 4 of bench 1 was altered",
            "link 3 of bench 1 missing",
            "link 3 of bench 1 is out of order",
            "link 3 of bench 1 was alt",
        ],
    ),
    (
        lambda c: c.execute(update(AUDIT).where(AUDIT.c.number == 3).values(evidence="nonsense", anchors="[]")),
        ["link 3 of bench 1 was altered", "disposition 1 is not in the audit"],
    ),
]


@pytest.mark.parametrize(("act", "told"), LINKS, ids=range(len(LINKS)))
def test_links_that_were_tampered_with(shop: Engine, act: Tamper, told: list[str]) -> None:
    said = after(shop, act)
    for words in told:
        assert any(words in fault for fault in said), said


def test_a_chain_cut_off_with_its_evidence_is_missed_by_the_other_and_by_the_kept_heads(shop: Engine) -> None:
    with reading(shop) as connection:
        kept = heads(connection)

    def cut(connection: Connection) -> None:
        for chain, number in (("bench 1", 6), ("bench 2", kept["bench 2"][0])):
            connection.execute(delete(AUDIT).where(AUDIT.c.chain == chain, AUDIT.c.number == number))
            last = connection.execute(
                select(AUDIT.c.number, AUDIT.c.hash).where(AUDIT.c.chain == chain).order_by(AUDIT.c.number.desc())
            ).first()
            connection.execute(update(AUDIT_HEAD).where(AUDIT_HEAD.c.chain == chain).values(last._asdict()))
        connection.execute(delete(DISPOSITION).where(DISPOSITION.c.who == "Ana"))

    assert after(shop, cut) == ["link 6 of bench 1 is not the one that link 1 of bench 2 saw: altered or removed"]
    assert [fault.split(" is not the one whose hash was kept")[0] for fault in after(shop, cut, kept=kept)[1:]] == [
        "link 6 of bench 1",
        f"link {kept['bench 2'][0]} of bench 2",
    ]


CHANGES = {"finding": {"score": 0.25}, "inspection": {"day": date(2026, 1, 1)}, "measurement": {"value": 17.351}}


def test_every_row_of_evidence_that_is_altered_is_named(shop: Engine) -> None:
    """In every table that has rows here; those of other nouns are told apart in the same way."""
    tried = set[str]()
    for table in every_table.evidence():
        with reading(shop) as connection:
            row = connection.execute(select(table).order_by(table.c.id)).first()
        if row is None or table is AUDIT:
            continue
        changes = CHANGES.get(table.name) or {next(n for n in LOOSE if n in table.c): "another"}
        told = after(shop, lambda c, t=table, n=row.id, x=changes: c.execute(update(t).where(t.c.id == n).values(x)))
        assert len(told) == 1, told
        assert told[0].startswith(f"{table.name} {row.id} ")
        assert told[0].endswith("was altered")
        tried.add(table.name)
    assert tried >= {*CHANGES, "spec_revision", "prong", "defect", "frame", "disposition", "rework_event"}


LOOSE = ("reason", "note", "sha256", "name", "text", "words", "details")


EVIDENCE: list[tuple[Tamper, list[str]]] = [
    (
        lambda c: c.execute(delete(MEASUREMENT).where(MEASUREMENT.c.id == 2)),
        ["1 of 2 rows in measurement of inspection 1 missing"],
    ),
    (lambda c: c.execute(delete(DISPOSITION).where(DISPOSITION.c.id == 4)), ["disposition 4 missing"]),
    (
        lambda c: c.execute(
            insert(PRONG).from_select(
                [x.name for x in PRONG.c if x.name != "id"], select(*[x for x in PRONG.c if x.name != "id"]).limit(1)
            )
        ),
        ["prong 9 of inspection 1 was added afterwards"],
    ),
    (
        lambda c: c.execute(insert(DEFECT).values(inspection=2, kind="x", check_name="x", verdict="FAIL", reason="x")),
        ["defect 5 of inspection 2 was added afterwards"],
    ),
    (
        lambda c: c.execute(
            insert(INSPECTION).from_select(
                [x.name for x in INSPECTION.c if x.name != "id"],
                select(*[x for x in INSPECTION.c if x.name != "id"]).where(INSPECTION.c.id == 1),
            )
        ),
        ["inspection 5 is not in the audit: added behind its back"],
    ),
    (
        lambda c: c.execute(update(PIECE).where(PIECE.c.serial == "0-1").values(serial="another")),
        ["inspection 1 is of piece another in job J-1; recorded was piece 0-1 in job J-1"],
    ),
    (
        lambda c: [
            c.execute(update(PRONG).where(PRONG.c.id == before).values(id=after)) for before, after in ((1, 99),)
        ],
        ["prong of inspection 1 are in another order"],
    ),
    (
        lambda c: c.execute(update(MEASUREMENT).where(MEASUREMENT.c.id == 1).values(value=None)),
        ["measurement 1 of inspection 1 was altered"],
    ),
]


@pytest.mark.parametrize(("act", "told"), EVIDENCE, ids=range(len(EVIDENCE)))
def test_evidence_that_was_tampered_with(shop: Engine, act: Tamper, told: list[str]) -> None:
    assert after(shop, act) == told
