"""Comfort: accelerations, jerks and turning rates against published bounds.

Signals are those of the car's centre of gravity. As nuPlan does, accelerations are smoothed, and jerks and the yaw
acceleration are derivatives of local quadratics (Savitzky & Golay 1964), over windows of the same *time* as nuPlan's
at its 10 Hz: 0.8 s for accelerations, 1.5 s for jerks (taken of the smoothed acceleration), 0.5 s for the yaw
acceleration. ISO 11270's jerk is a moving average over half a second, which is a difference quotient over that time.
Nothing is differentiated across a lane reset; stretches shorter than three steps (ISO: half a second) are left out.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.signal import savgol_filter

from drive_sim.evaluation.logs.episode_log import EpisodeLog, Floats
from drive_sim.evaluation.metrics.metric import NOTHING, Metric, MetricMaker, Ratio, metric

NUPLAN = "nuPlan closed-loop metrics (motional/nuplan-devkit), ego_is_comfortable"
ISO_11270 = "after ISO 11270:2014, 5.4 operational limits"

LONGITUDINAL_ACCELERATION = (-4.05, 2.40)
"""[m/s²]"""
LATERAL_ACCELERATION = 4.89
"""[m/s²]"""
YAW_RATE = 0.95
"""[rad/s]"""
YAW_ACCELERATION = 1.93
"""[rad/s²]"""
LONGITUDINAL_JERK = 4.13
"""[m/s³]"""
JERK_MAGNITUDE = 8.37
"""[m/s³]"""
ISO_LATERAL_ACCELERATION = 3.0
"""[m/s²]"""
ISO_LATERAL_JERK = 5.0
"""[m/s³]"""
ACCELERATION_WINDOW, JERK_WINDOW, YAW_WINDOW, ISO_WINDOW = 0.8, 1.5, 0.5, 0.5
"""[s]"""

# Several metrics of one episode ask for the same signal before the next episode is measured.
_once = lru_cache(maxsize=1)


def local_quadratic(log: EpisodeLog, signal: Floats, window: float, derivative: int = 0) -> Floats:
    """(T) the signal, or its time derivative, from quadratics over ``window`` [s]; NaN where a stretch is short."""
    period = log.facts.control_period
    length = 2 * round(window / period / 2) + 1
    result = np.full(log.steps, np.nan)
    for part in log.segments:
        count = part.stop - part.start
        # The window has to be odd, longer than a quadratic has coefficients less one, and no longer than the data.
        fitting = max(min(length, count - 1 + count % 2), 3)
        if count >= 3:
            result[part] = savgol_filter(signal[part], fitting, 2, deriv=derivative, delta=period)
    return result


@_once
def smooth_acceleration_x(log: EpisodeLog) -> Floats:
    """(T) longitudinal acceleration [m/s²], smoothed over 0.8 s."""
    return local_quadratic(log, log.acceleration_x, ACCELERATION_WINDOW)


@_once
def smooth_acceleration_y(log: EpisodeLog) -> Floats:
    """(T) lateral acceleration [m/s²], smoothed over 0.8 s, positive left."""
    return local_quadratic(log, log.acceleration_y, ACCELERATION_WINDOW)


@_once
def longitudinal_jerk(log: EpisodeLog) -> Floats:
    """(T) derivative over 1.5 s of the smoothed longitudinal acceleration [m/s³]."""
    return local_quadratic(log, smooth_acceleration_x(log), JERK_WINDOW, 1)


@_once
def jerk_magnitude(log: EpisodeLog) -> Floats:
    """(T) derivative over 1.5 s of the smoothed magnitude of the acceleration [m/s³]: nuPlan's definition."""
    magnitude = local_quadratic(log, np.hypot(log.acceleration_x, log.acceleration_y), ACCELERATION_WINDOW)
    return local_quadratic(log, magnitude, JERK_WINDOW, 1)


@_once
def yaw_acceleration(log: EpisodeLog) -> Floats:
    """(T) derivative over 0.5 s of the yaw rate [rad/s²]."""
    return local_quadratic(log, log.yaw_rate, YAW_WINDOW, 1)


def lateral_jerk_half_second(log: EpisodeLog) -> Floats:
    """(T) moving average over half a second of the lateral jerk [m/s³]: change of acceleration in that time over it."""
    period = log.facts.control_period
    lag = max(round(ISO_WINDOW / period), 1)
    result = np.full(log.steps, np.nan)
    for part in log.segments:
        signal = log.acceleration_y[part]
        result[part.start + lag : part.stop] = (signal[lag:] - signal[:-lag]) / (lag * period)
    return result


def _share(log: EpisodeLog, signal: Floats, low: float, high: float) -> Ratio:
    """Time within [low, high] over time with a value."""
    known = signal[np.isfinite(signal)]
    if not len(known):
        return NOTHING
    period = log.facts.control_period
    return Ratio(float(np.sum((known >= low) & (known <= high))) * period, len(known) * period)


