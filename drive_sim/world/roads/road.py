"""Roads: a reference line made of short arcs, a cross-section, and the grid that finds the arc below any point.

A road's reference line is a chain of elements of equal length ``step`` (about 1 m), each a circular arc with the
heading of the line at its start and its mean curvature. A point is projected by looking up the nearest element in a
coarse grid and then projecting onto that arc *exactly*: the road frame (s, d) is smooth to well under a millimetre,
needs one integer a grid cell, has no seam where a closed road begins, and the same function (`road_frame`) serves the
camera's pixels, the cars and the sensors. (An interpolated (s, d) grid was the first plan; it blurs at the seam and
between two branches of a road, and costs eight reads a pixel instead of one and an arc.)

Road frame: s [m] along the reference line, d [m] to its left. Traffic keeps right: lanes with d < 0 run along s,
those with d > 0 against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import to_device
from drive_sim.world.roads.coordinates import project, road_point
from drive_sim.world.roads.grid import GRID_BAND, Grid, bake_grid

Floats = NDArray[np.float64]

STYLE_NONE, STYLE_SOLID, STYLE_DASHED, STYLE_DOUBLE = 0, 1, 2, 3
COLOUR_WHITE, COLOUR_YELLOW = 0, 1
EDGE_PLAIN, EDGE_KERB, EDGE_RAIL = 0, 1, 2
MAX_BOUNDARIES = 10
DASH_LENGTH, DASH_PERIOD = 3.0, 9.0
"""Dashed markings: 3 m painted, 6 m gap [m]."""
RAIL_OFFSET = 0.6
"""Guard rails stand this far outside the paved edge [m]."""
RAIL_BOTTOM, RAIL_TOP = 0.45, 0.78
"""Between these heights is the beam of a guard rail [m]."""
RAIL_POST_DISTANCE = 4.0
"""From post to post of a guard rail along the reference line [m]."""
KERB_WIDTH = 0.28
"""Of the kerb stone, outside the paved edge [m]."""
KERB_HEIGHT = 0.12
"""[m]; RASt 06, the German guideline for urban roads, has kerbs of 8 to 14 cm."""


@dataclass(frozen=True)
class Boundary:
    """A painted line along the road: ``offset`` d of its middle [m], style, colour and width of a line [m]."""

    offset: float
    style: int
    colour: int = COLOUR_WHITE
    width: float = 0.15


@dataclass(frozen=True, eq=False)
class Road:
    """One road. Arrays have one entry an element (E of them), taken at the element's start.

    Lanes: ``lanes_forward`` run along s on the right of the median, ``lanes_backward`` against it on the left.
    """

    name: str
    road_class: str
    closed: bool
    step: float
    """Length of an element [m]."""
    x: Floats
    y: Floats
    heading: Floats
    """[rad], continuous along the road (not wrapped)."""
    curvature: Floats
    """Mean curvature of the element [1/m], positive to the left."""
    paved_left: Floats
    """Paved width from the reference line to the left edge [m], > 0."""
    paved_right: Floats
    """Paved width from the reference line to the right edge [m], > 0."""
    lane_width: float
    lanes_forward: int
    lanes_backward: int
    speed_limit: float
    """[m/s]"""
    median: float = 0.0
    """Width of the unpaved strip between the directions [m]."""
    boundaries: tuple[Boundary, ...] = ()
    edge_left: int = EDGE_PLAIN
    edge_right: int = EDGE_PLAIN
    seed: int = 0
    """What roadside furniture and texture are drawn from."""

    @property
    def length(self) -> float:
        """Length of the reference line [m]."""
        return self.step * len(self.x)

    def lane_centre(self, lane: int) -> float:
        """d [m] of the centre of forward lane ``lane``, 0 next to the median, counted outwards."""
        if not 0 <= lane < self.lanes_forward:
            raise ValueError(f"lane must be in 0..{self.lanes_forward - 1}, not {lane}")
        return -(self.median / 2 + (lane + 0.5) * self.lane_width)

    def oncoming_lane_centre(self, lane: int) -> float:
        """d [m] of the centre of backward lane ``lane``, 0 next to the median, counted outwards."""
        if not 0 <= lane < self.lanes_backward:
            raise ValueError(f"lane must be in 0..{self.lanes_backward - 1}, not {lane}")
        return self.median / 2 + (lane + 0.5) * self.lane_width

    def point(self, s: float, d: float = 0.0) -> tuple[float, float, float]:
        """World (x, y, heading) of road point (s, d); heading is that of the reference line."""
        roads = self._alone
        x, y, heading, _ = road_point(roads, 0, float(s), float(d))
        return x, y, heading

    def project(self, x: float, y: float) -> tuple[float, float]:
        """Road frame (s, d) of a world point; ValueError beyond the grid's band."""
        element, s, d = project(self._alone, 0, float(x), float(y))
        if element < 0:
            raise ValueError(f"({x:.1f}, {y:.1f}) is more than {GRID_BAND:.0f} m from road {self.name}")
        return s, d

    @cached_property
    def _alone(self) -> Roads:
        return stack_roads([self])

    @cached_property
    def grid(self) -> Grid:
        """The element below every cell near the road."""
        half = 0.5 * self.step
        middle_heading = self.heading + 0.5 * self.curvature * half
        return bake_grid(self.x + half * np.cos(middle_heading), self.y + half * np.sin(middle_heading))


