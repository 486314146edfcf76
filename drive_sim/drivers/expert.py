"""The expert: knows the whole truth, and drives by a plan made anew twenty times a second.

It is the yardstick of what can be driven at all, and privileged: it reads the simulator's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.driver import Actions
from drive_sim.drivers.planning import follow_plan, forget_plan, make_plan, plan_ahead
from drive_sim.drivers.situation import (
    Manner,
    empty_actors,
    empty_plan,
    see_actor,
    time_slowness,
)
from drive_sim.kernel import allocate, kernel, to_device, to_host

if TYPE_CHECKING:
    from drive_sim.sensors.observation import Observation
    from drive_sim.world.simulator import Simulator

_EXPERT = Manner(
    speed_share=0.97,
    lateral_acceleration=2.8,
    acceleration=2.0,
    deceleration=2.2,
    headway=1.4,
    standstill_gap=4.0,
    clearance=1.0,
    least_clearance=0.3,
    lateral_time=0.7,
    sight=400.0,
)


@kernel(grain=128)
def _look(i, world, roads, state, actors, manner, plan, period):
    """See everybody, and begin the plan of world ``i`` where the car will be when a command takes effect."""
    for n in range(actors.kind.shape[1]):
        see_actor(i, n, world, roads, state, actors, manner.sight[i])
    time_slowness(i, actors, period)
    plan_ahead(i, world, roads, state, plan)


@kernel(grain=1024)
def _forget(i, plan, actors, masks):
    """A new episode begins in world ``i`` where the mask says so."""
    if masks[0][i]:
        forget_plan(i, plan, actors)


class ExpertDriver:
    """Drives by the truth: the best that this project knows to do by rules."""

    name = "expert"
    privileged = True
    sensors: tuple[str, ...] = ()
    controller = "expert"

    def __init__(self) -> None:
        self._simulator: Simulator | None = None

    def bind(self, simulator: Simulator) -> None:
        """Drive the cars of ``simulator`` from now on."""
        if self._simulator is simulator:
            return
        self._simulator = simulator
        batch, slots = simulator.batch_size, simulator.world.actors.kind.shape[1]
        device = simulator.device
        self.plan, self.actors = empty_plan(batch, slots, device), empty_actors(batch, slots, device)
        self.manner = Manner(*(to_device(device, np.full(batch, value)) for value in _EXPERT))
        self._out = allocate(device, (batch, 2), np.float32)
        self.reset(simulator, None, batch)

    def reset(self, simulator: Any, mask: NDArray[np.bool_] | None = None, batch_size: int = 1) -> None:
        """New episodes begin in the worlds of ``mask``."""
        if self._simulator is None or simulator is not self._simulator:
            self.bind(simulator)
        assert self._simulator is not None
        chosen = np.ones(batch_size, np.uint8) if mask is None else np.asarray(mask, np.uint8)
        device = self._simulator.device
        _forget(device, batch_size, self.plan, self.actors, (to_device(device, chosen),))

    def act(self, observation: Observation) -> Actions:
        """Action (B, 2) from the truth; the observation is not looked at."""
        simulator = self._simulator
        if simulator is None:
            raise ValueError("the expert is privileged: bind(simulator) before it drives")
        device, batch, vehicle = simulator.device, simulator.batch_size, simulator.vehicle
        world, roads, state = simulator.world, simulator.roads, simulator.state
        actors, manner, plan = self.actors, self.manner, self.plan
        _look(device, batch, world, roads, state, actors, manner, plan, simulator.control_period)
        make_plan(device, batch, world, roads, actors, manner, plan, 0.5 * vehicle.length, 0.5 * vehicle.width)
        follow_plan(device, batch, world, roads, plan, vehicle, (self._out,))
        return np.array(to_host(self._out))
