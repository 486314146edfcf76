"""A band's spans: what lies between one knot and the next.

They are sorted for all rows of a band, several at once, before anything is drawn. Neighbouring spans that show the same
make a run, and runs are listed by what they show, so that each kind is drawn by one loop that asks nothing.
"""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera.cpu.samples import knot_at
from drive_sim.sensors.camera.frame_setup import floor_of, frame_scalar, pixel_scalar
from drive_sim.sensors.camera.pixel_blocks import (
    KNOT_CLEAR,
    KNOT_CLEAR_RATE,
    SPAN_AHEAD,
    SPAN_BACK,
    SPAN_CLEAR1,
    SPAN_CLEAR2,
    SPAN_CLEAR3,
    SPAN_D1,
    SPAN_D2,
    SPAN_D3,
    SPAN_HIGH,
    SPAN_KIND,
    SPAN_LOW,
    SPAN_MARKS,
    SPAN_S1,
    SPAN_S2,
    SPAN_S3,
    choose,
    read,
    write,
)
from drive_sim.sensors.camera.shading.ground import GRAVEL_WIDTH, PAVEMENT_WIDTH, has_kerbs, has_rails
from drive_sim.sensors.camera.shading.road_coordinates import KNOT_DISTANCE, hermite, joinable, rail_offset
from drive_sim.world.roads.road import DASH_LENGTH, DASH_PERIOD, KERB_WIDTH, STYLE_DASHED, STYLE_DOUBLE

F, INT = np.float32, np.int32
ASPHALT_SPAN, MARKED_SPAN, MIXED_SPAN, VERGE_SPAN, SKY_SPAN, APART_SPAN, NO_SPAN = range(7)
"""What a span shows: bare asphalt, asphalt and markings, anything that there is on the ground, verge, sky; or knots
that may not be joined; or it lies beyond the end of a row."""
SPAN_KINDS = 7
_NARROW = 25.0
"""Spans shorter than this are narrower than the band along a road that `Roads.grid` covers [m]."""
BATCH = 8
"""Spans that are sorted at once."""


@pixel_scalar
def _hull(a, a_rate, b, b_rate):
    """(smallest, largest value) of the cubic between two knots: it stays among its Bézier points."""
    third = F(KNOT_DISTANCE / 3.0)
    c, e = a + a_rate * third, b - b_rate * third
    return min(min(a, b), min(c, e)), max(max(a, b), max(c, e))


@pixel_scalar
def _smear(column_a, row_a, column_b, row_b):
    """How far the footprint of a pixel between two knots reaches to each side [m]."""
    return F(0.02) + F(0.6) * (max(abs(column_a), abs(column_b)) + max(abs(row_a), abs(row_b)))


@pixel_scalar
def _span_kind(trim, course, a, b, least, most, margin):
    """What lies between two knots if there is no marking.

    Its pixels' middles lie between d = ``least`` and ``most``, and their footprints reach ``margin`` farther [m].
    """
    p, q = a.place, b.place
    low, high = least - margin, most + margin
    left, right = max(p.paved_left, q.paved_left), max(p.paved_right, q.paved_right)
    # A ray that has left the road above the beam's upper edge does not meet a rail.
    slack = F(0.1) + F(0.15) * (high - low) + margin
    top_low, top_high = min(p.top_d, q.top_d) - slack, max(p.top_d, q.top_d) + slack
    over_left, over_right = top_low > rail_offset(left), top_high < -rail_offset(right)
    # Gravel is laid by a pixel's middle, stone by its footprint.
    stone = F(KERB_WIDTH + PAVEMENT_WIDTH) if has_kerbs(trim) else F(0.0)
    past_left = (low > left + stone) & (least > left + F(GRAVEL_WIDTH))
    past_right = (high < -right - stone) & (most < -right - F(GRAVEL_WIDTH))
    # Over the rail of a bend, the ray may come down on the road again.
    free = (past_left & over_left) | (past_right & over_right)
    verge = choose(has_rails(trim), free, past_left | past_right)
    median = (low < trim.half_median) & (high > -trim.half_median)
    edge = (high > min(p.paved_left, q.paved_left)) | (low < -min(p.paved_right, q.paved_right))
    kind = F(MIXED_SPAN) if median | edge else F(ASPHALT_SPAN)
    kind = F(VERGE_SPAN) if verge | (a.element < F(0.0)) else kind
    kind = F(SKY_SPAN) if a.element == F(-2.0) else kind
    kind = kind if joinable(course, a, b) else F(APART_SPAN)
    return choose(_leaves_road(a, b) & (not has_rails(trim)), F(VERGE_SPAN), kind)


@pixel_scalar
def _leaves_road(a, b):
    """Whether one knot lies beyond the band along the road, the other well beside it, and no other road between.

    For the band is wider than the span is long.
    """
    here = a.element >= F(0.0)
    p, q = a.place, b.place
    length = F(KNOT_DISTANCE) * (abs(p.column_s if here else q.column_s) + abs(p.column_d if here else q.column_d))
    paved = max(p.paved_left, p.paved_right) if here else max(q.paved_left, q.paved_right)
    beside = abs(p.d if here else q.d) > paved + F(8.0)
    lone = (a.element == F(-1.0)) & (b.element >= F(0.0)) | here & (b.element == F(-1.0))
    return lone & beside & (length < F(_NARROW))


