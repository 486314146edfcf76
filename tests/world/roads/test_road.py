"""The road frame: where a point lies along a road and beside it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_sim.world.roads.coordinates import ahead, arc_point, arc_project, curvature_at, project
from drive_sim.world.roads.generator import ROAD_CLASSES, generate_road
from drive_sim.world.roads.grid import GRID_BAND, GRID_CELL, bake_grid
from drive_sim.world.roads.road import MAX_BOUNDARIES, STYLE_SOLID, Boundary, Road, chain_arcs, stack_roads


def make_road(curvature: np.ndarray, closed: bool = False, step: float = 1.0) -> Road:
    x, y, heading = chain_arcs(curvature, step)
    paved = np.full(len(curvature), 4.0)
    return Road("made", "rural", closed, step, x, y, heading, curvature, paved, paved, 3.25, 1, 1, 20.0)


@pytest.fixture(scope="module")
def circle() -> Road:
    """A left-hand circle of radius 50 m, 400 elements, centre (0, 50)."""
    return make_road(np.full(400, 1.0 / 50.0), closed=True, step=2.0 * math.pi * 50.0 / 400)


def test_on_a_straight_road_s_and_d_are_x_and_y() -> None:
    road = make_road(np.zeros(200))
    assert road.project(37.25, 1.5) == pytest.approx((37.25, 1.5), abs=1e-9)
    assert road.project(120.0, -3.0) == pytest.approx((120.0, -3.0), abs=1e-9)


def test_left_of_a_left_hand_circle_is_inside_it(circle: Road) -> None:
    s, d = circle.project(0.0, 3.0)  # three metres from the start towards the centre
    assert (s, d) == pytest.approx((0.0, 3.0), abs=1e-9)
    quarter = circle.length / 4.0
    assert circle.project(52.0, 50.0) == pytest.approx((quarter, -2.0), abs=1e-9)


def test_a_circle_of_arcs_ends_where_it_began(circle: Road) -> None:
    x, y = arc_point(circle.x[-1], circle.y[-1], circle.heading[-1], circle.curvature[-1], circle.step)
    assert (x, y) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_the_seam_of_a_closed_road_shows_nowhere(circle: Road) -> None:
    before = circle.project(-0.01, 1.0)
    after = circle.project(0.01, 1.0)
    assert before[0] == pytest.approx(circle.length - 0.01 * 50.0 / 49.0, abs=1e-3)
    assert after[0] == pytest.approx(0.01 * 50.0 / 49.0, abs=1e-3)
    assert before[1] == pytest.approx(after[1], abs=1e-9)
    assert ahead(circle._alone, 0, before[0], after[0]) == pytest.approx(0.02 * 50.0 / 49.0, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    road_class=st.sampled_from(sorted(ROAD_CLASSES)),
    seed=st.integers(0, 30),
    share=st.floats(0.0, 0.999),
    side=st.floats(-1.0, 1.0),
)
@pytest.mark.slow
def test_a_point_of_the_pavement_projects_back_to_its_place(
    road_class: str, seed: int, share: float, side: float
) -> None:
    road = generate_road(road_class, seed)
    s, d = share * road.length, side * float(road.paved_left[0])
    x, y, _ = road.point(s, d)
    assert road.project(x, y) == pytest.approx((s, d), abs=2e-3)


@settings(max_examples=100, deadline=None)
@given(curvature=st.floats(-0.08, 0.08), along=st.floats(-2.0, 2.0), d=st.floats(-6.0, 6.0))
def test_projection_on_an_arc_inverts_walking_along_it(curvature: float, along: float, d: float) -> None:
    x, y = arc_point(0.0, 0.0, 0.0, curvature, along)
    heading = curvature * along
    found = arc_project(x - d * math.sin(heading), y + d * math.cos(heading), curvature)
    assert found == pytest.approx((along, d), abs=1e-6)


def test_beyond_the_band_there_is_no_road(circle: Road) -> None:
    with pytest.raises(ValueError, match="more than 60 m"):
        circle.project(0.0, -GRID_BAND - 20.0)


@given(
    turns=st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=40),
    heading=st.sampled_from([0.0, 0.3, 0.5 * math.pi, math.pi, -2.0]),
)
@pytest.mark.slow
def test_every_cell_of_the_grid_holds_the_nearest_element(turns: list[float], heading: float) -> None:
    x, y, _ = chain_arcs(np.repeat(turns, 5), 1.5, heading=heading)
    grid = bake_grid(x, y)
    rows, columns = grid.elements.shape
    cell_x = grid.origin_x + GRID_CELL * (np.arange(columns) + 0.5)
    cell_y = grid.origin_y + GRID_CELL * (np.arange(rows) + 0.5)
    dx, dy = cell_x - x[:, None], cell_y - y[:, None]
    squared = (dx * dx)[:, None, :] + (dy * dy)[:, :, None]
    nearest = np.where(squared.min(axis=0) < GRID_BAND**2, squared.argmin(axis=0), -1)
    np.testing.assert_array_equal(grid.elements, nearest)


def test_traffic_keeps_right() -> None:
    road = replace(make_road(np.zeros(100)), lanes_forward=3, lanes_backward=2, median=4.0, lane_width=3.5)
    assert [road.lane_centre(lane) for lane in range(3)] == pytest.approx([-3.75, -7.25, -10.75])
    assert [road.oncoming_lane_centre(lane) for lane in range(2)] == pytest.approx([3.75, 7.25])
    for ask in (lambda: road.lane_centre(3), lambda: road.oncoming_lane_centre(2), lambda: road.lane_centre(-1)):
        with pytest.raises(ValueError, match="lane must be in"):
            ask()


def test_roads_stacked_answer_as_each_alone() -> None:
    roads = [generate_road("mountain", 1), generate_road("motorway", 2), generate_road("urban", 3)]
    stacked = stack_roads(roads)
    for index, road in enumerate(roads):
        x, y, _ = road.point(120.3, -2.0)
        assert project(stacked, index, x, y)[1:] == road.project(x, y)


def test_curvature_is_interpolated_between_elements() -> None:
    road = make_road(np.linspace(0.0, 0.0099, 100))
    roads = stack_roads([road])
    assert curvature_at(roads, 0, 10.5) == pytest.approx(road.curvature[10])
    assert curvature_at(roads, 0, 11.0) == pytest.approx(0.5 * (road.curvature[10] + road.curvature[11]))


def test_more_markings_than_a_kernel_holds_are_refused() -> None:
    lines = tuple(Boundary(0.1 * n, STYLE_SOLID) for n in range(MAX_BOUNDARIES + 1))
    with pytest.raises(ValueError, match="boundaries"):
        stack_roads([replace(make_road(np.zeros(50)), boundaries=lines)])
    with pytest.raises(ValueError, match="at least one road"):
        stack_roads([])
