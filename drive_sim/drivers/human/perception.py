"""What a person gets to know of the truth, and when: delay, noise, lapses of attention.

Other road users are perceived a reaction time late and carried on at the speed they had then, as in the human driver
model (Treiber, Kesting & Helbing 2006, "Delays, inaccuracies and anticipation in microscopic traffic models"), from
which the relative error of distances, its 20 s memory and the anticipation are taken. An occluded actor is not
perceived (`sight`), and one that becomes occluded is still reckoned with for a while. Random disturbances are
Ornstein-Uhlenbeck processes, so errors persist as a person's do. Every draw is keyed by the world's seed and step.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import allocate, inner_scalar
from drive_sim.compute.randomness import STREAM_HUMAN_MODEL, random_normal, random_uniform
from drive_sim.drivers.planning.line_of_sight import is_in_sight
from drive_sim.drivers.planning.situation import ROLE_NONE, see_actor
from drive_sim.world.roads.coordinates import ahead
from drive_sim.world.state import ACTOR_NONE

MEMORY = 24
"""H: control steps that are remembered; longer than any reaction time."""
DISTANCE_ERROR, DISTANCE_MEMORY = 0.05, 20.0
"""Relative error of distances [1] and how long it persists [s] (human driver model)."""
DIRECTION_ERROR = 0.003
"""Error of the direction in which an obstacle is seen [rad]."""
ANGLE_FLOOR, ANGLE_SHARE, ANGLE_MEMORY = 0.002, 0.05, 0.6
"""Error of the angles that steer: a floor [rad], a share of the angle (Weber), and how long it persists [s]."""
WANDER, WANDER_MEMORY = 0.14, 8.0
"""Drift of the wanted place in the lane: standard deviation [m] and memory [s]."""
SPEED_WANDER = 0.02
"""Drift of the wanted speed [1], with the same memory."""
SURPRISE = 1.0
"""So much longer it brakes for an actor that became visible just now before it looks for a way round [s]."""
HIDDEN_MEMORY = 3.0
"""An actor occluded for longer than this is forgotten [s]."""
LAPSE_SHORTEST, LAPSE_LONGEST = 0.5, 1.4
"""How long a glance away from the road lasts [s]."""
CALM_ACCELERATION = 1.2
"""The driver does not look away when the road ahead asks for more lateral acceleration than this [m/s²] ..."""
CALM_DISTANCE = 4.0
"""... or when a relevant actor is nearer than this [s] ahead."""

# Indices of draws in the stream of a step; a normal draw n takes 2 n and 2 n + 1 of the uniform ones.
_NEAR, _FAR, _DISTANCE, _DIRECTION, _WANDER, _SPEED = 0, 1, 2, 3, 4, 5
_LAPSE, _LAPSE_LENGTH = 40, 41


@lasting
class Senses(NamedTuple):
    """What perception remembers from step to step; float64 (B) unless said."""

    hazard_delay: Any  # int32 (B) steps until other road users are perceived
    steering_delay: Any  # int32 (B) steps until the road is
    lapse_rate: Any  # [1/s] glances away from the road
    place: Any  # [m] the driver's own favourite offset from the lane's centre
    wander: Any  # [m] drift of it
    speed_wander: Any  # [1] drift of the wanted speed
    near_noise: Any  # standard normal, slowly changing
    far_noise: Any
    distance_noise: Any
    direction_noise: Any
    lapse_left: Any  # [s] that attention is still away
    truth: Any  # (B, H, N, 6) s, d, speed, lateral speed, acceleration, in sight (1) or not, at the last H steps
    hidden_for: Any  # (B, N) [s] since the actor was last seen
    angles: Any  # (B, H, 2) near and far angle [rad] of the last H steps


def empty_senses(batch: int, actors: int, device: str = "cpu") -> Senses:
    """Zeroed `Senses` for B worlds with N actor slots."""
    shapes: dict[str, tuple[int, ...]] = {"truth": (batch, MEMORY, actors, 6), "angles": (batch, MEMORY, 2)}
    shapes["hidden_for"] = (batch, actors)
    types: dict[str, Any] = {"hazard_delay": np.int32, "steering_delay": np.int32}
    return Senses(
        *(allocate(device, shapes.get(name, (batch,)), types.get(name, np.float64)) for name in Senses._fields)
    )


@inner_scalar
def _drift(value, seed, step, index, period, memory):
    """Ornstein-Uhlenbeck process of unit variance after one more ``period`` [s]."""
    keep = math.exp(-period / memory)
    return keep * value + math.sqrt(1.0 - keep * keep) * random_normal(seed, STREAM_HUMAN_MODEL, step, index)


@inner_scalar
def drift_senses(i, seed, step, senses, period):
    """Advance every disturbance of world ``i`` by one step of ``period`` [s]."""
    senses.near_noise[i] = _drift(senses.near_noise[i], seed, step, _NEAR, period, ANGLE_MEMORY)
    senses.far_noise[i] = _drift(senses.far_noise[i], seed, step, _FAR, period, ANGLE_MEMORY)
    senses.distance_noise[i] = _drift(senses.distance_noise[i], seed, step, _DISTANCE, period, DISTANCE_MEMORY)
    senses.direction_noise[i] = _drift(senses.direction_noise[i], seed, step, _DIRECTION, period, DISTANCE_MEMORY)
    wander = _drift(senses.wander[i] / WANDER, seed, step, _WANDER, period, WANDER_MEMORY)
    senses.wander[i] = WANDER * wander
    speed = _drift(senses.speed_wander[i] / SPEED_WANDER, seed, step, _SPEED, period, WANDER_MEMORY)
    senses.speed_wander[i] = SPEED_WANDER * speed


@inner_scalar
def settle_senses(i, seed, senses):
    """Begin an episode of world ``i`` with disturbances as they are in the long run, and full attention."""
    first = 100
    senses.near_noise[i] = random_normal(seed, STREAM_HUMAN_MODEL, 0, first)
    senses.far_noise[i] = random_normal(seed, STREAM_HUMAN_MODEL, 0, first + 1)
    senses.distance_noise[i] = random_normal(seed, STREAM_HUMAN_MODEL, 0, first + 2)
    senses.direction_noise[i] = random_normal(seed, STREAM_HUMAN_MODEL, 0, first + 3)
    senses.wander[i] = WANDER * random_normal(seed, STREAM_HUMAN_MODEL, 0, first + 4)
    senses.speed_wander[i] = SPEED_WANDER * random_normal(seed, STREAM_HUMAN_MODEL, 0, first + 5)
    senses.lapse_left[i] = 0.0


@inner_scalar
def attend(i, seed, step, senses, plan, demand, period):
    """Whether the driver of world ``i`` looks at the road now; glances away begin only where all is calm.

    ``demand`` [m/s²] is the lateral acceleration that the road ahead asks for.
    """
    if senses.lapse_left[i] > 0.0:
        senses.lapse_left[i] -= period
        return False
    if demand > CALM_ACCELERATION:
        return True
    near = 10.0 + CALM_DISTANCE * plan.start_speed[i]
    for n in range(plan.role.shape[1]):
        if plan.role[i, n] != ROLE_NONE and -10.0 < plan.gap[i, n] < near:
            return True
    if random_uniform(seed, STREAM_HUMAN_MODEL, step, _LAPSE) < senses.lapse_rate[i] * period:
        share = random_uniform(seed, STREAM_HUMAN_MODEL, step, _LAPSE_LENGTH)
        senses.lapse_left[i] = LAPSE_SHORTEST + (LAPSE_LONGEST - LAPSE_SHORTEST) * share
        return False
    return True


@inner_scalar
def _witness(i, n, slot, world, state, actors, truth):
    """Store what is true of actor ``n`` in the memory's ``slot``."""
    truth[i, slot, n, 0], truth[i, slot, n, 1] = actors.s[i, n], actors.d[i, n]
    truth[i, slot, n, 2], truth[i, slot, n, 3] = actors.speed[i, n], actors.lateral_speed[i, n]
    truth[i, slot, n, 4] = actors.acceleration[i, n]
    truth[i, slot, n, 5] = 1.0 if is_in_sight(i, n, world, state) else 0.0


