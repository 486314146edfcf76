"""Placement of the ego: at the start of an episode, and in its lane after a failure."""

from __future__ import annotations

import math

from drive_sim.compute.geometry import wrap_angle
from drive_sim.compute.kernel import scalar
from drive_sim.world.ego.single_track import GRAVITY
from drive_sim.world.ego.vehicle import resistance, steady_cornering
from drive_sim.world.events import NONE_NEAR
from drive_sim.world.roads.coordinates import ahead, curvature_at, element_at, follow, nearest_element, road_point
from drive_sim.world.traffic.script import exists

MOST_ELEMENTS = 16
"""Elements the car may pass in a step, of 0.5 m at least."""
SAFE_LATERAL = 2.0
"""Largest lateral acceleration in the bends after a reset to the lane [m/s²]; less where there is little grip."""
SAFE_DECELERATION = 3.0
"""Deceleration that avoids the leading road user after a reset to the lane [m/s²]."""
ROOM = 6.0
"""Free road in front of and behind the ego after a reset to the lane [m]."""
VIEW = 60.0
"""Distance within which bends limit the speed after a reset to the lane [m]."""


@scalar
def read_road(roads, world, state, i):
    """Derive the ego's heading error and the road's curvature from the ego's road position (element, s, d)."""
    _, _, heading, _ = road_point(roads, world.road[i], state.s[i], 0.0)
    state.heading_error[i] = wrap_angle(state.yaw[i] - heading)
    state.curvature[i] = curvature_at(roads, world.road[i], state.s[i])


@scalar
def track(roads, world, state, i):
    """Update the ego's road position after it has moved, and its progress."""
    road, before = world.road[i], state.s[i]
    nearest = nearest_element(roads, road, state.x[i], state.y[i])
    if nearest < 0:  # beyond the grid around the road
        state.element[i] = -1
        return
    # From the previous element, so that a branch which comes close or crosses is not taken for the ego's own.
    start = int(state.element[i]) if state.element[i] >= 0 else nearest
    element, s, d = follow(roads, road, start, state.x[i], state.y[i], MOST_ELEMENTS)
    state.element[i], state.s[i], state.d[i] = element, s, d
    state.progress[i] += ahead(roads, road, before, s)
    read_road(roads, world, state, i)


@scalar
def settle(roads, vehicle, world, state, i, s, d, heading_error, speed):
    """Put the ego at (s, d) with ``heading_error`` [rad], in steady driving along the road at ``speed`` [m/s].

    Steering, yaw rate and slip are those that hold the bend, the engine holds the speed.
    """
    road = world.road[i]
    x, y, heading, _ = road_point(roads, road, s, d)
    bend = curvature_at(roads, road, s)
    curvature = bend / max(1.0 - bend * d, 0.2)
    steering, slip = steady_cornering(vehicle, curvature, speed, world.weather.friction[i])
    steering = min(max(steering, -vehicle.steering_max), vehicle.steering_max)
    state.x[i], state.y[i], state.yaw[i] = x, y, heading + heading_error
    state.speed[i], state.yaw_rate[i] = speed, curvature * speed
    state.steering[i], state.slip_angle[i] = steering, slip
    state.drive[i] = resistance(vehicle, speed)
    state.acceleration_x[i], state.acceleration_y[i] = 0.0, curvature * speed * speed
    state.pitch[i], state.roll[i] = 0.0, vehicle.roll_gain * state.acceleration_y[i]
    state.stalled_for[i] = 0.0
    element, s, d = follow(roads, road, element_at(roads, road, s), x, y, MOST_ELEMENTS)
    state.element[i], state.s[i], state.d[i] = element, s, d
    read_road(roads, world, state, i)


@scalar
def reset_ego(roads, vehicle, world, state, i):
    """Reset the ego to the start of its episode."""
    state.step[i] = 0
    state.time[i] = state.progress[i] = state.odometer[i] = 0.0
    state.action[i, 0] = state.action[i, 1] = 0.0
    state.events[i] = state.events_ever[i] = state.done[i] = state.interventions[i] = 0
    state.hit_actor[i] = -1
    state.gap[i] = state.time_to_collision[i] = NONE_NEAR
    settle(
        roads, vehicle, world, state, i,
        world.start_s[i], world.start_d[i], world.start_heading_error[i], world.start_speed[i],
    )  # fmt: skip


@scalar
def in_lane(vehicle, world, state, i, n):
    """Whether actor ``n`` reaches into the corridor of the ego's width in the middle of its lane."""
    reach = 0.5 * (vehicle.width + world.actors.width[i, n]) + 0.3
    return exists(world, state, i, n) and abs(state.actor_d[i, n] - world.lane_centre[i]) < reach


@scalar
def free_place(roads, vehicle, world, state, i, s):
    """The first arc length [m] from ``s`` onward where the ego's lane is free of actors."""
    road, count = world.road[i], world.actors.kind.shape[1]
    for _ in range(count):
        moved = False
        for n in range(count):
            room = 0.5 * (vehicle.length + world.actors.length[i, n]) + ROOM
            if in_lane(vehicle, world, state, i, n) and abs(ahead(roads, road, s, state.actor_s[i, n])) < room:
                s = state.actor_s[i, n] + room
                moved = True
        if not moved:
            break
    if roads.closed[road]:
        return s - roads.length[road] * math.floor(s / roads.length[road])
    return min(max(s, 0.0), max(roads.length[road] - 1.0, 0.0))


@scalar
def safe_speed(roads, vehicle, world, state, i, s):
    """Speed [m/s] for the ego at ``s`` that respects the limit, the next bends and the traffic in front."""
    road, speed = world.road[i], world.speed_limit[i]
    lateral = min(SAFE_LATERAL, 0.3 * GRAVITY * world.weather.friction[i])
    distance = 0.0
    while distance <= VIEW:
        bend = abs(curvature_at(roads, road, s + distance))
        allowed = lateral / max(bend, 1e-6) + 2.0 * SAFE_DECELERATION * distance
        speed = min(speed, math.sqrt(allowed))
        distance += 5.0
    for n in range(world.actors.kind.shape[1]):
        distance = ahead(roads, road, s, state.actor_s[i, n])
        if distance > 0.0 and in_lane(vehicle, world, state, i, n):
            gap = max(distance - 0.5 * (vehicle.length + world.actors.length[i, n]) - ROOM, 0.0)
            leader = max(float(world.actors.direction[i, n]) * state.actor_speed[i, n], 0.0)
            speed = min(speed, math.sqrt(leader * leader + 2.0 * SAFE_DECELERATION * gap))
    return speed


@scalar
def reset_ego_to_lane(roads, vehicle, world, state, i):
    """Reset the ego to the middle of its lane, past what is in the way, at a safe speed; count the intervention."""
    before = state.s[i]
    s = free_place(roads, vehicle, world, state, i, before)
    speed = safe_speed(roads, vehicle, world, state, i, s)
    settle(roads, vehicle, world, state, i, s, world.lane_centre[i], 0.0, speed)
    # Its velocity follows the lane; in a bend that is not quite its heading.
    state.yaw[i] -= state.slip_angle[i]
    state.heading_error[i] -= state.slip_angle[i]
    state.progress[i] += ahead(roads, world.road[i], before, state.s[i])
    state.interventions[i] += 1
