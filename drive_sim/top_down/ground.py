"""A road as flat polygons in the world: pavement, shoulders, worn wheel tracks, markings, kerbs and rails."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.world.roads.road import (
    COLOUR_YELLOW,
    DASH_LENGTH,
    DASH_PERIOD,
    EDGE_KERB,
    EDGE_RAIL,
    KERB_WIDTH,
    RAIL_OFFSET,
    RAIL_POST_DISTANCE,
    STYLE_DASHED,
    STYLE_DOUBLE,
    STYLE_NONE,
    Road,
)
from drive_sim.world.scenarios.episode import Colour, WeatherSpec

Floats = NDArray[np.float64]
Shade = tuple[int, int, int]

PIECE = 24
"""Elements in one polygon: short, so that a tight bend never makes one cross itself."""
CHORD_ERROR = 0.01
"""How far a polygon's side may leave the curve [m]."""
SHOULDER = 0.9
"""Width of the gravel beside the pavement [m]."""
TRACK_OFFSET, TRACK_WIDTH = 0.75, 0.55
"""Wheel tracks: their offset from the lane's centre and their width [m]."""
RAIL_WIDTH = 0.16
"""Half of the drawn width of a guard rail [m]."""


class Strip(NamedTuple):
    """A band along the road between two offsets (one number for each of the E + 1 points of the line) [m]."""

    right: Floats
    left: Floats
    shade: Shade


class Patches(NamedTuple):
    """Many small polygons of the same shade: (n, corners, 2) [m]."""

    polygons: Floats
    shade: Shade


def display(colour: Colour, gain: float = 1.0) -> Shade:
    """Screen colour of a linear reflectance: a gamma of 2, as the camera's."""
    red, green, blue = (round(255.0 * math.sqrt(min(max(channel * gain, 0.0), 1.0))) for channel in colour)
    return red, green, blue


