"""Everything that stands on the ground or sticks to the lens, turned into polygons from far to near.

Where an image has more of them than there is memory for, whole objects are left out and counted: scenery before road
users, the farthest first. Water on the lens stays.
"""

from __future__ import annotations

import numpy as np

from drive_sim.compute.randomness import STREAM_DROPS, random_uniform
from drive_sim.sensors.camera.frame_setup import frame_scalar
from drive_sim.sensors.camera.objects.actors import add_actor, add_actor_ground
from drive_sim.sensors.camera.objects.materials import DROP, STREAK
from drive_sim.sensors.camera.objects.polygons import add_sprite
from drive_sim.sensors.camera.objects.roadside import (
    ITEM_ACTOR,
    add_item,
    add_item_ground,
    add_item_polygons,
    collect_scenery,
)
from drive_sim.world.state import ACTOR_NONE

F = np.float32
LEFT_OUT = -1.0
"""In place of an object's number of polygons: there is no room for it."""
_DROP_LIFE = 40
"""Control steps that a drop stays on the lens."""
_PER_CAMERA = 256
"""Random numbers that drops and streaks of one camera may take in a step: 8 for each of at most 26."""


@frame_scalar
def add_lens_water(view, size, scratch, slot, count, seed, step, camera):
    """Append drops on the lens and falling rain, other ones for each camera (its number in the rig)."""
    rain = np.float64(view.rain)
    rows, columns = size
    unit = columns / 200.0
    first = _PER_CAMERA * camera
    clear = (np.float64(view.horizon_r), np.float64(view.horizon_g), np.float64(view.horizon_b))
    for k in range(int(min(2.0 + 0.9 * rain, 14.0))):
        age = step + 7 * k
        epoch = age // _DROP_LIFE
        x = random_uniform(seed, STREAM_DROPS, epoch, first + 8 * k) * columns
        y = random_uniform(seed, STREAM_DROPS, epoch, first + 8 * k + 1) * rows
        radius = (1.0 + 2.4 * random_uniform(seed, STREAM_DROPS, epoch, first + 8 * k + 2) ** 2) * unit
        slide = (age % _DROP_LIFE) * 0.06 * radius
        dim = (0.45 * clear[0], 0.46 * clear[1], 0.47 * clear[2])
        low = (0.3 * clear[0], 0.31 * clear[1], 0.32 * clear[2])
        high = (1.05 * clear[0], 1.05 * clear[1], 1.05 * clear[2])
        place, radii = (x, y + slide), (radius, 1.15 * radius)
        count = add_sprite(size, scratch, slot, count, place, radii, DROP, 0.6, (dim, low, high))
    for k in range(int(min(2.0 * rain, 26.0))):
        x = random_uniform(seed, STREAM_DROPS, 1_000_000 + step, first + 8 * k) * columns
        y = random_uniform(seed, STREAM_DROPS, 1_000_000 + step, first + 8 * k + 1) * rows
        long = (2.0 + 5.0 * random_uniform(seed, STREAM_DROPS, 1_000_000 + step, first + 8 * k + 2)) * unit
        count = add_sprite(size, scratch, slot, count, (x, y), (0.7 * unit, long), STREAK, 0.22, (clear, clear, clear))
    return count


@frame_scalar
def collect_objects(view, size, scratch, slot, roads, world, state, i):
    """Note road users and scenery in sight, from far to near; how many there are."""
    origin_x, origin_y = scratch.origins[slot, 0], scratch.origins[slot, 1]
    setup = world.actors
    # Not a literal: Numba would compile what follows twice.
    found = np.int64(0)
    for n in range(setup.kind.shape[1]):
        if setup.kind[i, n] != ACTOR_NONE:
            extent = max(setup.length[i, n], setup.height[i, n])
            x, y = state.actor_x[i, n] - origin_x, state.actor_y[i, n] - origin_y
            found = add_item(view, size, scratch, slot, found, np.int64(ITEM_ACTOR), x, y, 0.0, extent, float(n))
    return collect_scenery(view, size, scratch, slot, roads, world.road[i], found)


@frame_scalar
def _add_all(view, size, scratch, slot, meshes, world, state, i, camera, found):
    """Append the polygons of the noted objects that are not left out, and note how many each has; their number."""
    order = scratch.order
    count = np.int64(0)
    for k in range(found):
        if order[slot, k, 2] == LEFT_OUT:
            continue
        before, item = count, scratch.items[slot, int(order[slot, k, 1])]
        if int(item[0]) == ITEM_ACTOR:
            count = add_actor_ground(view, size, scratch, slot, count, world, state, i, int(item[5]), item[1], item[2])
        else:
            count = add_item_ground(view, size, scratch, slot, count, item)
        order[slot, k, 2] = float(count - before)
    for k in range(found):
        if order[slot, k, 2] == LEFT_OUT:
            continue
        before, item = count, scratch.items[slot, int(order[slot, k, 1])]
        if int(item[0]) == ITEM_ACTOR:
            count = add_actor(
                view, size, scratch, slot, count, meshes, world, state, i, int(item[5]), item[1], item[2], 2 * k
            )
        else:
            count = add_item_polygons(view, size, scratch, slot, count, meshes, item, 2 * k)
        order[slot, k, 2] += float(count - before)
    if view.rain > F(0.1):
        count = add_lens_water(view, size, scratch, slot, count, world.seed[i], state.step[i], camera)
    return count


@frame_scalar
def _leave_out(scratch, slot, found, excess):
    """Leave out objects with ``excess`` polygons together or more: scenery before road users, the farthest first."""
    order, items = scratch.order, scratch.items
    for road_users in range(2):
        for k in range(found):
            if excess <= 0:
                return
            is_road_user = int(items[slot, int(order[slot, k, 1]), 0]) == ITEM_ACTOR
            if is_road_user == (road_users == 1) and order[slot, k, 2] > 0.0:
                excess -= int(order[slot, k, 2])
                order[slot, k, 2] = LEFT_OUT
                scratch.left_out[slot] += 1


@frame_scalar
def collect_polygons(view, size, scratch, slot, meshes, roads, world, state, i, camera):
    """Fill the slot's polygons with what camera number ``camera`` sees in world ``i``, far to near; their number."""
    found = collect_objects(view, size, scratch, slot, roads, world, state, i)
    for k in range(found):
        scratch.order[slot, k, 2] = 0.0
    most, count = scratch.polygons.shape[1], np.int64(0)
    # A second time only where there are too many.
    for _ in range(2):
        count = _add_all(view, size, scratch, slot, meshes, world, state, i, camera, found)
        if count <= most:
            break
        _leave_out(scratch, slot, found, count - most)
    return min(count, most)