(
    COMPACT_X,  # element start, from the corner of the road's grid [m]
    COMPACT_Y,
    COMPACT_COS,
    COMPACT_SIN,
    COMPACT_CURVATURE,  # [1/m]
    COMPACT_PAVED_LEFT,  # [m]
    COMPACT_PAVED_RIGHT,
    COMPACT,  # numbers of an element; the last is unused
) = (0, 1, 2, 3, 4, 5, 6, 8)


@lasting
class Roads(NamedTuple):
    """R roads as arrays for kernels, shared by all worlds. E elements, G grid cells in all; M = MAX_BOUNDARIES."""

    element_start: Any  # int64 (R + 1): road r owns elements element_start[r] .. element_start[r + 1] - 1
    closed: Any  # uint8 (R)
    step: Any  # float64 (R) element length [m]
    length: Any  # float64 (R) [m]
    x: Any  # float64 (E) element start [m]
    y: Any  # float64 (E)
    heading: Any  # float64 (E) [rad]
    cos_heading: Any  # float64 (E)
    sin_heading: Any  # float64 (E)
    curvature: Any  # float64 (E) [1/m]
    paved_left: Any  # float64 (E) [m]
    paved_right: Any  # float64 (E) [m]
    compact: Any  # float32 (E, COMPACT): what a camera needs of an element, side by side in memory
    grid_start: Any  # int64 (R): first cell in `grid`
    grid_x: Any  # float64 (R) origin [m]
    grid_y: Any  # float64 (R)
    grid_rows: Any  # int64 (R)
    grid_columns: Any  # int64 (R)
    grid: Any  # int32 (G): element within its road, -1 beyond the band
    lane_width: Any  # float64 (R) [m]
    lanes_forward: Any  # int32 (R)
    lanes_backward: Any  # int32 (R)
    median: Any  # float64 (R) [m]
    speed_limit: Any  # float64 (R) [m/s]
    boundary_count: Any  # int32 (R)
    boundary_offset: Any  # float64 (R, M) d of the line's middle [m]
    boundary_width: Any  # float64 (R, M) [m]
    boundary_style: Any  # uint8 (R, M)
    boundary_colour: Any  # uint8 (R, M)
    edge_left: Any  # uint8 (R) EDGE_*
    edge_right: Any  # uint8 (R)
    seed: Any  # int64 (R)


