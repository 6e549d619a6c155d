"""Something done again and again beside the serving, in a thread that starts and ends with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loupebox.station.records.errors import RecordsError

logger = logging.getLogger(__name__)


@contextmanager
def in_rounds(what: str, act: Callable[[threading.Event], object], every_s: float) -> Iterator[None]:
    """Do it every so often until the block ends; what goes wrong is logged, and the next round comes all the same.

    A round under way is finished before the block ends; it is given the event by which it may end early.
    """
    stop = threading.Event()

    def rounds() -> None:
        while not stop.is_set():
            try:
                act(stop)
            except RecordsError as error:
                logger.warning("%s has to wait: %s", what, error)
            except Exception:
                logger.exception("%s failed", what)
            stop.wait(every_s)

    thread = threading.Thread(target=rounds, name=what, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
