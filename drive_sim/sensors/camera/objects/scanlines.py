"""Polygons as pixels read them: whole, and row by row.

`polygons` stores a polygon as a row of numbers; a `Polygon` names them, and `in_row` leaves of it what one row of
pixels needs: a scanline.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import limit, pixel_scalar
from drive_sim.sensors.camera.objects.polygons import (
    ALPHA,
    ASPECT,
    AXIS_U,
    AXIS_V,
    COLOURS,
    EDGES,
    GROUP,
    LEVEL,
    MATERIAL,
    PARAMETER,
    PIXEL_U,
    PIXEL_V,
    PLANE,
    SEMANTIC,
)

F = np.float32


class Polygon(NamedTuple):
    """One polygon, or one row of it (a scanline), ready to be shaded; float32.

    Of a polygon, what is affine is three numbers: change per column, change per row, value at (0, 0). Of a scanline it
    is a pair: change per column, value at column 0.
    """

    edges: Any  # five affine: how far inside an edge [pixels], from -0.5 to 0.5
    plane: Any  # affine: inverse depth
    u: Any  # affine: u times inverse depth
    v: Any
    semantic: Any
    group: Any
    material: Any
    alpha: Any
    pixel_u: Any
    pixel_v: Any
    aspect: Any
    level: Any
    parameters: Any  # three
    main: Any  # r, g, b
    dark: Any
    bright: Any


@pixel_scalar
def _three(polygons, slot, f, start):
    return polygons[slot, f, start], polygons[slot, f, start + 1], polygons[slot, f, start + 2]


@pixel_scalar
def polygon_of(polygons, slot, f):
    """Number ``f`` of a slot's polygons."""
    return Polygon(
        (
            _three(polygons, slot, f, EDGES), _three(polygons, slot, f, EDGES + 3),
            _three(polygons, slot, f, EDGES + 6), _three(polygons, slot, f, EDGES + 9),
            _three(polygons, slot, f, EDGES + 12),
        ),
        _three(polygons, slot, f, PLANE), _three(polygons, slot, f, AXIS_U), _three(polygons, slot, f, AXIS_V),
        polygons[slot, f, SEMANTIC], polygons[slot, f, GROUP], polygons[slot, f, MATERIAL], polygons[slot, f, ALPHA],
        polygons[slot, f, PIXEL_U], polygons[slot, f, PIXEL_V], polygons[slot, f, ASPECT], polygons[slot, f, LEVEL],
        _three(polygons, slot, f, PARAMETER), _three(polygons, slot, f, COLOURS),
        _three(polygons, slot, f, COLOURS + 3), _three(polygons, slot, f, COLOURS + 6),
    )  # fmt: skip


@pixel_scalar
def _pair(affine, y):
    return affine[0], affine[1] * y + affine[2]


@pixel_scalar
def in_row(polygon, y):
    """The scanline of a `Polygon` in row ``y``."""
    e = polygon.edges
    return Polygon(
        (_pair(e[0], y), _pair(e[1], y), _pair(e[2], y), _pair(e[3], y), _pair(e[4], y)),
        _pair(polygon.plane, y), _pair(polygon.u, y), _pair(polygon.v, y), polygon.semantic, polygon.group,
        polygon.material, polygon.alpha, polygon.pixel_u, polygon.pixel_v, polygon.aspect, polygon.level,
        polygon.parameters, polygon.main, polygon.dark, polygon.bright,
    )  # fmt: skip


@pixel_scalar
def along(pair, x):
    """The value of a pair in column ``x``."""
    return pair[0] * x + pair[1]


@pixel_scalar
def with_material(polygon, material):
    """The `Polygon` with a material that the compiler knows."""
    return Polygon(
        polygon.edges, polygon.plane, polygon.u, polygon.v, polygon.semantic, polygon.group, F(material),
        polygon.alpha, polygon.pixel_u, polygon.pixel_v, polygon.aspect, polygon.level, polygon.parameters,
        polygon.main, polygon.dark, polygon.bright,
    )  # fmt: skip


@pixel_scalar
def columns_of(scanline, first, last):
    """(first column of first..last - 1 that may lie inside all edges of the polygon, and the one after the last)."""
    low, high = F(first), F(last)
    for edge in scanline.edges:
        # Where an edge's coverage begins or ends; nowhere for one along the row.
        there = -edge[1] / edge[0] if abs(edge[0]) > F(1e-4) else F(0.0)
        low = max(low, there) if edge[0] > F(1e-4) else low
        high = min(high, there + F(2.0)) if edge[0] < F(-1e-4) else high
    return int(low), int(max(high, low))


@pixel_scalar
def cover_at(scanline, x):
    """Share of the pixel in column ``x`` that the polygon covers, 0..1; exact for upright rectangles."""
    e = scanline.edges
    a = max(limit(along(e[0], x)) + limit(along(e[2], x)) - F(1.0), F(0.0))
    b = max(limit(along(e[1], x)) + limit(along(e[3], x)) - F(1.0), F(0.0))
    return a * b * limit(along(e[4], x))
