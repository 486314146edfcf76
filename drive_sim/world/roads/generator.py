"""Generated roads by class: motorway, rural, mountain, urban, track; each a pure function of (class, seed, length)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drive_sim.compute.randomness import generator
from drive_sim.world.roads.alignment import AlignmentRules, draw_alignment
from drive_sim.world.roads.road import (
    COLOUR_WHITE,
    COLOUR_YELLOW,
    EDGE_KERB,
    EDGE_PLAIN,
    EDGE_RAIL,
    STYLE_DASHED,
    STYLE_DOUBLE,
    STYLE_SOLID,
    Boundary,
    Floats,
    Road,
    chain_arcs,
)

_LATERAL_ACCELERATION = 3.5
"""With which the tightest curve of a motorway or rural road may be driven at its limit, on the flat [m/s²]."""
_LINE_SETBACK = 0.3
"""From the edge of the median to the middle of the line beside it [m]."""


@dataclass(frozen=True)
class RoadClass:
    """What roads of a class have in common; ranges are what each road draws from."""

    length: float
    """[m] unless the caller says otherwise."""
    step: float
    """Element length [m]: half a metre where radii are small, so that an element turns by 2.4° at most."""
    smallest_radius: float
    tightest: tuple[float, float]
    """Smallest radius of one road [m]."""
    radius_span: float
    """Largest radius of a road over its smallest."""
    straight: tuple[float, float]
    straight_share: float
    turn: tuple[float, float]
    longest_curve: float
    hairpin_share: float
    lanes: tuple[int, int]
    """Lanes in each direction."""
    lane_width: tuple[float, float]
    shoulder: tuple[float, float]
    """Paved strip beyond the outer lane [m]."""
    median: tuple[float, float]
    limits: tuple[int, ...]
    """Speed limits [km/h]."""
    limit_by_curves: bool
    """Whether the limit suits the tightest curve; else drivers have to slow down for curves."""
    verge: float
    """Unpaved strip that belongs to the road [m]."""
    widening: float = 0.0
    """Most by which the pavement is wider in some places than in others, on either side [m]."""


ROAD_CLASSES: dict[str, RoadClass] = {
    "motorway": RoadClass(
        2500.0, 1.0, 400.0, (400.0, 900.0), 4.0, (40.0, 250.0), 0.5, (0.15, 0.9), 500.0, 0.0,
        (2, 3), (3.5, 3.75), (2.0, 3.0), (2.5, 4.0), (100, 110, 120, 130), True, 6.0,
    ),
    "rural": RoadClass(
        1500.0, 1.0, 80.0, (80.0, 260.0), 5.0, (20.0, 180.0), 0.6, (0.2, 1.5), 220.0, 0.0,
        (1, 1), (3.0, 3.5), (0.25, 1.0), (0.0, 0.0), (50, 60, 70, 80, 90, 100), True, 5.0,
    ),
    "mountain": RoadClass(
        1000.0, 0.5, 20.0, (20.0, 40.0), 5.0, (10.0, 70.0), 0.5, (0.4, 2.2), 110.0, 0.2,
        (1, 1), (2.8, 3.25), (0.2, 0.6), (0.0, 0.0), (40, 50, 60), False, 4.0,
    ),
    "urban": RoadClass(
        800.0, 0.5, 12.0, (12.0, 30.0), 6.0, (30.0, 140.0), 0.8, (0.2, 1.65), 60.0, 0.0,
        (1, 1), (3.0, 3.5), (0.2, 0.6), (0.0, 0.0), (30, 40, 50), False, 4.0,
    ),
    # As `csv_import` makes roads of surveyed circuits.
    "track": RoadClass(
        1500.0, 0.5, 10.0, (10.0, 25.0), 20.0, (20.0, 300.0), 0.6, (0.3, 2.4), 250.0, 0.2,
        (1, 1), (3.2, 3.75), (0.25, 1.0), (0.0, 0.0), (100,), False, 2.0, 3.0,
    ),
}  # fmt: skip


def generate_road(road_class: str, seed: int, length: float | None = None, traits: RoadClass | None = None) -> Road:
    """An open road of the class, at least ``length`` [m] long; the same arguments give the same road.

    ``traits``, where they are given, are drawn from instead of the class's own.

    It begins at the origin with heading 0 and a straight of at least 40 m, its curvature is continuous, no arc is
    tighter than the class allows, and no part of it comes closer to another than the two roadways and their verges.

    Raises
    ------
    ValueError
        for an unknown class or a length that is not positive.
    """
    if road_class not in ROAD_CLASSES:
        raise ValueError(f"road class must be one of {', '.join(ROAD_CLASSES)}, not {road_class!r}")
    traits = traits or ROAD_CLASSES[road_class]
    length = traits.length if length is None else float(length)
    if not (length > 0.0 and math.isfinite(length)):
        raise ValueError(f"length must be positive, not {length}")
    rng = generator("road", road_class, seed)
    tightest = traits.tightest[0] * (traits.tightest[1] / traits.tightest[0]) ** rng.random()
    section = _draw_cross_section(traits, rng)
    limit = _speed_limit(traits, tightest, rng)
    boundaries = _markings(road_class, section.lanes, section.lane_width, section.median, rng)
    edge_left, edge_right = _edges(road_class, rng)
    # The line has its own numbers: how many it takes to draw changes nothing else about the road.
    rules = _alignment_rules(traits, tightest, limit, section.half_width)
    curvature = draw_alignment(rules, length, traits.step, generator("alignment", road_class, seed))
    x, y, heading = chain_arcs(curvature, traits.step)
    widths = generator("pavement", road_class, seed)
    paved_left, paved_right = _pavement(traits, section.half_width, curvature, widths)
    return Road(
        name=f"{road_class}-{seed}", road_class=road_class, closed=False, step=traits.step,
        x=x, y=y, heading=heading, curvature=curvature, paved_left=paved_left, paved_right=paved_right,
        lane_width=section.lane_width, lanes_forward=section.lanes, lanes_backward=section.lanes,
        speed_limit=limit, median=section.median, boundaries=boundaries,
        edge_left=edge_left, edge_right=edge_right, seed=seed,
    )  # fmt: skip


class _CrossSection(NamedTuple):
    """Of one road, the same on both sides; widths [m]."""

    lanes: int  # in each direction
    lane_width: float
    shoulder: float
    median: float

    @property
    def half_width(self) -> float:
        """From the reference line to the paved edge [m]."""
        return self.median / 2 + self.lanes * self.lane_width + self.shoulder


def _draw_cross_section(traits: RoadClass, rng: np.random.Generator) -> _CrossSection:
    return _CrossSection(
        lanes=int(rng.integers(traits.lanes[0], traits.lanes[1] + 1)),
        lane_width=round(float(rng.uniform(*traits.lane_width)), 2),
        shoulder=float(rng.uniform(*traits.shoulder)),
        median=float(rng.uniform(*traits.median)),
    )


_WIDENING_LENGTH = 80.0
"""Within about this the pavement becomes wider or narrower [m]."""


def _pavement(
    traits: RoadClass, half_width: float, curvature: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Width of the pavement left and right of the reference line (E) [m]; inside a bend it ends before its centre."""
    count = len(curvature)
    if traits.widening == 0.0:
        return np.full(count, half_width), np.full(count, half_width)
    # On the outside of a bend as much as the line has room for, on the inside what its radius leaves.
    along = np.arange(count) * traits.step
    knots = np.arange(0.0, along[-1] + 2.0 * _WIDENING_LENGTH, _WIDENING_LENGTH)
    sides = []
    for sign in (1.0, -1.0):
        wider = np.interp(along, knots, traits.widening * rng.random(len(knots)) ** 2)
        radius = 1.0 / np.maximum(sign * curvature, 1e-9)
        sides.append(np.maximum(np.minimum(half_width + wider, 0.9 * radius), np.minimum(half_width, 0.95 * radius)))
    return sides[0], sides[1]


