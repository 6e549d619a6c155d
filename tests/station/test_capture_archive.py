"""An archive of a capture is unpacked, or refused in one sentence with nothing outside its folder touched."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_captures import write_capture

from loupebox.station.capture import CaptureError, read_capture
from loupebox.station.capture_archive import MAX_FILES, unpack_capture

LIMIT = 5_000_000


def zipped(folder: Path, top: str = "", more: Callable[[zipfile.ZipFile], object] = lambda _: None) -> io.BytesIO:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.iterdir()):
            opened.write(path, top + path.name)
        more(opened)
    return archive


def link_to_secrets(archive: zipfile.ZipFile) -> None:
    link = zipfile.ZipInfo("face_link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, "/etc/passwd")


def pipe(archive: zipfile.ZipFile) -> None:
    made = zipfile.ZipInfo("pipe")
    made.external_attr = (stat.S_IFIFO | 0o666) << 16
    archive.writestr(made, "")


def many(archive: zipfile.ZipFile) -> None:
    for number in range(MAX_FILES + 1):
        archive.writestr(f"{number}.txt", "")


HOSTILE: dict[str, tuple[Callable[[zipfile.ZipFile], object], str]] = {
    "above": (
        lambda a: a.writestr("../evil.png", b"x"),
        r"entry '\.\./evil\.png' of the archive is not the plain path",
    ),
    "above inside": (lambda a: a.writestr("a/../../evil", b"x"), "is not the plain path"),
    "absolute": (lambda a: a.writestr("/etc/cron.d/evil", b"x"), "is not the plain path"),
    "backslash": (lambda a: a.writestr("..\\evil.png", b"x"), "is not the plain path"),
    "drive": (lambda a: a.writestr("C:evil.png", b"x"), "is not the plain path"),
    "deep": (lambda a: a.writestr("a/b/c.png", b"x"), "is not the plain path"),
    "escape codes": (lambda a: a.writestr("\x1b[2J.png", b"x"), "is not the plain path"),
    "long": (lambda a: a.writestr("x" * 300, b"x"), "is not the plain path"),
    "link": (link_to_secrets, r"entry 'face_link\.png' of the archive is a link or a device"),
    "pipe": (pipe, "is a link or a device"),
    "many": (many, f"the archive has {MAX_FILES + 5} entries; allowed are at most {MAX_FILES}"),
    "same name": (lambda a: a.writestr("CAPTURE.json", b"{}"), r"has an entry '(CAPTURE|capture)\.json' twice"),
    "bomb": (
        lambda a: a.writestr("bomb.png", bytes(LIMIT)),
        r"entry 'bomb\.png' of the archive grows from \d+ to 5000000 bytes",
    ),
    "large": (
        lambda a: a.writestr("large.png", bytes(LIMIT), zipfile.ZIP_STORED),
        "the archive holds 50.* bytes unpacked; allowed are 5000000",
    ),
    "method": (lambda a: a.writestr("x.png", b"x", zipfile.ZIP_LZMA), "is packed by method 14; allowed are stored and"),
    "in the way": (lambda a: (a.writestr("a", b"x"), a.writestr("a/b", b"x")), "is in the way of another"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_archive_is_refused_in_one_sentence(name: str, capture_folder: Path, tmp_path: Path) -> None:
    spoil, told = HOSTILE[name]
    target = tmp_path / "in" / "target"
    target.mkdir(parents=True)
    with pytest.raises(CaptureError, match=told) as caught:
        unpack_capture(zipped(capture_folder, more=spoil), target, LIMIT)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert list((tmp_path / "in").iterdir()) == [target]


@pytest.mark.parametrize("top", ["", "capture/"])
def test_a_sound_archive_is_the_folder(top: str, capture_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    place = unpack_capture(zipped(capture_folder, top), tmp_path / "target", LIMIT)
    assert read_capture(place).encoded == read_capture(capture_folder).encoded


def test_an_entry_that_lies_about_its_size_is_counted(capture_folder: Path, tmp_path: Path) -> None:
    """Both headers of the bomb say ten bytes; the archive's checksum or our count must stop it."""
    archive = zipped(capture_folder, more=lambda a: a.writestr("bomb.png", bytes(LIMIT)))
    content = archive.getvalue().replace(struct.pack("<I", LIMIT), struct.pack("<I", 10))
    assert content != archive.getvalue()
    (tmp_path / "target").mkdir()
    with pytest.raises(CaptureError, match=r"no sound ZIP file: Bad CRC-32 for file 'bomb\.png'"):
        unpack_capture(io.BytesIO(content), tmp_path / "target", LIMIT)
    assert sum(path.stat().st_size for path in (tmp_path / "target").iterdir()) < LIMIT


def test_without_a_capture_json(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.png", b"x")
    (tmp_path / "target").mkdir()
    with pytest.raises(CaptureError, match=r"the archive holds no capture\.json, neither at its top nor in a folder"):
        unpack_capture(archive, tmp_path / "target", LIMIT)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return zipped(write_capture(tmp_path_factory.mktemp("sound") / "capture")).getvalue()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_refused_or_does_no_harm(data: st.DataObject, sound: bytes, tmp_path_factory) -> None:
    content = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    target = tmp_path_factory.mktemp("target")
    with contextlib.suppress(CaptureError):  # any other exception is a fault
        read_capture(unpack_capture(io.BytesIO(bytes(content[:cut])), target, LIMIT))
    assert sum(path.stat().st_size for path in target.rglob("*")) <= LIMIT


def test_a_bomb_takes_no_memory(capture_folder: Path, tmp_path: Path) -> None:
    """Fifty million stored bytes against a limit of five."""
    archive = tmp_path / "big.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened, opened.open("big.png", "w") as big:
        for _ in range(50):
            big.write(bytes(1_000_000))
    (tmp_path / "target").mkdir()
    tracemalloc.start()
    with archive.open("rb") as file, pytest.raises(CaptureError, match="allowed are 5000000"):
        unpack_capture(file, tmp_path / "target", LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
