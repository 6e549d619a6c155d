"""Frames may take less room, and nothing that a record needs is ever lost on the way."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from made_entries import DOUBTFUL_SCRATCH, MISSING_PRONG, MORNING, a_refusal, an_entry, frame
from made_frames import picture, png, smooth

from loupebox.station.records import archiving, collecting
from loupebox.station.records.archive_format import archive, restored, samples_of, samples_sha256
from loupebox.station.records.audit_verify import verify
from loupebox.station.records.backup import back_up
from loupebox.station.records.engine import open_database, reading
from loupebox.station.records.entry import FrameEntry
from loupebox.station.records.errors import Conflict, Damaged, NotAllowed, NotRecorded
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.maintenance import maintaining
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.restore import restore
from loupebox.station.records.thinning import ThinningRule, keeps
from loupebox.station.settings import SAMPLES_DIR

LATER = MORNING + timedelta(days=100)
ALL_PASSES = ThinningRule(LATER, 10**9, "after 30 days none is kept")


def age(folder: Path, **by: float) -> None:
    """Everything in the store has lain there for longer."""
    for path in (folder / "frames").rglob("*"):
        if path.is_file():
            then = path.stat().st_mtime - timedelta(**by).total_seconds()
            os.utime(path, (then, then))


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "frames").rglob("*") if path.is_file()}


def names(*frames: FrameEntry, suffix: str = "png") -> set[str]:
    return {f"{entry.sha256}.{suffix}" for entry in frames}


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def sound(log: QcLog, database: str) -> None:
    """Every frame that is needed is there, and the audit holds."""
    assert list(log.frames.check()) == []
    engine = open_database(database)
    with reading(engine) as connection:
        assert verify(connection).faults == ()
    engine.dispose()


# The archive


@settings(max_examples=60, deadline=None)
@given(
    nps.arrays(st.sampled_from([np.uint8, np.uint16]), st.tuples(st.integers(1, 12), st.integers(1, 12)))
    | nps.arrays(st.sampled_from([np.uint8, np.uint16]), st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))
)
def test_any_samples_come_back_as_they_were(pixels: np.ndarray) -> None:
    made = archive(png(pixels) + bytes(4000))  # padded, so that even these few samples are worth it
    assert made is not None
    back = restored(made.content, made.samples_sha256)
    np.testing.assert_array_equal(back, pixels)
    assert back.dtype == pixels.dtype


def test_the_checksum_of_samples_is_over_layout_and_values() -> None:
    pixels = np.arange(12, dtype=np.uint16).reshape(3, 4)
    same = pixels.astype(">u2")[::1]
    others = [pixels.reshape(4, 3), pixels.astype(np.uint8), pixels + np.uint16(1), pixels.T.copy()]
    assert samples_sha256(same) == samples_sha256(np.asfortranarray(pixels)) == samples_sha256(pixels)
    assert samples_sha256(pixels) not in {samples_sha256(other) for other in others}


def test_what_the_archive_cannot_hold_or_not_make_smaller_is_left(log: QcLog, folder: Path) -> None:
    transparent = frame(cv2.imencode(".png", np.zeros((40, 40, 4), np.uint8))[1].tobytes())
    noise = np.random.default_rng(1).integers(0, 256, (50, 50), np.uint8)
    noisy = frame(cv2.imencode(".png", noise)[1].tobytes(), light="coaxial")
    log.record(an_entry(frames=(transparent, noisy)))
    done = log.frames.archive(LATER, who="tests")
    assert (done.archived, done.left, done.faults) == (0, 2, ())
    assert files(folder) == names(transparent, noisy)


@pytest.mark.parametrize("how", [{}, {"dtype": np.uint16}, {"shape": (40, 50, 3)}], ids=str)
def test_an_archived_frame_is_the_same_picture_in_less_room(
    log: QcLog, database: str, folder: Path, how: dict[str, Any]
) -> None:
    one = picture(1, **how)
    log.record(an_entry(frames=(one,)))
    assert log.frames.archive(LATER, who="tests", dry_run=True).archived == 1
    assert files(folder) == names(one)
    done = log.frames.archive(LATER, who="tests")
    assert (done.archived, done.left, done.faults) == (1, 0, ())
    assert done.bytes_after < done.bytes_before == len(one.content)
    assert files(folder) == names(one, suffix="jls")
    np.testing.assert_array_equal(log.frames.samples(one.sha256), smooth(1, **how))
    content, suffix = log.frame(one.sha256)
    assert suffix == "png"
    np.testing.assert_array_equal(samples_of(content), smooth(1, **how))
    assert log.frames.archive(LATER, who="tests").archived == 0
    sound(log, database)


def test_young_frames_are_not_archived(log: QcLog, folder: Path) -> None:
    old, young = picture(1), picture(2)
    log.record(an_entry(frames=(old,)))
    log.record(an_entry(frames=(young, replace(picture(3), light="coaxial")), captured_at=LATER))
    log.record(an_entry(frames=(picture(3),)))  # the same picture in an old inspection and in a young one
    assert log.frames.archive(LATER, who="tests").archived == 1
    assert files(folder) == names(old, suffix="jls") | names(young, picture(3))


def test_what_people_uploaded_stays_the_file_that_it_is(log: QcLog, folder: Path) -> None:
    before, after = picture(1), picture(2, shape=(50, 60))
    log.record(an_entry(frames=(before, replace(after, light="coaxial"))))
    log.pictures.upload(before.content, "", "Eng")
    assert log.frames.archive(LATER, who="tests").archived == 1
    log.pictures.upload(after.content, "", "Eng")  # of what is in the archive already
    age(folder, hours=2)
    log.frames.collect(an_hour_ago(), who="tests")
    assert files(folder) == names(before, after)
    assert [log.pictures.read(one.sha256)[0] for one in (before, after)] == [before.content, after.content]
    assert list(log.frames.check()) == []


def test_an_archive_that_has_changed_is_told(log: QcLog, folder: Path) -> None:
    one = picture(1)
    log.record(an_entry(frames=(one,)))
    log.frames.archive(LATER, who="tests")
    (path,) = (folder / "frames").rglob("*.jls")
    content = bytearray(path.read_bytes())
    content[-20] ^= 4
    path.write_bytes(content)
    with pytest.raises(Damaged, match=r"\.jls has changed on disk"):
        log.frames.samples(one.sha256)
    (fault,) = log.frames.check()
    assert fault.checksum == one.sha256
    with pytest.raises(Damaged, match="samples have the checksum"):
        restored(archive(one.content).content, "0" * 64)  # pyright: ignore


def test_a_frame_that_has_changed_is_not_archived(log: QcLog, folder: Path) -> None:
    one = picture(1)
    log.record(an_entry(frames=(one,)))
    (path,) = (folder / "frames").rglob("*.png")
    path.write_bytes(png(smooth(2)))
    done = log.frames.archive(LATER, who="tests")
    assert done.archived == 0
    assert "has changed on disk" in done.faults[0]
    assert files(folder) == names(one)


@pytest.mark.parametrize("stopped_before", ["row", "delete"])
def test_an_archiving_that_was_killed_loses_nothing(
    log: QcLog, database: str, folder: Path, monkeypatch: pytest.MonkeyPatch, stopped_before: str
) -> None:
    one = picture(1)
    log.record(an_entry(frames=(one,)))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if stopped_before == "row":
            patched.setattr(archiving, "add", killed)
        else:
            patched.setattr(ImageStore, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            log.frames.archive(LATER, who="tests")
    assert files(folder) == names(one) | names(one, suffix="jls")
    assert log.frame(one.sha256) == (one.content, "png")
    age(folder, hours=2)
    assert log.frames.collect(an_hour_ago(), who="tests").objects == 1
    assert files(folder) == names(one, suffix="png" if stopped_before == "row" else "jls")
    log.frames.archive(LATER, who="tests")
    np.testing.assert_array_equal(log.frames.samples(one.sha256), smooth(1))
    assert files(folder) == names(one, suffix="jls")
    sound(log, database)


# Thinning out


@pytest.fixture
def day(log: QcLog) -> dict[str, FrameEntry]:
    """One piece of each kind with a frame of its own."""
    frames = {name: picture(seed) for seed, name in enumerate(("good", "bad", "doubt", "refused", "reworked", "young"))}
    log.record(an_entry(piece="good", frames=(frames["good"],)))
    log.record(an_entry(MISSING_PRONG, piece="bad", frames=(frames["bad"],)))
    log.record(an_entry(DOUBTFUL_SCRATCH, piece="doubt", frames=(frames["doubt"],)))
    log.record(a_refusal(piece="refused", frames=(frames["refused"],)))
    log.record(an_entry(MISSING_PRONG, piece="reworked", frames=()))
    log.record(an_entry(piece="reworked", frames=(frames["reworked"],)))
    log.record(an_entry(piece="young", frames=(frames["young"],), captured_at=LATER))
    return frames


def test_only_good_pieces_that_nobody_ever_doubted_let_go(
    log: QcLog, database: str, folder: Path, day: dict[str, FrameEntry]
) -> None:
    assert log.frames.thin(ALL_PASSES, who="tests", dry_run=True).thinned == 1
    done = log.frames.thin(ALL_PASSES, who="tests")
    assert (done.thinned, done.kept) == (1, 0)
    assert log.frame(day["good"].sha256)[0] == day["good"].content  # nothing is deleted yet
    age(folder, hours=2)
    assert log.frames.collect(an_hour_ago(), who="tests", dry_run=True).objects == 1
    assert files(folder) == names(*day.values())
    assert log.frames.collect(an_hour_ago(), who="tests").objects == 1
    assert files(folder) == names(*(entry for name, entry in day.items() if name != "good"))
    with pytest.raises(NotRecorded, match=rf"frame {day['good'].sha256} was let go on 2026-11-20: after 30 days none"):
        log.frame(day["good"].sha256)
    assert log.inspection(1).frames[0].sha256 == day["good"].sha256  # the rows stay
    assert log.frames.thin(ALL_PASSES, who="tests").thinned == 0
    sound(log, database)


def test_what_was_decided_on_or_came_back_keeps_its_frames(log: QcLog) -> None:
    accepted = log.record(an_entry(piece="accepted", frames=(picture(1),)))
    log.decide(accepted, "rework", "Lea", reason_code="seen_by_person")
    log.record(an_entry(piece="came back", frames=(picture(2),)))
    log.record(an_entry(MISSING_PRONG, piece="another", job="returns", frames=()))
    log.returns.receive("came back", "returns", "stone_loose", "Lea")
    assert log.frames.thin(ALL_PASSES, who="tests").thinned == 0


def test_one_in_so_many_is_kept_and_always_the_same(log: QcLog, folder: Path) -> None:
    frames = [picture(seed) for seed in range(40)]
    for seed, one in enumerate(frames):
        log.record(an_entry(piece=f"P-{seed}", frames=(one,)))
    rule = ThinningRule(LATER, 4, "one in 4")
    kept = {one.sha256 for one in frames if keeps([one.sha256], 4)}
    done = log.frames.thin(rule, who="tests")
    assert done.kept == len(kept)
    assert done.thinned == 40 - len(kept)
    assert 4 <= len(kept) <= 18
    age(folder, hours=2)
    log.frames.collect(an_hour_ago(), who="tests")
    assert files(folder) == {f"{checksum}.png" for checksum in kept}
    assert all(keeps([checksum], 2) for checksum in kept)


def test_a_frame_that_another_inspection_needs_stays(log: QcLog, folder: Path) -> None:
    one = picture(1)
    log.record(an_entry(piece="good", frames=(one,)))
    log.record(an_entry(MISSING_PRONG, piece="bad", frames=(one,)))
    assert log.frames.thin(ALL_PASSES, who="tests").thinned == 1
    age(folder, hours=2)
    assert log.frames.collect(an_hour_ago(), who="tests").objects == 0
    assert log.frame(one.sha256)[0] == one.content


def test_a_piece_that_failed_while_it_was_thinned_keeps_its_frames(log: QcLog, monkeypatch: pytest.MonkeyPatch) -> None:
    from loupebox.station.records import thinning

    log.record(an_entry(piece="P-1", frames=(picture(1),)))
    asked = thinning._page

    def and_then_it_fails(*arguments: Any) -> Any:
        found = asked(*arguments)
        monkeypatch.setattr(thinning, "_page", asked)
        log.record(an_entry(MISSING_PRONG, piece="P-1", frames=()))
        return found

    monkeypatch.setattr(thinning, "_page", and_then_it_fails)
    assert log.frames.thin(ALL_PASSES, who="tests").thinned == 0


def test_what_a_sheet_shows_stays_and_what_is_gone_cannot_be_shown(log: QcLog, folder: Path) -> None:
    shown, gone = picture(1), picture(2)
    log.record(an_entry(piece="good", frames=(shown,)))
    log.record(an_entry(piece="too", frames=(gone,)))
    lines = (SAMPLES_DIR / "specs" / "SOL6.toml").read_text().replace('revision = "A"', 'revision = "B"').splitlines()
    sheet = "\n".join(line for line in lines if not line.startswith("approved_"))
    photograph = '\n[[photograph]]\nzone = "A"\nkind = "scratch"\nshows = "OK"\nsha256 = "{}"\n'
    log.specs.draft(sheet + photograph.format(shown.sha256), "Eng")
    log.specs.approve("SOL6", "B", 1, "Second")
    log.frames.thin(ALL_PASSES, who="tests")
    age(folder, hours=2)
    log.frames.collect(an_hour_ago(), who="tests")
    assert files(folder) == names(shown)
    assert log.frame(shown.sha256)[0] == shown.content
    log.specs.draft(sheet.replace('"B"', '"C"') + photograph.format(gone.sha256), "Eng")
    with pytest.raises(NotAllowed, match="which was let go; upload it"):
        log.specs.approve("SOL6", "C", 1, "Second")
    log.pictures.upload(gone.content, "", "Eng")
    log.specs.approve("SOL6", "C", 1, "Second")
    assert list(log.frames.check()) == []


# Collection


def test_only_what_no_record_needs_is_collected_and_only_when_it_is_old(
    log: QcLog, database: str, folder: Path
) -> None:
    store = ImageStore(folder / "frames")
    mine, nobodys = picture(1), picture(2)
    log.record(an_entry(frames=(mine,)))
    log.pictures.upload(png(smooth(3)), "", "Eng")
    store.write(nobodys.content, nobodys.sha256)
    assert log.frames.collect(an_hour_ago(), who="tests").objects == 0
    age(folder, hours=2)
    done = log.frames.collect(an_hour_ago(), who="tests")
    assert (done.objects, done.bytes, done.leftovers) == (1, len(nobodys.content), 0)
    assert files(folder) == names(mine, frame(png(smooth(3))))
    log.record(an_entry(piece="P-2", frames=(nobodys,)))
    assert log.frame(nobodys.sha256)[0] == nobodys.content
    sound(log, database)


def test_an_object_that_is_recorded_just_before_its_deletion_is_not_lost(
    log: QcLog, database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording finds the file there and commits between the collector's look and its deletion."""
    one = picture(1)
    ImageStore(folder / "frames").write(one.content, one.sha256)
    age(folder, hours=2)
    look = collecting._unneeded

    def and_then_it_is_recorded(*arguments: Any) -> Any:
        found = look(*arguments)
        monkeypatch.setattr(collecting, "_unneeded", look)
        log.record(an_entry(frames=(one,)))
        return found

    monkeypatch.setattr(collecting, "_unneeded", and_then_it_is_recorded)
    assert log.frames.collect(an_hour_ago(), who="tests").objects == 0
    assert log.frame(one.sha256)[0] == one.content
    sound(log, database)


