"""Lane keeping scores of episodes short enough to work out on paper. One step is 0.1 s, 1 m at 10 m/s."""

from __future__ import annotations

import math

import numpy as np
import pytest

from drive_sim.evaluation.metrics import lane
from drive_sim.evaluation.metrics.metric import Ratio
from drive_sim.world.state import (
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_LANE_DEPARTURE,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
    EVENT_WRONG_WAY,
)


def test_two_interventions_in_two_minutes_are_ninety_percent_autonomy(make_log):
    """1 − 6 · 2 / 120 = 0.9."""
    log = make_log(1200, interventions=np.repeat([0, 1, 2], 400), events={1199: EVENT_TIME_OUT})
    assert lane.autonomy(log) == Ratio(2, pytest.approx(120.0))
    assert lane.autonomy.value(log) == pytest.approx(0.9)


def test_the_failure_that_ends_an_episode_is_one_intervention(make_log):
    """Off the road at the end of 60 s: 1 − 6 · 1 / 60 = 0.9."""
    assert lane.autonomy.value(make_log(600, events={599: EVENT_OFF_ROAD})) == pytest.approx(0.9)


def test_a_failure_that_was_reset_to_lane_is_not_counted_twice(make_log):
    """The last step holds both the event and the lane reset: one intervention, 1 − 6 / 60 = 0.9."""
    log = make_log(600, events={599: EVENT_OFF_ROAD | EVENT_TIME_OUT}, interventions=[0] * 599 + [1])
    assert lane.autonomy.value(log) == pytest.approx(0.9)


def test_swerving_past_an_obstacle_is_no_intervention_where_the_ego_is_not_reset_to_lane(make_log):
    """Off centre by more than 1 m, but driving on by itself: autonomy 1."""
    assert lane.autonomy.value(make_log(100, events={50: EVENT_OFF_CENTRE, 99: EVENT_FINISH})) == 1.0


def test_distance_per_intervention_is_path_over_interventions(make_log):
    """400 steps of 1 m with two interventions: 0.2 km each; with none, endless."""
    assert lane.distance_per_intervention.value(
        make_log(400, interventions=np.repeat([0, 1, 2], [100, 100, 200]))
    ) == pytest.approx(0.2)
    assert lane.distance_per_intervention.value(make_log(400)) == math.inf


@pytest.mark.parametrize("centre", [0.0, -1.75])
def test_lateral_errors_are_against_the_lanes_own_centre(make_log, centre):
    """e = 0.1, −0.3, 0.5, −0.1: mean |e| = 0.25, max 0.5, rms sqrt((0.01 + 0.09 + 0.25 + 0.01) / 4) = 0.3.

    Sorted |e| = 0.1, 0.1, 0.3, 0.5; the 95 % quantile lies at rank 0.95 · 3 = 2.85: 0.3 + 0.85 · 0.2 = 0.47.
    """
    log = make_log(4, d=centre + np.array([0.1, -0.3, 0.5, -0.1]), facts={"lane_centre": centre})
    assert lane.lateral_error_mean.value(log) == pytest.approx(0.25)
    assert lane.lateral_error_max.value(log) == pytest.approx(0.5)
    assert lane.lateral_error_rmse.value(log) == pytest.approx(0.3)
    assert lane.lateral_error_p95.value(log) == pytest.approx(0.47)


def test_the_lateral_error_of_a_suite_weighs_an_episode_by_its_time(make_log):
    """10 steps at 0.1 m and 30 at 0.5 m: (10 · 0.1 + 30 · 0.5) / 40 = 0.4, not (0.1 + 0.5) / 2 = 0.3."""
    short, long = (lane.lateral_error_mean(make_log(n, d=e)) for n, e in ((10, 0.1), (30, 0.5)))
    pooled = Ratio(short.numerator + long.numerator, short.denominator + long.denominator)
    assert lane.lateral_error_mean.of(pooled) == pytest.approx(0.4)


def test_heading_error_mean_takes_either_side_alike(make_log):
    """(0.02 + 0.04) / 2 = 0.03."""
    assert lane.heading_error_mean.value(make_log(2, heading_error=[0.02, -0.04])) == pytest.approx(0.03)


def test_a_departure_is_counted_when_it_begins_not_while_it_lasts(make_log):
    """Past the marking in steps 10-19 and 50: 2 departures in 100 m are 20 a kilometre; in the lane 89 of 100 steps."""
    events = dict.fromkeys([*range(10, 20), 50], EVENT_LANE_DEPARTURE)
    log = make_log(100, events=events)
    assert lane.lane_departures_per_km.value(log) == pytest.approx(20.0)
    assert lane.time_in_lane.value(log) == pytest.approx(0.89)