def stack_roads(roads: list[Road], device: str = "cpu") -> Roads:
    """The roads as arrays on ``device``."""
    if not roads:
        raise ValueError("at least one road is needed")
    counts = [len(road.x) for road in roads]
    grids = [road.grid for road in roads]
    sizes = [grid.elements.size for grid in grids]

    def boundaries(name: str, dtype: Any) -> NDArray[Any]:
        table = np.zeros((len(roads), MAX_BOUNDARIES), dtype)
        for row, road in zip(table, roads, strict=True):
            if len(road.boundaries) > MAX_BOUNDARIES:
                raise ValueError(f"road {road.name} has more than {MAX_BOUNDARIES} boundaries")
            row[: len(road.boundaries)] = [getattr(boundary, name) for boundary in road.boundaries]
        return table

    def each(name: str, dtype: Any) -> NDArray[Any]:
        return np.array([getattr(road, name) for road in roads], dtype)

    def joined(name: str) -> Floats:
        return np.concatenate([getattr(road, name) for road in roads]).astype(np.float64)

    heading = joined("heading")
    arrays = Roads(
        element_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        closed=each("closed", np.uint8),
        step=each("step", np.float64),
        length=each("length", np.float64),
        x=joined("x"),
        y=joined("y"),
        heading=heading,
        cos_heading=np.cos(heading),
        sin_heading=np.sin(heading),
        curvature=joined("curvature"),
        paved_left=joined("paved_left"),
        paved_right=joined("paved_right"),
        compact=np.concatenate([_compact(road) for road in roads]),
        grid_start=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        grid_x=np.array([grid.origin_x for grid in grids]),
        grid_y=np.array([grid.origin_y for grid in grids]),
        grid_rows=np.array([grid.elements.shape[0] for grid in grids], np.int64),
        grid_columns=np.array([grid.elements.shape[1] for grid in grids], np.int64),
        grid=np.concatenate([grid.elements.ravel() for grid in grids]).astype(np.int32, copy=False),
        lane_width=each("lane_width", np.float64),
        lanes_forward=each("lanes_forward", np.int32),
        lanes_backward=each("lanes_backward", np.int32),
        median=each("median", np.float64),
        speed_limit=each("speed_limit", np.float64),
        boundary_count=np.array([len(road.boundaries) for road in roads], np.int32),
        boundary_offset=boundaries("offset", np.float64),
        boundary_width=boundaries("width", np.float64),
        boundary_style=boundaries("style", np.uint8),
        boundary_colour=boundaries("colour", np.uint8),
        edge_left=each("edge_left", np.uint8),
        edge_right=each("edge_right", np.uint8),
        seed=each("seed", np.int64),
    )
    return Roads(*(to_device(device, array) for array in arrays))


def _compact(road: Road) -> NDArray[np.float32]:
    """A road's rows of `Roads.compact`."""
    table = np.zeros((len(road.x), COMPACT), np.float32)
    table[:, COMPACT_X], table[:, COMPACT_Y] = road.x - road.grid.origin_x, road.y - road.grid.origin_y
    table[:, COMPACT_COS], table[:, COMPACT_SIN] = np.cos(road.heading), np.sin(road.heading)
    table[:, COMPACT_CURVATURE] = road.curvature
    table[:, COMPACT_PAVED_LEFT], table[:, COMPACT_PAVED_RIGHT] = road.paved_left, road.paved_right
    return table


def chain_arcs(
    curvature: Floats, step: float, x: float = 0.0, y: float = 0.0, heading: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """Element starts (x, y, heading) of a line whose elements have the given mean curvatures [1/m]."""
    headings = heading + np.concatenate([[0.0], np.cumsum(curvature[:-1] * step)])
    half = 0.5 * curvature * step
    chord = step * np.sinc(half / math.pi)
    xs = x + np.concatenate([[0.0], np.cumsum(chord * np.cos(headings + half))[:-1]])
    ys = y + np.concatenate([[0.0], np.cumsum(chord * np.sin(headings + half))[:-1]])
    return xs, ys, headings
