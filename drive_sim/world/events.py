"""What happened to the ego in a step: contact, clearance, time to collision, and where its wheels are."""

from __future__ import annotations

import math

from drive_sim.compute.kernel import scalar
from drive_sim.world.collision import NO_CONTACT, box_distance, make_box, swept_contact
from drive_sim.world.roads.coordinates import ahead, arc_project
from drive_sim.world.roads.road import EDGE_RAIL, RAIL_OFFSET
from drive_sim.world.state import (
    ACTOR_CONE,
    ACTOR_CYCLIST,
    ACTOR_DEBRIS,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION,
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_LANE_DEPARTURE,
    EVENT_NAMES,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_STALL,
    EVENT_TIME_OUT,
    EVENT_WRONG_WAY,
)
from drive_sim.world.traffic.actors import ego_speed_along
from drive_sim.world.traffic.script import exists

GRAVEST_FIRST = (
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_VEHICLE,
    EVENT_COLLISION_STATIC,
    EVENT_OFF_ROAD,
    EVENT_WRONG_WAY,
    EVENT_STALL,
)
"""The failures in order of severity: an injured person counts before the guard rail at which the car came to rest."""
FAILURES = EVENT_COLLISION | EVENT_OFF_ROAD | EVENT_WRONG_WAY | EVENT_STALL
"""Events that end an episode or reset the ego to its lane: those of `GRAVEST_FIRST`."""
FAILURE_NAMES = tuple(EVENT_NAMES[event] for event in GRAVEST_FIRST)
"""Names of the failures, gravest first."""
OFF_CENTRE = 1.0
"""The reference point is off centre beyond this distance from the lane's centre [m]."""
STALL_TIME = 5.0
"""Standing for this long with nothing in the way is a stall [s]."""
STALL_SPEED = 0.2
"""Slower than this is standing [m/s]."""
STALL_VIEW = 15.0
"""An actor within this gap ahead is a reason to stand [m]."""
STALL_MARGIN = 1.0
"""... and one this far beside the ego's path [m]."""
NEAR = 50.0
"""Clearance is measured to actors nearer than this [m]."""
NONE_NEAR = 1e6
"""Gap [m] and time to collision [s] when there is nothing."""


def gravest(events: int) -> int:
    """The gravest failure of an event mask as one EVENT_* bit; 0 if the mask holds no failure."""
    return next((event for event in GRAVEST_FIRST if events & event), 0)


def event_names(events: int) -> tuple[str, ...]:
    """Names of the events of a mask: failures first, the gravest at their head."""
    failures = [EVENT_NAMES[event] for event in GRAVEST_FIRST if events & event]
    return (*failures, *(name for event, name in EVENT_NAMES.items() if events & event & ~FAILURES))


@scalar
def collision_event(kind):
    """EVENT_COLLISION_* of contact with an actor of class ``kind``."""
    if kind in (ACTOR_PEDESTRIAN, ACTOR_CYCLIST):
        return EVENT_COLLISION_PEDESTRIAN
    if kind in (ACTOR_CONE, ACTOR_DEBRIS):
        return EVENT_COLLISION_STATIC
    return EVENT_COLLISION_VEHICLE


@scalar
def meet_actor(vehicle, world, state, i, n, ego_before, actor_before):
    """Contact with actor ``n`` during the step and clearance after it: (time in 0..1 or NO_CONTACT, gap [m]).

    Poses before the step are (x, y, yaw). Actors further than `NEAR` have a gap of `NONE_NEAR`.
    """
    actors = world.actors
    length, width = actors.length[i, n], actors.width[i, n]
    ego = (state.x[i], state.y[i], state.yaw[i])
    actor = (state.actor_x[i, n], state.actor_y[i, n], state.actor_yaw[i, n])
    dx, dy = actor[0] - ego[0], actor[1] - ego[1]
    radius = 0.5 * (
        math.sqrt(length * length + width * width)
        + math.sqrt(vehicle.length * vehicle.length + vehicle.width * vehicle.width)
    )
    distance = math.sqrt(dx * dx + dy * dy)
    if distance - radius > NEAR:
        return NO_CONTACT, NONE_NEAR
    move_x = actor[0] - actor_before[0] - ego[0] + ego_before[0]
    move_y = actor[1] - actor_before[1] - ego[1] + ego_before[1]
    time = NO_CONTACT
    if distance <= radius + math.sqrt(move_x * move_x + move_y * move_y):
        size = (vehicle.length, vehicle.width)
        time = swept_contact(ego_before, ego, size, actor_before, actor, (length, width))
        if time <= 1.0:
            return time, 0.0
    if distance - radius >= state.gap[i]:  # it cannot be nearer than one already seen
        return time, NONE_NEAR
    box = make_box(ego[0], ego[1], ego[2], vehicle.length, vehicle.width)
    return time, box_distance(box, make_box(actor[0], actor[1], actor[2], length, width))


