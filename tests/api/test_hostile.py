"""Hostile text in every text field of every route: a clear refusal or only text, never a fault, never markup."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Station, serving
from test_conventions import operations, resolved

HOSTILE = {
    "SQL": "'; DROP TABLE inspection; --",
    "SQL in a comparison": '" OR 1=1 --',
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a template": "{{ 7 * 7 }}{% for x in y %}${7*7}",
    "right to left": "abc‮gnp.exe",
    "NUL": "a\0b",
    "half a character": "\ud800",
    "a new line": "a\r\nSet-Cookie: x=y",
    "a path": "../../../../etc/passwd",
    "a formula": '=HYPERLINK("http://evil.example")',
    "many marks on one letter": "e" + "\u0301" * 200,
    "a megabyte": "x" * 1_000_000,
}
FIT = {"SQL", "SQL in a comparison", "HTML", "a template", "a path", "a formula"}
"""These are plain printable text and may be recorded, as text."""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, recorded_day: tuple[Path, dict[str, int]]) -> Iterator[Station]:
    folder, numbers = recorded_day
    data = tmp_path_factory.mktemp("hostile") / "data"
    shutil.copytree(folder, data)
    with serving(data) as (url, log):
        yield Station(url, log, numbers, data)


def sample(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Some value that the schema describes, the same every time."""
    schema = resolved(document, schema)
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    for options in ("anyOf", "oneOf"):
        if options in schema:
            return sample(document, schema[options][0])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return {name: sample(document, inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            prefixed = [sample(document, inner) for inner in schema.get("prefixItems", ())]
            return prefixed or ([sample(document, schema["items"])] if "items" in schema else [])
        case "integer" | "number":
            lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            return int(lowest) + 1
        case "boolean":
            return False
        case _:
            formats = {"date": "2026-11-21", "date-time": "2026-11-21T09:00:00Z"}
            return formats.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))


def places(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """The way to each text inside a value of this schema."""
    schema = resolved(document, schema)
    for options in ("anyOf", "oneOf"):
        if options in schema:
            yield from places(document, schema[options][0])
            return
    if schema.get("type") == "string" and "enum" not in schema and "const" not in schema:
        yield ()
    for name, inner in schema.get("properties", {}).items():
        yield from ((name, *rest) for rest in places(document, inner))
    if isinstance(schema.get("items"), dict):
        yield from ((0, *rest) for rest in places(document, schema["items"]))


def put(value: Any, way: tuple[str | int, ...], text: str) -> Any:
    """The value with the text at the end of the way."""
    if not way:
        return text
    if isinstance(way[0], int):
        return [put(value[0] if value else None, way[1:], text)]
    return {**(value or {}), way[0]: put((value or {}).get(way[0]), way[1:], text)}


def held(station: Station) -> dict[str, int]:
    """How many rows the evidence has."""
    return {"inspections": len(station.log.recent(500).items), "people": len(station.log.people.all(retired=True))}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_refused_or_is_only_text(attacked: Station, kind: str) -> None:
    text = HOSTILE[kind]
    tried = 0
    with attacked.client() as client:
        document = client.get("/openapi.json").json()
        for method, path, operation in operations(document):
            address = path.format(**{p["name"]: "1" for p in operation.get("parameters", ()) if p["in"] == "path"})
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query" and len(text) < 10_000 and kind != "half a character":
                    answer = client.request(method, address, params={parameter["name"]: text}, json={})
                    tried += 1
                    assert answer.status_code < 500, (method, path, parameter["name"], answer.text[:300])
                    assert "set-cookie" not in answer.headers
            media = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if media is None:
                continue
            whole = sample(document, media["schema"])
            for way in places(document, media["schema"]):
                body = json.dumps(put(whole, way, text)).encode()
                answer = client.request(method, address, content=body, headers={"content-type": "application/json"})
                tried += 1
                about = (method, path, way, answer.status_code, answer.text[:300])
                assert answer.status_code < 500, about
                assert answer.headers["content-type"] in ("application/json", "application/problem+json"), about
                assert len(answer.content) < 100_000, about
                if kind not in FIT:
                    assert answer.status_code >= 400, about
        assert tried > 40
        assert client.get("/health").status_code == 200
        for page in ("/", "/rework", "/defects", "/refused"):
            shown = client.get(page, headers={"accept": "text/html"})
            assert shown.status_code == 200
            assert "<script>alert" not in shown.text
            assert "onerror=alert(1)>" not in shown.text
    assert len(attacked.log.recent(500).items) == len(attacked.numbers)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_in_a_form_is_refused_or_is_only_text(attacked: Station, kind: str) -> None:
    text = HOSTILE[kind].encode("utf-8", "surrogatepass")
    html = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
    with attacked.client() as client, attacked.client(None) as nobody:
        for field in ("badge", "name", "pin", "next"):
            fields = {"name": b"Nobody", "pin": b"314159", "badge": b"", "next": b"/"} | {field: text}
            answer = nobody.post("/sign-in", content=form(fields), headers=html)
            assert 400 <= answer.status_code < 500
            assert b"<script>alert" not in answer.content
            assert "set-cookie" not in answer.headers
        for address, fields in (
            (f"/inspections/{attacked.numbers['P-0003']}/decisions", {"kind": b"accept", "reason": text}),
            ("/rework/2147483647/done", {"note": text}),
            ("/rework/2147483647/take", {"bench": text}),
        ):
            answer = client.post(address, content=form(fields), headers=html)
            assert answer.status_code < 500, (address, answer.text[:300])
            assert b"<script>alert" not in answer.content


def form(fields: dict[str, bytes]) -> bytes:
    """As a browser sends it, what no browser would send included."""
    return "&".join(f"{name}=" + "".join(f"%{byte:02x}" for byte in text) for name, text in fields.items()).encode()
