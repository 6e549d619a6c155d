"""Sheets written, approved, and begun anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.inspect.spec import SpecDraft, SpecError, load_draft, load_spec
from loupebox.station.settings import SAMPLES_DIR
from loupebox.station.spec_text import approved_text, next_draft, written

SHEETS = sorted((SAMPLES_DIR / "specs").glob("*.toml"))
BAND = (SAMPLES_DIR / "specs" / "BAND.toml").read_text(encoding="utf-8")


def content(sheet: SpecDraft) -> dict[str, object]:
    return sheet.model_dump(exclude={"approved_by", "approved_on", "revision"})


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_the_next_revision_says_the_same_and_keeps_its_comments(path: Path) -> None:
    approved = path.read_text(encoding="utf-8")
    draft = next_draft(approved, path.name, "B")
    assert content(load_draft(draft, "draft")) == content(load_spec(approved, path.name))
    assert load_draft(draft, "draft").revision == "B"
    assert [line for line in draft.splitlines() if line.startswith("#")] == [
        line for line in approved.splitlines() if line.startswith("#")
    ]
    with pytest.raises(SpecError, match="key 'approved_by' is missing"):
        load_spec(draft, "draft")


def test_an_odd_layout_is_written_anew() -> None:
    odd = BAND.replace('approved_by = "', '"approved_by" = "')
    draft = next_draft(odd, "BAND.toml", "B")
    assert content(load_draft(draft, "draft")) == content(load_spec(BAND, "BAND.toml"))


@given(who=st.text(min_size=1, max_size=60), revision=st.text(min_size=1, max_size=20))
def test_whoever_approves_is_named_exactly(who: str, revision: str) -> None:
    approved = approved_text(next_draft(BAND, "BAND", revision), "BAND", who, date(2026, 11, 25))
    spec = load_spec(approved, "BAND")
    assert (spec.approved_by, spec.revision, spec.approved_on) == (who, revision, date(2026, 11, 25))


def test_a_draft_that_says_it_is_approved_is_none() -> None:
    with pytest.raises(SpecError, match="unknown key 'approved_by'"):
        load_draft(BAND, "BAND.toml")


def test_a_sheet_with_everything_is_written_and_read_again() -> None:
    everything = {
        **load_spec(BAND, "BAND.toml").model_dump(by_alias=True, exclude={"approved_by", "approved_on"}),
        "viewing": {"A": "10x", "B": "naked eye at 30 cm"},
        "weight_g": {"lower": 3.4},
        "stone": [{"name": "row", "length_mm": 1.3, "count": 8, "setting": "pavé", "x_mm": -1.5, "y_mm": 0.0}],
        "metal_loss": [{"stage": "polishing", "at_most_percent": 3.0}],
        "hand_check": [{"name": "clasp", "how": 'Open and close it: "click"\tand no \x7f.'}],
        "photograph": [{"zone": "A", "kind": "porosity", "shows": "NOT OK", "sha256": "ab" * 32}],
    }
    spec = SpecDraft.model_validate(everything)
    assert load_draft(written(spec), "written") == spec
