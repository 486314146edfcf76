"""The human model drives as people do: safely, not exactly, later than a machine, and each in their own way."""

from dataclasses import replace

import numpy as np
import pytest

from drive_sim.drivers.registry import make_driver
from drive_sim.sensors.suite import Observation
from drive_sim.world.events import FAILURES
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTION_SPEED,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION,
    EVENT_FINISH,
    MOTION_LANE,
    TRIGGER_TIME,
)

LANE = -1.75
CLASSES = ("rural", "mountain", "urban", "motorway")


@pytest.fixture(scope="module")
def unseen_roads():
    """8 roads of every class; the weather changes with the number."""
    return [load_scenario(f"lane-keeping/{name}", "test").draw(n) for name in CLASSES for n in range(8)]


@pytest.mark.slow
def test_on_roads_never_seen_it_keeps_its_lane_with_a_visibly_human_error(drive, unseen_roads):
    done = drive("human-model", *unseen_roads, seconds=60.0, on_failure="reset_to_lane")
    elapsed = float(np.sum(done.simulator.state.time))
    interventions = int(np.sum(done.simulator.state.interventions))
    assert len({episode.weather.name for episode in unseen_roads}) >= 4
    assert 1.0 - 6.0 * interventions / elapsed >= 0.99
    errors = np.array([np.abs(done.offset[done.done[:, world] == 0, world]).mean() for world in range(32)])
    assert 0.1 < errors.mean() < 0.4
    assert errors.max() < 0.6
    hands = np.abs(np.diff(done.actions[:, :, 0], axis=0)).max(axis=1)
    assert hands.max() < 0.5, "nobody jerks the wheel"


@pytest.mark.slow
def test_it_passes_obstacles_on_roads_never_seen(drive):
    names = ("parked-car", "broken-down-car", "cones", "debris", "crossing-pedestrian", "oncoming-traffic", "cut-in")
    episodes = [load_scenario(f"obstacle-avoidance/{name}", "test").draw(n) for name in names for n in range(8)]
    done = drive("human-model", *episodes, seconds=120.0)
    failed = (done.events & FAILURES) != 0
    assert failed.mean() <= 0.03
    assert np.all(done.events[~failed] & EVENT_FINISH)


@pytest.mark.slow
def test_it_passes_most_of_the_harder_obstacles(drive):
    names = ("broken-down-lorry", "cut-out", "oncoming-overtaker", "walking-pedestrian", "cyclist", "double-parked",
             "narrow-gap")  # fmt: skip
    episodes = [load_scenario(f"obstacle-avoidance/{name}").draw(n) for name in names for n in range(8)]
    done = drive("human-model", *episodes, seconds=120.0)
    failed = (done.events & FAILURES) != 0
    assert failed.mean() <= 0.04
    assert np.all(done.events[~failed] & EVENT_FINISH)


def test_it_pulls_out_seconds_before_an_obstacle_and_leaves_about_a_metre(drive, make_road, make_episode, make_actor):
    parked = make_episode(make_road(), make_actor(200.0, -3.2))
    done = drive("human-model", *(replace(parked, seed=seed) for seed in range(12)))
    for world in range(12):
        beside = np.argmin(np.abs(done.s[:, world] - 200.0))
        before = done.offset[:beside, world]
        begun = np.flatnonzero(before < 0.3 * before[-1])[-1]
        assert 0.8 < 0.05 * (beside - begun) < 4.5
        assert 0.5 < done.gap[:, world].min() < 1.6
    assert not np.any(done.events & FAILURES)


@pytest.mark.slow
def test_it_waits_behind_an_obstacle_while_traffic_is_oncoming(drive, make_road, make_episode, make_actor):
    blocked = make_actor(160.0, LANE)
    busy = (make_actor(s, 1.75, direction=-1, motion=MOTION_LANE, start_speed=12.0, desired_speed=12.0)
            for s in (290.0, 330.0, 370.0))  # fmt: skip
    done = drive("human-model", make_episode(make_road(), blocked, *busy), seconds=120.0)
    assert done.speed.min() < 3.0
    assert done.events[0] & EVENT_FINISH and not done.events[0] & FAILURES


