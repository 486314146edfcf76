"""The road's frame: scalar functions for kernels that lead from a world point to (s, d) and back.

s [m] runs along the reference line, d [m] to its left; ``roads`` is `road.Roads`, ``road`` the index of one in it.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.compute.kernel import inlined_scalar, scalar
from drive_sim.world.roads.grid import GRID_CELL


@scalar
def arc_point(x, y, heading, curvature, length):
    """End (x, y) of an arc that starts at (x, y) with ``heading`` [rad] and runs ``length`` [m]."""
    half = 0.5 * curvature * length
    # Chord of an arc: length * sin(half) / half, in the direction heading + half.
    chord = (
        length * (1.0 - half * half / 6.0 * (1.0 - half * half / 20.0))
        if abs(half) < 0.3
        else (length * math.sin(half) / half)
    )
    return x + chord * math.cos(heading + half), y + chord * math.sin(heading + half)


@inlined_scalar
def arc_tangent(forward, left, curvature):
    """(l, d) of `arc_project` without a branch, but for the bend of l: that is atan(k l) / k."""
    q = curvature * (forward * forward + left * left) - 2.0 * left
    d = -q / (1.0 + math.sqrt(max(1.0 + curvature * q, 0.0)))
    return forward / max(1.0 - curvature * left, 0.05), d  # at or beyond the centre of the circle: held off


@scalar
def arc_project(forward, left, curvature):
    """(l, d) [m] of a point given as (forward, left) in the frame of an arc's start: along the arc, and left of it.

    With q = k (f² + l²) - 2 l the signed distance is -q / (1 + sqrt(1 + k q)), which has no singularity at k = 0.
    """
    along, d = arc_tangent(forward, left, curvature)
    t = curvature * along
    t2 = t * t
    if t2 < 0.09:
        along *= 1.0 - t2 * (1.0 / 3.0 - t2 * (0.2 - t2 / 7.0))
    else:
        along = math.atan(t) / curvature
    return along, d


@inlined_scalar
def grid_cell(grid_x, grid_y, rows, columns, x, y):
    """Number of the cell of a road's grid that (x, y) lies in, or -1 outside; without a branch."""
    column, row = (x - grid_x) / GRID_CELL, (y - grid_y) / GRID_CELL
    inside = (column >= 0.0) & (row >= 0.0) & (column < columns) & (row < rows)
    return np.int32(np.int32(np.int32(row) * np.int32(columns)) + np.int32(column)) if inside else np.int32(-1)


@scalar
def nearest_element(roads, road, x, y):
    """Index within its road of the element nearest to (x, y), or -1 beyond the band: one grid look-up."""
    cell = grid_cell(roads.grid_x[road], roads.grid_y[road], roads.grid_rows[road], roads.grid_columns[road], x, y)
    return int(roads.grid[roads.grid_start[road] + cell]) if cell >= 0 else -1


@scalar
def element_project(roads, road, element, x, y):
    """(s, d) [m] of (x, y) by projection on one element's arc, continued beyond its ends."""
    e = roads.element_start[road] + element
    dx, dy = x - roads.x[e], y - roads.y[e]
    c, s = roads.cos_heading[e], roads.sin_heading[e]
    along, d = arc_project(c * dx + s * dy, c * dy - s * dx, roads.curvature[e])
    return element * roads.step[road] + along, d


@scalar
def project(roads, road, x, y):
    """(element, s, d) of a world point on road ``road``; element -1 (and s = d = 0) beyond the band.

    s is in [0, length) on a closed road and may leave that range at the ends of an open one.
    """
    element = nearest_element(roads, road, x, y)
    if element < 0:
        return -1, 0.0, 0.0
    return follow(roads, road, element, x, y, 6)  # the cell's centre may lie nearer to a neighbour than the point does


@scalar
def follow(roads, road, element, x, y, moves):
    """(element, s, d) of a world point near ``element``, found by walking along the road by ``moves`` elements at most.

    For what moves along a road: where branches come close or cross, it stays on its own.
    """
    count = int(roads.element_start[road + 1] - roads.element_start[road])
    step = roads.step[road]
    s, d = 0.0, 0.0
    for _ in range(moves):
        s, d = element_project(roads, road, element, x, y)
        along = s - element * step
        move = 0
        if along < -1e-9:
            move = -1
        elif along >= step:
            move = 1
        if move == 0:
            break
        following = element + move
        if following < 0 or following >= count:
            if not roads.closed[road]:
                break
            following = (following + count) % count
        element = following
    if roads.closed[road]:
        length = roads.length[road]
        s -= length * math.floor(s / length)
    return element, s, d


@scalar
def element_at(roads, road, s):
    """Index of the element that holds arc length ``s`` [m]; wraps on a closed road, clamps on an open one."""
    count = int(roads.element_start[road + 1] - roads.element_start[road])
    element = int(math.floor(s / roads.step[road]))
    if roads.closed[road]:
        return element % count
    return min(max(element, 0), count - 1)


@scalar
def road_point(roads, road, s, d):
    """(x, y, heading, curvature) of road point (s, d): heading [rad] and curvature [1/m] are the reference line's."""
    if roads.closed[road]:
        s -= roads.length[road] * math.floor(s / roads.length[road])
    element = element_at(roads, road, s)
    e = roads.element_start[road] + element
    along = s - element * roads.step[road]
    curvature = roads.curvature[e]
    x, y = arc_point(roads.x[e], roads.y[e], roads.heading[e], curvature, along)
    heading = roads.heading[e] + curvature * along
    return x - d * math.sin(heading), y + d * math.cos(heading), heading, curvature


@scalar
def curvature_at(roads, road, s):
    """Curvature [1/m] of the reference line at ``s`` [m], interpolated between the middles of elements."""
    step = roads.step[road]
    position = s / step - 0.5
    base = math.floor(position)
    share = position - base
    first = roads.element_start[road]
    a = roads.curvature[first + element_at(roads, road, (base + 0.5) * step)]
    b = roads.curvature[first + element_at(roads, road, (base + 1.5) * step)]
    return a + (b - a) * share


@scalar
def ahead(roads, road, s_from, s_to):
    """How far ``s_to`` lies ahead of ``s_from`` [m]: signed, by the shorter way on a closed road."""
    gap = s_to - s_from
    if roads.closed[road]:
        length = roads.length[road]
        gap -= length * math.floor(gap / length + 0.5)
    return gap
