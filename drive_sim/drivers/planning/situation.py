"""The situation as a driver with a map in the head sees it: other road users, how fast the road may be driven.

`Actors` is what is perceived, `Manner` the driver's style, `Plan` what is made of both (`planning`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import allocate, inner_scalar
from drive_sim.world.ego.single_track import GRAVITY
from drive_sim.world.roads.coordinates import ahead, curvature_at, road_point
from drive_sim.world.state import ACTOR_CYCLIST, ACTOR_NONE, ACTOR_PEDESTRIAN

STATIONS = 48
"""K: points ahead at which a plan is made."""
STATION_TIME = 0.2
"""Stations are this far apart at the present speed [s] ..."""
LEAST_SPACING = 1.0
"""... and never nearer together than this [m]."""
CELLS = 49
"""J: lateral cells in which a way is searched, the middle one on the lane's centre."""
CELL = 0.25
"""Width of a cell [m]."""

ROLE_NONE, ROLE_FOLLOW, ROLE_PASS, ROLE_WALKER = 0, 1, 2, 3
"""What another road user means to the plan: nothing; keep behind it; find a way round it; let it cross."""
PASS_SPEED = 1.5
"""An actor slower than this [m/s] is passed where there is room, after `PASS_PATIENCE` [s]; others are followed ..."""
PASS_PATIENCE = 1.0
PASS_SHARE = 0.6
"""... but for cyclists and pedestrians, who are passed if slower than this share of the wanted speed [1]."""
CUT_IN_TIME = 1.5
"""Sideways movement of vehicles is continued for this long [s]."""
WALKING = 0.2
"""A pedestrian who moves sideways faster than this is crossing [m/s]."""
ONCOMING = -0.5
"""An actor with a smaller speed along the road than this is oncoming [m/s]."""
BESIDE = 4.0
"""[m] past the middle of the car, an actor's end is behind it."""
FURTHEST = 400.0
"""Nothing further ahead than this matters [m]."""


@lasting
class Manner(NamedTuple):
    """Driving style; float64 (B)."""

    speed_share: Any  # wanted speed over the speed limit [1]
    lateral_acceleration: Any  # in curves, at friction 1 [m/s²]
    acceleration: Any  # comfortable, IDM's a [m/s²]
    deceleration: Any  # comfortable, IDM's b [m/s²]
    headway: Any  # to a lead, IDM's T [s]
    standstill_gap: Any  # behind something that stands, IDM's s0 [m]
    clearance: Any  # beside an obstacle where there is room [m]
    least_clearance: Any  # beside an obstacle where there is none [m]
    lateral_time: Any  # length scale of lateral moves over speed [s]
    sight: Any  # how far anything is seen [m]


@lasting
class Actors(NamedTuple):
    """The other road users as the driver perceives them, in the road frame; float64 (B, N) unless said."""

    kind: Any  # uint8 ACTOR_*; ACTOR_NONE where no actor is seen
    s: Any  # [m]
    d: Any  # [m]
    speed: Any  # [m/s] rate of s, negative when oncoming
    acceleration: Any  # [m/s²] rate of speed
    lateral_speed: Any  # [m/s] rate of d
    half_length: Any  # [m] half of what the box covers along the road
    half_width: Any  # [m] and across it
    slow_for: Any  # [s] for how long it has been slow enough to be passed


@lasting
class Plan(NamedTuple):
    """Where and how fast to go; float64 unless said. Station k lies at s + k * spacing."""

    s: Any  # (B) [m] road point where the plan begins
    start_offset: Any  # (B) [m] d there
    start_slope: Any  # (B) [1] dd/ds there
    start_speed: Any  # (B) [m/s]
    bias: Any  # (B) [m] wanted offset from the lane's centre; the driver's to set
    fresh: Any  # uint8 (B): there is no plan that this one continues
    spacing: Any  # (B) [m]
    offset: Any  # (B, K) [m] planned d
    bend: Any  # (B) [1/m] second derivative of the offset at the start
    acceleration: Any  # (B) [m/s²] wanted
    waits: Any  # uint8 (B): the way on is blocked for now
    speed: Any  # (B, K) [m/s] largest speed from which everything ahead can be done in comfort
    time: Any  # (B, K) [s] from now until the station is reached
    lower: Any  # (B, K) [m] the path stays to the left of this ...
    upper: Any  # (B, K) [m] ... and to the right of this
    gap: Any  # (B, N) [m] from the plan's start to each actor's middle along the road
    role: Any  # uint8 (B, N) ROLE_*
    previous_s: Any  # (B) the plan before: where it began, ...
    previous_spacing: Any  # (B)
    previous_offset: Any  # (B, K)
    cells: Any  # float32 (B, K, J) cost of being there; scratch
    best: Any  # float32 (B, 2, J) scratch
    back: Any  # int8 (B, K, J) scratch
    band: Any  # (B, 4, K) scratch


