"""The expert keeps its lane, gets round what stands, waits where it must, and follows without drama."""

import numpy as np
import pytest

from drive_sim.drivers.registry import make_driver
from drive_sim.sensors.suite import Observation
from drive_sim.world.events import FAILURES
from drive_sim.world.roads.csv_import import load_road
from drive_sim.world.scenarios.scenario import load_scenario, scenario_for_road
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_SPEED,
    ACTION_WALK,
    ACTOR_CONE,
    ACTOR_CYCLIST,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION,
    EVENT_FINISH,
    EVENT_LANE_DEPARTURE,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    MOTION_LANE,
    TRIGGER_HEADWAY,
    TRIGGER_TIME,
)
from tests.data.circuits import circuit_files

LANE = -1.75
BENDS = np.concatenate([np.zeros(150), np.full(80, 0.02), np.zeros(60), np.full(60, -0.025), np.zeros(250)])


def assert_arrived(drive):
    assert np.all(drive.events & EVENT_FINISH)
    assert not np.any(drive.events & FAILURES)


def test_it_keeps_to_the_middle_of_its_lane_through_bends(drive, make_road, make_episode):
    done = drive("expert", make_episode(make_road(BENDS, 600), start_offset=0.6, start_heading_error=0.03))
    assert abs(done.offset[0, 0] - 0.6) < 1e-6
    assert np.abs(done.offset[100:]).max() < 0.3
    assert not done.events[0] & EVENT_OFF_ROAD


@pytest.mark.parametrize("friction", [1.0, 0.6])
@pytest.mark.slow
def test_it_slows_down_for_bends_as_the_road_allows(drive, make_road, make_episode, friction):
    done = drive("expert", make_episode(make_road(BENDS, 600), friction=friction), seconds=60.0)
    assert_arrived(done)
    assert np.abs(done.acceleration_y).max() < (3.0 if friction == 1.0 else 2.4)
    assert done.speed.max() > 14.0
    assert done.acceleration_x.min() > -3.0


def test_it_passes_a_car_parked_half_in_its_lane_and_returns(drive, make_road, make_episode, make_actor):
    done = drive("expert", make_episode(make_road(length=400), make_actor(150.0, -3.2)))
    assert_arrived(done)
    beside = np.abs(done.s - 150.0) < 3.0
    assert done.gap.min() > 0.7
    assert done.offset[beside].min() > 0.4
    assert done.speed[beside].min() > 8.0
    assert np.abs(done.offset[done.s > 220.0]).max() < 0.15


def oncoming(make_actor, s, speed=12.0):
    return make_actor(s, 1.75, direction=-1, motion=MOTION_LANE, start_speed=speed, desired_speed=speed)


@pytest.mark.slow
def test_it_uses_the_oncoming_lane_only_when_that_is_free(drive, make_road, make_episode, make_actor):
    blocked = make_actor(160.0, LANE)
    free = make_episode(make_road(), blocked)
    busy = make_episode(make_road(), blocked, *(oncoming(make_actor, s) for s in (290.0, 330.0, 370.0)))
    done = drive("expert", free, busy, seconds=100.0)
    assert_arrived(done)
    slowest = done.speed.min(axis=0)
    assert slowest[0] > 7.0
    assert slowest[1] < 3.0, "it should have waited for the oncoming cars"
    distance = done.actor_s[:, 1, 1:] - done.s[:, 1, None]
    meets = np.any((distance > -4.0) & (distance < 30.0), axis=1)
    assert meets.any() and done.offset[meets, 1].max() < 0.4, "and waited in its own lane"
    assert done.gap.min() > 0.3


def test_it_passes_a_cyclist_with_room_to_spare(drive, make_road, make_episode, make_actor):
    cyclist = make_actor(80.0, -2.9, ACTOR_CYCLIST, motion=MOTION_LANE, start_speed=5.0, desired_speed=5.0)
    done = drive("expert", make_episode(make_road(), cyclist), seconds=60.0)
    assert_arrived(done)
    beside = np.abs(done.s - done.actor_s[:, :, 0]) < 2.0
    assert beside.any(), "it should have overtaken"
    assert done.gap[beside].min() > 0.9


def test_it_waits_for_a_crossing_pedestrian_and_drives_on(drive, make_road, make_episode, make_actor):
    walker = make_actor(
        130.0, -5.0, ACTOR_PEDESTRIAN, trigger=TRIGGER_HEADWAY, trigger_value=3.0, action=ACTION_WALK, action_d=6.0,
        action_speed=1.4,
    )  # fmt: skip
    done = drive("expert", make_episode(make_road(length=300), walker))
    assert_arrived(done)
    assert done.speed.min() < 8.0
    assert done.gap.min() > 0.7
    in_lane = np.abs(done.actor_d[:, 0, 0] - LANE) < 1.5
    assert in_lane.any() and done.s[in_lane, 0].max() < 127.0


