"""The whole interface, fuzzed out of its own description, as every role and as nobody: a bounded run with a fixed seed.

`benchmarks/fuzz_interface.py` does the same for as long as one likes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzing import Fuzzed, fuzz
from made_people import CHEAP, PEOPLE
from routes import Route, routes
from served import Station, serving

from loupebox.api.app import create_app
from loupebox.station.records.roles import PERMISSIONS, PERSONS_ONLY
from loupebox.station.settings import Settings

EXAMPLES = {"Meera": 8}
"""Of each operation, for her who may everything; for the others fewer, since most of theirs is refused."""
FEW = 2
SEED = 20261125


@pytest.fixture(scope="module")
def fuzzed_station(
    tmp_path_factory: pytest.TempPathFactory, recorded_day: tuple[Path, dict[str, int]]
) -> Iterator[Station]:
    folder, numbers = recorded_day
    data = tmp_path_factory.mktemp("fuzzed") / "data"
    shutil.copytree(folder, data)
    with serving(data) as (url, log):
        yield Station(url, log, numbers, data)


@pytest.fixture(scope="module")
def app_routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    return routes(create_app(Settings(data_dir=tmp_path_factory.mktemp("routes"), **CHEAP)))


@pytest.mark.parametrize("who", [None, *PEOPLE])
def test_no_fault_no_answer_outside_its_schema_no_access_outside_a_role(
    fuzzed_station: Station, app_routes: list[Route], who: str | None
) -> None:
    check(fuzz(fuzzed_station, app_routes, who, EXAMPLES.get(who or "", FEW), SEED), app_routes)


def test_a_program_with_a_token_neither(fuzzed_station: Station, app_routes: list[Route]) -> None:
    """benchmarks/fuzz_interface.py does it with a token of each scope; test_access.py asks every route with each."""
    scopes = frozenset(PERMISSIONS.keys() - PERSONS_ONLY)
    check(fuzz(fuzzed_station, app_routes, "a program", FEW, SEED, scopes), app_routes)


def check(fuzzed: Fuzzed, app_routes: list[Route]) -> None:
    assert fuzzed.failures == [], "\n".join(fuzzed.failures[:20])
    # Twice each; what takes no parameters can be asked in one way only.
    assert fuzzed.requests >= 1.8 * len([route for route in app_routes if route.path.startswith("/api/")])