def empty_plan(batch: int, actors: int, device: str = "cpu") -> Plan:
    """A zeroed `Plan` for B worlds with N actor slots."""
    shapes: dict[str, tuple[int, ...]] = {
        "cells": (batch, STATIONS, CELLS),
        "best": (batch, 2, CELLS),
        "back": (batch, STATIONS, CELLS),
        "band": (batch, 4, STATIONS),
        "gap": (batch, actors),
        "role": (batch, actors),
    }
    shapes |= dict.fromkeys(("offset", "speed", "time", "lower", "upper", "previous_offset"), (batch, STATIONS))
    types: dict[str, Any] = {"cells": np.float32, "best": np.float32, "back": np.int8}
    types |= dict.fromkeys(("fresh", "waits", "role"), np.uint8)
    return Plan(*(allocate(device, shapes.get(name, (batch,)), types.get(name, np.float64)) for name in Plan._fields))


def empty_actors(batch: int, actors: int, device: str = "cpu") -> Actors:
    """Zeroed `Actors` for B worlds with N slots: no actor is seen."""
    return Actors(
        *(allocate(device, (batch, actors), np.uint8 if name == "kind" else np.float64) for name in Actors._fields)
    )


@inner_scalar
def curve_limit(world, manner, i):
    """Lateral acceleration that the driver of world ``i`` allows [m/s²]: well within what the road holds."""
    friction = world.weather.friction[i]
    return min(manner.lateral_acceleration[i] * min(1.0, 0.2 + 0.8 * friction), 0.45 * GRAVITY * friction)


@inner_scalar
def wanted_speed(world, manner, i):
    """Speed on a clear straight [m/s]: the limit's share, and no faster than to stop within sight."""
    braking = min(3.5, 0.5 * GRAVITY * world.weather.friction[i])
    # v t_r + v² / (2 b) = sight, with a reaction time of a second.
    stop_in_sight = -braking + math.sqrt(braking * braking + 2.0 * braking * manner.sight[i])
    return min(manner.speed_share[i] * world.speed_limit[i], stop_in_sight)


@inner_scalar
def speed_profile(i, world, roads, manner, plan):
    """Largest comfortable speed at each station (curves, then braking for them), and the times of arrival."""
    road = world.road[i]
    spacing = plan.spacing[i]
    limit = curve_limit(world, manner, i)
    wanted = wanted_speed(world, manner, i)
    for k in range(plan.offset.shape[1]):
        sharpest = 0.0
        for part in range(3):
            kappa = curvature_at(roads, road, plan.s[i] + (k + part / 3.0) * spacing)
            kappa /= max(1.0 - kappa * world.lane_centre[i], 0.2)
            sharpest = max(sharpest, abs(kappa))
        plan.speed[i, k] = min(wanted, math.sqrt(limit / max(sharpest, 1e-6)))
    brake_backwards(i, manner, plan)
    arrival_times(i, manner, plan)


@inner_scalar
def brake_backwards(i, manner, plan):
    """Lower the speeds ahead of each station so that comfortable braking leads to the speed there."""
    gain = 2.0 * manner.deceleration[i] * plan.spacing[i]
    for k in range(plan.speed.shape[1] - 2, -1, -1):
        plan.speed[i, k] = min(plan.speed[i, k], math.sqrt(plan.speed[i, k + 1] ** 2 + gain))


