"""Every score the field uses, each a function of one episode's log with formula, unit and source beside it.

`metric` says what one is. A module a family: `lane`, `obstacles` (and the `encounters` they rest on), `route`,
`nuplan`, `comfort`, `latency`. `registry` holds those of an episode by name, in the order in which a report shows them,
and finds other packages'; `own` adds those of a file of the user's.
"""

from drive_sim.evaluation.metrics.latency import TIMING_METRICS, TimingMetric
from drive_sim.evaluation.metrics.metric import Metric, Ratio
from drive_sim.evaluation.metrics.registry import FAMILIES, METRICS

__all__ = ["FAMILIES", "METRICS", "TIMING_METRICS", "Metric", "Ratio", "TimingMetric"]
