"""Many people press at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def at_once(act: Callable[[int], Any], people: int = 10) -> list[Any]:
    """What each of them got: the result, or the error."""
    ready = threading.Barrier(people)

    def one(number: int) -> Any:
        ready.wait()
        try:
            return act(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(one, range(people)))
