"""`loupebox spec` and `loupebox job` from the keyboard, over a real database."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from loupebox.inspect.spec import load_draft
from loupebox.station.cli import run
from loupebox.station.command_log import command_user
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import SAMPLES_DIR, Settings

BAND = (SAMPLES_DIR / "specs" / "BAND.toml").read_text(encoding="utf-8")
DRAFT = "".join(line for line in BAND.splitlines(keepends=True) if not line.startswith("approved_"))
BILL = (
    '{"style": "RING", "name": "A ring", "ring_size": "N", "ring_scale": "uk", '
    '"shank_width_mm": 2, "shank_thickness_mm": 1.5}'
)
JOBS = "job,style,quantity,serial,setter\nJ-1,BAND,2,B-1,=Anil()\nJ-1,BAND,2,B-2,Bo\n"

Say = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the settings of a station where a PIN costs nothing and no jobs file is read."""
    (tmp_path / "no_jobs.toml").write_text("schema = 1\n")
    (tmp_path / "loupebox.toml").write_text('pin_passes = 1\npin_memory_kib = 8\njobs_file = "no_jobs.toml"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def say(place: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command; what it printed, after checking its status."""

    def run_it(*arguments: str, status: int = 0) -> str:
        found = run(list(arguments))
        out, err = capsys.readouterr()
        assert found == status, out + err
        return out + err

    return run_it


def open_log() -> QcLog:
    settings = Settings.load(Path("loupebox.toml"))
    return QcLog.open(settings.database_location, settings.frames_dir, settings.sign_in_rules)


def test_a_sheet_from_the_keyboard(say: Say, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert say("spec", "list") == "No sheet is recorded; begin with: loupebox spec draft FILE\n"
    (place / "b.toml").write_text(DRAFT.replace('revision = "A"', 'revision = "B"'))
    assert say("spec", "draft", "b.toml") == "BAND revision B is kept as a draft, version 1.\n"
    assert "is at version 1 by" in say("spec", "draft", "b.toml", status=4)
    log = open_log()
    log.people.add("Lea", ("lead",), who="tests", pin="271828")
    log.people.add("Ina", ("inspector",), who="tests", pin="271828")
    log.close()
    approve = ("spec", "approve", "BAND", "B", "--version", "1", "--as")
    assert "needs the permission spec.approve, which Ina (inspector) lacks" in say(*approve, "Ina", status=4)
    monkeypatch.setattr("sys.stdin", io.StringIO("000000\n"))
    assert "PIN" in say(*approve, "Lea", status=4)
    monkeypatch.setattr("sys.stdin", io.StringIO("271828\n"))
    assert say(*approve, "Lea").startswith("BAND revision B is approved by Lea; checksum ")
    assert say("spec", "show", "BAND", "B").startswith('approved_by = "Lea"\napproved_on = ')
    assert say("spec", "revise", "BAND", "B", "C").startswith("BAND revision C is begun as a draft")
    listed = say("spec", "list", "--style", "BAND").splitlines()
    assert [line.split()[:3] for line in listed] == [["BAND", "B", "approved"], ["BAND", "C", "draft,"]]
    assert command_user() in listed[1]


def test_what_is_approved_in_the_records_judges_the_next_piece(say: Say, place: Path) -> None:
    capture = str(SAMPLES_DIR / "captures" / "band-good-platinum")
    assert say("inspect", capture, "--record").splitlines()[0].endswith("BAND revision A")
    (place / "own.toml").write_text(BAND)
    assert "1 pieces of BAND under revision A:\n  PASS   -> PASS       1\n" in say("spec", "what-if", "own.toml")
    tight = DRAFT.replace('revision = "A"', 'revision = "B"').replace("upper = 18.24", "upper = 18.10")
    assert tight.count("18.10") == 1
    (place / "tight.toml").write_text(tight.replace("nominal = 18.14", "nominal = 18.05"))
    tried = say("spec", "what-if", "tight.toml")
    assert "  PASS   -> FAIL       1\n" in tried
    assert "is above the upper limit 18.100 mm" in tried
    answer = json.loads(say("spec", "what-if", "tight.toml", "--json", "--job", "J-26-0421"))
    assert [piece["after"] for piece in answer["pieces"]] == ["FAIL"]
    say("spec", "draft", "tight.toml")
    log = open_log()
    log.specs.approve("BAND", "B", 1, "Lea")
    log.close()
    assert say("inspect", capture, status=0).splitlines()[0].endswith("BAND revision A")  # nothing of the records
    judged = say("inspect", capture, "--record", status=1).splitlines()
    assert judged[0].startswith("FAIL")
    assert judged[0].endswith("BAND revision B")


def test_a_draft_from_a_bill(say: Say, place: Path) -> None:
    (place / "bill.json").write_text(BILL)
    text = say("spec", "from-bom", "bill.json")
    assert load_draft(text, "the draft").style == "RING"
    assert say("spec", "from-bom", "bill.json", "--out", "ring.toml") == ""
    assert (place / "ring.toml").read_text(encoding="utf-8") == text
    say("spec", "draft", "ring.toml")
    (place / "bill.json").write_text(BILL.replace('"N"', '"7"'))
    assert "bill.json: ring_size: size '7' is not on the scale uk" in say("spec", "from-bom", "bill.json", status=4)


def test_a_bag_from_the_keyboard(say: Say, place: Path) -> None:
    (place / "jobs.csv").write_bytes(JOBS.encode("utf-16"))
    dry = say("job", "import", "jobs.csv", "--dry-run")
    assert dry.startswith(
        "jobs.csv (UTF-16): 2 rows; 1 jobs to add, 0 changed, 0 as they were; 2 new pieces, 2 sources"
    )
    assert say("job", "list") == ""
    assert "1 jobs added" in say("job", "import", "jobs.csv")
    assert say("job", "list") == "J-1            BAND           2 pieces, no due date\n"
    (place / "bad.csv").write_text("job,style,quantity\nJ-2,BAND,0\n")
    assert say("job", "import", "bad.csv", status=4) == (
        "bad.csv: line 2: quantity is '0'; allowed is a number of 1 or more\n"
        "Nothing was stored: 1 fields are refused.\n"
    )
    assert say("job", "move", "J-1", "casting", "--pieces", "2") == "Bag J-1: 2 at casting\n"
    assert "cannot leave setting: 0 are there" in say(
        "job", "move", "J-1", "final", "--from", "setting", "--pieces", "1", status=4
    )
    say("job", "weigh", "J-1", "casting", "in", "10", "--pieces", "2")
    weighed = say("job", "weigh", "J-1", "casting", "out", "9.5", "--pieces", "2")
    assert weighed == (
        "Bag J-1, casting: 10.00 g in, 9.50 g out: 0.50 g lost, 5.0 % (allowed 2 %)\n"
        "  casting: 0.50 g of metal lost, 5.0 %; allowed are 2 %\n"
    )
    assert "missing: 2 not inspected (B-1, B-2)" in say("job", "close", "J-1", status=4)
    for piece in ("B-1", "B-2"):
        say("job", "take-out", "J-1", piece, "--reason", "stolen")
    assert "can be closed: every piece is accounted for" in say("job", "show", "J-1")
    assert say("job", "close", "J-1") == "Bag J-1 is closed: 2 lost.\n"
    shown = say("job", "show", "J-1").splitlines()
    assert shown[0] == "Bag J-1, style BAND, due at no date: 2 pieces in = 2 lost"
    assert shown[-1].startswith(f"  closed by {command_user()}, ")
    assert json.loads(say("job", "show", "J-1", "--json"))["closing"]["counts"] == {"lost": 2}


def test_an_exported_table_holds_no_formula_and_comes_back_as_it_was(say: Say, place: Path) -> None:
    (place / "jobs.csv").write_text("job,style,quantity,setter\nJ-1,BAND,2,=HYPERLINK(1)\n")
    say("job", "import", "jobs.csv")
    exported = say("job", "list", "--csv")
    assert exported.splitlines()[1].startswith("J-1,BAND,,2,")
    assert "'=HYPERLINK(1)" in exported
    (place / "back.csv").write_text(exported)
    assert "0 jobs added, 0 changed, 1 as they were" in say("job", "import", "back.csv")
