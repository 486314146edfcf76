"""What counts as an event, and what does not."""

import math

import numpy as np
import pytest

from drive_sim.world.events import FAILURES, GRAVEST_FIRST, event_names, gravest
from drive_sim.world.roads.road import EDGE_RAIL, RAIL_OFFSET
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTOR_CONE,
    ACTOR_CYCLIST,
    ACTOR_DEBRIS,
    ACTOR_LORRY,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION,
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_LANE_DEPARTURE,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_STALL,
    EVENT_TIME_OUT,
    EVENT_WRONG_WAY,
    MOTION_LANE,
    MOTION_WALK,
)

LANE = -1.75
STEP = np.zeros((1, 2), np.float32)


@pytest.fixture
def simulate(make_road, make_episode):
    """A simulator of one world, and its road user(s)."""

    def build(*actors, road=None, on_failure="terminate", **fields):
        return Simulator([make_episode(road or make_road(), *actors, **fields)], on_failure=on_failure)

    return build


def roll(simulator, seconds, action=(0.0, 0.0)):
    """Drive with one action until the world is done; the events of each step."""
    events = []
    for _ in range(round(seconds / 0.05)):
        if simulator.state.done[0]:
            break
        simulator.step(np.array([action], np.float32))
        events.append(int(simulator.state.events[0]))
    return events


def test_calm_driving_in_the_lane_is_no_event(simulate):
    assert not any(roll(simulate(), 5.0))


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (ACTOR_LORRY, EVENT_COLLISION_VEHICLE),
        (ACTOR_PEDESTRIAN, EVENT_COLLISION_PEDESTRIAN),
        (ACTOR_CYCLIST, EVENT_COLLISION_PEDESTRIAN),
        (ACTOR_CONE, EVENT_COLLISION_STATIC),
        (ACTOR_DEBRIS, EVENT_COLLISION_STATIC),
    ],
)
def test_a_collision_is_of_the_kind_that_was_hit(simulate, make_actor, kind, event):
    simulator = simulate(make_actor(300.0, 1.75), make_actor(120.0, LANE, kind=kind))
    events = roll(simulator, 10.0)
    assert events[-1] & EVENT_COLLISION == event
    assert simulator.state.done[0] and simulator.state.hit_actor[0] == 1 and simulator.state.gap[0] == 0.0
    front = simulator.state.x[0] + 0.5 * simulator.vehicle.length
    rear = 120.0 - 0.5 * make_actor(0.0, 0.0, kind=kind).length
    assert rear <= front < rear + 1.0


@pytest.mark.parametrize("start", np.linspace(20.0, 22.0, 9))
def test_a_cone_is_never_jumped_over(simulate, make_actor, start):
    simulator = simulate(make_actor(100.0, LANE, kind=ACTOR_CONE), start_s=float(start), start_speed=40.0)
    assert roll(simulator, 5.0)[-1] & EVENT_COLLISION_STATIC


@pytest.mark.parametrize("offset", [2.05, -2.05])
def test_a_car_passed_at_forty_centimetres_is_a_gap_not_a_collision(simulate, make_actor, offset):
    simulator = simulate(make_actor(120.0, LANE + offset, start_speed=0.0))
    gaps = []
    for _ in range(100):
        simulator.step(STEP)
        gaps.append(float(simulator.state.gap[0]))
    assert not simulator.state.events_ever[0] & EVENT_COLLISION
    assert min(gaps) == pytest.approx(2.05 - 0.9 - 0.805, abs=1e-6)
    assert gaps[0] == 1e6  # further than 50 m is none near
    assert gaps[-1] >= 20.0


def test_two_that_meet_head_on_at_eighty_metres_a_second_collide(simulate, make_actor):
    oncoming = make_actor(
        303.7, LANE, direction=-1, motion=MOTION_LANE, start_speed=40.0, desired_speed=40.0, headway=0.0
    )
    simulator = simulate(oncoming, start_speed=40.0)
    assert roll(simulator, 6.0)[-1] & EVENT_COLLISION_VEHICLE


