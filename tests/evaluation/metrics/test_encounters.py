"""When an encounter begins, how it ends, and what counts as a pass.

The ego is 4 m long and so are most others: bumpers touch at 4 m between the middles. One step is 0.1 s.
"""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.evaluation.metrics.encounters import find_encounters
from drive_sim.evaluation.metrics.metric import Ratio
from drive_sim.evaluation.metrics.obstacles import collision_free_passes
from drive_sim.world.state import (
    ACTOR_CYCLIST,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_OFF_ROAD,
    EVENT_STALL,
    EVENT_TIME_OUT,
    MOTION_LANE,
    PHASE_GONE,
    TRIGGER_DISTANCE,
)


def only(log):
    """The one encounter of the episode."""
    (encounter,) = find_encounters(log)
    return encounter


def test_a_parked_car_is_met_at_fifty_metres_and_passed_when_the_rear_has_cleared_its_front(make_log, make_actor):
    """Car at 200 m, ego 1 m a step from 1 m: the gap is 200 − s − 4 <= 50 from s = 146, which is step 145.

    The ego's rear, s − 2, is ahead of its front, 202, from s = 205 on: step 204.
    """
    encounter = only(make_log(250, (make_actor(start_s=200.0),), events={249: EVENT_FINISH}))
    assert (encounter.begin, encounter.end, encounter.outcome) == (145, 204, "past")
    assert encounter.passed and encounter.actor == "car"


def test_at_thirty_metres_a_second_the_encounter_begins_four_seconds_ahead(make_log, make_actor):
    """4 s · 30 m/s = 120 m; 3 m a step: 300 − s − 4 <= 120 from s = 176, first reached at 177, step 58."""
    log = make_log(120, (make_actor(start_s=300.0),), speed=30.0, events={119: EVENT_FINISH})
    assert only(log).begin == 58


def test_contact_is_no_pass_even_if_the_car_drives_on(make_log, make_actor):
    """Touched in step 20, reset to lane beyond it, route finished: an encounter, not a pass."""
    log = make_log(
        100,
        (make_actor(),),
        hit_actor=[-1] * 20 + [0] + [-1] * 79,
        events={20: EVENT_COLLISION_VEHICLE, 99: EVENT_FINISH},
        interventions=[0] * 20 + [1] * 80,
    )
    assert only(log).outcome == "contact"
    assert collision_free_passes(log) == Ratio(0, 1)


def test_leaving_the_road_to_dodge_is_no_pass(make_log, make_actor):
    """Off the road at s = 40, ten metres before the car."""
    log = make_log(40, (make_actor(),), events={39: EVENT_OFF_ROAD})
    assert only(log).outcome == "failed"


def test_being_reset_to_lane_beyond_the_obstacle_is_no_pass(make_log, make_actor):
    """In step 39 the ego is set down 20 m further on, past the car: the lane reset did that, not the driver."""
    progress = np.concatenate([np.arange(1, 40), np.arange(70, 131)])
    log = make_log(100, (make_actor(),), progress=progress, interventions=[0] * 39 + [1] * 61)
    assert only(log).outcome == "failed"


def test_a_car_that_stops_for_ever_before_a_passable_obstacle_has_not_passed(make_log, make_actor):
    """Stopped at 40 m, ten metres short, for 20 s until time is out."""
    log = make_log(240, (make_actor(),), speed=[10.0] * 40 + [0.0] * 200, events={239: EVENT_TIME_OUT})
    assert only(log).outcome == "no progress"
    assert collision_free_passes(log) == Ratio(0, 1)


def test_stopping_out_of_reach_of_the_obstacle_does_not_make_it_go_away(make_log, make_actor):
    """Parked car at 300 m on a 400 m route; the ego stops at 100 m, 196 m short, and waits for the end."""
    log = make_log(
        400,
        (make_actor(start_s=300.0),),
        speed=[10.0] * 100 + [0.0] * 300,
        events={399: EVENT_TIME_OUT},
        facts={"route_length": 400.0},
    )
    assert only(log).outcome == "no progress"


