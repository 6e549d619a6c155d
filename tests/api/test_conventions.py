"""What holds for every route, of whatever noun: errors, limits of texts, lists in parts, keys of changes.

A new route that forgets one of them fails here, with a sentence that says what to do.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from made_people import CHEAP
from served import Station

from loupebox.api.app import create_app
from loupebox.station.settings import Settings

PROBLEM = "application/problem+json"
WHOLE_LISTS = {
    "/api/v1/permissions": "the table is in the code",
    "/api/v1/audit/heads": "a chain a station",
    "/api/v1/benches": "a shop has a dozen",
    "/api/v1/defects": "kinds, styles and sources, each once",
    "/api/v1/inspections/{number}/decisions": "a piece is decided a few times",
    "/api/v1/inspections/{number}/rechecks": "things on one piece",
    "/api/v1/look-first": "orders on one piece",
    "/api/v1/pieces/{serial}/history": "the life of one piece",
    "/api/v1/rework": "what waits in the shop, by urgency",
    "/api/v1/hand-checks/{job}": "checks of one bag",
    "/api/v1/subscribers": "a shop has a handful",
    "/api/v1/dead-letters": "what was given up; none may be overlooked",
}
"""Lists that come whole, and why that is no flood."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("document"), **CHEAP)).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def texts(
    document: dict[str, Any], schema: dict[str, Any], at: str, seen: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every free text inside a schema, with its place."""
    if "$ref" in schema:
        if schema["$ref"] in seen:
            return
        yield from texts(document, resolved(document, schema), at, (*seen, schema["$ref"]))
        return
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from texts(document, inner, at, seen)
    free = not {"enum", "const", "pattern", "contentMediaType"} & schema.keys()  # a file has the limit of its body
    if schema.get("type") == "string" and free and schema.get("format", "") in ("", "password"):
        yield at, schema
    for name, inner in schema.get("properties", {}).items():
        yield from texts(document, inner, f"{at}.{name}", seen)
    for inner in (schema.get("items"), schema.get("additionalProperties"), *schema.get("prefixItems", ())):
        if isinstance(inner, dict):
            yield from texts(document, inner, f"{at}[]", seen)


def test_every_text_that_is_sent_has_a_limit(document: dict[str, Any]) -> None:
    unlimited: list[str] = []
    for method, path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] in ("query", "header"):
                found = texts(document, parameter["schema"], parameter["name"])
                unlimited += [f"{method} {path}: {at}" for at, schema in found if "maxLength" not in schema]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            found = texts(document, content["schema"], "body")
            unlimited += [f"{method} {path}: {at}" for at, schema in found if "maxLength" not in schema]
    assert unlimited == [], f"texts without a longest length: {unlimited}; use Line or Name of api/dependencies.py"


def test_every_body_refuses_what_it_does_not_know(document: dict[str, Any]) -> None:
    lenient = [
        f"{method} {path}"
        for method, path, operation in operations(document)
        for media, content in operation.get("requestBody", {}).get("content", {}).items()
        if media == "application/json"
        and resolved(document, content["schema"]).get("additionalProperties") is not False
        and resolved(document, content["schema"]).get("type") == "object"
    ]
    assert lenient == [], f"bodies that swallow a misspelt field: {lenient}; give the model extra='forbid'"


def test_every_answer_has_a_schema_and_every_error_is_declared(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        answers = operation["responses"]
        for status in ("4XX", "5XX"):
            assert PROBLEM in answers[status]["content"], f"{method} {path}: {status} is not declared as a problem"
        good = [answer for status, answer in answers.items() if status.startswith("2")]
        assert good, f"{method} {path} declares no answer"
        for answer in good:
            for media, content in answer.get("content", {}).items():
                assert media != "application/json" or content.get("schema"), (
                    f"{method} {path}: give it a response_model"
                )


def test_every_change_may_carry_a_key(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        names = [parameter["name"] for parameter in operation.get("parameters", ())]
        assert ("Idempotency-Key" in names) is (method != "GET" and path.startswith("/api/")), f"{method} {path}"


def test_lists_come_in_parts(document: dict[str, Any]) -> None:
    whole: list[str] = []
    for method, path, operation in operations(document):
        if method != "GET" or not path.startswith("/api/") or path in WHOLE_LISTS:
            continue
        content = operation["responses"]["200"].get("content", {}).get("application/json", {})
        schema = resolved(document, content.get("schema", {}))
        is_list = schema.get("type") == "array" or "items" in schema.get("properties", {})
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        if is_list and not {"limit", "cursor"} <= names:
            whole.append(path)
    assert whole == [], (
        f"lists that come whole: {whole}; give them `limit: Limit = 50, cursor: Cursor = None` (api/dependencies.py), "
        "or say in WHOLE_LISTS why they stay short"
    )


def test_every_error_is_a_problem(own_station: Station) -> None:
    with own_station.client() as http:
        too_long = http.get("/api/v1/inspections", params={"piece": "x" * 9000})
        asked = {
            400: http.post("/api/v1/rework/1/done", content=b'{"note": '),
            401: httpx.get(own_station.url + "/api/v1/me"),
            404: http.get("/api/v1/nothing"),
            405: http.patch("/api/v1/inspections"),
            409: http.post("/api/v1/rework/1/done", json={}),
            413: http.post("/api/v1/rework/1/done", content=b"x" * 2_000_000_0),
            414: too_long,
            422: http.post("/api/v1/rework/1/done", json={"note": 1}),
            500: http.post("/api/take-and-fail"),
        }
        with own_station.client("Ben") as ben:
            asked[403] = ben.get("/api/v1/people")
    for status, answer in asked.items():
        if status == 400:
            assert answer.status_code in (400, 422)
        else:
            assert answer.status_code == status, answer.text[:200]
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json().keys() == {"type", "title", "status", "detail"}
        assert answer.json()["status"] == answer.status_code
        assert len(answer.text) < 2000


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/api/v1/inspections?piece=%00", "contains a control character"),
        ("/api/v1/jobs/a%00b", "contains a control character"),
        ("/api/v1/jobs/a%0Db", "contains a control character"),
        ("/api/v1/jobs/%ff%fe", "is no valid UTF-8"),
        ("/api/v1/inspections?piece=%ed%a0%80", "is no valid UTF-8"),
        ("/pieces/%ed%a0%80", "is no valid UTF-8"),
    ],
)
def test_an_address_with_what_is_no_text_is_refused(station: Station, address: str, told: str) -> None:
    """Sent as it is: a tidy client would encode it anew."""
    host, port = station.url.removeprefix("http://").split(":")
    cookie = "; ".join(f"{name}={value}" for name, value in station.session().items())
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        lines = (
            f"GET {address} HTTP/1.1",
            f"Host: {host}",
            f"Cookie: {cookie}",
            "Accept: application/json",
            "Connection: close",
        )
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 422 ")
    assert told in json.loads(body)["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"note": "\\ud800"}',
        b'{"\\ud800": "x"}',
        b'{"note": "\\u0000"}',
        b'{"note": 1e999}',
        b'{"note": NaN}',
        b'{"note": ' + b"9" * 5000 + b"}",
        b"[" * 20000 + b"]" * 20000,
        b"\xff\xfe{",
        b"\xef\xbb\xbf{}x",
        b"null",
        b'"text"',
        b"",
    ],
)
def test_a_body_that_is_no_body_is_refused(station: Station, body: bytes) -> None:
    with station.client() as http:
        answer = http.post("/api/v1/rework/1/done", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text[:300]
    assert answer.headers["content-type"] == PROBLEM
    assert station.log.rework.one(1).state == "open"
