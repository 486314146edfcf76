"""The report's list of failed drives: what happened, where, when, and the command that drives each again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_sim.evaluation.replays import arrived
from drive_sim.evaluation.report_films import place, replay_command, told
from drive_sim.evaluation.report_words import preventable
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.summary import Evaluation

MOST_ROWS = 60
"""Failed drives listed, worst first; the page says how many more there are."""


@dataclass(frozen=True)
class FailureRow:
    """One failed drive."""

    index: int
    what: str
    """Happened first."""
    ended: str
    time: float
    """[s] of the drive, when it happened."""
    where: str
    along: str
    """How far along its route."""
    preventable: str
    """yes, no, or a dash where nobody judged; empty where no drive was judged."""
    command: str
    filmed: bool


@dataclass(frozen=True)
class Failures:
    """The failed drives, worst first."""

    rows: list[FailureRow]
    more: int
    """Failed drives that are not listed."""
    judged: bool
    """Whether the results say which failures were preventable."""

    @property
    def count(self) -> int:
        """All failed drives."""
        return len(self.rows) + self.more


def failures(
    results: Results, evaluation: Evaluation, order: Sequence[int], folder: Path, filmed: Collection[int]
) -> Failures:
    """The failed drives among ``order``, which is worst first."""
    failed = [index for index in order if not arrived(evaluation.driver.scores[index])]
    judged = any(preventable(results.episodes[index]) is not None for index in failed)
    rows = []
    for index in failed[:MOST_ROWS]:
        score, moment = evaluation.driver.scores[index], evaluation.driver.traces[index].moment
        facts, verdict = score.facts, preventable(results.episodes[index])
        rows.append(
            FailureRow(
                index=index,
                what=moment.what,
                ended=told(score),
                time=moment.time,
                where=place(score),
                along=f"{moment.driven:.0f} m of {facts.route_length:.0f} m on {facts.road}",
                preventable="" if not judged else {None: "–", True: "yes", False: "no"}[verdict],
                command=replay_command(folder, index),
                filmed=index in filmed,
            )
        )
    return Failures(rows, len(failed) - len(rows), judged)
