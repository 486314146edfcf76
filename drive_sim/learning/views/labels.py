"""What a network should have answered: labels from the path that was driven, not from the keys that were pressed.

Keyboard steering is bang-bang; the path it leaves is smooth. The label of a view is the curvature that leads from
wherever the view was taken back onto the driven path, and the speed that the driver was heading for.

Recovery label. In the road frame let the view stand at lateral offset d with slope p0 = tan(heading error), and let
the driven path, L = v T further on, have offset d1 and slope p1. The cubic through both ends begins with

    d'' = (6 (d1 - d) - 2 L (2 p0 + p1)) / L²

(a Hermite cubic's second derivative at its start; for a straight path at distance e and angle psi this is the
-6 e / L² - 4 psi / L of a car that re-plans all the time, a second-order system with damping 0.82). The label is
kappa = kappa_road / (1 - kappa_road d) + d'', with the road's curvature taken a little ahead for the actuators' lag.
Only offsets and slopes of the driven path enter, no second derivative of anything measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d

from drive_sim.world.roads.road import Road

Floats = NDArray[np.float64]

RECOVERY_TIME = 1.5
"""T: time in which a view leads back onto the path [s]."""
RECOVERY_MIN, RECOVERY_MAX = 9.0, 60.0
"""Bounds of the recovery length L [m]."""
ACTUATOR_LAG = 0.2
"""From image to road-wheel angle [s]: one control step and the steering's lag."""
FUTURE_DELAYS = (0.5, 1.0, 1.5)
"""The auxiliary labels are of the driven path this much later [s]."""
SPEED_AHEAD = 0.7
"""The speed label is the speed driven this much later [s] ..."""
SPEED_AHEAD_RISING = 3.0
"""... but the highest within this time when the driver is speeding up: where they were heading for [s]."""
SLOWEST_AHEAD = 2.0
"""The auxiliary label of speed is the lowest that is driven within this time [s]."""
GRID = 0.5
"""Spacing at which the path is kept [m]."""


@dataclass(frozen=True, eq=False)
class DrivenPath:
    """The path and speed of one stretch of driving, by road arc length; K samples every `GRID` m."""

    road: Road
    start: float
    """Unwrapped arc length of the first sample [m]."""
    offset: Floats
    """(K) lateral offset d [m], smoothed."""
    slope: Floats
    """(K) d' [1]."""

    @classmethod
    def fit(cls, road: Road, s: Floats, d: Floats, smoothing: float = 2.0) -> DrivenPath:
        """The path through road points (s, d) (T), s unwrapped and mostly rising; ``smoothing`` is sigma in metres."""
        rising = np.maximum.accumulate(s)
        keep = np.concatenate([[True], np.diff(rising) > 1e-3])
        at, value = rising[keep], d[keep]
        grid = np.arange(at[0], max(at[-1], at[0] + 2 * GRID), GRID)
        offset = gaussian_filter1d(np.interp(grid, at, value), smoothing / GRID, mode="nearest")
        return cls(road, float(grid[0]), offset, np.gradient(offset, GRID))

    @property
    def end(self) -> float:
        """Unwrapped arc length of the last sample [m]."""
        return self.start + GRID * (len(self.offset) - 1)

    def at(self, s: Floats) -> tuple[Floats, Floats]:
        """Offset [m] and slope [1] at unwrapped arc lengths; beyond its ends the path runs along the road."""
        position = (s - self.start) / GRID
        index = np.arange(len(self.offset))
        return np.interp(position, index, self.offset), np.interp(position, index, self.slope, left=0.0, right=0.0)

    def of_steps(self, steps: NDArray[np.int64]) -> DrivenPath:
        """The path that holds at each of ``steps``: the same one."""
        return self


@dataclass(frozen=True, eq=False)
class PlannedPaths:
    """A path for each of T steps, as a planning driver intends it there; K samples each."""

    road: Road
    start: Floats
    """(T) unwrapped arc length of the first sample [m]."""
    spacing: Floats
    """(T) of the samples [m]."""
    offset: Floats
    """(T, K) lateral offset d [m]."""

    def at(self, s: Floats) -> tuple[Floats, Floats]:
        """Offset [m] and slope [1] at an unwrapped arc length (T) of each path; beyond its ends it keeps its offset."""
        last = self.offset.shape[1] - 1
        position = (s - self.start) / self.spacing
        low = np.clip(position, 0.0, last - 1.0).astype(np.int64)
        rows = np.arange(len(low))
        before, after = self.offset[rows, low], self.offset[rows, low + 1]
        offset = before + (after - before) * np.clip(position - low, 0.0, 1.0)
        inside = (position >= 0.0) & (position <= last)
        return offset, np.where(inside, (after - before) / self.spacing, 0.0)

    def of_steps(self, steps: NDArray[np.int64]) -> PlannedPaths:
        """The paths of some steps."""
        return PlannedPaths(self.road, self.start[steps], self.spacing[steps], self.offset[steps])


LabelPath = DrivenPath | PlannedPaths
"""A path that labels lead back onto."""


def road_curvature(road: Road, s: Floats) -> Floats:
    """Curvature of the reference line [1/m] at unwrapped arc lengths, interpolated between middles of elements."""
    position = s / road.step - 0.5
    index = np.arange(len(road.curvature))
    if road.closed:
        return np.interp(position, index, road.curvature, period=len(index))
    return np.interp(position, index, road.curvature)


