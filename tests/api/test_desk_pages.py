"""The pages of engineer, lead and admin: each says what the record says, and only to those who may see it."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import made_pieces
import pytest
from lxml import html
from made_people import PIN
from served import Station

sys.path.insert(0, str(Path(__file__).parent.parent / "records"))

from made_calibration import MADE_AT, a_draft, signature

from loupebox.api.admin_pages import ACTS
from loupebox.api.history_chart import Reading, chart
from loupebox.api.model_figures import HEIGHT, WIDTH, figures
from loupebox.models.card import read_card
from loupebox.station.records.entry import SpecEntry

DAY = date(2026, 11, 1)
PAGE = {"Accept": "text/html"}
SHEET = """schema = 1
style = "BAND"
revision = "Z"
name = "Tight band"
family = "band"
stage = "final"

[[characteristic]]
name = "inner_diameter_mm"
nominal = 17.36
lower = {lower}
upper = 17.45
severity = "critical"

[[surface]]
zone = "A"
kind = "scratch"
largest_mm = 0.6
at_most = 1

[[hand_check]]
name = "clasp"
how = "Open <b>and</b> close it."
"""


def with_approval(text: str, revision: str) -> str:
    """The same sheet as one that was approved."""
    approved = f'revision = "{revision}"\napproved_by = "R. Shah"\napproved_on = {DAY}'
    return text.replace('revision = "Z"', approved)


def read(client: httpx.Client, path: str, status: int = 200) -> str:
    """The words of a page."""
    answer = client.get(path, headers=PAGE)
    assert answer.status_code == status, answer.text
    return " ".join(" ".join(html.fromstring(answer.text).find(".//main").itertext()).split())


def send(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post(path, data=form, headers=PAGE)


def test_a_draft_is_tried_changed_and_approved_by_another(own_station: Station) -> None:
    with own_station.client("Eng") as eng, own_station.client("Lea") as lea:
        made = made_pieces.entry(made_pieces.Made("B-0009", style="BAND", job="J-1042"))
        spec = SpecEntry(
            "BAND", "R", "Tight band", "band", with_approval(SHEET.format(lower=17.25), "R"), "R. Shah", DAY
        )
        own_station.log.record(replace(made, spec=spec))
        own_station.log.specs.draft(SHEET.format(lower=17.30), "Eng")
        assert "1 draft waits" in read(lea, "/sheets")
        page = read(eng, "/sheets/BAND/Z")
        assert "somebody else approves it" in page
        assert "Approve version" not in page
        assert "Open <b>and</b> close it." in page
        assert "PASS → would be PASS 1 as before" in read(eng, "/sheets/BAND/Z?since=all")
        changed = send(eng, "/sheets/BAND/Z", text=SHEET.format(lower=17.40).replace("17.36", "17.42"), after="1")
        assert (changed.status_code, changed.headers["Location"]) == (303, "/sheets/BAND/Z")
        tried = read(lea, "/sheets/BAND/Z?since=all")
        assert re.search(r"PASS → would be FAIL 1", tried)
        assert "B-0009" in tried
        assert send(eng, "/sheets/BAND/Z", text=SHEET.format(lower=17.2), after="1").status_code == 409
        assert send(eng, "/sheets/BAND/Z/approval", version="2", pin=PIN).status_code == 422
        assert send(lea, "/sheets/BAND/Z/approval", version="2", pin="000000").status_code == 403
        assert send(lea, "/sheets/BAND/Z/approval", version="1", pin=PIN).status_code == 409
        assert send(lea, "/sheets/BAND/Z/approval", version="2", pin=PIN).status_code == 303
        assert own_station.log.specs.sheet("BAND", "Z").summary.approved_by == "Lea"
        assert "Begin the next revision" in read(eng, "/sheets/BAND/Z")
        assert send(eng, "/sheets/BAND/Z/revisions", new="AA").headers["Location"] == "/sheets/BAND/AA"
        assert "Draft" in read(eng, "/sheets/BAND/AA")


def test_neither_badge_nor_pin_is_no_signature(own_station: Station) -> None:
    own_station.log.specs.draft(SHEET.format(lower=17.30), "Eng")
    with own_station.client("Lea") as lea:
        assert send(lea, "/sheets/BAND/Z/approval", version="1").status_code == 403
    assert own_station.log.specs.sheet("BAND", "Z").summary.state == "draft"


def test_calibrations_say_until_when_and_show_how_they_went(own_station: Station, own_http: httpx.Client) -> None:
    assert "Nothing signed yet" in read(own_http, "/calibration")
    drafts = [a_draft(value=17.0 + day / 100, made_at=MADE_AT + timedelta(days=day), days=3650) for day in range(3)]
    for draft in [*drafts, a_draft("sensor", "top", most=1.0)]:
        own_station.log.certificates.sign(draft, signature(draft))
    page = html.fromstring(own_http.get("/calibration", headers=PAGE).text)
    first, second = page.findall(".//section")
    assert "Failed" in first.text_content()
    assert "allowed is 1 um/px or less" in first.text_content()
    assert "ring gauge RG-18" in second.text_content()
    assert len(second.findall(".//svg[@class='history']/circle")) == 3
    assert "1 needs work" in " ".join(page.text_content().split())


def test_a_history_is_drawn_between_its_limits() -> None:
    drawn = chart([Reading(MADE_AT + timedelta(days=d), 1.0 + d, 0.5, 0.0, 4.0) for d in (0, 1, 2)])
    assert [dot.x for dot in drawn.dots] == [4, 50, 96]
    ups = [dot.y for dot in drawn.dots]
    assert ups == sorted(ups, reverse=True)
    assert drawn.most is not None
    assert drawn.least is not None
    assert 0 < drawn.most < min(ups)
    assert max(ups) < drawn.least < 100
    assert all(dot.top < dot.y < dot.bottom for dot in drawn.dots)
    alone = chart([Reading(MADE_AT, 3.0, 0.0, None, None)])
    assert (alone.dots[0].x, alone.dots[0].y) == (50, 50)


def test_models_say_what_they_miss(http: httpx.Client) -> None:
    page = read(http, "/models")
    for name in ("surface", "head_parts"):
        card = read_card(Path(__file__).parents[2] / "models" / f"{name}.onnx")
        shares, _ = figures(card.measured)
        assert card.version in page
        assert card.sha256[:16] in page
        assert shares
        assert f"{shares[0].found} of {shares[0].of} {shares[0].missed} " in page


def test_curves_pass_through_what_the_card_says() -> None:
    one = {"a90_mm": 0.296, "a90_95_mm": 1.184, "intercept": 3.476, "slope": 1.049, "largest_missed_mm": 0.159}
    told = {"found": 3, "of": 4, "wilson_95": [0.3, 0.98]}
    shares, curves = figures({"test": {"lift": one, "scratch": told, "odd": {"n": 1, "of": 0, "interval_95": [0, 1]}}})
    (curve,) = curves
    assert curve.name == ("test", "lift")
    assert curve.chance(curve.a90_mm) == pytest.approx(0.9, abs=0.001)
    points = [tuple(map(float, point.split(","))) for point in curve.line.split()]
    assert (points[0][0], points[-1][0]) == (0, WIDTH)
    assert curve.at_a90 is not None
    near = min(points, key=lambda point: abs(point[0] - curve.at_a90))
    assert near[1] == pytest.approx(0.1 * HEIGHT, abs=4)
    assert [(s.name, s.missed, s.rate) for s in shares] == [(("test", "scratch"), 1, 0.75)]


def test_people_are_added_given_roles_and_retired(own_station: Station) -> None:
    with own_station.client("Ada") as ada:
        added = ada.post("/people", data={"name": "Nita", "roles": ["bench", "lead"], "pin": "141421"})
        number = own_station.log.people.named("Nita").id
        assert added.headers["Location"] == f"/people#person-{number}"
        assert "Nita Lead, Bench PIN" in read(ada, "/people").replace("Bench, Lead", "Lead, Bench")
        assert send(ada, f"/people/{number}/roles", roles="engineer").status_code == 303
        assert own_station.log.people.one(number).roles == ("engineer",)
        assert send(ada, f"/people/{number}/secrets", badge="B-NITA-1").status_code == 303
        assert own_station.log.people.one(number).has_badge
        assert send(ada, f"/people/{number}/unlock").status_code == 303
        assert send(ada, f"/people/{number}/retire").status_code == 303
        assert "Nita" not in read(ada, "/people")
        assert re.search(r"Nita Engineer retired \d+ \w+ \d{4}", read(ada, "/people?retired=true"))
        assert send(ada, "/people", name="Nobody", pin="141421").status_code == 422


def test_the_audit_is_read_sifted_and_verified(own_station: Station) -> None:
    for word in range(ACTS):
        own_station.log.rework.ask(1, "Ben", f"question {word}")
    with own_station.client("Ada") as ada:
        assert "rework.question" in read(ada, "/audit")
        only = html.fromstring(ada.get("/audit?by=Ben", headers=PAGE).text)
        assert {row.text for row in only.findall(".//tbody/tr/th")} == {"Ben"}
        first = html.fromstring(ada.get("/audit", headers=PAGE).text)
        earlier = first.xpath("//a[text()='Earlier ones']/@href")[0]
        numbers = [int(n) for n in re.findall(r"Link (\d+) of", read(ada, "/audit"))]
        assert int(re.findall(r"Link (\d+) of", read(ada, earlier))[0]) == numbers[-1] - 1
        assert "Everything is as it was recorded" in read(ada, "/audit?verify=true")
        assert "Nothing of that kind is recorded." in read(ada, "/audit?by=Nobody")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/sheets", {"Ina", "Ben", "Lea", "Eng", "Ada"}),
        ("/calibration", {"Ina", "Ben", "Lea", "Eng", "Ada"}),
        ("/models", {"Ina", "Ben", "Lea", "Eng", "Ada"}),
        ("/people", {"Ada"}),
        ("/audit", {"Lea", "Ada"}),
        ("/board", {"Lea"}),
    ],
)
def test_a_menu_names_what_its_reader_may_see(station: Station, path: str, allowed: set[str]) -> None:
    for who in ("Ina", "Ben", "Lea", "Eng", "Ada"):
        with station.client(who) as client:
            status = client.get(path, headers=PAGE).status_code
            menu = html.fromstring(client.get("/rework", headers=PAGE).text).xpath("//nav//a/@href")
        assert (status == 200, path in menu) == (who in allowed, who in allowed), who
