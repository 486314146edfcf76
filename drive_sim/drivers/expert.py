"""The expert: knows the whole truth, and drives by a plan made anew twenty times a second.

It is the yardstick of what can be driven at all, and privileged: it reads the simulator's state.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.driver import Actions
from drive_sim.drivers.planning import begin_plan, forget_plan, make_plan, path_curvature
from drive_sim.drivers.situation import (
    Manner,
    empty_actors,
    empty_plan,
    see_actor,
    time_slowness,
)
from drive_sim.kernel import allocate, kernel, to_device, to_host
from drive_sim.world.road import ahead, curvature_at, project
from drive_sim.world.vehicle import acceleration_command, steering_command

if TYPE_CHECKING:
    from drive_sim.sensors.observation import Observation
    from drive_sim.world.simulator import Simulator

LAG = 0.15
"""Time from a command to its effect [s]; the plan begins where the car will be by then."""

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
    speed = state.speed[i]
    turn = state.yaw_rate[i] * LAG
    direction = state.yaw[i] + state.slip_angle[i] + 0.5 * turn
    x = state.x[i] + speed * LAG * math.cos(direction)
    y = state.y[i] + speed * LAG * math.sin(direction)
    road = world.road[i]
    element, s, d = project(roads, road, x, y)
    if element < 0:
        s, d = state.s[i], state.d[i]
    swept = state.curvature[i] * ahead(roads, road, state.s[i], s)
    error = state.heading_error[i] + state.slip_angle[i] + turn - swept
    slope = math.tan(min(max(error, -1.2), 1.2)) * max(1.0 - curvature_at(roads, road, s) * d, 0.2)
    begin_plan(i, plan, s, d, slope, speed)


@kernel(grain=256)
def _steer(i, world, roads, plan, vehicle, out):
    """Action of world ``i`` that follows its plan."""
    kappa = curvature_at(roads, world.road[i], plan.s[i])
    kappa = path_curvature(kappa, plan.start_offset[i], plan.start_slope[i], plan.bend[i])
    out[0][i, 0] = steering_command(vehicle, kappa, plan.start_speed[i])
    out[0][i, 1] = acceleration_command(vehicle, plan.acceleration[i], plan.start_speed[i])


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
        _steer(device, batch, world, roads, plan, vehicle, (self._out,))
        return np.array(to_host(self._out))
