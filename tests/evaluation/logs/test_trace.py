"""What is kept of an episode for images: its way, and the moment that matters most."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.evaluation.logs.trace import MOST_POINTS, Moment, Trace, moment_of, trace_of
from drive_sim.evaluation.report import maps as report_maps
from drive_sim.evaluation.suites.suite import draw_suite, load_suite
from drive_sim.world.state import (
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
)


def test_the_moment_is_the_first_failure(make_log) -> None:
    log = make_log(50, events={20: EVENT_OFF_CENTRE, 40: EVENT_COLLISION_VEHICLE}, interventions=[0] * 20 + [1] * 30)
    moment = moment_of(log)
    assert (moment.step, moment.failed) == (20, True)
    assert moment.what == "more than 1 m off the lane's centre"
    assert moment.time == pytest.approx(log.time[20])


def test_a_collision_names_the_moment_before_the_kerb_it_ended_at(make_log) -> None:
    log = make_log(30, events={29: EVENT_COLLISION_VEHICLE | EVENT_OFF_ROAD})
    assert moment_of(log).what == "collision with a vehicle"


def test_a_collision_with_a_pedestrian_names_the_moment_before_the_obstacle_hit_in_the_same_step(make_log) -> None:
    log = make_log(30, events={29: EVENT_COLLISION_PEDESTRIAN | EVENT_COLLISION_STATIC | EVENT_OFF_ROAD})
    assert moment_of(log).what == log.outcome == "collision with a pedestrian or cyclist"


def test_a_faultless_drive_shows_its_closest_call_or_else_its_largest_error(make_log) -> None:
    gap = np.full(30, 1e6)
    d = np.zeros(30)
    d[12] = -0.4
    assert moment_of(make_log(30, gap=gap, d=d)).what == "0.40 m right of the lane's centre"
    gap[7] = 0.8
    calm = moment_of(make_log(30, gap=gap, d=d))
    assert (calm.step, calm.what, calm.failed) == (7, "0.80 m to another road user", False)


def test_a_trace_is_short_and_keeps_the_largest_error(make_log) -> None:
    d = np.zeros(5000)
    d[1234] = 0.93
    trace = trace_of(make_log(5000, d=d))
    assert len(trace.x) <= MOST_POINTS + 1
    assert trace.lateral_error.max() == 0.93
    assert not len(trace.failures)


def test_a_reset_to_lane_breaks_the_line_and_marks_where_the_car_failed(make_log) -> None:
    x = np.concatenate([np.arange(0.0, 20.0), np.arange(100.0, 120.0)])
    trace = trace_of(make_log(40, x=x, interventions=[0] * 20 + [1] * 20))
    assert np.flatnonzero(~trace.connected).tolist() == [20]
    assert trace.failures[:, 0].tolist() == [19.0]


def test_the_map_colours_the_way_by_its_error() -> None:
    suite = load_suite("lane-keeping")
    episode = draw_suite(suite, 1)[0]
    s = np.linspace(episode.start_s, episode.start_s + 200.0, 60)
    centre = episode.road.lane_centre(episode.lane)
    xy = np.array([episode.road.point(float(at), centre)[:2] for at in s])
    error = np.repeat([0.1, 0.3, 0.7], 20)
    none = np.empty((0, 2))
    trace = Trace(xy[:, 0], xy[:, 1], error, np.ones(60, bool), none, Moment(0, 0.0, 0.0, "", False))
    svg = report_maps.map_svg(trace, episode, "a map")
    assert [f'class="e{k}"' in svg for k in range(4)] == [True, True, True, False]
    assert 'class="fail"' not in svg
    failing = Trace(xy[:, 0], xy[:, 1], error, np.ones(60, bool), xy[-1:], Moment(0, 0.0, 0.0, "", False))
    assert report_maps.map_svg(failing, episode, "a map").count('class="fail"') == 1
