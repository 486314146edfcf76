"""Markings: the share of a pixel's footprint that a strip, a dash or a line covers, and paint on the ground.

Written without branches where pixels differ, so that a CPU shades eight pixels at once.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import floor_of, limit, pixel_scalar
from drive_sim.sensors.camera.semantics import SEMANTIC_MARKING
from drive_sim.world.roads.road import COLOUR_YELLOW, DASH_LENGTH, DASH_PERIOD, STYLE_DASHED, STYLE_DOUBLE, STYLE_NONE

F = np.float32
PAINT = 0.8
"""Reflectance of fresh white paint."""


class Lens(NamedTuple):
    """How a pixel smears what lies across the road: a trapezoid, its column's footprint convolved with its row's.

    So the paint that one pixel loses its neighbours gain, wherever a line lies between them.
    """

    reach: Any  # half the sum of both footprints [m]
    flat: Any  # half their difference
    slope: Any  # 1 / the larger
    bend: Any  # 1 / (2 x both)


class Base(NamedTuple):
    """Ground before markings are painted on it."""

    red: Any  # reflectance
    green: Any
    blue: Any
    flake: Any  # how easily paint wears off here, about -1..1
    puddle: Any  # how wet it is here, 0..1
    paved: Any  # share of the pixel
    kind: Any  # class, as a number


@pixel_scalar
def lens_of(column_d, row_d):
    """The `Lens` of a pixel."""
    a, b = abs(column_d), abs(row_d)
    wide = max(max(a, b), F(1e-5))
    narrow = max(min(a, b), F(0.02) * wide)
    return Lens(F(0.5) * (wide + narrow), F(0.5) * (wide - narrow), F(1.0) / wide, F(0.5) / (wide * narrow))


@pixel_scalar
def beyond_share(lens, x):
    """Share of a pixel on the positive side of an edge, whose middle lies ``x`` [m] on that side."""
    u = abs(x)
    rest = max(lens.reach - u, F(0.0))
    share = F(0.5) + u * lens.slope if u < lens.flat else F(1.0) - rest * rest * lens.bend
    return share if x >= F(0.0) else F(1.0) - share


@pixel_scalar
def cover(lens, x, low, high):
    """Share of a pixel around ``x`` that lies in [low, high] [m]."""
    return beyond_share(lens, x - low) - beyond_share(lens, x - high)


@pixel_scalar
def footprint_along(place):
    """Length of a pixel along the road [m]."""
    return math.sqrt(place.column_s * place.column_s + place.row_s * place.row_s)


@pixel_scalar
def repeated_cover(x, footprint, length, period):
    """Share of a footprint around ``x`` that stretches of ``length`` cover which begin at every ``period``."""
    low, high = (x - F(0.5) * footprint) / period, (x + F(0.5) * footprint) / period
    a, b = floor_of(low), floor_of(high)
    painted = (b - a) * length + min((high - b) * period, length) - min((low - a) * period, length)
    return max(painted, F(0.0)) / footprint


@pixel_scalar
def line_cover(lens, d, s, footprint, offset, width, style):
    """Share of a pixel at (s, d) that a marking of the given style covers."""
    x = d - offset
    half = width * F(1.5) if style == STYLE_DOUBLE else width * F(0.5)
    share = cover(lens, x, -half, half)
    if style == STYLE_DOUBLE:
        share -= cover(lens, x, F(-0.5) * width, F(0.5) * width)
    if style == STYLE_DASHED:
        share *= repeated_cover(s, footprint, F(DASH_LENGTH), F(DASH_PERIOD))
    return share if style != STYLE_NONE else F(0.0)


@pixel_scalar
def is_yellow(roads, road, k):
    """1 if boundary ``k`` is yellow, else 0."""
    return F(1.0) if roads.boundary_colour[road, k] == COLOUR_YELLOW else F(0.0)


@pixel_scalar
def paint(view, base, share, yellow):
    """The `Base` with markings on it that cover ``share`` of the pixel, ``yellow`` of it in yellow."""
    # Paint flakes off the grain's peaks first.
    left = limit(F(1.0) - view.wear * (F(0.85) + base.flake))
    seen = min(share, F(1.0)) * max(left, F(0.04)) * base.paved
    fresh = F(PAINT) * (F(1.0) - F(0.25) * view.wear)
    gold = yellow / max(share, F(1e-6))
    return Base(
        base.red + (fresh - base.red) * seen,
        base.green + (fresh * (F(1.0) - F(0.3) * gold) - base.green) * seen,
        base.blue + (fresh * (F(1.0) - F(0.87) * gold) - base.blue) * seen,
        base.flake,
        base.puddle * (F(1.0) - F(0.5) * seen),
        base.paved,
        F(SEMANTIC_MARKING) if share > F(0.5) and base.paved > F(0.5) else base.kind,
    )
