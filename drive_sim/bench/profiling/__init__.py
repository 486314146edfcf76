"""Where the time of a step and of an image goes: ``drive-sim bench --profile``.

`step` drives the closed loop with a clock around each of its parts (`parts` splits the simulator's kernel), `image`
renders scenes that differ in one thing, and `stages` makes figures of both: each stage beside the whole, and the rest
that no stage explains. `run_profile` prints and writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drive_sim.bench import check_output, headline, write_figures
from drive_sim.bench.figures import Effort, Figure
from drive_sim.bench.hardware import machine
from drive_sim.bench.profiling.stages import Profile, stage_row, table_head
from drive_sim.compute.kernel import resolve_device

__all__ = ["run_profile"]


def run_profile(device: str, output: Path | None = None, effort: Effort | None = None) -> Iterator[str]:
    """Measure the stages of a step and of an image on ``device``, a line of a table at a time.

    Parameters
    ----------
    output
        JSON file for the figures: times in ``figures``, and under ``profile`` which of them are stages of which whole.

    Raises
    ------
    InputError
        When there is no such device here, or no folder for ``output``; before anything is measured.
    """
    device = resolve_device(device)
    check_output(output)
    return _lines(device, output, effort or Effort())


def _lines(device: str, output: Path | None, effort: Effort) -> Iterator[str]:
    from drive_sim.bench.profiling.image import profile_image
    from drive_sim.bench.profiling.step import profile_step

    here = machine(device)
    yield headline(here)
    figures: list[Figure] = []
    profiles: dict[str, Any] = {}
    for profile in (profile_step, profile_image):
        found: Profile = profile(device, effort)
        figures += found.figures
        profiles[found.name] = found.to_dict()
        yield from ("", found.what, "", *table_head())
        yield from (stage_row(*row) for row in found.rows())
        yield from (f"skipped: {line}" for line in found.skipped)
    if output is not None:
        command = f"drive-sim bench --profile --device {device} --output {output.name}"
        write_figures(output, command, here, figures, {"profile": profiles})
