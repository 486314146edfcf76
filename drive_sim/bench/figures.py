"""A figure and how it is measured: the same work several times, median and range.

Absolute figures drift on shared machines, so each carries the processor time of one item beside the rate by the
clock: on one thread the two say the same unless another process had the processor.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

from drive_sim.bench.scenes import Scenes


@dataclass(frozen=True)
class Effort:
    """How much is measured; the default is what published figures are made with."""

    repeats: int = 5
    least_time: float = 0.25
    """A repeat goes on for at least so long [s]."""
    episodes: int = 16
    """Different roads that every figure goes over."""
    steps: int = 40
    """Control steps of each episode."""
    batch: int = 64
    """Worlds of the batched figures."""
    worlds: tuple[int, ...] = (1, 4, 16, 64, 256)
    actors: tuple[int, ...] = (0, 2, 4, 8, 16)
    images: tuple[tuple[int, int], ...] = ((33, 100), (66, 200), (132, 400))
    """Height and width [pixels]."""
    starts: int = 3
    """Cold starts."""
    gpu_worlds: tuple[int, ...] = (1, 16, 256, 1024, 4096)
    """Worlds that grow on a GPU, where few leave it idle."""
    long_run: int = 1_000_000
    """Steps after which memory is looked at again."""
    views: int = 256
    """Views that a network in training takes at once."""
    scenes: Scenes = field(default_factory=Scenes)
    """What CPU and CUDA are compared on."""


@dataclass(frozen=True)
class Figure:
    """One measured number: median and range over the repeats."""

    key: str
    """Name in the JSON file, such as ``env.camera``."""
    what: str
    """The same in words."""
    unit: str
    values: tuple[float, ...]
    """One for each repeat [unit]."""
    processor: tuple[float, ...] = ()
    """Processor time of one item [µs], of all threads together; empty where it means nothing."""
    threads: int = 1
    digits: int = 3
    """Significant digits in the table; the JSON file has one more."""

    @property
    def median(self) -> float:
        """Median of the repeats."""
        return statistics.median(self.values)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        digits = self.digits + 1
        entry: dict[str, Any] = {"what": self.what, "unit": self.unit, "threads": self.threads}
        entry |= {"median": rounded(self.median, digits)}
        entry |= {"min": rounded(min(self.values), digits), "max": rounded(max(self.values), digits)}
        if self.processor:
            entry["processor_us"] = rounded(statistics.median(self.processor))
        return entry | {"repeats": len(self.values)}

    def row(self) -> tuple[str, ...]:
        """Cells of the table: see `HEADINGS`."""
        least, middle, most = (shown(value, self.digits) for value in (min(self.values), self.median, max(self.values)))
        span = f"{least} – {most}"
        processor = shown(statistics.median(self.processor)) if self.processor else ""
        return self.what, str(self.threads), middle, span, self.unit, processor


HEADINGS = ("what", "threads", "median", "range", "unit", "processor [µs each]")
WIDTHS = (56, 7, 9, 19, 10, 19)


def table_row(cells: Sequence[str]) -> str:
    """A line of a Markdown table that also reads well on a terminal."""
    return "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)) + " |"


def table_head() -> list[str]:
    """The two lines that begin the table."""
    return [table_row(HEADINGS), "|" + "|".join("-" * (width + 2) for width in WIDTHS) + "|"]


def rounded(value: float, digits: int = 4) -> float:
    """The value to so many significant digits."""
    return value if value == 0.0 else round(value, digits - 1 - math.floor(math.log10(abs(value))))


def shown(value: float, digits: int = 3) -> str:
    """The value to so many significant digits, thousands apart."""
    value = rounded(value, digits)
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.{digits}g}"


class Measured:
    """Rates of one kind of work over several repeats; `once` does one repeat, so that kinds can take turns.

    Parameters
    ----------
    work
        Does the work and returns how many items that was.
    prepare
        Puts everything back to where the work begins; not timed.
    least_time
        A repeat does the work again and again until so much time [s] has been measured.
    """

    def __init__(self, work: Callable[[], int], prepare: Callable[[], None] | None, least_time: float) -> None:
        self._work, self._prepare, self._least_time = work, prepare, least_time
        self.rates: list[float] = []
        """Items a second by the clock."""
        self.processor: list[float] = []
        """Processor time of one item [µs]."""

    def once(self, keep: bool = True) -> None:
        """Measure one repeat; ``keep=False`` warms up: compiles, and fills caches."""
        clock = processor = 0.0
        items = 0
        while not items or (keep and clock < self._least_time):
            if self._prepare is not None:
                self._prepare()
            begun, used = perf_counter(), process_time()
            items += self._work()
            clock += perf_counter() - begun
            processor += process_time() - used
        if keep:
            self.rates.append(items / clock)
            self.processor.append(1e6 * processor / items)


def measure(
    key: str,
    what: str,
    unit: str,
    effort: Effort,
    work: Callable[[], int],
    prepare: Callable[[], None] | None = None,
    threads: int = 1,
) -> Figure:
    """The rate of ``work`` [items/s] as a figure; see `Measured`."""
    measured = Measured(work, prepare, effort.least_time)
    measured.once(keep=False)
    for _ in range(effort.repeats):
        measured.once()
    return Figure(key, what, unit, tuple(measured.rates), tuple(measured.processor), threads)
