"""Settings come from defaults, then a file, then flags."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from loupebox.station.settings import MODELS_DIR, SAMPLES_DIR, Settings, SettingsError


def test_the_defaults_inspect_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load()
    assert settings.data_dir == tmp_path / "loupebox-data"
    assert settings.database_location == tmp_path / "loupebox-data" / "qc.sqlite"
    assert settings.frames_dir == tmp_path / "loupebox-data" / "frames"
    assert (settings.specs_dir, settings.models_dir) == (SAMPLES_DIR / "specs", MODELS_DIR)
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert list(tmp_path.iterdir()) == []


def test_paths_count_from_the_file_and_flags_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "loupebox.toml"
    file.write_text("data_dir = 'data'\nspecs_dir = '../specs'\nport = 9000\ndatabase = 'postgresql://qc/qc'\n")
    monkeypatch.chdir(tmp_path)
    settings = Settings.load(file, port=None)
    assert settings.data_dir == tmp_path / "etc" / "data"
    assert settings.specs_dir == tmp_path / "etc" / ".." / "specs"
    assert settings.port == 9000
    assert settings.database_location == "postgresql://qc/qc"
    flagged = Settings.load(file, data_dir=Path("here"), port=9001)
    assert flagged.data_dir == tmp_path / "here"
    assert flagged.port == 9001
    assert flagged.specs_dir == settings.specs_dir


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings.load().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = -1", "key 'port' is -1"),
        ("prot = 8000", "unknown key 'prot'; did you mean 'port'"),
        ("port = ", "not TOML"),
        ("data_dir = 5", "key 'data_dir' is 5"),
    ],
)
def test_a_bad_file_is_one_sentence(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "loupebox.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        Settings.load(file)
    assert str(file) in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_flag_out_of_range_is_named() -> None:
    with pytest.raises(SettingsError, match=r"port.*70000"):
        Settings.load(port=70000)