def test_an_object_that_is_deleted_just_before_it_is_recorded_is_written_again(
    log: QcLog, database: str, folder: Path
) -> None:
    """The collector comes between a recording's file and its rows."""
    one = picture(1)

    class Store(ImageStore):
        collected = 0

        def write(self, content: bytes, checksum: str, suffix: str = "png", proof: str | None = None) -> None:
            super().write(content, checksum, suffix, proof)
            if not self.collected:
                self.collected = log.frames.collect(datetime.now(UTC) + timedelta(days=1), who="tests").objects

    store = Store(folder / "frames")
    other = QcLog.open(database, store)
    other.record(an_entry(frames=(one,)))
    other.close()
    assert store.collected == 1
    assert log.frame(one.sha256)[0] == one.content
    sound(log, database)


def test_recording_and_collecting_the_same_frames_at_once(database: str, folder: Path) -> None:
    """One thread records the same pictures again and again, another collects as if no time mattered."""
    pictures = [picture(seed) for seed in range(3)]
    log, collector = QcLog.open(database, folder / "frames"), QcLog.open(database, folder / "frames")
    done, problems = threading.Event(), list[BaseException]()
    far = datetime.now(UTC) + timedelta(days=1)

    def collect() -> None:
        try:
            while not done.is_set():
                collector.frames.collect(far, who="tests")
        except BaseException as error:
            problems.append(error)

    store = ImageStore(folder / "frames")
    thread = threading.Thread(target=collect)
    thread.start()
    try:
        for number in range(10):
            for one in pictures:
                store.write(one.content, one.sha256)  # as a recording does first; the collector may take it at once
            fresh = tuple(replace(one, light=light) for one, light in zip(pictures, LIGHTS, strict=True))
            recorded = log.record(an_entry(piece=f"P-{number}", frames=fresh))
            for kept in log.inspection(recorded).frames:
                assert log.frame(kept.sha256)[1] == "png"
            if number % 5 == 4:
                pictures = [picture(100 * number + seed) for seed in range(3)]
    finally:
        done.set()
        thread.join(60)
    assert problems == []
    assert list(log.frames.check()) == []
    log.close()
    collector.close()