def recovery_length(speed: Floats) -> Floats:
    """L [m] at a speed [m/s]: the distance within which a view leads back onto the path."""
    return np.asarray(np.clip(speed * RECOVERY_TIME, RECOVERY_MIN, RECOVERY_MAX))


def label_reach(speed: Floats) -> Floats:
    """Distance [m] ahead of a view at ``speed`` [m/s] up to which its labels read the driven path."""
    return speed * max(FUTURE_DELAYS) + recovery_length(speed)


def recovery_bend(start: tuple[Floats, Floats], end: tuple[Floats, Floats], length: Floats) -> Floats:
    """d'' [1/m] with which the cubic of ``length`` L [m] from (d, slope) to (d1, slope) begins, as above."""
    (d, slope), (target, target_slope) = start, end
    return np.asarray((6.0 * (target - d) - 2.0 * length * (2.0 * slope + target_slope)) / length**2)


def way_back(path: LabelPath, s: Floats, d: Floats, heading_error: Floats, speed: Floats, distance: Floats) -> Floats:
    """Offset [m] after ``distance`` [m] (n, M) on the cubic from a car at (s, d) (n) back onto the path, then on it.

    Parameters are as `curvature_label` has them.
    """
    length = recovery_length(speed)
    target, target_slope = path.at(s + length)
    slope = np.tan(np.clip(heading_error, -1.2, 1.2)) * (1.0 - road_curvature(path.road, s) * d)
    share = np.clip(distance / length[:, None], 0.0, 1.0)
    squares, cubes = share**2, share**3
    cubic = (
        (2.0 * cubes - 3.0 * squares + 1.0) * d[:, None]
        + (cubes - 2.0 * squares + share) * (length * slope)[:, None]
        + (3.0 * squares - 2.0 * cubes) * target[:, None]
        + (cubes - squares) * (length * target_slope)[:, None]
    )
    beyond = np.stack([path.at(s + column)[0] for column in distance.T], 1) if distance.size else distance
    return np.where(distance < length[:, None], cubic, beyond)


def curvature_label(
    path: LabelPath, s: Floats, d: Floats, heading_error: Floats, speed: Floats, delay: float = 0.0
) -> Floats:
    """Curvature [1/m] that a car at (s, d) with ``heading_error`` [rad] to the road should drive; all (n).

    ``speed`` [m/s] sets the recovery length. With a ``delay`` [s] it is what the driven path itself does so much later
    (auxiliary labels), whatever the view's offset and heading.
    """
    ahead = speed * delay
    kappa_here = road_curvature(path.road, s)
    slope = np.tan(np.clip(heading_error, -1.2, 1.2)) * (1.0 - kappa_here * d)
    if delay > 0.0:
        # An auxiliary label asks what the path itself does later, so it starts on the path.
        s = s + ahead
        d, slope = path.at(s)
    length = recovery_length(speed)
    bend = recovery_bend((d, slope), path.at(s + length), length)
    kappa = road_curvature(path.road, s + speed * ACTUATOR_LAG)
    return np.asarray(kappa / np.maximum(1.0 - kappa * d, 0.2) + bend)


def speed_label(speed: Floats, period: float) -> Floats:
    """Target speed [m/s] for each step of an episode (T) sampled every ``period`` [s]."""
    smooth = _smoothed(speed, period)
    index = np.arange(len(speed))
    later = smooth[np.minimum(index + round(SPEED_AHEAD / period), len(speed) - 1)]
    highest = _ahead(maximum_filter1d, smooth, SPEED_AHEAD_RISING / period)
    return np.where(later > smooth + 0.15, highest, later)


def slowest_label(speed: Floats, period: float) -> Floats:
    """Lowest of the speeds [m/s] within `SLOWEST_AHEAD` of each step of an episode (T) sampled every ``period`` [s].

    Braking that begins in two seconds shows in it at once, in the target speed only 0.7 s before.
    """
    return _ahead(minimum_filter1d, _smoothed(speed, period), SLOWEST_AHEAD / period)


def _smoothed(speed: Floats, period: float) -> Floats:
    """Speed [m/s] without the jitter of single steps."""
    return np.asarray(gaussian_filter1d(speed, 0.15 / period, mode="nearest"))


def _ahead(extreme: Callable[..., Any], values: Floats, steps: float) -> Floats:
    """The extreme of each value (T) and those of so many steps after it."""
    window = round(steps) + 1
    # A filter centred on its window, moved so that it looks ahead only.
    return np.asarray(extreme(values, window, origin=-(window // 2), mode="nearest"))


def usable(events: NDArray[np.integer[Any]], failures: int, before: int, after: int) -> NDArray[np.bool_]:
    """Which steps (T) may be imitated: none within ``before`` steps ahead of a failure or ``after`` steps past it."""
    good = np.ones(len(events), bool)
    for step in np.flatnonzero(events & failures):
        good[max(0, step - before) : step + after + 1] = False
    return good


def soft_bins(values: Floats, centres: NDArray[Any], spread: float = 0.7) -> NDArray[np.float32]:
    """Distributions (n, bins) for values (n): Gaussian in bin number, so that nearby answers are nearly right.

    A value between two centres keeps its place: the distribution's mean in bin number is the value's.
    """
    bins = np.arange(len(centres))
    position = np.interp(values, centres, bins)
    weight = np.exp(-0.5 * ((bins[None, :] - position[:, None]) / spread) ** 2)
    return (weight / weight.sum(1, keepdims=True)).astype(np.float32)
