"""The expert: knows the whole truth, and drives by a plan made anew twenty times a second.

It is the baseline of what can be driven at all, and privileged: it reads the simulator's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drive_sim.compute.kernel import kernel
from drive_sim.drivers.planning.plan import follow_plan, forget_plan, make_plan, plan_ahead
from drive_sim.drivers.planning.planner import PlanningDriver, same_manner
from drive_sim.drivers.planning.situation import Manner, see_actor, time_slowness

if TYPE_CHECKING:
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


@kernel(grain=384)
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


class ExpertDriver(PlanningDriver):
    """Drives by the truth: the best that this project knows to do by rules."""

    name = "expert"
    controller = "expert"

    def _equip(self, simulator: Simulator, batch: int, slots: int) -> None:
        self.manner = same_manner(_EXPERT, batch, simulator.device)

    def _begin(self, simulator: Simulator, masks: tuple[Any]) -> None:
        _forget(simulator.device, simulator.batch_size, self.plan, self.actors, masks)

    def _decide(self, simulator: Simulator) -> None:
        device, batch, vehicle = simulator.device, simulator.batch_size, simulator.vehicle
        world, roads, state = simulator.world, simulator.roads, simulator.state
        actors, manner, plan = self.actors, self.manner, self.plan
        _look(device, batch, world, roads, state, actors, manner, plan, simulator.control_period)
        make_plan(device, batch, world, roads, actors, manner, plan, 0.5 * vehicle.length, 0.5 * vehicle.width)
        follow_plan(device, batch, world, roads, plan, vehicle, (self._out,))
