"""`loupebox sampling` from the keyboard, over a real database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loupebox.station.cli import run
from loupebox.station.options import chosen_settings
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog

sys.path.append(str(Path(__file__).parent.parent / "records"))
from made_entries import MISSING_PRONG, an_entry

Say = Callable[..., str]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command of the station in this folder; what it printed, after checking its status."""
    (tmp_path / "no_jobs.toml").write_text("schema = 1\n")
    (tmp_path / "loupebox.toml").write_text('jobs_file = "no_jobs.toml"\n')
    monkeypatch.chdir(tmp_path)

    def run_it(*arguments: str, status: int = 0) -> str:
        found = run(["sampling", *arguments])
        out, err = capsys.readouterr()
        assert found == status, out + err
        return out + err

    return run_it


def inspect_all(jobs: list[str], *, bad: bool) -> None:
    """Three pieces a bag, all inspected."""
    settings = chosen_settings(None)
    log = QcLog.open(settings.database_location, settings.frames_dir)
    log.import_jobs([Job(id=job, style="SOL6", quantity=3) for job in jobs])
    for job in jobs:
        for number in range(3):
            log.record(an_entry(*[MISSING_PRONG] * bad, piece=f"{job}-{number}", job=job))
    log.close()


def test_a_plan_and_what_it_lets_through(say: Say) -> None:
    said = say("plan", "2000", "--aql", "1").splitlines()
    assert said[0] == "Inspect 125 pieces, accept with at most 3 nonconforming (code letter K)."  # table 2-A
    assert said[2] == "One bag in ten is still accepted when 5.3% of its pieces are nonconforming."
    assert "AQL is 1.1 %; allowed are 0.01" in say("plan", "2000", "--aql", "1.1", status=4)
    assert "'IV' is no inspection level" in say("plan", "2000", "--aql", "1", "--level", "IV", status=4)
    assert "'lax' is no severity" in say("plan", "2000", "--aql", "1", "--severity", "lax", status=4)


def test_a_source_goes_from_normal_to_tightened_and_what_comes_next_is_said(say: Say) -> None:
    begun = say("begin", "castings", "--aql", "10")
    assert "normal inspection for lot 1" in begun
    assert "tightened after 2 of 5 successive lots not accepted" in begun
    inspect_all(["J-1", "J-2"], bad=True)
    drawn = say("draw", "castings", "J-1").splitlines()
    assert drawn[0].startswith("Lot 1 of 'castings', bag J-1, normal: inspect")
    assert set(drawn[1:]) <= {f"  J-1-{number}" for number in range(3)}
    assert "lot 1 is drawn and not judged yet" in say("show", "castings")
    assert "tightened after 1 lot not accepted among the next 4" in say("judge", "castings", "1", status=1)
    say("draw", "castings", "J-2")
    tightened = say("judge", "castings", "2", status=1)
    assert "tightened inspection for lot 3" in tightened
    assert "normal again after 5 more lots accepted in a row" in tightened
    assert "castings" in say("list")
    assert "lot 2, bag J-2, normal" in say("show", "castings")
    assert "is not accepted already" in say("judge", "castings", "2", status=4)


def test_a_person_says_that_production_is_steady(say: Say) -> None:
    say("begin", "castings", "--aql", "10")
    assert "somebody's word" in say("show", "castings")
    assert "somebody's word" not in say("steady", "castings", "--reason", "a year without trouble")
    assert "somebody's word" in say("steady", "castings", "--no-longer", "--reason", "a new caster")
    assert "nothing to resume" in say("resume", "castings", "--reason", "put right", status=4)
    inspect_all(["J-1"], bad=False)
    say("draw", "castings", "J-1")
    assert "normal inspection for lot 2" in say("withdraw", "castings", "1", "--reason", "all are inspected")
    assert "no sampling scheme 'nobody' is recorded" in say("show", "nobody", status=4)
