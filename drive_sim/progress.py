"""How far long work is: bars on a terminal, plain lines elsewhere.

Whatever takes long accepts a `Progress` and calls it; `show_progress` makes one for a command.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PLAIN_STEPS = 10
"""Lines per stage where there is no terminal, besides its first: a log wants to stay readable."""


class Progress(Protocol):
    """Called by long work as it goes."""

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        """Tell that ``done`` of ``total`` (same unit, > 0) of ``stage`` is done; ``note`` is a figure worth seeing."""


def silent(stage: str, done: float, total: float, note: str = "") -> None:
    """A `Progress` that shows nothing."""


@contextmanager
def show_progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """A `Progress` that shows itself on ``stream`` (standard error) while the ``with`` block runs."""
    stream = sys.stderr if stream is None else stream
    if not stream.isatty():
        yield _PlainLines(stream)
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[note]}"),
    )
    with progress.Progress(*columns, console=Console(file=stream)) as bars:
        yield _Bars(bars)


class _Bars:
    """One rich bar for each stage, in the order in which they begin."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total, note=note)
        self._bars.update(self._tasks[stage], completed=done, total=total, note=note)


class _PlainLines:
    """A line when a stage begins and at every tenth of it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: dict[str, int] = {}

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        step = int(PLAIN_STEPS * done / total)
        if self._shown.get(stage, -1) >= step:
            return
        self._shown[stage] = step
        line = f"{stage}: {100 * step // PLAIN_STEPS:3d} % {note}"
        self._stream.write(line.rstrip() + "\n")
        self._stream.flush()
