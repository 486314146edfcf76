"""A model of a person at the wheel, for when there is none: two points to steer by, and a person's shortcomings.

Steering follows the two-point visual control model (Salvucci & Gray 2004, "A two-point visual control model of
steering", Perception 33): the change of the steering is

    k_f Δθ_far + k_n Δθ_near + k_I min(θ_near, θ_max) Δt,

with the directions θ to a near and a far point of the wanted path. Two refits. The law commands path curvature, not
a steering wheel's angle (a person knows how far to turn the own car's wheel at each speed), which makes its gains
lengths: k = share / distance. And the integral judges the near point against the arc through the far point, without
which the car would settle well inside of every tight bend. With share_far + share_near = 2 an arc needs no
correction; with near and far 0.8 and 1.5 s ahead the lateral poles on a straight road have about 1.2 rad/s and a
damping of 0.7 before the driver's delay. (Neumann & Deml 2011 find drivers' regions at about 8 m and 0.9 s.)

Speed is IDM and curve speed as in `following`; what is perceived, and how late and how wrongly, is in `perception`.
The wanted path is planned as the expert's is, but goes on from what was wanted a moment ago, not from where the car
is: a person corrects errors by looking, not by planning anew. A driver's style (cautious or brisk) is drawn for each
world from its seed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.geometry import to_local
from drive_sim.compute.kernel import allocate, inner_scalar, kernel, to_host
from drive_sim.compute.randomness import STREAM_HUMAN_MODEL, random_uniform
from drive_sim.drivers.human.perception import (
    attend,
    drift_senses,
    empty_senses,
    perceive_actors,
    remember_angles,
    settle_senses,
)
from drive_sim.drivers.planning.plan import begin_plan, forget_plan, make_plan, planned_offset
from drive_sim.drivers.planning.planner import PlanningDriver
from drive_sim.drivers.planning.situation import Manner, time_slowness
from drive_sim.world.ego.vehicle import acceleration_command, steering_command
from drive_sim.world.roads.coordinates import ahead, curvature_at, road_point
from drive_sim.world.state import ACTOR_NONE

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator

NEAR_TIME, FAR_TIME = 0.8, 1.5
"""The two points lie this far ahead [s] ..."""
NEAR_LEAST, FAR_LEAST = 5.0, 9.0
"""... and never nearer than this [m]."""
NEAR_SHARE, FAR_SHARE = 0.6, 1.4
"""k D of each point [1]."""
INTEGRAL_RATE = 0.35
"""k_I over k_n [1/s]."""
ANGLE_MOST = 0.07
"""θ_max: larger near angles are no more urgent [rad]."""
FOOT_TIME = 0.25
"""Time in which the foot follows what the driver wants [s]; half of it when braking hard."""
LOST = 1.3
"""Further than this from the wanted path [m], a driver thinks again about where to go."""
LATEST, EARLIEST = 1.0, 2.6
"""Headways at which a late driver notices an actor in the way [s]."""
IN_THE_WAY = 0.8
"""Lane widths from the lane's centre within which an actor is in the way of a late driver [1]."""
CLEAR_SIGHT, NIGHT_SIGHT = 250.0, 110.0
"""How far actors are seen by day and at night [m]; in fog no further than they are visible."""

_STYLE = 50  # indices of draws at step 0 of the stream


@lasting
class Mind(NamedTuple):
    """What the driver carries from step to step; float64 (B) unless said."""

    near: Any  # [rad] angle to the near point when last looked at
    far: Any  # [rad]
    curvature: Any  # [1/m] that the hands hold
    pedal: Any  # [m/s²] that the foot holds
    attentive: Any  # uint8 (B)
    interventions: Any  # int32 (B) lane resets so far: after one, think again
    speed_share: Any  # wanted speed over the limit without drift [1]
    fresh: Any  # uint8 (B): hands and foot have yet to begin
    lateness: Any  # [s] of headway at which an actor in the way is noticed at last; 0: in time
    dreaming: Any  # uint8 (B): no actor has been noticed yet


@inner_scalar
def _between(seed, index, low, high):
    """A number in [low, high) that is this driver's for the whole episode."""
    return low + (high - low) * random_uniform(seed, STREAM_HUMAN_MODEL, 0, _STYLE + index)


