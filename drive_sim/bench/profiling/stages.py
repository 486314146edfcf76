"""Stages of one piece of work: their times, the whole, and the rest between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from drive_sim.bench.figures import Figure, shown
from drive_sim.compute.device import wait_for

MICROSECONDS = 1e6

HEADINGS = ("stage", "median [µs]", "range [µs]", "share [%]")
WIDTHS = (56, 11, 19, 9)


class Stopwatch:
    """Wall time that named stages take on a device, summed over their calls."""

    def __init__(self, device: str) -> None:
        self._device = device
        self.seconds: dict[str, float] = defaultdict(float)
        """[s] by stage, since `clear`."""

    def clear(self) -> None:
        """Begin at 0 again."""
        self.seconds.clear()

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The function ``work`` with the time of its calls added to ``stage``."""

        def call(*arguments: Any, **options: Any) -> Any:
            begun = perf_counter()
            result = work(*arguments, **options)
            wait_for(self._device)
            self.seconds[stage] += perf_counter() - begun
            return result

        return call

    def attach(self, stage: str, owner: Any, method: str) -> None:
        """Add the time of an object's method to ``stage`` from now on."""
        setattr(owner, method, self.timed(stage, getattr(owner, method)))


@dataclass(frozen=True)
class Profile:
    """Times of the stages of one piece of work, all in µs of wall time."""

    name: str
    """Such as ``step``."""
    what: str
    """The piece of work, in words."""
    stages: tuple[Figure, ...]
    whole: Figure
    """All of it, measured from outside."""
    beside: tuple[Figure, ...] = ()
    """Times of the same kind that are no part of the whole."""
    skipped: tuple[str, ...] = ()
    """Stages that could not be measured, and why."""

    @property
    def rest(self) -> Figure:
        """What of the whole no stage explains, in each repeat; negative where stages overlap."""
        repeats = zip(self.whole.values, *(stage.values for stage in self.stages), strict=True)
        values = tuple(whole - sum(parts) for whole, *parts in repeats)
        return Figure(f"{self.name}.rest", "rest: the whole less its stages", "µs", values)

    @property
    def figures(self) -> list[Figure]:
        """All of them."""
        return [*self.stages, self.rest, self.whole, *self.beside]

    def rows(self) -> list[tuple[Figure, float | None]]:
        """Figures with their share of the whole [%]; None beside it."""
        inside = [*self.stages, self.rest, self.whole]
        shares = [(figure, 100.0 * figure.median / self.whole.median) for figure in inside]
        return [*shares, *((figure, None) for figure in self.beside)]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the keys of its figures."""
        keys = {"stages": [stage.key for stage in self.stages], "rest": self.rest.key, "whole": self.whole.key}
        return {"what": self.what, **keys, "beside": [figure.key for figure in self.beside], "skipped": [*self.skipped]}


def stage(key: str, what: str, seconds: Sequence[float]) -> Figure:
    """A stage's figure [µs] of its times [s], one for each repeat."""
    return Figure(key, what, "µs", tuple(MICROSECONDS * value for value in seconds))


def table_head() -> list[str]:
    """The two lines that begin a profile's table."""
    return [_line(HEADINGS), "|" + "|".join("-" * (width + 2) for width in WIDTHS) + "|"]


def stage_row(figure: Figure, share: float | None) -> str:
    """A stage's line of the table, with its share of the whole [%]."""
    span = f"{shown(min(figure.values))} – {shown(max(figure.values))}"
    return _line((figure.what, shown(figure.median), span, "" if share is None else f"{share:.1f}"))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)) + " |"
