"""What is made, over HTTP: sheets, bags, hand checks, sampling, as the people whose work it is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from made_people import PIN
from served import Station

from loupebox.api.security import LARGER_BODIES_BYTES, refusal

SHEET = """schema = 1
style = "OVAL"
revision = "A"
name = "Oval band"
family = "band"
stage = "final"

[[characteristic]]
name = "inner_diameter_mm"
lower = 17.25
upper = 17.45
severity = "critical"

[[hand_check]]
name = "clasp"
how = "Open and close it."
"""
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDAT"
    b"x\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)


class Acting:
    """Somebody's requests: the JSON of an answer with the expected status, or a failed test with the whole answer."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        return self._said(self.client.get(f"/api/v1{path}", params=params), status)

    def post(self, path: str, body: Any = None, status: int = 201, **more: Any) -> Any:
        return self._said(self.client.post(f"/api/v1{path}", json=body, **more), status)

    def upload(self, path: str, content: bytes, status: int = 201, **form: str) -> Any:
        sent = self.client.post(f"/api/v1{path}", files={"file": ("x", content)}, data=form)
        return self._said(sent, status)

    def _said(self, answer: httpx.Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def acting(own_station: Station):
    clients: list[httpx.Client] = []

    def begin(who: str) -> Acting:
        clients.append(own_station.client(who))
        return Acting(clients[-1])

    yield begin
    for client in clients:
        client.close()


def test_a_sheet_from_draft_to_approval(acting) -> None:
    engineer, lead, inspector = acting("Eng"), acting("Lea"), acting("Ina")
    picture = engineer.upload("/pictures", PNG, note="still OK")
    assert (picture["width_px"], picture["note"], picture["uploaded_by"]) == (1, "still OK", "Eng")
    assert lead.client.get(f"/api/v1/pictures/{picture['sha256']}/content").content == PNG
    shown = f'\n[[photograph]]\nzone = "A"\nkind = "scratch"\nshows = "OK"\nsha256 = "{picture["sha256"]}"\n'
    drafted = engineer.post("/specs/drafts", {"text": SHEET + shown})
    assert (drafted["state"], drafted["version"], drafted["content"]["hand_check"][0]["name"]) == ("draft", 1, "clasp")
    again = engineer.post("/specs/drafts", {"text": SHEET + shown}, 409)
    assert "is at version 1 by Eng, and yours was made from version 0" in again["detail"]
    own = engineer.post("/specs/OVAL/A/approval", {"version": 1, "pin": PIN}, 422)
    assert own["detail"] == "Eng wrote on spec sheet OVAL revision A and cannot approve it; a second person must"
    assert "pin" not in str(lead.post("/specs/OVAL/A/approval", {"version": 1, "pin": "999999"}, 403)).split()
    assert inspector.post("/specs/OVAL/A/approval", {"version": 1, "pin": PIN}, 403)["status"] == 403
    approved = lead.post("/specs/OVAL/A/approval", {"version": 1, "pin": PIN})
    assert (approved["state"], approved["approved_by"], approved["drafted_by"]) == ("approved", "Lea", "Eng")
    assert inspector.get("/specs/OVAL/A")["text"].startswith('approved_by = "Lea"\n')
    assert engineer.post("/specs/OVAL/A/revisions", {"revision": "B"})["revision"] == "B"
    listed = inspector.get("/specs", style="OVAL")
    assert [(s["revision"], s["state"]) for s in listed["items"]] == [("A", "approved"), ("B", "draft")]
    page = inspector.get("/specs", style="OVAL", limit=1)
    assert [s["revision"] for s in page["items"]] == ["A"]
    assert [s["revision"] for s in inspector.get("/specs", style="OVAL", cursor=page["next_cursor"])["items"]] == ["B"]


def test_a_sheet_from_a_bill_tried_on_what_was_measured(acting) -> None:
    engineer = acting("Eng")
    bill = {"style": "BAND", "name": "Band", "ring_size": "7", "shank_width_mm": 2.2, "shank_thickness_mm": 1.7}
    text = engineer.post("/specs/from-bill", bill, 200)["text"]
    answer = engineer.post("/specs/what-if", {"text": text}, 200)
    assert sum(count["pieces"] for count in answer["counts"]) + answer["unreadable"] > 0
    told = engineer.post("/specs/from-bill", {**bill, "ring_size": "Q"}, 422)["detail"]
    assert told.startswith("the bill: ring_size: size 'Q' is not on the scale us")


def test_jobs_come_by_json_and_by_file(acting) -> None:
    lead = acting("Lea")
    rows = [{"job": "J-7", "style": "OVAL", "quantity": 2, "serial": f"O-{i}", "setter": "Anil"} for i in (1, 2)]
    assert lead.post("/jobs/import", {"rows": rows, "dry_run": True}, 200)["stored"] is False
    lead.get("/jobs/J-7", 404)
    assert lead.post("/jobs/import", {"rows": rows}, 200)["pieces_added"] == 2
    assert lead.post("/jobs/import", {"rows": rows}, 200)["jobs_unchanged"] == 1
    assert lead.get("/jobs/J-7")["setter"] == "Anil"
    table = "job;style;quantity\nJ-8;OVAL;3\nJ-9;OVAL;none\n;OVAL;\n".encode("utf-16")
    refused = lead.upload("/jobs/import/file", table, 422)
    assert refused["detail"].startswith(
        "Nothing was stored: 2 fields are refused; the first: line 3: quantity is 'none'"
    )
    assert [(r["line"], r["field"]) for r in refused["refused"]] == [(3, "quantity"), (4, "job")]
    stored = lead.upload("/jobs/import/file", b"job;style\nJ-8;OVAL\n", 200)
    assert (stored["stored"], stored["encoding"]) == (True, "UTF-8")


def test_a_bag_from_casting_to_its_closing(acting) -> None:
    engineer, lead, inspector, bench = acting("Eng"), acting("Lea"), acting("Ina"), acting("Ben")
    engineer.post("/specs/drafts", {"text": SHEET})
    lead.post("/specs/OVAL/A/approval", {"version": 1, "badge": "BADGE-Lea"})
    lead.post("/jobs/import", {"rows": [{"job": "J-7/1", "style": "OVAL", "quantity": 1, "serial": "O-1"}]}, 200)
    assert bench.post("/jobs/J-7/1/moves", {"to_stage": "casting", "pieces": 1})["at_stage"] == {"casting": 1}
    told = bench.post("/jobs/J-7/1/moves", {"to_stage": "final", "from_stage": "setting", "pieces": 1}, 409)
    assert told["detail"].startswith("1 pieces of bag J-7/1 cannot leave setting: 0 are there; the last move was to")
    bench.post("/jobs/J-7/1/weighings", {"stage": "casting", "direction": "in", "weight_g": 10.0, "pieces": 1})
    weight = {"stage": "casting", "direction": "out", "weight_g": 9.0, "pieces": 1}
    bag = bench.post("/jobs/J-7/1/weighings", weight)
    assert bag["warnings"] == ["casting: 1.00 g of metal lost, 10.0 %; allowed are 2 %"]
    assert bag["losses"][0]["verdict"] == "above"
    assert bag["missing"] == ["1 not inspected (O-1)"]
    checked = {"job": "J-7/1", "piece": "O-1", "name": "clasp", "outcome": "ok"}
    assert inspector.post("/hand-checks", checked)["hand_checks"][0]["who"] == "Ina"
    bench.post("/hand-checks", checked, 403)
    assert inspector.get("/hand-checks/J-7/1") == []
    closed = inspector.post("/jobs/J-7/1/closing", None, 409)
    assert closed["detail"].endswith("missing: 1 not inspected (O-1)")
    inspector.post("/jobs/J-7/1/exits", {"serial": "O-1", "reason": "fell into the acid"})
    assert inspector.post("/jobs/J-7/1/closing")["counts"] == {"lost": 1}
    assert inspector.get("/jobs/J-7/1/bag")["closing"]["who"] == "Ina"


def test_a_bag_is_sampled(acting) -> None:
    engineer, lead, inspector = acting("Eng"), acting("Lea"), acting("Ina")
    plan = inspector.get("/sampling/plan", lot_size=5000, aql_percent=1.0)
    assert (plan["letter"], plan["sample_size"], plan["accept"], plan["reject"]) == ("L", 200, 5, 6)
    assert plan["passes_10_percent_of_the_time"] == pytest.approx(4.59, abs=0.005)
    begun = engineer.post("/sampling/schemes", {"name": "Rao, bands", "aql_percent": 1.0})
    assert (begun["level"], begun["severity"], begun["lots"]) == ("II", "normal", 0)
    rows = [{"job": "J-7", "style": "OVAL", "quantity": 20, "serial": f"O-{i}"} for i in range(20)]
    lead.post("/jobs/import", {"rows": rows}, 200)
    assert inspector.get("/jobs/J-7/lot") is None
    lot = inspector.post("/sampling/schemes/Rao, bands/lots", {"job": "J-7"})
    assert (lot["plan"]["sample_size"], len(lot["sample"]), lot["state"]) == (13, 13, "drawn")
    assert inspector.get("/jobs/J-7/lot") == lot
    told = inspector.post("/sampling/schemes/Rao, bands/lots/1/judgement", None, 409)
    assert told["detail"].startswith("lot 1 of 'Rao, bands' cannot be judged yet: 13 of 13 drawn pieces")
    inspector.post("/sampling/schemes/Rao, bands/lots/1/withdrawal", {"reason": "all"}, 403)
    lead.post("/sampling/schemes/Rao, bands/lots/1/withdrawal", {"reason": "inspected whole"})
    assert [lot["state"] for lot in inspector.get("/sampling/schemes/Rao, bands/lots")["items"]] == ["withdrawn"]
    assert lead.post("/sampling/schemes/Rao, bands/steadiness", {"steady": True, "reason": "one alloy"})["steady"]
    assert "is not discontinued" in lead.post("/sampling/schemes/Rao, bands/resumption", {"reason": "x"}, 409)["detail"]
    assert [s["name"] for s in inspector.get("/sampling/schemes")["items"]] == ["Rao, bands"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/specs/drafts", {"text": "schema = "}, "the draft: not TOML"),
        (
            "/specs/drafts",
            {"text": SHEET.replace('revision = "A"', 'revision = "../A"')},
            "revision is '../A'; allowed",
        ),
        ("/specs/drafts", {"text": SHEET.replace("Oval band", "Oval\\u0000band")}, "name is 'Oval\\x00band'; allowed"),
        ("/specs/drafts", {"text": SHEET + "# \ud800"}, "text"),
        ("/jobs/import", {"rows": "many"}, "rows: Input should be a valid list"),
        ("/jobs/J-1041/moves", {"to_stage": "attic", "pieces": 1}, "to_stage: Input should be 'wax'"),
        ("/jobs/J-1041/weighings", {"stage": "wax", "direction": "in", "weight_g": 0, "pieces": 1}, "weight_g"),
        ("/sampling/schemes", {"name": "x", "aql_percent": 0.7}, "AQL is 0.7 %; allowed are 0.01"),
        ("/hand-checks", {"job": "J\u0000", "piece": "a", "name": "b", "outcome": "ok"}, "job: allowed are printable"),
    ],
)
def test_what_is_not_accepted(http: httpx.Client, path: str, body: Any, said: str) -> None:
    import json

    sent = json.dumps(body).encode()
    answer = http.post(f"/api/v1{path}", content=sent, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/pictures", 17 * 2**20), ("/jobs/import", 9 * 2**20), ("/jobs/import/file", 9 * 2**20), ("/hand-checks", 2**16)],
)
def test_large_uploads_are_refused_by_their_length(path: str, limit: int) -> None:
    def said(length: int) -> int | None:
        headers = [(b"content-length", str(length).encode())]
        problem = refusal({"type": "http", "path": f"/api/v1{path}", "headers": headers}, LARGER_BODIES_BYTES)
        return problem and problem.status

    assert (said(limit), said(limit + 1), said(2**30)) == (None, 413, 413)


def test_addresses_with_zeros_are_not_found_or_not_accepted(http: httpx.Client) -> None:
    for path in (
        "/jobs/a%00b/bag",
        "/specs/a%00b/A",
        "/sampling/schemes/a%00b",
        "/hand-checks/a%00",
        "/jobs?cursor=%00",
    ):
        assert http.get(f"/api/v1{path}").status_code in (404, 422), path
