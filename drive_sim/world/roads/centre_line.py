"""From the points of a surveyed centre line to a smooth line of arcs.

A cubic smoothing spline over the chord length (Reinsch 1967) gives position, heading and curvature without steps.
Its penalty is chosen by wavelength: waves of `CUTOFF_WAVELENGTH` keep half their height, so that centimetres of noise
in points some metres apart do not become curves, and real bends, which are longer, stay where they were surveyed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drive_sim.world.roads.road import Floats

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

CUTOFF_WAVELENGTH = 16.0
"""[m]"""
ELEMENT_LENGTH = 0.5
"""Of an imported road, about [m]: arcs this short leave less than a millimetre of the spline's shape."""
_WRAP = 200.0
"""How much of a closed line is repeated at both ends before smoothing [m]: many wavelengths."""
_FINE = 0.1
"""Sampling with which arc length is measured along the spline [m]."""


class CentreLine(NamedTuple):
    """E elements of equal length; arrays at their starts."""

    step: float  # [m]
    x: Floats  # (E) [m]
    y: Floats  # (E) [m]
    heading: Floats  # (E) [rad], not wrapped
    curvature: Floats  # (E) [1/m] mean of the element
    chord: Floats  # (E) position along the polygon of the given points [m]


def fit_centre_line(points: Floats, closed: bool) -> CentreLine:
    """Smooth line through ``points`` (N, 2) [m]; on a closed line the last point is joined to the first.

    No two neighbouring points may coincide. The elements of a closed line join end to start as all others do.
    """
    chord = chord_lengths(points, closed)
    length = chord[-1]
    spline_x, spline_y = _smooth(points, chord, closed)
    fine = np.linspace(0.0, length, math.ceil(length / _FINE) + 1)
    speed = np.hypot(spline_x.derivative()(fine), spline_y.derivative()(fine))
    # Trapezium rule: the speed of a chord-length spline stays within some per cent of 1 and varies over metres.
    arc = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(fine))])
    count = max(round(arc[-1] / ELEMENT_LENGTH), 2)
    at = np.interp(np.linspace(0.0, arc[-1], count + 1), arc, fine)
    heading = np.unwrap(np.arctan2(spline_y.derivative()(at), spline_x.derivative()(at)))
    step = float(arc[-1] / count)
    start = at[:-1]
    return CentreLine(step, spline_x(start), spline_y(start), heading[:-1], np.diff(heading) / step, start)


def chord_lengths(points: Floats, closed: bool) -> Floats:
    """Distance along the polygon to each point [m]: (N,), or (N + 1,) on a closed line, whose last is its length."""
    around = np.concatenate([points, points[:1]]) if closed else points
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(around, axis=0).T))])


def _smooth(points: Floats, chord: Floats, closed: bool) -> tuple[BSpline, BSpline]:
    # Imported here because it takes 0.4 s, and only surveyed roads need it.
    from scipy.interpolate import make_smoothing_spline

    knots, values = chord, points
    if closed:
        length = chord[-1]
        turns = math.ceil(_WRAP / length)
        copies = np.arange(-turns, turns + 1)
        knots = (copies[:, None] * length + chord[:-1]).ravel()
        values = np.tile(points, (len(copies), 1))
        keep = (knots >= -_WRAP) & (knots <= length + _WRAP)
        knots, values = knots[keep], values[keep]
    # Minimising sum |p - r|² + λ ∫ |r''|² passes a wave of angular frequency ω with gain 1 / (1 + λ h ω⁴);
    # h is the spacing of the points.
    spacing = float(np.median(np.diff(knots)))
    penalty = (CUTOFF_WAVELENGTH / (2.0 * math.pi)) ** 4 / spacing
    return (
        make_smoothing_spline(knots, values[:, 0], lam=penalty),
        make_smoothing_spline(knots, values[:, 1], lam=penalty),
    )


def crossing(line: CentreLine, closed: bool) -> tuple[int, int] | None:
    """Two elements at which the line crosses itself, or None."""
    from scipy.spatial import cKDTree

    stride = 4
    x, y = line.x[::stride], line.y[::stride]
    if closed:
        x, y = np.append(x, line.x[0]), np.append(y, line.y[0])
    ends = np.stack([x, y], axis=1)
    middles = 0.5 * (ends[1:] + ends[:-1])
    pairs = cKDTree(middles).query_pairs(stride * line.step * 1.01, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    count = len(middles)
    apart = np.minimum(j - i, count - (j - i)) if closed else j - i
    i, j = i[apart > 1], j[apart > 1]

    def side(a: Floats, b: Floats, p: Floats) -> Floats:
        return (b[:, 0] - a[:, 0]) * (p[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (p[:, 0] - a[:, 0])

    crossed = (side(ends[i], ends[i + 1], ends[j]) * side(ends[i], ends[i + 1], ends[j + 1]) < 0.0) & (
        side(ends[j], ends[j + 1], ends[i]) * side(ends[j], ends[j + 1], ends[i + 1]) < 0.0
    )
    hits = np.flatnonzero(crossed)
    if len(hits) == 0:
        return None
    return int(i[hits[0]]) * stride, int(j[hits[0]]) * stride
