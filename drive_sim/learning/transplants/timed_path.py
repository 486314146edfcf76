"""What a transplant drives: a path by arc length, and where along it the car is at each moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.views.labels import DrivenPath
from drive_sim.world.roads.road import Road

Floats = NDArray[np.float64]

SPACING = 1.0
"""Between the points at which speeds are planned [m]."""
SLOWEST = 0.5
"""No planned speed is lower, or the end would never be reached [m/s]."""


@dataclass(frozen=True, eq=False)
class TimedPath:
    """A path and the speed along it; K moments, one each ``period`` [s]."""

    path: DrivenPath
    s: Floats
    """(K) arc length [m] of the car at each moment."""
    speed: Floats
    """(K) [m/s]"""


def within(limits: Floats, acceleration: float, deceleration: float) -> Floats:
    """Speeds (n) [m/s] at points `SPACING` apart, no higher than ``limits``, that the accelerations [m/s²] allow."""
    squared = np.maximum(limits, SLOWEST) ** 2
    index = np.arange(len(squared))
    braking = 2.0 * deceleration * SPACING * index
    squared = np.minimum.accumulate((squared + braking)[::-1])[::-1] - braking
    speeding = 2.0 * acceleration * SPACING * index
    return np.asarray(np.sqrt(np.minimum.accumulate(squared - speeding) + speeding))


def timed(s: Floats, speed: Floats, period: float) -> tuple[Floats, Floats]:
    """Arc length and speed at each moment of a drive along points ``s`` (n) [m] at ``speed`` (n) [m/s]."""
    time = np.concatenate([[0.0], np.cumsum(2.0 * np.diff(s) / (speed[1:] + speed[:-1]))])
    moments = np.arange(0.0, time[-1], period)
    return np.interp(moments, time, s), np.interp(moments, time, speed)


def timed_path(road: Road, s: Floats, d: Floats, moments: tuple[Floats, Floats]) -> TimedPath:
    """The path along offsets ``d`` (n) [m] at arc lengths ``s`` (n) [m], driven as ``moments`` say."""
    return TimedPath(DrivenPath.fit(road, s, d), *moments)
