"""What overrides a verdict is signed by badge or PIN, at that moment, by whoever is signed in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from made_people import PIN, badge
from opened_pages import OpenPage
from playwright.sync_api import expect
from served import Station

from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.engine import reading

SCRAP: dict[str, Any] = {"kind": "scrap", "reason_code": "cannot_be_mended"}


def decided(station: Station, piece: str) -> list[str]:
    return [d.kind for d in station.log.inspection(station.numbers[piece]).dispositions]


def signatures(station: Station) -> list[tuple[str, str]]:
    with reading(station.log._engine) as connection:
        rows = connection.execute(AUDIT.select().where(AUDIT.c.action == "signature.given"))
        return [(row.who, row.subject) for row in rows]


def decide(station: Station, client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post(f"/api/v1/inspections/{station.numbers['P-0003']}/decisions", json=body)


def test_an_override_is_signed_and_the_audit_knows(own_station: Station) -> None:
    with own_station.client("Ina") as ina:
        assert decide(own_station, ina, **SCRAP, pin=PIN).status_code == 201
        assert decide(own_station, ina, **SCRAP, badge=badge("Ina")).status_code == 201
        assert decide(own_station, ina, kind="accept").status_code == 201  # what a REVIEW asks for overrides nothing
    assert decided(own_station, "P-0003") == ["scrap", "scrap", "accept"]
    assert signatures(own_station) == [("Ina", f"inspection {own_station.numbers['P-0003']}")] * 2


@pytest.mark.parametrize(
    ("signed", "status", "told"),
    [
        ({}, 422, "the decision 'scrap' on a piece with verdict REVIEW is signed: give your badge or your PIN"),
        ({"pin": "314159"}, 403, "the name and the PIN do not go together"),
        ({"pin": PIN, "badge": badge("Ina")}, 422, "give your badge or your PIN"),
        ({"badge": badge("Lea")}, 403, "that badge is not Ina's, who is signed in"),
    ],
)
def test_no_other_signature_will_do(own_station: Station, signed: dict[str, str], status: int, told: str) -> None:
    with own_station.client("Ina") as ina:
        answer = decide(own_station, ina, **SCRAP, **signed)
    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert "314159" not in answer.text
    assert decided(own_station, "P-0003") == []
    assert signatures(own_station) == []


def test_a_program_signs_nothing(own_station: Station) -> None:
    _, secret = own_station.log.tokens.add("ERP", ["inspection.decide"], 1, who="tests")
    with own_station.client(None, token=secret) as program:
        answer = decide(own_station, program, **SCRAP, pin=PIN)
        assert answer.status_code == 403
        assert "is signed by a person with badge or PIN; the token 'ERP'" in answer.json()["detail"]
        assert decide(own_station, program, kind="accept").status_code == 201
    assert decided(own_station, "P-0003") == ["accept"]


def test_guessing_a_signature_locks(own_station: Station) -> None:
    with own_station.client("Ina") as ina:
        statuses = [decide(own_station, ina, **SCRAP, pin=f"31415{n}").status_code for n in range(7)]
    assert statuses == [403] * 5 + [429] * 2


def test_a_wrong_signature_counts_even_in_a_request_with_a_key(own_station: Station) -> None:
    """Its tries are kept although the change is not."""
    address = f"/api/v1/inspections/{own_station.numbers['P-0003']}/decisions"
    with own_station.client("Ina") as ina:
        for n in range(5):
            key = {"Idempotency-Key": f"a-different-key-{n:04}"}
            assert ina.post(address, json={**SCRAP, "pin": f"31415{n}"}, headers=key).status_code == 403
        assert ina.post(address, json={**SCRAP, "pin": PIN}).status_code == 429


def test_the_page_asks_for_a_signature_only_where_one_is_needed(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, "Ina")
    page.goto(f"/inspections/{own_station.numbers['P-0003']}")
    page.get_by_role("radio", name="Accept").check()
    expect(page.get_by_label("or your PIN")).to_be_hidden()
    page.get_by_role("radio", name="Scrap").check()
    page.locator("select[name=reason_code]").select_option("cannot_be_mended")
    page.get_by_label("or your PIN").fill(PIN)
    page.get_by_role("button", name="Record the decision").click()
    expect(page.locator("#decision")).to_contain_text("Scrapped by Ina")
    assert decided(own_station, "P-0003") == ["scrap"]