@pixel_scalar
def sort_spans(trim, course, roads, road, rows, slot, first, count):
    """Store what each of ``count`` spans from ``first`` on (a multiple of `BATCH`, or some more of them) shows.

    Span n lies between knots n and n + 1.
    """
    for batch in range((count + BATCH - 1) // BATCH):
        for k in range(BATCH):
            n = first + batch * BATCH + k
            a, b = knot_at(rows, slot, n, True), knot_at(rows, slot, n + 1, True)
            p, q = a.place, b.place
            low, high = _hull(p.d, p.column_d, q.d, q.column_d)
            back, ahead = _hull(p.s, p.column_s, q.s, q.column_s)
            margin = _smear(p.column_d, p.row_d, q.column_d, q.row_d)
            long = _smear(p.column_s, p.row_s, q.column_s, q.row_s)
            write(rows, slot, SPAN_KIND, n, _span_kind(trim, course, a, b, low, high, margin))
            write(rows, slot, SPAN_LOW, n, low - margin)
            write(rows, slot, SPAN_HIGH, n, high + margin)
            write(rows, slot, SPAN_BACK, n, back - long)
            write(rows, slot, SPAN_AHEAD, n, ahead + long)
            write(rows, slot, SPAN_MARKS, n, F(0.0))
            _store_cubics(rows, slot, n, p, q)
    for number in range(roads.boundary_count[road]):
        low, high, dashed = _reach(roads, road, number)
        bit = F(INT(INT(1) << INT(number)))
        for n in range(first, first + count):
            kind, there = read(rows, slot, SPAN_KIND, n), _touches(rows, slot, n, low, high, dashed)
            write(rows, slot, SPAN_KIND, n, F(MARKED_SPAN) if there & (kind == F(ASPHALT_SPAN)) else kind)
            write(rows, slot, SPAN_MARKS, n, read(rows, slot, SPAN_MARKS, n) + (bit if there else F(0.0)))


@pixel_scalar
def _store_cubics(rows, slot, n, p, q):
    """Keep what `hermite` makes of s, d and clearness along span ``n``, from `Place` p to q."""
    along_s = hermite(p.s, p.column_s, q.s, q.column_s, F(KNOT_DISTANCE))
    along_d = hermite(p.d, p.column_d, q.d, q.column_d, F(KNOT_DISTANCE))
    write(rows, slot, SPAN_S1, n, along_s[0])
    write(rows, slot, SPAN_S2, n, along_s[1])
    write(rows, slot, SPAN_S3, n, along_s[2])
    write(rows, slot, SPAN_D1, n, along_d[0])
    write(rows, slot, SPAN_D2, n, along_d[1])
    write(rows, slot, SPAN_D3, n, along_d[2])
    clear = hermite(
        read(rows, slot, KNOT_CLEAR, n), read(rows, slot, KNOT_CLEAR_RATE, n),
        read(rows, slot, KNOT_CLEAR, n + 1), read(rows, slot, KNOT_CLEAR_RATE, n + 1), F(KNOT_DISTANCE),
    )  # fmt: skip
    write(rows, slot, SPAN_CLEAR1, n, clear[0])
    write(rows, slot, SPAN_CLEAR2, n, clear[1])
    write(rows, slot, SPAN_CLEAR3, n, clear[2])


@pixel_scalar
def clear_at(rows, slot, n):
    """How clear the air is at the first pixel of span ``n``, and coefficients of that along it."""
    return read(rows, slot, KNOT_CLEAR, n), (
        read(rows, slot, SPAN_CLEAR1, n), read(rows, slot, SPAN_CLEAR2, n), read(rows, slot, SPAN_CLEAR3, n),
    )  # fmt: skip


@pixel_scalar
def cubics_at(rows, slot, n):
    """Coefficients of (s, d) along span ``n``."""
    return (
        (read(rows, slot, SPAN_S1, n), read(rows, slot, SPAN_S2, n), read(rows, slot, SPAN_S3, n)),
        (read(rows, slot, SPAN_D1, n), read(rows, slot, SPAN_D2, n), read(rows, slot, SPAN_D3, n)),
    )


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
def _reach(roads, road, number):
    """(smallest, largest d) of boundary ``number``'s paint [m], and whether it is dashed."""
    offset, style = F(roads.boundary_offset[road, number]), roads.boundary_style[road, number]
    reach = (F(1.5) if style == STYLE_DOUBLE else F(0.5)) * F(roads.boundary_width[road, number])
    return offset - reach, offset + reach, style == STYLE_DASHED


@pixel_scalar
def _touches(rows, slot, n, low, high, dashed):
    """Whether pixels of span ``n`` may touch paint between d = ``low`` and ``high`` [m]."""
    inverse = F(1.0 / DASH_PERIOD)
    back, ahead = read(rows, slot, SPAN_BACK, n), read(rows, slot, SPAN_AHEAD, n)
    period = floor_of(back * inverse)
    dash = (floor_of(ahead * inverse) > period) | (back - period * F(DASH_PERIOD) < F(DASH_LENGTH))
    return (read(rows, slot, SPAN_LOW, n) < high) & (read(rows, slot, SPAN_HIGH, n) > low) & (dash | (not dashed))


@pixel_scalar
def touches(rows, slot, n, number):
    """1 if pixels of span ``n`` may touch marking ``number``, else 0."""
    return INT(INT(INT(read(rows, slot, SPAN_MARKS, n)) >> INT(number)) & INT(1))


@pixel_scalar
def spans_of(columns):
    """Spans that cover ``columns``."""
    return (columns + KNOT_DISTANCE - 1) // KNOT_DISTANCE