@inner_scalar
def arrival_times(i, manner, plan):
    """When each station is reached, from the present speed and with comfortable accelerations."""
    speed = plan.start_speed[i]
    spacing = plan.spacing[i]
    plan.time[i, 0] = 0.0
    for k in range(1, plan.time.shape[1]):
        faster = math.sqrt(speed * speed + 2.0 * manner.acceleration[i] * spacing)
        # A driver that is too fast does not slow down at once.
        slower = math.sqrt(max(speed * speed - 2.0 * manner.deceleration[i] * spacing, 0.0))
        following = max(min(faster, plan.speed[i, k]), slower)
        plan.time[i, k] = plan.time[i, k - 1] + spacing / max(0.5 * (speed + following), 0.3)
        speed = following


@inner_scalar
def comes_towards(i, n, actors):
    """Whether actor ``n`` is oncoming traffic, which keeps to its right; a pedestrian keeps to the edge."""
    return actors.speed[i, n] < ONCOMING and actors.kind[i, n] != ACTOR_PEDESTRIAN


@inner_scalar
def assign_roles(i, world, roads, manner, actors, plan, half_width):
    """What every other road user means; returns how many a way round has to be found for."""
    wanted = wanted_speed(world, manner, i)
    passed = 0
    for n in range(actors.kind.shape[1]):
        plan.role[i, n] = ROLE_NONE
        if actors.kind[i, n] == ACTOR_NONE:
            continue
        gap = ahead(roads, world.road[i], plan.s[i], actors.s[i, n])
        plan.gap[i, n] = gap
        speed = actors.speed[i, n]
        behind = gap < -(actors.half_length[i, n] + BESIDE)
        if gap > FURTHEST or (behind and (speed <= plan.start_speed[i] or gap < -80.0)):
            continue
        reach = actors.half_width[i, n] + half_width + 0.3
        offset = actors.d[i, n] - world.lane_centre[i]
        in_lane = min(abs(offset), abs(offset + CUT_IN_TIME * actors.lateral_speed[i, n])) < reach
        if in_lane and behind:
            continue
        passable = actors.slow_for[i, n] >= PASS_PATIENCE
        if actors.kind[i, n] == ACTOR_PEDESTRIAN or actors.kind[i, n] == ACTOR_CYCLIST:
            passable = speed < PASS_SHARE * wanted
        if actors.kind[i, n] == ACTOR_PEDESTRIAN and abs(actors.lateral_speed[i, n]) > WALKING:
            plan.role[i, n] = ROLE_WALKER
        elif in_lane and speed > ONCOMING and not passable:
            plan.role[i, n] = ROLE_FOLLOW
        else:
            plan.role[i, n] = ROLE_PASS
            passed += 1
    return passed


@inner_scalar
def road_extent(length, width, turn):
    """(half along, half across) [m] of a box turned by ``turn`` [rad] against the road."""
    c, s = abs(math.cos(turn)), abs(math.sin(turn))
    return 0.5 * (length * c + width * s), 0.5 * (length * s + width * c)


@inner_scalar
def see_actor(i, n, world, roads, state, actors, sight):
    """Put the true actor ``n`` of world ``i`` into ``actors``, unless it is further than ``sight`` [m] away."""
    road = world.road[i]
    distance = ahead(roads, road, state.s[i], state.actor_s[i, n])
    if world.actors.kind[i, n] == ACTOR_NONE or abs(distance) > sight:
        actors.kind[i, n] = ACTOR_NONE
        return
    _, _, heading, _ = road_point(roads, road, state.actor_s[i, n], 0.0)
    turn = state.actor_yaw[i, n] - heading
    actors.kind[i, n] = world.actors.kind[i, n]
    actors.s[i, n], actors.d[i, n] = state.actor_s[i, n], state.actor_d[i, n]
    direction = float(world.actors.direction[i, n])
    actors.speed[i, n] = direction * state.actor_speed[i, n]
    actors.acceleration[i, n] = direction * state.actor_acceleration[i, n]
    actors.lateral_speed[i, n] = state.actor_lateral_speed[i, n]
    half_length, half_width = road_extent(world.actors.length[i, n], world.actors.width[i, n], turn)
    actors.half_length[i, n], actors.half_width[i, n] = half_length, half_width


@inner_scalar
def time_slowness(i, actors, period):
    """Advance how long each actor has been slow enough to be passed, by ``period`` [s]."""
    for n in range(actors.kind.shape[1]):
        if actors.speed[i, n] > PASS_SPEED:
            actors.slow_for[i, n] = 0.0
        else:
            actors.slow_for[i, n] += period
