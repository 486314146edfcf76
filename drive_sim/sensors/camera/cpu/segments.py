"""A block's segments: what lies between one sample and the next.

They are classified for all rows of a block, several at once, before anything is shaded. Neighbouring segments that
show the same make a run, and runs are listed by what they show, so that one loop without a branch shades each kind.
"""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera.cpu.samples import sample_at
from drive_sim.sensors.camera.frame_setup import floor_of, frame_scalar, pixel_scalar
from drive_sim.sensors.camera.pixel_blocks import (
    SAMPLE_CLEAR,
    SAMPLE_CLEAR_RATE,
    SEGMENT_AHEAD,
    SEGMENT_BACK,
    SEGMENT_CLEAR1,
    SEGMENT_CLEAR2,
    SEGMENT_CLEAR3,
    SEGMENT_D1,
    SEGMENT_D2,
    SEGMENT_D3,
    SEGMENT_HIGH,
    SEGMENT_KIND,
    SEGMENT_LOW,
    SEGMENT_MARKS,
    SEGMENT_S1,
    SEGMENT_S2,
    SEGMENT_S3,
    choose,
    read,
    write,
)
from drive_sim.sensors.camera.shading.ground import GRAVEL_WIDTH, PAVEMENT_WIDTH, has_kerbs, has_rails
from drive_sim.sensors.camera.shading.road_coordinates import SAMPLE_SPACING, hermite, joinable, rail_offset
from drive_sim.world.roads.road import DASH_LENGTH, DASH_PERIOD, KERB_WIDTH, STYLE_DASHED, STYLE_DOUBLE

F, INT = np.float32, np.int32
ASPHALT_SEGMENT, MARKED_SEGMENT, MIXED_SEGMENT, VERGE_SEGMENT, SKY_SEGMENT, SEPARATE_SEGMENT, NO_SEGMENT = range(7)
"""What a segment shows: bare asphalt, asphalt and markings, anything that there is on the ground, verge, sky; or its
samples may not be joined; or it lies beyond the end of a row."""
SEGMENT_KINDS = 7
_NARROW = 25.0
"""Segments shorter than this are narrower than the corridor along a road that `Roads.grid` covers [m]."""
BATCH = 8
"""Segments that are classified at once."""


@pixel_scalar
def _hull(a, a_rate, b, b_rate):
    """(smallest, largest value) of the cubic between two samples: it stays among its Bézier points."""
    third = F(SAMPLE_SPACING / 3.0)
    c, e = a + a_rate * third, b - b_rate * third
    return min(min(a, b), min(c, e)), max(max(a, b), max(c, e))


@pixel_scalar
def _smear(column_a, row_a, column_b, row_b):
    """How far the footprint of a pixel between two samples reaches to each side [m]."""
    return F(0.02) + F(0.6) * (max(abs(column_a), abs(column_b)) + max(abs(row_a), abs(row_b)))