@kernel(grain=256)
def _become(i, world, state, manner, senses, mind, plan, actors, late, masks):
    """Draw a new driver for world ``i`` where the mask says so: style, delays, eyes."""
    if not masks[0][i]:
        return
    seed = world.seed[i]
    brisk = _between(seed, 0, 0.0, 1.0)
    mind.speed_share[i] = 0.84 + 0.14 * brisk
    manner.lateral_acceleration[i] = 1.7 + 0.9 * brisk
    manner.acceleration[i] = 1.3 + 0.7 * brisk
    manner.deceleration[i] = 1.6 + 0.7 * brisk
    manner.headway[i] = 1.9 - 0.6 * brisk
    manner.standstill_gap[i] = _between(seed, 1, 3.0, 5.0)
    manner.clearance[i] = 1.2 - 0.3 * _between(seed, 2, 0.0, 1.0)
    manner.least_clearance[i] = 0.45
    manner.lateral_time[i] = _between(seed, 3, 0.9, 1.15)
    sight = CLEAR_SIGHT + (NIGHT_SIGHT - CLEAR_SIGHT) * world.weather.night[i]
    manner.sight[i] = min(sight, 0.8 * world.weather.fog_visibility[i])
    senses.hazard_delay[i] = int(_between(seed, 4, 10.0, 17.0))
    senses.steering_delay[i] = int(_between(seed, 5, 3.0, 5.0))
    senses.lapse_rate[i] = _between(seed, 6, 0.01, 0.03)
    senses.place[i] = _between(seed, 7, -0.15, 0.15)
    settle_senses(i, seed, senses)
    mind.interventions[i] = state.interventions[i]
    mind.fresh[i] = 1
    mind.lateness[i] = _between(seed, 8, LATEST, EARLIEST) if late else 0.0
    mind.dreaming[i] = 1 if late else 0
    forget_plan(i, plan, actors)


@inner_scalar
def _dream(i, world, roads, state, actors, mind):
    """End the inattention if an actor is in the way and near, else perceive none."""
    for n in range(actors.kind.shape[1]):
        gap = ahead(roads, world.road[i], state.s[i], state.actor_s[i, n])
        reach = mind.lateness[i] * (state.speed[i] + max(-actors.speed[i, n], 0.0)) + 0.5 * world.actors.length[i, n]
        beside = abs(state.actor_d[i, n] - world.lane_centre[i])
        if actors.kind[i, n] != ACTOR_NONE and 0.0 < gap < reach and beside < IN_THE_WAY * world.lane_width[i]:
            mind.dreaming[i] = 0
            return
    for n in range(actors.kind.shape[1]):
        actors.kind[i, n] = ACTOR_NONE


@kernel(grain=192)
def _look(i, world, roads, state, actors, manner, senses, mind, plan, period):
    """Perceive, drift, and begin the plan of world ``i`` where the wanted path has led to."""
    seed, step, road = world.seed[i], state.step[i], world.road[i]
    speed = state.speed[i]
    drift_senses(i, seed, step, senses, period)
    bend = curvature_at(roads, road, state.s[i] + 1.5 * speed)
    bend = max(abs(bend), abs(curvature_at(roads, road, state.s[i] + 0.7 * speed)))
    attentive = attend(i, seed, step, senses, plan, bend * speed * speed, period)
    mind.attentive[i] = 1 if attentive else 0
    perceive_actors(i, step, world, roads, state, actors, senses, manner.sight[i], attentive, period)
    if mind.dreaming[i]:
        _dream(i, world, roads, state, actors, mind)
    time_slowness(i, actors, period)
    manner.speed_share[i] = mind.speed_share[i] * (1.0 + senses.speed_wander[i])
    plan.bias[i] = senses.place[i] + senses.wander[i]
    moved = ahead(roads, road, plan.s[i], state.s[i])
    offset, slope = planned_offset(plan, i, moved)
    if state.interventions[i] != mind.interventions[i] or abs(offset - state.d[i]) > LOST:
        mind.interventions[i] = state.interventions[i]
        plan.fresh[i] = mind.fresh[i] = 1
    if plan.fresh[i]:
        offset, slope = state.d[i], math.tan(min(max(state.heading_error[i], -1.0), 1.0))
    begin_plan(i, plan, state.s[i], offset, slope, speed)


@inner_scalar
def _direction(i, world, roads, state, plan, distance):
    """Angle [rad] from the car's axis to the point of the planned path ``distance`` [m] ahead along the road."""
    offset, _ = planned_offset(plan, i, distance)
    x, y, _, _ = road_point(roads, world.road[i], state.s[i] + distance, offset)
    forward, left = to_local(x, y, state.x[i], state.y[i], state.yaw[i])
    return math.atan2(left, max(forward, 0.5))


