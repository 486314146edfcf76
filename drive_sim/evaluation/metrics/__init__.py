"""Every score the field uses, each a function of one episode's log with formula, unit and source beside it.

One module a family: `lane`, `obstacles` (and the `encounters` they rest on), `drive`, `nuplan`, `comfort`, `latency`.
`METRICS` holds them all by name, in the order in which a report shows them.
"""

from drive_sim.evaluation.metrics.comfort import COMFORT_METRICS
from drive_sim.evaluation.metrics.drive import DRIVE_METRICS
from drive_sim.evaluation.metrics.lane import LANE_METRICS
from drive_sim.evaluation.metrics.latency import TIMING_METRICS, TimingMetric
from drive_sim.evaluation.metrics.metric import Metric, Ratio
from drive_sim.evaluation.metrics.nuplan import NUPLAN_METRICS
from drive_sim.evaluation.metrics.obstacles import OBSTACLE_METRICS

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (*LANE_METRICS, *OBSTACLE_METRICS, *DRIVE_METRICS, *NUPLAN_METRICS, *COMFORT_METRICS)
}
"""All metrics of an episode by name."""

__all__ = ["METRICS", "TIMING_METRICS", "Metric", "Ratio", "TimingMetric"]
