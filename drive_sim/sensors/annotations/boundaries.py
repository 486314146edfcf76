"""Lane boundaries in the image: points along the road's paint, projected and clipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import kernel, to_device, to_host
from drive_sim.sensors.camera.objects.polygons import NEAR_PLANE
from drive_sim.sensors.camera.optics.configuration import CameraConfig, rotation
from drive_sim.world.roads.coordinates import road_point
from drive_sim.world.roads.road import (
    COLOUR_WHITE,
    COLOUR_YELLOW,
    STYLE_DASHED,
    STYLE_DOUBLE,
    STYLE_NONE,
    STYLE_SOLID,
    Roads,
)
from drive_sim.world.state import State, World

Floats = NDArray[np.float64]
REACH = 100.0
"""How far along the road boundaries are followed [m]."""
LONGEST_REACH = 10_000.0
"""No reach is longer [m]: a road that an episode needs is not."""
STEP = 0.5
"""Distance of the points along the road [m]: chords of the tightest curve leave their arc by 3 mm."""
STYLES = {STYLE_SOLID: "solid", STYLE_DASHED: "dashed", STYLE_DOUBLE: "double"}
COLOURS = {COLOUR_WHITE: "white", COLOUR_YELLOW: "yellow"}
_HALVINGS = 16


@dataclass(frozen=True, eq=False)
class BoundaryLine:
    """One stretch of a painted boundary in the image, P points in the order of s.

    A boundary that leaves the image and comes back is several stretches of the same number. Dashed lines run on
    through their gaps.
    """

    number: int
    """Which of the road's boundaries, an index of `Road.boundaries`."""
    style: str
    """solid, dashed or double."""
    colour: str
    """white or yellow."""
    offset: float
    """d of the paint's middle [m]."""
    ego_side: str
    """left or right: the next boundary on that side of the car's middle, as its driver sees it; empty for others."""
    pixels: Floats
    """(P, 2) column and row of the paint's middle; its ends are on the image's edge where it leaves the image."""
    points: Floats
    """(P, 3) the same in the vehicle frame [m]."""
    occluded: NDArray[np.bool_]
    """(P) whether a road user stands before the point."""


class Boundaries:
    """Follows the boundaries of the roads that cars are on."""

    def __init__(self, reach: float) -> None:
        self._steps = np.arange(-int(reach / STEP), int(reach / STEP) + 1)

    def trace(self, device: str, roads: Roads, world: World, state: State) -> list[RoadLines]:
        """The boundaries around the car of each world; ``world`` and ``state`` hold NumPy arrays."""
        # Multiples of the step: from frame to frame points stay where they are on the road.
        s = STEP * (np.floor(state.s / STEP)[:, None] + self._steps)
        line = to_device(device, np.zeros((*s.shape, 3)))
        place = to_device(device, world.road), to_device(device, s)
        _follow(device, s.size, place, (line,), roads)
        tables = [to_host(table) for table in (roads.boundary_offset, roads.boundary_style, roads.boundary_colour)]
        counts, lengths, closed = (to_host(table) for table in (roads.boundary_count, roads.length, roads.closed))
        found = []
        for k, points in enumerate(to_host(line)):
            road = world.road[k]
            # Half a closed road each way, and an open one from end to end.
            there = (
                np.abs(s[k] - state.s[k]) < 0.5 * lengths[road]
                if closed[road]
                else (s[k] >= 0.0) & (s[k] <= lengths[road])
            )
            offset, style, colour = (table[road, : counts[road]] for table in tables)
            body = rotation(state.yaw[k], state.pitch[k], state.roll[k])
            place_of = np.array([state.x[k], state.y[k], 0.0])
            backwards = bool(np.cos(state.heading_error[k]) < 0.0)
            found.append(RoadLines(points[there], offset, style, colour, body, place_of, float(state.d[k]), backwards))
        return found