@pytest.mark.parametrize("ending", [EVENT_STALL, EVENT_TIME_OUT])
def test_only_the_next_obstacle_is_held_against_a_car_that_stands(make_log, make_actor, ending):
    """Three parked cars ahead, none within 50 m: one encounter, the nearest."""
    log = make_log(
        100,
        tuple(make_actor(start_s=s) for s in (300.0, 200.0, 350.0)),
        speed=[10.0] * 50 + [0.0] * 50,
        events={99: ending},
        facts={"route_length": 400.0},
    )
    assert only(log).slot == 1


def test_standing_with_the_only_obstacle_beyond_the_routes_end_is_no_encounter(make_log, make_actor):
    """Route of 100 m, car at 300 m: it is in no actor's way."""
    log = make_log(100, (make_actor(start_s=300.0),), speed=0.0, events={99: EVENT_TIME_OUT})
    assert find_encounters(log) == ()


def test_an_obstacle_that_the_route_ends_before_is_not_counted(make_log, make_actor):
    """Met at 60 m, but the route ends at 100 m and the car stands at 110 m."""
    log = make_log(100, (make_actor(start_s=110.0),), events={99: EVENT_FINISH})
    assert only(log).outcome == "open"
    assert collision_free_passes(log) == Ratio(0, 0)


def test_running_out_of_time_at_full_speed_towards_an_obstacle_is_not_counted(make_log, make_actor):
    """Met at s = 46 with 58 m to pass, 5.8 s at 10 m/s; time is out after 3 s, too early to say anything."""
    log = make_log(76, (make_actor(start_s=100.0),), events={75: EVENT_TIME_OUT})
    assert only(log).outcome == "open"


def test_creeping_up_to_an_obstacle_until_time_is_out_is_not_a_pass(make_log, make_actor):
    """Met with 58 m to pass at 10 m/s, 5.8 s; slowed to 1 m/s and still short 20 s later, more than twice that."""
    log = make_log(246, (make_actor(start_s=100.0),), speed=[10.0] * 46 + [1.0] * 200, events={245: EVENT_TIME_OUT})
    assert only(log).outcome == "no progress"


def slow_lead(make_actor, speed, start_s=30.0, **fields):
    """A car ahead on the ego's lane at ``speed`` [m/s]."""
    return make_actor(start_s=start_s, start_speed=speed, motion=MOTION_LANE, **fields)


def test_following_a_slow_lead_to_the_end_is_a_pass(make_log, make_actor):
    """Both at 8 m/s for 20 s, 30 m apart."""
    log = make_log(
        200, (slow_lead(make_actor, 8.0),), speed=8.0, actor_s=30 + 0.8 * np.arange(1, 201), events={199: EVENT_FINISH}
    )
    encounter = only(log)
    assert encounter.outcome == "followed" and encounter.passed


def test_falling_behind_a_lead_for_no_reason_is_no_pass(make_log, make_actor):
    """Lead at 8 m/s, ego at 3 m/s: less than half of what was possible."""
    log = make_log(
        200,
        (slow_lead(make_actor, 8.0),),
        speed=3.0,
        actor_s=30 + 0.8 * np.arange(1, 201),
        events={199: EVENT_TIME_OUT},
    )
    assert only(log).outcome == "no progress"


def test_a_lead_faster_than_the_limit_need_not_be_kept_up_with(make_log, make_actor):
    """Cut-in at 30 m/s where 10 m/s are allowed: 10 m/s is all that can be asked."""
    log = make_log(
        100,
        (slow_lead(make_actor, 30.0, start_s=10.0),),
        speed=10.0,
        actor_s=10 + 3.0 * np.arange(1, 101),
        facts={"speed_limit": 10.0},
        events={99: EVENT_FINISH},
    )
    assert only(log).outcome == "followed"


def test_stopping_behind_a_lead_that_brakes_to_a_stop_is_a_pass_at_first(make_log, make_actor):
    """The lead brakes from 10 m/s and stands from 20 s on; the ego stands behind it for the last 5 s of 25 s."""
    moving = np.concatenate([np.full(200, 10.0), np.zeros(50)])
    log = make_log(
        250,
        (slow_lead(make_actor, 10.0),),
        speed=moving,
        actor_s=30 + np.cumsum(moving) * 0.1,
        events={249: EVENT_TIME_OUT},
        facts={"route_length": 500.0},
    )
    assert only(log).outcome == "followed"


