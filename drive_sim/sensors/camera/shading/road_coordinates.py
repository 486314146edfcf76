"""The road's frame below the pixels: projected at samples, interpolated in between.

Along one row of pixels s and d are smooth, so they are projected exactly at samples a few pixels apart, together with
their rates of change, and Hermite cubics give the pixels in between to a fraction of a millimetre. Where samples are
far apart on the roads, or belong to different stretches of road, every pixel is projected. CUDA always does that.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import pixel_scalar
from drive_sim.sensors.camera.pixel_blocks import fetch
from drive_sim.sensors.camera.shading.light import clearness, clearness_rate, ray
from drive_sim.world.roads.grid import GRID_CELL
from drive_sim.world.roads.road import (
    COMPACT,
    COMPACT_COS,
    COMPACT_CURVATURE,
    COMPACT_PAVED_LEFT,
    COMPACT_PAVED_RIGHT,
    COMPACT_SIN,
    COMPACT_X,
    COMPACT_Y,
    RAIL_BOTTOM,
    RAIL_OFFSET,
    RAIL_TOP,
)

F, INT = np.float32, np.int32
SAMPLE_SPACING = 8
"""Pixels from sample to sample."""
STEP = F(1.0 / SAMPLE_SPACING)
NOWHERE = 1e4
"""d [m] of ground that no road is near."""
_WIDEST_SEGMENT = 50.0
"""Samples farther apart than this on the ground are not interpolated between [m]."""


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


class GroundSample(NamedTuple):
    """`Place` at a sample."""

    element: Any  # of the road; -1 beyond the road's corridor, -2 sky
    place: Place


class Course(NamedTuple):
    """What every sample needs of a road and of the camera's place, read once; float32 or int32."""

    x: Any  # the camera's place from the corner of the road's grid [m]
    y: Any
    grid_rows: Any
    grid_columns: Any
    grid_start: Any
    element_start: Any
    step: Any  # [m]


HORIZON = -1e-3
"""Rays that fall less than this count as sky (the ground there is a kilometre away)."""


@pixel_scalar
def course_of(roads, road, scratch, slot):
    """The `Course` of a road seen from the camera of a slot."""
    return Course(
        F(scratch.origins[slot, 0] - roads.grid_x[road]), F(scratch.origins[slot, 1] - roads.grid_y[road]),
        INT(roads.grid_rows[road]), INT(roads.grid_columns[road]), INT(roads.grid_start[road]),
        INT(roads.element_start[road]), F(roads.step[road]),
    )  # fmt: skip


@pixel_scalar
def _nearest(roads, course, x, y):
    """As `nearest_element`, without a branch; (x, y) [m] from the corner of the road's grid."""
    column, row = x * F(1.0 / GRID_CELL), y * F(1.0 / GRID_CELL)
    inside = (column >= F(0.0)) & (row >= F(0.0)) & (column < F(course.grid_columns)) & (row < F(course.grid_rows))
    cell = INT(INT(INT(row) * course.grid_columns) + INT(column)) if inside else INT(-1)
    # Bit by bit: what the compiler sees used on a condition only, it moves into a branch, look-up included.
    return INT(fetch(roads.grid, INT(course.grid_start + max(cell, INT(0)))) | INT(cell >> INT(31)))


@pixel_scalar
def _entry(course, element):
    """Where an element's row of `Roads.compact` begins."""
    return INT(INT(course.element_start + element) * INT(COMPACT))


@pixel_scalar
def _compact(roads, entry, number):
    return fetch(roads.compact, INT(entry + INT(number)))


@pixel_scalar
def _project(roads, course, element, x, y):
    """(along, d) as `element_project`, without a branch: float32, along from the element's start.

    Points are given from the corner of the road's grid [m]: single precision is good to a quarter of a millimetre
    four kilometres from there; the angle is good to a ten-thousandth of it.
    """
    e = _entry(course, element)
    dx, dy = x - _compact(roads, e, COMPACT_X), y - _compact(roads, e, COMPACT_Y)
    c, s = _compact(roads, e, COMPACT_COS), _compact(roads, e, COMPACT_SIN)
    bend = _compact(roads, e, COMPACT_CURVATURE)
    forward, left = c * dx + s * dy, c * dy - s * dx
    # As `road_frame.arc_tangent`.
    one = F(1.0)
    q = bend * (forward * forward + left * left) - F(2.0) * left
    d = -q / (one + math.sqrt(max(one + bend * q, F(0.0))))
    along = forward / max(one - bend * left, F(0.05))
    # atan(t) / t, of a quarter of the angle.
    t = bend * along
    half = one / (one + math.sqrt(one + t * t))
    u = t * half
    quarter = half / (one + math.sqrt(one + u * u))
    w = t * quarter
    w *= w
    share = F(4.0) * quarter * (one - w * (F(1.0 / 3.0) - w * (F(0.2) - w * F(1.0 / 7.0))))
    return along * share, d


@pixel_scalar
def _longer(footprint, motion):
    """A footprint [m] with a motion folded into it: the widths of two boxes add by their squares."""
    both = math.sqrt(footprint * footprint + motion * motion)
    return both if footprint >= F(0.0) else -both


