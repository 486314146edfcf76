"""The road's frame below the pixels: projected at knots, interpolated in between.

Along one row of pixels s and d are smooth, so they are projected exactly at knots a few pixels apart, together with
their rates of change, and Hermite cubics give the pixels in between to a fraction of a millimetre. Where knots are
far apart on the roads, or belong to different stretches of road, every pixel is projected. CUDA always does that.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera_light import ray
from drive_sim.sensors.camera_view import frame_scalar, pixel_scalar
from drive_sim.world.road import EDGE_RAIL, RAIL_OFFSET, element_project, nearest_element

F = np.float32
KNOT_DISTANCE = 8
"""Pixels from knot to knot."""
NOWHERE = 1e4
"""d [m] of ground that no road is near."""
RAIL_TOP, RAIL_BOTTOM = 0.78, 0.45
"""Height of a guard rail's beam above the ground [m]."""
_WIDEST_SPAN = 25.0
"""Knots farther apart than this on the ground are not interpolated between [m]."""


class Place(NamedTuple):
    """One pixel's ground in the road's frame; float32."""

    s: Any  # [m] along the road
    d: Any  # [m] left of its reference line; NOWHERE far from any road
    column_s: Any  # how s and d change from this pixel to the next in its row [m]
    column_d: Any
    row_s: Any  # and to the one above: both together are the pixel's footprint
    row_d: Any
    paved_left: Any  # [m]
    paved_right: Any
    top_d: Any  # d where the ray passes the height of a guard rail's upper edge
    bottom_d: Any  # and its lower edge
    bottom_s: Any


class Knot(NamedTuple):
    """`Place` at a knot."""

    element: Any  # of the road; -1 beyond the band, -2 sky
    place: Place


HORIZON = -1e-3
"""Rays that fall less than this count as sky (the ground there is a kilometre away)."""


@pixel_scalar
def open_place():
    """A `Place` for knots in the sky."""
    zero = F(0.0)
    return Place(zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero)


@pixel_scalar
def ground_knot(view, roads, road, origin_x, origin_y, column, row):
    """The `Knot` of pixel (row, column)."""
    x, y, z = ray(view, column, row)
    zero = F(0.0)
    if z > F(HORIZON):
        return Knot(-2, open_place())
    depth = view.height / -z
    px, py = x * depth, y * depth
    far = F(NOWHERE)
    element = nearest_element(roads, road, origin_x + px, origin_y + py)
    if element < 0:
        wide = depth * view.pixel
        return Knot(-1, Place(zero, far, zero, wide, wide, zero, zero, zero, far, far, zero))
    s, d = element_project(roads, road, element, origin_x + px, origin_y + py)
    e = roads.element_start[road] + element
    # Heading of the road at s, and how the ground point moves from one column, and from one row, to the next.
    bend = roads.curvature[e]
    turn = F(bend * (s - element * roads.step[road]))
    tx = F(roads.cos_heading[e]) - turn * F(roads.sin_heading[e])
    ty = F(roads.sin_heading[e]) + turn * F(roads.cos_heading[e])
    scale = depth * view.pixel
    slide = depth / view.height
    cx, cy = (view.left_x + slide * view.left_z * x) * scale, (view.left_y + slide * view.left_z * y) * scale
    rx, ry = (view.up_x + slide * view.up_z * x) * scale, (view.up_y + slide * view.up_z * y) * scale
    stretch = F(1.0) / max(F(1.0 - bend * d), F(0.05))
    column_s, column_d = (cx * tx + cy * ty) * stretch, cy * tx - cx * ty
    row_s, row_d = (rx * tx + ry * ty) * stretch, ry * tx - rx * ty
    top_d, bottom_d, bottom_s = F(d), F(d), F(s)
    if roads.edge_left[road] == EDGE_RAIL or roads.edge_right[road] == EDGE_RAIL:
        top_d, _ = _at_height(view, roads, road, origin_x, origin_y, x, y, z, F(RAIL_TOP), F(d), F(s))
        bottom_d, bottom_s = _at_height(view, roads, road, origin_x, origin_y, x, y, z, F(RAIL_BOTTOM), F(d), F(s))
    # The camera's left is the picture's lower columns.
    return Knot(
        element,
        Place(
            F(s), F(d), -column_s, -column_d, row_s, row_d, F(roads.paved_left[e]), F(roads.paved_right[e]),
            top_d, bottom_d, bottom_s,
        ),
    )  # fmt: skip


@frame_scalar
def _at_height(view, roads, road, origin_x, origin_y, x, y, z, height, d, s):
    """(d, s) where a falling ray passes ``height`` [m]; those given if there is no road, or no such point."""
    if view.height <= height:
        return d, s
    depth = (view.height - height) / -z
    px, py = origin_x + x * depth, origin_y + y * depth
    element = nearest_element(roads, road, px, py)
    if element < 0:
        return d, s
    s_there, d_there = element_project(roads, road, element, px, py)
    return F(d_there), F(s_there)


@pixel_scalar
def joinable(view, roads, road, a, b):
    """Whether pixels between knots ``a`` and ``b`` may be interpolated."""
    if a.element < 0 or b.element < 0:
        return a.element == b.element
    step = F(roads.step[road])
    ds = b.place.s - a.place.s
    dd = b.place.d - a.place.d
    n = F(KNOT_DISTANCE)
    # Two stretches of road differ in what the rates promise.
    miss_s = abs(ds - F(0.5) * n * (a.place.column_s + b.place.column_s))
    miss_d = abs(dd - F(0.5) * n * (a.place.column_d + b.place.column_d))
    reach = abs(ds) + abs(dd)
    return reach < F(_WIDEST_SPAN) and miss_s + miss_d < F(0.02) * reach + F(0.02) * step


@pixel_scalar
def _mix(a, b, t):
    return a + (b - a) * t


@pixel_scalar
def _hermite(a, a_rate, b, b_rate, n, t):
    """Cubic with the values and rates (per pixel) of both ends, ``n`` pixels apart, at share ``t`` of the way."""
    rise = b - a
    p, q = a_rate * n - rise, rise - b_rate * n
    return a + t * (rise + (F(1.0) - t) * (p * (F(1.0) - t) + q * t))


@pixel_scalar
def between(a, b, n, t):
    """The `Place` at share ``t`` of the ``n`` pixels from knot ``a`` to knot ``b``."""
    p, q = a.place, b.place
    if a.element < 0:
        s, d = p.s, p.d
    else:
        s = _hermite(p.s, p.column_s, q.s, q.column_s, n, t)
        d = _hermite(p.d, p.column_d, q.d, q.column_d, n, t)
    return Place(
        s,
        d,
        _mix(p.column_s, q.column_s, t),
        _mix(p.column_d, q.column_d, t),
        _mix(p.row_s, q.row_s, t),
        _mix(p.row_d, q.row_d, t),
        _mix(p.paved_left, q.paved_left, t),
        _mix(p.paved_right, q.paved_right, t),
        _mix(p.top_d, q.top_d, t),
        _mix(p.bottom_d, q.bottom_d, t),
        _mix(p.bottom_s, q.bottom_s, t),
    )


@pixel_scalar
def rail_offset(paved):
    """|d| [m] of a guard rail beside ``paved`` [m]."""
    return paved + F(RAIL_OFFSET)
