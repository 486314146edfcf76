"""What is learnt from: the episodes of recorded datasets, and the appearances that views of them may be drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drive_sim.base.errors import InputError
from drive_sim.base.progress import Report
from drive_sim.compute.randomness import generator
from drive_sim.learning.views import Drive, drives_of
from drive_sim.recording.dataset import Dataset
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario

WEATHERS_EACH = 16
"""Weathers drawn of each training scenario, for views in weather other than the recording's."""

NAMED = 3
"""Episodes that are left out and named; of the others, their number is told."""


def load_drives(datasets: Sequence[Path], report: Report = lambda share, text: None) -> list[Drive]:
    """The episodes of the datasets that have a step to learn from; those without are told to ``report``.

    Raises
    ------
    InputError
        A dataset cannot be read, was driven on roads or in weather that are for scoring only, or all of them together
        hold too little.
    """
    drives: list[Drive] = []
    left_out: list[str] = []
    for path in datasets:
        for number, drive in enumerate(_drives(path)):
            if len(drive.learnable()):
                drives.append(drive)
            else:
                left_out.append(f"{path} episode {number} ({drive.seconds:.1f} s)")
    without = _left_out(left_out)
    if without:
        report(0.0, without)
    if len(drives) < 2:
        problem = f"holds {len(drives)} usable episodes" + (f"; {without}" if without else "")
        raise InputError(datasets[0], "", problem, "record at least 2 without failures, over 5 s each")
    return drives


def split_drives(drives: Sequence[Drive], share: float, seed: int) -> tuple[list[Drive], list[Drive]]:
    """Drives to learn from and drives held out, by whole drives."""
    held = min(round(len(drives) * share), len(drives) - 1)
    order = generator("held-out", seed).permutation(len(drives))
    return [drives[i] for i in sorted(order[held:])], [drives[i] for i in sorted(order[:held])]


def _left_out(names: list[str]) -> str:
    """What is said of episodes without a step to learn from, the first few by name; nothing where there is none."""
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"left out, without a step to learn from: {', '.join(names[:NAMED])}{more}"


def _drives(path: Path) -> list[Drive]:
    """The drives of a dataset; InputError for one on roads or in weather that are for scoring only."""
    drives = drives_of(Dataset.open(path))
    for number, drive in enumerate(drives):
        episode = drive.episode
        if episode.split != "train":
            problem = f"was driven on {episode.split}/{episode.scenario}, which is for scoring only"
            hint = f"take it out with drive-sim data drop {path} {number}"
            raise InputError(path, f"episode {number}", problem, hint)
    return drives


def training_weathers() -> list[WeatherSpec]:
    """Appearances that views may be re-drawn in: those of the training scenarios, and of no other split."""
    scenarios = [load_scenario(name, "train") for name in list_scenarios("train")]
    return [scenario.weather(number) for scenario in scenarios for number in range(WEATHERS_EACH)]