def test_it_follows_a_lead_at_its_speed_and_keeps_a_second_and_more(drive, make_road, make_episode, make_actor):
    lead = make_actor(60.0, LANE, motion=MOTION_LANE, start_speed=8.0, desired_speed=8.0)
    done = drive("expert", make_episode(make_road(), lead), seconds=40.0)
    assert done.speed[-1, 0] == pytest.approx(8.0, abs=0.5)
    headway = (done.actor_s[:, 0, 0] - done.s[:, 0] - 4.5) / done.speed[:, 0]
    assert headway.min() > 1.0
    assert 1.2 < headway[-1] < 3.0


def test_it_stops_behind_a_lead_that_brakes_hard(drive, make_road, make_episode, make_actor):
    lead = make_actor(
        55.0, LANE, motion=MOTION_LANE, start_speed=13.0, desired_speed=13.0, trigger=TRIGGER_TIME, trigger_value=3.0,
        action=ACTION_SPEED, action_speed=2.0, action_rate=6.0,
    )  # fmt: skip
    done = drive("expert", make_episode(make_road(), lead), seconds=20.0)
    assert not done.events[0] & EVENT_COLLISION
    assert done.gap.min() > 1.5


def test_a_cut_in_at_about_our_speed_is_no_reason_for_an_emergency_stop(drive, make_road, make_episode, make_actor):
    other = make_actor(
        44.0, 1.75, motion=MOTION_LANE, start_speed=11.0, desired_speed=11.0, trigger=TRIGGER_TIME, trigger_value=1.0,
        action=ACTION_LATERAL, action_d=LANE, action_duration=3.0,
    )  # fmt: skip
    done = drive("expert", make_episode(make_road(), other), seconds=15.0)
    assert not done.events[0] & (EVENT_COLLISION | EVENT_LANE_DEPARTURE)
    assert done.acceleration_x.min() > -5.0
    assert done.gap.min() > 5.0
    assert np.abs(done.offset).max() < 0.2, "nor for evading"


@pytest.mark.slow
def test_obstacles_on_roads_never_seen_are_passed_without_contact(drive):
    names = ("parked-car", "broken-down-car", "cones", "debris", "crossing-pedestrian", "oncoming-traffic", "mixed")
    episodes = [load_scenario(f"obstacle-avoidance/{name}", "test").draw(n) for name in names for n in range(8)]
    done = drive("expert", *episodes, seconds=120.0)
    assert_arrived(done)


NEW_KINDS = (
    "broken-down-lorry",
    "cut-out",
    "oncoming-overtaker",
    "walking-pedestrian",
    "cyclist",
    "double-parked",
    "narrow-gap",
)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.slow
def test_twenty_of_every_harder_obstacle_are_passed(drive, split):
    episodes = [load_scenario(f"obstacle-avoidance/{name}", split).draw(n) for name in NEW_KINDS for n in range(20)]
    done = drive("expert", *episodes, seconds=120.0)
    assert_arrived(done)


def test_it_leaves_a_metre_to_a_pedestrian_at_the_edge(drive, make_road, make_episode, make_actor):
    walker = make_actor(
        160.0, -3.0, ACTOR_PEDESTRIAN, direction=-1, heedless=True, motion=MOTION_LANE, start_speed=1.4,
        desired_speed=1.4,
    )  # fmt: skip
    done = drive("expert", make_episode(make_road(length=350), walker))
    assert_arrived(done)
    assert done.gap.min() > 0.9
    beside = np.abs(done.s - done.actor_s[:, :, 0]) < 3.0
    assert done.offset[beside].min() > 0.2, "on the left of somebody at the right edge"
    assert done.speed[beside].max() < 8.5


def test_it_goes_slowly_through_a_gap_and_not_past_a_single_post(drive, make_road, make_episode, make_actor):
    right = make_actor(150.0, LANE - 1.5, ACTOR_CONE)
    road = make_road(length=350)
    gap = make_episode(road, right, make_actor(150.0, LANE + 1.6, ACTOR_CONE))
    done = drive("expert", gap, make_episode(road, right))
    assert_arrived(done)
    through, past = (done.speed[np.abs(done.s[:, world] - 150.0) < 2.0, world].min() for world in range(2))
    assert through < 7.0 and past > 10.0
    assert done.gap[:, 0].min() > 0.35


