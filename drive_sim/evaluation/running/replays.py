"""Failed episodes, driven again: the same to the bit, this time with their logs kept and their moments captured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from drive_sim.base.progress import Report
from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.logs.rollout_log import RolloutLog
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.metrics.obstacles import OBSTACLE_METRICS
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes, under
from drive_sim.evaluation.statistics.estimates import EpisodeScore
from drive_sim.evaluation.video.capture import NO_VIDEO, Video, make_crew
from drive_sim.rollout import run
from drive_sim.world.events import FAILURE_NAMES
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    EVENT_FINISH,
    EVENT_NAMES,
    EVENT_TIME_OUT,
)

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver
    from drive_sim.evaluation.running.summary import Evaluation

SAME = 0.5
"""[m] of path length. On a GPU a network's last bits depend on its batch; all else repeats exactly."""
AT_ONCE = 8
"""Worlds driven again together: more hardly save time, and each keeps seven seconds of its camera's images."""
DROVE_ON = (EVENT_NAMES[EVENT_FINISH], EVENT_NAMES[EVENT_TIME_OUT])
"""Outcomes that are no failure."""


@dataclass(frozen=True, eq=False)
class Replay:
    """One episode driven again."""

    index: int
    """Of the episode in the evaluation."""
    log: EpisodeLog
    video: Video
    same: bool
    """Whether it ended as in the evaluation and within `SAME` of the same place."""


def worst_first(scores: Sequence[EpisodeScore], headline: str) -> list[int]:
    """Indices of the episodes, worst first: by failure or help, the headline, the outcome, and how close it was.

    Close to hitting something where the headline is about other road users, else to leaving the lane.
    """
    sign = 1.0 if METRICS[headline].better == "higher" else -1.0

    def goodness(index: int) -> tuple[bool, float, int, float]:
        score = scores[index]
        value = score.value(headline)
        if not math.isfinite(value):
            # An episode that failed before the headline had anything to say counts as nothing achieved.
            value = sign * math.inf if arrived(score) else 0.0
        return arrived(score), sign * value, _severity(score.outcome), margin(score, headline)

    return sorted(range(len(scores)), key=goodness)


def margin(score: EpisodeScore, headline: str) -> float:
    """How far the episode stayed from what ``headline`` is about [m], larger is better; infinite where nothing tells.

    The smallest clearance where it is about other road users, else the largest lateral error, negative.
    """
    about_others = METRICS[headline] in OBSTACLE_METRICS
    found = score.value("min_clearance") if about_others else -score.value("lateral_error_max")
    return found if math.isfinite(found) else math.inf


def worth_capturing(scores: Sequence[EpisodeScore], order: Sequence[int], most: int | None, least: int) -> list[int]:
    """At most ``most`` failed episodes of ``order``, all if None; the worst others where those are below ``least``.

    Where not all can be captured, each scenario and outcome has one video before any has two.
    """
    most = len(order) if most is None else most
    failed = worst_of_each_kind(scores, [index for index in order if not arrived(scores[index])], most)
    fine = [index for index in order if arrived(scores[index])]
    return failed + worst_of_each_kind(scores, fine, min(least, most) - len(failed))


def worst_of_each_kind(scores: Sequence[EpisodeScore], order: Sequence[int], count: int) -> list[int]:
    """The first ``count`` of ``order``, but of each scenario and outcome one before any second."""
    seen: set[tuple[str, str]] = set()
    first: list[int] = []
    second: list[int] = []
    for index in order:
        kind = (scores[index].facts.scenario, scores[index].outcome)
        (second if kind in seen else first).append(index)
        seen.add(kind)
    chosen = set([*first, *second][: max(count, 0)])
    return [index for index in order if index in chosen]


def _severity(outcome: str) -> int:
    """Place of an outcome among all, the gravest first."""
    return FAILURE_NAMES.index(outcome) if outcome in FAILURE_NAMES else len(FAILURE_NAMES)


class Ended(Protocol):
    """An episode's score, or its row in ``results.json``."""

    @property
    def outcome(self) -> str:
        """How the episode ended."""

    @property
    def interventions(self) -> int:
        """How often the ego was reset to its lane."""


def arrived(episode: Ended) -> bool:
    """Whether the episode ended neither in a failure nor with a lane reset on the way."""
    return episode.outcome in DROVE_ON and not episode.interventions


def replay(
    evaluation: Evaluation, driven: DrivenEpisodes, driver: Driver, which: Sequence[int], report: Report
) -> list[Replay]:
    """Let ``driver`` drive the episodes ``which`` of its ``driven`` ones again, and capture the moment of each."""
    episodes = evaluation.episodes
    done: dict[int, Replay] = {}
    for conditions, indices in _batches(evaluation, which):
        report(len(done) / len(which), f"capturing {len(done)} of {len(which)} episodes again")
        at_wheel = under(conditions, driver)
        simulator = Simulator([episodes[index] for index in indices], conditions.device, conditions.on_failure)
        log, crew = RolloutLog(), make_crew(at_wheel, simulator, [driven.traces[index].moment for index in indices])
        run(simulator, at_wheel, [log] if crew is None else [log, crew])
        for world, index in enumerate(indices):
            report(len(done) / len(which), f"capturing {len(done)} of {len(which)} episodes again")
            again, score = log.episode(world), driven.scores[index]
            same = again.outcome == score.outcome and abs(again.distance - score.distance) < SAME
            done[index] = Replay(index, again, NO_VIDEO if crew is None else crew.develop(world), same)
    return [done[index] for index in which]


def _batches(evaluation: Evaluation, which: Sequence[int]) -> list[tuple[Conditions, list[int]]]:
    """The episodes, `AT_ONCE` at most of the same conditions together."""
    alike: dict[Conditions, list[int]] = {}
    for index in which:
        alike.setdefault(evaluation.conditions_of(index), []).append(index)
    return [
        (conditions, indices[first : first + AT_ONCE])
        for conditions, indices in alike.items()
        for first in range(0, len(indices), AT_ONCE)
    ]