@scalar
def path_gap(roads, vehicle, world, state, i, n, margin):
    """Gap [m] along the road to actor ``n`` if it is ahead in the ego's path, or `NONE_NEAR`.

    The path keeps the ego's offset from the road's line and is ``margin`` [m] wider on each side than the two boxes.
    """
    actors = world.actors
    if abs(state.actor_d[i, n] - state.d[i]) > 0.5 * (vehicle.width + actors.width[i, n]) + margin:
        return NONE_NEAR
    distance = ahead(roads, world.road[i], state.s[i], state.actor_s[i, n])
    if distance <= 0.0:
        return NONE_NEAR
    return max(distance - 0.5 * (vehicle.length + actors.length[i, n]), 0.0)


@scalar
def look_ahead(roads, vehicle, world, state, i):
    """(time to collision [s] with the nearest actor in the ego's path, gap [m] to the nearest to stand still for)."""
    nearest, closing, reason = NONE_NEAR, 0.0, NONE_NEAR
    along = ego_speed_along(state, i)
    for n in range(world.actors.kind.shape[1]):
        if not exists(world, state, i, n):
            continue
        gap = path_gap(roads, vehicle, world, state, i, n, 0.0)
        if gap < nearest:
            nearest = gap
            closing = along - float(world.actors.direction[i, n]) * state.actor_speed[i, n]
        reason = min(reason, path_gap(roads, vehicle, world, state, i, n, STALL_MARGIN))
    if nearest < NONE_NEAR and closing > 1e-3:
        return min(nearest / closing, NONE_NEAR), reason
    return NONE_NEAR, reason


@scalar
def offset_of(state, i, forward, left):
    """d [m] of a point of the ego, given in the car's frame [m], on a road that keeps its curvature below the car."""
    c, s = math.cos(state.heading_error[i]), math.sin(state.heading_error[i])
    _, d = arc_project(c * forward - s * left, state.d[i] + s * forward + c * left, state.curvature[i])
    return d


@scalar
def reach_sideways(state, i, front, rear, half_width):
    """(smallest, largest) d [m] of the four points at ``front``, ``rear`` and ±``half_width`` of the ego."""
    a, b = offset_of(state, i, front, half_width), offset_of(state, i, front, -half_width)
    c, d = offset_of(state, i, rear, half_width), offset_of(state, i, rear, -half_width)
    return min(min(a, b), min(c, d)), max(max(a, b), max(c, d))


@scalar
def hits_rail(roads, vehicle, world, state, i, paved_right, paved_left):
    """Whether a corner of the car is past a guard rail."""
    road = world.road[i]
    rail_left = roads.edge_left[road] == EDGE_RAIL
    rail_right = roads.edge_right[road] == EDGE_RAIL
    if not (rail_left or rail_right):
        return False
    right, left = reach_sideways(state, i, 0.5 * vehicle.length, -0.5 * vehicle.length, 0.5 * vehicle.width)
    return (rail_left and left > paved_left + RAIL_OFFSET) or (rail_right and right < -paved_right - RAIL_OFFSET)


@scalar
def place_events(roads, vehicle, world, state, i):
    """EVENT_* bits that follow from where the ego is on the road."""
    if state.element[i] < 0:
        return EVENT_OFF_ROAD | EVENT_OFF_CENTRE | EVENT_LANE_DEPARTURE
    road, d = world.road[i], state.d[i]
    element = roads.element_start[road] + state.element[i]
    paved_left, paved_right = roads.paved_left[element], roads.paved_right[element]
    events = 0
    if d > paved_left or d < -paved_right or abs(d) < 0.5 * roads.median[road]:
        events |= EVENT_OFF_ROAD
    if hits_rail(roads, vehicle, world, state, i, paved_right, paved_left):
        events |= EVENT_COLLISION_STATIC
    offset = abs(d - world.lane_centre[i])
    if offset > OFF_CENTRE:
        events |= EVENT_OFF_CENTRE
    if abs(state.heading_error[i]) > 0.5 * math.pi:
        events |= EVENT_WRONG_WAY
    # The outer edges of the wheels are as far apart as the body is wide.
    right, left = reach_sideways(state, i, vehicle.front_axle, -vehicle.rear_axle, 0.5 * vehicle.width)
    half_lane = 0.5 * world.lane_width[i]
    if right < world.lane_centre[i] - half_lane or left > world.lane_centre[i] + half_lane:
        events |= EVENT_LANE_DEPARTURE
    return events


@scalar
def progress_events(world, state, reason, i, period):
    """EVENT_* bits of the clock and of progress, and the count of the time stood without a ``reason`` (a gap [m])."""
    if state.speed[i] < STALL_SPEED and reason > STALL_VIEW:
        state.stalled_for[i] += period
    else:
        state.stalled_for[i] = 0.0
    events = 0
    if state.stalled_for[i] > STALL_TIME:
        events |= EVENT_STALL
    if state.progress[i] >= world.route_length[i]:
        events |= EVENT_FINISH
    if state.time[i] >= world.time_limit[i]:
        events |= EVENT_TIME_OUT
    return events
