"""Metrics of one's own, whole.

    drive-sim evaluate expert --suite lane-keeping --metrics own_metric.py --output runs/braking

Every function with the decorator `metric` is one, named as the function: its docstring is what the report says of it.
It gets the log of an episode, arrays with an entry for each step of 0.05 s in SI units (`EpisodeLog` in
drive_sim/evaluation/logs/episode_log.py), and answers a number, NaN where it says nothing of the episode, or a `Ratio`.
"""

from drive_sim.evaluation.metrics import Ratio
from drive_sim.evaluation.metrics.metric import metric

HARD = -3.0
"""Acceleration below which braking is hard [m/s²]."""


@metric("m/s", formula="mean over episodes of max v", source="own_metric.py", aggregation="mean", better="higher")
def top_speed(log):
    """Largest speed in the episode."""
    return log.speed.max()


@metric(
    "1",
    formula="steps with a < -3 m/s² / steps",
    source="own_metric.py",
    aggregation="ratio",  # an episode weighs as much as it drove
    better="lower",
    basis="steps",
)
def hard_braking(log):
    """Share of the time in which the ego brakes with more than 3 m/s²."""
    braking = log.acceleration_x < HARD
    return Ratio(braking.sum(), len(braking))
