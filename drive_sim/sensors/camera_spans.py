"""Spans of a row: what lies between two knots, so that the plain ones are shaded without asking at every pixel."""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera_field import rail_offset
from drive_sim.sensors.camera_ground import GRAVEL_WIDTH, KERB_WIDTH, PAVEMENT_WIDTH
from drive_sim.sensors.camera_view import pixel_scalar

F = np.float32
SPAN_MIXED, SPAN_VERGE, SPAN_ASPHALT = range(3)


@pixel_scalar
def span_kind(trim, roads, road, a, b):
    """(what lies between two joinable knots, first and last + 1 of the boundaries that may be there).

    SPAN_VERGE, SPAN_ASPHALT (neither marking nor edge), or SPAN_MIXED.
    """
    count = int(roads.boundary_count[road])
    if a.element < 0:
        return SPAN_VERGE, 0, 0
    p, q = a.place, b.place
    low, high = min(p.d, q.d), max(p.d, q.d)
    smear = max(abs(p.column_d), abs(q.column_d)) + max(abs(p.row_d), abs(q.row_d))
    margin = F(0.1) + F(0.15) * (high - low) + F(0.6) * smear
    low, high = low - margin, high + margin
    left, right = max(p.paved_left, q.paved_left), max(p.paved_right, q.paved_right)
    kerb, rail = trim.kerb_left + trim.kerb_right, trim.rail_left + trim.rail_right
    wide = F(KERB_WIDTH + PAVEMENT_WIDTH + 2.0) if kerb > F(0.0) else F(GRAVEL_WIDTH)
    if rail > F(0.0):
        # A ray that has left the road above the beam's upper edge does not meet it.
        top_low, top_high = min(p.top_d, q.top_d) - margin, max(p.top_d, q.top_d) + margin
        if top_low > rail_offset(left) or top_high < -rail_offset(right):
            return SPAN_VERGE, 0, 0
    elif low > left + wide or high < -right - wide:
        return SPAN_VERGE, 0, 0
    first, last = count, 0
    for k in range(count):
        offset, reach = F(roads.boundary_offset[road, k]), F(1.5) * F(roads.boundary_width[road, k])
        if low < offset + reach and high > offset - reach:
            first, last = min(first, k), k + 1
    median = low < trim.half_median and high > -trim.half_median
    edge = high > min(p.paved_left, q.paved_left) or low < -min(p.paved_right, q.paved_right)
    if first < last or median or edge:
        return SPAN_MIXED, first, last
    return SPAN_ASPHALT, 0, 0
