"""A database as Loupebox 0.1.0 left it: its schema (revision 0001), with rows written as 0.1.0 wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from made_entries import SPEC
from sqlalchemy import Connection, MetaData, Table, insert

from loupebox.station.records.engine import new_engine, transaction, url_of
from loupebox.station.records.migrating import MIGRATIONS

FIRST = "0001"
AT = datetime(2026, 11, 2, 1, 30, 15, 250_000, tzinfo=UTC)
DAY = date(2026, 11, 2)
TOP, FACE = "aa" * 32, "bb" * 32

_SHEET = {
    "style": SPEC.style,
    "revision": SPEC.revision,
    "name": SPEC.name,
    "text": SPEC.text,
    "sha256": SPEC.sha256,
    "approved_by": SPEC.approved_by,
    "approved_on": SPEC.approved_on,
}
_JUDGED = {
    "style": "SOL6",
    "spec_revision": 1,
    "station": "bench 1",
    "utc_offset_min": 420,
    "captured_at": AT,
    "recorded_at": AT,
    "day": DAY,
    "refusal_code": None,
    "replay": {"software": "0.1.0", "models": {"head_parts": "ab" * 32}},
    "timings_ms": {"decode": 12.5, "models": 300.0},
}

ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "style": [
        {"code": "SOL6", "name": "Six-prong solitaire", "family": "solitaire"},
        {"code": "BAND", "name": None, "family": None},
    ],
    "spec_revision": [_SHEET],
    "job": [
        {"id": "J-1", "style": "SOL6", "due": date(2026, 11, 20), "quantity": 3, "caster": "Altmann", "alloy": "750"},
        {"id": "J-2 été", "style": "BAND", "due": None, "quantity": None, "caster": None, "alloy": None},
    ],
    "piece": [{"serial": "P-1", "job": "J-1"}, {"serial": "P-2", "job": "J-1"}, {"serial": "P-1", "job": "J-2 été"}],
    "inspection": [
        {**_JUDGED, "piece": 1, "verdict": "FAIL", "reasons": ["prong 3 is missing"], "report": '{"piece": "P-1"}'},
        {**_JUDGED, "piece": 2, "verdict": "PASS", "reasons": [], "report": '{"piece": "P-2"}'},
        {
            **_JUDGED,
            "piece": 3,
            "style": "BAND",
            "spec_revision": None,
            "verdict": None,
            "refusal_code": "blurred",
            "reasons": ["retake, because the face is blurred: é 金 \U0001f48d"],
            "report": '{"piece": "P-1", "refused": true}',
        },
    ],
    "measurement": [
        {
            "inspection": number,
            "name": "inner_diameter_mm",
            "value": 17.349999999999998,
            "expanded_uncertainty": 0.008,
            "unit": "mm",
            "lower": 17.25,
            "nominal": 17.35,
            "upper": 17.45,
            "verdict": "PASS",
            "conformance": 0.99,
            "reason": "17.35 mm is inside",
        }
        for number in (1, 2)
    ],
    "finding": [
        {
            "inspection": 1,
            "kind": "gas_porosity",
            "view": "shank",
            "light": "coaxial",
            "zone": "A",
            "size_mm": 0.15,
            "size_expanded_uncertainty_mm": 0.008,
            "width_mm": 0.12,
            "area_mm2": 0.011,
            "score": 0.87,
            "mm_per_px": 0.008,
            "box_x_px": 10.5,
            "box_y_px": 20.0,
            "box_w_px": 19.5,
            "box_h_px": 20.25,
            "polygon_xy_px": [[10.5, 20.0], [30.0, 20.0], [20.0, 40.25]],
        }
    ],
    "prong": [
        {
            "inspection": 1,
            "place": 3,
            "angle_deg": 150.0,
            "state": "missing",
            "reason": "nothing stands at 150 deg",
            "length_mm": None,
            "bend_mm": None,
            "lift_mm": None,
        }
    ],
    "defect": [
        {
            "inspection": 1,
            "kind": "prong_missing",
            "check_name": "prong_3",
            "verdict": "FAIL",
            "reason": "prong 3 is missing",
        }
    ],
    "frame": [
        {"view": "top", "light": "dome", "sha256": TOP, "suffix": ".png", "width_px": 704, "height_px": 704} | owner
        for owner in ({"inspection": 1}, {"inspection": 2})
    ]
    + [
        {
            "inspection": 3,
            "view": "face",
            "light": "backlight",
            "sha256": FACE,
            "suffix": ".png",
            "width_px": 704,
            "height_px": 704,
        }
    ],
    "disposition": [
        {"inspection": 1, "kind": "rework", "who": "loupebox", "reason": "prong 3 is missing", "decided_at": AT}
    ],
    "rework_order": [
        {
            "disposition": 1,
            "operation": "re-tip",
            "bench": "setting",
            "priority": 2,
            "due": date(2026, 11, 20),
            "state": "taken",
        }
    ],
    "rework_event": [
        {"rework_order": 1, "state": "open", "who": "loupebox", "note": "", "at": AT},
        {"rework_order": 1, "state": "taken", "who": "Ben", "note": "", "at": AT},
    ],
}
"""By table; numbers come from the database, in this order from 1."""


def as_first_released(where: str | Path) -> None:
    """Make the database at a path or URL into one of 0.1.0, with these rows."""
    engine = new_engine(url_of(where), lasting=False)
    try:
        with transaction(engine) as connection:
            upgrade(connection, FIRST)
            for name, rows in ROWS.items():
                connection.execute(insert(Table(name, MetaData(), autoload_with=connection)), list(rows))
    finally:
        engine.dispose()


def upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations up to one of them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
