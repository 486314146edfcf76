"""What comes back to a radar: where road users and rail posts reflect, how strongly, and what it can tell apart.

An echo's signal-to-noise ratio follows the radar equation, S ~ RCS / R^4, weakened by rain. Targets fluctuate from
cycle to cycle as Swerling's case 1 has it, so that the power after the detector is exponentially distributed with mean
1 + S (in units of the noise) and passes the threshold T = -ln(false alarm probability) with probability

    P = exp(-T / (1 + S))

(Richards, "Fundamentals of Radar Signal Processing", 2nd ed., section 6.3). One draw of that power tells whether there
is a detection, and how strong the target seems.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.geometry import to_local, to_world, wrap_angle
from drive_sim.kernel import inner_scalar
from drive_sim.randomness import STREAM_RADAR, random_uniform
from drive_sim.sensors.lidar import ray_box
from drive_sim.world.road import EDGE_RAIL, RAIL_OFFSET, RAIL_POST_DISTANCE, element_at, road_point
from drive_sim.world.state import ACTOR_NONE

RANGE, AZIMUTH, RATE, SIGNAL, KEY = 0, 1, 2, 3, 4
"""Columns of an echo: [m], [rad], [m/s], signal-to-noise ratio of its mean [1], index of its random draws."""
ECHO_COLUMNS = 5
RAIL_KEY = 4096
"""Where keys of rail echoes begin: beyond any actor's, so that the number of actor slots changes no draw."""
RAYS = 5
"""Rays over a road user's width that tell how much of it is in sight."""
RAIN_FACTOR, RAIN_EXPONENT = 1.121, 0.708
"""k and alpha of ITU-R P.838-3 at 76.5 GHz, vertical polarisation: k R^alpha dB/km one way at R mm/h."""


class BeamModel(NamedTuple):
    """A `RadarBeam` for kernels; triples belong to its three angles."""

    angles: tuple[float, float, float]
    ranges: tuple[float, float, float]
    azimuth_noise: tuple[float, float, float]
    azimuth_resolution: tuple[float, float, float]
    range_noise: float
    range_resolution: float
    rate_resolution: float


class RadarModel(NamedTuple):
    """A `RadarConfig` for kernels."""

    x: float
    y: float
    yaw: float
    least_range: float
    max_range: float
    scans_per_step: float
    reference_signal: float  # S of 1 m² at 1 m in dry air
    threshold: float
    noisy: int
    rate_noise: float
    rail_echoes: int
    rail_section: float  # [m²]
    rail_reach: float  # [m]
    near: BeamModel
    far: BeamModel


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
def at_angle(angles, values, azimuth):
    """What a beam's table says at an azimuth [rad], interpolated between its three angles."""
    angle = abs(azimuth)
    if angle <= angles[1]:
        return values[0] + (values[1] - values[0]) * angle / angles[1]
    share = min((angle - angles[1]) / (angles[2] - angles[1]), 1.0)
    return values[1] + (values[2] - values[1]) * share


@inner_scalar
def reaches(beam, distance, azimuth):
    """Whether a beam covers the place."""
    return abs(azimuth) <= beam.angles[2] and distance <= at_angle(beam.angles, beam.ranges, azimuth)


@inner_scalar
def beam_of(model, distance, azimuth):
    """Which beam measures at a place: 0 near, 1 far, -1 none."""
    if distance < model.least_range:
        return -1
    if reaches(model.near, distance, azimuth):
        return 0
    return 1 if reaches(model.far, distance, azimuth) else -1


@inner_scalar
def signal_gain(model, distance, rain):
    """S of a target of 1 m² [1]: R^-4 and rain there and back."""
    decibels = 2e-3 * distance * RAIN_FACTOR * rain**RAIN_EXPONENT if rain > 0.0 else 0.0
    return model.reference_signal * 10.0 ** (-0.1 * decibels) / distance**4