def _alignment_rules(traits: RoadClass, tightest: float, limit: float, half_width: float) -> AlignmentRules:
    """What the line keeps to: ``tightest`` radius [m], speed ``limit`` [m/s], room for roadways ``half_width`` [m]."""
    return AlignmentRules(
        radius=(tightest, tightest * traits.radius_span),
        straight=traits.straight,
        straight_share=traits.straight_share,
        turn=traits.turn,
        longest_curve=traits.longest_curve,
        hairpin_share=traits.hairpin_share,
        speed=limit,
        clearance=2.0 * (half_width + traits.widening + traits.verge),
    )


def _speed_limit(traits: RoadClass, tightest: float, rng: np.random.Generator) -> float:
    """Speed limit [m/s] drawn for a road whose tightest curve has the radius ``tightest`` [m]."""
    limits = list(traits.limits)
    if traits.limit_by_curves:
        fastest = 3.6 * math.sqrt(_LATERAL_ACCELERATION * tightest)
        limits = [limit for limit in limits if limit <= fastest][-3:] or limits[:1]
    return float(rng.choice(limits)) / 3.6


def _edges(road_class: str, rng: np.random.Generator) -> tuple[int, int]:
    if road_class == "motorway":
        return EDGE_RAIL, EDGE_RAIL
    if road_class == "urban":
        return EDGE_KERB, EDGE_KERB
    if road_class == "mountain":
        return (EDGE_RAIL, EDGE_PLAIN) if rng.random() < 0.5 else (EDGE_PLAIN, EDGE_RAIL)
    return EDGE_PLAIN, EDGE_PLAIN


