"""Ring sizes against the published ladders."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.inspect.ring_size import SCALES, diameter_mm, sizes, us_size


@pytest.mark.parametrize(("us", "diameter_mm"), [("0", 11.6332), ("7", 17.3228), ("6¾", 17.1196), ("13", 22.1996)])
def test_us_sizes_are_those_of_the_ladder(us: str, diameter_mm: float) -> None:
    assert sizes(diameter_mm).us == us


def test_a_quarter_us_size_is_the_published_step() -> None:
    assert us_size(17.3228) - us_size(17.3228 - 0.2032) == pytest.approx(0.25)
    assert us_size(17.3228) == pytest.approx(7)


@pytest.mark.parametrize("circumference_mm", [41, 52, 55, 76])
def test_an_iso_size_is_its_circumference(circumference_mm: int) -> None:
    assert sizes(circumference_mm / math.pi).iso == str(circumference_mm)


@pytest.mark.parametrize(
    ("letter", "number"), [("A", 1), ("N", 14), ("N½", 14.5), ("Z", 26), ("Z½", 26.5), ("Z+1", 27), ("Z+1½", 27.5)]
)
def test_uk_letters_follow_bs_6820(letter: str, number: float) -> None:
    assert sizes((36.25 + 1.25 * number) / math.pi).uk == letter


@pytest.mark.parametrize(("letter", "steps"), [("A", 0), ("B", 1), ("N½", 13.5)])
def test_the_trade_s_letters_are_another_ladder(letter: str, steps: float) -> None:
    assert sizes(12.04 + 0.4064 * steps).uk_trade == letter


@pytest.mark.parametrize(("size", "diameter_mm"), [("1", 13.0), ("10", 16.0), ("13", 17.0)])
def test_japanese_sizes_are_thirds_of_a_millimetre(size: str, diameter_mm: float) -> None:
    assert sizes(diameter_mm).jp == size


def test_below_the_first_letter_there_is_none() -> None:
    small = sizes(10.0)
    assert (small.uk, small.us) == ("below A", "-2")
    assert sizes(11.5).us == "-¼"


@given(st.floats(5, 50))
def test_each_name_is_the_nearest_step(diameter_mm: float) -> None:
    found = sizes(diameter_mm)
    assert abs(int(found.iso) - math.pi * diameter_mm) <= 0.5 + 1e-9
    assert abs((int(found.jp) + 38) / 3 - diameter_mm) <= 1 / 6 + 1e-9


@pytest.mark.parametrize("diameter_mm", [0.0, -17.0, 51.0, math.nan])
def test_what_is_no_finger_is_refused(diameter_mm: float) -> None:
    with pytest.raises(ValueError, match="allowed is 5 to 50 mm"):
        sizes(diameter_mm)


@pytest.mark.parametrize(
    ("scale", "size", "mm"),
    [
        ("us", "7", 17.3228),
        ("us", "6¾", 17.1196),
        ("us", "6 3/4", 17.1196),
        ("us", "6.75", 17.1196),
        ("us", "¼", 11.8364),
        ("iso", "55", 55 / math.pi),
        ("jp", "14", 52 / 3),
        ("uk", "A", 37.5 / math.pi),
        ("uk", "n½", 54.375 / math.pi),
        ("uk", "Z+1", 70.0 / math.pi),
        ("uk_trade", "A", 12.04),
    ],
)
def test_the_diameter_of_a_size(scale, size: str, mm: float) -> None:
    assert diameter_mm(scale, size) == pytest.approx(mm, abs=1e-4)


@given(st.floats(13, 30))
def test_a_named_size_names_itself_again(mm: float) -> None:
    named = sizes(mm)
    for scale in SCALES:
        size = getattr(named, scale)
        assert getattr(sizes(diameter_mm(scale, size) + 1e-9), scale) == size


@pytest.mark.parametrize(
    ("scale", "size", "said"),
    [
        ("us", "N", "size 'N' is not on the scale us; allowed is a number such as 7 or 6¾"),
        ("us", "", "size '' is not on the scale us"),
        ("us", ".", "size '.' is not on the scale us"),
        ("uk", "7", "size '7' is not on the scale uk; allowed is a letter such as N or N½"),
        ("uk", "A+1", "is not on the scale uk"),
        ("iso", "500", "size '500' on the scale iso is 159.2 mm wide; allowed is 5 to 50 mm"),
    ],
)
def test_what_is_no_size(scale, size: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        diameter_mm(scale, size)