def test_a_departure_after_a_reset_to_lane_is_a_new_one(make_log):
    """Past the marking in steps 10 and 11, reset to lane in step 10: two departures."""
    log = make_log(100, events=dict.fromkeys([10, 11], EVENT_LANE_DEPARTURE), interventions=[0] * 10 + [1] * 90)
    assert lane.lane_departures_per_km(log).numerator == 2


def test_off_road_time_adds_up_the_steps_off_the_pavement(make_log):
    """7 steps of 0.1 s."""
    events = dict.fromkeys([3, 4, 5, 6, 20, 21, 22], EVENT_OFF_ROAD)
    assert lane.off_road_time.value(make_log(30, events=events)) == pytest.approx(0.7)


def test_survival_ends_with_the_first_failure(make_log):
    """Step 30 is the 31st: 3.1 s. Without any failure all of it."""
    assert lane.survival_time.value(make_log(50, events={30: EVENT_WRONG_WAY})) == pytest.approx(3.1)
    assert lane.survival_time.value(make_log(50, interventions=[0] * 30 + [1] * 20)) == pytest.approx(3.1)
    assert lane.survival_time.value(make_log(50)) == pytest.approx(5.0)


def test_distance_along_the_lane_is_what_was_made_good(make_log):
    """10 m forth and 4 m back are 6 m along the lane."""
    progress = [*range(1, 11), 9, 8, 7, 6]
    assert lane.distance_along_lane.value(make_log(14, progress=progress)) == pytest.approx(6.0)


def test_whiteness_of_a_sawtooth_is_its_slope(make_log):
    """±0.01 rad in 0.1 s: every rate is 0.1 rad/s, and so is their root mean square."""
    assert lane.steering_whiteness.value(make_log(5, steering=[0, 0.01, 0, 0.01, 0])) == pytest.approx(0.1)


def test_whiteness_of_one_jerk_among_stillness(make_log):
    """Rates 0, 0, 0.4, 0 rad/s: sqrt(0.16 / 4) = 0.2."""
    assert lane.steering_whiteness.value(make_log(5, steering=[0, 0, 0, 0.04, 0.04])) == pytest.approx(0.2)


def test_straightening_the_wheel_at_a_reset_to_lane_is_not_steering(make_log):
    """Held at 0.3 rad, reset to lane with straight wheels, held at 0: no rate at all."""
    log = make_log(6, steering=[0.3, 0.3, 0.3, 0, 0, 0], interventions=[0, 0, 0, 1, 1, 1])
    assert lane.steering_whiteness.value(log) == 0.0


def test_duckietown_scores_count_until_the_first_failure(make_log):
    """20 steps, collision in step 9: 10 steps survived, 1 s and 10 m; |e| = 0.2 m for 1 s are 0.2 m·s."""
    log = make_log(20, d=-0.2, events={9: EVENT_COLLISION_VEHICLE})
    assert lane.duckietown_survival_time.value(log) == pytest.approx(1.0)
    assert lane.duckietown_distance.value(log) == pytest.approx(10.0)
    assert lane.duckietown_lateral_deviation.value(log) == pytest.approx(0.2)
    assert lane.duckietown_major_infractions.value(log) == 0.0


def test_duckietown_distance_leaves_out_the_oncoming_lane_and_the_reset_to_lane(make_log):
    """4 steps of 1 m in the lane, 3 in the oncoming one, 1 back in the lane, reset 50 m further in the ninth: 5 m."""
    log = make_log(
        10,
        d=[-1.75] * 4 + [1.0] * 3 + [-1.75] * 3,
        progress=[1, 2, 3, 4, 5, 6, 7, 8, 58, 59],
        interventions=[0] * 8 + [1, 1],
        facts={"lanes_backward": 1, "lane_centre": -1.75},
    )
    assert lane.duckietown_distance.value(log) == pytest.approx(5.0)
    assert lane.duckietown_major_infractions.value(log) == pytest.approx(0.3)


def test_left_of_the_line_is_no_infraction_on_a_one_way_road(make_log):
    """d > 0 is another road user's lane only where there are lanes backward."""
    assert lane.duckietown_major_infractions.value(make_log(10, d=1.0)) == 0.0