@pytest.mark.parametrize("start", np.linspace(30.0, 34.0, 9))
def test_nothing_crosses_through_the_car_between_two_steps(simulate, make_actor, start):
    # Thrown across at 80 m/s: 4 m a step, more than the car is wide.
    thrown = make_actor(54.0, float(start), kind=ACTOR_DEBRIS, motion=MOTION_WALK, start_speed=80.0, action_d=-60.0)
    assert roll(simulate(thrown, start_speed=8.0), 1.0)[-1] & EVENT_COLLISION_STATIC


def test_time_to_collision_is_gap_over_closing_speed(simulate, make_actor):
    simulator = simulate(make_actor(150.0, LANE, motion=MOTION_LANE, start_speed=10.0, desired_speed=10.0))
    simulator.step(STEP)
    gap = simulator.state.actor_s[0, 0] - simulator.state.s[0] - 0.5 * (4.5 + 4.508)
    closing = simulator.state.speed[0] - simulator.state.actor_speed[0, 0]
    assert simulator.state.time_to_collision[0] == pytest.approx(gap / closing, rel=1e-6)


def test_there_is_no_time_to_collision_with_actors_beside_behind_or_faster(simulate, make_actor):
    away = dict(motion=MOTION_LANE, start_speed=30.0, desired_speed=30.0)
    simulator = simulate(make_actor(100.0, 1.75), make_actor(20.0, LANE), make_actor(100.0, LANE, **away))
    simulator.step(STEP)
    assert simulator.state.time_to_collision[0] == 1e6


@pytest.mark.parametrize(("side", "paved"), [(1.0, 4.0), (-1.0, 4.0)])
def test_a_guard_rail_is_hit_by_the_cars_corner(simulate, make_road, side, paved):
    road = make_road(edge_left=EDGE_RAIL, edge_right=EDGE_RAIL)
    simulator = simulate(road=road, start_speed=10.0, start_heading_error=side * 0.1)
    events = roll(simulator, 30.0)
    # The rail stands 0.6 m beyond the pavement: the corner reaches it before the reference point leaves the road.
    assert events[-1] & EVENT_COLLISION_STATIC and not events[-1] & EVENT_OFF_ROAD
    car = simulator.vehicle
    corner = abs(simulator.state.d[0]) + 0.5 * car.length * math.sin(0.1) + 0.5 * car.width * math.cos(0.1)
    assert corner == pytest.approx(paved + RAIL_OFFSET, abs=0.06)


def test_without_a_rail_the_car_leaves_the_road(simulate):
    simulator = simulate(start_speed=10.0, start_heading_error=0.1)
    events = roll(simulator, 30.0)
    assert events[-1] & EVENT_OFF_ROAD and not events[-1] & EVENT_COLLISION
    assert simulator.state.d[0] == pytest.approx(4.0, abs=0.06)


def test_every_failure_has_its_place_in_the_order_of_severity():
    assert len(set(GRAVEST_FIRST)) == len(GRAVEST_FIRST) == FAILURES.bit_count()
    assert sum(GRAVEST_FIRST) == FAILURES
    for place, event in enumerate(GRAVEST_FIRST):
        assert gravest(sum(GRAVEST_FIRST[place:]) | EVENT_FINISH | EVENT_OFF_CENTRE) == event
    assert gravest(EVENT_FINISH | EVENT_OFF_CENTRE) == 0


def test_names_of_events_begin_with_the_gravest():
    events = EVENT_OFF_CENTRE | EVENT_COLLISION_STATIC | EVENT_COLLISION_PEDESTRIAN | EVENT_TIME_OUT
    assert event_names(events) == (
        "collision with a pedestrian or cyclist",
        "collision with an obstacle",
        "off centre",
        "time out",
    )
    assert event_names(0) == ()


