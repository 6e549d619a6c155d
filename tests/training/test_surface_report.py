"""What the card says of the surface model: counts, rates, thresholds, and the page that draws them."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="evaluation needs the training extra")

from loupebox.models.card import parse_card
from loupebox.models.training.card_page import page
from loupebox.models.training.surface_data import How
from loupebox.models.training.surface_evaluate import card_of, choose
from loupebox.models.training.surface_matching import Answered, Asked
from loupebox.models.training.surface_report import Judged, poisson_95, reliability, report

pytestmark = pytest.mark.training
LEVELS = {"porosity": 0.8, "scratch": 0.8, "orange_peel": 0.6, "dull_patch": 0.6}


def pore(size_mm, score):
    return Asked("porosity", "gas_porosity", size_mm, None, score, None if score is None else size_mm, 0.02)


def scratch(width_mm, score):
    return Asked("scratch", "scratch", 1.0, width_mm, score, None, None)


def view(*asked, answered=(), area=1.0, how=How.rendered, metal="silver"):
    return Judged("drawn", how, metal, "wide", "flat", asked, answered, area)


def answers(outcome, *scores, name="porosity"):
    return tuple(Answered(name, outcome, score) for score in scores)


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.39)])
def test_poisson_intervals_are_those_of_the_tables(count, low, high):
    """Garwood (1936), as reprinted in many tables of exact Poisson limits."""
    assert poisson_95(count, 1.0) == pytest.approx([low, high], abs=2e-3)
    assert poisson_95(count, 4.0) == pytest.approx([low / 4, high / 4], abs=1e-3)


def test_a_threshold_leaves_no_more_false_ones_than_allowed():
    false = answers("false", 0.9, 0.7, 0.55)
    small, large = view(answered=false, area=5.0), view(answered=false, area=25.0)
    assert choose([small])["porosity"] > 0.9
    assert 0.7 < choose([large])["porosity"] < 0.9
    assert choose([large])["scratch"] == 0.5
    assert choose([view(answered=answers("true", 0.9))])["porosity"] == 0.5


def test_what_is_below_its_threshold_was_not_found():
    sizes = [0.02 + 0.004 * k for k in range(30)]
    asked = [pore(s, 0.95 if k % 5 and k > 6 else 0.7 if k > 20 else None) for k, s in enumerate(sizes)]
    measured = report([view(*asked)], LEVELS)["detection"]["porosity_size_mm"]
    assert (measured["found"], measured["of"]) == (sum(a.score == 0.95 for a in asked), 30)
    assert sum(b["of"] for b in measured["bins"]) == 30
    assert measured["curve"]["a90"] > 0.05
    assert report([view(*asked)], LEVELS | {"porosity": 0.6})["detection"]["porosity_size_mm"]["found"] == (
        sum(a.score is not None for a in asked)
    )


def test_scratches_are_told_by_width_and_by_length():
    measured = report([view(scratch(0.01, None), scratch(0.02, 0.9))], LEVELS)["detection"]
    assert [b["found"] for b in measured["scratch_width_mm"]["bins"]] == [0, 1]
    assert [b["of"] for b in measured["scratch_length_mm"]["bins"]] == [2]


def test_false_findings_are_counted_where_things_are_as_they_come():
    false = answers("false", 0.9, 0.85, 0.5) + answers("confused", 0.99)
    crowded = view(answered=answers("false", *9 * [0.9]), how=How.crowded)
    measured = report([view(answered=false, area=0.5), view(area=1.5), crowded], LEVELS)
    pores = measured["findings"]["porosity"]
    assert (pores["false"], pores["confused"], pores["false_per_cm2"]) == (2, 1, 1.0)
    assert pores["views_with_a_false_one"]["found"] == 1
    assert measured["false_on_crowded_views"]["porosity"]["false"] == 9
    assert (measured["views"], measured["crowded_views"]) == (2, 1)


def test_a_score_is_worth_what_its_regions_were():
    rows = reliability(answers("true", 0.96, 0.97, 1.0) + answers("false", 0.96, 0.3))
    assert [(row["from"], row["found"], row["of"]) for row in rows] == [(0.0, 0, 1), (0.95, 2, 3), (0.99, 1, 1)]


def test_conditions_are_told_apart():
    views = [view(pore(0.1, 0.9), metal="gold"), view(pore(0.1, None), answered=answers("false", 0.9))]
    by_metal = report(views, LEVELS)["by"]["metal"]
    assert by_metal["gold"]["porosity"]["found"] == 1
    assert (by_metal["silver"]["porosity"]["found"], by_metal["silver"]["false"]) == (0, 1)


def test_the_page_says_what_the_card_says_and_calls_nobody():
    asked = [pore(0.02 + 0.004 * k, 0.9 if k > 8 or k % 3 == 0 else None) for k in range(30)]
    measured = {"test": report([view(*asked, answered=answers("false", 0.93))], LEVELS)}
    content = card_of("0" * 64, LEVELS, {}, json.loads(json.dumps(measured)), "virtual <shanks>")
    html = page(parse_card(json.dumps(content), "drawn"))
    a90 = measured["test"]["detection"]["porosity_size_mm"]["curve"]["a90"]
    assert f"a90 {a90:g} mm" in html
    assert "virtual &lt;shanks&gt;" in html
    assert html.count("<svg") == html.count("</svg>") == 2
    assert "http:" not in html
    assert "https:" not in html
    assert "<script" not in html


def test_the_shipped_card_can_be_drawn():
    card = parse_card((Path(__file__).parents[2] / "models" / "surface.card.json").read_text(), "surface.card.json")
    assert card.sha256 in page(card)
