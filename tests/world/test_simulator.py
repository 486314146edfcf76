"""The simulator's own promises: frozen worlds, lane resets, replaced episodes, and nothing shared between worlds."""

import math

import numpy as np
import pytest

from drive_sim.compute.kernel import threads
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTION_SPEED,
    ACTOR_CONE,
    EVENT_COLLISION,
    EVENT_FINISH,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_STALL,
    EVENT_TIME_OUT,
    MOTION_LANE,
    TRIGGER_TIME,
)

LANE = -1.75


def snapshot(simulator, world=0):
    return {
        name: np.array(values[world]) for name, values in zip(simulator.state._fields, simulator.state, strict=True)
    }


def assert_same(a, b, but=()):
    for name in a:
        if name not in but:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def roll(simulator, steps, action=(0.0, 0.0)):
    for _ in range(steps):
        simulator.step(np.tile(np.array(action, np.float32), (simulator.batch_size, 1)))


def test_the_ego_starts_as_its_episode_says(make_road, make_episode):
    episode = make_episode(make_road(), start_s=80.0, start_offset=0.3, start_heading_error=0.05, start_speed=12.0)
    state = Simulator([episode]).state
    assert (state.x[0], state.y[0]) == pytest.approx((80.0, LANE + 0.3))
    assert (state.s[0], state.d[0]) == pytest.approx((80.0, LANE + 0.3))
    assert (state.yaw[0], state.heading_error[0], state.speed[0]) == pytest.approx((0.05, 0.05, 12.0))
    assert state.progress[0] == 0.0 and state.step[0] == 0 and not state.done[0]


def test_it_starts_in_a_bend_as_if_it_had_always_been_there(make_road, make_episode):
    episode = make_episode(make_road(0.01), start_speed=15.0)
    simulator = Simulator([episode])
    expected = 0.01 / (1.0 + 0.01 * 1.75) * 15.0
    assert simulator.state.yaw_rate[0] == pytest.approx(expected)
    command = simulator.state.steering[0] / simulator.vehicle.steering_max
    roll(simulator, 20, (command, 0.03))
    assert simulator.state.yaw_rate[0] == pytest.approx(expected, rel=0.03)


def test_worlds_that_are_done_are_frozen_and_the_others_go_on(make_road, make_episode):
    road = make_road()
    simulator = Simulator([make_episode(road, time_limit=1.0), make_episode(road)])
    roll(simulator, 20)
    assert simulator.state.done[0] and not simulator.state.done[1]
    before = snapshot(simulator, 0)
    roll(simulator, 20, (0.5, 1.0))
    assert_same(before, snapshot(simulator, 0))
    assert simulator.state.step[1] == 40


def test_reset_begins_again_bit_for_bit_where_it_is_told_to(make_road, make_episode, make_actor):
    script = dict(trigger=TRIGGER_TIME, trigger_value=0.5, action=ACTION_SPEED, action_speed=0.0, action_rate=4.0)
    actor = make_actor(200.0, LANE, motion=MOTION_LANE, start_speed=15.0, desired_speed=15.0, **script)
    simulator = Simulator([make_episode(make_road(), actor) for _ in range(2)])
    start = snapshot(simulator)
    roll(simulator, 60, (0.01, 0.2))
    after = snapshot(simulator)
    simulator.reset(np.array([True, False]))
    assert_same(start, snapshot(simulator, 0))
    assert_same(after, snapshot(simulator, 1))
    roll(simulator, 60, (0.01, 0.2))
    assert_same(after, snapshot(simulator, 0))


def test_commands_are_cut_off_at_one(make_road, make_episode):
    simulator = Simulator([make_episode(make_road()) for _ in range(3)])
    simulator.step(np.array([[7.0, -3.0], [-7.0, 3.0], [0.25, -0.5]]))
    np.testing.assert_array_equal(simulator.state.action, [[1.0, -1.0], [-1.0, 1.0], [0.25, -0.5]])
    assert not simulator.invalid_commands.any()