def test_the_order_of_drifting_out(simulate):
    events = roll(simulate(start_speed=10.0, start_heading_error=-0.03), 30.0)
    first = {
        event: next(n for n, now in enumerate(events) if now & event)
        for event in (EVENT_LANE_DEPARTURE, EVENT_OFF_CENTRE, EVENT_OFF_ROAD)
    }
    # A wheel passes the marking 0.95 m off centre, a little before the 1 m of off-centre.
    assert first[EVENT_LANE_DEPARTURE] < first[EVENT_OFF_CENTRE] < first[EVENT_OFF_ROAD]
    drift = 10.0 * math.sin(0.03) * 0.05
    assert first[EVENT_OFF_CENTRE] * drift == pytest.approx(1.0, abs=2 * drift)
    ahead = 1.156 * math.sin(0.03)  # the front wheels reach out further
    assert first[EVENT_LANE_DEPARTURE] * drift == pytest.approx(1.75 - 0.805 - ahead, abs=2 * drift)


def test_the_strip_between_the_carriageways_is_not_road(simulate, make_road):
    road = make_road(median=3.0)
    simulator = simulate(road=road, start_offset=3.0)
    assert simulator.world.lane_centre[0] == -3.25
    assert roll(simulator, 1.0)[0] & EVENT_OFF_ROAD


def test_driving_against_the_lane_is_the_wrong_way(simulate):
    assert roll(simulate(start_heading_error=math.pi), 1.0) == [EVENT_WRONG_WAY]
    assert not roll(simulate(start_heading_error=1.5, start_speed=1.0), 0.3)[-1] & EVENT_WRONG_WAY


def test_standing_for_no_reason_is_a_stall(simulate):
    events = roll(simulate(start_speed=0.0), 20.0)
    assert events[-1] == EVENT_STALL
    assert len(events) * 0.05 == pytest.approx(5.05)


def test_standing_behind_someone_is_not(simulate, make_actor):
    assert not any(roll(simulate(make_actor(60.0, LANE), start_speed=0.0), 20.0))
    assert roll(simulate(make_actor(80.0, LANE), start_speed=0.0), 20.0)[-1] == EVENT_STALL
    assert roll(simulate(make_actor(60.0, 3.0), start_speed=0.0), 20.0)[-1] == EVENT_STALL


def test_the_route_ends_where_it_was_to_end(simulate):
    simulator = simulate(route_length=123.0)
    events = roll(simulator, 30.0)
    assert events[-1] == EVENT_FINISH and not any(events[:-1])
    assert 123.0 <= simulator.state.progress[0] < 124.0


def test_time_runs_out(simulate):
    simulator = simulate(time_limit=3.0)
    assert roll(simulator, 30.0)[-1] == EVENT_TIME_OUT
    assert simulator.state.step[0] == 60


def test_laps_of_a_circle_add_up(simulate, make_road, keep_lane):
    road = make_road(1.0 / 40.0, 400, closed=True)
    simulator = simulate(road=road, route_length=2.5 * road.length, start_speed=12.0, start_s=200.0)
    for _ in range(1100):
        simulator.step(keep_lane(simulator, 12.0))
    assert simulator.state.events[0] == EVENT_FINISH
    assert simulator.state.events_ever[0] == EVENT_FINISH
    # The right lane is the outer one of a left-hand circle.
    assert simulator.state.odometer[0] == pytest.approx(2.5 * road.length * (40.0 + 1.75) / 40.0, rel=0.01)


def test_where_a_road_crosses_itself_the_car_stays_on_its_branch(simulate, make_road, keep_lane):
    # A figure of eight: a full left circle and a full right circle, joined by straights that cross.
    radius = 30.0
    bend = np.full(round(1.5 * math.pi * radius), 1.0 / radius)
    straight = np.zeros(2 * round(radius))
    curvature = np.concatenate([straight[:30], bend, straight, -bend, straight[:30]])
    road = make_road(curvature, len(curvature))
    simulator = simulate(road=road, start_s=10.0, start_speed=8.0)
    progress = []
    for _ in range(round((road.length - 30.0) / 8.0 / 0.05)):
        simulator.step(keep_lane(simulator, 8.0))
        progress.append(float(simulator.state.progress[0]))
    assert not simulator.state.events_ever[0] & EVENT_OFF_ROAD
    assert np.diff(progress).min() > 0.2 and np.diff(progress).max() < 0.6
