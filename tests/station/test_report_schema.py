"""The published JSON Schema of the report is the one that the program follows."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

import loupebox.station
from loupebox.station.report import json_schema

PUBLISHED = Path(loupebox.station.__file__).parent / "report.schema.json"


def test_the_published_schema_is_in_step() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema(), (
        "run: loupebox report-schema > station/report.schema.json"
    )


def test_the_published_schema_is_a_schema_and_closed() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert {
        "schema",
        "verdict",
        "reasons",
        "measurements",
        "findings",
        "prongs",
        "refusal",
        "timings_ms",
        "replay",
    } <= set(schema["required"])
