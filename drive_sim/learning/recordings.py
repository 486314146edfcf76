"""What is learnt from: the episodes of recorded datasets, and the appearances that views of them may be drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drive_sim.base.errors import InputError
from drive_sim.base.progress import Report
from drive_sim.compute.randomness import generator
from drive_sim.learning.views.episodes import SourceEpisode, source_episodes
from drive_sim.recording.dataset import Dataset
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario

WEATHERS_EACH = 16
"""Weathers drawn of each training scenario, for views in weather other than the recording's."""

REDRAWN = ("lane-keeping", "obstacle-avoidance")
"""Suites whose weathers those are: between them they have every domain and surface of training."""
NAMED = 3
"""Episodes that are left out and named; of the others, their number is told."""


def load_episodes(datasets: Sequence[Path], report: Report = lambda share, text: None) -> list[SourceEpisode]:
    """The episodes of the datasets that have a step to learn from; those without are told to ``report``.

    Raises
    ------
    InputError
        A dataset cannot be read, was driven on roads or in weather that are for scoring only, or all of them together
        hold too little.
    """
    episodes: list[SourceEpisode] = []
    left_out: list[str] = []
    for path in datasets:
        for number, episode in enumerate(_episodes(path)):
            if len(episode.learnable()):
                episodes.append(episode)
            else:
                left_out.append(f"{path} episode {number} ({episode.seconds:.1f} s)")
    without = _left_out(left_out)
    if without:
        report(0.0, without)
    if len(episodes) < 2:
        problem = f"holds {len(episodes)} usable episodes" + (f"; {without}" if without else "")
        raise InputError(datasets[0], "", problem, "record at least 2 without failures, over 5 s each")
    return episodes


def split_episodes(
    episodes: Sequence[SourceEpisode], share: float, seed: int
) -> tuple[list[SourceEpisode], list[SourceEpisode]]:
    """Episodes to learn from and episodes held out."""
    held = min(round(len(episodes) * share), len(episodes) - 1)
    order = generator("held-out", seed).permutation(len(episodes))
    return [episodes[i] for i in sorted(order[held:])], [episodes[i] for i in sorted(order[:held])]


def _left_out(names: list[str]) -> str:
    """What is said of episodes without a step to learn from, the first few by name; nothing where there is none."""
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"left out, without a step to learn from: {', '.join(names[:NAMED])}{more}"


def _episodes(path: Path) -> list[SourceEpisode]:
    """The episodes of a dataset; InputError for one on roads or in weather that are for scoring only."""
    episodes = source_episodes(Dataset.open(path))
    for number, episode in enumerate(episodes):
        if episode.world.split != "train":
            problem = f"was driven on {episode.world.split}/{episode.world.scenario}, which is for scoring only"
            hint = f"take it out with drive-sim data drop {path} {number}"
            raise InputError(path, f"episode {number}", problem, hint)
    return episodes


def training_weathers() -> list[WeatherSpec]:
    """Appearances that views may be re-drawn in: those of the training scenarios, and of no other split."""
    scenarios = [load_scenario(name, "train") for suite in REDRAWN for name in list_scenarios("train", suite)]
    return [scenario.weather(number) for scenario in scenarios for number in range(WEATHERS_EACH)]