def _comfort(formula: str, source: str) -> MetricMaker:
    return metric(
        "1",
        formula=f"share of time with {formula}",
        source=source,
        aggregation="ratio",
        better="higher",
        basis="s",
        bounds=(0.0, 1.0),
    )


@_comfort("−4.05 ≤ longitudinal acceleration ≤ 2.40 m/s² (smoothed 0.8 s)", NUPLAN)
def comfort_longitudinal_acceleration(log: EpisodeLog) -> Ratio:
    """Share of time with the longitudinal acceleration within −4.05…2.40 m/s² [1]."""
    return _share(log, smooth_acceleration_x(log), *LONGITUDINAL_ACCELERATION)


@_comfort("|lateral acceleration| ≤ 4.89 m/s² (smoothed 0.8 s)", NUPLAN)
def comfort_lateral_acceleration(log: EpisodeLog) -> Ratio:
    """Share of time with the lateral acceleration within ±4.89 m/s² [1]."""
    return _share(log, smooth_acceleration_y(log), -LATERAL_ACCELERATION, LATERAL_ACCELERATION)


@_comfort("|yaw rate| ≤ 0.95 rad/s", NUPLAN)
def comfort_yaw_rate(log: EpisodeLog) -> Ratio:
    """Share of time with the yaw rate within ±0.95 rad/s [1]."""
    return _share(log, log.yaw_rate, -YAW_RATE, YAW_RATE)


@_comfort("|yaw acceleration| ≤ 1.93 rad/s² (over 0.5 s)", NUPLAN)
def comfort_yaw_acceleration(log: EpisodeLog) -> Ratio:
    """Share of time with the yaw acceleration within ±1.93 rad/s² [1]."""
    return _share(log, yaw_acceleration(log), -YAW_ACCELERATION, YAW_ACCELERATION)


@_comfort("|longitudinal jerk| ≤ 4.13 m/s³ (over 1.5 s)", NUPLAN)
def comfort_longitudinal_jerk(log: EpisodeLog) -> Ratio:
    """Share of time with the longitudinal jerk within ±4.13 m/s³ [1]."""
    return _share(log, longitudinal_jerk(log), -LONGITUDINAL_JERK, LONGITUDINAL_JERK)


@_comfort("|d/dt magnitude of acceleration| ≤ 8.37 m/s³ (over 1.5 s)", NUPLAN)
def comfort_jerk_magnitude(log: EpisodeLog) -> Ratio:
    """Share of time with the derivative of the acceleration's magnitude within ±8.37 m/s³ [1]."""
    return _share(log, jerk_magnitude(log), -JERK_MAGNITUDE, JERK_MAGNITUDE)


@_comfort("|lateral acceleration| ≤ 3.0 m/s²", ISO_11270)
def comfort_iso_lateral_acceleration(log: EpisodeLog) -> Ratio:
    """Share of time with the lateral acceleration, not smoothed, within ±3.0 m/s² [1]."""
    return _share(log, log.acceleration_y, -ISO_LATERAL_ACCELERATION, ISO_LATERAL_ACCELERATION)


@_comfort("|lateral jerk, moving average over 0.5 s| ≤ 5.0 m/s³", ISO_11270)
def comfort_iso_lateral_jerk(log: EpisodeLog) -> Ratio:
    """Share of time with the lateral jerk, averaged over half a second, within ±5.0 m/s³ [1]."""
    return _share(log, lateral_jerk_half_second(log), -ISO_LATERAL_JERK, ISO_LATERAL_JERK)


NUPLAN_BOUNDS: tuple[Metric, ...] = (
    comfort_longitudinal_acceleration,
    comfort_lateral_acceleration,
    comfort_yaw_rate,
    comfort_yaw_acceleration,
    comfort_longitudinal_jerk,
    comfort_jerk_magnitude,
)


@_once
def is_comfortable(log: EpisodeLog) -> float:
    """1 if all of nuPlan's bounds held all the time, 0 if not, NaN where nothing could be judged."""
    shares = [bound(log) for bound in NUPLAN_BOUNDS]
    if any(share.denominator == 0.0 for share in shares):
        return math.nan
    return float(all(share.numerator == share.denominator for share in shares))


@metric(
    "1",
    formula="share of episodes in which all six of nuPlan's bounds hold at every step",
    source=NUPLAN,
    aggregation="rate",
    better="higher",
    bounds=(0.0, 1.0),
)
def comfortable(log: EpisodeLog) -> float:
    """Whether the episode kept all of nuPlan's comfort bounds throughout [1]."""
    return is_comfortable(log)


COMFORT_METRICS = (*NUPLAN_BOUNDS, comfort_iso_lateral_acceleration, comfort_iso_lateral_jerk, comfortable)
