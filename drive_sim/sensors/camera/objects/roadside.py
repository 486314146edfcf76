"""What stands beside the road: delineator posts, trees, signs and houses, and where each of them is.

Places are pure functions of the road's seed and the distance along it, so that every frame, camera and world finds
the same tree in the same place. How many there are is the weather's ``scenery``.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.compute.randomness import STREAM_TEXTURE, random_uniform
from drive_sim.sensors.camera.frame_setup import frame_scalar
from drive_sim.sensors.camera.objects.materials import TREE
from drive_sim.sensors.camera.objects.meshes import DELINEATOR, HOUSE, ROUND_SIGN, TREE_MESH
from drive_sim.sensors.camera.objects.placing import add_object, add_patch, corner_at, hazy, placed_at
from drive_sim.sensors.camera.objects.polygons import UNCHANGED, add_polygon, to_camera
from drive_sim.sensors.camera.shading.textures import CONIFERS, LEAFY
from drive_sim.world.roads.coordinates import element_at, project, road_point
from drive_sim.world.roads.road import EDGE_KERB, EDGE_RAIL

F = np.float32
ITEM_ACTOR, ITEM_TREE, ITEM_POST, ITEM_SIGN, ITEM_HOUSE = range(5)
ITEM_SIZE = 6  # kind, x, y (view's world frame), yaw, size, a random number or the actor's slot
_SPACING = (0.0, 8.0, 25.0, 70.0, 38.0)
"""From one possible place to the next, by kind [m]."""
REACH = (260.0, 170.0, 130.0, 140.0, 200.0)
"""How far off each kind is rendered [m]."""
_GROWN = 0.85
"""Within this share of its reach a thing has its full height: it rises out of the ground, and does not pop up."""
SHADOW_REACH = 60.0
"""How far off shadows of trees and houses are rendered [m]."""


@frame_scalar
def _least(scratch, slot, found, kind, distance):
    """Place in the order of the object that matters less than a new one at a squared ``distance``; -1 if none does.

    Scenery matters less than road users, and of either the farthest.
    """
    items, order = scratch.items, scratch.order
    for k in range(found):
        if int(items[slot, int(order[slot, k, 1]), 0]) != ITEM_ACTOR:
            return k if kind == ITEM_ACTOR or order[slot, k, 0] > distance else -1
    return 0 if kind == ITEM_ACTOR and order[slot, 0, 0] > distance else -1


@frame_scalar
def add_item(view, size, scratch, slot, found, kind, x, y, yaw, extent, number):
    """Note an object if it may be in the image, sorted from far to near; the new number of objects.

    Where there is no room for another, what matters least is left out and counted.
    """
    items, order = scratch.items, scratch.order
    distance, reach = x * x + y * y, REACH[kind]
    if distance > reach * reach:
        return found
    forward, left, _ = to_camera(view, x, y, 0.5 * extent)
    if forward < -extent:
        return found
    if abs(left) > max(forward, 0.0) * view.pixel * (0.5 * size[1] + 2.0) + 1.5 * extent + 1.0:
        return found
    place = found
    if found >= items.shape[1]:
        scratch.left_out[slot] += 1
        last = _least(scratch, slot, found, kind, distance)
        if last < 0:
            return found
        place = np.int64(order[slot, last, 1])
        found -= 1
        for k in range(last, found):
            order[slot, k, 0], order[slot, k, 1] = order[slot, k + 1, 0], order[slot, k + 1, 1]
    item = items[slot, place]
    item[0], item[1], item[2], item[3], item[4], item[5] = kind, x, y, yaw, extent, number
    k = found
    while k > 0 and order[slot, k - 1, 0] < distance:
        order[slot, k, 0], order[slot, k, 1] = order[slot, k - 1, 0], order[slot, k - 1, 1]
        k -= 1
    order[slot, k, 0], order[slot, k, 1] = distance, place
    return found + 1


@frame_scalar
def _density(view, kind, edge, seed, station, side):
    """Probability that a place is taken."""
    if kind == ITEM_TREE:
        # Woods and clearings alternate.
        grove = random_uniform(seed, STREAM_TEXTURE, 1_000_000 + station // 9, 2 + side)
        return float(view.scenery) * (0.95 if grove < 0.55 else 0.12) * (0.4 if edge == EDGE_KERB else 1.0)
    if kind == ITEM_POST:
        return 1.0 if edge != EDGE_KERB and edge != EDGE_RAIL and view.scenery > F(0.02) else 0.0
    if kind == ITEM_SIGN:
        return 0.35 if side == 1 and view.scenery > F(0.05) else 0.0
    return float(view.scenery) * (0.85 if edge == EDGE_KERB else 0.16)


@frame_scalar
def _offset(kind, edge, u):
    """Distance from the paved edge [m] for a random number ``u``."""
    if kind == ITEM_TREE:
        return 4.2 + 19.0 * u * u
    if kind == ITEM_POST:
        return 0.6
    if kind == ITEM_SIGN:
        return 1.6
    return 8.5 + 9.0 * u


@frame_scalar
def _extent(kind, u):
    """Height of a tree, post or sign, length of a house [m]."""
    if kind == ITEM_TREE:
        return 3.2 + 5.5 * u
    if kind == ITEM_POST:
        return 1.0
    if kind == ITEM_SIGN:
        return 2.7
    return 9.0 + 5.0 * u


@frame_scalar
def _collect_kind(view, size, scratch, slot, roads, road, found, kind, s_low, s_high):
    origin_x, origin_y = scratch.origins[slot, 0], scratch.origins[slot, 1]
    spacing = _SPACING[kind]
    seed = roads.seed[road]
    length = roads.length[road]
    stations = int(length / spacing)
    for station in range(int(math.floor(s_low / spacing)), int(math.ceil(s_high / spacing)) + 1):
        if roads.closed[road]:
            number = station % max(stations, 1)
        else:
            number = station
            if station < 0 or station >= stations:
                continue
        for side in range(2):
            edge = roads.edge_left[road] if side == 0 else roads.edge_right[road]
            key = 16 * (2 * number + side)
            if random_uniform(seed, STREAM_TEXTURE, kind, key) >= _density(view, kind, edge, seed, number, side):
                continue
            s = (number + 0.1 + 0.8 * random_uniform(seed, STREAM_TEXTURE, kind, key + 1)) * spacing
            if kind == ITEM_POST:
                s = number * spacing
            e = roads.element_start[road] + element_at(roads, road, s)
            paved = roads.paved_left[e] if side == 0 else roads.paved_right[e]
            beside = paved + _offset(kind, edge, random_uniform(seed, STREAM_TEXTURE, kind, key + 2))
            x, y, heading, _ = road_point(roads, road, s, beside if side == 0 else -beside)
            # Not on another stretch of the same road.
            _, _, d = project(roads, road, x, y)
            if abs(abs(d) - beside) > 0.5:
                continue
            extent = _extent(kind, random_uniform(seed, STREAM_TEXTURE, kind, key + 3))
            number_own = random_uniform(seed, STREAM_TEXTURE, kind, key + 4)
            found = add_item(
                view, size, scratch, slot, found, kind, x - origin_x, y - origin_y, heading, extent, number_own
            )
    return found


@frame_scalar
def collect_scenery(view, size, scratch, slot, roads, road, found):
    """Note what stands beside the road near the camera; the new number of objects."""
    element, s, _ = project(roads, road, scratch.origins[slot, 0], scratch.origins[slot, 1])
    if element < 0 or view.scenery <= F(0.01):
        return found
    heading = roads.heading[roads.element_start[road] + element]
    facing = math.cos(heading) * view.forward_x + math.sin(heading) * view.forward_y
    forward, backward = min(max(facing + 0.3, 0.05), 1.0), min(max(0.3 - facing, 0.05), 1.0)
    for kind in range(ITEM_TREE, ITEM_HOUSE + 1):
        low, high = s - backward * REACH[kind], s + forward * REACH[kind]
        found = _collect_kind(view, size, scratch, slot, roads, road, found, kind, low, high)
    return found


@frame_scalar
def add_item_ground(view, size, scratch, slot, count, item):
    """Append the shadow of a tree, which has its outline, or of a house."""
    kind, extent = int(item[0]), item[4]
    if kind not in (ITEM_TREE, ITEM_HOUSE) or view.sun < F(0.08):
        return count
    if item[1] * item[1] + item[2] * item[2] > SHADOW_REACH * SHADOW_REACH:
        return count
    none = (0.0, 0.0, 0.0)
    level = math.sqrt(max(1.0 - view.sun_z * view.sun_z, 1e-6))
    away = (-view.sun_x / level, -view.sun_y / level)
    placed = placed_at(view, item[1], item[2], away, none, none, 0.0, 0.0)
    longer = level / max(view.sun_z, F(0.1))
    share = np.float64(0.85 * view.sun / (view.sun + view.ambient))
    if kind == ITEM_HOUSE:
        half = 0.45 * extent
        return add_patch(
            view, size, scratch, slot, count, placed, -0.3 * extent, min(6.0 * longer, 40.0), -half, half, 1.2, share
        )
    _, dimensions, _, which = _appearance_of(kind, extent, item[5])
    half, reach = 0.5 * dimensions[1], min(extent * longer, 40.0)
    corners = (
        corner_at(view, placed, 0.0, half, 0.0),
        corner_at(view, placed, 0.0, -half, 0.0),
        corner_at(view, placed, reach, -half, 0.0),
        corner_at(view, placed, reach, half, 0.0),
    )
    dark = hazy(view, placed, 0.0, 0.0, 0.0)
    return add_polygon(
        view, size, scratch, slot, count, corners, -1, UNCHANGED, TREE, (which, 0.0, 0.0), share, (dark, dark, dark)
    )


@frame_scalar
def _appearance_of(kind, extent, number):
    """(mesh, size, colour, material's parameter) of a tree, post, sign or house; ``number`` tells individuals apart."""
    hue = number * 13.0 - math.floor(number * 13.0)
    if kind == ITEM_TREE:
        if number < 0.3:
            which = LEAFY + math.floor(number / 0.3 * CONIFERS)
            return TREE_MESH, (1.0, 0.55 * extent, extent), (0.045, 0.09 + 0.02 * hue, 0.045), which
        which = math.floor((number - 0.3) / 0.7 * LEAFY)
        return TREE_MESH, (1.0, 0.9 * extent, extent), (0.08 + 0.06 * hue, 0.14 + 0.03 * hue, 0.04), which
    if kind == ITEM_POST:
        return DELINEATOR, (1.0, 0.12, extent), (0.75, 0.75, 0.75), 0.0
    if kind == ITEM_SIGN:
        red = (0.65, 0.03, 0.03) if number < 0.6 else (0.04, 0.14, 0.5)
        return ROUND_SIGN, (1.0, 0.8, extent), red, 0.0
    wall = (0.62 - 0.2 * hue, 0.58 - 0.22 * hue, 0.5 - 0.22 * hue)
    return HOUSE, (extent, 8.0 + hue, 7.0 + 1.5 * hue), wall, number


@frame_scalar
def add_item_polygons(view, size, scratch, slot, count, meshes, item, group):
    """Append the polygons of a tree, post, sign or house."""
    kind = int(item[0])
    mesh, (length, width, height), colour, which = _appearance_of(kind, item[4], item[5])
    share = math.sqrt(item[1] * item[1] + item[2] * item[2]) / REACH[kind]
    dimensions = (length, width, height * min(max((1.0 - share) / (1.0 - _GROWN), 0.05), 1.0))
    # A tree has no heading.
    heading = (1.0, 0.0) if kind == ITEM_TREE else (math.cos(item[3]), math.sin(item[3]))
    placed = placed_at(view, item[1], item[2], heading, dimensions, colour, 0.0, 0.0)
    return add_object(view, size, scratch, slot, count, placed, meshes, mesh, group, 0.0, (which, 0.0, 0.0))
