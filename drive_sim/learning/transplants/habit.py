"""How a person keeps a lane: offset from its middle, and speed, against curvature and grip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.world.ego.single_track import GRAVITY

Floats = NDArray[np.float64]

BEND_CLASSES = np.array([-0.1, -0.04, -0.02, -0.01, -0.004, -0.0015, 0.0015, 0.004, 0.01, 0.02, 0.04, 0.1])
"""Borders of the classes of curvature, right to left, whose median offset is kept [1/m]."""
LEAST_STEPS = 20
"""Steps that a class of curvature needs before its offset is believed."""
LARGEST_OFFSET = 0.4
"""No habit is further from the lane's middle than this [m]."""
STRAIGHT, BEND = 1.0 / 500.0, 1.0 / 150.0
"""Curvature [1/m] below which the speed is the wanted one, and above which it is the bend's."""
MOVING = 3.0
"""Slower than this [m/s], nothing is learnt of a habit."""
SPEED_QUANTILE, LATERAL_QUANTILE, LONGITUDINAL_QUANTILE = 0.6, 0.7, 0.9
"""Of what was driven, the quantiles that are the habit: slowing down for the next bend is in all of it."""
LATERAL_BOUNDS = (1.0, 4.0)
"""Lateral acceleration on a dry road [m/s²] that a habit has, whatever was recorded."""
LONGITUDINAL_BOUNDS = (0.8, 2.5)
"""Acceleration and braking [m/s²] that a habit has, whatever was recorded."""
GRIP_SHARE = 0.45
"""Of the road's grip, what a habit takes up in a bend at most [1]."""


@dataclass(frozen=True, eq=False)
class Habit:
    """Lane keeping of one person, as `fit` reads it from their episodes."""

    curvature: Floats
    """(C) [1/m] rising, of the classes that were driven."""
    offset: Floats
    """(C) [m] left of the lane's middle there; kept beyond the sharpest."""
    speed_share: float
    """Speed on a clear straight over the speed limit [1]."""
    lateral: float
    """Lateral acceleration in bends, on a dry road [m/s²]."""
    acceleration: float
    """[m/s²]"""
    deceleration: float
    """[m/s²]"""

    @classmethod
    def fit(cls, episodes: Sequence[SourceEpisode]) -> Habit:
        """The habit of the steps at which no actor is near."""
        parts = [_free_steps(episode) for episode in episodes]
        curvature, offset, speed, share, friction, along = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        return cls(
            *_offsets(curvature, offset),
            speed_share=_quantile(share[np.abs(curvature) < STRAIGHT], SPEED_QUANTILE, (0.4, 1.1), 0.9),
            lateral=_quantile(
                (speed**2 * np.abs(curvature) / friction)[np.abs(curvature) > BEND],
                LATERAL_QUANTILE, LATERAL_BOUNDS, 2.0,
            ),
            acceleration=_quantile(along[along > 0.2], LONGITUDINAL_QUANTILE, LONGITUDINAL_BOUNDS, 1.5),
            deceleration=_quantile(-along[along < -0.2], LONGITUDINAL_QUANTILE, LONGITUDINAL_BOUNDS, 1.5),
        )  # fmt: skip

    def offset_at(self, curvature: Floats) -> Floats:
        """Offset [m] from the lane's middle on a road of ``curvature`` [1/m]."""
        return np.interp(curvature, self.curvature, self.offset)

    def speed_at(self, curvature: Floats, limit: float, friction: float) -> Floats:
        """Speed [m/s] in bends of ``curvature`` [1/m] under the speed ``limit`` [m/s]."""
        lateral = min(self.lateral * min(friction, 1.0), GRIP_SHARE * GRAVITY * friction)
        return np.minimum(self.speed_share * limit, np.sqrt(lateral / np.maximum(np.abs(curvature), 1e-6)))


def _free_steps(episode: SourceEpisode) -> tuple[Floats, ...]:
    """Curvature of the lane, offset, speed, its share of the limit, friction and acceleration of the free steps (n)."""
    state, world = episode.state, episode.world
    steps = episode.learnable()
    steps = steps[episode.free()[steps] & (state.speed[steps] > MOVING)]
    curvature = state.curvature[steps] / (1.0 - state.curvature[steps] * state.d[steps])
    speed = np.asarray(state.speed[steps], np.float64)
    friction = np.full(len(steps), max(world.weather.friction, 0.1))
    return (
        curvature,
        episode.lane_offset[steps],
        speed,
        speed / world.speed_limit,
        friction,
        state.acceleration_x[steps],
    )


def _offsets(curvature: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Median curvature and offset of each class that was driven for long enough; the lane's middle if none was."""
    classes = np.digitize(curvature, BEND_CLASSES)
    driven = [number for number in np.unique(classes) if np.count_nonzero(classes == number) >= LEAST_STEPS]
    if not driven:
        return np.zeros(1), np.zeros(1)
    middles = np.array([np.median(curvature[classes == number]) for number in driven])
    offsets = np.array([np.median(offset[classes == number]) for number in driven])
    return middles, np.clip(offsets, -LARGEST_OFFSET, LARGEST_OFFSET)


def _quantile(values: Floats, share: float, bounds: tuple[float, float], otherwise: float) -> float:
    """A quantile within bounds; ``otherwise`` where there are too few values."""
    if len(values) < LEAST_STEPS:
        return otherwise
    return float(np.clip(np.quantile(values, share), *bounds))
