"""The others keep their distance, and do what their script says when it says so."""

import math

import numpy as np
import pytest

from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_SPEED,
    ACTION_WALK,
    ACTOR_CYCLIST,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION,
    MOTION_LANE,
    MOTION_WALK,
    PHASE_ACTING,
    PHASE_FINISHED,
    PHASE_GONE,
    PHASE_WAITING,
    TRIGGER_DISTANCE,
    TRIGGER_HEADWAY,
    TRIGGER_OWN_HEADWAY,
    TRIGGER_TIME,
    TRIGGER_TTC,
)
from drive_sim.world.traffic.actors import IDM_GAP

CAR_LENGTH = 4.5
LANE = -1.75
PERIOD = 0.05


def moving(speed, desired=None, **fields):
    return dict(motion=MOTION_LANE, start_speed=speed, desired_speed=speed if desired is None else desired, **fields)


@pytest.fixture
def run(make_road, make_episode, keep_lane):
    """Drive among actors; returns the simulator and the history of the actors' state."""

    def drive(*actors, seconds=10.0, speed=20.0, road=None, **fields):
        episode = make_episode(road or make_road(), *actors, start_speed=speed, **fields)
        simulator = Simulator([episode])
        history = {name: [] for name in simulator.state._fields}
        for _ in range(round(seconds / PERIOD)):
            simulator.step(keep_lane(simulator, speed))
            for name, values in history.items():
                values.append(np.array(getattr(simulator.state, name)[0]))
        return simulator, {name: np.array(values) for name, values in history.items()}

    return drive


def test_on_a_free_road_a_car_reaches_its_desired_speed_and_keeps_it(run, make_actor):
    _, log = run(make_actor(150.0, 1.75, direction=1, **moving(5.0, 15.0)), seconds=20.0)
    speeds = log["actor_speed"][:, 0]
    assert np.all(np.diff(speeds) >= 0.0)
    assert 14.5 < speeds[-1] < 15.0


def test_a_follower_settles_at_idms_distance(run, make_actor):
    leader, follower = make_actor(200.0, 1.75, **moving(10.0)), make_actor(150.0, 1.75, **moving(20.0, headway=1.2))
    _, log = run(leader, follower, seconds=24.0, speed=10.0)
    gap = log["actor_s"][-1, 0] - log["actor_s"][-1, 1] - CAR_LENGTH
    speed = log["actor_speed"][-1, 0]
    assert log["actor_speed"][-1, 1] == pytest.approx(speed, rel=0.02)
    assert gap == pytest.approx((IDM_GAP + speed * 1.2) / math.sqrt(1.0 - (speed / 20.0) ** 4), rel=0.05)
    assert (log["actor_s"][:, 0] - log["actor_s"][:, 1]).min() > CAR_LENGTH


def test_an_actor_without_headway_keeps_its_pace_whatever_is_ahead_of_it(run, make_actor):
    _, log = run(make_actor(20.0, 1.75, **moving(15.0, headway=0.0)), make_actor(60.0, 1.75), seconds=4.0, speed=0.0)
    assert log["actor_speed"][:, 0] == pytest.approx(15.0)
    assert log["actor_s"][-1, 0] > 60.0
    _, behind_ego = run(make_actor(20.0, LANE, **moving(15.0, headway=0.0)), seconds=4.0, speed=0.0)
    assert behind_ego["actor_speed"] == pytest.approx(15.0)
    assert behind_ego["events"][-1] & EVENT_COLLISION


def test_a_follower_keeps_its_distance_to_the_ego_too(run, make_actor):
    simulator, log = run(make_actor(20.0, LANE, **moving(15.0)), seconds=4.5, speed=0.0)
    assert not np.any(log["events"] & EVENT_COLLISION)
    gap = 50.0 - log["actor_s"][-1, 0] - 0.5 * (CAR_LENGTH + simulator.vehicle.length)
    assert gap > 1.0
    assert log["actor_acceleration"].min() >= -8.0
    _, beside = run(make_actor(20.0, 1.75, **moving(15.0)), seconds=4.5, speed=0.0)
    assert beside["actor_speed"][:, 0].min() > 14.0