@pixel_scalar
def _segment_kind(trim, course, a, b, least, most, margin):
    """What lies between two samples if there is no marking.

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
    kind = F(MIXED_SEGMENT) if median | edge else F(ASPHALT_SEGMENT)
    kind = F(VERGE_SEGMENT) if verge | (a.element < F(0.0)) else kind
    kind = F(SKY_SEGMENT) if a.element == F(-2.0) else kind
    kind = kind if joinable(course, a, b) else F(SEPARATE_SEGMENT)
    return choose(_leaves_road(a, b) & (not has_rails(trim)), F(VERGE_SEGMENT), kind)


@pixel_scalar
def _leaves_road(a, b):
    """Whether one sample lies beyond the road's corridor, the other well beside the road, and no other road between.

    For the corridor is wider than the segment is long.
    """
    here = a.element >= F(0.0)
    p, q = a.place, b.place
    length = F(SAMPLE_SPACING) * (abs(p.column_s if here else q.column_s) + abs(p.column_d if here else q.column_d))
    paved = max(p.paved_left, p.paved_right) if here else max(q.paved_left, q.paved_right)
    beside = abs(p.d if here else q.d) > paved + F(8.0)
    lone = (a.element == F(-1.0)) & (b.element >= F(0.0)) | here & (b.element == F(-1.0))
    return lone & beside & (length < F(_NARROW))


@pixel_scalar
def classify_segments(trim, course, roads, road, rows, slot, first, count):
    """Store what each of ``count`` segments from ``first`` on (a multiple of `BATCH`, or some more of them) shows.

    Segment n lies between samples n and n + 1.
    """
    for batch in range((count + BATCH - 1) // BATCH):
        for k in range(BATCH):
            n = first + batch * BATCH + k
            a, b = sample_at(rows, slot, n, True), sample_at(rows, slot, n + 1, True)
            p, q = a.place, b.place
            low, high = _hull(p.d, p.column_d, q.d, q.column_d)
            back, ahead = _hull(p.s, p.column_s, q.s, q.column_s)
            margin = _smear(p.column_d, p.row_d, q.column_d, q.row_d)
            long = _smear(p.column_s, p.row_s, q.column_s, q.row_s)
            write(rows, slot, SEGMENT_KIND, n, _segment_kind(trim, course, a, b, low, high, margin))
            write(rows, slot, SEGMENT_LOW, n, low - margin)
            write(rows, slot, SEGMENT_HIGH, n, high + margin)
            write(rows, slot, SEGMENT_BACK, n, back - long)
            write(rows, slot, SEGMENT_AHEAD, n, ahead + long)
            write(rows, slot, SEGMENT_MARKS, n, F(0.0))
            _store_cubics(rows, slot, n, p, q)
    for number in range(roads.boundary_count[road]):
        low, high, dashed = _reach(roads, road, number)
        bit = F(INT(INT(1) << INT(number)))
        for n in range(first, first + count):
            kind, there = read(rows, slot, SEGMENT_KIND, n), _touches(rows, slot, n, low, high, dashed)
            write(rows, slot, SEGMENT_KIND, n, F(MARKED_SEGMENT) if there & (kind == F(ASPHALT_SEGMENT)) else kind)
            write(rows, slot, SEGMENT_MARKS, n, read(rows, slot, SEGMENT_MARKS, n) + (bit if there else F(0.0)))


@pixel_scalar
def _store_cubics(rows, slot, n, p, q):
    """Keep what `hermite` makes of s, d and clearness along segment ``n``, from `Place` p to q."""
    along_s = hermite(p.s, p.column_s, q.s, q.column_s, F(SAMPLE_SPACING))
    along_d = hermite(p.d, p.column_d, q.d, q.column_d, F(SAMPLE_SPACING))
    write(rows, slot, SEGMENT_S1, n, along_s[0])
    write(rows, slot, SEGMENT_S2, n, along_s[1])
    write(rows, slot, SEGMENT_S3, n, along_s[2])
    write(rows, slot, SEGMENT_D1, n, along_d[0])
    write(rows, slot, SEGMENT_D2, n, along_d[1])
    write(rows, slot, SEGMENT_D3, n, along_d[2])
    clear = hermite(
        read(rows, slot, SAMPLE_CLEAR, n), read(rows, slot, SAMPLE_CLEAR_RATE, n),
        read(rows, slot, SAMPLE_CLEAR, n + 1), read(rows, slot, SAMPLE_CLEAR_RATE, n + 1), F(SAMPLE_SPACING),
    )  # fmt: skip
    write(rows, slot, SEGMENT_CLEAR1, n, clear[0])
    write(rows, slot, SEGMENT_CLEAR2, n, clear[1])
    write(rows, slot, SEGMENT_CLEAR3, n, clear[2])


@pixel_scalar
def clear_at(rows, slot, n):
    """How clear the air is at the first pixel of segment ``n``, and coefficients of that along it."""
    return read(rows, slot, SAMPLE_CLEAR, n), (
        read(rows, slot, SEGMENT_CLEAR1, n), read(rows, slot, SEGMENT_CLEAR2, n), read(rows, slot, SEGMENT_CLEAR3, n),
    )  # fmt: skip


@pixel_scalar
def cubics_at(rows, slot, n):
    """Coefficients of (s, d) along segment ``n``."""
    return (
        (read(rows, slot, SEGMENT_S1, n), read(rows, slot, SEGMENT_S2, n), read(rows, slot, SEGMENT_S3, n)),
        (read(rows, slot, SEGMENT_D1, n), read(rows, slot, SEGMENT_D2, n), read(rows, slot, SEGMENT_D3, n)),
    )


@frame_scalar
def list_runs(scratch, slot, block):
    """List the runs of each kind of segment in the block."""
    rows, starts, runs, counts = scratch.rows, scratch.starts, scratch.runs, scratch.run_count
    total = block.lines * block.sample_pitch
    found, previous = 0, F(-1.0)
    for n in range(total):
        # Written in any case: a processor cannot predict where a run begins.
        starts[slot, found] = n
        kind = read(rows, slot, SEGMENT_KIND, n)
        found += int(kind != previous)
        previous = kind
    starts[slot, found] = total
    for kind in range(SEGMENT_KINDS):
        counts[slot, kind] = 0
    for number in range(found):
        first = starts[slot, number]
        shown = int(read(rows, slot, SEGMENT_KIND, first))
        place = counts[slot, shown]
        runs[slot, shown, place, 0], runs[slot, shown, place, 1] = first, starts[slot, number + 1]
        counts[slot, shown] = place + 1


@pixel_scalar
def run_at(scratch, slot, block, kind, number):
    """(line of the block, first segment in it, the one after the last) of run ``number`` of a kind."""
    first, end = scratch.runs[slot, kind, number, 0], scratch.runs[slot, kind, number, 1]
    line = first // block.sample_pitch
    return line, first - line * block.sample_pitch, end - line * block.sample_pitch


@pixel_scalar
def _reach(roads, road, number):
    """(smallest, largest d) of boundary ``number``'s paint [m], and whether it is dashed."""
    offset, style = F(roads.boundary_offset[road, number]), roads.boundary_style[road, number]
    reach = (F(1.5) if style == STYLE_DOUBLE else F(0.5)) * F(roads.boundary_width[road, number])
    return offset - reach, offset + reach, style == STYLE_DASHED


@pixel_scalar
def _touches(rows, slot, n, low, high, dashed):
    """Whether pixels of segment ``n`` may touch paint between d = ``low`` and ``high`` [m]."""
    inverse = F(1.0 / DASH_PERIOD)
    back, ahead = read(rows, slot, SEGMENT_BACK, n), read(rows, slot, SEGMENT_AHEAD, n)
    period = floor_of(back * inverse)
    dash = (floor_of(ahead * inverse) > period) | (back - period * F(DASH_PERIOD) < F(DASH_LENGTH))
    return (read(rows, slot, SEGMENT_LOW, n) < high) & (read(rows, slot, SEGMENT_HIGH, n) > low) & (dash | (not dashed))


@pixel_scalar
def touches(rows, slot, n, number):
    """1 if pixels of segment ``n`` may touch marking ``number``, else 0."""
    return INT(INT(INT(read(rows, slot, SEGMENT_MARKS, n)) >> INT(number)) & INT(1))


@pixel_scalar
def segments_in(columns):
    """Segments that cover ``columns``."""
    return (columns + SAMPLE_SPACING - 1) // SAMPLE_SPACING
