"""Other road users: size, colour, lamps and stride, haloes at night, and in the wet their spray and mirror images."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.compute.randomness import STREAM_DROPS, random_uniform
from drive_sim.sensors.camera.frame_setup import frame_scalar
from drive_sim.sensors.camera.objects.materials import GLOW, PLAIN, SHADOW
from drive_sim.sensors.camera.objects.meshes import ACTOR_MESH
from drive_sim.sensors.camera.objects.placing import add_billboard, add_object, add_shadows, hazy, light_on, placed_at
from drive_sim.world.state import ACTOR_CYCLIST, ACTOR_MOTORCYCLE, ACTOR_PEDESTRIAN

F = np.float32
_BRAKING = -0.7
"""Brake lamps are lit below this acceleration [m/s²]."""
_PUFFS = 4
"""What a plume of spray is made of."""
_FULL_SPRAY = 25.0
"""Speed at which a wet road's spray hides what is behind it [m/s]."""


@frame_scalar
def has_lamps(kind):
    """Whether actors of a class have headlights: cars, lorries, buses and motorcycles."""
    return kind <= ACTOR_MOTORCYCLE


@frame_scalar
def actor_placement(view, world, state, i, n, x, y):
    """The `Placement` of actor ``n`` of world ``i``, at (x, y) of the view's world frame."""
    lit = 1.0 if view.night > F(0.3) or view.rain > F(0.5) or view.fog > F(0.01) else 0.0
    braking = state.actor_acceleration[i, n] < _BRAKING
    rear = 0.16 * view.light_r + 0.35 * lit + (1.1 if braking else 0.0)
    front = 0.55 * view.light_g + 1.6 * lit
    length, width, height = world.actors.length[i, n], world.actors.width[i, n], world.actors.height[i, n]
    kind = world.actors.kind[i, n]
    if kind in (ACTOR_MOTORCYCLE, ACTOR_CYCLIST):
        # An upright image is as wide as what shows of its side.
        yaw = state.actor_yaw[i, n]
        side = abs(math.cos(yaw) * y - math.sin(yaw) * x) / math.sqrt(x * x + y * y + 1e-6)
        width = max(width, side * length)
    elif kind == ACTOR_PEDESTRIAN:
        width = max(width, 0.75)
    paint = world.actors.colour
    colour = (np.float64(paint[i, n, 0]), np.float64(paint[i, n, 1]), np.float64(paint[i, n, 2]))
    heading = (math.cos(state.actor_yaw[i, n]), math.sin(state.actor_yaw[i, n]))
    return placed_at(view, x, y, heading, (length, width, height), colour, front, rear)


@frame_scalar
def _add_halo(view, size, scratch, slot, count, placed, single):
    """Haloes of lit lamps, which are what one sees of a car at night."""
    strength = view.night - 0.2
    # Seen from its front if its heading points towards the camera.
    towards = -(placed.cos * placed.x + placed.sin * placed.y) / placed.distance
    if strength <= 0.0 or abs(towards) < 0.25:
        return count
    front = towards > 0.0
    height = 0.62 if front else 0.74
    radius = (0.3 + 0.012 * placed.distance) * (1.5 if front else 0.6)
    x = 0.5 * placed.length + 0.1 if front else -0.5 * placed.length - 0.1
    power = 1.4 * (placed.front if front else placed.rear)
    r, g, b = (power, 0.97 * power, 0.88 * power) if front else (power, 0.07 * power, 0.05 * power)
    light = hazy(view, placed, r, g, b)
    alpha = min(strength * (towards * towards if front else 0.5) * placed.clear, 0.95)
    still = (0.0, 0.0, 0.0)
    size3 = (0.0, 0.0, 0.0)
    for k in range(1 if single else 2):
        y = 0.0 if single else (0.36 if k == 0 else -0.36) * placed.width
        lamp = placed_at(
            view, placed.x + placed.cos * x - placed.sin * y, placed.y + placed.sin * x + placed.cos * y, (1.0, 0.0),
            size3, still, 0.0, 0.0,
        )  # fmt: skip
        count = add_billboard(
            view, size, scratch, slot, count, lamp, 2.0 * radius, height - radius, height + radius, GLOW, still, alpha,
            light,
        )  # fmt: skip
    return count


@frame_scalar
def _add_reflection(view, size, scratch, slot, count, placed, lamps):
    """The mirror image on a wet road: a film of water over rough asphalt smears it."""
    if placed.distance < 3.0 or placed.distance > 90.0:
        return count
    # Schlick's approximation of Fresnel's law.
    gloss = (1.0 - view.height / math.sqrt(placed.distance * placed.distance + view.height * view.height)) ** 5
    gloss *= 0.75 * view.wet
    light = light_on(view, placed, 0.0, 0.0, 0.0, 2.0)
    main = hazy(view, placed, 0.7 * placed.red * light[0], 0.7 * placed.green * light[1], 0.7 * placed.blue * light[2])
    side = abs(placed.cos * placed.y - placed.sin * placed.x) / placed.distance
    breadth = placed.width + side * max(placed.length - placed.width, 0.0)
    count = add_billboard(
        view, size, scratch, slot, count, placed, breadth, -placed.height, 0.0, SHADOW, (0.4, 0.7, 0.0), gloss, main
    )
    if lamps:
        front = -(placed.cos * placed.x + placed.sin * placed.y) > 0.0
        r, g, b = (placed.front, placed.front, 0.9 * placed.front) if front else (placed.rear, 0.1 * placed.rear, 0.0)
        glow = hazy(view, placed, r, g, b)
        count = add_billboard(
            view, size, scratch, slot, count, placed, 0.8 * breadth, -1.6, 0.1, SHADOW, (0.9, 1.0, 0.0),
            min(gloss * 0.9, 0.6), glow,
        )  # fmt: skip
    return count