@inner_scalar
def ray_actor(world, state, i, n, x, y, direction_x, direction_y):
    """Distance [m] at which a ray meets the box of road user ``n``; inf if it does not."""
    yaw = state.actor_yaw[i, n]
    forward, left = to_local(x, y, state.actor_x[i, n], state.actor_y[i, n], yaw)
    along, across = to_local(direction_x, direction_y, 0.0, 0.0, yaw)
    return ray_box(forward, left, along, across, 0.5 * world.actors.length[i, n], 0.5 * world.actors.width[i, n])


@inner_scalar
def is_hidden(world, state, i, but, x, y, angle, distance):
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
def in_sight(world, state, model, pose, i, but, angle, distance):
    """Whether a place in the direction ``angle`` [rad] of the world is in a beam, with none but ``but`` before it."""
    if beam_of(model, distance, wrap_angle(angle - pose.yaw)) < 0:
        return False
    return not is_hidden(world, state, i, but, pose.x, pose.y, angle, distance)


@inner_scalar
def reflection(world, state, model, pose, i, n):
    """(distance [m], direction [rad] in the world, share in sight) of what road user ``n`` sends back; share 0: none.

    It reflects where it is nearest; if that is outside the beams or behind another, at the nearest place in sight.
    """
    x, y = pose.x, pose.y
    point_x, point_y = nearest_point(world, state, i, n, x, y)
    distance, direction = math.hypot(point_x - x, point_y - y), math.atan2(point_y - y, point_x - x)
    right, left = silhouette(world, state, i, n, x, y, direction)
    seen, nearest, towards = 0, math.inf, 0.0
    for ray in range(RAYS):
        angle = direction + right + (left - right) * (ray + 0.5) / RAYS
        reach = ray_actor(world, state, i, n, x, y, math.cos(angle), math.sin(angle))
        if in_sight(world, state, model, pose, i, n, angle, reach):
            seen += 1
            if reach < nearest:
                nearest, towards = reach, angle
    if in_sight(world, state, model, pose, i, n, direction, distance):
        return distance, direction, max(seen, 1) / RAYS
    return nearest, towards, seen / RAYS


@inner_scalar
def is_out_of_reach(world, state, model, pose, i, n):
    """Whether road user ``n`` is too far away, or behind a radar that looks ahead: then it needs no rays."""
    forward, left = to_local(state.actor_x[i, n], state.actor_y[i, n], pose.x, pose.y, pose.yaw)
    size = 0.5 * (world.actors.length[i, n] + world.actors.width[i, n])
    if max(abs(forward), abs(left)) > model.max_range + size:
        return True
    return forward < -size and max(model.near.angles[2], model.far.angles[2]) < 0.5 * math.pi


@inner_scalar
def actor_velocity(roads, world, state, i, n):
    """Velocity (x, y) [m/s] of road user ``n`` in the world."""
    _, _, heading, _ = road_point(roads, world.road[i], state.actor_s[i, n], state.actor_d[i, n])
    along = world.actors.direction[i, n] * state.actor_speed[i, n]
    return to_world(along, state.actor_lateral_speed[i, n], 0.0, 0.0, heading)


@inner_scalar
def range_rate(pose, angle, velocity_x, velocity_y):
    """Rate of range [m/s] of what moves with a velocity in the direction ``angle``; positive: it goes away."""
    return (velocity_x - pose.velocity_x) * math.cos(angle) + (velocity_y - pose.velocity_y) * math.sin(angle)


@inner_scalar
def keep_echo(echoes, i, count, distance, azimuth, rate, signal, key):
    """Note an echo of world ``i``; the number of echoes with it."""
    echoes[i, count, RANGE], echoes[i, count, AZIMUTH] = distance, azimuth
    echoes[i, count, RATE], echoes[i, count, SIGNAL] = rate, signal
    echoes[i, count, KEY] = key
    return count + 1


