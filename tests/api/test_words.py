"""Names for people."""

from __future__ import annotations

from datetime import date

import pytest

from loupebox.api.pages import estimate, long_day, number
from loupebox.api.words import phrase, sentence
from loupebox.inspect.finding import FINDING_KINDS
from loupebox.inspect.spec import CHARACTERISTIC_NAMES
from loupebox.station.report import LengthReport


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("inner_diameter_mm", "Inner diameter"),
        ("prong_2_length_mm", "Prong 2 length"),
        ("stripes_x_3", "Stripes x3"),
        ("dark_n", "Dark field N"),
        ("orange_peel", "Orange peel"),
        ("SOL6", "SOL6"),
        ("", ""),
    ],
)
def test_phrases(name: str, shown: str) -> None:
    assert phrase(name) == shown


def test_no_name_of_ours_is_shown_raw() -> None:
    for name in (*CHARACTERISTIC_NAMES, *FINDING_KINDS):
        assert "_" not in phrase(name)
        assert not phrase(name).endswith(" mm")


def test_numbers() -> None:
    assert number(17.35) == "17.350"
    assert number(-0.0004, 2) == "0.00"
    assert number(-0.04, 2) == "−0.04"
    assert number(None) == "–"
    assert estimate(None) == "–"
    assert estimate(LengthReport(value=-0.041, expanded_uncertainty=0.038)) == "−0.04 ± 0.04"


def test_sentences_and_days() -> None:
    assert sentence("no piece is recorded") == "No piece is recorded."
    assert sentence("Done.") == "Done."
    assert long_day(date(2026, 11, 2)) == "Monday 2 November 2026"
