"""Real time: how long a decision takes. Wall-clock numbers, kept apart from everything that repeats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive_sim.evaluation.log import TimingLog
from drive_sim.evaluation.metrics.metric import Better


@dataclass(frozen=True)
class TimingMetric:
    """A named number of a rollout's wall-clock times; calling it gives the number."""

    name: str
    unit: str
    formula: str
    better: Better
    measure: Callable[[TimingLog], float]
    quantile: float | None = None
    """Which quantile of the decision times it is, if one."""
    __doc__: str = ""

    def __call__(self, timing: TimingLog) -> float:
        return float(self.measure(timing)) if len(timing.decision_time) else float("nan")


TimingMaker = Callable[[Callable[[TimingLog], float]], TimingMetric]


def _timing(unit: str, formula: str, better: Better, quantile: float | None = None) -> TimingMaker:
    def make(measure: Callable[[TimingLog], float]) -> TimingMetric:
        return TimingMetric(measure.__name__, unit, formula, better, measure, quantile, measure.__doc__ or "")

    return make


@_timing("ms", "median of decision times", "lower", 0.5)
def latency_p50(timing: TimingLog) -> float:
    """Median time from observation to command [ms]. With B worlds at once it is the time for all B commands."""
    return 1000.0 * float(np.quantile(timing.decision_time, 0.5))


@_timing("ms", "99 % quantile of decision times", "lower", 0.99)
def latency_p99(timing: TimingLog) -> float:
    """99 % quantile of the time from observation to command [ms]."""
    return 1000.0 * float(np.quantile(timing.decision_time, 0.99))


@_timing("ms", "longest decision time", "lower")
def latency_max(timing: TimingLog) -> float:
    """Longest time from observation to command [ms]; a cold start counts, so warm up first."""
    return 1000.0 * float(np.max(timing.decision_time))


@_timing("1", "decisions that took longer than the control period / decisions", "lower")
def deadline_misses(timing: TimingLog) -> float:
    """Share of decisions that took longer than the control period [1]."""
    return float(np.mean(timing.decision_time > timing.control_period))


@_timing("1", "simulated seconds of all worlds / wall seconds from reset to finish", "higher")
def real_time_factor(timing: TimingLog) -> float:
    """Simulated time of all worlds together per wall time [1]: simulation, sensors, driver and observers."""
    simulated = float(timing.driven.sum()) * timing.control_period
    return simulated / timing.wall_time if timing.wall_time > 0.0 else float("nan")


TIMING_METRICS = {m.name: m for m in (latency_p50, latency_p99, latency_max, deadline_misses, real_time_factor)}
