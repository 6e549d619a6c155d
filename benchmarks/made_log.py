"""A log with very many inspections, made in bulk: the rows that reading needs, in the numbers that a shop would have.

Twenty pieces in a row: seventeen pass (two of them back from rework), one is doubtful, two fail. Each inspection has 3
measurements, 2 prongs, one frame and a report of about a kilobyte: fewer and shorter than real ones. The rows are made
by the database itself and not audited.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from made_inspections import FIRST_DAY, entry
from sqlalchemy import Connection, Engine, func, select, text

from loupebox.station.records.engine import writing
from loupebox.station.records.entry import SpecEntry
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.qc_log import QcLog

_SHEET = Path(__file__).parent.parent / "sample_images" / "specs" / "SOL6.toml"
SPEC = SpecEntry("SOL6", "A", "Six-prong solitaire", "solitaire", _SHEET.read_text(), "Lea", date(2026, 1, 1))
PIECES_A_DAY = 1000
PIECES_A_BAG = 50
BENCHES = ("setting", "polishing", "laser", "mounting")
IN_WORK_DAYS = 2
"""The orders of the last days are not done yet, nor are the doubtful pieces of the last day decided."""
AT_ONCE = 20_000
"""Inspections a transaction: whoever is interrupted goes on behind the last whole one."""
VERDICTS = ("PASS",) * 17 + ("REVIEW", "FAIL", "FAIL")
REPORT = json.dumps({"schema": 1, "reasons": ["long enough to be a little like a real one"] * 24})

ROWS = (
    """INSERT INTO job (id, style, due, quantity, caster, setter)
    SELECT DISTINCT job, 'SOL6', due, CAST(:a_bag AS integer), caster, setter FROM made WHERE true
    ON CONFLICT DO NOTHING""",
    "INSERT INTO piece (id, serial, job) SELECT n, serial, job FROM made WHERE piece = n",
    """INSERT INTO inspection (id, piece, style, spec_revision, station, captured_at, utc_offset_min, recorded_at, day,
    verdict, reasons, replay, timings_ms, report)
    SELECT n, piece, 'SOL6', 1, station, at, 0, at, day, verdict, '["a reason as long as a real one"]',
    '{"software": "0.1.0"}', '{"all": 1234.5}', :report FROM made""",
    """INSERT INTO measurement (inspection, name, value, expanded_uncertainty, unit, lower, upper, verdict, conformance,
    reason) SELECT n, name, 17.35, 0.008, 'mm', 17.2, 17.5, 'PASS', 0.99, 'inside' FROM made CROSS JOIN (SELECT
    'inner_diameter_mm' AS name UNION ALL SELECT 'shank_width_mm' UNION ALL SELECT 'out_of_round_mm') AS names""",
    """INSERT INTO prong (inspection, place, angle_deg, state, reason, length_mm) SELECT n, place, 60.0 * place, 'good',
    '', 1.1 FROM made CROSS JOIN (SELECT 1 AS place UNION ALL SELECT 2) AS places""",
    """INSERT INTO frame (inspection, view, light, sha256, suffix, width_px, height_px)
    SELECT n, 'top', 'dome', sha256, 'png', 704, 704 FROM made""",
    """INSERT INTO finding (inspection, kind, view, light, zone, size_mm, size_expanded_uncertainty_mm, width_mm,
    area_mm2, score, mm_per_px, box_x_px, box_y_px, box_w_px, box_h_px, polygon_xy_px)
    SELECT n, 'gas_porosity', 'shank', 'coaxial', 'A', 0.2, 0.02, 0.1, 0.01, 0.9, 0.008, 10, 10, 30, 30,
    '[[10, 10], [40, 10], [40, 40]]' FROM made WHERE verdict = 'FAIL'""",
    """INSERT INTO defect (inspection, kind, check_name, verdict, reason)
    SELECT n, 'gas_porosity', 'porosity zone A', verdict, 'a pore of 0.2 mm' FROM made WHERE verdict <> 'PASS'""",
    """INSERT INTO disposition (id, inspection, kind, who, reason, decided_at)
    SELECT n, n, CASE verdict WHEN 'FAIL' THEN 'rework' ELSE 'accept' END,
    CASE verdict WHEN 'FAIL' THEN 'loupebox' ELSE 'Lea' END, 'a pore of 0.2 mm', at
    FROM made WHERE verdict = 'FAIL' OR (verdict = 'REVIEW' AND day < :last_day)""",
    """INSERT INTO rework_order (id, disposition, operation, bench, priority, due_at, state, loop)
    SELECT n, n, 'laser weld', bench, 2, due_at, CASE WHEN day < :in_work THEN 'done' ELSE 'open' END, 1
    FROM made WHERE verdict = 'FAIL'""",
    """INSERT INTO rework_event (rework_order, state, who, note, at) SELECT n, state, 'Ben', '', at FROM made
    CROSS JOIN (SELECT 'open' AS state UNION ALL SELECT 'taken' UNION ALL SELECT 'done') AS states
    WHERE verdict = 'FAIL' AND (state = 'open' OR day < :in_work)""",
    """INSERT INTO rework_mark (rework_order, what, name, view, light, frame_sha256, box_xywh_px, polygon_xy_px)
    SELECT n, 'finding', 'gas_porosity', 'shank', 'coaxial', sha256, '[10, 10, 30, 30]',
    '[[10, 10], [40, 10], [40, 40]]' FROM made WHERE verdict = 'FAIL'""",
    """INSERT INTO rework_work (rework_order, who, minutes, metal_added_g, metal_removed_g, stones, at)
    SELECT n, 'Ben', 5, 0, 0, 0, at FROM made WHERE verdict = 'FAIL' AND day < :in_work""",
)


@dataclass(frozen=True, slots=True)
class Extent:
    """How many inspections there are to be; what follows from it."""

    inspections: int

    def day(self, number: int) -> date:
        return (FIRST_DAY + timedelta(days=number // PIECES_A_DAY)).date()

    @property
    def last_day(self) -> date:
        return self.day(self.inspections - 1)


def fill(engine: Engine, log: QcLog, extent: Extent, done: Callable[[int], None] = lambda _: None) -> None:
    """Up to so many inspections; those that are there already stay."""
    with engine.connect() as connection:
        there = connection.execute(select(func.max(INSPECTION.c.id))).scalar_one() or 0
    if there == 0:  # the sheet and its style come with an ordinary one
        log.record(entry(0, spec=SPEC))
        there = 1
    is_file = engine.dialect.name == "sqlite"
    for first in range(there + 1, extent.inspections + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, extent.inspections + 1))
        with writing(engine) as connection:
            _make(connection, extent, numbers, is_file)
        done(numbers[-1])
    if not is_file:
        with writing(engine) as connection:
            for table in ("piece", "inspection", "disposition", "rework_order"):
                last = f"(SELECT max(id) FROM {table})"
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))


def _make(connection: Connection, extent: Extent, numbers: range, is_file: bool) -> None:
    kinds = (
        "n int, piece int, serial text, job text, verdict text, station text, at {0}, day date, due date, due_at {0}, "
    )
    kinds = (kinds + "sha256 text, bench text, caster text, setter text").format("text" if is_file else "timestamptz")
    connection.execute(text("DROP TABLE IF EXISTS made"))
    connection.execute(text(f"CREATE TEMPORARY TABLE made ({kinds})"))
    rows = list(_rows(extent, numbers))
    if is_file:
        connection.execute(text(f"INSERT INTO made VALUES ({', '.join(f':{name}' for name in rows[0])})"), rows)
    else:
        put = text("INSERT INTO made SELECT * FROM json_populate_recordset(NULL::made, CAST(:rows AS json))")
        connection.execute(put, {"rows": json.dumps(rows)})
    last = extent.last_day
    values = {
        "a_bag": PIECES_A_BAG,
        "report": REPORT,
        "last_day": last.isoformat() if is_file else last,
        "in_work": (last - timedelta(days=IN_WORK_DAYS - 1)).isoformat() if is_file else last - timedelta(days=1),
    }
    for statement in ROWS:
        connection.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})


def _rows(extent: Extent, numbers: range) -> Iterator[dict[str, object]]:
    """What differs from one inspection to the next; moments as SQLite keeps them, which PostgreSQL reads too."""
    for n in numbers:
        piece = n - 2 if n % 20 in (0, 1) and n > 20 else n  # what failed comes back
        bag = piece // PIECES_A_BAG
        day = extent.day(n - 1)
        at = datetime(day.year, day.month, day.day, 8) + timedelta(seconds=30 * ((n - 1) % PIECES_A_DAY))
        due = day + timedelta(days=bag % 5)
        yield {
            "n": n,
            "piece": piece,
            "serial": f"P-{piece}",
            "job": f"J-{bag}",
            "verdict": VERDICTS[n % 20],
            "station": f"station-{n % 8}",
            "at": f"{at:%Y-%m-%d %H:%M:%S}.000000",
            "day": day.isoformat(),
            "due": due.isoformat(),
            "due_at": f"{due:%Y-%m-%d} 23:59:00.000000",
            "sha256": f"{n:064x}",
            "bench": BENCHES[n // 20 % len(BENCHES)],
            "caster": f"caster {bag % 7}",
            "setter": f"setter {bag % 11}",
        }
