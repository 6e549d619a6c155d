"""The command line: what it says, where it says it, and its exit status."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from bad_captures import CASES, BadCapture
from tiny_captures import write_capture

from loupebox.inspect.spec import json_schema as spec_schema
from loupebox.station.cli import Exit, run
from loupebox.station.settings import SAMPLES_DIR

SPECS = SAMPLES_DIR / "specs"


def refused_input(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Run; the one sentence that it said on stderr, having said nothing else and left with status 4."""
    assert run(arguments) == Exit.WRONG == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("loupebox: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_capture_is_status_4_and_one_sentence(
    case: BadCapture, capture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.spoil(capture_folder)
    err = refused_input(capsys, ["capture", "check", str(capture_folder)])
    for words in case.says:
        assert words in err


@pytest.mark.parametrize("name", ["PNG bomb", "truncated, checksum agrees", "frame is a pipe", "unknown key"])
def test_the_real_command_leaves_with_status_4_and_no_traceback(name: str, capture_folder: Path) -> None:
    next(case for case in CASES if case.name == name).spoil(capture_folder)
    data = capture_folder.parent / "data"
    done = loupebox("capture", "check", str(capture_folder), cwd=capture_folder.parent)
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert not data.exists()


def loupebox(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    script = "from loupebox.station.cli import main; main()"
    return subprocess.run([sys.executable, "-c", script, *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zz"], "No such command 'zz'"),
        (["inspect"], "Missing argument"),
        (["inspect", "a", "b"], "unexpected extra argument"),
        (["demo", "--port", "99999"], "65535"),
        (["demo", "--port", "http"], "--port"),
        (["serve", "--nonsense"], "No such option"),
        (["spec", "check", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["capture", "check", "nowhere"], "nowhere does not exist"),
        (["doctor", "--settings", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_wrong_usage_is_status_4_and_one_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in refused_input(capsys, arguments)
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_the_help_is_shown_and_the_status_is_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 4
    out, err = capsys.readouterr()
    assert "Usage: loupebox" in out + err
    assert "Traceback" not in err


def test_help_and_version_are_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert run(["version"]) == 0
    out, err = capsys.readouterr()
    assert "loupebox 0." in out
    assert "4 wrong usage" in " ".join(out.split())
    assert err == ""


@pytest.mark.parametrize("style", ["SOL6", "SOL4", "BAND"])
def test_the_samples_spec_sheets_are_sound(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "check", str(SPECS / f"{style}.toml")]) == 0
    assert f"{style} revision" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("lower = 17.25", "lower = 17.95", ("characteristic[0]", "lower is 17.95", "above upper, 17.45")),
        ("upper = 17.45", "uper = 17.45", ("characteristic[0].uper", "did you mean 'upper'")),
        ("prong_count = 6", "prong_count = 'six'", ("head.prong_count", "'six'", "a whole number")),
        ('style = "SOL6"', 'style = "SOL6', ("not TOML", "line 2")),
    ],
)
def test_a_bad_spec_sheet_is_status_4_and_one_sentence(
    old: str, new: str, says: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (SPECS / "SOL6.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "SOL6.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    err = refused_input(capsys, ["spec", "check", str(path)])
    for words in (str(path), *says):
        assert words in err


def test_the_spec_schema_that_is_printed_fits_the_samples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema == spec_schema()
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_style_without_a_spec_sheet_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_capture(tmp_path / "c", style="../SOL6")
    err = refused_input(capsys, ["capture", "check", str(folder)])
    assert "no spec sheet for style '../SOL6'" in err
    assert "there are BAND, SOL4, SOL6" in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = 70000", "port"),
        ("data_dri = 'x'", "did you mean 'data_dir'"),
        ("port = ", "not TOML"),
        ("calibration_dir = 'nowhere'", "calibration folder"),
    ],
)
def test_bad_settings_are_status_4_and_one_sentence(
    text: str, says: str, capture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = capture_folder.parent / "loupebox.toml"
    path.write_text(text, encoding="utf-8")
    assert says in refused_input(capsys, ["capture", "check", str(capture_folder), "--settings", str(path)])


def spoiled_calibration(tmp_path: Path, name: str, change: dict[str, object]) -> Path:
    """The samples' calibration with some keys of one certificate changed, and settings that name it."""
    folder = tmp_path / "calibration"
    shutil.copytree(SAMPLES_DIR / "calibration", folder)
    document = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps({**document, **change}), encoding="utf-8")
    settings = tmp_path / "loupebox.toml"
    settings.write_text("calibration_dir = 'calibration'", encoding="utf-8")
    return settings


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scale_um_per_px": -1}, ("face.json", "scale_um_per_px", "-1")),
        ({"flat_sha256": "0" * 64}, ("face.flat.png", "sha256")),
        ({"flat_file": "gone.png"}, ("gone.png", "cannot be read")),
        ({"view": "top"}, ("view is 'top'", "'face'")),
        ({"scale_mm": 1}, ("unknown key 'scale_mm'",)),
    ],
)
def test_a_bad_certificate_is_status_4_and_one_sentence(
    change: dict[str, object], says: tuple[str, ...], capture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = spoiled_calibration(capture_folder.parent, "face.json", change)
    err = refused_input(capsys, ["capture", "check", str(capture_folder), "--settings", str(settings)])
    for words in says:
        assert words in err


@pytest.mark.parametrize("command", [["demo"], ["serve"]])
def test_a_port_in_use_is_told_before_anything_is_done(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        err = refused_input(capsys, [*command, "--port", str(port), "--data", str(data)])
    assert f"cannot serve at 127.0.0.1:{port}: Address already in use" in err
    assert not data.exists()


def test_a_fault_of_the_program_is_one_line_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, capture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(folder: Path) -> None:
        raise ZeroDivisionError("broken\non purpose")

    monkeypatch.setattr("loupebox.station.capture.read_capture", broken)
    assert run(["capture", "check", str(capture_folder)]) == Exit.FAULT
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("loupebox: a fault of the program, ZeroDivisionError: broken on purpose (loupebox --debug")
    assert err.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        run(["--debug", "capture", "check", str(capture_folder)])
