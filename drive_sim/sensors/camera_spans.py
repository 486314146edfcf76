"""A band's knots and spans: where its pixels lie on the ground, and what lies between one knot and the next.

Knots and spans are worked out for all rows of a band, several at once, before anything is drawn: a projection on the
road is a long chain of divisions and look-ups, of which a CPU has several in flight. Neighbouring spans that show the
same make a run, and runs are listed by what they show, so that each kind is drawn by one loop that asks nothing.
"""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera_field import KNOT_DISTANCE, Knot, Place, ground_knot, joinable, rail_offset
from drive_sim.sensors.camera_ground import GRAVEL_WIDTH, KERB_WIDTH, PAVEMENT_WIDTH, has_kerbs, has_rails
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
from drive_sim.sensors.camera_view import frame_scalar, pixel_scalar

F, INT = np.float32, np.int32
ASPHALT_SPAN, MARKED_SPAN, MIXED_SPAN, VERGE_SPAN, SKY_SPAN, APART_SPAN, NO_SPAN = range(7)
"""What a span shows: bare asphalt, asphalt and markings, anything that there is on the ground, verge, sky; or knots
that may not be joined; or it lies beyond the end of a row."""
SPAN_KINDS = 7
BATCH = 8
"""Spans that are sorted at once."""
KNOT_BATCH = 8
"""Knots that are worked out at once."""


@pixel_scalar
def place_knots(view, roads, course, scratch, slot, row, first, step, count, place, rails):
    """Store knots of a row, ``step`` pixels apart from column ``first`` on, from ``place`` on.

    ``count`` is how many, a multiple of `KNOT_BATCH`; ``rails``, a constant, is whether the road has guard rails.
    """
    rows = scratch.rows
    for batch in range(count // KNOT_BATCH):
        for k in range(KNOT_BATCH):
            number = batch * KNOT_BATCH + k
            column, n = F(INT(first + step * number)), place + number
            knot = ground_knot(view, roads, course, column, F(row), rails)
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
def _span_kind(trim, course, a, b):
    """(what lies between two knots if there is no marking, smallest and largest d that its pixels may touch)."""
    p, q = a.place, b.place
    # A cubic stays among its Bézier points.
    third = F(KNOT_DISTANCE / 3.0)
    c, e = p.d + p.column_d * third, q.d - q.column_d * third
    low, high = min(min(p.d, q.d), min(c, e)), max(max(p.d, q.d), max(c, e))
    smear = max(abs(p.column_d), abs(q.column_d)) + max(abs(p.row_d), abs(q.row_d))
    margin = F(0.02) + F(0.6) * smear
    low, high = low - margin, high + margin
    left, right = max(p.paved_left, q.paved_left), max(p.paved_right, q.paved_right)
    # A ray that has left the road above the beam's upper edge does not meet a rail.
    slack = F(0.1) + F(0.15) * (high - low) + margin
    top_low, top_high = min(p.top_d, q.top_d) - slack, max(p.top_d, q.top_d) + slack
    past_rails = (top_low > rail_offset(left)) | (top_high < -rail_offset(right))
    wide = F(KERB_WIDTH + PAVEMENT_WIDTH) if has_kerbs(trim) else F(GRAVEL_WIDTH)
    verge = past_rails if has_rails(trim) else (low > left + wide) | (high < -right - wide)
    median = (low < trim.half_median) & (high > -trim.half_median)
    edge = (high > min(p.paved_left, q.paved_left)) | (low < -min(p.paved_right, q.paved_right))
    kind = F(MIXED_SPAN) if median | edge else F(ASPHALT_SPAN)
    kind = F(VERGE_SPAN) if verge | (a.element < F(0.0)) else kind
    kind = F(SKY_SPAN) if a.element == F(-2.0) else kind
    return kind if joinable(course, a, b) else F(APART_SPAN), low, high


@pixel_scalar
def sort_spans(trim, course, roads, road, rows, slot, first, count):
    """Store what each of ``count`` spans from ``first`` on (a multiple of `BATCH`, or some more of them) shows.

    Span n lies between knots n and n + 1.
    """
    for batch in range((count + BATCH - 1) // BATCH):
        for k in range(BATCH):
            n = first + batch * BATCH + k
            a, b = knot_at(rows, slot, n, True), knot_at(rows, slot, n + 1, True)
            kind, low, high = _span_kind(trim, course, a, b)
            write(rows, slot, SPAN_KIND, n, kind)
            write(rows, slot, SPAN_LOW, n, low)
            write(rows, slot, SPAN_HIGH, n, high)
    for number in range(roads.boundary_count[road]):
        low, high = reach_of(roads, road, number)
        for n in range(first, first + count):
            kind = read(rows, slot, SPAN_KIND, n)
            marked = (kind == F(ASPHALT_SPAN)) & touches(rows, slot, n, low, high)
            write(rows, slot, SPAN_KIND, n, F(MARKED_SPAN) if marked else kind)


@frame_scalar
def list_runs(scratch, slot, band):
    """List the runs of each kind of span in the band."""
    rows, starts, runs, counts = scratch.rows, scratch.starts, scratch.runs, scratch.run_count
    total = band.lines * band.knots
    found, previous = 0, F(-1.0)
    for n in range(total):
        # Written in any case: nobody can guess where a run begins.
        starts[slot, found] = n
        kind = read(rows, slot, SPAN_KIND, n)
        found += int(kind != previous)
        previous = kind
    starts[slot, found] = total
    for kind in range(SPAN_KINDS):
        counts[slot, kind] = 0
    for number in range(found):
        first = starts[slot, number]
        shown = int(read(rows, slot, SPAN_KIND, first))
        place = counts[slot, shown]
        runs[slot, shown, place, 0], runs[slot, shown, place, 1] = first, starts[slot, number + 1]
        counts[slot, shown] = place + 1


@pixel_scalar
def run_at(scratch, slot, band, kind, number):
    """(line of the band, first span in it, the one after the last) of run ``number`` of a kind."""
    first, end = scratch.runs[slot, kind, number, 0], scratch.runs[slot, kind, number, 1]
    line = first // band.knots
    return line, first - line * band.knots, end - line * band.knots


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
