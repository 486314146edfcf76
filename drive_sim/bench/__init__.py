"""How fast this machine steps, renders and decides: `run_bench`, the ``drive-sim bench`` command.

What is measured is in `sections`, a module each: `stepping`, `environments`, `sensing`, `growth` with size, `deciding`,
`training`, `starting`, and `parity` of CPU and CUDA (`agreement` on `scenes`). On which roads is in `episodes`, how in
`figures`, on which machine in `hardware`; `history` keeps figures of many commits and machines. `profiling` tells where
the time of a step and of an image goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.files import replace_file
from drive_sim.bench.figures import Effort, Figure, table_head, table_row
from drive_sim.bench.hardware import machine
from drive_sim.bench.history import check_history, circumstances, entry_path
from drive_sim.compute.kernel import resolve_device

__all__ = ["Effort", "Figure", "check_output", "headline", "machine", "run_bench", "write_figures"]

SCHEMA = 1


def run_bench(
    device: str, output: Path | None = None, effort: Effort | None = None, history: Path | None = None
) -> Iterator[str]:
    """Measure everything on ``device`` ("cpu", "cuda" or "auto"), a line of a table at a time.

    Parameters
    ----------
    output
        JSON file for the figures with the machine's name; nothing that would differ between two equal runs on it but
        the figures themselves.
    effort
        How much to measure; by default what published figures are made with (about two minutes).
    history
        Folder for a JSON file that is named by date, commit and processor, and holds them beside the figures.

    Raises
    ------
    InputError
        When there is no such device here, or no folder for ``output`` or ``history``; before anything is measured.
    """
    device = resolve_device(device)
    check_output(output)
    check_history(history)
    return _lines(device, output, effort or Effort(), history)


def check_output(output: Path | None) -> None:
    """InputError where there is no folder for the file ``output``."""
    if output is not None and not output.absolute().parent.is_dir():
        raise InputError("--output", "", f"there is no folder {output.parent}", "make it, or name another")


def headline(here: dict[str, Any]) -> str:
    """The machine of `machine` in a line."""
    return f"{here['device']}; {here['cores']} cores; {', '.join(f'{k} {v}' for k, v in here['versions'].items())}"


def _lines(device: str, output: Path | None, effort: Effort, history: Path | None) -> Iterator[str]:
    from drive_sim.bench.sections import SECTIONS

    here, when = machine(device), circumstances()
    yield headline(here)
    yield ""
    yield from table_head()
    figures: list[Figure] = []
    skipped: list[str] = []
    for section in SECTIONS:
        for result in section(device, effort):
            if isinstance(result, Figure):
                figures.append(result)
                yield table_row(result.row())
            else:
                skipped.append(result)
    yield from (["", *skipped] if skipped else [])
    if output is not None:
        command = f"drive-sim bench --device {device} --output {output.name}"
        write_figures(output, command, here, figures, {"skipped": skipped})
    if history is not None:
        entry = entry_path(history, here, when)
        command = f"drive-sim bench --device {device} --history {history.name}"
        write_figures(entry, command, here, figures, {**when, "skipped": skipped})
        yield f"history: {entry}"


def write_figures(
    output: Path, command: str, here: dict[str, Any], figures: list[Figure], more: dict[str, Any] | None = None
) -> None:
    """Write figures as JSON, complete before it gets its name."""
    document = {"schema": SCHEMA, "command": command, "machine": here}
    document |= {"figures": {figure.key: figure.to_dict() for figure in figures}, **(more or {})}
    replace_file(output, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
