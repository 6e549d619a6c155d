"""How long each step of an inspection took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up milliseconds by the name of the step; the clock is an argument, so that a test need not wait."""

    def __init__(self, clock_s: Callable[[], float] = time.perf_counter) -> None:
        self._clock_s = clock_s
        self._start_s = clock_s()
        self._steps_ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start_s = self._clock_s()
        try:
            yield
        finally:
            self._steps_ms[name] = self._steps_ms.get(name, 0.0) + (self._clock_s() - start_s) * 1000

    def timings_ms(self) -> dict[str, float]:
        """Each step so far, and "total" since the start."""
        return {**self._steps_ms, "total": (self._clock_s() - self._start_s) * 1000}