@pytest.mark.parametrize("command", [(np.nan, np.nan), (0.1, np.nan), (np.nan, 1.0), (np.inf, 0.5), (0.0, -np.inf)])
def test_at_commands_that_are_not_finite_the_ego_brakes_fully_with_its_steering_held(make_road, make_episode, command):
    simulator = Simulator([make_episode(make_road()) for _ in range(2)])
    for _ in range(4):
        simulator.step(np.array([[0.02, 0.5], [0.02, 0.5]]))
    speed = simulator.state.speed.copy()
    for _ in range(10):
        simulator.step(np.array([command, (0.02, 0.5)]))
    np.testing.assert_array_equal(simulator.state.action, np.float32([[0.02, -1.0], [0.02, 0.5]]))
    assert simulator.state.speed[0] < speed[0] - 3.0
    assert simulator.state.speed[1] > speed[1]
    assert simulator.invalid_commands.tolist() == [10, 0]
    simulator.reset()
    assert simulator.invalid_commands.tolist() == [0, 0]


def test_a_world_that_is_done_counts_no_commands(make_road, make_episode):
    simulator = Simulator([make_episode(make_road(), time_limit=0.1) for _ in range(2)])
    for _ in range(10):
        simulator.step(np.array([[np.nan, np.nan], [0.0, 0.0]]))
    assert simulator.state.done.all()
    assert simulator.invalid_commands.tolist() == [2, 0]


def test_wrong_shapes_and_arguments_are_refused(make_road, make_episode, make_actor):
    episode = make_episode(make_road())
    simulator = Simulator([episode])
    with pytest.raises(ValueError, match="actions"):
        simulator.step(np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="mask"):
        simulator.reset(np.ones(3, bool))
    with pytest.raises(ValueError, match="on_failure"):
        Simulator([episode], on_failure="ignore")
    with pytest.raises(ValueError, match="episode"):
        Simulator([])
    crowd = make_episode(make_road(), *(make_actor(100.0 + 10.0 * n, 1.75) for n in range(3)))
    with pytest.raises(ValueError, match="slots"):
        simulator.replace(0, crowd)
    with pytest.raises(ValueError, match="slots"):
        Simulator([crowd], slots=2)


def test_reset_to_lane_returns_the_car_to_its_lane_at_speed_and_the_clock_goes_on(make_road, make_episode):
    simulator = Simulator([make_episode(make_road(), start_heading_error=0.05)], on_failure="reset_to_lane")
    while not simulator.state.interventions[0]:
        roll(simulator, 1)
    state = simulator.state
    assert state.events[0] & EVENT_OFF_CENTRE and not state.done[0]
    assert state.d[0] == pytest.approx(LANE) and state.heading_error[0] == pytest.approx(0.0)
    assert state.speed[0] == 20.0
    step, progress = int(state.step[0]), float(state.progress[0])
    assert progress == pytest.approx(20.0 * 0.05 * step, rel=0.01)
    roll(simulator, 40)
    assert state.step[0] == step + 40 and state.interventions[0] == 1
    assert not state.events[0]
    assert state.progress[0] == pytest.approx(progress + 40.0, rel=0.01)


@pytest.mark.parametrize("event", ["collision", "off road", "stall"])
def test_each_failure_is_an_intervention(make_road, make_episode, make_actor, event):
    if event == "collision":
        episode, bit = make_episode(make_road(), make_actor(100.0, LANE)), EVENT_COLLISION
    elif event == "off road":
        episode, bit = make_episode(make_road(), start_offset=-4.0), EVENT_OFF_ROAD
    else:
        episode, bit = make_episode(make_road(), start_speed=0.0), EVENT_STALL
    simulator = Simulator([episode], on_failure="reset_to_lane")
    roll(simulator, 110)
    assert simulator.state.events_ever[0] & bit
    assert simulator.state.interventions[0] == 1
    assert simulator.state.speed[0] > 5.0


def test_it_is_reset_to_lane_beyond_what_it_hit_and_all_that_stand_behind_that(make_road, make_episode, make_actor):
    row = [make_actor(100.0 + 8.0 * n, LANE, kind=ACTOR_CONE) for n in range(5)]
    simulator = Simulator([make_episode(make_road(), *row)], on_failure="reset_to_lane")
    while not simulator.state.interventions[0]:
        roll(simulator, 1)
    assert simulator.state.s[0] >= 132.0 + 6.0
    roll(simulator, 100)
    assert simulator.state.interventions[0] == 1


