"""Stations in processes of their own: to race, to be killed, to have no room left.

They are forked off a server that has imported everything once, so that each starts in milliseconds.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
from collections.abc import Callable
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from made_entries import MISSING_PRONG, POROUS, an_entry, frame

from loupebox.station.records.entry import InspectionEntry
from loupebox.station.records.errors import RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.qc_log import QcLog

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["loupebox.station.records.qc_log", "loupebox.station.records.migrating"])
PATIENCE_S = 60


@contextmanager
def started(act: Callable[..., None], *arguments: Any):
    """The process, and the end of a pipe on which `act` reports; it is gone afterwards."""
    ours, theirs = FORKS.Pipe(duplex=True)
    process = FORKS.Process(target=act, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()


def reported(process: BaseProcess, pipe: Connection) -> Any:
    """The next thing that it reports."""
    assert pipe.poll(PATIENCE_S), f"{process.name} says nothing"
    return pipe.recv()


def open_log(folder: Path, database: str = "") -> QcLog:
    return QcLog.open(database or folder / "qc.sqlite", folder / "frames")


def open_and_record(pipe: Connection, folder: Path) -> None:
    """Once told to, open the database and record a piece."""
    pipe.recv()
    pipe.send(open_log(folder).record(an_entry()))


def take(pipe: Connection, database: str, folder: Path, order: int, who: str) -> None:
    """Once told to, try to take an order."""
    log = QcLog.open(database, folder / "frames")
    pipe.send("ready")
    pipe.recv()
    try:
        pipe.send(("taken", log.rework.take(order, who).steps[-1].who))
    except RecordsError as error:
        pipe.send((type(error).__name__, str(error)))


def entry_of(run: int, number: int) -> InspectionEntry:
    """A failed piece with pictures of its own, a few bytes up to a few hundred kB."""
    chance = random.Random(run * 1_000_003 + number)
    pictures = tuple(
        frame(chance.randbytes(chance.randint(1, 300_000)), light=light) for light in ("dome", "coaxial", "backlight")
    )
    return an_entry(MISSING_PRONG, POROUS, piece=f"{run}-{number}", frames=pictures)


def record_for_ever(pipe: Connection, folder: Path, run: int, database: str = "") -> None:
    """Record piece after piece and report each number once it is recorded."""
    log = open_log(folder, database)
    for number in count():
        pipe.send((log.record(entry_of(run, number)), number))


def bring_forward(pipe: Connection, folder: Path, database: str) -> None:
    """Open a log of an older version, which brings it forward, and say so."""
    pipe.send("begins")
    open_log(folder, database).close()
    pipe.send("done")


def record_until_full(pipe: Connection, folder: Path, largest_file_bytes: int) -> None:
    """Record until no file can grow any more; report each number, then what the log said."""
    log = open_log(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))
    try:
        for number in count():
            pipe.send(log.record(an_entry(MISSING_PRONG, piece=str(number), report={"long": "x" * 20_000})))
    except RecordsError as error:
        pipe.send(str(error))


def store_a_large_picture(pipe: Connection, folder: Path, largest_file_bytes: int) -> None:
    """Store a picture that is larger than any file may be; report what the store said."""
    store = ImageStore(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))
    picture = bytes(2 * largest_file_bytes)
    try:
        store.write(picture, sha256(picture).hexdigest())
    except RecordsError as error:
        pipe.send(str(error))