def test_it_brakes_for_an_oncoming_overtaker_and_lets_it_get_back(drive, make_road, make_episode, make_actor):
    slow = oncoming(make_actor, 245.0, speed=6.0)
    overtaker = make_actor(
        268.0, 1.75, direction=-1, motion=MOTION_LANE, start_speed=14.0, desired_speed=14.0, heedless=True,
        trigger=TRIGGER_TIME, trigger_value=2.0, action=ACTION_LATERAL, action_d=LANE, action_duration=2.0,
        next_action=ACTION_LATERAL, next_after=4.5, next_d=1.9, next_duration=2.0,
    )  # fmt: skip
    done = drive("expert", make_episode(make_road(), slow, overtaker), seconds=60.0)
    assert_arrived(done)
    in_our_lane = np.abs(done.actor_d[:, 0, 1] - LANE) < 0.5
    assert in_our_lane.any() and done.speed.min() < 9.0
    assert done.gap.min() > 0.3


@pytest.mark.slow
def test_it_drives_a_lap_of_every_circuit_without_leaving_its_lane(drive):
    roads = [load_road(path) for path in circuit_files()]
    assert len(roads) >= 3
    done = drive(
        "expert", *(scenario_for_road(road).draw(0) for road in roads), seconds=600.0, on_failure="reset_to_lane"
    )
    assert_arrived(done)
    assert not np.any(done.events & (EVENT_OFF_CENTRE | EVENT_LANE_DEPARTURE))
    assert not np.any(done.simulator.state.interventions)
    straight = np.abs(done.curvature) < 1e-3
    for lap in range(len(roads)):
        assert np.quantile(done.speed[straight[:, lap], lap], 0.75) > 60.0 / 3.6


def test_a_world_is_driven_alone_as_it_is_in_company(drive):
    names = ("mixed", "oncoming-traffic", "cut-in")
    episodes = [load_scenario(f"obstacle-avoidance/{name}").draw(n) for n in range(2) for name in names]
    together = drive("expert", *episodes, seconds=10.0)
    for world in (0, 4):
        alone = drive("expert", episodes[world], seconds=10.0)
        np.testing.assert_array_equal(alone.actions[:, 0], together.actions[:, world])


def test_an_unbound_expert_says_what_it_lacks():
    with pytest.raises(ValueError, match="bind"):
        make_driver("expert").act(Observation(np.zeros(1)))


def test_a_new_episode_in_one_world_is_driven_as_if_it_were_the_first(make_road, make_episode):
    episodes = [make_episode(make_road(BENDS, 600)), make_episode(make_road(0.002, 600))]
    simulator, driver = Simulator(episodes), make_driver("expert")
    driver.bind(simulator)
    observation = Observation(simulator.state.time)
    first = [driver.act(observation)[0]]
    for _ in range(60):
        simulator.step(driver.act(observation))
    mask = np.array([True, False])
    simulator.reset(mask)
    driver.reset(simulator, mask, 2)
    np.testing.assert_array_equal(driver.act(observation)[0], first[0])


@pytest.mark.parametrize("backward", [0, 1])
@pytest.mark.slow
def test_it_never_drives_on_a_wide_shoulder(drive, make_road, make_episode, make_actor, backward):
    """A standing car in a lane with 2.25 m of paved shoulder: round it on the other side, or wait if there is none."""
    road = make_road(length=400, lanes_backward=backward, paved_left=5.75 * backward + 0.01, paved_right=5.75)
    done = drive("expert", make_episode(road, make_actor(150.0, LANE + 0.3)), seconds=60.0)
    assert done.offset.min() + LANE - 0.9 > -3.5 - 0.5
    assert not done.events[0] & EVENT_COLLISION
    assert bool(done.events[0] & EVENT_FINISH) == bool(backward)


@pytest.mark.parametrize("driver", ["expert", "human-model"])
@pytest.mark.slow
def test_it_changes_lanes_round_a_breakdown_and_cuts_no_actor_off(drive, make_road, make_episode, make_actor, driver):
    road = make_road(length=900, lanes_forward=2, lanes_backward=0, paved_left=0.8, paved_right=8.0)
    right, left = -5.25, -1.75
    broken = make_actor(260.0, right)
    faster = (
        make_actor(start, left, motion=MOTION_LANE, start_speed=24.0, desired_speed=24.0) for start in (20.0, 60.0)
    )
    fields = {"lane": 1, "start_speed": 18.0, "speed_limit": 20.0, "route_length": 600.0}
    alone = make_episode(road, broken, **fields)
    company = make_episode(road, broken, *faster, start_s=120.0, **fields)
    done = drive(driver, alone, company, seconds=90.0)
    assert_arrived(done)
    assert done.gap.min() > 0.4
    braking = done.actor_acceleration[:, 1, 1:].min()
    assert braking > -3.5, "who comes from behind should not have had to brake hard"
