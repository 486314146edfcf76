"""The driver of transplants: the label's own way back onto the path, and the speed of the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.driver import Actions
from drive_sim.drivers.neural.decoding import HARDEST_BRAKING, SPEED_TIME, command_car
from drive_sim.learning.transplants.timed_path import TimedPath
from drive_sim.learning.views.labels import ACTUATOR_LAG, GRID, recovery_bend, road_curvature
from drive_sim.world.state import State

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation
    from drive_sim.world.simulator import Simulator

Floats = NDArray[np.float64]

RECOVERY_TIME = 0.9
"""Time in which the driver leads back onto the path [s]: shorter than a view's label, to follow it closely."""
RECOVERY_MIN, RECOVERY_MAX = 5.0, 40.0
"""Bounds of the distance in which it does so [m]."""
CATCH_UP = 0.3
"""Speed [m/s] for each metre behind the moment of the path ..."""
MOST_BEHIND = 3.0
"""... of so many metres at most [m]."""
STANDING = 0.2
"""A path slower than this stands [m/s]."""


class FollowingDriver:
    """Drives each world along its `TimedPath`; it reads the simulator's state."""

    name = "transplants"
    privileged = True
    sensors: tuple[str, ...] = ()
    controller = "transplants"

    def __init__(self, paths: Sequence[TimedPath], period: float) -> None:
        self._ahead = round(SPEED_TIME / period)
        self._start = np.array([one.path.start for one in paths])
        self._offset, self._slope = (_stacked([getattr(one.path, name) for one in paths]) for name in _PATH)
        self._curvature = _stacked([_curvatures(one) for one in paths])
        self._s, self._speed = (_stacked([getattr(one, name) for one in paths]) for name in ("s", "speed"))
        self._simulator: Simulator | None = None

    def bind(self, simulator: Simulator) -> None:
        """Drive the cars of ``simulator`` from now on."""
        self._simulator = simulator

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """Nothing to forget: every decision rests on the present state."""

    def act(self, observation: Observation) -> Actions:
        """Action (B, 2) of every world."""
        assert self._simulator is not None
        state = self._simulator.state
        speed = np.ascontiguousarray(state.speed, np.float64)
        wish = self._bend(state, speed), self._target(state, speed)
        action = np.zeros((len(speed), 2), np.float32)
        command_car("cpu", len(speed), (action,), wish, (speed,), self._simulator.vehicle, HARDEST_BRAKING)
        return action

    def _bend(self, state: State, speed: Floats) -> NDArray[np.float32]:
        """Curvature (B) [1/m] that leads back onto the path."""
        here = _at(self._curvature, self._start, state.s)
        error = np.clip(state.heading_error + state.slip_angle, -1.2, 1.2)
        slope = np.tan(error) * (1.0 - here * state.d)
        length = np.clip(speed * RECOVERY_TIME, RECOVERY_MIN, RECOVERY_MAX)
        end = state.s + length
        target = _at(self._offset, self._start, end), _at(self._slope, self._start, end)
        road = _at(self._curvature, self._start, state.s + speed * ACTUATOR_LAG)
        curvature = road / np.maximum(1.0 - road * state.d, 0.2) + recovery_bend((state.d, slope), target, length)
        return curvature.astype(np.float32)

    def _target(self, state: State, speed: Floats) -> NDArray[np.float32]:
        """Speed (B) [m/s] to head for: that of the path a little later, and what it takes to keep up with it."""
        rows, last = np.arange(len(speed)), self._s.shape[1] - 1
        now = np.minimum(np.asarray(state.step), last)
        behind = np.clip(self._s[rows, now] - state.s, -MOST_BEHIND, MOST_BEHIND)
        wanted = self._speed[rows, np.minimum(now + self._ahead, last)]
        target = np.where(wanted < STANDING, 0.0, np.maximum(wanted + CATCH_UP * behind, 0.0))
        return target.astype(np.float32)


_PATH = ("offset", "slope")


def _stacked(rows: Sequence[Floats]) -> Floats:
    """Rows of different lengths as one array (B, K), the last value held."""
    longest = max(len(row) for row in rows)
    return np.array([np.pad(row, (0, longest - len(row)), mode="edge") for row in rows])


def _curvatures(one: TimedPath) -> Floats:
    """The road's curvature [1/m] below each sample of the path."""
    return road_curvature(one.path.road, one.path.start + GRID * np.arange(len(one.path.offset), dtype=np.float64))


def _at(rows: Floats, start: Floats, s: Floats) -> Floats:
    """Values (B) of rows (B, K), `GRID` apart from ``start`` (B) [m], at arc lengths ``s`` (B) [m]."""
    position = np.clip((s - start) / GRID, 0.0, rows.shape[1] - 1.001)
    index = position.astype(np.int64)
    world, share = np.arange(len(rows)), position - index
    low, high = rows[world, index], rows[world, index + 1]
    return np.asarray(low + (high - low) * share)
