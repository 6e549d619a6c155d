"""Every route of the application times everybody who might ask, held against the table of permissions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from made_people import CHEAP, PEOPLE
from routes import Route, routes
from served import Station, serving

from loupebox.api.access import Allowed
from loupebox.api.app import create_app
from loupebox.station.records.roles import PERMISSIONS, PERSONS_ONLY
from loupebox.station.settings import Settings

HOW = (
    "give it the dependency Allowed('noun.verb') (api/access.py), Allowed() for whoever is signed in, or Open() for "
    "everybody; permissions stand in station/records/roles.py"
)


@pytest.fixture(scope="module")
def app_routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    return routes(create_app(Settings(data_dir=tmp_path_factory.mktemp("routes"), **CHEAP)))


@pytest.fixture(scope="module")
def asked_station(
    tmp_path_factory: pytest.TempPathFactory, recorded_day: tuple[Path, dict[str, int]]
) -> Iterator[Station]:
    folder, numbers = recorded_day
    data = tmp_path_factory.mktemp("access") / "data"
    shutil.copytree(folder, data)
    with serving(data) as (url, log):
        yield Station(url, log, numbers, data)


def test_every_route_says_who_may_use_it(app_routes: list[Route]) -> None:
    silent = [str(route) for route in app_routes if not route.needs]
    assert silent == [], f"these routes name no permission: {silent}; {HOW}"


def test_few_routes_are_open(app_routes: list[Route]) -> None:
    assert {str(route) for route in app_routes if route.is_open} == {
        "GET /sign-in",
        "POST /sign-in",
        "POST /language",
        "GET /health",
    }


def test_a_change_needs_more_than_looking(app_routes: list[Route]) -> None:
    """No permission that ends in .read lets anybody change anything, and whoever is signed in changes only that."""
    for route in app_routes:
        if route.method in ("GET", "HEAD") or route.is_open or route.path == "/sign-out":
            continue
        assert any(not permission.endswith(".read") for permission in route.permissions), f"{route}: {HOW}"


def test_a_permission_that_nobody_has_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"no permission is called 'ring.melt'; add it to PERMISSIONS"):
        Allowed("ring.melt")


def ask(client: httpx.Client, route: Route) -> httpx.Response:
    """A request that does nothing whoever sends it: the number or the body is wrong."""
    body: dict[str, Any] = {} if route.method in ("GET", "HEAD") else {"json": {}}
    return client.request(route.method, route.address, headers={"accept": "application/json"}, **body)


def is_denied(answer: httpx.Response) -> bool:
    """Whether it was refused for want of a permission, and not for another reason."""
    return answer.status_code == 401 or (
        answer.status_code == 403 and "this needs the permission" in answer.json()["detail"]
    )


@pytest.mark.parametrize("who", [None, *PEOPLE])
def test_each_role_gets_what_the_table_says_and_nothing_else(
    who: str | None, asked_station: Station, app_routes: list[Route]
) -> None:
    wrong: list[str] = []
    may = set() if who is None else {p for p, roles in PERMISSIONS.items() if set(roles) & set(PEOPLE[who])}
    client = asked_station.client(who)
    for route in sorted(app_routes, key=lambda route: route.path == "/sign-out"):  # which ends the session
        answer = ask(client, route)
        allowed = route.is_open or (who is not None and route.permissions <= may)
        if answer.status_code >= 500:
            wrong.append(f"{route} as {who}: {answer.status_code} {answer.text[:200]}")
        elif is_denied(answer) == allowed:
            roles = "nobody" if who is None else ", ".join(PEOPLE[who])
            wrong.append(
                f"{route} as {who} ({roles}): answered {answer.status_code}, and the table says that it is "
                f"{'allowed' if allowed else 'not allowed'} (it needs {sorted(route.permissions) or 'a session'})"
            )
        elif not allowed and who is not None:
            missing = sorted(route.permissions - may)
            assert any(
                f"the permission {permission}, which the role" in answer.json()["detail"] for permission in missing
            ), answer.text
    client.close()
    assert wrong == [], "\n".join(wrong)


def test_a_token_gets_its_scopes_and_nothing_else(asked_station: Station, app_routes: list[Route]) -> None:
    for_tokens = PERMISSIONS.keys() - PERSONS_ONLY

    def holder(name: str, scopes: set[str]) -> httpx.Client:
        _, secret = asked_station.log.tokens.add(name, scopes, 1, who="tests")
        return asked_station.client(None, token=secret)

    with holder("everything", set(for_tokens)) as everything:
        for route in app_routes:
            allowed = not route.permissions & PERSONS_ONLY
            assert is_denied(ask(everything, route)) != allowed, f"{route} with a token for all that tokens may"
    for scope in sorted(for_tokens):
        concerned = [route for route in app_routes if scope in route.permissions]
        with holder(f"only {scope}", {scope}) as only, holder(f"all but {scope}", for_tokens - {scope}) as others:
            for route in concerned:
                assert is_denied(ask(others, route)), f"{route} with a token for all but {scope}"
                if route.permissions == {scope}:
                    assert not is_denied(ask(only, route)), f"{route} with a token for {scope}"


def test_whoever_is_not_signed_in_is_told_how(http: httpx.Client, station: Station) -> None:
    with station.client(None) as nobody:
        answer = nobody.get("/api/v1/inspections")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "nobody is signed in; sign in at /sign-in, or send a token in the header" in answer.json()["detail"]
        for credentials, told in (
            ({"Authorization": "Bearer loupebox_guessed"}, "that token is not known, revoked or over"),
            ({"Authorization": "Basic TWVlcmE6MjcxODI4"}, "nobody is signed in"),
            ({"Authorization": "Bearer"}, "nobody is signed in"),
            ({"Cookie": "loupebox_session=guessed"}, "the session is over"),
        ):
            answer = nobody.get("/api/v1/me", headers=credentials)
            assert answer.status_code == 401
            assert told in answer.json()["detail"]
        page = nobody.get("/rework?bench=laser", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Frework%3Fbench%3Dlaser")
    assert http.get("/api/v1/me").json()["roles"] == ["inspector", "bench", "lead", "engineer", "admin"]


def test_a_refusal_names_the_permission_and_who_has_it(station: Station) -> None:
    with station.client("Ben") as ben:
        answer = ben.post(f"/api/v1/inspections/{station.numbers['P-0003']}/decisions", json={"kind": "accept"})
        assert answer.status_code == 403
        assert answer.json()["detail"] == (
            "this needs the permission inspection.decide, which the role inspector or lead has; you are Ben (bench)"
        )
        page = ben.post(
            f"/inspections/{station.numbers['P-0003']}/decisions",
            data={"kind": "accept"},
            headers={"accept": "text/html"},
        )
        assert page.status_code == 403
        assert "This needs the permission inspection.decide" in page.text
    assert station.log.inspection(station.numbers["P-0003"]).dispositions == ()
