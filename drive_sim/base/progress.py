"""How far long work is: bars on a terminal, plain lines elsewhere.

Whatever takes long accepts a `Report` and calls it; `show_progress` makes one for each stage of a command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

PLAIN_STEPS = 10
"""Lines per stage where there is no terminal, besides its first: a log wants to stay readable."""

Report = Callable[[float, str], None]
"""``report(share, text)``: called by long work as it goes; ``share`` of it [0, 1] is done, ``text`` is worth seeing."""

Stages = Callable[[str], Report]
"""``stages(name)``: begins a stage of the work, and reports on it from then on."""


@contextmanager
def show_progress(stream: TextIO | None = None) -> Iterator[Stages]:
    """`Stages` that show themselves on ``stream`` (standard error) while the ``with`` block runs."""
    stream = sys.stderr if stream is None else stream
    if not stream.isatty():
        yield lambda name: _plain_lines(name, stream)
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[text]}"),
    )
    with progress.Progress(*columns, console=Console(file=stream)) as bars:
        yield lambda name: _bar(name, bars)


def _bar(name: str, bars: RichProgress) -> Report:
    task = bars.add_task(name, total=1.0, text="")
    return lambda share, text: bars.update(task, completed=share, text=text)


def _plain_lines(name: str, stream: TextIO) -> Report:
    """A line when the stage begins and at every tenth of it."""
    shown = -1

    def report(share: float, text: str) -> None:
        nonlocal shown
        # A share such as 0.3 is a little less than three tenths in floating point.
        step = int(PLAIN_STEPS * share + 1e-9)
        if step > shown:
            shown = step
            stream.write(f"{name}: {100 * step // PLAIN_STEPS:3d} % {text}".rstrip() + "\n")
            stream.flush()

    return report