@inner_scalar
def _steer(i, world, roads, state, senses, mind, plan, period):
    """Curvature [1/m] by the two-point law."""
    speed = state.speed[i]
    near_distance = max(NEAR_TIME * speed, NEAR_LEAST)
    far_distance = max(FAR_TIME * speed, FAR_LEAST)
    near = _direction(i, world, roads, state, plan, near_distance)
    far = _direction(i, world, roads, state, plan, far_distance)
    near, far = remember_angles(i, state.step[i], near, far, senses, mind.fresh[i] != 0)
    near_gain, far_gain = NEAR_SHARE / near_distance, FAR_SHARE / far_distance
    if mind.fresh[i]:
        mind.curvature[i] = near_gain * near + far_gain * far
    elif mind.attentive[i]:
        error = near - far * near_distance / far_distance
        error = min(max(error, -ANGLE_MOST), ANGLE_MOST)
        change = far_gain * (far - mind.far[i]) + near_gain * (near - mind.near[i])
        mind.curvature[i] += change + INTEGRAL_RATE * near_gain * error * period
    if mind.attentive[i] or mind.fresh[i]:
        mind.near[i], mind.far[i] = near, far


@kernel(grain=512)
def _act(i, world, roads, state, senses, mind, plan, vehicle, period, out):
    """Action of world ``i``: hands by the two-point law, the foot after what the plan wants."""
    _steer(i, world, roads, state, senses, mind, plan, period)
    wanted = plan.acceleration[i]
    if mind.fresh[i]:
        mind.pedal[i] = wanted
    elif mind.attentive[i]:
        quickness = FOOT_TIME if wanted > -3.0 else 0.5 * FOOT_TIME
        mind.pedal[i] += (wanted - mind.pedal[i]) * period / quickness
    mind.fresh[i] = 0
    speed = state.speed[i]
    out[0][i, 0] = steering_command(vehicle, mind.curvature[i], speed)
    out[0][i, 1] = acceleration_command(vehicle, mind.pedal[i], speed)


class HumanModelDriver(PlanningDriver):
    """Drives as a person might: the demonstrator where no person does.

    Privileged, because it reads the road's geometry and the actors' places from the simulator's state, though only
    through delay and noise, and nothing of whom another road user hides.

    Parameters
    ----------
    late
        Whether it notices no actor until one is in the way and a second or two ahead, once in each episode: what
        is driven after that teaches how to get out of what a better driver never gets into (disturbances for the
        demonstrator's own corrections, as in DART: Laskey, Lee, Fox, Dragan & Goldberg 2017).
    """

    name = "human-model"
    controller = "human-model"

    def __init__(self, late: bool = False) -> None:
        super().__init__()
        self.late = late

    @property
    def awake(self) -> NDArray[np.bool_]:
        """(B) whether it is to be imitated: it does not dream."""
        return np.asarray(to_host(self.mind.dreaming) == 0)

    def _equip(self, simulator: Simulator, batch: int, slots: int) -> None:
        device = simulator.device
        self.senses = empty_senses(batch, slots, device)
        self.manner = Manner(*(allocate(device, (batch,), np.float64) for _ in Manner._fields))
        types = {"interventions": np.int32} | dict.fromkeys(("attentive", "fresh", "dreaming"), np.uint8)
        self.mind = Mind(*(allocate(device, (batch,), types.get(name, np.float64)) for name in Mind._fields))

    def _begin(self, simulator: Simulator, masks: tuple[Any]) -> None:
        """Draw other drivers for the worlds of the mask."""
        _become(
            simulator.device, simulator.batch_size, simulator.world, simulator.state, self.manner, self.senses,
            self.mind, self.plan, self.actors, int(self.late), masks,
        )  # fmt: skip

    def _decide(self, simulator: Simulator) -> None:
        device, batch, vehicle = simulator.device, simulator.batch_size, simulator.vehicle
        world, roads, state = simulator.world, simulator.roads, simulator.state
        actors, manner, plan, senses, mind = self.actors, self.manner, self.plan, self.senses, self.mind
        period = simulator.control_period
        _look(device, batch, world, roads, state, actors, manner, senses, mind, plan, period)
        make_plan(device, batch, world, roads, actors, manner, plan, 0.5 * vehicle.length, 0.5 * vehicle.width)
        _act(device, batch, world, roads, state, senses, mind, plan, vehicle, period, (self._out,))
