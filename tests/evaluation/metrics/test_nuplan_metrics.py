"""nuPlan's closed-loop pieces on hand-made episodes. One step is 0.1 s, 1 m at 10 m/s."""

from __future__ import annotations

import pytest

from drive_sim.evaluation.metrics import nuplan
from drive_sim.world.state import (
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_LANE_DEPARTURE,
    EVENT_OFF_ROAD,
)


def crash(make_log, make_actor, *, speed=10.0, events=EVENT_COLLISION_VEHICLE, before=0, **actor):
    """Ego at s = 1 … 10, hit in the last step by, or hitting, the actor given."""
    hit = [-1] * 9 + [0]
    return make_log(10, (make_actor(**actor),), speed=speed, hit_actor=hit, events={8: before, 9: events})


@pytest.mark.parametrize(
    ("story", "score"),
    [
        ({"start_s": 14.0, "start_speed": 3.0}, 0.0),  # ran into the one ahead
        ({"start_s": 5.0, "start_speed": 20.0}, 1.0),  # struck from behind
        ({"start_s": 5.0, "start_speed": 20.0, "speed": 0.0}, 1.0),  # struck while standing
        ({"start_s": 5.0, "start_speed": 0.0}, 0.0),  # brushed a parked car
        ({"start_s": 9.0, "start_d": 2.0, "start_speed": 9.0}, 1.0),  # someone came over into the ego's lane
        ({"start_s": 9.0, "start_d": 2.0, "start_speed": 9.0, "before": EVENT_LANE_DEPARTURE}, 0.0),  # the ego did
        ({"start_s": 14.0, "events": EVENT_COLLISION_PEDESTRIAN}, 0.0),
        ({"start_s": 14.0, "events": EVENT_COLLISION_STATIC}, 0.5),  # one cone is allowed: 1 − 1 / 2
    ],
)
def test_which_collisions_are_at_fault(make_log, make_actor, story, score):
    """At fault: by the front, with what stands, or sideways while crossing a marking."""
    assert nuplan.nuplan_no_at_fault_collision.value(crash(make_log, make_actor, **story)) == score


def test_a_guard_rail_is_a_fixed_thing_and_twice_is_once_too_often(make_log):
    """max(0, 1 − 1/2) = 0.5; max(0, 1 − 2/2) = 0."""
    assert nuplan.nuplan_no_at_fault_collision.value(make_log(20, events={5: EVENT_COLLISION_STATIC})) == 0.5
    log = make_log(20, events={5: EVENT_COLLISION_STATIC, 15: EVENT_COLLISION_STATIC})
    assert nuplan.nuplan_no_at_fault_collision.value(log) == 0.0


def test_one_step_off_the_road_forfeits_the_drivable_area(make_log):
    """1 without, 0 with."""
    assert nuplan.nuplan_drivable_area.value(make_log(10)) == 1.0
    assert nuplan.nuplan_drivable_area.value(make_log(10, events={4: EVENT_OFF_ROAD})) == 0.0


@pytest.mark.parametrize(("steps_against", "score"), [(0, 1.0), (1, 1.0), (4, 0.5), (8, 0.0)])
def test_metres_in_the_oncoming_lane_within_a_second(make_log, steps_against, score):
    """1 m a step to the left of the middle: below 2 m nothing, below 6 m half, then all is lost."""
    d = [1.0] * steps_against + [-1.75] * (20 - steps_against)
    assert nuplan.nuplan_direction.value(make_log(20, d=d, facts={"lanes_backward": 1})) == score


def test_turning_round_in_ones_own_lane_is_driving_against_it(make_log):
    """10 m forth, a second's stop, 3 m back within a second: 0.5. Without the stop it is 7 m forth on balance."""
    stop = [*range(1, 11), *[10] * 11, 9, 8, 7]
    assert nuplan.nuplan_direction.value(make_log(24, progress=stop)) == 0.5
    assert nuplan.nuplan_direction.value(make_log(13, progress=[*range(1, 11), 9, 8, 7])) == 1.0


def test_progress_is_against_the_route(make_log):
    """60 of 100 m: 0.6; standing still counts as 2 m; a fifth of the route has to be made."""
    assert nuplan.nuplan_progress.value(make_log(60)) == pytest.approx(0.6)
    assert nuplan.nuplan_progress.value(make_log(10, speed=0.0)) == pytest.approx(0.02)
    assert nuplan.nuplan_progress.value(make_log(3, progress=[-1.0, -2.0, -3.0])) == 0.0
    assert nuplan.nuplan_making_progress.value(make_log(20)) == 1.0
    assert nuplan.nuplan_making_progress.value(make_log(19)) == 0.0


def test_time_to_collision_must_never_fall_below_its_bound(make_log, make_actor):
    """0.95 s is enough, 0.94 s is not."""
    for least, score in ((0.95, 1.0), (0.94, 0.0)):
        log = make_log(3, (make_actor(),), time_to_collision=[1e6, least, 5.0])
        assert nuplan.nuplan_ttc.value(log) == score


def test_speeding_costs_its_mean_excess(make_log):
    """2.23 m/s too fast half of the time: 1 − 0.5; 3 m/s too fast throughout: 0."""
    half = make_log(10, speed=[20.0] * 5 + [22.23] * 5)
    assert nuplan.nuplan_speed_limit.value(half) == pytest.approx(0.5)
    assert nuplan.nuplan_speed_limit.value(make_log(10, speed=23.0)) == 0.0


def test_the_score_is_conditions_times_weighted_mean(make_log):
    """Half of the route, else flawless: (5 · 0.5 + 5 + 4 + 2) / 16 = 13.5 / 16; a cone hit halves it."""
    assert nuplan.nuplan_score.value(make_log(50)) == pytest.approx(13.5 / 16)
    log = make_log(50, events={25: EVENT_COLLISION_STATIC})
    assert nuplan.nuplan_score.value(log) == pytest.approx(13.5 / 32)
    assert nuplan.nuplan_score.value(make_log(100, events={99: EVENT_FINISH})) == 1.0
    assert nuplan.nuplan_score.value(make_log(10)) == 0.0  # not a fifth of the route


def test_discomfort_costs_an_eighth(make_log):
    """Braking at 6 m/s² throughout breaks one bound: (5 + 5 + 4 + 0) / 16."""
    log = make_log(100, acceleration_x=-6.0, events={99: EVENT_FINISH})
    assert nuplan.nuplan_comfort.value(log) == 0.0
    assert nuplan.nuplan_score.value(log) == pytest.approx(14 / 16)
