"""Maps for the report: where the car went, coloured by how far it was from its lane's centre. Small inline SVG."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from drive_sim.evaluation.logs.trace import Trace
from drive_sim.world.scenarios.episode import Episode

Floats = NDArray[np.float64]

ERROR_BOUNDS = (0.25, 0.5, 1.0)
"""|lateral error| [m] at which the colour changes; the last is where an intervention begins."""
_UNITS = 1000.0
"""Longer side of a map in SVG units: whole numbers are then fine enough for any screen."""
_MARGIN = 40.0
MANY = 10
"""Crosses of failures get smaller when there are so many."""


def map_svg(trace: Trace, episode: Episode, label: str) -> str:
    """The route on its road; the car's way in the classes e0 (good) to e3, failures as crosses, the start as a dot.

    An open road is turned so that its route runs from left to right; the shape of a lap is left as it is.
    """
    road = _road_below(episode)
    points = np.column_stack([trace.x, trace.y])
    angle = 0.0
    if not episode.road.closed:
        way = road[-1] - road[0]
        angle = -math.atan2(way[1], way[0])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    everything = np.concatenate([road, points]) @ turn
    low, span = everything.min(axis=0), np.ptp(everything, axis=0)
    scale = (_UNITS - 2 * _MARGIN) / max(float(span.max()), 1.0)

    def place(world: Floats) -> Floats:
        on_page = (world @ turn - low) * scale + _MARGIN
        height = span[1] * scale + 2 * _MARGIN
        return np.column_stack([on_page[:, 0], height - on_page[:, 1]])

    width, height = (span * scale + 2 * _MARGIN).round()
    parts = [f'<path class="road" d="{_path(place(road))}"/>']
    parts += _coloured(place(points), trace)
    start = place(points[:1])[0]
    parts.append(f'<circle class="start" cx="{start[0]:.0f}" cy="{start[1]:.0f}" r="14"/>')
    failures = _apart(place(trace.failures))
    size = 16.0 if len(failures) < MANY else 9.0
    parts += [f'<path class="fail" d="{_cross(x, y, size)}"/>' for x, y in failures]
    return (
        f'<svg class="map" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{label}">'
        + "".join(parts)
        + "</svg>"
    )


def _road_below(episode: Episode) -> Floats:
    """Reference line (n, 2) [m] along the route, a few hundred points of it; all of a closed road."""
    road = episode.road
    if road.closed:
        x, y = np.append(road.x, road.x[0]), np.append(road.y, road.y[0])
    else:
        first = max(int(episode.start_s / road.step) - 5, 0)
        last = int((episode.start_s + episode.route_length) / road.step) + 5
        x, y = road.x[first:last], road.y[first:last]
    stride = max(1, len(x) // 300)
    keep = np.append(np.arange(0, len(x) - 1, stride), len(x) - 1)
    return np.column_stack([x[keep], y[keep]])


def _coloured(points: Floats, trace: Trace) -> list[str]:
    """A path for each class of error, made of all stretches of that class."""
    level = np.searchsorted(ERROR_BOUNDS, np.abs(trace.lateral_error), side="right")
    stretches: dict[int, list[str]] = {}
    steps = range(1, len(points))
    # The way to a point has the colour of the point it comes from: what happened in between is noted there.
    for key, run in groupby(steps, lambda k: (bool(trace.connected[k]), int(level[k - 1]))):
        connected, colour = key
        members = list(run)
        if connected:
            stretches.setdefault(colour, []).append(_path(points[members[0] - 1 : members[-1] + 1]))
    return [f'<path class="e{colour}" d="{"".join(stretches[colour])}"/>' for colour in sorted(stretches)]


def _path(points: Floats) -> str:
    """SVG path data through the points, in whole units, relative to save room."""
    whole = np.round(points).astype(int)
    moves = np.diff(whole, axis=0)
    moves = moves[np.any(moves != 0, axis=1)]
    return f"M{whole[0, 0]} {whole[0, 1]}" + "".join(f"l{dx} {dy}" for dx, dy in moves.tolist())


def _cross(x: float, y: float, size: float) -> str:
    return (
        f"M{x - size:.0f} {y - size:.0f}l{2 * size:.0f} {2 * size:.0f}m0 {-2 * size:.0f}l{-2 * size:.0f} {2 * size:.0f}"
    )


def _apart(spots: Floats) -> list[tuple[float, float]]:
    """The spots, but not two on top of each other."""
    kept: list[tuple[float, float]] = []
    for x, y in spots.tolist():
        if all(math.hypot(x - a, y - b) > 12.0 for a, b in kept):
            kept.append((x, y))
    return kept
