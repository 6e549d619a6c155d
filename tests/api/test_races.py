"""Of two people who do the same at the same moment one does it, the other is told, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from races import RACES, Two, two_stations

TURNS = 3
"""benchmarks/races.py does each 200 times."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder: Path = tmp_path_factory.mktemp("races")
    if request.param == "sqlite":
        with two_stations(folder) as two:
            yield two
        return
    postgres, empty_log = request.getfixturevalue("postgres"), request.getfixturevalue("empty_log")
    name = postgres.create_database(empty_log)
    with two_stations(folder, postgres.owner_url(name)) as two:
        yield two
    postgres.drop_database(name)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_one_wins_and_the_other_is_told(two: Two, race: Callable[[Two, int], None]) -> None:
    for turn in range(TURNS):
        race(two, turn)
