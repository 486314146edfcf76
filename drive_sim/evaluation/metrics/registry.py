"""Metrics of an episode by name: this package's, family by family, and those that other packages add."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from drive_sim.base.registry import Registry
from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.metrics.comfort import COMFORT_METRICS
from drive_sim.evaluation.metrics.lane import LANE_METRICS
from drive_sim.evaluation.metrics.metric import NOTHING, Metric, Ratio
from drive_sim.evaluation.metrics.nuplan import NUPLAN_METRICS
from drive_sim.evaluation.metrics.obstacles import OBSTACLE_METRICS
from drive_sim.evaluation.metrics.route import ROUTE_METRICS
from drive_sim.evaluation.result_rows import EpisodeRow

T = TypeVar("T")

FAMILIES: dict[str, tuple[Metric, ...]] = {
    "Lane keeping": LANE_METRICS,
    "Other road users": OBSTACLE_METRICS,
    "The whole episode": ROUTE_METRICS,
    "nuPlan's closed-loop score": NUPLAN_METRICS,
    "Comfort": COMFORT_METRICS,
}
"""This package's metrics, in the order in which a report shows them."""


def _wrong(name: str, thing: object) -> str:
    """What is wrong with another package's metric, as a clause; empty for nothing."""
    if not isinstance(thing, Metric):
        return f"is {type(thing).__name__}, not a Metric"
    if thing.name != name:
        return f"is called {thing.name!r} in its package"
    return "has the name of a field of an episode" if name in EpisodeRow.model_fields else ""


METRICS: Registry[Metric] = Registry(
    "drive_sim.metrics",
    "metric",
    {metric.name: metric for metrics in FAMILIES.values() for metric in metrics},
    _wrong,
)
"""All metrics of an episode by name. Another package adds one as an entry point of the group ``drive_sim.metrics``."""


def measure(log: EpisodeLog) -> tuple[dict[str, Ratio], dict[str, str]]:
    """Every metric of an episode, and what metrics of other packages raised instead, both by name.

    A metric that raised says nothing of the episode: an error of another package must not cost an evaluation.
    """
    ratios, raised = {}, {}
    for name, metric in METRICS.usable().items():
        try:
            ratios[name] = metric(log)
            metric.of(ratios[name])
        except Exception as error:
            if not METRICS.origin(name):
                raise
            ratios[name], raised[name] = NOTHING, f"{type(error).__name__}: {error}"
    return ratios, raised


def attempted(name: str, calculate: Callable[[], T]) -> T | None:
    """What ``calculate`` makes of the metric called ``name``; None where one of another package raises."""
    try:
        return calculate()
    except Exception:
        if not METRICS.origin(name):
            raise
        return None
