"""Echoes of road users and rail posts, and which of them a radar can tell apart.

An echo's signal-to-noise ratio S is that of the radar equation (`beams`). Targets fluctuate from
cycle to cycle as Swerling's case 1 has it, so that the power after the detector is exponentially distributed with mean
1 + S (in units of the noise) and passes the threshold T = -ln(false alarm probability) with probability

    P = exp(-T / (1 + S))

(Richards, "Fundamentals of Radar Signal Processing", 2nd ed., section 6.3). One draw of that power tells whether there
is a detection, and how strong the target seems.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from drive_sim.compute.geometry import to_world, wrap_angle
from drive_sim.compute.kernel import inner_scalar
from drive_sim.compute.randomness import STREAM_RADAR, random_uniform
from drive_sim.sensors.radar.beams import at_angle, beam_of, signal_gain
from drive_sim.sensors.radar.visibility import is_out_of_reach, is_visible, reflection
from drive_sim.world.roads.coordinates import element_at, road_point
from drive_sim.world.roads.road import EDGE_RAIL, RAIL_OFFSET, RAIL_POST_DISTANCE
from drive_sim.world.state import ACTOR_NONE

RANGE, AZIMUTH, RATE, SIGNAL, KEY = 0, 1, 2, 3, 4
"""Columns of an echo: [m], [rad], [m/s], signal-to-noise ratio of its mean [1], index of its random draws."""
ECHO_COLUMNS = 5
RAIL_KEY = 4096
"""Where keys of rail echoes begin: beyond any actor's, so that the number of actor slots changes no draw."""


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
        if not is_visible(world, state, model, pose, i, -1, angle, distance):
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
