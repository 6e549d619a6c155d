"""A program that did not hear the answer asks again with the same Idempotency-Key, and nothing is done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
from made_people import PIN
from served import Station, serving

KEY = {"Idempotency-Key": "3e1c3b1e-8f64-4a57-9a9e-0d0f0b8f2c11"}
OTHER = {"Idempotency-Key": "c0ffee00-8f64-4a57-9a9e-0d0f0b8f2c11"}
REPLAYED = "idempotent-replayed"


def test_the_same_key_gets_the_same_answer_and_no_second_change(own_station: Station) -> None:
    address = f"/api/v1/inspections/{own_station.numbers['P-0003']}/decisions"
    with own_station.client() as client:
        first = client.post(address, json={"kind": "accept"}, headers=KEY)
        again = client.post(address, json={"kind": "accept"}, headers=KEY)
        assert first.status_code == again.status_code == 201
        assert first.content == again.content
        assert first.headers["content-type"] == again.headers["content-type"]
        assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")
        assert len(client.get(address).json()) == 1
        assert client.post(address, json={"kind": "accept"}, headers=OTHER).status_code == 201
        assert len(client.get(address).json()) == 2


def test_it_is_kept_over_a_restart(own_station: Station) -> None:
    address = "/api/v1/rework/1/take"
    with own_station.client() as client:
        first = client.post(address, headers=KEY)
    assert first.status_code == 200
    with serving(own_station.data) as (url, log):
        restarted = Station(url, log, own_station.numbers, own_station.data)
        with restarted.client() as client:
            again = client.post(address, headers=KEY)
        assert (again.status_code, again.content, again.headers[REPLAYED]) == (200, first.content, "true")


def test_a_key_is_for_one_request_of_one_person(own_station: Station) -> None:
    with own_station.client() as meera, own_station.client("Ben") as ben:
        assert meera.post("/api/v1/rework/1/take", headers=KEY).status_code == 200
        for address, body in (("/api/v1/rework/2/take", None), ("/api/v1/rework/1/done", {})):
            answer = meera.post(address, json=body, headers=KEY)
            assert answer.status_code == 422
            assert "this Idempotency-Key was used for another request" in answer.json()["detail"]
        assert "taken by Meera" in ben.post("/api/v1/rework/1/take", headers=KEY).json()["detail"]
        assert own_station.log.rework.one(2).state == "open"
        refused = meera.post("/api/v1/rework/2/take", headers={"Idempotency-Key": "1"})
        assert refused.status_code == 422
        assert "best a UUID" in refused.json()["detail"]
        assert refused.headers["content-type"] == "application/problem+json"


def test_a_refusal_stays_a_refusal_and_a_wrong_body_too(own_station: Station) -> None:
    with own_station.client() as client:
        refused = client.post("/api/v1/rework/1/done", json={}, headers=KEY)
        assert refused.status_code == 409
        assert client.post("/api/v1/rework/1/take").status_code == 200
        again = client.post("/api/v1/rework/1/done", json={}, headers=KEY)
        assert (again.status_code, again.content, again.headers[REPLAYED]) == (409, refused.content, "true")
        wrong = client.post("/api/v1/rework/1/done", json={"note": 7}, headers=OTHER)
        assert wrong.status_code == client.post("/api/v1/rework/1/done", json={"note": 7}, headers=OTHER).status_code
        assert wrong.status_code == 422


def test_who_may_no_longer_gets_no_old_answer(own_station: Station) -> None:
    ben = own_station.log.people.named("Ben")
    with own_station.client("Ben") as client:
        assert client.post("/api/v1/rework/1/take", headers=KEY).status_code == 200
        own_station.log.people.set_roles(ben.id, ["engineer"], who="tests")
        assert client.post("/api/v1/rework/1/take", headers=KEY).status_code == 403
        own_station.log.people.set_roles(ben.id, ["bench"], who="tests")
        assert client.post("/api/v1/rework/1/take", headers=KEY).status_code == 200


def test_a_fault_leaves_nothing_and_can_be_asked_again(own_station: Station) -> None:
    """The fault comes after the change was written: it is taken back with it."""
    with own_station.client() as client:
        broken = client.post("/api/take-and-fail", headers=KEY)
        assert broken.status_code == 500
        assert own_station.log.rework.one(1).state == "open"
        assert client.post("/api/take-and-fail", headers=KEY).status_code == 500
        assert client.post("/api/take-and-fail").status_code == 500
        assert own_station.log.rework.one(1).state == "taken"  # without a key the change stands alone


def test_a_tokens_secret_is_told_once(own_station: Station) -> None:
    wish = {"name": "ERP", "scopes": ["job.read"], "days": 30}
    with own_station.client() as client:
        made = client.post("/api/v1/tokens", json=wish, headers=KEY)
        assert made.status_code == 201
        again = client.post("/api/v1/tokens", json=wish, headers=KEY)
        assert again.status_code == 409
        assert "its answer held a secret, which is told only once" in again.json()["detail"]
        assert [token["name"] for token in client.get("/api/v1/tokens").json()["items"]] == ["ERP"]
    with own_station.client(None, token=made.json()["secret"]) as program:
        assert program.get("/api/v1/jobs").status_code == 200


def test_a_person_made_twice_is_made_once(own_station: Station) -> None:
    wish = {"name": "Neu", "roles": ["bench"], "pin": PIN}
    with own_station.client() as client:
        first, again = (client.post("/api/v1/people", json=wish, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]


def test_a_hundred_at_once_get_one_change_and_one_answer(own_station: Station) -> None:
    """More than there are threads for routes: nobody may starve the one that is at it."""
    session = own_station.session()
    with httpx.Client(
        base_url=own_station.url, cookies=session, verify=False, timeout=60, limits=httpx.Limits(max_connections=50)
    ) as client:

        def ask(_: int) -> tuple[int, bytes]:
            answer = client.post("/api/v1/rework/1/take", headers=KEY)
            return answer.status_code, answer.content

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(ask, range(100)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 200
    assert [step.who for step in own_station.log.rework.one(1).steps] == ["loupebox", "Meera"]


def test_keyed_and_unkeyed_changes_do_not_starve_each_other(own_station: Station) -> None:
    """Every thread of the routes waits for the database while a keyed request ends: it ends all the same."""
    address = f"/api/v1/inspections/{own_station.numbers['P-0003']}/decisions"
    session = own_station.session()
    with httpx.Client(
        base_url=own_station.url, cookies=session, verify=False, timeout=60, limits=httpx.Limits(max_connections=60)
    ) as client:

        def decide(number: int) -> int:
            headers = {} if number % 2 else {"Idempotency-Key": f"a-different-key-{number:04}"}
            return client.post(address, json={"kind": "accept", "reason": str(number)}, headers=headers).status_code

        with ThreadPoolExecutor(60) as pool:
            assert set(pool.map(decide, range(80))) == {201}
        assert len(client.get(address).json()) == 80
