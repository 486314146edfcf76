"""The formulas that plans are made of, against cases whose answers are known."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_sim.drivers.planning import path as corridor
from drive_sim.drivers.planning.plan import path_curvature
from drive_sim.drivers.planning.situation import STATIONS, road_extent
from drive_sim.drivers.planning.speed import follow

follow, path_curvature, road_extent = follow.py_func, path_curvature.py_func, road_extent.py_func
MANNER = SimpleNamespace(acceleration=[1.5], deceleration=[2.0], headway=[1.4], standstill_gap=[3.0])


def test_a_path_at_constant_offset_from_a_circle_is_a_circle():
    assert path_curvature(0.02, 5.0, 0.0, 0.0) == pytest.approx(1.0 / (50.0 - 5.0))
    assert path_curvature(0.02, -5.0, 0.0, 0.0) == pytest.approx(1.0 / (50.0 + 5.0))


@given(st.floats(-0.5, 0.5), st.floats(-0.05, 0.05))
def test_on_a_straight_road_a_path_has_the_curvature_of_its_graph(slope, bend):
    assert path_curvature(0.0, 1.0, slope, bend) == pytest.approx(bend / (1.0 + slope**2) ** 1.5)


def test_a_straight_line_across_a_bent_road_is_straight():
    # d(s) of the tangent at s = 0 seen from a circle of radius R: d = R - R / cos(s / R).
    radius, s = 50.0, 8.0
    angle = s / radius
    offset = radius - radius / math.cos(angle)
    slope = -math.tan(angle) / math.cos(angle)
    bend = -(1.0 + 2.0 * math.tan(angle) ** 2) / math.cos(angle) / radius
    assert path_curvature(1.0 / radius, offset, slope, bend) == pytest.approx(0.0, abs=1e-12)


def test_on_a_free_road_acceleration_is_full_from_rest_and_none_at_the_wanted_speed():
    assert follow(0.0, 20.0, 1e6, 0.0, 0.0, MANNER, 0) == pytest.approx(1.5, rel=1e-3)
    assert follow(20.0, 20.0, 1e6, 20.0, 0.0, MANNER, 0) == pytest.approx(0.0, abs=1e-3)


def test_behind_a_lead_the_gap_settles_at_idms_equilibrium():
    # s_e = (s0 + v T) / sqrt(1 - (v / v0)^4)
    speed, wanted = 10.0, 20.0
    gap = (3.0 + 10.0 * 1.4) / math.sqrt(1.0 - (speed / wanted) ** 4)
    assert follow(speed, wanted, gap, speed, 0.0, MANNER, 0) == pytest.approx(0.0, abs=1e-9)
    assert (
        follow(speed, wanted, 0.8 * gap, speed, 0.0, MANNER, 0)
        < 0.0
        < follow(speed, wanted, 1.2 * gap, speed, 0.0, MANNER, 0)
    )


@given(st.floats(1.0, 35.0), st.floats(2.0, 200.0), st.floats(0.0, 35.0), st.floats(-8.0, 3.0))
def test_following_is_always_a_number_and_brakes_more_when_the_gap_is_smaller(speed, gap, lead, acceleration):
    near, far = (follow(speed, 30.0, g, lead, acceleration, MANNER, 0) for g in (gap, gap + 10.0))
    assert math.isfinite(near) and math.isfinite(far)
    assert near <= far + 0.35


@given(st.floats(5.0, 25.0), st.floats(8.0, 60.0))
def test_a_standing_obstacle_is_braked_for_at_least_as_hard_as_stopping_takes(speed, gap):
    needed = speed * speed / (2.0 * gap)
    if needed > 2.0:
        assert follow(speed, 30.0, gap, 0.0, 0.0, MANNER, 0) <= -needed


def test_a_cut_in_at_the_same_speed_asks_for_no_more_than_comfortable_braking():
    assert follow(25.0, 28.0, 12.0, 25.0, 0.0, MANNER, 0) > -2.5


def test_a_turned_box_covers_more_of_the_road():
    assert road_extent(4.0, 2.0, 0.0) == pytest.approx((2.0, 1.0))
    assert road_extent(4.0, 2.0, math.pi / 2) == pytest.approx((1.0, 2.0))
    assert road_extent(4.0, 2.0, -math.pi / 4) == pytest.approx((3.0 / math.sqrt(2), 3.0 / math.sqrt(2)))


def smooth_path(start, slope, lower=-100.0, upper=100.0, speed=10.0, lateral_time=0.7):
    """The offset path (K) around a lane centre at -1.75 m that `_smooth` finds, with stations 2 m apart."""
    plan = SimpleNamespace(
        start_offset=[start], start_slope=[slope], start_speed=[speed], spacing=[2.0], bias=[0.0], bend=[0.0],
        offset=np.zeros((1, STATIONS)), band=np.zeros((1, 4, STATIONS)),
        lower=np.broadcast_to(lower, (1, STATIONS)), upper=np.broadcast_to(upper, (1, STATIONS)),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corridor, "_solve", corridor._solve.py_func)
        world, manner = SimpleNamespace(lane_centre=[-1.75]), SimpleNamespace(lateral_time=[lateral_time])
        corridor._smooth.py_func(0, world, manner, plan)
    return plan.offset[0], plan.bend[0]


def test_a_free_path_returns_to_the_lane_as_the_linear_quadratic_regulator_does():
    # From rest at e0 the continuous problem has e0 exp(-x/a) (cos(x/a) + sin(x/a)), a = sqrt(2) l; ours lags half a
    # station behind.
    path, _ = smooth_path(-0.75, 0.0)
    x, a = 2.0 * np.arange(STATIONS), math.sqrt(2.0) * 7.0
    np.testing.assert_allclose(path + 1.75, np.exp(-x / a) * (np.cos(x / a) + np.sin(x / a)), atol=0.08)


@settings(max_examples=20)
@given(st.floats(-1.0, 1.0), st.floats(-0.1, 0.1))
def test_paths_are_linear_in_their_start_when_nothing_is_in_the_way(offset, slope):
    one, bend = smooth_path(-1.75 + offset, slope)
    other, opposite = smooth_path(-1.75 - offset, -slope)
    np.testing.assert_allclose(one + other, -3.5, atol=1e-9)
    assert bend == pytest.approx(-opposite)


def test_a_path_keeps_to_its_corridor_and_leaves_early_for_it():
    lower = np.full((1, STATIONS), -100.0)
    lower[0, 20:26] = 0.0
    path, _ = smooth_path(-1.75, 0.0, lower=lower)
    assert path[20:26].min() > -0.1
    assert path[20:26].max() < 0.6
    assert 0.2 < path[16] + 1.75 < 1.75
    assert abs(path[-1] + 1.75) < 0.1
    assert np.abs(np.diff(path, 2)).max() / 4.0 * 10.0**2 < 3.0  # lateral acceleration at 10 m/s
