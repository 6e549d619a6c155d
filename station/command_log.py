"""The QC log as commands use it, and who acts there."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loupebox.station.options import chosen_settings

if TYPE_CHECKING:
    from loupebox.station.records.qc_log import QcLog


@contextmanager
def command_log(data: Path | None, database: str | None, settings: Path | None) -> Iterator[QcLog]:
    """The log that these options name, until the block ends."""
    from loupebox.station.station_log import open_log

    log = open_log(chosen_settings(settings, data_dir=data, database=database))
    try:
        yield log
    finally:
        log.close()


def command_user() -> str:
    """Whoever uses the command line is who the operating system says it is, and is recorded as such.

    No person of the station can have a name with a colon, so that nobody is taken for somebody else.
    """
    return f"os:{getpass.getuser()}"