@frame_scalar
def _add_own_lamp(view, size, scratch, slot, count, placed):
    """The one lamp of a two-wheeler, which its flat image lacks."""
    front = -(placed.cos * placed.x + placed.sin * placed.y) / placed.distance
    if abs(front) < 0.5:
        return count
    power = placed.front if front > 0.0 else placed.rear
    r, g, b = (power, 0.98 * power, 0.9 * power) if front > 0.0 else (power, 0.1 * power, 0.07 * power)
    middle, half = (0.6 if front > 0.0 else 0.46) * placed.height, 0.07
    return add_billboard(
        view, size, scratch, slot, count, placed, 2.0 * half, middle - half, middle + half, PLAIN, (0.0, 0.0, 0.0),
        0.95, hazy(view, placed, r, g, b),
    )  # fmt: skip


@frame_scalar
def _add_spray(view, size, scratch, slot, count, placed, speed, seed, step):
    """Water that the wheels throw up: a plume behind a vehicle, thicker with the square of its speed."""
    thick = view.wet * min(speed / _FULL_SPRAY, 1.0) ** 2
    if thick < 0.03 or placed.distance > 120.0:
        return count
    light = 0.92 * view.ambient + view.sun + placed.beam
    r, g, b = hazy(
        view, placed, 0.3 * light + 0.65 * view.horizon_r, 0.3 * light + 0.65 * view.horizon_g,
        0.3 * light + 0.65 * view.horizon_b,
    )  # fmt: skip
    none = (0.0, 0.0, 0.0)
    rear_seen = placed.cos * placed.x + placed.sin * placed.y > 0.0
    tall = 0.7 + 0.25 * placed.height
    for k in range(_PUFFS):
        # From far to near.
        number = k if rear_seen else _PUFFS - 1 - k
        u = random_uniform(seed, STREAM_DROPS, 2_000_000 + step, number)
        x = -0.5 * placed.length - (0.2 + 1.5 * number)
        puff = placed_at(view, placed.x + placed.cos * x, placed.y + placed.sin * x, (1.0, 0.0), none, none, 0.0, 0.0)
        height = tall * (0.75 + 0.17 * number + 0.2 * u)
        width = placed.width * (1.25 + 0.2 * number + 0.2 * u)
        alpha = min(0.62 * thick * (1.0 - 0.15 * number), 0.8)
        count = add_billboard(
            view, size, scratch, slot, count, puff, width, -0.7 * height, height, GLOW, none, alpha, (r, g, b)
        )
    return count


@frame_scalar
def add_actor_ground(view, size, scratch, slot, count, world, state, i, n, x, y):
    """Append what an actor does to the ground: shadows, and its mirror image on a wet road."""
    placed = actor_placement(view, world, state, i, n, x, y)
    if view.wet > F(0.15):
        count = _add_reflection(view, size, scratch, slot, count, placed, has_lamps(world.actors.kind[i, n]))
    return add_shadows(view, size, scratch, slot, count, placed)


@frame_scalar
def add_actor(view, size, scratch, slot, count, meshes, world, state, i, n, x, y, group):
    """Append the polygons of actor ``n`` of world ``i``, which stands at (x, y) of the view's world frame."""
    placed = actor_placement(view, world, state, i, n, x, y)
    kind = int(world.actors.kind[i, n])
    # What a material cannot know: how much of a rider's side is seen, and where a walker's legs are.
    first, second = 0.0, 0.0
    if kind in (ACTOR_MOTORCYCLE, ACTOR_CYCLIST, ACTOR_PEDESTRIAN):
        side = abs(placed.cos * placed.y - placed.sin * placed.x) / placed.distance
        first = side
        if kind == ACTOR_PEDESTRIAN:
            moving = state.actor_speed[i, n] + abs(state.actor_lateral_speed[i, n]) > 0.1
            stride = math.sin(4.5 * (state.actor_x[i, n] + state.actor_y[i, n])) if moving else 0.0
            first = stride * (0.35 + 0.65 * side)
    wheels = kind <= ACTOR_CYCLIST and view.wet > F(0.0)
    rear_seen = placed.cos * placed.x + placed.sin * placed.y > 0.0
    speed, seed, step = state.actor_speed[i, n], world.seed[i] + n, state.step[i]
    if wheels and not rear_seen:
        count = _add_spray(view, size, scratch, slot, count, placed, speed, seed, step)
    count = add_object(
        view, size, scratch, slot, count, placed, meshes, ACTOR_MESH[kind], group, n + 1.0, (first, second, 0.0)
    )
    if kind in (ACTOR_MOTORCYCLE, ACTOR_CYCLIST):
        count = _add_own_lamp(view, size, scratch, slot, count, placed)
    if wheels and rear_seen:
        count = _add_spray(view, size, scratch, slot, count, placed, speed, seed, step)
    if has_lamps(kind) and view.night > F(0.2):
        count = _add_halo(view, size, scratch, slot, count, placed, kind == ACTOR_MOTORCYCLE)
    return count