def test_standing_for_ever_behind_a_stopped_lead_is_no_pass(make_log, make_actor):
    """As before, but both stand for 20 s: more than 10 s of patience, though on average 5 m/s were driven."""
    moving = np.concatenate([np.full(200, 10.0), np.zeros(200)])
    log = make_log(
        400,
        (slow_lead(make_actor, 10.0),),
        speed=moving,
        actor_s=30 + np.cumsum(moving) * 0.1,
        events={399: EVENT_TIME_OUT},
        facts={"route_length": 500.0},
    )
    assert only(log).outcome == "no progress"


def test_a_lead_that_drives_off_the_end_of_the_road_was_followed_until_then(make_log, make_actor):
    """10 s behind it at 8 m/s, then it is gone (parked at 1e6 m) and the ego goes on by itself for 10 s."""
    ahead = np.concatenate([30 + 0.8 * np.arange(1, 101), np.full(100, 1e6)])
    log = make_log(
        200,
        (slow_lead(make_actor, 8.0),),
        speed=8.0,
        actor_s=ahead,
        actor_phase=[0] * 100 + [PHASE_GONE] * 100,
        events={199: EVENT_FINISH},
    )
    encounter = only(log)
    assert (encounter.outcome, encounter.end) == ("followed", 99)


def test_overtaking_the_lead_is_a_pass(make_log, make_actor):
    """Ego 15 m/s, lead 5 m/s, 30 m ahead: 34 m at 10 m/s are closed in 3.4 s."""
    log = make_log(
        60, (slow_lead(make_actor, 5.0),), speed=15.0, actor_s=30 + 0.5 * np.arange(1, 61), events={59: EVENT_FINISH}
    )
    encounter = only(log)
    assert encounter.outcome == "past"
    # 1.5 (k + 1) − 30 − 0.5 (k + 1) > 4 from k + 1 = 35 on.
    assert encounter.end == 34


def test_following_a_pedestrian_is_no_pass(make_log, make_actor):
    """Walking ahead at 1.4 m/s, ego behind at 1.4 m/s for 60 s: under 2 m/s one has to get past."""
    walker = make_actor(kind=ACTOR_PEDESTRIAN, length=0.5, width=0.6, start_s=20.0, start_speed=1.4)
    log = make_log(600, (walker,), speed=1.4, actor_s=20 + 0.14 * np.arange(1, 601), events={599: EVENT_TIME_OUT})
    assert only(log).outcome == "no progress"


def test_a_crossing_pedestrian_is_passed_at_its_s(make_log, make_actor):
    """Half of 4 m and of 0.5 m: past from 50 + 2.25 on, s = 53 in step 52."""
    walker = make_actor(kind=ACTOR_PEDESTRIAN, length=0.5, width=0.6)
    log = make_log(100, (walker,), actor_d=np.linspace(-4.0, 4.0, 100), events={99: EVENT_FINISH})
    assert (only(log).end, only(log).outcome) == (52, "past")


def test_an_oncoming_overtaker_is_passed_when_it_is_behind(make_log, make_actor):
    """It comes from 100 m at 10 m/s and the ego at 10 m/s: met at once, 2 m a step, past when 104 m are closed."""
    oncoming = make_actor(start_s=100.0, direction=-1, start_speed=10.0, motion=MOTION_LANE)
    log = make_log(100, (oncoming,), actor_s=100.0 - np.arange(1, 101), events={99: EVENT_FINISH})
    encounter = only(log)
    # 100 − 2 (k + 1) − 4 <= 50 from k + 1 = 23; 100 − 2 (k + 1) < −4 from k + 1 = 53.
    assert (encounter.begin, encounter.end, encounter.outcome) == (22, 52, "past")


def test_a_script_that_never_began_demanded_nothing(make_log, make_actor):
    """A pedestrian who never set out, and one who set out in step 20, 30 m ahead."""
    waiting = make_actor(trigger=TRIGGER_DISTANCE, trigger_value=30.0)
    assert find_encounters(make_log(100, (waiting,), events={99: EVENT_FINISH})) == ()
    log = make_log(100, (waiting,), actor_phase=[0] * 20 + [1] * 80, events={99: EVENT_FINISH})
    assert only(log).begin == 20


def test_others_that_demand_nothing_are_not_met(make_log, make_actor):
    """A car parked by the roadside, not in the way."""
    assert find_encounters(make_log(100, (make_actor(demands_reaction=False),), events={99: EVENT_FINISH})) == ()


