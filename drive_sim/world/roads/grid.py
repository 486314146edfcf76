"""The grid that finds the element of a road below any point: the nearest element of every cell of a square lattice."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import kernel, scalar

GRID_CELL = 2.0
"""Side of a grid cell [m]."""
GRID_BAND = 60.0
"""How far from the reference line the grid knows the road [m]."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Nearest element for each cell; -1 beyond the band.

    Cell (row, column) has its lower corner at ``origin + cell * index``.
    """

    origin_x: float
    origin_y: float
    elements: NDArray[np.int32]
    """(rows, columns)"""


@scalar
def _nearer_columns(first, last, move_x, move_y, dy):
    """The part of the columns ``first`` .. ``last`` [cells from a point] of a row in which it may be nearest.

    The row is ``dy`` [m] above the point, and there is another point (move_x, move_y) [m] from it. What is nearer to
    the other one lies beyond the line half way between them, dx move_x + dy move_y = |move|² / 2. A cell is left over
    on either side for rounding.
    """
    rest = 0.5 * (move_x * move_x + move_y * move_y) - dy * move_y
    if abs(move_x) < 1e-9:
        return (first, last) if rest > -1e-6 else (1, 0)
    bound = min(max(rest / (move_x * GRID_CELL), -1e6), 1e6)
    if move_x > 0.0:
        return first, min(last, int(math.floor(bound)) + 2)
    return max(first, int(math.floor(bound)) - 1), last


@kernel(grain=1 << 30)
def _bake_rows(item, out, line, origin_x, origin_y):
    """One pass over all elements (``item`` is 0 only): each cell keeps the element whose middle is nearest.

    An element is compared only with the cells that are nearer to it than to its neighbours on the line: a strip
    across the road, instead of all that is within the band.
    """
    elements, distance = out
    x, y = line
    rows, columns = elements.shape
    reach = int(GRID_BAND / GRID_CELL) + 1
    for element in range(x.shape[0]):
        centre_column = int((x[element] - origin_x) / GRID_CELL)
        centre_row = int((y[element] - origin_y) / GRID_CELL)
        for row in range(max(0, centre_row - reach), min(rows, centre_row + reach + 1)):
            dy = origin_y + (row + 0.5) * GRID_CELL - y[element]
            first, last = -reach, reach
            if element > 0:
                move_x, move_y = x[element - 1] - x[element], y[element - 1] - y[element]
                first, last = _nearer_columns(first, last, move_x, move_y, dy)
            if element + 1 < x.shape[0]:
                move_x, move_y = x[element + 1] - x[element], y[element + 1] - y[element]
                first, last = _nearer_columns(first, last, move_x, move_y, dy)
            for column in range(max(0, centre_column + first), min(columns, centre_column + last + 1)):
                dx = origin_x + (column + 0.5) * GRID_CELL - x[element]
                squared = dx * dx + dy * dy
                if squared < distance[row, column]:
                    distance[row, column] = squared
                    elements[row, column] = element


def bake_grid(x: NDArray[np.float64], y: NDArray[np.float64]) -> Grid:
    """The grid of a road whose elements have their middles at (x, y) (E) [m]."""
    origin_x = math.floor(x.min() - GRID_BAND)
    origin_y = math.floor(y.min() - GRID_BAND)
    columns = int((x.max() + GRID_BAND - origin_x) / GRID_CELL) + 1
    rows = int((y.max() + GRID_BAND - origin_y) / GRID_CELL) + 1
    elements = np.full((rows, columns), -1, np.int32)
    distance = np.full((rows, columns), GRID_BAND**2)
    _bake_rows("cpu", 1, (elements, distance), (x, y), float(origin_x), float(origin_y))
    return Grid(float(origin_x), float(origin_y), elements)
