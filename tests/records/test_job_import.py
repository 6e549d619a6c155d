"""Tables out of the shop's own system: read in any of three encodings, refused row by row, stored whole or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from at_once import at_once
from hypothesis import given
from hypothesis import strategies as st
from made_entries import MISSING_PRONG
from made_production import a_bag, looked_at
from sqlalchemy import select

from loupebox.station.records.columns import METADATA
from loupebox.station.records.engine import reading
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.job import Job
from loupebox.station.records.job_import import ImportReport
from loupebox.station.records.job_table import JobRow, RefusedRow, neutral, read_csv, read_rows, unneutral
from loupebox.station.records.qc_log import QcLog

CSV = """job,style,due,quantity,caster,setter,serial,tree
J-1,SOL6,2026-12-01,3,Züger,Anil,P-1,T-7
J-1,SOL6,,,Züger,Anil,P-2,T-7
J-1,SOL6,,,Züger,Bo,P-3,T-7
J-2,BAND,2026-12-02,40,Rao,,,
"""


def everything(log: QcLog) -> dict[str, list[tuple[object, ...]]]:
    with reading(log._engine) as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table))] for name, table in METADATA.tables.items()
        }


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("cp1252", "cp1252"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_told(codec: str, told: str, delimiter: str) -> None:
    table = read_csv(CSV.replace(",", delimiter).encode(codec), "jobs.csv")
    assert (table.encoding, table.refused, len(table.rows)) == (told, (), 4)
    assert table.rows[0] == (
        2,
        JobRow(job="J-1", style="SOL6", due=date(2026, 12, 1), quantity=3, caster="Züger", setter="Anil",
               serial="P-1", tree="T-7"),
    )  # fmt: skip


def test_jobs_pieces_and_their_sources_are_stored(log: QcLog) -> None:
    report = log.job_import.bring_in(read_csv(CSV.encode(), "jobs.csv"), "ERP")
    assert (report.stored, report.rows, report.jobs_added, report.pieces_added, report.sources_changed) == (
        True, 4, 2, 3, 3
    )  # fmt: skip
    assert log.job("J-1") == Job(id="J-1", style="SOL6", due=date(2026, 12, 1), quantity=3, caster="Züger", tree="T-7")
    assert [piece.serial for piece in log.bags.pieces("J-1")] == ["P-1", "P-2", "P-3"]
    before = everything(log)
    again = log.job_import.bring_in(read_csv(CSV.encode(), "jobs.csv"), "ERP")
    assert (again.stored, again.jobs_unchanged, again.jobs_changed, again.pieces_added, again.sources_changed) == (
        True, 2, 0, 0, 0
    )  # fmt: skip
    assert everything(log) == before


def test_a_dry_run_says_the_same_and_leaves_nothing(log: QcLog) -> None:
    before = everything(log)
    table = read_csv(CSV.encode(), "jobs.csv")
    dry = log.job_import.bring_in(table, "ERP", dry_run=True)
    assert everything(log) == before
    assert replace(dry, stored=True) == log.job_import.bring_in(table, "ERP")


def test_every_refused_row_is_reported_and_nothing_is_half_imported(log: QcLog) -> None:
    text = (
        "job,style,due,quantity,serial\n"
        "J-1,SOL6,2026-12-01,3,\n"
        ",SOL6,,,\n"
        "J-2,../SOL6,1.12.2026,0,\n"
        "J-3,SOL6,86400,many,,too,much\n"
        '"J-4","SO\nL6",,,\n'
        "J-1,BAND,2026-12-02,4,\n"
    )
    before = everything(log)
    report = log.job_import.bring_in(read_csv(text.encode(), "jobs.csv"), "ERP")
    assert not report.stored
    assert everything(log) == before
    assert [(r.line, r.field, r.value) for r in report.refused] == [
        (3, "job", ""),
        (4, "due", "1.12.2026"),
        (4, "quantity", "0"),
        (4, "style", "../SOL6"),
        (5, "(beyond the last column)", "too, much"),
        (5, "due", "86400"),
        (5, "quantity", "many"),
        (6, "style", "SO\nL6"),
        (8, "due", "2026-12-02"),
        (8, "job", "J-1"),
        (8, "quantity", "4"),
        (8, "style", "BAND"),
    ]
    assert {r.allowed for r in report.refused if r.line == 4} == {
        "a date such as 2026-11-01",
        "a number of 1 or more",
        "text of the form ^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$",
    }
    assert report.refused[-1].sentence == "line 8: style is 'BAND'; allowed is SOL6, as line 2 says of job J-1"


def test_what_the_records_no_longer_allow_is_refused(log: QcLog) -> None:
    a_bag(log, quantity=1)
    looked_at(log)
    log.bags.close("J-1", "Ines")
    a_bag(log, "J-2", quantity=2)
    looked_at(log, MISSING_PRONG, job="J-2")
    looked_at(log, piece="P-2", job="J-2")
    table = read_rows(
        [
            {"job": "J-1", "style": "SOL6", "quantity": 2},
            {"job": "J-2", "style": "BAND", "quantity": 1},
        ]
    )
    assert log.job_import.bring_in(table, "ERP").refused == (
        RefusedRow(1, "job", "J-1", "a job that is open: Ines closed it on 2026-11-20"),
        RefusedRow(2, "quantity", "1", "2 or more: job J-2 has 2 serials"),
        RefusedRow(2, "style", "BAND", "SOL6: pieces of job J-2 are inspected already"),
    )
    same = read_rows([{"job": "J-1", "style": "SOL6", "quantity": 1}])
    assert log.job_import.bring_in(same, "ERP").jobs_unchanged == 1


def test_formulas_markup_and_sql_are_only_text(log: QcLog) -> None:
    odd = "=cmd|' /C calc'!A0"
    rows = [{"job": f"{odd} {i}", "style": "SOL6", "caster": name} for i, name in enumerate(ODD)]
    assert log.job_import.bring_in(read_rows(rows), "ERP").stored
    assert {job.caster for job in log.jobs()} == set(ODD)


ODD = ("<script>alert(1)</script>", "'; DROP TABLE job; --", '=HYPERLINK("x")', "@SUM(A1)", "-2+3", "'t Hooft")


@given(st.text(max_size=20))
def test_no_text_is_a_formula_and_none_is_lost(text: str) -> None:
    assert not neutral(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unneutral(neutral(text)) == text


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (b"", None, "jobs.csv is empty; its first line names the columns: job, style, due"),
        (b"PK\x03\x04rest", None, r"jobs\.csv is a ZIP archive \(a workbook\?\); save the table as CSV"),
        (b"\x1f\x8b\x08", None, "is a gzip archive"),
        (CSV.encode("utf-32"), None, "jobs.csv is in UTF-32; allowed are UTF-8, UTF-16, cp1252"),
        (CSV.encode(), "latin-5", "encoding is 'latin-5'; allowed are UTF-8, UTF-16, cp1252"),
        (b"job,style\n\x81\x8d,x", None, "is not text in UTF-8 or cp1252 at byte 10; say its encoding"),
        (CSV.encode("cp1252"), "UTF-8", "is not text in UTF-8 at byte"),
        (b"job,style\nJ\x00,x\n", None, "has characters of value 0"),
        (b"job,stile\n", None, "unknown column 'stile'; did you mean 'style'?"),
        (b"job,job,style\n", None, "column 'job' stands there twice"),
        (b"job\nJ-1\n", None, "column 'style' is missing; every row needs it"),
        (b'job,style\n"J-1,SOL6\n', None, "line 2: not CSV: unexpected end of data"),
        (b"job,style\n" + b"J,S\n" * 20_001, None, "has more than 20000 rows; divide it"),
        (bytes(9 * 1024 * 1024), None, "has 9437184 bytes; allowed are 8388608"),
    ],
)
def test_what_is_no_table(content: bytes, encoding: str | None, said: str) -> None:
    with pytest.raises(NotAllowed, match=said):
        read_csv(content, "jobs.csv", encoding)


def test_nobody_imports_nothing(log: QcLog) -> None:
    with pytest.raises(NotAllowed, match="nobody imports the jobs; say who"):
        log.job_import.bring_in(read_rows([]), " ")


def test_many_who_import_the_same_at_once_import_it_once(log: QcLog) -> None:
    table = read_csv(CSV.encode(), "jobs.csv")
    got = at_once(lambda i: log.job_import.bring_in(table, f"ERP {i}"))
    assert all(isinstance(one, ImportReport) for one in got), got
    assert sum(one.jobs_added for one in got) == 2
    assert sum(one.pieces_added for one in got) == 3
    assert sum(one.jobs_changed for one in got) == 0