class RoadLines(NamedTuple):
    """A stretch of a road and the boundaries M painted along it, around one car."""

    line: Floats
    """(P, 3) x, y [m] and heading [rad] of the reference line in the world."""
    offset: Floats
    """(M) d [m]"""
    style: NDArray[np.uint8]
    """(M) STYLE_*"""
    colour: NDArray[np.uint8]
    """(M) COLOUR_*"""
    body: Floats
    """(3, 3) the car's attitude: columns are its axes in the world."""
    place: Floats
    """(3) where the car is in the world [m]."""
    lateral: float
    """d of the car [m]."""
    backwards: bool
    """Whether the car points against s."""

    def seen_by(
        self, camera: CameraConfig, depth: NDArray[np.float32], instance: NDArray[np.uint8]
    ) -> tuple[BoundaryLine, ...]:
        """The boundaries in an image whose depth and instance layers (H, W) are given."""
        painted = [int(number) for number in np.argsort(self.offset, kind="stable") if self.style[number] != STYLE_NONE]
        if not painted or not len(self.line):
            return ()
        points = np.stack([self._points(self.offset[number]) for number in painted])
        sides, result = self._sides(painted), []
        for k, stretch in _clipped(camera, points):
            number, seen = painted[k], camera.project(stretch)
            column = np.clip(np.rint(seen[:, 0]).astype(int), 0, camera.width - 1)
            row = np.clip(np.rint(seen[:, 1]).astype(int), 0, camera.height - 1)
            # Road users stand on the ground: where one is rendered nearer, it occludes the point.
            occluded = (instance[row, column] > 0) & (depth[row, column] < seen[:, 2])
            result.append(
                BoundaryLine(
                    number, STYLES[int(self.style[number])], COLOURS[int(self.colour[number])],
                    float(self.offset[number]), sides.get(number, ""), seen[:, :2], stretch, occluded,
                )
            )  # fmt: skip
        return tuple(result)

    def _points(self, offset: float) -> Floats:
        """A boundary (P, 3) in the vehicle frame."""
        x, y, heading = self.line.T
        world = np.stack([x - offset * np.sin(heading), y + offset * np.cos(heading), 0.0 * x], -1)
        return np.asarray((world - self.place) @ self.body)

    def _sides(self, painted: list[int]) -> dict[int, str]:
        """Which of the painted boundaries, given from right to left, is next to the car on which side."""
        left = [number for number in painted if self.offset[number] > self.lateral]
        right = [number for number in painted if self.offset[number] <= self.lateral]
        names = ("right", "left") if self.backwards else ("left", "right")
        return {**dict.fromkeys(left[:1], names[0]), **dict.fromkeys(right[-1:], names[1])}


@kernel(grain=512)
def _follow(item, place, out, roads):
    """World x, y and heading of the reference line at one arc length."""
    road, s = place
    k, n = item // s.shape[1], item % s.shape[1]
    x, y, heading, _ = road_point(roads, road[k], s[k, n], 0.0)
    out[0][k, n, 0], out[0][k, n, 1], out[0][k, n, 2] = x, y, heading


def _inside(camera: CameraConfig, points: Floats) -> NDArray[np.bool_]:
    """Which points (..., 3) of the vehicle frame are in the image."""
    with np.errstate(divide="ignore", invalid="ignore"):
        column, row, depth = np.moveaxis(camera.project(points), -1, 0)
    across = (column >= -0.5) & (column <= camera.width - 0.5)
    return (depth >= NEAR_PLANE) & across & (row >= -0.5) & (row <= camera.height - 0.5)


def _clipped(camera: CameraConfig, points: Floats) -> list[tuple[int, Floats]]:
    """Stretches of lines (M, P, 3) that are in the image: (which line, points), ends on the image's edge."""
    inside = _inside(camera, points)
    edges = np.diff(np.pad(inside, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    # Row by row, so that each beginning has its end.
    (line, first), (_, last) = np.nonzero(edges > 0), np.nonzero(edges < 0)
    last = last - 1
    before, after = np.maximum(first - 1, 0), np.minimum(last + 1, points.shape[1] - 1)
    enters, leaves = _edge(camera, points[line, [before, after]], points[line, [first, last]])
    return [
        (
            int(k),
            np.concatenate([enters[n : n + (a > 0)], points[k, a : b + 1], leaves[n : n + (b + 1 < len(points[k]))]]),
        )
        for n, (k, a, b) in enumerate(zip(line, first, last, strict=True))
    ]


def _edge(camera: CameraConfig, outside: Floats, inside: Floats) -> Floats:
    """Where lines from points out of the image to points in it cross its edge, by halving."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (outside + inside)
        within = _inside(camera, middle)[..., None]
        inside, outside = np.where(within, middle, inside), np.where(within, outside, middle)
    return inside
