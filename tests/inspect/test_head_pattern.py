import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.inspect.prong_pattern import away_deg, better_count, match_pattern


def places(count: int, first: float) -> list[float]:
    return [(first + k * 360 / count) % 360 for k in range(count)]


def seen(count: int, first: float, gone: set[int] = frozenset()) -> list[float]:
    return sorted(a for k, a in enumerate(places(count, first)) if k not in gone)


@pytest.mark.parametrize(("angle", "reference", "away"), [(10, 350, 20), (350, 10, -20), (90, 90, 0), (270, 90, -180)])
def test_the_shorter_way_round(angle, reference, away):
    assert away_deg(angle, reference) == away


@settings(deadline=None)
@given(count=st.integers(3, 8), first=st.floats(0, 359), turn=st.floats(-14.5, 14.5))
def test_the_turn_is_found(count, first, turn):
    match = match_pattern(places(count, first), seen(count, first + turn))
    assert match.turn_deg == pytest.approx(turn, abs=1e-6)
    assert match.cost == pytest.approx(0, abs=1e-6)
    assert match.strangers == ()
    assert None not in match.owner


@settings(deadline=None)
@given(st.data())
def test_missing_and_bent_prongs_do_not_mislead(data):
    count = data.draw(st.integers(4, 8))
    turn = data.draw(st.floats(-12, 12))
    gone = data.draw(st.sets(st.integers(0, count - 1), max_size=2 if count > 4 else 1))
    standing = [k for k in range(count) if k not in gone]
    bent = data.draw(st.sampled_from(standing))
    found = [(a + (9 if k == bent else 0)) % 360 for k, a in enumerate(places(count, 20 + turn)) if k not in gone]
    match = match_pattern(places(count, 20), found)
    assert {k for k, owner in enumerate(match.owner) if owner is None} == gone
    assert match.turn_deg == pytest.approx(turn, abs=1e-6)
    assert better_count(places(count, 20), found) is None


def test_two_prongs_never_share_a_place():
    match = match_pattern([0, 90, 180, 270], [0, 5, 90, 180, 270])
    assert sorted(owner for owner in match.owner if owner is not None) == [0, 2, 3, 4]
    assert match.strangers == (1,)


@pytest.mark.parametrize("turn", [-14, -5, 0, 7, 14])
@pytest.mark.parametrize(
    ("own", "other"), [(6, 4), (4, 6), (6, 3), (6, 8), (8, 6), (4, 3), (4, 8), (5, 6), (3, 6), (8, 4)]
)
def test_another_number_of_prongs(own, other, turn):
    assert better_count(places(own, 30), seen(other, 30 + turn)) == other


@pytest.mark.parametrize("gone", [{0}, {1, 2}, {0, 3}, {0, 2}])
def test_two_missing_of_six_stay_six(gone):
    assert better_count(places(6, 30), seen(6, 33, gone)) is None


def test_nothing_found():
    match = match_pattern([0, 120, 240], [])
    assert match.owner == (None, None, None)
    assert match.turn_deg == 0
