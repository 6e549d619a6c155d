"""From a bill of materials to a draft."""

from __future__ import annotations

import json

import pytest

from loupebox.inspect.spec import SpecError, load_draft
from loupebox.station.bill_of_materials import draft_from_bill, read_bill

CSV = """item,value,cut,length_mm,count,setting
style,SOL6
name,Six-prong solitaire
ring_size,6¾
shank_width_mm,2.2
shank_thickness_mm,1.7
weight_g,3.4
zone,A
prong_count,6
stone,centre,round,6.5,1,prong
stone,shoulder,round,1.3,8,bead
"""
JSON = {
    "style": "SOL6",
    "name": "Six-prong solitaire",
    "ring_size": "6¾",
    "shank_width_mm": 2.2,
    "shank_thickness_mm": 1.7,
    "weight_g": 3.4,
    "prong_count": 6,
    "stone": [
        {"name": "centre", "length_mm": 6.5, "setting": "prong"},
        {"name": "shoulder", "length_mm": 1.3, "count": 8, "setting": "bead"},
    ],
}


def test_csv_and_json_say_the_same() -> None:
    assert read_bill(CSV, "bill.csv") == read_bill(json.dumps(JSON), "bill.json")


def test_the_draft_of_a_solitaire() -> None:
    spec = load_draft(draft_from_bill(read_bill(CSV, "bill.csv"), "bill.csv"), "draft")
    assert (spec.style, spec.revision, spec.family) == ("SOL6", "A", "solitaire")
    inner, stone = spec.limits("inner_diameter_mm"), spec.limits("stone_diameter_mm")
    assert inner is not None
    assert stone is not None
    assert inner.nominal == pytest.approx(17.120)  # US 6¾
    assert (inner.upper or 0) - (inner.lower or 0) == pytest.approx(0.2032, abs=0.002)  # a quarter size
    assert (stone.lower, stone.nominal) == (6.351, 6.5)
    assert spec.head is not None
    assert (spec.head.prong_count, spec.head.first_prong_deg, spec.head.stone_diameter_mm) == (6, 30.0, 6.5)
    assert spec.weight_g is not None
    assert spec.weight_g.lower == 3.4
    assert [(seat.name, seat.count, seat.setting) for seat in spec.stone] == [
        ("centre", 1, "prong"),
        ("shoulder", 8, "bead"),
    ]
    assert [check.name for check in spec.hand_check] == ["loose_stones"]
    assert {(rule.zone, rule.kind) for rule in spec.surface} == {
        ("A", kind) for kind in ("porosity", "scratch", "orange_peel", "dull_patch")
    }


def test_the_draft_of_a_band_in_zone_b() -> None:
    bare = {key: value for key, value in JSON.items() if key not in ("prong_count", "stone", "weight_g")}
    bill = read_bill(json.dumps({**bare, "ring_size": "58", "ring_scale": "iso", "zone": "B"}), "bill.json")
    spec = load_draft(draft_from_bill(bill, "bill.json"), "draft")
    inner = spec.limits("inner_diameter_mm")
    assert inner is not None
    assert inner.nominal == pytest.approx(18.462)
    assert (spec.family, spec.head, spec.stone, spec.hand_check, spec.weight_g) == ("band", None, (), (), None)
    assert spec.zones.shank == "B"
    assert {rule.zone for rule in spec.surface} == {"B"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "bill: not JSON: Expecting"),
        ("a,b\n1,2\n", "bill: the first line names no columns 'item' and 'value'"),
        (CSV.replace("ring_size,6¾", "ring_size,ZZ"), "bill: ring_size: size 'ZZ' is not on the scale us"),
        (CSV.replace("ring_size", "ring_sise"), "bill: unknown key 'ring_sise'; did you mean 'ring_size'?"),
        (CSV.replace("zone,A", "style,X"), "bill: line 8: 'style' stands there a second time; allowed is once"),
        (CSV.replace("6.5", "big"), "bill: key 'stone[0].length_mm' is 'big'; allowed is a number"),
        (CSV.replace(",1,prong", ",1,glue"), "bill: key 'stone[0].setting' is 'glue'; allowed is 'prong', 'bead'"),
        (CSV.replace(",1,prong", ",1,bezel"), "bill: prong_count is 6, but no single stone has the setting 'prong'"),
        (CSV.replace("centre,round", "centre,pear"), "bill: stone 'centre' is pear; a head with prongs can be drafted"),
        (CSV.replace("style,SOL6", "style,../SOL6"), "the sheet from bill: key 'style' is '../SOL6'"),
        ('item,value\nstyle,"X', "bill: line 1: not CSV: unexpected end of data"),
    ],
)
def test_what_is_wrong_with_a_bill(text: str, said: str) -> None:
    with pytest.raises(SpecError) as refused:
        draft_from_bill(read_bill(text, "bill"), "bill")
    assert str(refused.value).startswith(said)
