"""Real time: pacing by the wall clock, and drivers whose commands come late, by the clock or by design."""

from __future__ import annotations

import math
from collections import deque
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from drive_sim.rollout import Observer, Step

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Actions, Driver
    from drive_sim.sensors.suite import Observation
    from drive_sim.world.simulator import Simulator


class StepPacer(Observer):
    """Holds every step back until the clock is where the simulation is; a late step is not made up for."""

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """Start the clock."""
        self._due = perf_counter() + simulator.control_period

    def on_step(self, step: Step) -> None:
        """Wait until the step is due."""
        wait = self._due - perf_counter()
        if wait > 0.0:
            sleep(wait)
        self._due = max(self._due, perf_counter()) + step.simulator.control_period


class Wrapped:
    """A driver that stands before another and passes on what it does not change."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.name, self.privileged, self.controller = driver.name, driver.privileged, driver.controller
        self.sensors = driver.sensors
        for name in ("camera", "cameras", "camera_faults"):
            value = getattr(driver, name, None)
            if value is not None:
                setattr(self, name, value)

    def bind(self, simulator: Simulator) -> None:
        """As the driver's, which is privileged if this is called."""
        cast(Any, self.driver).bind(simulator)

    def reset(self, simulator: Simulator | None, mask: NDArray[np.bool_] | None, batch_size: int) -> None:
        """New episodes begin, with the pedals and the wheel let go."""
        self.driver.reset(simulator, mask, batch_size)
        self._forget(mask, batch_size)

    def _forget(self, mask: NDArray[np.bool_] | None, batch_size: int) -> None:
        """Let go of what belongs to earlier episodes of the worlds in ``mask`` (None: all)."""


class OnTime(Wrapped):
    """Holds the last command while the driver takes longer than a control period to decide, as in a car.

    A decision on the image of step k that takes n periods (rounded up) leaves the last command in force for steps
    k to k + n - 2; what was decided then comes into force with step k + n - 1, in which the driver looks again.

    Parameters
    ----------
    period
        Control period [s].
    """

    def __init__(self, driver: Driver, period: float) -> None:
        super().__init__(driver)
        self.period = period
        self.decisions: list[float] = []
        """How long each decision took [s]; steps in which the driver was busy with an older one are none."""

    def _forget(self, mask: NDArray[np.bool_] | None, batch_size: int) -> None:
        if mask is None or bool(np.all(mask)):
            self._held = self._decided = np.zeros((batch_size, 2), np.float32)
            self._busy = 0
            return
        # One decision answers the images of all worlds: the others still wait for it.
        self._held, self._decided = (_released(commands, mask) for commands in (self._held, self._decided))

    def act(self, observation: Observation) -> Actions:
        """The command in force in this step."""
        if self._busy:
            self._busy -= 1
            return self._held
        self._held = self._decided
        started = perf_counter()
        self._decided = self.driver.act(observation)
        took = perf_counter() - started
        self.decisions.append(took)
        late = math.ceil(took / self.period) - 1
        if late > 0:
            self._busy = late - 1
            return self._held
        self._held = self._decided
        return self._held


class Delayed(Wrapped):
    """Commands that come into force some control steps after the image that they answer; before the first, none."""

    def __init__(self, driver: Driver, steps: int) -> None:
        super().__init__(driver)
        self.steps = steps

    def _forget(self, mask: NDArray[np.bool_] | None, batch_size: int) -> None:
        if mask is None or bool(np.all(mask)):
            self._waiting = deque([np.zeros((batch_size, 2), np.float32)] * self.steps)
            return
        self._waiting = deque(_released(commands, mask) for commands in self._waiting)

    def act(self, observation: Observation) -> Actions:
        """The command that was decided on `steps` ago."""
        self._waiting.append(np.array(self.driver.act(observation)))
        return self._waiting.popleft()


def _released(commands: Actions, mask: NDArray[np.bool_]) -> Actions:
    """Commands (B, 2) with the wheel and the pedals let go in the worlds of ``mask``."""
    return np.where(np.asarray(mask, bool)[:, None], np.float32(0.0), commands)