def test_it_brakes_later_than_the_expert_for_a_lead_that_brakes(drive, make_road, make_episode, make_actor):
    lead = make_actor(
        60.0, LANE, motion=MOTION_LANE, start_speed=13.0, desired_speed=13.0, trigger=TRIGGER_TIME, trigger_value=4.0,
        action=ACTION_SPEED, action_speed=3.0, action_rate=5.0,
    )  # fmt: skip
    episode = make_episode(make_road(), lead)

    def begins_to_brake(driver):
        done = drive(driver, episode, seconds=15.0)
        assert not done.events[0] & EVENT_COLLISION
        return done.time[np.flatnonzero(done.actions[80:, 0, 1] < -0.12)[0] + 80, 0]

    assert 0.4 < begins_to_brake("human-model") - begins_to_brake("expert") < 1.2


def test_every_seed_is_another_person_and_the_same_seed_the_same(drive, make_road, make_episode):
    episode = make_episode(make_road(0.004))
    people = drive("human-model", *(replace(episode, seed=seed) for seed in (1, 2, 3, 1)), seconds=20.0)
    np.testing.assert_array_equal(people.actions[:, 0], people.actions[:, 3])
    speeds = people.speed[-1, :3]
    assert np.ptp(speeds) > 0.2
    assert all(np.abs(people.d[:, a] - people.d[:, b]).max() > 0.05 for a, b in ((0, 1), (1, 2), (0, 2)))


def test_a_world_is_driven_alone_as_it_is_in_company(drive):
    names = ("mixed", "oncoming-traffic", "cut-in")
    episodes = [load_scenario(f"obstacle-avoidance/{name}").draw(n) for n in range(2) for name in names]
    together = drive("human-model", *episodes, seconds=10.0)
    for world in (0, 4):
        alone = drive("human-model", episodes[world], seconds=10.0)
        np.testing.assert_array_equal(alone.actions[:, 0], together.actions[:, world])


def test_after_a_reset_to_lane_it_drives_on_as_if_nothing_had_been(make_road, make_episode):
    simulator, driver = Simulator([make_episode(make_road())], on_failure="reset_to_lane"), make_driver("human-model")
    driver.bind(simulator)
    driver.reset(simulator, None, 1)
    observation = Observation(simulator.state.time)
    hands = []
    for step in range(300):
        before = simulator.state.interventions[0]
        action = driver.act(observation)
        hands.append(action[0, 0])
        if 60 <= step < 90 and before == 0:
            action[:, 0] = 0.3  # somebody pulls at the wheel
        simulator.step(action)
        if simulator.state.interventions[0] > before:
            reset_to_lane = step + 1
    assert simulator.state.interventions[0] == 1
    assert np.abs(hands[reset_to_lane - 10 : reset_to_lane]).max() > 0.05, "it should have held against it"
    assert np.abs(hands[reset_to_lane : reset_to_lane + 40]).max() < 0.03
    assert abs(simulator.state.d[0] - LANE) < 0.5


@pytest.mark.slow
def test_it_looks_away_now_and_then_but_never_when_it_matters(drive, make_road, make_episode, make_actor):
    def lapses(*actors):
        simulator = Simulator([make_episode(make_road(length=3000), *actors, seed=3)])
        driver = make_driver("human-model")
        driver.bind(simulator)
        driver.reset(simulator, None, 1)
        count = 0
        for _ in range(2400):
            simulator.step(driver.act(Observation(simulator.state.time)))
            count += int(driver.mind.attentive[0] == 0)
        return count

    assert 10 < lapses() < 400
    lead = make_actor(45.0, LANE, motion=MOTION_LANE, start_speed=10.0, desired_speed=10.0)
    assert lapses(lead) == 0


def test_a_pedestrian_at_the_roadside_makes_it_careful(drive, make_road, make_episode, make_actor):
    alone = make_episode(make_road())
    watched = make_episode(make_road(), make_actor(150.0, -4.0, ACTOR_PEDESTRIAN))
    done = drive("human-model", alone, watched)
    near = np.abs(done.s - 150.0) < 3.0
    assert done.speed[near[:, 1], 1].min() < done.speed[near[:, 0], 0].min() - 1.0
