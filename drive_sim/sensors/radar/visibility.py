"""What is visible to a radar: where a road user reflects, and how much of it is not occluded.

Each road user is one target, at the point of its box nearest to the radar (a flat side reflects like a mirror) or at
the nearest point that is still within the beams and not behind others.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from drive_sim.compute.geometry import to_local, to_world, wrap_angle
from drive_sim.compute.kernel import inner_scalar
from drive_sim.sensors.lidar import ray_box
from drive_sim.sensors.radar.beams import beam_of
from drive_sim.world.state import ACTOR_NONE

RAYS = 5
"""Rays over a road user's width that tell how much of it is visible."""


class RadarPose(NamedTuple):
    """Where a radar is and how it moves in the world."""

    x: float
    y: float
    yaw: float
    velocity_x: float
    velocity_y: float


@inner_scalar
def radar_pose(world, state, model, i):
    """Pose of the radar of world ``i``; its velocity is the car's and, off the reference point, that of turning."""
    x, y = to_world(model.x, model.y, state.x[i], state.y[i], state.yaw[i])
    course = state.yaw[i] + state.slip_angle[i]
    return RadarPose(
        x,
        y,
        state.yaw[i] + model.yaw,
        state.speed[i] * math.cos(course) - state.yaw_rate[i] * (y - state.y[i]),
        state.speed[i] * math.sin(course) + state.yaw_rate[i] * (x - state.x[i]),
    )


@inner_scalar
def ray_actor(world, state, i, n, x, y, direction_x, direction_y):
    """Distance [m] at which a ray meets the box of road user ``n``; inf if it does not."""
    yaw = state.actor_yaw[i, n]
    forward, left = to_local(x, y, state.actor_x[i, n], state.actor_y[i, n], yaw)
    along, across = to_local(direction_x, direction_y, 0.0, 0.0, yaw)
    return ray_box(forward, left, along, across, 0.5 * world.actors.length[i, n], 0.5 * world.actors.width[i, n])


@inner_scalar
def is_occluded(world, state, i, but, x, y, angle, distance):
    """Whether another road user than ``but`` stands nearer than ``distance`` in the direction ``angle``."""
    direction_x, direction_y = math.cos(angle), math.sin(angle)
    for n in range(world.actors.kind.shape[1]):
        if n == but or world.actors.kind[i, n] == ACTOR_NONE:
            continue
        if ray_actor(world, state, i, n, x, y, direction_x, direction_y) < distance:
            return True
    return False


@inner_scalar
def nearest_point(world, state, i, n, x, y):
    """The point (x, y) of road user ``n`` that is nearest to (x, y): where a flat side reflects like a mirror."""
    yaw = state.actor_yaw[i, n]
    forward, left = to_local(x, y, state.actor_x[i, n], state.actor_y[i, n], yaw)
    half_length, half_width = 0.5 * world.actors.length[i, n], 0.5 * world.actors.width[i, n]
    forward = min(max(forward, -half_length), half_length)
    left = min(max(left, -half_width), half_width)
    return to_world(forward, left, state.actor_x[i, n], state.actor_y[i, n], yaw)


@inner_scalar
def silhouette(world, state, i, n, x, y, bearing):
    """Directions (right, left) [rad] against ``bearing`` between which road user ``n`` is seen."""
    right, left = math.inf, -math.inf
    for corner in range(4):
        forward = (0.5 if corner < 2 else -0.5) * world.actors.length[i, n]
        across = (0.5 if corner % 2 == 0 else -0.5) * world.actors.width[i, n]
        corner_x, corner_y = to_world(forward, across, state.actor_x[i, n], state.actor_y[i, n], state.actor_yaw[i, n])
        angle = wrap_angle(math.atan2(corner_y - y, corner_x - x) - bearing)
        right, left = min(right, angle), max(left, angle)
    return right, left


@inner_scalar
def is_visible(world, state, model, pose, i, but, angle, distance):
    """Whether a place in the direction ``angle`` [rad] of the world is in a beam and only ``but`` may occlude it."""
    if beam_of(model, distance, wrap_angle(angle - pose.yaw)) < 0:
        return False
    return not is_occluded(world, state, i, but, pose.x, pose.y, angle, distance)


@inner_scalar
def reflection(world, state, model, pose, i, n):
    """(distance [m], direction [rad] in the world, share visible) of what road user ``n`` reflects; share 0: nothing.

    It reflects where it is nearest; if that is outside the beams or behind another, at the nearest visible place.
    """
    x, y = pose.x, pose.y
    point_x, point_y = nearest_point(world, state, i, n, x, y)
    distance, direction = math.hypot(point_x - x, point_y - y), math.atan2(point_y - y, point_x - x)
    right, left = silhouette(world, state, i, n, x, y, direction)
    seen, nearest, towards = 0, math.inf, 0.0
    for ray in range(RAYS):
        angle = direction + right + (left - right) * (ray + 0.5) / RAYS
        reach = ray_actor(world, state, i, n, x, y, math.cos(angle), math.sin(angle))
        if is_visible(world, state, model, pose, i, n, angle, reach):
            seen += 1
            if reach < nearest:
                nearest, towards = reach, angle
    if is_visible(world, state, model, pose, i, n, direction, distance):
        return distance, direction, max(seen, 1) / RAYS
    return nearest, towards, seen / RAYS


@inner_scalar
def is_out_of_reach(world, state, model, pose, i, n):
    """Whether road user ``n`` is too far away, or behind a radar that points to the front: then it needs no rays."""
    forward, left = to_local(state.actor_x[i, n], state.actor_y[i, n], pose.x, pose.y, pose.yaw)
    size = 0.5 * (world.actors.length[i, n] + world.actors.width[i, n])
    if max(abs(forward), abs(left)) > model.max_range + size:
        return True
    return forward < -size and max(model.near.angles[2], model.far.angles[2]) < 0.5 * math.pi
