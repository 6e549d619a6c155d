"""Several stations that inspect on while the line to the log breaks again and again; used by test and benchmark."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cut_line import CutLine
from made_entries import MISSING_PRONG, an_entry, frame
from sqlalchemy import make_url, select

from loupebox.station.forwarding import Forwarder
from loupebox.station.outbox import Outbox
from loupebox.station.records.engine import open_database, reading
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.production_tables import PIECE
from loupebox.station.records.qc_log import QcLog


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the log has of each station, in the log's own order, and what had been inspected there, in that order."""

    inspected: dict[str, list[str]]
    recorded: dict[str, list[str]]
    cuts: int
    rounds_that_failed: int
    set_aside: int

    @property
    def once_and_in_order(self) -> bool:
        return self.inspected == self.recorded and self.set_aside == 0


def inspect_through_cuts(
    database: str, folder: Path, stations: int, pieces: int, cuts: int, seed: int, done: Callable[[int], None] = print
) -> Delivered:
    """Every station inspects its share of the pieces and forwards after each; the line breaks `cuts` times."""
    chance = random.Random(seed)
    url = make_url(database)
    assert url.port is not None
    # A whole delivery is about 8 kB on the line: so it breaks as often as it is to while there are pieces left.
    line = CutLine(url.port, cuts, chance, most_bytes=2 * 10_000 * max(1, pieces // max(cuts, 1) // 2))
    through = url.set(port=line.port).render_as_string(hide_password=False)
    names = [f"station-{k + 1}" for k in range(stations)]
    inspected: dict[str, list[str]] = defaultdict(list)
    failed, aside, faults = [0] * stations, [0] * stations, []

    def work(which: int) -> None:
        name, outbox = names[which], Outbox(folder / names[which])
        forwarder = Forwarder(outbox, lambda: QcLog.open(through, folder / "frames"))
        try:
            for number in range(which, pieces, stations):
                entry = an_entry(
                    MISSING_PRONG, station=name, piece=f"P-{number}", job=f"J-{number // 50}",
                    frames=(frame(f"pixels of {number}".encode()),),
                )  # fmt: skip
                outbox.put(entry)
                inspected[name].append(entry.piece)
                failed[which] += bool(forwarder.forward().out_of_reach)
                done(1)
            while outbox.waiting():
                failed[which] += bool(forwarder.forward().out_of_reach)
            aside[which] = len(outbox.set_aside())
        except BaseException as fault:
            faults.append(fault)
            raise
        finally:
            forwarder.close()

    threads = [threading.Thread(target=work, args=(which,)) for which in range(stations)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        line.close()
    assert not faults, faults
    recorded: dict[str, list[str]] = defaultdict(list)
    engine = open_database(database)
    with reading(engine) as connection:
        query = select(INSPECTION.c.station, PIECE.c.serial).join(PIECE, INSPECTION.c.piece == PIECE.c.id)
        for station, serial in connection.execute(query.order_by(INSPECTION.c.id)):
            recorded[station].append(serial)
    engine.dispose()
    return Delivered(dict(inspected), dict(recorded), cuts - line.cuts_left, sum(failed), sum(aside))
