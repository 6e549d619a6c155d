"""`loupebox people` and `loupebox token`: the first people of a station, without a secret on any command line."""

from __future__ import annotations

import getpass
import io
from pathlib import Path

import pytest

from loupebox.station.cli import run
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.signature import Secret
from loupebox.station.settings import Settings

PIN = "271828"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "loupebox.toml"
    file.write_text("data_dir = 'data'\npin_passes = 1\npin_memory_kib = 8\n", encoding="utf-8")
    return file


class Station:
    """The command at one station, with what it is told on standard input."""

    def __init__(self, settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings, self.monkeypatch, self.capsys = settings, monkeypatch, capsys

    def __call__(self, *arguments: str, told: str = "", status: int = 0) -> str:
        self.monkeypatch.setattr("sys.stdin", io.StringIO(told))
        assert run([*arguments, "--settings", str(self.settings)]) == status
        out, err = self.capsys.readouterr()
        assert not (out if status else err)
        return err if status else out

    def log(self) -> QcLog:
        chosen = Settings.load(self.settings)
        return QcLog.open(chosen.database_location, chosen.frames_dir, chosen.sign_in_rules)


@pytest.fixture
def loupebox(settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Station:
    return Station(settings, monkeypatch, capsys)


def test_the_first_people_of_a_station(loupebox: Station) -> None:
    assert "Nobody is known yet; begin with: loupebox people add" in loupebox("people", "list")
    said = loupebox("people", "add", "Asha Rao", "--role", "admin", "--role", "lead", told=PIN + "\n")
    assert said == "Asha Rao can sign in as lead, admin.\n"
    loupebox("people", "add", "Ben", "--role", "bench", "--badge", told="B-1234567\r\n")
    assert loupebox("people", "list") == ("Asha Rao: lead, admin; signs in with PIN\nBen: bench; signs in with badge\n")
    log = loupebox.log()
    try:
        assert log.people.known(Secret("PIN", PIN), "asha rao", "here").may("people.manage")
        assert log.people.known(Secret("badge", "B-1234567"), None, "here").name == "Ben"
    finally:
        log.close()


def test_people_change_and_retire(loupebox: Station) -> None:
    loupebox("people", "add", "Asha", "--role", "admin", told=PIN)
    loupebox("people", "add", "Ben", "--role", "bench", told=PIN)
    assert loupebox("people", "roles", "ben", "--role", "inspector") == "Ben has the roles inspector.\n"
    assert loupebox("people", "secret", "Ben", "--badge", told="B-1234567") == "Ben has a new badge.\n"
    assert loupebox("people", "unlock", "Ben") == "Ben can try again.\n"
    assert loupebox("people", "retire", "Ben") == "Ben retired.\n"
    assert "Ben: inspector; retired on " in loupebox("people", "list", "--retired")
    assert "Ben" not in loupebox("people", "list")
    assert "is the only admin; make another one first" in loupebox("people", "retire", "Asha", status=4)


@pytest.mark.parametrize(
    ("arguments", "told", "sentence"),
    [
        (("add", "Ben", "--role", "king"), PIN, "roles given: king; allowed are one or more of inspector, bench"),
        (("add", "Ben", "--role", "bench"), "123456", "that PIN is the first that a thief would try"),
        (("add", "Ben", "--role", "bench"), "", "that PIN cannot be used; allowed are 6 to 12 digits"),
        (("add", "os:Ben", "--role", "bench"), PIN, "cannot be a person's name; allowed are 1 to 60 printable"),
        (("retire", "Ben"), "", "no person called 'Ben' is recorded"),
        (("add", "Ben"), PIN, "Missing option '--role'"),
    ],
)
def test_what_cannot_be_is_one_sentence_without_the_secret(
    loupebox: Station, arguments: tuple[str, ...], told: str, sentence: str
) -> None:
    said = loupebox("people", *arguments, told=told, status=4)
    assert sentence in said
    assert said.count("\n") == 1
    assert not told or told not in said


def test_tokens_are_shown_once(loupebox: Station) -> None:
    assert loupebox("token", "list") == "No token was made yet.\n"
    said, secret = loupebox("token", "add", "ERP", "--scope", "job.import", "--days", "30").splitlines()
    assert said.startswith("ERP may job.import until ")
    log = loupebox.log()
    try:
        holder = log.tokens.holder(secret)
        assert holder is not None
        assert holder.may("job.import")
    finally:
        log.close()
    listed = loupebox("token", "list")
    assert secret not in listed
    assert f"made by os:{getpass.getuser()}" in listed
    assert loupebox("token", "revoke", "erp") == "ERP opens nothing any more.\n"
    assert "ERP: job.import; revoked on" in loupebox("token", "list")
    assert "scopes given: people.manage; allowed are" in loupebox(
        "token", "add", "root", "--scope", "people.manage", status=4
    )


def test_who_retires_is_asked_after_the_tokens(loupebox: Station) -> None:
    loupebox("people", "add", "Asha", "--role", "admin", told=PIN)
    loupebox("people", "add", "Ada", "--role", "admin", told=PIN)
    log = loupebox.log()
    try:
        log.tokens.add("ERP", ["job.import"], 30, who="Asha")
    finally:
        log.close()
    assert "Tokens that Asha made and may know still work: ERP" in loupebox("people", "retire", "Asha")
