"""The reference driver after UN Regulation No. 157: a careful and competent human, the measure of what was preventable.

It keeps its lane and the scenario's speed, follows at two seconds, never evades, and brakes as the regulation's
model of a careful and competent human driver does (E/ECE/TRANS/505/Rev.3/Add.156, Annex 4, Appendix 3): a risk is
judged for 0.4 s (`risk`), the foot takes 0.75 s to the brake, and the deceleration grows within 0.6 s to 0.774 g, which
is a jerk of 12.65 m/s³. The figures were checked against two public implementations, the European Commission's
(github.com/ec-jrc/JRC-FSM, "CC_human_driver") and esmini's (ControllerALKS_R157SM). Olleja, Markkula & Bärgman 2024
(arXiv:2406.09493) compare the regulation's models with human drivers.

A collision that it avoids on the same episode was preventable. It is a baseline, not a claim of compliance. Here its
reaction time delays everything that its foot does, not the full brake alone, and it may look 400 m ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drive_sim.compute.kernel import kernel
from drive_sim.drivers.planning.plan import follow_plan, forget_plan, make_plan, plan_ahead
from drive_sim.drivers.planning.planner import PlanningDriver, same_manner
from drive_sim.drivers.planning.risk import decide, empty_watch
from drive_sim.drivers.planning.situation import Manner, empty_actors, see_actor, wanted_speed
from drive_sim.world.ego.single_track import GRAVITY

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator

FULL_BRAKE = 0.774 * GRAVITY
"""Deceleration of the full brake on a dry road [m/s²]."""
BRAKE_TIME = 0.6
"""In which it is reached [s]."""
GRIP_SHARE = 0.9
"""Of the road's friction that the full brake uses at most [1]: the wheels still steer."""

_REFERENCE = Manner(
    speed_share=1.0,
    lateral_acceleration=2.8,
    acceleration=1.5,
    deceleration=2.0,
    headway=2.0,
    standstill_gap=3.0,
    clearance=1.0,
    least_clearance=0.3,
    lateral_time=0.7,
    sight=400.0,
)


@kernel(grain=512)
def _look(i, world, roads, state, seen, manner, plan):
    """See every actor; the plan of world ``i``, which knows of none, begins where a command takes effect."""
    for n in range(seen.kind.shape[1]):
        see_actor(i, n, world, roads, state, seen, manner.sight[i])
    plan_ahead(i, world, roads, state, plan)


@kernel(grain=768)
def _brake(i, world, roads, state, seen, manner, watch, plan, vehicle, period):
    """Put into the plan of world ``i``, which holds the acceleration on a clear road, what the foot does now."""
    hardest = min(FULL_BRAKE, GRIP_SHARE * GRAVITY * world.weather.friction[i])
    decision = decide(
        i, roads, world, state, seen, manner, watch, plan.acceleration[i], wanted_speed(world, manner, i), hardest,
        0.5 * vehicle.length, 0.5 * vehicle.width, period,
    )  # fmt: skip
    delay = watch.decisions.shape[1]
    if watch.fresh[i]:
        # Until the first decision takes effect the speed is held, or a bend slowed down for.
        watch.acceleration[i] = min(plan.acceleration[i], 0.0)
        for k in range(delay):
            watch.decisions[i, k] = watch.acceleration[i]
        watch.fresh[i] = 0
    slot = state.step[i] % delay
    change = watch.decisions[i, slot] - watch.acceleration[i]
    watch.decisions[i, slot] = decision
    most = FULL_BRAKE / BRAKE_TIME * period
    change = min(max(change, -most), most)
    watch.acceleration[i] += change
    # The figures are those of the deceleration: what the brakes lag behind is asked for ahead.
    lead = vehicle.brake_lag * change / period if watch.acceleration[i] < 0.0 else 0.0
    plan.acceleration[i] = max(watch.acceleration[i] + lead, -hardest)


@kernel(grain=1024)
def _forget(i, plan, no_actors, watch, masks):
    """A new episode begins in world ``i`` where the mask says so."""
    if masks[0][i]:
        forget_plan(i, plan, no_actors)
        watch.fresh[i], watch.danger[i] = 1, 0
        for n in range(watch.noticed.shape[1]):
            watch.noticed[i, n], watch.braked[i, n], watch.recent[i, n] = 0.0, 0.0, 0


class ReferenceDriver(PlanningDriver):
    """The careful and competent human driver after UN R157: brakes in time where a person would, and never evades."""

    name = "r157"
    controller = "r157"

    def _equip(self, simulator: Simulator, batch: int, slots: int) -> None:
        self.no_actors = empty_actors(batch, slots, simulator.device)
        self.watch = empty_watch(batch, slots, simulator.control_period, simulator.device)
        self.manner = same_manner(_REFERENCE, batch, simulator.device)

    def _begin(self, simulator: Simulator, masks: tuple[Any]) -> None:
        _forget(simulator.device, simulator.batch_size, self.plan, self.no_actors, self.watch, masks)

    def _decide(self, simulator: Simulator) -> None:
        device, batch, vehicle = simulator.device, simulator.batch_size, simulator.vehicle
        world, roads, state = simulator.world, simulator.roads, simulator.state
        seen, manner, plan, watch = self.actors, self.manner, self.plan, self.watch
        _look(device, batch, world, roads, state, seen, manner, plan)
        make_plan(device, batch, world, roads, self.no_actors, manner, plan, 0.5 * vehicle.length, 0.5 * vehicle.width)
        _brake(device, batch, world, roads, state, seen, manner, watch, plan, vehicle, simulator.control_period)
        follow_plan(device, batch, world, roads, plan, vehicle, (self._out,))