def test_oncoming_cars_follow_each_other(run, make_actor):
    slow = make_actor(400.0, 1.75, direction=-1, **moving(8.0))
    fast = make_actor(450.0, 1.75, direction=-1, **moving(20.0))
    _, log = run(slow, fast, seconds=15.0)
    assert np.all(np.diff(log["actor_s"][:, 0]) < 0.0)
    assert (log["actor_s"][:, 1] - log["actor_s"][:, 0]).min() > CAR_LENGTH + 2.0
    assert log["actor_speed"][-1, 1] < 10.0
    assert math.cos(log["actor_yaw"][-1, 0]) == pytest.approx(-1.0)


def test_an_oncoming_car_brakes_for_an_ego_in_its_lane(run, make_actor):
    _, log = run(make_actor(200.0, LANE, direction=-1, **moving(15.0)), seconds=5.5, speed=10.0)
    assert log["actor_speed"][-1, 0] < 0.5 * 15.0
    _, beside = run(make_actor(200.0, 1.75, direction=-1, **moving(15.0)), seconds=5.5, speed=10.0)
    assert beside["actor_speed"].min() > 14.0


def test_a_cut_in_is_half_a_cosine(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_LATERAL, action_d=LANE, action_duration=3.0)
    _, log = run(make_actor(120.0, 1.75, **moving(20.0), **script), seconds=6.0)
    d, lateral, phase = log["actor_d"][:, 0], log["actor_lateral_speed"][:, 0], log["actor_phase"][:, 0]
    first = int(np.argmax(phase == PHASE_ACTING))
    assert log["time"][first] == pytest.approx(1.05)
    times = np.clip((np.arange(len(d)) - first + 1) * PERIOD / 3.0, 0.0, 1.0)
    np.testing.assert_allclose(d, LANE + 3.5 * 0.5 * (1.0 + np.cos(math.pi * times)), atol=1e-9)
    assert lateral.min() == pytest.approx(-0.5 * math.pi * 3.5 / 3.0, rel=0.01)
    assert phase[-1] == PHASE_FINISHED and d[-1] == LANE and lateral[-1] == 0.0
    # It points where it drives.
    middle = first + 30
    assert math.tan(log["actor_yaw"][middle, 0]) == pytest.approx(lateral[middle] / log["actor_speed"][middle, 0])


@pytest.mark.parametrize(
    ("trigger", "value", "begins_at"),
    [(TRIGGER_DISTANCE, 40.0, 40.0), (TRIGGER_HEADWAY, 1.5, 30.0), (TRIGGER_TTC, 4.0, 40.0)],
)
def test_scripts_begin_when_the_ego_is_as_near_as_they_say(run, make_actor, trigger, value, begins_at):
    # The ego comes up at 20 m/s behind 10 m/s in the other lane.
    script = dict(trigger=trigger, trigger_value=value, action=ACTION_SPEED, action_speed=4.0, action_rate=3.0)
    simulator, log = run(make_actor(140.0, 1.75, **moving(10.0), **script), seconds=8.0)
    phase = log["actor_phase"][:, 0]
    first = int(np.argmax(phase != PHASE_WAITING))
    assert first > 0
    gap = log["actor_s"][first - 1, 0] - log["s"][first - 1] - 0.5 * (CAR_LENGTH + simulator.vehicle.length)
    assert begins_at - 0.6 < gap <= begins_at + 1e-6


def test_a_scripted_stop_brakes_as_hard_as_it_says_and_stays(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_SPEED, action_speed=0.0, action_rate=6.0)
    _, log = run(make_actor(180.0, 1.75, **moving(20.0), **script), seconds=8.0)
    slowing = log["actor_acceleration"][:, 0]
    assert slowing.min() == pytest.approx(-6.0)
    assert log["actor_speed"][-1, 0] == 0.0 and log["actor_phase"][-1, 0] == PHASE_FINISHED
    stop = 180.0 + 20.0 * 1.0 + 20.0**2 / 12.0
    assert log["actor_s"][-1, 0] == pytest.approx(stop, abs=1.1)
    assert np.ptp(log["actor_x"][-20:, 0]) == 0.0


def test_a_parked_car_drives_off_when_told(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_SPEED, action_speed=8.0, action_rate=2.0)
    _, log = run(make_actor(200.0, 1.75, **script), seconds=10.0)
    assert log["actor_speed"][15, 0] == 0.0
    assert log["actor_speed"][-1, 0] == pytest.approx(8.0, rel=0.02)
    assert log["actor_acceleration"].max() <= 2.0 + 1e-9


