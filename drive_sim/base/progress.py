"""How far long work is, and how long it goes on: bars on a terminal, plain lines elsewhere.

Whatever takes long accepts a `Report` and calls it; `show_progress` makes one for each stage of a command.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

PLAIN_STEPS = 10
"""Lines per stage where there is no terminal, besides its first: a log wants to stay readable."""

QUIET = 60.0
"""Without a terminal no line comes sooner than this [s] after the last, but for those of `PLAIN_STEPS` ..."""
QUIET_SHARE = 0.1
"""... nor sooner than this share of the time that the stage has taken."""
LEAST_WATCHED = 5.0
"""The time left is estimated from at least this much work [s]."""
SPEED_PERIOD = 600.0
"""A bar's time left follows the speed of this long [s]."""

Clock = Callable[[], float]
"""Seconds that only grow."""

Report = Callable[[float, str], None]
"""``report(share, text)``: called by long work as it goes; ``share`` of it [0, 1] is done, ``text`` is worth seeing."""

Stages = Callable[[str], Report]
"""``stages(name)``: begins a stage of the work, and reports on it from then on."""


@contextmanager
def show_progress(stream: TextIO | None = None, clock: Clock = time.monotonic) -> Iterator[Stages]:
    """`Stages` that show themselves on ``stream`` (standard error) while the ``with`` block runs."""
    stream = sys.stderr if stream is None else stream
    if not stream.isatty():
        yield lambda name: _plain_lines(name, stream, clock)
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[text]}"),
    )
    console = Console(file=stream)
    with progress.Progress(*columns, console=console, get_time=clock, speed_estimate_period=SPEED_PERIOD) as bars:
        yield lambda name: _bar(name, bars)


def _bar(name: str, bars: RichProgress) -> Report:
    task = bars.add_task(name, total=1.0, text="")
    return lambda share, text: bars.update(task, completed=share, text=text)


def _plain_lines(name: str, stream: TextIO, clock: Clock) -> Report:
    """A line when the stage begins, at every tenth of it, and now and then when a tenth takes long."""
    shown, began = -1, clock()
    told = began
    left = _time_left(clock)

    def report(share: float, text: str) -> None:
        nonlocal shown, told
        now, remaining = clock(), left(share)
        # A share such as 0.3 is a little less than three tenths in floating point.
        step = int(PLAIN_STEPS * share + 1e-9)
        if step > shown or now - told >= max(QUIET, QUIET_SHARE * (now - began)):
            shown, told = step, now
            said = "; ".join(part for part in (text, remaining) if part)
            stream.write(f"{name}: {int(100 * share + 1e-7):3d} % {said}".rstrip() + "\n")
            stream.flush()

    return report


def _time_left(clock: Clock) -> Callable[[float], str]:
    """Maps the share that is done to words on the time left; "" while too little is known, and at the end."""
    first: tuple[float, float] | None = None

    def left(share: float) -> str:
        nonlocal first
        # Work that is resumed begins with a share that says nothing of its speed.
        if first is None and share > 0.0:
            first = clock(), share
        if first is None or share <= first[1] or share >= 1.0:
            return ""
        watched = clock() - first[0]
        if watched < LEAST_WATCHED:
            return ""
        return f"about {_duration(watched * (1.0 - share) / (share - first[1]))} left"

    return left


def _duration(seconds: float) -> str:
    """A duration in the largest fitting unit, rounded as an estimate deserves."""
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5.0))} s"
    if seconds < 99.5 * 60.0:
        return f"{round(seconds / 60.0)} min"
    return f"{seconds / 3600.0:.1f} h"
