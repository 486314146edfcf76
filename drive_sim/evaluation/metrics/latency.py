"""Real time: how long a decision takes, and what energy. Readings of a machine, kept apart from what repeats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive_sim.evaluation.logs.rollout_log import TimingLog
from drive_sim.evaluation.metrics.metric import Better


@dataclass(frozen=True)
class TimingMetric:
    """A named number of a rollout's wall-clock times and its energy; calling it gives the number."""

    name: str
    unit: str
    formula: str
    better: Better
    measure: Callable[[TimingLog], float]
    quantile: float | None = None
    """Which quantile of the decision times it is, if one."""
    source: str = "wall clock"
    """What it is read from."""
    __doc__: str = ""

    def __call__(self, timing: TimingLog) -> float:
        """Measure it over all decisions; NaN if there was none."""
        return float(self.measure(timing)) if len(timing.decision_time) else float("nan")


COUNTER = "NVML, total energy consumption"
TimingMaker = Callable[[Callable[[TimingLog], float]], TimingMetric]


def _timing(
    unit: str, formula: str, better: Better, quantile: float | None = None, source: str = "wall clock"
) -> TimingMaker:
    def make(measure: Callable[[TimingLog], float]) -> TimingMetric:
        return TimingMetric(measure.__name__, unit, formula, better, measure, quantile, source, measure.__doc__ or "")

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


@_timing("J", "energy of the GPU / commands decided on", "lower", source=COUNTER)
def energy_per_decision(timing: TimingLog) -> float:
    """Energy that the whole GPU took per command to one car [J]: simulation, camera, network and idling.

    Read from NVML's total-energy counter over a window of at least 10 s (`evaluation.running.energy`); a step in
    which B worlds drive is B decisions. Not known on a CPU.
    """
    commands = len(timing.decision_time) * float(np.mean(timing.driven))
    return timing.energy / commands if commands else float("nan")


@_timing("J/km", "energy of the GPU / path length of all worlds", "lower", source=COUNTER)
def energy_per_km(timing: TimingLog) -> float:
    """Energy that the whole GPU took per kilometre driven [J/km], measured as `energy_per_decision`."""
    return timing.energy / timing.distance if timing.distance else float("nan")


_MEASURED = (
    latency_p50,
    latency_p99,
    latency_max,
    deadline_misses,
    real_time_factor,
    energy_per_decision,
    energy_per_km,
)
TIMING_METRICS = {metric.name: metric for metric in _MEASURED}