@pixel_scalar
def ground_sample(view, roads, course, column, row, rails):
    """The `GroundSample` of pixel (row, column); ``rails`` (a constant) whether the road has guard rails.

    Without branches, so that a CPU computes several at once. Only where there is a road does the place mean anything.
    """
    x, y, z = ray(view, column, row)
    fall = max(-z, F(-HORIZON))
    depth = view.height / fall
    px, py = course.x + x * depth, course.y + y * depth
    nearest = _nearest(roads, course, px, py)
    element = max(nearest, INT(0))
    along, d = _project(roads, course, element, px, py)
    s = F(element) * course.step + along
    e = _entry(course, element)
    # Heading of the road at s, and how the ground point moves from one column, and from one row, to the next.
    bend = _compact(roads, e, COMPACT_CURVATURE)
    turn = bend * along
    cosine, sine = _compact(roads, e, COMPACT_COS), _compact(roads, e, COMPACT_SIN)
    paved_left, paved_right = _compact(roads, e, COMPACT_PAVED_LEFT), _compact(roads, e, COMPACT_PAVED_RIGHT)
    tx, ty = cosine - turn * sine, sine + turn * cosine
    scale = depth * view.pixel
    slide = depth / view.height
    cx, cy = (view.left_x + slide * view.left_z * x) * scale, (view.left_y + slide * view.left_z * y) * scale
    rx, ry = (view.up_x + slide * view.up_z * x) * scale, (view.up_y + slide * view.up_z * y) * scale
    stretch = F(1.0) / max(F(1.0) - bend * d, F(0.05))
    column_s, column_d = (cx * tx + cy * ty) * stretch, cy * tx - cx * ty
    row_s, row_d = (rx * tx + ry * ty) * stretch, ry * tx - rx * ty
    # What moves past while the shutter is open makes the footprint longer.
    mx, my = view.drift_x - view.swing * y * depth, view.drift_y + view.swing * x * depth
    row_s, row_d = _longer(row_s, (mx * tx + my * ty) * stretch), _longer(row_d, my * tx - mx * ty)
    top_d, bottom_d, bottom_s = d, d, s
    if rails:
        top_d, _ = _at_height(view, roads, course, x, y, fall, F(RAIL_TOP), d, s)
        bottom_d, bottom_s = _at_height(view, roads, course, x, y, fall, F(RAIL_BOTTOM), d, s)
    # The camera's left is the image's lower columns.
    return GroundSample(
        nearest if z <= F(HORIZON) else INT(-2),
        Place(s, d, -column_s, -column_d, row_s, row_d, paved_left, paved_right, top_d, bottom_d, bottom_s),
    )


@pixel_scalar
def air_sample(view, column, row):
    """(share of light that the fog lets pass from the ground in pixel (row, column), its change to the next pixel)."""
    x, y, z = ray(view, column, row)
    z = min(z, F(HORIZON))
    clear = clearness(view, x, y, z)
    return clear, clearness_rate(view, clear, x, y, z)


@pixel_scalar
def place_of(view, sample, column, row):
    """The `Place` of a sample that is not in the sky, be there a road or not."""
    if sample.element >= 0:
        return sample.place
    _, _, z = ray(view, column, row)
    zero, far, wide = F(0.0), F(NOWHERE), view.height / -z * view.pixel
    return Place(zero, far, zero, wide, wide, zero, zero, zero, far, far, zero)


@pixel_scalar
def _at_height(view, roads, course, x, y, fall, height, d, s):
    """(d, s) where a falling ray passes ``height`` [m]; those given if there is no road, or no such point."""
    depth = (view.height - height) / fall
    px, py = course.x + x * depth, course.y + y * depth
    element = _nearest(roads, course, px, py)
    along, d_there = _project(roads, course, max(element, INT(0)), px, py)
    s_there = F(max(element, INT(0))) * course.step + along
    there = (element >= INT(0)) & (view.height > height)
    return d_there if there else d, s_there if there else s


@pixel_scalar
def joinable(course, a, b):
    """Whether pixels between samples ``a`` and ``b`` may be interpolated."""
    ds = b.place.s - a.place.s
    dd = b.place.d - a.place.d
    n = F(SAMPLE_SPACING)
    # Two stretches of road differ in what the rates promise.
    miss_s = abs(ds - F(0.5) * n * (a.place.column_s + b.place.column_s))
    miss_d = abs(dd - F(0.5) * n * (a.place.column_d + b.place.column_d))
    reach = abs(ds) + abs(dd)
    alike = (reach < F(_WIDEST_SEGMENT)) & (miss_s + miss_d < F(0.02) * reach + F(0.02) * F(course.step))
    return alike if (a.element >= 0) & (b.element >= 0) else a.element == b.element


@pixel_scalar
def _mix(a, b, t):
    return a + (b - a) * t


@pixel_scalar
def hermite(a, a_rate, b, b_rate, n):
    """Coefficients (c1, c2, c3) of the cubic a + c1 t + c2 t² + c3 t³ from ``a`` to ``b``, t the share of the way.

    It has the values and the rates (per pixel) of both ends, ``n`` pixels apart.
    """
    rise = b - a
    p, q = a_rate * n - rise, rise - b_rate * n
    return a_rate * n, q - F(2.0) * p, p - q


@pixel_scalar
def cubic(a, coefficients, t):
    """The cubic of `hermite` that begins at ``a``."""
    return a + t * (coefficients[0] + t * (coefficients[1] + t * coefficients[2]))


@pixel_scalar
def between(a, b, along_s, along_d, t):
    """The `Place` at share ``t`` of the way from sample ``a`` to sample ``b``, both on the road.

    ``along_s`` and ``along_d`` are what `hermite` makes of their s and d.
    """
    p, q = a.place, b.place
    return Place(
        cubic(p.s, along_s, t),
        cubic(p.d, along_d, t),
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