def _markings(
    road_class: str, lanes: int, lane_width: float, median: float, rng: np.random.Generator
) -> tuple[Boundary, ...]:
    """Painted lines from left to right."""
    if road_class == "motorway":
        return _motorway_markings(lanes, lane_width, median, rng)
    if road_class == "track":
        lines = ((lane_width, STYLE_SOLID), (0.0, STYLE_DASHED), (-lane_width, STYLE_SOLID))
        return tuple(Boundary(offset, style, COLOUR_WHITE, 0.15) for offset, style in lines)
    yellow = rng.random() < 0.35
    roll, edge_roll = rng.random(), rng.random()
    width = round(float(rng.uniform(0.10, 0.15)), 3)
    if yellow and roll < 0.4:
        style = STYLE_DOUBLE
    elif not yellow and roll < 0.1:
        style = STYLE_SOLID
    else:
        style = STYLE_DASHED
    centre = Boundary(0.0, style, COLOUR_YELLOW if yellow else COLOUR_WHITE, width)
    edged = edge_roll < {"rural": 0.85, "mountain": 0.7, "urban": 0.3}[road_class]
    if not edged:
        return (centre,)
    edge = lanes * lane_width
    return (Boundary(edge, STYLE_SOLID, COLOUR_WHITE, width), centre, Boundary(-edge, STYLE_SOLID, COLOUR_WHITE, width))


def _motorway_markings(lanes: int, lane_width: float, median: float, rng: np.random.Generator) -> tuple[Boundary, ...]:
    width = round(float(rng.uniform(0.12, 0.15)), 3)
    edge_width = round(float(rng.uniform(0.15, 0.30)), 3)
    inner_colour = COLOUR_YELLOW if rng.random() < 0.35 else COLOUR_WHITE
    right = [Boundary(-(median / 2 + _LINE_SETBACK), STYLE_SOLID, inner_colour, edge_width)]
    right += [
        Boundary(-(median / 2 + lane * lane_width), STYLE_DASHED, COLOUR_WHITE, width) for lane in range(1, lanes)
    ]
    right.append(Boundary(-(median / 2 + lanes * lane_width), STYLE_SOLID, COLOUR_WHITE, edge_width))
    left = [Boundary(-line.offset, line.style, line.colour, line.width) for line in reversed(right)]
    return (*left, *right)
