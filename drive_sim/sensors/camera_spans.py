"""A row's knots and spans: where its pixels lie on the ground, and what lies between one knot and the next.

Knots and spans are worked out a row at a time, eight at once, before anything is drawn: a projection on the road is a
long chain of divisions and look-ups, of which a CPU has several in flight. Plain spans are then shaded without asking
at every pixel.
"""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera_field import KNOT_DISTANCE, Knot, Place, ground_knot, joinable, rail_offset
from drive_sim.sensors.camera_ground import GRAVEL_WIDTH, KERB_WIDTH, PAVEMENT_WIDTH, has_kerbs
from drive_sim.sensors.camera_rows import (
    KNOT_BOTTOM_D,
    KNOT_BOTTOM_S,
    KNOT_COLUMN_D,
    KNOT_COLUMN_S,
    KNOT_D,
    KNOT_ELEMENT,
    KNOT_PAVED_LEFT,
    KNOT_PAVED_RIGHT,
    KNOT_ROW_D,
    KNOT_ROW_S,
    KNOT_S,
    KNOT_TOP_D,
    SPAN_HIGH,
    SPAN_KIND,
    SPAN_LOW,
    read,
    write,
)
from drive_sim.sensors.camera_view import pixel_scalar

F, INT = np.float32, np.int32
ASPHALT_SPAN, MARKED_SPAN, MIXED_SPAN, VERGE_SPAN, SKY_SPAN, APART_SPAN = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0
"""What a span shows: bare asphalt, asphalt and markings, anything that there is on the ground, verge, sky; or knots
that may not be joined. Floats, as they are kept in a row."""
BATCH = 8
"""Spans that are sorted at once."""
KNOT_BATCH = 4
"""Knots that are worked out at once, in double precision."""


