"""The label, put at the wheel, drives: its signs, its damping and its speed are right."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.views.labels import DrivenPath, curvature_label, slowest_label, soft_bins, speed_label, usable
from drive_sim.world.ego.vehicle import BMW_320I, acceleration_command, steering_command
from drive_sim.world.roads.generator import generate_road
from drive_sim.world.scenarios.episode import Episode, WeatherSpec
from drive_sim.world.simulator import Simulator


@pytest.mark.parametrize(("road_class", "speed"), [("motorway", 28.0), ("rural", 16.0), ("mountain", 7.0)])
@pytest.mark.parametrize("offset", [-0.8, 0.8])
@pytest.mark.slow
def test_the_label_at_the_wheel_returns_to_the_path_and_keeps_it(road_class: str, speed: float, offset: float) -> None:
    road = generate_road(road_class, 3, 700.0)
    lane = road.lane_centre(road.lanes_forward - 1)
    s = np.arange(0.0, road.length, 0.5)
    path = DrivenPath.fit(road, s, np.full_like(s, lane))
    start = {"start_s": 30.0, "start_offset": offset, "start_speed": speed, "route_length": 450.0, "time_limit": 200.0}
    episode = Episode("t", "train", 0, 1, road, WeatherSpec(), lane=road.lanes_forward - 1, **start)
    simulator = Simulator([episode], on_failure="terminate")
    state, away, driven = simulator.state, [], []
    while not state.done[0]:
        kappa = curvature_label(path, state.s.copy(), state.d.copy(), state.heading_error.copy(), state.speed.copy())
        wheel = steering_command(BMW_320I, float(kappa[0]), float(state.speed[0]))
        pedal = acceleration_command(BMW_320I, speed - float(state.speed[0]), float(state.speed[0]))
        simulator.step(np.array([[wheel, pedal]], np.float32))
        away.append(state.d[0] - lane)
        driven.append(state.progress[0])
    away_at = np.array(away)
    settled = np.array(driven) > 4.0 * max(1.5 * speed, 7.0)
    assert driven[-1] >= 450.0
    assert np.abs(away_at[settled]).max() < 0.35
    # Damping 0.82: it overshoots by little on its way back.
    assert np.abs(away_at).max() < 1.1


def test_on_the_path_the_label_is_the_curvature_of_the_path() -> None:
    road = generate_road("rural", 5, 600.0)
    s = np.arange(0.0, road.length, 0.5)
    path = DrivenPath.fit(road, s, np.zeros_like(s))
    at = np.linspace(50.0, 500.0, 40)
    zero = np.zeros_like(at)
    label = curvature_label(path, at, zero, zero, np.full_like(at, 10.0))
    element = ((at + 2.0) / road.step).astype(int)
    assert label == pytest.approx(road.curvature[element], abs=2e-4)


def test_a_label_of_the_future_is_that_of_the_path_whatever_the_views_offset_and_heading() -> None:
    road = generate_road("rural", 5, 600.0)
    s = np.arange(0.0, road.length, 0.5)
    path = DrivenPath.fit(road, s, np.zeros_like(s))
    at = np.linspace(50.0, 400.0, 40)
    zero, speed = np.zeros_like(at), np.full_like(at, 10.0)
    later = curvature_label(path, at, zero + 0.8, zero + 0.1, speed, delay=1.5)
    np.testing.assert_allclose(later, curvature_label(path, at + 15.0, zero, zero, speed), atol=1e-12)


def test_beyond_its_end_the_path_keeps_its_offset_and_runs_along_the_road() -> None:
    road = generate_road("motorway", 1, 600.0)
    s = np.arange(0.0, 100.0, 0.5)
    path = DrivenPath.fit(road, s, 0.05 * s)
    offset, slope = path.at(np.array([50.0, path.end, path.end + 1.0, path.end + 30.0]))
    assert slope[0] == pytest.approx(0.05) and slope[1] > 0.0
    assert (offset[2:] == path.offset[-1]).all() and (slope[2:] == 0.0).all()


def test_left_of_the_path_steers_right_and_pointing_right_steers_left() -> None:
    road = generate_road("motorway", 1, 600.0)
    s = np.arange(0.0, road.length, 0.5)
    path = DrivenPath.fit(road, s, np.zeros_like(s))
    at = np.array([100.0])
    plain = curvature_label(path, at, np.array([0.0]), np.array([0.0]), np.array([20.0]))
    left = curvature_label(path, at, np.array([0.5]), np.array([0.0]), np.array([20.0]))
    right = curvature_label(path, at, np.array([0.0]), np.array([-0.05]), np.array([20.0]))
    # 6 e / L² and 4 psi / L with L = 30 m.
    assert left - plain == pytest.approx(-6 * 0.5 / 900, rel=0.05)
    assert right - plain == pytest.approx(4 * 0.05 / 30, rel=0.05)


def test_a_braking_driver_labels_the_speed_soon_and_a_starting_one_the_speed_aimed_at() -> None:
    period = 0.05
    time = np.arange(0.0, 20.0, period)
    braking = np.maximum(20.0 - 4.0 * time, 0.0)
    assert speed_label(braking, period)[40] == pytest.approx(20.0 - 4.0 * (2.0 + 0.7), abs=0.1)
    starting = np.minimum(2.0 * time, 14.0)
    assert speed_label(starting, period)[40] == pytest.approx(2.0 * (2.0 + 3.0), abs=0.15)
    assert speed_label(starting, period)[300] == pytest.approx(14.0, abs=1e-6)


def test_the_slowest_speed_tells_of_braking_two_seconds_before_it_is_done() -> None:
    period = 0.05
    time = np.arange(0.0, 10.0, period)
    braking = np.clip(20.0 - 4.0 * (time - 5.0), 8.0, 20.0)
    label = slowest_label(braking, period)
    assert label[: round(2.5 / period)] == pytest.approx(20.0)
    assert label[round(4.0 / period)] == pytest.approx(16.0, abs=0.1)
    assert label[round(6.5 / period)] == pytest.approx(8.0, abs=0.1)
    rising = slowest_label(2.0 * time, period)
    assert rising[100] == pytest.approx(2.0 * time[100])


def test_what_led_to_a_failure_is_never_imitated() -> None:
    events = np.zeros(100, np.uint32)
    events[60] = 4
    good = usable(events, 7, before=20, after=5)
    assert good[:40].all() and not good[40:66].any() and good[66:].all()


def test_soft_bins_keep_the_value_they_stand_for() -> None:
    centres = NetworkSettings().curvature_centres
    values = np.array([-0.05, -0.001, 0.0, 0.0004, 0.02])
    spread = soft_bins(values, centres)
    position = np.interp(values, centres, np.arange(len(centres)))
    assert spread.sum(1) == pytest.approx(1.0)
    assert spread @ np.arange(len(centres)) == pytest.approx(position, abs=0.02)
