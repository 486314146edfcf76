"""A metric of another package."""

from __future__ import annotations

from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.metrics.metric import metric


@metric(
    "m/s",
    formula="mean over episodes of max v",
    source="drive-sim-toy",
    aggregation="mean",
    better="higher",
)
def toy_top_speed(log: EpisodeLog) -> float:
    """Largest speed in the episode [m/s]."""
    return float(log.speed.max())
