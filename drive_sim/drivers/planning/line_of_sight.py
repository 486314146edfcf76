"""Which actors are visible from the driver's eye: road users occlude one another.

Seen from the eye, a box covers a range of directions, and in it everything behind from the ground up to the line that
grazes its top. Widths are compared as tangents of the bearing from the car's axis, as a camera's image shows them.
"""

from __future__ import annotations

import math

from drive_sim.compute.geometry import to_local
from drive_sim.compute.kernel import inner_scalar
from drive_sim.world.state import ACTOR_NONE

EYE_AHEAD, EYE_HEIGHT = 0.5, 1.4
"""The eye is where the camera is by default: ahead of the middle of the car, and above the ground [m]."""
NEAREST = 1.0
"""An actor that begins nearer ahead of the eye than this [m], or behind it, neither occludes nor is occluded."""
ENOUGH = 0.25
"""Share of an actor's outline that has to be visible to be noticed [1]."""


@inner_scalar
def _outline(i, n, world, state):
    """(distance to the nearest corner along the car's axis [m], rightmost and leftmost tangent [1]) of actor ``n``."""
    yaw = state.yaw[i]
    forward, left = to_local(state.actor_x[i, n], state.actor_y[i, n], state.x[i], state.y[i], yaw)
    forward -= EYE_AHEAD
    c, s = math.cos(state.actor_yaw[i, n] - yaw), math.sin(state.actor_yaw[i, n] - yaw)
    half_length, half_width = 0.5 * world.actors.length[i, n], 0.5 * world.actors.width[i, n]
    nearest = forward - abs(half_length * c) - abs(half_width * s)
    right, far_left = 1e9, -1e9
    if nearest < NEAREST:
        return nearest, right, far_left
    for corner in range(4):
        a = half_length if corner < 2 else -half_length
        b = half_width if corner % 2 == 0 else -half_width
        tangent = (left + a * s + b * c) / (forward + a * c - b * s)
        right, far_left = min(right, tangent), max(far_left, tangent)
    return nearest, right, far_left


@inner_scalar
def _hidden_part(i, m, n, outline, world, state):
    """Share [1] of the ``outline`` of actor ``n`` that actor ``m`` hides."""
    if m == n or world.actors.kind[i, m] == ACTOR_NONE:
        return 0.0
    distance, right, left = outline
    nearest, its_right, its_left = _outline(i, m, world, state)
    if nearest < NEAREST or nearest >= distance:
        return 0.0
    across = min(left, its_left) - max(right, its_right)
    if across <= 0.0:
        return 0.0
    grazed = EYE_HEIGHT + (world.actors.height[i, m] - EYE_HEIGHT) * distance / nearest
    up = min(max(grazed / world.actors.height[i, n], 0.0), 1.0)
    return up * across / max(left - right, 1e-9)


@inner_scalar
def is_hidden_by(i, m, n, world, state):
    """Whether actor ``m`` alone leaves too little of actor ``n`` to be noticed from the car of world ``i``."""
    outline = _outline(i, n, world, state)
    return outline[0] >= NEAREST and _hidden_part(i, m, n, outline, world, state) > 1.0 - ENOUGH


@inner_scalar
def is_in_sight(i, n, world, state):
    """Whether `ENOUGH` of actor ``n`` shows between and above the others; beside or behind the ego it always does.

    What two hide of it counts twice where they overlap.
    """
    outline = _outline(i, n, world, state)
    if outline[0] < NEAREST:
        return True
    shown = 1.0
    for m in range(state.actor_x.shape[1]):
        shown -= _hidden_part(i, m, n, outline, world, state)
        if shown < ENOUGH:
            return False
    return True
