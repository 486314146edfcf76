"""A block's samples: where on the ground some of its pixels lie, and how clear the air is before them.

Samples are taken for all rows of a block, several at once, before anything is shaded: a projection on the road is a
long chain of divisions and look-ups, of which a CPU has several in flight.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import pixel_scalar
from drive_sim.sensors.camera.pixel_blocks import (
    SAMPLE_BOTTOM_D,
    SAMPLE_BOTTOM_S,
    SAMPLE_CLEAR,
    SAMPLE_CLEAR_RATE,
    SAMPLE_COLUMN_D,
    SAMPLE_COLUMN_S,
    SAMPLE_D,
    SAMPLE_ELEMENT,
    SAMPLE_PAVED_LEFT,
    SAMPLE_PAVED_RIGHT,
    SAMPLE_ROW_D,
    SAMPLE_ROW_S,
    SAMPLE_S,
    SAMPLE_TOP_D,
    read,
    write,
)
from drive_sim.sensors.camera.shading.road_coordinates import GroundSample, Place, air_sample, ground_sample

F, INT = np.float32, np.int32
SAMPLE_BATCH = 8
"""Samples that are worked out at once."""


class SampleGrid(NamedTuple):
    """Which pixels samples are taken at: in rows of pixels, one below the other."""

    row: Any  # of the first sample
    column: Any
    step: Any  # pixels from sample to sample
    width: Any  # samples of a row
    count: Any  # in all


@pixel_scalar
def store_samples(view, roads, course, scratch, slot, grid, place, rails):
    """Store the samples of a grid, and up to `SAMPLE_BATCH` - 1 behind the last, from ``place`` on.

    ``rails``, a constant, is whether the road has guard rails.
    """
    rows = scratch.rows
    inverse = F(1.0) / F(INT(grid.width))
    for batch in range((grid.count + SAMPLE_BATCH - 1) // SAMPLE_BATCH):
        for k in range(SAMPLE_BATCH):
            number = INT(batch * SAMPLE_BATCH + k)
            line = INT((F(number) + F(0.5)) * inverse)
            column = F(INT(INT(grid.column) + INT(INT(grid.step) * INT(number - INT(line * INT(grid.width))))))
            row, n = F(INT(INT(grid.row) + line)), place + number
            sample = ground_sample(view, roads, course, column, row, rails)
            at = sample.place
            clear, rate = air_sample(view, column, row)
            write(rows, slot, SAMPLE_CLEAR, n, clear)
            write(rows, slot, SAMPLE_CLEAR_RATE, n, rate)
            write(rows, slot, SAMPLE_ELEMENT, n, F(sample.element))
            write(rows, slot, SAMPLE_S, n, at.s)
            write(rows, slot, SAMPLE_D, n, at.d)
            write(rows, slot, SAMPLE_COLUMN_S, n, at.column_s)
            write(rows, slot, SAMPLE_COLUMN_D, n, at.column_d)
            write(rows, slot, SAMPLE_ROW_S, n, at.row_s)
            write(rows, slot, SAMPLE_ROW_D, n, at.row_d)
            write(rows, slot, SAMPLE_PAVED_LEFT, n, at.paved_left)
            write(rows, slot, SAMPLE_PAVED_RIGHT, n, at.paved_right)
            if rails:
                write(rows, slot, SAMPLE_TOP_D, n, at.top_d)
                write(rows, slot, SAMPLE_BOTTOM_D, n, at.bottom_d)
                write(rows, slot, SAMPLE_BOTTOM_S, n, at.bottom_s)


@pixel_scalar
def sample_at(rows, slot, n, rails):
    """The `GroundSample` that was stored at place ``n``; without guard rails what concerns them means nothing."""
    zero = F(0.0)
    return GroundSample(
        read(rows, slot, SAMPLE_ELEMENT, n),
        Place(
            read(rows, slot, SAMPLE_S, n), read(rows, slot, SAMPLE_D, n),
            read(rows, slot, SAMPLE_COLUMN_S, n), read(rows, slot, SAMPLE_COLUMN_D, n),
            read(rows, slot, SAMPLE_ROW_S, n), read(rows, slot, SAMPLE_ROW_D, n),
            read(rows, slot, SAMPLE_PAVED_LEFT, n), read(rows, slot, SAMPLE_PAVED_RIGHT, n),
            read(rows, slot, SAMPLE_TOP_D, n) if rails else zero,
            read(rows, slot, SAMPLE_BOTTOM_D, n) if rails else zero,
            read(rows, slot, SAMPLE_BOTTOM_S, n) if rails else zero,
        ),
    )  # fmt: skip
