"""When to draw: images spread evenly over the time that a control step stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter, sleep

FRAME_RATE = 60
"""Images a second [Hz]."""
MADE_UP = 0.25
"""Longest delay that is made up for [s]: after a pause the missed time is not shown in a rush."""


class ImagePacer:
    """Holds a loop to a clock.

    Parameters
    ----------
    clock
        Seconds that only grow.
    wait
        Lets so many seconds pass.
    """

    def __init__(
        self,
        frame_rate: int = FRAME_RATE,
        clock: Callable[[], float] = perf_counter,
        wait: Callable[[float], None] = sleep,
    ) -> None:
        self.frame_rate, self._clock, self._wait = frame_rate, clock, wait
        self._due = clock()

    def restart(self) -> None:
        """Time counts from now."""
        self._due = self._clock()

    def images(self, duration: float) -> Iterator[float]:
        """Shares (0, 1] of ``duration`` [s] to draw, each when it is time; the duration is over when they end.

        A machine too slow for all of them is spared images, but never the last one, and never a step: what is
        recorded is not to depend on it.
        """
        count = max(1, round(self.frame_rate * duration))
        for number in range(1, count + 1):
            late = self._clock() - self._due
            if late < duration or number == count:
                yield number / count
            self._due += duration / count
            now = self._clock()
            if self._due > now:
                self._wait(self._due - now)
            self._due = max(self._due, now - MADE_UP)
