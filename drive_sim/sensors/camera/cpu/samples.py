"""A band's knots: where on the ground some of its pixels lie, and how clear the air is before them.

Knots are worked out for all rows of a band, several at once, before anything is drawn: a projection on the road is a
long chain of divisions and look-ups, of which a CPU has several in flight.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import pixel_scalar
from drive_sim.sensors.camera.pixel_blocks import (
    KNOT_BOTTOM_D,
    KNOT_BOTTOM_S,
    KNOT_CLEAR,
    KNOT_CLEAR_RATE,
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
    read,
    write,
)
from drive_sim.sensors.camera.shading.road_coordinates import Knot, Place, air_knot, ground_knot

F, INT = np.float32, np.int32
KNOT_BATCH = 8
"""Knots that are worked out at once."""


class Knots(NamedTuple):
    """Where knots are placed: in rows of pixels, one below the other."""

    row: Any  # of the first knot
    column: Any
    step: Any  # pixels from knot to knot
    width: Any  # knots of a row
    count: Any  # in all


@pixel_scalar
def place_knots(view, roads, course, scratch, slot, knots, place, rails):
    """Store knots, and up to `KNOT_BATCH` - 1 behind the last, from ``place`` on.

    ``rails``, a constant, is whether the road has guard rails.
    """
    rows = scratch.rows
    inverse = F(1.0) / F(INT(knots.width))
    for batch in range((knots.count + KNOT_BATCH - 1) // KNOT_BATCH):
        for k in range(KNOT_BATCH):
            number = INT(batch * KNOT_BATCH + k)
            line = INT((F(number) + F(0.5)) * inverse)
            column = F(INT(INT(knots.column) + INT(INT(knots.step) * INT(number - INT(line * INT(knots.width))))))
            row, n = F(INT(INT(knots.row) + line)), place + number
            knot = ground_knot(view, roads, course, column, row, rails)
            at = knot.place
            clear, rate = air_knot(view, column, row)
            write(rows, slot, KNOT_CLEAR, n, clear)
            write(rows, slot, KNOT_CLEAR_RATE, n, rate)
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
