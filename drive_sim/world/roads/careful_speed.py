"""How fast a careful driver takes a road: what time limits, starting speeds and meeting points are reckoned from."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from drive_sim.world.roads.road import Floats, Road

LATERAL_ACCELERATION = 2.0
"""In curves [m/s²]."""
LONGITUDINAL_ACCELERATION = 1.5
"""Speeding up and slowing down [m/s²]."""
REACTION_TIME = 1.0
"""Time at which arc length ``s`` is reached [s]."""
STOPPING_DECELERATION = 4.0
"""To stop for what comes into sight [m/s²]."""
_STEP = 2.0


class CarefulDrive(NamedTuple):
    """A drive by arc length; arrays of equal length."""

    s: Floats  # [m] along the road
    speed: Floats  # [m/s]
    time: Floats  # [s] since the first

    def speed_at(self, s: float) -> float:
        """Speed at arc length ``s`` [m/s]."""
        return float(np.interp(s, self.s, self.speed))

    def time_at(self, s: float) -> float:
        """Time at which arc length ``s`` is reached [s]."""
        return float(np.interp(s, self.s, self.time))


def careful_drive(road: Road, start: float, distance: float, speed_limit: float) -> CarefulDrive:
    """Drive ``distance`` [m] from arc length ``start`` [m]: within the limit, v² κ <= 2 m/s², and ± 1.5 m/s² between.

    It begins at the speed that the road at its start allows, and looks a little further than it goes.
    """
    s = start + np.arange(0.0, distance + _STEP, _STEP)
    element = np.floor(np.append(s, s[-1] + _STEP * np.arange(1, 26)) / road.step).astype(np.int64)
    element = element % len(road.x) if road.closed else np.clip(element, 0, len(road.x) - 1)
    squared = np.minimum(speed_limit**2, LATERAL_ACCELERATION / np.maximum(np.abs(road.curvature[element]), 1e-9))
    # v²(s) may rise by 2 a per metre at most: a running minimum from either side.
    gain = 2.0 * LONGITUDINAL_ACCELERATION * _STEP * np.arange(len(squared))
    squared = np.minimum.accumulate((squared + gain)[::-1])[::-1] - gain
    squared = np.minimum.accumulate(squared - gain) + gain
    speed = np.sqrt(squared[: len(s)])
    time = np.concatenate([[0.0], np.cumsum(2.0 * _STEP / (speed[1:] + speed[:-1]))])
    return CarefulDrive(s, speed, time)


def speed_for_sight(sight: float) -> float:
    """Speed [m/s] from which one stops within ``sight`` [m]: v t + v² / (2 a) = sight, t = 1 s and a = 4 m/s²."""
    at = STOPPING_DECELERATION * REACTION_TIME
    return math.sqrt(at * at + 2.0 * STOPPING_DECELERATION * sight) - at