class Ground:
    """The polygons of one road under one weather, bottom to top; made once, drawn at every frame."""

    def __init__(self, road: Road, weather: WeatherSpec) -> None:
        self.road = road
        self._line(road)
        wet = 1.0 - 0.45 * weather.wetness
        self.verge = display(weather.verge, 0.9 * (1.0 - 0.25 * weather.wetness))
        red, green, blue = weather.asphalt
        self._asphalt: Colour = (red * wet, green * wet, blue * wet)
        self.asphalt = display(self._asphalt)
        self._fade = 1.0 - 0.7 * weather.marking_wear
        self.strips: list[Strip] = []
        self.patches: list[Patches] = []
        left, right = self._profile(road.paved_left), -self._profile(road.paved_right)
        gravel: Colour = (0.30 * wet, 0.28 * wet, 0.22 * wet)
        self._add(right - SHOULDER, left + SHOULDER, display(gravel))
        self._add(right, left, self.asphalt)
        self._add_median(road, weather)
        self._add_tracks(road)
        self._add_markings(road)
        self._add_edges(road, left, right)

    def _line(self, road: Road) -> None:
        """Points of the reference line at the ends of its elements, and the normals to its left there."""
        end = [road.x[-1], road.y[-1], road.heading[-1]]
        half = 0.5 * road.curvature[-1] * road.step
        chord = road.step * float(np.sinc(half / math.pi))
        end[0] += chord * math.cos(end[2] + half)
        end[1] += chord * math.sin(end[2] + half)
        end[2] += 2.0 * half
        heading = np.append(road.heading, end[2])
        self.points = np.stack([np.append(road.x, end[0]), np.append(road.y, end[1])], axis=1)
        self.normals = np.stack([-np.sin(heading), np.cos(heading)], axis=1)

    def _profile(self, widths: Floats) -> Floats:
        return np.append(widths, widths[0] if self.road.closed else widths[-1])

    @cached_property
    def reach(self) -> float:
        """How far anything is drawn from the reference line [m]."""
        return max(float(np.abs(np.concatenate([strip.left, strip.right])).max()) for strip in self.strips)

    def _add(self, right: Floats | float, left: Floats | float, shade: Shade) -> None:
        count = len(self.points)
        self.strips.append(
            Strip(np.broadcast_to(np.asarray(right), count), np.broadcast_to(np.asarray(left), count), shade)
        )

    def _add_median(self, road: Road, weather: WeatherSpec) -> None:
        if road.median > 0.3:
            self._add(-road.median / 2, road.median / 2, display(weather.verge, 0.8))

    def _add_tracks(self, road: Road) -> None:
        """Tyres polish the asphalt: two darker bands in every lane."""
        shade = display(self._asphalt, 0.9)
        centres = [road.lane_centre(lane) for lane in range(road.lanes_forward)]
        centres += [road.oncoming_lane_centre(lane) for lane in range(road.lanes_backward)]
        for centre in centres:
            for side in (-TRACK_OFFSET, TRACK_OFFSET):
                self._add(centre + side - TRACK_WIDTH / 2, centre + side + TRACK_WIDTH / 2, shade)

    def _add_markings(self, road: Road) -> None:
        for boundary in road.boundaries:
            if boundary.style == STYLE_NONE:
                continue
            paint = (0.85, 0.62, 0.08) if boundary.colour == COLOUR_YELLOW else (0.9, 0.9, 0.88)
            mixed = tuple(a + self._fade * (p - a) for a, p in zip(self._asphalt, paint, strict=True))
            shade, half = display(mixed), 0.5 * boundary.width  # type: ignore[arg-type]
            if boundary.style == STYLE_DASHED:
                self._add_dashes(boundary.offset, half, shade)
            elif boundary.style == STYLE_DOUBLE:
                self._add(boundary.offset - 3 * half, boundary.offset - half, shade)
                self._add(boundary.offset + half, boundary.offset + 3 * half, shade)
            else:
                self._add(boundary.offset - half, boundary.offset + half, shade)

    def _add_dashes(self, offset: float, half: float, shade: Shade) -> None:
        starts = np.arange(0.0, self.road.length - DASH_LENGTH, DASH_PERIOD)
        along = starts[:, None] + np.array([0.0, 0.5, 1.0]) * DASH_LENGTH
        right, left = self.at(along, offset - half), self.at(along, offset + half)
        self.patches.append(Patches(np.concatenate([right, left[:, ::-1]], axis=1), shade))

    def _add_edges(self, road: Road, left: Floats, right: Floats) -> None:
        for edge, wall, outwards in ((road.edge_left, left, 1.0), (road.edge_right, right, -1.0)):
            if edge == EDGE_KERB:
                far = wall + outwards * KERB_WIDTH
                self._add(np.minimum(wall, far), np.maximum(wall, far), display((0.5, 0.5, 0.48)))
            elif edge == EDGE_RAIL:
                middle = wall + outwards * RAIL_OFFSET
                self._add(middle - RAIL_WIDTH, middle + RAIL_WIDTH, display((0.22, 0.23, 0.24)))
                self._add(middle - RAIL_WIDTH / 2, middle + RAIL_WIDTH / 2, display((0.62, 0.64, 0.66)))
                along = np.arange(0.0, self.road.length, RAIL_POST_DISTANCE)[:, None] + np.array([-0.1, 0.1])
                offsets = np.interp(along, np.arange(len(middle)) * road.step, middle)
                near, far = self.at(along, offsets - RAIL_WIDTH), self.at(along, offsets + RAIL_WIDTH)
                posts = np.concatenate([near, far[:, ::-1]], axis=1)
                self.patches.append(Patches(posts, display((0.12, 0.12, 0.13))))

    def at(self, s: Floats, d: Floats | float) -> Floats:
        """World points (..., 2) [m] of road points, by interpolation between the line's ends of elements."""
        position = np.clip(s / self.road.step, 0.0, len(self.points) - 1.000001)
        base = position.astype(int)
        share = (position - base)[..., None]
        points = self.points[base] * (1.0 - share) + self.points[base + 1] * share
        normals = self.normals[base] * (1.0 - share) + self.normals[base + 1] * share
        return points + normals * np.asarray(d)[..., None]

    def pieces(self, x: float, y: float, reach: float) -> list[NDArray[np.int64]]:
        """Indices of the line's points near (x, y), in pieces of at most `PIECE` elements that begin where one ends.

        Where the road is nearly straight, most points are left out: a polygon costs by the number of its corners.
        """
        near = np.flatnonzero(np.hypot(self.points[:, 0] - x, self.points[:, 1] - y) < reach)
        runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
        pieces = []
        for run in runs:
            for start in range(0, len(run) - 1, PIECE):
                piece = run[start : start + PIECE + 1]
                # A chord of length l leaves an arc of curvature k by l² k / 8.
                bend = max(float(np.abs(self.road.curvature[piece[:-1]]).max()), 1e-4)
                stride = max(1, int(math.sqrt(8.0 * CHORD_ERROR / bend) / self.road.step))
                pieces.append(np.append(piece[:-1:stride], piece[-1]))
        return pieces

    def outline(self, strip: Strip, piece: NDArray[np.int64]) -> Floats:
        """The polygon (2 n, 2) [m] of a strip along a piece."""
        points, normals = self.points[piece], self.normals[piece]
        right = points + normals * strip.right[piece, None]
        left = points + normals * strip.left[piece, None]
        return np.concatenate([right, left[::-1]])

    def finish_line(self, s: float) -> list[tuple[Floats, bool]]:
        """A chequered line across the pavement at ``s``: squares (4, 2) [m] and whether they are dark."""
        element = min(int(s / self.road.step), len(self.road.x) - 1)
        left, right = self.road.paved_left[element], -self.road.paved_right[element]
        columns = max(1, round((left - right) / 0.6))
        edges = np.linspace(right, left, columns + 1)
        squares = []
        for row in range(3):
            for column in range(columns):
                corners_s = s + 0.6 * np.array([row, row + 1, row + 1, row])
                corners_d = edges[[column, column, column + 1, column + 1]]
                squares.append((self.at(corners_s, corners_d), (row + column) % 2 == 0))
        return squares
