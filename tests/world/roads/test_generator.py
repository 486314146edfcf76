"""Generated roads are built as roads are, each its own, none crossing itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from drive_sim.world.roads.alignment import (
    AlignmentRules,
    Piece,
    _steady,
    clothoid_length,
    draw_alignment,
    heading_along,
)
from drive_sim.world.roads.coordinates import arc_point
from drive_sim.world.roads.generator import ROAD_CLASSES, generate_road
from drive_sim.world.roads.road import COLOUR_YELLOW, EDGE_KERB, EDGE_PLAIN, EDGE_RAIL, STYLE_DASHED, STYLE_SOLID, Road

CLASSES = sorted(ROAD_CLASSES)
SMALLEST_RADIUS = {"motorway": 400.0, "rural": 80.0, "mountain": 20.0, "urban": 12.0, "track": 10.0}
any_road = given(road_class=st.sampled_from(CLASSES), seed=st.integers(0, 2**62))


def widest(road: Road) -> float:
    """The widest that the pavement is on either side of the line [m]."""
    return float(max(road.paved_left.max(), road.paved_right.max()))


def distance_to_itself(road: Road) -> float:
    """Smallest distance [m] of two points of the line that are further apart along it than a half circle is."""
    points = np.stack([road.x, road.y], axis=1)
    roadway = 2.0 * widest(road)
    reach = roadway + 2.0 * ROAD_CLASSES[road.road_class].verge
    pairs = cKDTree(points).query_pairs(reach, output_type="ndarray")
    far = (pairs[:, 1] - pairs[:, 0]) * road.step > 0.5 * math.pi * (reach + 4.0)
    gaps = np.hypot(*(points[pairs[far, 0]] - points[pairs[far, 1]]).T)
    return float(gaps.min(initial=reach))


@settings(max_examples=120, deadline=None)
@any_road
@pytest.mark.slow
def test_no_curve_is_tighter_than_the_class_allows(road_class: str, seed: int) -> None:
    road = generate_road(road_class, seed)
    assert np.abs(road.curvature).max() <= 1.0 / SMALLEST_RADIUS[road_class] + 1e-12


@settings(max_examples=120, deadline=None)
@any_road
@pytest.mark.slow
def test_curvature_changes_no_faster_than_along_the_shortest_clothoid(road_class: str, seed: int) -> None:
    road = generate_road(road_class, seed)
    # dκ/ds = 1 / (R L), and L >= sqrt(24 · 0.2 m · R) (AASHTO): steepest at the smallest radius.
    smallest = SMALLEST_RADIUS[road_class]
    steepest = 1.0 / (smallest * math.sqrt(4.8 * smallest))
    assert np.abs(np.diff(road.curvature)).max() <= steepest * road.step * 1.001


@settings(max_examples=120, deadline=None)
@any_road
@pytest.mark.slow
def test_a_road_keeps_clear_of_itself(road_class: str, seed: int) -> None:
    road = generate_road(road_class, seed)
    reach = 2.0 * (widest(road) + ROAD_CLASSES[road_class].verge)
    assert distance_to_itself(road) >= reach - 0.1


@settings(max_examples=40, deadline=None)
@given(road_class=st.sampled_from(CLASSES), seed=st.integers(0, 2**62), length=st.floats(60.0, 4000.0))
@pytest.mark.slow
def test_a_road_is_as_long_as_asked(road_class: str, seed: int, length: float) -> None:
    road = generate_road(road_class, seed, length)
    assert length - 1e-9 <= road.length < length + road.step + 1e-9


@settings(max_examples=25, deadline=None)
@any_road
def test_a_road_is_a_function_of_its_class_and_seed(road_class: str, seed: int) -> None:
    road, again, other = (generate_road(road_class, number) for number in (seed, seed, seed + 1))
    assert np.array_equal(road.x, again.x) and np.array_equal(road.curvature, again.curvature)
    assert road.boundaries == again.boundaries and road.lane_width == again.lane_width
    assert not np.array_equal(road.curvature, other.curvature)


def test_elements_join_without_gaps() -> None:
    for road_class in CLASSES:
        road = generate_road(road_class, 5)
        ends = [
            arc_point(*element, road.step) for element in zip(road.x, road.y, road.heading, road.curvature, strict=True)
        ]
        assert np.array(ends)[:-1] == pytest.approx(np.stack([road.x, road.y], axis=1)[1:], abs=1e-9)


def test_a_hundred_motorways_look_different() -> None:
    roads = [generate_road("motorway", seed) for seed in range(100)]
    assert len({(road.lane_width, road.lanes_forward, road.speed_limit, road.x[-1]) for road in roads}) == 100
    assert {road.lanes_forward for road in roads} == {2, 3}


def test_mountain_roads_have_hairpins_and_one_guard_rail() -> None:
    roads = [generate_road("mountain", seed) for seed in range(40)]
    assert {frozenset((road.edge_left, road.edge_right)) for road in roads} == {frozenset((EDGE_RAIL, EDGE_PLAIN))}
    # A hairpin: heading changes by more than 130° within 120 m.
    span = int(120.0 / roads[0].step)
    turns = [np.abs(road.heading[span:] - road.heading[:-span]).max() for road in roads]
    assert sum(turn > math.radians(130.0) for turn in turns) >= 10


@pytest.mark.slow
def test_markings_are_those_of_the_class() -> None:
    for seed in range(30):
        motorway = generate_road("motorway", seed)
        assert motorway.median > 2.0 and motorway.edge_right == EDGE_RAIL
        styles = [line.style for line in motorway.boundaries if line.offset < 0.0]
        assert styles == [STYLE_SOLID, *[STYLE_DASHED] * (motorway.lanes_forward - 1), STYLE_SOLID]
        urban = generate_road("urban", seed)
        assert urban.edge_left == urban.edge_right == EDGE_KERB
        assert any(line.offset == 0.0 for line in urban.boundaries)
    rural = [generate_road("rural", seed) for seed in range(80)]
    assert 5 <= sum(len(road.boundaries) == 1 for road in rural) <= 25, "some country roads have no edge lines"
    assert 15 <= sum(any(line.colour == COLOUR_YELLOW for line in road.boundaries) for road in rural) <= 45
    for road in rural:
        for line in road.boundaries:
            assert abs(line.offset) in (0.0, road.lane_width)


def test_speed_limits_suit_the_curves_of_country_roads() -> None:
    for seed in range(60):
        road = generate_road("rural", seed)
        lateral = road.speed_limit**2 * np.abs(road.curvature).max()
        assert lateral <= 3.5 or road.speed_limit == pytest.approx(50.0 / 3.6)


def test_clothoids_follow_the_rules_for_roads() -> None:
    # A = sqrt(R L) lies in R/3 .. R where jerk and shift do not ask for more.
    assert clothoid_length(300.0, 10.0, 0.5) == pytest.approx(0.25 * 300.0)
    # AASHTO's jerk rule at 20 m/s and R = 150 m: v³ / (R C) = 8000 / 180.
    assert clothoid_length(150.0, 20.0, 1.0 / 3.0) == pytest.approx(8000.0 / (150.0 * 1.2))
    # and its shift rule at R = 20 m: sqrt(24 · 0.2 · 20).
    assert clothoid_length(20.0, 3.0, 1.0 / 3.0) == pytest.approx(math.sqrt(96.0))


def test_heading_is_the_integral_of_curvature() -> None:
    pieces = [Piece(50.0, 0.0, 0.0), Piece(40.0, 0.0, 0.01), Piece(30.0, 0.01, 0.01)]
    assert heading_along(pieces, np.array([50.0, 70.0, 90.0, 120.0])) == pytest.approx([0.0, 0.05, 0.2, 0.5])


RULES = AlignmentRules(
    radius=(12.0, 15.0),
    straight=(0.0, 5.0),
    straight_share=0.5,
    turn=(2.5, 3.1),
    longest_curve=100.0,
    hairpin_share=0.8,
    speed=10.0,
    clearance=24.0,
)


def test_a_road_that_boxes_itself_in_still_comes_out() -> None:
    """Nothing but hairpins, no room between them: winding freely often fails, and then going forward must not."""
    rng = np.random.default_rng(3)
    for _ in range(3):
        curvature = draw_alignment(RULES, 3000.0, 1.0, rng)
        assert len(curvature) == 3000
        headings = np.cumsum(curvature)
        x, y = np.cumsum(np.cos(headings)), np.cumsum(np.sin(headings))
        pairs = cKDTree(np.stack([x, y], axis=1)).query_pairs(23.0, output_type="ndarray")
        assert not np.any(pairs[:, 1] - pairs[:, 0] > 45)


def test_the_steady_road_stays_within_45_degrees_of_its_start() -> None:
    pieces = _steady(RULES, 2000.0, np.random.default_rng(1))
    headings = heading_along(pieces, np.arange(0.0, 2000.0))
    assert np.abs(headings).max() <= 0.25 * math.pi + 1e-9


def test_bad_arguments_are_programming_mistakes() -> None:
    with pytest.raises(ValueError, match="road class must be one of"):
        generate_road("canal", 1)
    for length in (0.0, -5.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="length must be positive"):
            generate_road("rural", 1, length)


@pytest.mark.parametrize("seed", range(5))
def test_the_pavement_of_a_track_widens_and_ends_before_the_centre_of_its_bends(seed: int) -> None:
    road = generate_road("track", seed)
    for paved, sign in ((road.paved_left, 1.0), (road.paved_right, -1.0)):
        assert paved.min() >= road.lane_width
        assert paved.max() > paved.min() + 0.5
        assert (paved * sign * road.curvature < 1.0).all()
