"""Where a generated road runs: straights, clothoids and arcs, drawn within a class's rules, never close to itself.

Curvature is continuous and piecewise linear in arc length, as roads are designed. Rules for transition curves:
clothoid parameter R/3 <= A <= R with A² = R L (FGSV, RAL 2012 and RAA 2008), and at least the lengths that keep the
lateral shift above 0.2 m and the rate of change of lateral acceleration below 1.2 m/s³ (AASHTO, "A Policy on
Geometric Design of Highways and Streets", 2011, section 3.3.8: L = sqrt(24 p R), L = v³ / (R C)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drive_sim.world.roads.road import Floats, chain_arcs

SMALLEST_SHIFT = 0.2
"""p: lateral shift of an arc by its transition [m]."""
LARGEST_JERK = 1.2
"""C: rate of change of lateral acceleration along a transition [m/s³]."""
_PARAMETER_SHARE = (1.0 / 3.0, 0.75)
"""A / R. Up to 1 is allowed; so long a transition leaves no arc between moderate turns."""
_SPACING = 4.0
"""Between the points at which a new curve is compared with the road so far [m]."""
_TRIES = 6
_DRAWS = 80
_RESTARTS = 3
_SAFE_HEADING = 0.25 * math.pi


@dataclass(frozen=True)
class AlignmentRules:
    """What the line of one road may look like."""

    radius: tuple[float, float]
    """Smallest and largest radius of its arcs [m], drawn log-uniformly."""
    straight: tuple[float, float]
    """Length of a straight between two curves [m]."""
    straight_share: float
    """How often two curves have a straight between them; else clothoid meets clothoid."""
    turn: tuple[float, float]
    """Change of heading of a curve [rad]."""
    longest_curve: float
    """What a curve's arc measures at most [m], so that wide curves turn less; hairpins excepted."""
    hairpin_share: float
    """How often a curve is a hairpin: 140° to 190° near the smallest radius."""
    speed: float
    """Design speed [m/s]."""
    clearance: float
    """Distance that two parts of the road keep from each other [m]; at most twice the smallest radius."""


class Piece(NamedTuple):
    """A stretch of ``length`` [m] whose curvature runs linearly from ``first`` to ``last`` [1/m]."""

    length: float
    first: float
    last: float


def clothoid_length(radius: float, speed: float, parameter_share: float) -> float:
    """Length [m] of the transition into an arc of ``radius`` [m] at ``speed`` [m/s].

    ``parameter_share`` is A / R, in 1/3 .. 1. The speed counts as it can be driven: v² / R is at most 3 m/s².
    """
    driven = min(speed, math.sqrt(3.0 * radius))
    return max(
        parameter_share**2 * radius,
        math.sqrt(24.0 * SMALLEST_SHIFT * radius),
        driven**3 / (radius * LARGEST_JERK),
    )


def draw_alignment(rules: AlignmentRules, length: float, step: float, rng: np.random.Generator) -> Floats:
    """Mean curvature [1/m] of each element of length ``step`` [m] of a road at least ``length`` [m] long.

    Tries roads that wind freely and takes back curves that come too close to what is there; after a bounded number
    of draws it keeps every heading within 45° of the first, which cannot come close to itself: two points Δs apart
    along the road are then at least 0.7 Δs apart.
    """
    count = math.ceil(length / step - 1e-9)
    for _ in range(_RESTARTS):
        pieces = _Wander(rules, rng).run(count * step)
        if pieces is not None:
            break
    else:
        pieces = _steady(rules, count * step, rng)
    headings = heading_along(pieces, step * np.arange(count + 1, dtype=np.float64))
    return np.diff(headings) / step


def heading_along(pieces: list[Piece], s: Floats) -> Floats:
    """Heading [rad] at arc lengths ``s`` [m], 0 at the start: the exact integral of the curvature."""
    lengths, first, last = np.array(pieces, np.float64).T
    starts = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    at_start = np.concatenate([[0.0], np.cumsum(0.5 * (first + last) * lengths)[:-1]])
    index = np.clip(np.searchsorted(starts, s, side="right") - 1, 0, len(lengths) - 1)
    inside = s - starts[index]
    slope = (last - first)[index] / lengths[index]
    return at_start[index] + inside * (first[index] + 0.5 * slope * inside)


