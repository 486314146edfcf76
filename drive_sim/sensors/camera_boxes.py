"""Other road users as faces."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.kernel import fast_scalar
from drive_sim.sensors.camera_faces import add_face, to_camera
from drive_sim.sensors.camera_ground import transmission
from drive_sim.sensors.camera_model import (
    SEMANTIC_CYCLIST,
    SEMANTIC_OBJECT,
    SEMANTIC_PEDESTRIAN,
    SEMANTIC_VEHICLE,
)
from drive_sim.world.state import ACTOR_CONE, ACTOR_CYCLIST, ACTOR_DEBRIS, ACTOR_NONE, ACTOR_PEDESTRIAN

F = np.float32
REACH = 250.0
"""Objects farther away than this are not drawn [m]."""


@fast_scalar
def actor_class(kind):
    """Semantic class of an actor."""
    if kind == ACTOR_PEDESTRIAN:
        return SEMANTIC_PEDESTRIAN
    if kind == ACTOR_CYCLIST:
        return SEMANTIC_CYCLIST
    if kind == ACTOR_CONE or kind == ACTOR_DEBRIS:
        return SEMANTIC_OBJECT
    return SEMANTIC_VEHICLE


@fast_scalar
def lit(view, colour, light):
    """Radiance of a reflectance in ``light`` (1 is that on level ground), before fog."""
    return colour[0] * view.light_r * light, colour[1] * view.light_g * light, colour[2] * view.light_b * light


@fast_scalar
def hazy(view, colour, clear):
    """A radiance seen through fog that lets ``clear`` pass."""
    return (
        view.horizon_r + (colour[0] - view.horizon_r) * clear,
        view.horizon_g + (colour[1] - view.horizon_g) * clear,
        view.horizon_b + (colour[2] - view.horizon_b) * clear,
    )


@fast_scalar
def add_box(view, size, faces, work, count, place, yaw, box, semantic, colour):
    """Append the visible faces of a box: ``place`` (x, y) in the view's world frame, ``box`` (length, width, z0, z1)."""
    c, s = math.cos(yaw), math.sin(yaw)
    length, width, z0, z1 = box
    clear = transmission(F(view.fog * math.sqrt(place[0] * place[0] + place[1] * place[1])))
    # Faces: +x, -x, +y, -y, top; the camera in the box's frame says which are seen.
    for side in range(4):
        angle_c = (c, -s, -c, s)[side]
        angle_s = (s, c, -s, -c)[side]
        half_out = 0.5 * (length if side % 2 == 0 else width)
        half_along = 0.5 * (width if side % 2 == 0 else length)
        mx, my = place[0] + angle_c * half_out, place[1] + angle_s * half_out
        tx, ty = -angle_s * half_along, angle_c * half_along
        corners = (
            to_camera(view, mx - tx, my - ty, z0),
            to_camera(view, mx + tx, my + ty, z0),
            to_camera(view, mx + tx, my + ty, z1),
            to_camera(view, mx - tx, my - ty, z1),
        )
        shade = 0.75 - 0.25 * (side % 2)
        count = add_face(
            view, size, faces, work, count, corners, 0b1110, semantic, hazy(view, lit(view, colour, shade), clear), 1.0
        )
    ax, ay, bx, by = 0.5 * length * c, 0.5 * length * s, -0.5 * width * s, 0.5 * width * c
    corners = (
        to_camera(view, place[0] - ax - bx, place[1] - ay - by, z1),
        to_camera(view, place[0] + ax - bx, place[1] + ay - by, z1),
        to_camera(view, place[0] + ax + bx, place[1] + ay + by, z1),
        to_camera(view, place[0] - ax + bx, place[1] - ay + by, z1),
    )
    return add_face(
        view, size, faces, work, count, corners, 0, semantic, hazy(view, lit(view, colour, 1.0), clear), 1.0
    )


@fast_scalar
def collect_faces(view, origin_x, origin_y, size, faces, work, order, world, state, i):
    """Fill ``faces`` with everything that stands on the ground, far to near; how many there are."""
    setup = world.actors
    found = 0
    for n in range(setup.kind.shape[1]):
        if setup.kind[i, n] == ACTOR_NONE:
            continue
        dx, dy = state.actor_x[i, n] - origin_x, state.actor_y[i, n] - origin_y
        distance = dx * dx + dy * dy
        if distance > REACH * REACH or found >= order.shape[0]:
            continue
        k = found
        while k > 0 and order[k - 1, 0] < distance:
            order[k, 0], order[k, 1] = order[k - 1, 0], order[k - 1, 1]
            k -= 1
        order[k, 0], order[k, 1] = distance, n
        found += 1
    count = 0
    for k in range(found):
        n = int(order[k, 1])
        kind = setup.kind[i, n]
        place = (state.actor_x[i, n] - origin_x, state.actor_y[i, n] - origin_y)
        box = (setup.length[i, n], setup.width[i, n], 0.0, setup.height[i, n])
        colour = (setup.colour[i, n, 0], setup.colour[i, n, 1], setup.colour[i, n, 2])
        count = add_box(view, size, faces, work, count, place, state.actor_yaw[i, n], box, actor_class(kind), colour)
    return count