def test_it_is_reset_to_lane_slowly_where_the_road_bends_or_someone_is_near(make_road, make_episode, make_actor):
    curvature = np.concatenate([np.zeros(120), np.full(480, 1.0 / 30.0)])
    bend = Simulator([make_episode(make_road(curvature), start_offset=1.2)], on_failure="reset_to_lane")
    roll(bend, 1)
    assert bend.state.interventions[0] == 1
    # 2 m/s² in the bend 70 m ahead, reached at 3 m/s².
    assert bend.state.speed[0] == pytest.approx(20.0)
    near = Simulator([make_episode(make_road(1.0 / 30.0), start_offset=1.2)], on_failure="reset_to_lane")
    roll(near, 1)
    assert near.state.speed[0] == pytest.approx(math.sqrt(2.0 * 30.0))
    queue = make_episode(make_road(), make_actor(72.0, LANE), start_offset=1.2)
    waiting = Simulator([queue], on_failure="reset_to_lane")
    roll(waiting, 1)
    assert 1.0 < waiting.state.speed[0] < 10.0
    roll(waiting, 60, (0.0, -0.5))
    assert waiting.state.interventions[0] == 1


def test_reset_to_lane_by_hand_revives_a_failed_world_but_not_a_finished_one(make_road, make_episode):
    road = make_road()
    simulator = Simulator([make_episode(road, start_offset=-4.0), make_episode(road, route_length=1.0)])
    roll(simulator, 2)
    assert list(simulator.state.done) == [1, 1]
    simulator.reset_to_lane(np.array([True, True]))
    assert list(simulator.state.done) == [0, 1]
    assert list(simulator.state.interventions) == [1, 0]
    assert simulator.state.events_ever[1] == EVENT_FINISH


def test_time_out_ends_a_reset_to_lane_episode_too(make_road, make_episode):
    simulator = Simulator([make_episode(make_road(), time_limit=2.0)], on_failure="reset_to_lane")
    roll(simulator, 60)
    assert simulator.state.done[0] and simulator.state.events[0] & EVENT_TIME_OUT and simulator.state.step[0] == 40


def test_replacing_an_episode_is_as_if_it_had_been_there_from_the_start(make_road, make_episode, make_actor):
    # More new roads than there is room for at first, of different lengths.
    roads = [make_road(0.001 * n, 300 + 40 * n) for n in range(12)]
    episodes = [make_episode(road, make_actor(150.0, 1.75), start_speed=10.0 + n) for n, road in enumerate(roads)]
    simulator = Simulator(episodes[:3], slots=2)
    for number, episode in enumerate(episodes[3:]):
        roll(simulator, 3)
        others = {world: snapshot(simulator, world) for world in range(3) if world != number % 3}
        simulator.replace(number % 3, episode)
        for world, before in others.items():
            assert_same(before, snapshot(simulator, world))
        alone = Simulator([episode], slots=2)
        assert_same(snapshot(alone), snapshot(simulator, number % 3))
        roll(alone, 30, (0.02, 0.3))
        roll(simulator, 30, (0.02, 0.3))
        assert_same(snapshot(alone), snapshot(simulator, number % 3))
        assert simulator.episodes[number % 3] is episode
    assert len(simulator.roads.length) <= 12


def test_replacing_by_an_episode_on_a_known_road_keeps_the_roads(make_road, make_episode):
    road = make_road()
    simulator = Simulator([make_episode(road), make_episode(road)])
    before = simulator.roads
    simulator.replace(1, make_episode(road, start_s=200.0))
    assert simulator.roads is before
    assert simulator.state.s[1] == pytest.approx(200.0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_threads_changes_nothing(make_road, make_episode, make_actor, count, short_loops_shared):
    road = make_road(0.004)
    episodes = [
        make_episode(
            road,
            make_actor(120.0 + n, LANE, motion=MOTION_LANE, start_speed=9.0, desired_speed=9.0),
            start_speed=10.0 + 0.2 * n,
        )
        for n in range(64)
    ]

    def drive():
        simulator = Simulator(episodes, on_failure="reset_to_lane")
        roll(simulator, 60, (0.015, 0.1))
        return simulator

    with threads(1):
        reference = drive()
    with threads(count):
        other = drive()
    for name, a, b in zip(reference.state._fields, reference.state, other.state, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