@pytest.mark.parametrize("kind", [ACTOR_PEDESTRIAN, ACTOR_CYCLIST])
def test_a_crossing_pedestrian_walks_straight_over_and_stands_there(run, make_actor, kind):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_WALK, action_d=4.5, action_speed=1.5)
    _, log = run(make_actor(300.0, -5.0, kind=kind, **script), seconds=9.0)
    lateral = log["actor_lateral_speed"][:, 0]
    assert lateral[30] == pytest.approx(1.5)
    assert np.all(log["actor_speed"] == 0.0) and np.all(log["actor_s"] == 300.0)
    assert np.sum(lateral > 0.0) * PERIOD == pytest.approx(9.5 / 1.5, abs=PERIOD)
    assert log["actor_d"][-1, 0] == 4.5 and lateral[-1] == 0.0
    assert np.all(np.isclose(log["actor_yaw"][:, 0], math.pi / 2))  # it faces the other side all the time


def test_a_pedestrian_that_walks_from_the_start_needs_no_trigger(run, make_actor):
    _, log = run(
        make_actor(300.0, 5.0, kind=ACTOR_PEDESTRIAN, motion=MOTION_WALK, start_speed=1.2, action_d=-5.0), seconds=3.0
    )
    assert log["actor_d"][-1, 0] == pytest.approx(5.0 - 1.2 * 3.0)
    assert math.sin(log["actor_yaw"][-1, 0]) == pytest.approx(-1.0)


def test_a_car_that_leaves_the_road_at_its_end_is_gone(run, make_actor):
    leaving, behind = make_actor(590.0, LANE, **moving(20.0)), make_actor(500.0, LANE, **moving(10.0, 20.0))
    simulator, log = run(leaving, behind, seconds=8.0, speed=10.0)
    assert log["actor_phase"][-1, 0] == PHASE_GONE
    assert log["actor_x"][-1, 0] == 1e6
    # Nobody follows a ghost.
    assert log["actor_speed"][60, 1] > 13.0
    simulator.reset()
    assert simulator.state.actor_phase[0, 0] == PHASE_WAITING and simulator.state.actor_x[0, 0] < 600.0


def test_on_a_circle_cars_wrap_and_drive_at_their_own_speed_at_any_offset(run, make_actor, make_road):
    radius = 100.0
    road = make_road(1.0 / radius, 600, closed=True)
    inner, outer = make_actor(620.0, 3.0, **moving(15.0)), make_actor(300.0, -3.5, **moving(15.0))
    _, log = run(inner, outer, seconds=6.0, road=road, start_s=100.0, speed=10.0)
    assert log["actor_s"][:, 0].min() >= 0.0 and log["actor_s"][:, 0].max() < road.length
    assert np.any(np.diff(log["actor_s"][:, 0]) < -100.0)
    moved = np.hypot(np.diff(log["actor_x"], axis=0), np.diff(log["actor_y"], axis=0)) / PERIOD
    np.testing.assert_allclose(moved, log["actor_speed"][1:], rtol=0.002)


def test_an_unscripted_parked_car_never_moves(run, make_actor):
    _, log = run(make_actor(300.0, -3.0, yaw_offset=0.3), seconds=5.0)
    assert np.ptp(log["actor_x"]) == 0.0 and np.ptp(log["actor_y"]) == 0.0
    assert np.all(log["actor_yaw"] == 0.3)


def test_sixteen_cars_in_a_queue_do_not_touch_when_the_first_stops(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_SPEED, action_speed=0.0, action_rate=6.0)
    queue = [make_actor(400.0 - 20.0 * n, 1.75, **moving(12.0), **(script if n == 0 else {})) for n in range(16)]
    _, log = run(*queue, seconds=20.0, speed=10.0)
    gaps = log["actor_s"][:, :-1] - log["actor_s"][:, 1:] - CAR_LENGTH
    assert gaps.min() > 0.5
    assert np.all(log["actor_speed"][-1, :6] < 0.5)


