"""What came of a situation: whether the driver failed, of what cause, and how close it was."""

from __future__ import annotations

import math

from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.report.words import OUTCOMES
from drive_sim.evaluation.running.replays import arrived, margin
from drive_sim.evaluation.statistics.estimates import EpisodeScore
from drive_sim.world.events import FAILURE_NAMES
from drive_sim.world.state import EVENT_NAMES, EVENT_TIME_OUT


def failed(score: EpisodeScore, headline: str) -> bool:
    """Whether the episode failed, took help, or missed something of a headline that counts successes."""
    if not arrived(score):
        return True
    metric, value = METRICS[headline], score.value(headline)
    return metric.aggregation == "rate" and metric.better == "higher" and math.isfinite(value) and value < 1.0


def cause(score: EpisodeScore) -> str:
    """Why a failed episode failed, as a verb."""
    if score.outcome in FAILURE_NAMES:
        return OUTCOMES[score.outcome]
    if score.interventions:
        return "had to be reset to its lane"
    return "stopped for good" if score.outcome == EVENT_NAMES[EVENT_TIME_OUT] else "did not get past"


def closeness(score: EpisodeScore, headline: str) -> float:
    """How close the episode came to failing; smaller is closer, negative infinity a failure."""
    return -math.inf if failed(score, headline) else margin(score, headline)
