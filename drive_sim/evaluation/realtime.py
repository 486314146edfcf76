"""Pacing by the wall clock: one control step takes one control period, as in a car."""

from __future__ import annotations

from time import perf_counter, sleep
from typing import TYPE_CHECKING

from drive_sim.rollout import Observer, Step

if TYPE_CHECKING:
    from drive_sim.sensors.observation import Observation
    from drive_sim.world.simulator import Simulator


class Pacer(Observer):
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
