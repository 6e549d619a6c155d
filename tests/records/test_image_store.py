"""Frames are kept by content: written once, whole or not at all, and proven when read."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from other_process import reported, started, store_a_large_picture

from loupebox.station.records.errors import Damaged, NotRecorded, RecordsError
from loupebox.station.records.image_store import LEFTOVER_AGE_S, ImageStore

PICTURE = b"a picture"
CHECKSUM = sha256(PICTURE).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "frames")


def path_of(store: ImageStore, checksum: str = CHECKSUM, suffix: str = "png") -> Path:
    """Where the first version kept it too: stores on disk stay readable."""
    assert store.root is not None
    return store.root / checksum[:2] / checksum[2:4] / f"{checksum}.{suffix}"


def files(store: ImageStore) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2000))
def test_what_is_written_is_read(store: ImageStore, content: bytes) -> None:
    checksum = sha256(content).hexdigest()
    store.write(content, checksum, "tiff")
    assert path_of(store, checksum, "tiff").read_bytes() == content
    assert store.read(checksum, "tiff") == content


def test_writing_again_changes_nothing(store: ImageStore) -> None:
    store.write(PICTURE, CHECKSUM)
    path = path_of(store)
    before = path.stat()
    store.write(PICTURE, CHECKSUM)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(store) == [f"{CHECKSUM[:2]}/{CHECKSUM[2:4]}/{CHECKSUM}.png"]


def test_content_that_is_not_what_its_checksum_says(store: ImageStore) -> None:
    with pytest.raises(
        Damaged, match=f"an image of 5 bytes has the checksum [0-9a-f]{{64}}, not {CHECKSUM} as it says"
    ):
        store.write(b"other", CHECKSUM)
    assert files(store) == []


@pytest.mark.parametrize("there_now", [b"a pictur3", b"a pict", b""])
def test_a_picture_that_has_changed_on_disk_is_told_and_can_be_mended(store: ImageStore, there_now: bytes) -> None:
    store.write(PICTURE, CHECKSUM)
    path = path_of(store)
    path.write_bytes(there_now)
    with pytest.raises(Damaged, match=rf"image .*/{CHECKSUM}\.png has changed on disk: its checksum is now [0-9a-f]+"):
        store.read(CHECKSUM)
    store.write(PICTURE, CHECKSUM)
    assert store.read(CHECKSUM) == PICTURE


def test_a_picture_that_is_not_there(store: ImageStore) -> None:
    with pytest.raises(NotRecorded, match=rf"no image {CHECKSUM}\.png is stored in .*/frames"):
        store.read(CHECKSUM)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"])
def test_only_a_checksum_names_a_picture(store: ImageStore, name: str) -> None:
    with pytest.raises(NotRecorded, match="is no checksum; allowed are 64 digits of lower-case hex"):
        store.name_of(name)


@pytest.mark.parametrize("suffix", ["", "../x", ".png", "PNG", "png\n", "a" * 9])
def test_only_a_plain_suffix_ends_a_name(store: ImageStore, suffix: str) -> None:
    with pytest.raises(RecordsError, match="an image cannot end in "):
        store.name_of(CHECKSUM, suffix)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "frames").write_text("I am a file")
    with pytest.raises(RecordsError, match=r"cannot use .*/frames for images: (File exists|Not a directory)"):
        ImageStore(tmp_path / "frames")


def test_a_file_in_the_way_of_a_picture(store: ImageStore) -> None:
    (store.root / CHECKSUM[:2]).write_text("I am a file")
    with pytest.raises(RecordsError, match=rf"cannot store image .*/{CHECKSUM}\.png: (File exists|Not a directory)"):
        store.write(PICTURE, CHECKSUM)
    assert files(store) == [CHECKSUM[:2]]


def test_a_full_disk_leaves_nothing_half_written(store: ImageStore) -> None:
    with started(store_a_large_picture, store.root, 5000) as station:
        said = reported(*station)
    assert said.startswith("cannot store image ")
    assert said.endswith(": File too large")
    assert files(store) == []


def test_what_a_killed_process_left_is_told_after_a_day(store: ImageStore) -> None:
    store.write(PICTURE, CHECKSUM)
    old, new = path_of(store).with_suffix(".png#1"), path_of(store).with_suffix(".png#2")
    older_version = store.root / "incoming" / "tmpabc"
    older_version.parent.mkdir()
    for left in (old, new, older_version):
        left.write_bytes(b"half a pict")
    long_ago = new.stat().st_mtime - LEFTOVER_AGE_S - 60
    for left in (old, older_version, path_of(store)):
        os.utime(left, (long_ago, long_ago))
    assert set(store.leftovers()) == {old, older_version}
    assert [(found.checksum, found.suffix, found.size_bytes) for found in store.stored()] == [(CHECKSUM, "png", 9)]


def test_the_file_and_its_folders_are_on_disk_before_the_write_returns(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def fsync(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))

    monkeypatch.setattr(os, "fsync", fsync)
    store.write(PICTURE, CHECKSUM)
    path = path_of(store)
    assert synced == [str(p) for p in (path, path.parent, path.parent.parent, store.root)]
    store.write(PICTURE, CHECKSUM)  # another process may have written it and not have synced it yet
    assert len(synced) == 8