@inner_scalar
def perceive_actors(i, step, world, roads, state, actors, senses, sight, attentive, period):
    """Other road users as they were a reaction time ago, carried on to now; unseen ones stay where they are thought.

    ``sight`` [m] is how far actors are seen.
    """
    slot, late = step % MEMORY, min(senses.hazard_delay[i], step)
    then, truth, road = (step - late) % MEMORY, senses.truth, world.road[i]
    for n in range(actors.kind.shape[1]):
        known = actors.kind[i, n] != ACTOR_NONE
        s, d = actors.s[i, n], actors.d[i, n]
        speed, lateral_speed = actors.speed[i, n], actors.lateral_speed[i, n]
        acceleration = actors.acceleration[i, n]
        see_actor(i, n, world, roads, state, actors, 1e9)
        if actors.kind[i, n] == ACTOR_NONE:
            continue
        _witness(i, n, slot, world, state, actors, truth)
        gap = ahead(roads, road, state.s[i], actors.s[i, n])
        seen = truth[i, then, n, 5] > 0.0
        senses.hidden_for[i, n] = 0.0 if seen else senses.hidden_for[i, n] + period
        if abs(gap) > sight or (not seen and (not known or senses.hidden_for[i, n] > HIDDEN_MEMORY)):
            actors.kind[i, n] = ACTOR_NONE
            continue
        if not known and step > 0:
            actors.slow_for[i, n] = -SURPRISE
        if seen and (attentive or not known):
            age = late * period
            speed, lateral_speed, acceleration = truth[i, then, n, 2], truth[i, then, n, 3], truth[i, then, n, 4]
            s = truth[i, then, n, 0] + speed * age + DISTANCE_ERROR * senses.distance_noise[i] * gap
            d = truth[i, then, n, 1] + lateral_speed * age + DIRECTION_ERROR * senses.direction_noise[i] * gap
        else:
            s += speed * period
            d += lateral_speed * period
        actors.s[i, n], actors.d[i, n] = s, d
        actors.speed[i, n], actors.lateral_speed[i, n], actors.acceleration[i, n] = speed, lateral_speed, acceleration


@inner_scalar
def remember_angles(i, step, near, far, senses, fresh):
    """Store the true angles [rad] to near and far point; returns those perceived now: late and disturbed.

    A ``fresh`` driver has looked before.
    """
    angles = senses.angles
    for age in range(MEMORY if fresh else 1):
        slot = (step + MEMORY - age) % MEMORY
        angles[i, slot, 0], angles[i, slot, 1] = near, far
    then = (step + MEMORY - senses.steering_delay[i]) % MEMORY
    near, far = angles[i, then, 0], angles[i, then, 1]
    near += (ANGLE_FLOOR + ANGLE_SHARE * abs(near)) * senses.near_noise[i]
    far += (ANGLE_FLOOR + ANGLE_SHARE * abs(far)) * senses.far_noise[i]
    return near, far