def test_hitting_the_oncoming_car_while_dodging_fails_the_encounter_that_was_dodged(make_log, make_actor):
    """Swerving round the parked car into traffic that demanded nothing by itself: no pass."""
    actors = (make_actor(), make_actor(start_s=45.0, start_d=3.5, demands_reaction=False))
    log = make_log(45, actors, hit_actor=[-1] * 44 + [1], events={44: EVENT_COLLISION_VEHICLE})
    assert only(log).outcome == "failed"


def test_of_a_row_of_cones_only_the_one_that_was_hit_counts(make_log, make_actor):
    """Cones at 50, 55 and 60 m; the first ends the episode: its own encounter failed, the others were never decided."""
    cones = tuple(make_actor(start_s=s, length=0.4, width=0.4) for s in (50.0, 55.0, 60.0))
    log = make_log(48, cones, hit_actor=[-1] * 47 + [0], events={47: EVENT_COLLISION_STATIC})
    assert [encounter.outcome for encounter in find_encounters(log)] == ["contact", "open", "open"]
    assert collision_free_passes(log) == Ratio(0, 1)


def test_across_the_seam_of_a_closed_road_an_obstacle_is_still_ahead(make_log, make_actor):
    """Road of 1,000 m; ego from 960 m, car at 20 m: 60 m ahead.

    The gap of 60 − 4 m is 50 m after 6 steps; past 1,024 m, s = 24, after 65.
    """
    driven = np.arange(1, 101, dtype=float)
    log = make_log(
        100,
        (make_actor(start_s=20.0),),
        s=(960.0 + driven) % 1000.0,
        facts={"road_closed": True},
        events={99: EVENT_FINISH},
    )
    encounter = only(log)
    assert (encounter.begin, encounter.end, encounter.outcome) == (5, 64, "past")


def test_a_car_parked_across_the_lane_is_as_long_as_it_is_wide(make_log, make_actor):
    """Turned by 90°, its extent along the road is its width, 2 m: past from 50 + 2 + 1, s = 54 in step 53."""
    log = make_log(100, (make_actor(yaw_offset=np.pi / 2),), events={99: EVENT_FINISH})
    assert only(log).end == 53


def test_a_walker_towards_the_ego_is_passed_when_behind_it(make_log, make_actor):
    """From 50 m at 1 m/s, ego at 10 m/s: 1.1 m a step, 52.25 m from s = 0 are closed in step 47."""
    walker = make_actor(kind=ACTOR_PEDESTRIAN, length=0.5, width=0.6, direction=-1, start_speed=1.0, motion=MOTION_LANE)
    log = make_log(100, (walker,), actor_s=50.0 - 0.1 * np.arange(1, 101), events={99: EVENT_FINISH})
    assert (only(log).end, only(log).outcome) == (47, "past")


def test_stopping_and_letting_an_oncoming_overtaker_by_is_a_pass(make_log, make_actor):
    """The ego stops within 2 s and stands; the other comes by at 10 m/s, back in its lane."""
    other = make_actor(start_s=100.0, direction=-1, start_speed=10.0, motion=MOTION_LANE, trigger=TRIGGER_DISTANCE)
    log = make_log(
        200,
        (other,),
        speed=[10.0] * 20 + [0.0] * 130 + [10.0] * 50,
        actor_s=100.0 - np.arange(1, 201),
        actor_phase=[0] * 10 + [1] * 190,
        events={199: EVENT_FINISH},
    )
    assert only(log).outcome == "past"


def test_a_lead_that_cuts_out_is_no_encounter_and_what_it_uncovers_is_one(make_log, make_actor):
    """Standing for ever behind the car that was uncovered is no pass; touching who cut out instead fails it."""
    lead = make_actor(start_s=30.0, start_speed=10.0, motion=MOTION_LANE, demands_reaction=False)
    standing = make_actor(start_s=80.0)
    places = np.stack([30.0 + np.arange(1, 201), np.full(200, 80.0)], axis=1)
    waits = make_log(
        200, (lead, standing), speed=[10.0] * 70 + [0.0] * 130, actor_s=places, events={199: EVENT_TIME_OUT}
    )
    assert only(waits).outcome == "no progress" and only(waits).slot == 1
    touches = make_log(
        60, (lead, standing), actor_s=places[:60], hit_actor=[-1] * 59 + [0], events={59: EVENT_COLLISION_VEHICLE}
    )
    assert only(touches).outcome == "failed"