@inner_scalar
def gather_actors(roads, world, state, sections, model, pose, i, echoes):
    """Echoes of the road users of world ``i``; their number. ``sections`` is the RCS of each class [m²]."""
    count = 0
    for n in range(world.actors.kind.shape[1]):
        kind = world.actors.kind[i, n]
        if kind == ACTOR_NONE or is_out_of_reach(world, state, model, pose, i, n):
            continue
        distance, angle, share = reflection(world, state, model, pose, i, n)
        if share == 0.0:
            continue
        azimuth = wrap_angle(angle - pose.yaw)
        velocity_x, velocity_y = actor_velocity(roads, world, state, i, n)
        signal = share * sections[kind] * signal_gain(model, distance, world.weather.rain[i])
        rate = range_rate(pose, angle, velocity_x, velocity_y)
        count = keep_echo(echoes, i, count, distance, azimuth, rate, signal, n)
    return count


@inner_scalar
def gather_rails(roads, world, state, model, pose, i, scan, echoes, count):
    """Add echoes of posts of the guard rails ahead, drawn anew each cycle, to the ``count`` there are."""
    road = world.road[i]
    onwards = 1.0 if math.cos(state.heading_error[i]) >= 0.0 else -1.0
    first = math.floor(state.s[i] / RAIL_POST_DISTANCE)
    for number in range(2 * model.rail_echoes):
        left = number < model.rail_echoes
        if (roads.edge_left[road] if left else roads.edge_right[road]) != EDGE_RAIL:
            continue
        key = RAIL_KEY + number
        post = math.floor(random_uniform(world.seed[i], STREAM_RADAR, scan, 8 * key + 7) * model.rail_reach)
        s = RAIL_POST_DISTANCE * (first + onwards * math.floor(post / RAIL_POST_DISTANCE))
        if not roads.closed[road] and not 0.0 <= s <= roads.length[road]:
            continue
        e = roads.element_start[road] + element_at(roads, road, s)
        d = roads.paved_left[e] + RAIL_OFFSET if left else -roads.paved_right[e] - RAIL_OFFSET
        x, y, _, _ = road_point(roads, road, s, d)
        distance, angle = math.hypot(x - pose.x, y - pose.y), math.atan2(y - pose.y, x - pose.x)
        if not in_sight(world, state, model, pose, i, -1, angle, distance):
            continue
        signal = model.rail_section * signal_gain(model, distance, world.weather.rain[i])
        rate = range_rate(pose, angle, 0.0, 0.0)
        count = keep_echo(echoes, i, count, distance, wrap_angle(angle - pose.yaw), rate, signal, key)
    return count


@inner_scalar
def same_cell(beam, echoes, i, a, b):
    """Whether echoes ``a`` and ``b`` of world ``i`` cannot be told apart: in range, azimuth or range rate."""
    width = at_angle(beam.angles, beam.azimuth_resolution, echoes[i, a, AZIMUTH])
    return (
        abs(echoes[i, a, RANGE] - echoes[i, b, RANGE]) < beam.range_resolution
        and abs(echoes[i, a, AZIMUTH] - echoes[i, b, AZIMUTH]) < width
        and abs(echoes[i, a, RATE] - echoes[i, b, RATE]) < beam.rate_resolution
    )


@inner_scalar
def merge_echoes(model, i, echoes, count):
    """Let echoes within one resolution cell become one, at their mean weighted by power; an absorbed one has S = 0."""
    for b in range(1, count):
        for a in range(b):
            power, other = echoes[i, a, SIGNAL], echoes[i, b, SIGNAL]
            if power == 0.0:
                continue
            near = beam_of(model, echoes[i, a, RANGE], echoes[i, a, AZIMUTH]) == 0
            if not same_cell(model.near if near else model.far, echoes, i, a, b):
                continue
            weight = other / (power + other)
            for column in range(SIGNAL):
                echoes[i, a, column] += weight * (echoes[i, b, column] - echoes[i, a, column])
            echoes[i, a, SIGNAL], echoes[i, b, SIGNAL] = power + other, 0.0
            break


def section_table(decibels: dict[int, float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """RCS [m²] by class of road user from decibels over 1 m²."""
    table = np.zeros(max(decibels) + 1)
    for kind, value in decibels.items():
        table[kind] = 10.0 ** (0.1 * value)
    return table