@pixel_scalar
def place_knots(view, roads, course, scratch, slot, row, first, step, count, place, rails):
    """Store knots, ``step`` pixels apart from column ``first`` on, from ``place`` on.

    ``count`` is how many, a multiple of `KNOT_BATCH`; ``rails``, a constant, is whether the road has guard rails.
    """
    rows = scratch.rows
    origin_x, origin_y = scratch.origins[slot, 0], scratch.origins[slot, 1]
    for batch in range(count // KNOT_BATCH):
        for k in range(KNOT_BATCH):
            number = batch * KNOT_BATCH + k
            column, n = F(INT(first + step * number)), place + number
            knot = ground_knot(view, roads, course, origin_x, origin_y, column, F(row), rails)
            at = knot.place
            write(rows, slot, KNOT_ELEMENT, n, F(knot.element))
            write(rows, slot, KNOT_S, n, at.s)
            write(rows, slot, KNOT_D, n, at.d)
            write(rows, slot, KNOT_COLUMN_S, n, at.column_s)
            write(rows, slot, KNOT_COLUMN_D, n, at.column_d)
            write(rows, slot, KNOT_ROW_S, n, at.row_s)
            write(rows, slot, KNOT_ROW_D, n, at.row_d)
            write(rows, slot, KNOT_PAVED_LEFT, n, at.paved_left)
            write(rows, slot, KNOT_PAVED_RIGHT, n, at.paved_right)
            if rails:
                write(rows, slot, KNOT_TOP_D, n, at.top_d)
                write(rows, slot, KNOT_BOTTOM_D, n, at.bottom_d)
                write(rows, slot, KNOT_BOTTOM_S, n, at.bottom_s)


@pixel_scalar
def knot_at(rows, slot, n, rails):
    """The `Knot` that was stored at place ``n``; without guard rails what concerns them means nothing."""
    zero = F(0.0)
    return Knot(
        read(rows, slot, KNOT_ELEMENT, n),
        Place(
            read(rows, slot, KNOT_S, n), read(rows, slot, KNOT_D, n),
            read(rows, slot, KNOT_COLUMN_S, n), read(rows, slot, KNOT_COLUMN_D, n),
            read(rows, slot, KNOT_ROW_S, n), read(rows, slot, KNOT_ROW_D, n),
            read(rows, slot, KNOT_PAVED_LEFT, n), read(rows, slot, KNOT_PAVED_RIGHT, n),
            read(rows, slot, KNOT_TOP_D, n) if rails else zero,
            read(rows, slot, KNOT_BOTTOM_D, n) if rails else zero,
            read(rows, slot, KNOT_BOTTOM_S, n) if rails else zero,
        ),
    )  # fmt: skip


@pixel_scalar
def _span_kind(trim, course, a, b, rails):
    """(what lies between two knots if there is no marking, smallest and largest d that its pixels may touch)."""
    p, q = a.place, b.place
    low, high = min(p.d, q.d), max(p.d, q.d)
    smear = max(abs(p.column_d), abs(q.column_d)) + max(abs(p.row_d), abs(q.row_d))
    margin = F(0.1) + F(0.15) * (high - low) + F(0.6) * smear
    low, high = low - margin, high + margin
    left, right = max(p.paved_left, q.paved_left), max(p.paved_right, q.paved_right)
    if rails:
        # A ray that has left the road above the beam's upper edge does not meet it.
        top_low, top_high = min(p.top_d, q.top_d) - margin, max(p.top_d, q.top_d) + margin
        verge = (top_low > rail_offset(left)) | (top_high < -rail_offset(right))
    else:
        wide = F(KERB_WIDTH + PAVEMENT_WIDTH + 2.0) if has_kerbs(trim) else F(GRAVEL_WIDTH)
        verge = (low > left + wide) | (high < -right - wide)
    median = (low < trim.half_median) & (high > -trim.half_median)
    edge = (high > min(p.paved_left, q.paved_left)) | (low < -min(p.paved_right, q.paved_right))
    kind = F(MIXED_SPAN) if median | edge else F(ASPHALT_SPAN)
    kind = F(VERGE_SPAN) if verge | (a.element < F(0.0)) else kind
    kind = F(SKY_SPAN) if a.element == F(-2.0) else kind
    return kind if joinable(course, a, b) else F(APART_SPAN), low, high


@pixel_scalar
def sort_spans(trim, course, roads, road, rows, slot, count, rails):
    """Store what each of ``count`` (a multiple of `BATCH`) spans shows, span n being between knots n and n + 1."""
    for batch in range(count // BATCH):
        for k in range(BATCH):
            n = batch * BATCH + k
            a, b = knot_at(rows, slot, n, rails), knot_at(rows, slot, n + 1, rails)
            kind, low, high = _span_kind(trim, course, a, b, rails)
            write(rows, slot, SPAN_KIND, n, kind)
            write(rows, slot, SPAN_LOW, n, low)
            write(rows, slot, SPAN_HIGH, n, high)
    for number in range(roads.boundary_count[road]):
        low, high = reach_of(roads, road, number)
        for n in range(count):
            kind = read(rows, slot, SPAN_KIND, n)
            marked = (kind == F(ASPHALT_SPAN)) & touches(rows, slot, n, low, high)
            write(rows, slot, SPAN_KIND, n, F(MARKED_SPAN) if marked else kind)


@pixel_scalar
def reach_of(roads, road, number):
    """(smallest, largest d) that boundary ``number``'s paint may touch [m]."""
    offset, reach = F(roads.boundary_offset[road, number]), F(1.5) * F(roads.boundary_width[road, number])
    return offset - reach, offset + reach


@pixel_scalar
def touches(rows, slot, n, low, high):
    """Whether pixels of span ``n`` may touch anything between d = ``low`` and ``high`` [m]."""
    return (read(rows, slot, SPAN_LOW, n) < high) & (read(rows, slot, SPAN_HIGH, n) > low)


@pixel_scalar
def spans_of(columns):
    """Spans that cover ``columns``."""
    return (columns + KNOT_DISTANCE - 1) // KNOT_DISTANCE


@pixel_scalar
def padded(count, batch):
    """The smallest multiple of ``batch`` that is not below ``count``."""
    return (count + batch - 1) // batch * batch