def _between(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(rng.uniform(*bounds))


def _draw_curve(rules: AlignmentRules, rng: np.random.Generator, heading: float, limit: float) -> list[Piece]:
    """A straight (or none) and a curve: clothoid, arc, clothoid; heading stays within a finite ``limit`` of 0."""
    low, high = rules.radius
    hairpin = rng.random() < rules.hairpin_share
    shape = rng.random()
    if hairpin:
        radius = low * (1.0 + 0.5 * shape)
        turn = math.radians(_between(rng, (140.0, 190.0)))
    else:
        radius = low * (high / low) ** shape
        turn = min(_between(rng, rules.turn), rules.longest_curve / radius)
    sign = 1.0 if rng.random() < 0.5 else -1.0
    straight = _between(rng, rules.straight) if rng.random() < rules.straight_share else 0.0
    share = _between(rng, _PARAMETER_SHARE)
    if math.isfinite(limit):
        if abs(heading + sign * turn) > limit:
            sign = -1.0 if heading > 0.0 else 1.0
        turn = min(turn, limit - sign * heading)
    transition = clothoid_length(radius, rules.speed, share)
    if transition / radius > turn:
        # Too little turn for this radius: a longer transition into a flatter vertex keeps the rules.
        transition = max(clothoid_length(radius, rules.speed, _PARAMETER_SHARE[0]), turn * radius)
        peak = turn / transition
    else:
        peak = 1.0 / radius
    arc = max((turn - peak * transition) / peak, 0.0)
    k = sign * peak
    pieces = [Piece(straight, 0.0, 0.0), Piece(transition, 0.0, k), Piece(arc, k, k), Piece(transition, k, 0.0)]
    return [piece for piece in pieces if piece.length > 1e-6]


def _opening(rules: AlignmentRules, rng: np.random.Generator) -> Piece:
    return Piece(_between(rng, (40.0, max(60.0, min(120.0, rules.straight[1])))), 0.0, 0.0)


def _steady(rules: AlignmentRules, length: float, rng: np.random.Generator) -> list[Piece]:
    """A road that always heads forward."""
    pieces = [_opening(rules, rng)]
    total, heading = pieces[0].length, 0.0
    while total < length:
        curve = _draw_curve(rules, rng, heading, _SAFE_HEADING)
        pieces += curve
        total += sum(piece.length for piece in curve)
        heading += sum(0.5 * (piece.first + piece.last) * piece.length for piece in curve)
    return pieces


class _Wander:
    """A road in the making: curves are added, and taken back where they come too close to the road."""

    def __init__(self, rules: AlignmentRules, rng: np.random.Generator) -> None:
        self.rules, self.rng = rules, rng
        self.sections: list[list[Piece]] = []
        self.points: list[Floats] = []
        """For each section (4, n): arc length, x, y, heading at points ``_SPACING`` apart; ends with its end."""

    def run(self, length: float) -> list[Piece] | None:
        """The pieces of a road of at least ``length`` [m], or None if it does not come out in bounded work."""
        self._add([_opening(self.rules, self.rng)])
        failures = 0
        for _ in range(_DRAWS + int(length / 20.0)):
            if self.points[-1][0, -1] >= length:
                return [piece for section in self.sections for piece in section]
            if self._add(_draw_curve(self.rules, self.rng, 0.0, math.inf)):
                failures = 0
                continue
            failures += 1
            if failures % _TRIES == 0:
                # Boxed in: go back further each time.
                keep = max(1, len(self.sections) - failures // _TRIES)
                del self.sections[keep:], self.points[keep:]
        return None

    def _add(self, section: list[Piece]) -> bool:
        origin = self.points[-1][:, -1] if self.points else np.zeros(4)
        points = _trace(section, origin)
        if self.points and self._too_close(points):
            return False
        self.sections.append(section)
        self.points.append(points)
        return True

    def _too_close(self, new: Floats) -> bool:
        clearance = self.rules.clearance + 0.5 * _SPACING  # the points stand for what is between them
        # Along a circle of diameter `clearance` this is half way round, where it is that far from itself.
        window = 0.5 * math.pi * clearance
        everything = np.concatenate([*self.points, new], axis=1)
        s, x, y = everything[:3]
        apart = (x[:, None] - new[1]) ** 2 + (y[:, None] - new[2]) ** 2
        return bool(np.any((apart < clearance**2) & (new[0] - s[:, None] > window)))


def _trace(section: list[Piece], origin: Floats) -> Floats:
    """(4, n) arc length, x, y, heading at equal distances along a section that starts at ``origin``, ends included."""
    length = sum(piece.length for piece in section)
    count = math.ceil(length / _SPACING) + 1
    along = np.linspace(0.0, length, count)
    step = along[1]
    curvature = np.append(np.diff(heading_along(section, along)) / step, 0.0)
    x, y, heading = chain_arcs(curvature, step, *origin[1:])
    return np.stack([origin[0] + along, x, y, heading])
