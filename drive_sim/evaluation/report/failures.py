"""The report's failed episodes by scenario: what happened, where and when, the command to see each again, its video."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_sim.evaluation.report.videos import ShownEpisode, place, replay_command, told
from drive_sim.evaluation.report.words import preventable
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.replays import arrived
from drive_sim.evaluation.running.summary import Evaluation

SHOWN = 12
"""Failed episodes shown at first: scenarios beyond them are folded, so that the page can be taken in."""


@dataclass(frozen=True)
class FailureRow:
    """One failed episode."""

    index: int
    what: str
    """Happened first."""
    ended: str
    time: float
    """[s] of the episode, when it happened."""
    where: str
    along: str
    """How far along its route."""
    preventable: str
    """yes, no, or a dash where it was not judged; empty where no episode was judged."""
    command: str
    video: ShownEpisode | None
    """None where it was not captured."""


@dataclass(frozen=True)
class FailureGroup:
    """The failed episodes of one scenario, worst first."""

    scenario: str
    rows: list[FailureRow]
    episodes: int
    """Of the scenario, failed or not."""
    what: str
    """Happened first in them, counted."""
    unfolded: bool

    @property
    def videos(self) -> list[ShownEpisode]:
        """Those that were captured."""
        return [row.video for row in self.rows if row.video is not None]


@dataclass(frozen=True)
class Failures:
    """The failed episodes by scenario, the scenario of the worst first."""

    groups: list[FailureGroup]
    judged: bool
    """Whether the results say which failures were preventable."""

    @property
    def count(self) -> int:
        """All failed episodes."""
        return sum(len(group.rows) for group in self.groups)

    @property
    def captured(self) -> int:
        """Those of them that were captured."""
        return sum(len(group.videos) for group in self.groups)


def failures(
    results: Results, evaluation: Evaluation, order: Sequence[int], folder: Path, videos: Sequence[ShownEpisode]
) -> Failures:
    """The failed episodes among ``order``, which is worst first, with their ``videos``."""
    scores = evaluation.driver.scores
    failed = [index for index in order if not arrived(scores[index])]
    judged = any(preventable(results.episodes[index]) is not None for index in failed)
    captured = {video.index: video for video in videos}
    rows: dict[str, list[FailureRow]] = {}
    for index in failed:
        row = _row(results, evaluation, index, folder, judged, captured.get(index))
        rows.setdefault(scores[index].facts.scenario, []).append(row)
    driven = Counter(score.facts.scenario for score in scores)
    groups: list[FailureGroup] = []
    for scenario, found in rows.items():
        before = sum(len(group.rows) for group in groups)
        what = ", ".join(f"{count} × {what}" for what, count in Counter(row.what for row in found).most_common())
        name = scenario.partition("/")[2] or scenario
        unfolded = not groups or before + len(found) <= SHOWN
        groups.append(FailureGroup(name, found, driven[scenario], what, unfolded))
    return Failures(groups, judged)


def _row(
    results: Results, evaluation: Evaluation, index: int, folder: Path, judged: bool, video: ShownEpisode | None
) -> FailureRow:
    score, moment = evaluation.driver.scores[index], evaluation.driver.traces[index].moment
    facts, verdict = score.facts, preventable(results.episodes[index])
    return FailureRow(
        index=index,
        what=moment.what,
        ended=told(score),
        time=moment.time,
        where=place(score),
        along=f"{moment.driven:.0f} m of {facts.route_length:.0f} m on {facts.road}",
        preventable="" if not judged else {None: "–", True: "yes", False: "no"}[verdict],
        command=replay_command(folder, index),
        video=video,
    )
