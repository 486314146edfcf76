"""Collisions, clearance and time to collision of hand-made episodes. One step is 0.1 s, 1 m at 10 m/s."""

from __future__ import annotations

import math

import pytest

from drive_sim.evaluation.metrics import obstacles
from drive_sim.evaluation.metrics.metric import NOTHING
from drive_sim.world.state import EVENT_COLLISION_PEDESTRIAN, EVENT_COLLISION_STATIC, EVENT_COLLISION_VEHICLE


def test_a_long_scrape_is_one_collision(make_log):
    """Steps 100-119 along a rail, 300 a vehicle, 400 a pedestrian; 500 m: 2, 2, 2 and 6 collisions a kilometre."""
    events = dict.fromkeys(range(100, 120), EVENT_COLLISION_STATIC) | {
        300: EVENT_COLLISION_VEHICLE,
        400: EVENT_COLLISION_PEDESTRIAN,
    }
    log = make_log(500, events=events)
    assert obstacles.collisions_per_km_static.value(log) == pytest.approx(2.0)
    assert obstacles.collisions_per_km_vehicle.value(log) == pytest.approx(2.0)
    assert obstacles.collisions_per_km_pedestrian.value(log) == pytest.approx(2.0)
    assert obstacles.collisions_per_km.value(log) == pytest.approx(6.0)


def test_clearance_is_the_smallest_gap(make_log, make_actor):
    """Gaps 5, 0.8 and 3 m."""
    assert obstacles.min_clearance.value(make_log(3, (make_actor(),), gap=[5.0, 0.8, 3.0])) == 0.8


def test_clearance_of_a_touch_is_zero_whatever_the_gap_says_afterwards(make_log, make_actor):
    """Touched, and reset to lane 3 m further on in the same step."""
    log = make_log(3, (make_actor(),), gap=[2.0, 3.0, 3.0], hit_actor=[-1, 0, -1])
    assert obstacles.min_clearance.value(log) == 0.0


def test_without_an_actor_there_is_no_clearance_and_no_time_to_collision(make_log):
    """The simulator says 1e6; the metrics say nothing."""
    log = make_log(3)
    assert math.isnan(obstacles.min_clearance.value(log))
    assert math.isnan(obstacles.min_ttc.value(log))
    assert obstacles.time_under_critical_ttc(log) == NOTHING


def test_time_to_collision_and_the_time_below_one_and_a_half_seconds(make_log, make_actor):
    """4, 1.4, 1.5, 0.9 s and none: least 0.9 s; 1.5 s itself is not below: 2 of 5 steps."""
    log = make_log(5, (make_actor(),), time_to_collision=[4.0, 1.4, 1.5, 0.9, 1e6])
    assert obstacles.min_ttc.value(log) == 0.9
    assert obstacles.time_under_critical_ttc.value(log) == pytest.approx(0.4)
