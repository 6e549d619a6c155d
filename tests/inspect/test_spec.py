"""Spec sheets: read, and refused in sentences."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from spec_sheets import SOLITAIRE, changed

import loupebox.inspect.spec as spec_module
from loupebox.inspect.spec import SpecError, json_schema, load_spec
from loupebox.inspect.verdict import Limits

PUBLISHED = Path(spec_module.__file__).parent / "spec.schema.json"


def test_a_good_sheet_is_read_whole() -> None:
    spec = load_spec(SOLITAIRE, "SOL6.toml")
    assert (spec.style, spec.revision, spec.family) == ("SOL6", "A", "solitaire")
    assert spec.limits("inner_diameter_mm") == Limits(17.25, 17.45, 17.35)
    assert spec.limits("shank_width_mm") is None
    assert spec.head is not None
    assert spec.head.prong_angles_deg == (30, 90, 150, 210, 270, 330)
    assert spec.head.bend_mm.limits == Limits(None, 0.25)
    rule = spec.rule("A", "porosity")
    assert rule is not None
    assert (rule.largest_mm, rule.at_most) == (0.1, 1)
    assert spec.rule("B", "porosity") is None
    with pytest.raises(ValidationError, match="frozen"):
        spec.revision = "B"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("upper = 17.45", "uper = 17.45", r"unknown key 'characteristic\[0\].uper'; did you mean 'upper'\?"),
        ("[zones]", "[zonse]", r"unknown key 'zonse'; did you mean 'zones'\?"),
        ("[zones]", "[weather]", "unknown key 'weather'; allowed are schema, style"),
        ("lower = 17.25", "lower = 17.55", r"characteristic\[0\]: lower is 17.55, above upper, 17.45; allowed is"),
        ("nominal = 17.35", "nominal = 18.0", r"nominal is 18; allowed is a value from lower \(17.25\) to upper"),
        ("upper = 0.08\n", "", r"characteristic\[1\]: both lower and upper are missing"),
        ('"critical"', '"severe"', r"'characteristic\[0\].severity' is 'severe'; allowed is 'critical', 'major' or"),
        (
            '"inner_diameter_mm"',
            '"inner_diametre_mm"',
            r"'characteristic\[0\].name' is 'inner_diametre_mm'; allowed is",
        ),
        ("upper = 17.45", 'upper = "17.45"', r"'characteristic\[0\].upper' is '17.45'; allowed is a number"),
        ("upper = 17.45", "upper = nan", r"'characteristic\[0\].upper' is nan; allowed is a finite number"),
        ("upper = 17.45", "upper = true", r"'characteristic\[0\].upper' is True; allowed is a number"),
        ("prong_count = 6", "prong_count = 6.5", "'head.prong_count' is 6.5; allowed is a whole number"),
        ("prong_count = 6", "prong_count = 0", "'head.prong_count' is 0; allowed is a number of 2 or more"),
        ("first_prong_deg = 30.0", "first_prong_deg = 360", "is 360; allowed is a number below 360"),
        ("bend_mm = { upper = 0.25 }", "bend_mm = { }", "head.bend_mm: both lower and upper are missing"),
        ("schema = 1", "schema = 2", "key 'schema' is 2; allowed is 1"),
        ("2026-11-01", '"2026-11-01"', "key 'approved_on' is '2026-11-01'; allowed is a date such as 2026-11-01"),
        ('"solitaire"', '"band"', "key 'head' is given; allowed is none, since family is 'band'"),
        ("ignore_below_mm = 0.05", "ignore_below_mm = 0.5", r"surface\[0\]: ignore_below_mm is 0.5, above largest_mm"),
        ("at_most = 1", "at_most = -1", r"'surface\[0\].at_most' is -1; allowed is a number of 0 or more"),
        ("at_most = 1", "", r"key 'surface\[0\].at_most' is missing; it holds how many"),
        ('"out_of_round_mm"', '"inner_diameter_mm"', r"characteristic\[1\].name is 'inner_diameter_mm' a second time"),
        ('style = "SOL6"', 'style = "../SOL6"', "key 'style' is '../SOL6'; allowed is text of the form"),
        ('revision = "A"', 'revision = ""', "key 'revision' is ''; allowed is text of at least 1 character"),
        ("approved_on = 2026-11-01", "approved_on = 2026-11-01\nstyle = 'x'", "not TOML: .*line"),
        ("schema = 1", "schema = = 1", r"not TOML: .*\(at line 2, column 10\)"),
    ],
)
def test_each_mistake_is_one_sentence(old: str, new: str, says: str) -> None:
    with pytest.raises(SpecError, match=f"^SOL6.toml: .*{says}") as caught:
        load_spec(changed((old, new)), "SOL6.toml")
    assert "\n" not in str(caught.value)


def test_every_mistake_is_told() -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(changed(("prong_count = 6", "prong_count = 1"), ("at_most = 1", "at_most = 1.5")), "x.toml")
    assert len(str(caught.value).splitlines()) == 2


def test_a_solitaire_needs_a_head_and_a_second_rule_is_refused() -> None:
    head = SOLITAIRE.index("[head]")
    with pytest.raises(SpecError, match="key 'head' is missing; a solitaire needs it"):
        load_spec(SOLITAIRE[:head], "x.toml")
    with pytest.raises(SpecError, match=r"surface\[1\] is a second rule for porosity in zone A; allowed is one"):
        load_spec(SOLITAIRE + SOLITAIRE[SOLITAIRE.index("[[surface]]") :], "x.toml")
    band = SOLITAIRE[:head].replace('"solitaire"', '"band"')
    assert load_spec(band, "x.toml").head is None
    with pytest.raises(SpecError, match="a band has no stone"):
        load_spec(band.replace("out_of_round_mm", "stone_diameter_mm"), "x.toml")


@pytest.mark.parametrize("text", ["", "x = 1", "[" * 5000 + "]" * 5000, "characteristic = 3", "a = " + "[" * 20_000])
def test_what_is_no_sheet_at_all_is_an_error_of_its_own_kind(text: str) -> None:
    with pytest.raises(SpecError, match=r"^odd\.toml: "):
        load_spec(text, "odd.toml")


@given(st.text(max_size=60))
def test_no_text_makes_it_stumble(text: str) -> None:
    with pytest.raises(SpecError, match=r"odd\.toml: "):
        load_spec(text, "odd.toml")


def test_the_published_schema_is_in_step() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema(), (
        "run: loupebox spec schema > inspect/spec.schema.json"
    )


def test_the_schema_takes_the_good_sheet_and_refuses_a_bad_one() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    jsonschema.Draft202012Validator.check_schema(json_schema())
    good = json.loads(json.dumps(tomllib.loads(SOLITAIRE), default=str))
    validator.validate(good)
    for bad in (good | {"wether": 1}, good | {"family": "brooch"}, {k: v for k, v in good.items() if k != "style"}):
        assert list(validator.iter_errors(bad))