LIGHTS: tuple[Any, ...] = ("dome", "coaxial", "backlight")


def test_one_at_a_time_goes_through_the_store(log: QcLog, database: str) -> None:
    other = open_database(database)
    with maintaining(other):
        with pytest.raises(Conflict, match="the store is being backed up, archived, thinned or collected by another"):
            log.frames.collect(an_hour_ago(), who="tests")
        log.record(an_entry())  # recording goes on
    other.dispose()
    log.frames.collect(an_hour_ago(), who="tests")


# All together


@pytest.fixture
def kept_log(log: QcLog, folder: Path, day: dict[str, FrameEntry]) -> QcLog:
    """Archived, thinned, collected."""
    log.frames.archive(LATER, who="tests")
    log.frames.thin(ALL_PASSES, who="tests")
    age(folder, hours=2)
    log.frames.collect(an_hour_ago(), who="tests")
    return log


def test_a_backup_holds_archived_frames_and_does_not_miss_thinned_ones(
    kept_log: QcLog, database: str, folder: Path, tmp_path: Path, day: dict[str, FrameEntry]
) -> None:
    engine = open_database(database)
    made = back_up(engine, ImageStore(folder / "frames"), tmp_path / "backups")
    engine.dispose()
    assert made.manifest.frames.missing == ()
    assert made.new_frames == 5
    assert restore(made.folder, tmp_path / "r.sqlite", ImageStore(tmp_path / "r" / "frames")).frames == 5
    log = QcLog.open(tmp_path / "r.sqlite", tmp_path / "r" / "frames")
    np.testing.assert_array_equal(log.frames.samples(day["bad"].sha256), samples_of(day["bad"].content))
    assert list(log.frames.check()) == []
    log.close()


def test_a_thinned_frame_that_is_recorded_again_is_there_again(
    kept_log: QcLog, database: str, day: dict[str, FrameEntry]
) -> None:
    kept_log.record(an_entry(MISSING_PRONG, piece="good", frames=(day["good"],)))
    assert kept_log.frame(day["good"].sha256)[0] == day["good"].content
    sound(kept_log, database)
