"""Schemathesis over the whole interface as one of its people: cases out of its own description, held against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from made_people import PEOPLE, PIN
from routes import BEYOND, Route
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served import Station

from loupebox.station.records.roles import PERMISSIONS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
PATIENCE_S = 60
UNREADABLE = {400, 411, 413, 414, 422}
"""What cannot be read is refused before anybody asks who sent it."""


@schemathesis.serializer("application/zip")
def _as_they_are(ctx: Any, value: Any) -> bytes:
    """What is made up for an archive is sent as it is: hardly ever a ZIP file, and to be refused with a reason."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@dataclass
class Fuzzed:
    """What came of it."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Fuzzed) -> None:
        self.requests += other.requests
        self.statuses += other.statuses
        self.failures += other.failures


def known_values(station: Station) -> dict[str, list[Any]]:
    """Values of path parameters under which the station has something."""
    there = [person for person in station.log.people.all(retired=True) if person.name.startswith("Victim ")]
    new = () if there else range(3)
    there += [station.log.people.add(f"Victim {n}", ["bench"], who="tests", pin=PIN) for n in new]
    number = next(iter(station.numbers.values()))
    frame = station.log.inspection(number).report["replay"]["frames"][0]["sha256"]
    return {
        "person": [
            *(person.id for person in there),
            int(BEYOND),
        ],  # never those who ask: they would lock themselves out
        "number": list(range(1, 12)),
        "checksum": [frame],
        "job": ["J-1041", "J-1042"],
        "style": ["SOL6", "BAND"],
        "revision": ["A"],
        "serial": ["P-0001"],
    }


def fuzz(
    station: Station,
    routes: list[Route],
    who: str | None,
    examples: int,
    chance: int,
    scopes: frozenset[str] | None = None,
) -> Fuzzed:
    """So many cases for each operation, sent as `who`; every second one about something that is there.

    With `scopes` it is a program with a token for these that asks, called `who`.
    """
    fuzzed = Fuzzed()
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    document = requests.get(f"{station.url}/openapi.json", timeout=PATIENCE_S).json()
    schema = schemathesis.openapi.from_dict(document, config=config)
    known = known_values(station)
    if scopes is not None:
        may = set(scopes)
    else:
        may = set() if who is None else {p for p, roles in PERMISSIONS.items() if set(roles) & set(PEOPLE[who])}
    # "{job:path}" of a route is "{job}" in the description.
    needs = {(route.method, route.path.replace(":path}", "}")): route for route in routes}
    session = requests.Session()
    if scopes is not None:
        _, secret = station.log.tokens.add(str(who), scopes, 1, who="tests")
        session.headers["Authorization"] = f"Bearer {secret}"
    elif who is not None:
        session.cookies.update(station.session(who))
    for offered in schema.get_all_operations():
        operation = offered.ok()
        route = needs[operation.method.upper(), operation.path]
        allowed = route.is_open or (who is not None and route.permissions <= may)
        _fuzz_one(station, operation, session, allowed, known, fuzzed, examples, chance)
    session.close()
    return fuzzed


def _fuzz_one(
    station: Station,
    operation: Any,
    session: requests.Session,
    allowed: bool,
    known: dict[str, list[Any]],
    fuzzed: Fuzzed,
    examples: int,
    chance: int,
) -> None:
    @seed(chance)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def try_it(case: Any) -> None:
        fuzzed.requests += 1
        _point_at_something(case, known, fuzzed.requests)
        answer = case.call(base_url=station.url, session=session, timeout=PATIENCE_S, allow_redirects=False)
        fuzzed.statuses[answer.status_code] += 1
        about = f"{operation.method.upper()} {operation.path}: {answer.status_code}"
        try:
            case.validate_response(answer, checks=CHECKS)
        except (AssertionError, BaseExceptionGroup) as failure:
            told = "; ".join(str(one)[:300] for one in getattr(failure, "exceptions", (failure,)))
            fuzzed.failures.append(f"{about} {told} [{case.as_curl_command()[:400]}]")
        denied = answer.status_code == 401 or (answer.status_code == 403 and b"needs the permission" in answer.content)
        if denied if allowed else not (denied or answer.status_code in UNREADABLE):
            fuzzed.failures.append(f"{about} and the table says {'allowed' if allowed else 'not allowed'}")

    try_it()


def _point_at_something(case: Any, known: dict[str, list[Any]], turn: int) -> None:
    """Every second time put a value into the path that the station knows; of people always."""
    parameters = case.path_parameters or {}
    for name in list(parameters):
        kind = "person" if name == "number" and case.operation.path.startswith("/api/v1/people/") else name
        if kind in known and (kind == "person" or turn % 2):
            parameters[name] = known[kind][turn % len(known[kind])]
