"""What expert and human model have in common: from the situation to an offset path and a wanted acceleration.

Every step and for every world `make_plan` looks ahead over `STATIONS` points of the road and

1. finds how fast the road may be driven, and so when each station is reached (`situation`);
2. decides which other road users to follow, to pass and to let by (`situation`);
3. searches a way round what stands or moves where the car would be by then, and smooths it (`corridor`);
4. chooses an acceleration: curves ahead, leads, oncoming cars, pedestrians who cross (`following`).

Drivers differ in what they perceive (`Actors`), in `Manner`, and in how they steer along the path.
"""

from __future__ import annotations

import math

from drive_sim.compute.kernel import inner_scalar, kernel
from drive_sim.drivers.planning.path import find_path
from drive_sim.drivers.planning.situation import (
    LEAST_SPACING,
    PASS_PATIENCE,
    STATION_TIME,
    assign_roles,
    speed_profile,
    wanted_speed,
)
from drive_sim.drivers.planning.speed import choose_acceleration
from drive_sim.world.ego.vehicle import acceleration_command, steering_command
from drive_sim.world.roads.coordinates import ahead, curvature_at, project
from drive_sim.world.state import ACTOR_NONE

LAG = 0.15
"""Time from a command to its effect [s]; a plan of `plan_ahead` begins where the car will be by then."""


@inner_scalar
def _remember(i, plan):
    """Keep the plan before, so that this one prefers what was decided then."""
    plan.previous_s[i] = plan.s[i]
    plan.previous_spacing[i] = plan.spacing[i]
    for k in range(plan.offset.shape[1]):
        plan.previous_offset[i, k] = plan.offset[i, k]


@inner_scalar
def forget_plan(i, plan, actors):
    """A new episode begins in world ``i``: no plan goes on, and no actor has been seen."""
    plan.fresh[i], plan.spacing[i] = 1, LEAST_SPACING
    for n in range(actors.kind.shape[1]):
        actors.kind[i, n] = ACTOR_NONE
        # An actor that stands there already has stood for long enough to be passed.
        actors.slow_for[i, n] = PASS_PATIENCE


@inner_scalar
def begin_plan(i, plan, s, offset, slope, speed):
    """The next plan of world ``i`` begins at (``s``, ``offset``) [m] with ``slope`` dd/ds [1] and ``speed`` [m/s]."""
    _remember(i, plan)
    plan.s[i], plan.start_offset[i], plan.start_slope[i], plan.start_speed[i] = s, offset, slope, speed
    plan.spacing[i] = max(LEAST_SPACING, STATION_TIME * speed)


@inner_scalar
def plan_ahead(i, world, roads, state, plan):
    """Begin the plan of world ``i`` where the car will be when a command takes effect."""
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


@kernel(grain=32)
def make_plan(i, world, roads, actors, manner, plan, half_length, half_width):
    """Plan for world ``i`` from where `begin_plan` put the start; half sizes [m] are the ego's."""
    speed_profile(i, world, roads, manner, plan)
    passed = assign_roles(i, world, roads, manner, actors, plan, half_width)
    find_path(i, world, roads, actors, manner, plan, half_length, half_width, passed)
    wanted = wanted_speed(world, manner, i)
    choose_acceleration(i, world, actors, manner, plan, half_length, half_width, wanted)
    plan.fresh[i] = 0


@inner_scalar
def planned_offset(plan, i, distance):
    """(offset [m], slope [1]) of the plan of world ``i`` at ``distance`` [m] from its start, clamped to its ends."""
    last = plan.offset.shape[1] - 1
    position = min(max(distance / plan.spacing[i], 0.0), last - 1e-6)
    k = int(position)
    low, high = plan.offset[i, k], plan.offset[i, k + 1]
    return low + (high - low) * (position - k), (high - low) / plan.spacing[i]


@inner_scalar
def path_curvature(road_curvature, offset, slope, bend):
    """Curvature [1/m] of a path at ``offset`` d [m] with dd/ds = ``slope`` [1] and d²d/ds² = ``bend`` [1/m].

    Werling, Ziegler, Kammel & Thrun 2010, equations of the Frenet frame with the road's curvature taken constant.
    """
    closeness = max(1.0 - road_curvature * offset, 0.2)
    angle = math.atan(slope / closeness)
    c = math.cos(angle)
    turn = (bend + road_curvature * slope * math.tan(angle)) * c * c / closeness
    return (turn + road_curvature) * c / closeness


@kernel(grain=768)
def follow_plan(i, world, roads, plan, vehicle, out):
    """Action of world ``i`` that follows its plan."""
    kappa = curvature_at(roads, world.road[i], plan.s[i])
    kappa = path_curvature(kappa, plan.start_offset[i], plan.start_slope[i], plan.bend[i])
    out[0][i, 0] = steering_command(vehicle, kappa, plan.start_speed[i])
    out[0][i, 1] = acceleration_command(vehicle, plan.acceleration[i], plan.start_speed[i])