def test_of_two_parked_cars_each_is_an_encounter_and_the_one_opposite_fails_the_second(make_log, make_actor):
    """First at 50 m, opposite at 75 m and no encounter of its own, second at 100 m; touched opposite in step 72."""
    cars = (make_actor(), make_actor(start_s=75.0, demands_reaction=False), make_actor(start_s=100.0))
    log = make_log(73, cars, hit_actor=[-1] * 72 + [1], events={72: EVENT_COLLISION_VEHICLE})
    assert [encounter.outcome for encounter in find_encounters(log)] == ["past", "failed"]
    assert collision_free_passes(log) == Ratio(1, 2)


def follow_cyclist(make_log, make_actor, seconds, *others, places=(), **arrays):
    """Behind a cyclist at 5 m/s, 20 m between the middles, at a limit of 15 m/s; ``places`` are those of others."""
    steps = 10 * seconds
    rider = make_actor(kind=ACTOR_CYCLIST, length=1.8, width=0.6, start_s=20.0, start_speed=5.0, motion=MOTION_LANE)
    along = np.stack([20.0 + 0.5 * np.arange(1, steps + 1), *places], axis=1)
    facts = {"speed_limit": 15.0, "route_length": 5.0 * seconds}
    log = make_log(
        steps, (rider, *others), speed=5.0, actor_s=along, facts=facts, events={steps - 1: EVENT_FINISH}, **arrays
    )
    return only(log)


def test_following_a_cyclist_to_the_end_where_one_could_overtake_is_no_pass(make_log, make_actor):
    """To gain: 20 + 2.9 + 10 m and 10² / 3 m for speeding up, 66.2 m, at 10 m/s in every 15 m: 99.4 m of road.

    20 s behind are 100 m, less the first step; 19 s are 95 m and too short, and in bends of 12.5 m the careful driver
    is as slow as the cyclist.
    """
    assert follow_cyclist(make_log, make_actor, 20).outcome == "no progress"
    short = follow_cyclist(make_log, make_actor, 19)
    assert short.outcome == "not demanded" and not short.counted and not short.passed
    assert follow_cyclist(make_log, make_actor, 60, curvature=0.08).outcome == "not demanded"


def test_a_cyclist_is_to_be_overtaken_only_without_oncoming_traffic(make_log, make_actor):
    """An actor comes at 10 m/s: D + v (T + 3 s) = 99.4 m + 10 m/s · (6.6 s + 3 s) = 196 m have to be free.

    From 190 m away they are met after 12.7 of 25 s, and the 62 m then left are too few; after 60 s they are not.
    """
    car = make_actor(start_speed=10.0, direction=-1, motion=MOTION_LANE, demands_reaction=False)
    for start, seconds, outcome in (
        (190.0, 25, "not demanded"), (190.0, 60, "no progress"), (205.0, 25, "no progress"),
    ):  # fmt: skip
        places = [start - np.arange(1, 10 * seconds + 1)]
        assert follow_cyclist(make_log, make_actor, seconds, car, places=places).outcome == outcome


def test_standing_behind_a_standing_cyclist_is_no_pass(make_log, make_actor):
    """5 m/s for 2 s, then both stand until time is out."""
    rider = make_actor(kind=ACTOR_CYCLIST, length=1.8, width=0.6, start_s=20.0, start_speed=5.0, motion=MOTION_LANE)
    stands = make_log(300, (rider,), speed=[5.0] * 20 + [0.0] * 280, actor_s=20.0, events={299: EVENT_TIME_OUT})
    assert only(stands).outcome == "no progress"


@pytest.mark.parametrize("touched", [True, False])
def test_unavoidable_encounters_do_not_count(make_log, make_actor, touched):
    log = make_log(
        100,
        (make_actor(),),
        facts={"unavoidable": True},
        hit_actor=[0 if touched and step == 45 else -1 for step in range(100)],
        events={99: EVENT_FINISH},
    )
    assert only(log).outcome == "unavoidable" and not only(log).counted and not only(log).passed
    assert collision_free_passes(log) == Ratio(0, 0)
