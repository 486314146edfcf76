"""Route completion, success and the CARLA driving score of hand-made episodes. One step is 0.1 s, 1 m at 10 m/s."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.evaluation.metrics import route
from drive_sim.world.state import (
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
    MOTION_LANE,
    PHASE_GONE,
)


def test_route_completion_is_progress_over_route(make_log):
    """60 of 100 m; the finish is all of it; driving back is none."""
    assert route.route_completion.value(make_log(60)) == pytest.approx(0.6)
    assert route.route_completion.value(make_log(60, events={59: EVENT_FINISH})) == 1.0
    assert route.route_completion.value(make_log(2, progress=[-1.0, -2.0])) == 0.0


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ({99: EVENT_FINISH}, 1.0),
        ({99: EVENT_TIME_OUT}, 0.0),
        ({50: EVENT_COLLISION_STATIC, 99: EVENT_FINISH}, 0.0),
        ({99: EVENT_OFF_ROAD}, 0.0),
    ],
)
def test_success_is_arriving_in_time_without_touching_anything(make_log, events, expected):
    """NoCrash: any collision fails the episode, and so does not arriving."""
    assert route.success.value(make_log(100, events=events)) == expected


def test_a_clean_drive_scores_one(make_log):
    """R = 1, P = 1."""
    assert route.driving_score.value(make_log(100, events={99: EVENT_FINISH})) == 1.0


def test_collisions_add_up_in_the_denominator(make_log):
    """Pedestrian 1.0, two vehicles 0.7, static 0.6: P = 1 / (1 + 1 + 1.4 + 0.6) = 0.25; R = 1."""
    events = {
        10: EVENT_COLLISION_PEDESTRIAN,
        20: EVENT_COLLISION_VEHICLE,
        30: EVENT_COLLISION_VEHICLE,
        40: EVENT_COLLISION_STATIC,
        99: EVENT_FINISH,
    }
    log = make_log(100, events=events, interventions=np.repeat([0, 1, 2, 3, 4], [10, 10, 10, 10, 60]))
    assert route.infraction_penalty.value(log) == pytest.approx(0.25)
    assert route.driving_score.value(log) == pytest.approx(0.25)


def test_the_crash_that_ends_the_drive_costs_twice(make_log):
    """A vehicle hit at 40 of 100 m: R = 0.4, P = 1 / 1.7, together 0.2353."""
    log = make_log(40, events={39: EVENT_COLLISION_VEHICLE})
    assert route.driving_score.value(log) == pytest.approx(0.4 / 1.7)


def test_driving_off_the_lanes_takes_its_share_of_the_score(make_log):
    """20 of 100 m off the road: P = 0.8."""
    events = dict.fromkeys(range(20, 40), EVENT_OFF_ROAD) | {99: EVENT_FINISH}
    assert route.infraction_penalty.value(make_log(100, events=events)) == pytest.approx(0.8)


def test_the_oncoming_lane_is_off_the_route_unless_something_has_to_be_dodged(make_log, make_actor):
    """30 of 100 m to the left of the middle: P = 0.7; round a parked car at 50 m, met at once: P = 1."""
    d = [-1.75] * 40 + [1.0] * 30 + [-1.75] * 30
    facts = {"lanes_backward": 1, "lane_centre": -1.75}
    log = make_log(100, d=d, facts=facts, events={99: EVENT_FINISH})
    assert route.infraction_penalty.value(log) == pytest.approx(0.7)
    log = make_log(100, (make_actor(start_d=-2.5),), d=d, facts=facts, events={99: EVENT_FINISH})
    assert route.infraction_penalty.value(log) == pytest.approx(1.0)


def test_an_obstacle_never_passed_is_a_timeout(make_log, make_actor):
    """Stopped at 40 m before a car at 50 m until time is out: R = 0.4, P = 1 / 1.4."""
    log = make_log(240, (make_actor(),), speed=[10.0] * 40 + [0.0] * 200, events={239: EVENT_TIME_OUT})
    assert route.infraction_penalty.value(log) == pytest.approx(1 / 1.4)
    assert route.driving_score.value(log) == pytest.approx(0.4 / 1.4)


def test_crawling_in_flowing_traffic_costs_the_share_it_is_too_slow(make_log, make_actor):
    """Traffic at 20 m/s, ego at 10: 0.4 · (1 − 0.5) on each of four quarters: P = 1 / 1.8.

    With 5 m/s of traffic, or with no actor about, nothing is lost.
    """
    traffic = make_actor(start_speed=20.0, motion=MOTION_LANE, demands_reaction=False)
    log = make_log(100, (traffic,), events={99: EVENT_FINISH})
    assert route.infraction_penalty.value(log) == pytest.approx(1 / 1.8)
    slow = make_actor(start_speed=5.0, motion=MOTION_LANE, demands_reaction=False)
    assert route.infraction_penalty.value(make_log(100, (slow,), events={99: EVENT_FINISH})) == 1.0


def test_only_quarters_of_the_route_that_were_driven_are_checked_for_speed(make_log, make_actor):
    """60 of 100 m at half the traffic's speed: two quarters, P = 1 / (1 + 2 · 0.2)."""
    traffic = make_actor(start_speed=20.0, motion=MOTION_LANE, demands_reaction=False)
    assert route.infraction_penalty.value(make_log(60, (traffic,))) == pytest.approx(1 / 1.4)


def test_traffic_that_has_left_the_road_sets_no_pace(make_log, make_actor):
    """Half-speed on the first two quarters; then (from 50 m on) the other car is gone: P = 1 / (1 + 2 · 0.2)."""
    traffic = make_actor(start_speed=20.0, motion=MOTION_LANE, demands_reaction=False)
    log = make_log(100, (traffic,), actor_phase=[0] * 49 + [PHASE_GONE] * 51, events={99: EVENT_FINISH})
    assert route.infraction_penalty.value(log) == pytest.approx(1 / 1.4)
