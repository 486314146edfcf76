"""Oriented boxes on the ground: contact while they move, and the clearance between them.

A box is the tuple (x, y, cosine, sine, half length, half width) of its middle [m], its heading, and its sides [m].
Contact is found by separating axes (Gottschalk, Lin & Manocha 1996), swept: boxes that translate against each other
touch when their projections on all four side normals overlap at once, and each projection gives the interval of time
in which it does (Ericson 2005, "Real-Time Collision Detection", 5.5.8). So nothing passes through anything, however
fast. A turn during the sweep is cut into slices with a constant heading each.
"""

from __future__ import annotations

import math

from drive_sim.compute.geometry import wrap_angle
from drive_sim.compute.kernel import scalar

SLICE_TURN = 0.02
"""Turn in one slice of a sweep [rad]: a corner 2.5 m from the middle is off by 2.5 cm at most."""
MOST_SLICES = 8
NO_CONTACT = 2.0
"""What a sweep returns when nothing touches: later than its end."""


@scalar
def make_box(x, y, yaw, length, width):
    """Box of ``length`` and ``width`` [m] around (x, y) [m], heading ``yaw`` [rad]."""
    return x, y, math.cos(yaw), math.sin(yaw), 0.5 * length, 0.5 * width


@scalar
def overlap_interval(distance, speed, reach, enter, leave):
    """The part of the interval (enter, leave) in which |distance + speed t| <= reach; empty when enter > leave."""
    if abs(speed) < 1e-12:
        return (enter, leave) if abs(distance) <= reach else (1.0, 0.0)
    first = (-reach - distance) / speed
    last = (reach - distance) / speed
    if first > last:
        first, last = last, first
    return max(enter, first), min(leave, last)


@scalar
def translated_contact(a, b, move_x, move_y):
    """Time in 0..1 at which box ``b``, moved by (move_x, move_y) [m] against ``a``, first touches it; or NO_CONTACT."""
    ax, ay, ac, as_, al, aw = a
    bx, by, bc, bs, bl, bw = b
    dx, dy = bx - ax, by - ay
    # Cosine and sine between the boxes: the reach of one along the other's axes.
    c, s = abs(ac * bc + as_ * bs), abs(ac * bs - as_ * bc)
    enter, leave = 0.0, 1.0
    enter, leave = overlap_interval(dx * ac + dy * as_, move_x * ac + move_y * as_, al + bl * c + bw * s, enter, leave)
    if enter > leave:
        return NO_CONTACT
    enter, leave = overlap_interval(dy * ac - dx * as_, move_y * ac - move_x * as_, aw + bl * s + bw * c, enter, leave)
    if enter > leave:
        return NO_CONTACT
    enter, leave = overlap_interval(dx * bc + dy * bs, move_x * bc + move_y * bs, bl + al * c + aw * s, enter, leave)
    if enter > leave:
        return NO_CONTACT
    enter, leave = overlap_interval(dy * bc - dx * bs, move_y * bc - move_x * bs, bw + al * s + aw * c, enter, leave)
    return enter if enter <= leave else NO_CONTACT


@scalar
def boxes_touch(a, b):
    """Whether two boxes overlap or touch."""
    return translated_contact(a, b, 0.0, 0.0) <= 1.0


@scalar
def swept_contact(a_before, a_after, a_size, b_before, b_after, b_size):
    """Time in 0..1 at which two moving and turning boxes first touch, or NO_CONTACT.

    Poses are (x, y, yaw) at the beginning and the end of the sweep, sizes (length, width); in between they move on
    straight lines and turn evenly.
    """
    a_turn = wrap_angle(a_after[2] - a_before[2])
    b_turn = wrap_angle(b_after[2] - b_before[2])
    slices = min(1 + int((abs(a_turn) + abs(b_turn)) / SLICE_TURN), MOST_SLICES)
    share = 1.0 / slices
    a_x, a_y = (a_after[0] - a_before[0]) * share, (a_after[1] - a_before[1]) * share
    b_x, b_y = (b_after[0] - b_before[0]) * share, (b_after[1] - b_before[1]) * share
    for part in range(slices):
        middle = (part + 0.5) * share
        a = make_box(
            a_before[0] + part * a_x, a_before[1] + part * a_y, a_before[2] + middle * a_turn, a_size[0], a_size[1]
        )
        b = make_box(
            b_before[0] + part * b_x, b_before[1] + part * b_y, b_before[2] + middle * b_turn, b_size[0], b_size[1]
        )
        time = translated_contact(a, b, b_x - a_x, b_y - a_y)
        if time <= 1.0:
            return (part + time) * share
    return NO_CONTACT


@scalar
def squared_distance_to_box(x, y, box):
    """Squared distance [m²] of a point from a box; 0 inside."""
    bx, by, c, s, length, width = box
    dx, dy = x - bx, y - by
    along = max(abs(c * dx + s * dy) - length, 0.0)
    across = max(abs(c * dy - s * dx) - width, 0.0)
    return along * along + across * across


@scalar
def corners_to_box(a, b):
    """Smallest squared distance [m²] of a corner of ``a`` from box ``b``."""
    x, y, c, s, length, width = a
    nearest = 1e12
    for corner in range(4):
        along = length if corner < 2 else -length
        across = width if corner % 2 == 0 else -width
        nearest = min(nearest, squared_distance_to_box(x + c * along - s * across, y + s * along + c * across, b))
    return nearest


@scalar
def box_distance(a, b):
    """Clearance between two boxes [m], 0 when they overlap.

    Two convex polygons that do not overlap are nearest to each other at a corner of one of them.
    """
    if boxes_touch(a, b):
        return 0.0
    return math.sqrt(min(corners_to_box(a, b), corners_to_box(b, a)))