def test_a_car_that_pulls_out_pulls_back_in_when_the_second_action_says_so(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_LATERAL, action_d=LANE, action_duration=2.0)
    script |= dict(next_action=ACTION_LATERAL, next_after=3.0, next_d=1.75, next_duration=2.5)
    _, log = run(make_actor(120.0, 1.75, **moving(20.0), **script), seconds=8.0)
    d, phase, timer = log["actor_d"][:, 0], log["actor_phase"][:, 0], log["actor_timer"][:, 0]
    beside = (timer > 2.0) & (timer < 2.9)
    assert np.all(d[beside] == LANE) and np.all(phase[beside] == PHASE_FINISHED), "the first action is over"
    back = (timer > 3.1) & (timer < 5.3)
    assert np.all(phase[back] == PHASE_ACTING) and np.all(np.diff(d[back]) > 0.0)
    assert np.abs(np.diff(d)).max() < 0.5 * math.pi * 3.5 / 2.0 * PERIOD + 1e-9, "without a jump"
    assert d[-1] == 1.75 and phase[-1] == PHASE_FINISHED


def test_the_second_action_ends_the_first_where_that_has_got_to(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_LATERAL, action_d=LANE, action_duration=4.0)
    script |= dict(next_action=ACTION_LATERAL, next_after=2.0, next_d=1.75, next_duration=2.0)
    _, log = run(make_actor(120.0, 1.75, **moving(20.0), **script), seconds=6.0)
    assert log["actor_d"].min() == pytest.approx(0.0, abs=0.1), "half of the way"
    assert log["actor_d"][-1, 0] == 1.75


def test_a_changed_speed_is_kept_through_a_change_of_lane(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=1.0, action=ACTION_SPEED, action_speed=10.0, action_rate=5.0)
    script |= dict(next_action=ACTION_LATERAL, next_after=4.0, next_d=LANE, next_duration=2.0)
    _, log = run(make_actor(200.0, 1.75, **moving(20.0), **script), seconds=8.0, speed=5.0)
    assert log["actor_speed"][-1, 0] == pytest.approx(10.0, abs=0.05)
    assert log["actor_d"][-1, 0] == LANE


def test_a_pedestrian_along_the_road_crosses_it_when_triggered(run, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=2.0, action=ACTION_WALK, action_d=4.0, action_speed=1.5)
    walker = make_actor(300.0, -3.0, kind=ACTOR_PEDESTRIAN, direction=-1, heedless=True, **moving(1.2), **script)
    _, log = run(walker, seconds=8.0)
    along = log["time"] < 2.0
    np.testing.assert_allclose(log["actor_s"][along, 0], 300.0 - 1.2 * log["time"][along], atol=1e-9)
    assert np.all(log["actor_d"][along] == -3.0)
    assert np.allclose(np.cos(log["actor_yaw"][along, 0]), -1.0), "facing us"
    crossing = (log["actor_phase"][:, 0] == PHASE_ACTING) & (log["actor_timer"][:, 0] > 0.1)
    assert np.allclose(log["actor_lateral_speed"][crossing, 0][:-1], 1.5)
    assert np.all(log["actor_speed"][crossing] == 0.0) and np.allclose(np.sin(log["actor_yaw"][crossing, 0]), 1.0)


def test_heedless_actors_do_not_brake_for_what_stands_in_their_way(run, make_actor):
    standing = make_actor(400.0, 1.75)
    drivers = (make_actor(250.0, 1.75, **moving(20.0), heedless=heedless) for heedless in (False, True))
    heeding, heedless = (run(driver, standing, seconds=6.0)[1]["actor_speed"][:, 0] for driver in drivers)
    assert heeding[-1] < 14.0
    assert np.all(np.abs(heedless - 20.0) < 1e-9)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_car_pulls_out_at_its_own_headway_to_its_lead(run, make_actor, direction):
    """10 m/s faster than who is ahead: 1.5 s at 15 m/s are 22.5 m between bumpers, wherever the ego is."""
    script = dict(trigger=TRIGGER_OWN_HEADWAY, trigger_value=1.5, action=ACTION_LATERAL, action_d=LANE)
    slow = make_actor(300.0, 1.75, direction=direction, **moving(5.0))
    fast = make_actor(300.0 - direction * 80.0, 1.75, direction=direction, heedless=True, **moving(15.0), **script)
    _, log = run(slow, fast, seconds=8.0, speed=5.0)
    first = int(np.argmax(log["actor_phase"][:, 1] == PHASE_ACTING))
    assert first > 0
    gap = direction * (log["actor_s"][first - 1, 0] - log["actor_s"][first - 1, 1]) - CAR_LENGTH
    assert 22.5 - 0.6 < gap <= 22.5 + 1e-6
