"""The reference driver after UN R157: what it takes for a risk, how long it waits, how hard it brakes."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.world.ego.single_track import GRAVITY
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_SPEED,
    ACTION_WALK,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION,
    EVENT_LANE_DEPARTURE,
    MOTION_LANE,
    TRIGGER_TIME,
)

WANDERING, RISK_TIME, REACTION_TIME = 0.375, 0.4, 0.75
"""The regulation's figures [m], [s], [s], not the driver's."""
INNER, OUTER = -1.75, -5.25
"""Middles of the lanes of the test's motorway; the ego drives in the outer one [m]."""
SPEED = 20.0
BRAKES = -0.3
"""Acceleration [m/s²] below which the brake is on."""


@pytest.fixture
def motorway(make_road):
    return make_road(lanes_forward=2, lanes_backward=2, paved_left=9.0, paved_right=9.0, speed_limit=30.0)


@pytest.fixture
def on_motorway(motorway, make_episode):
    def make(*actors, **fields):
        return make_episode(motorway, *actors, **{"lane": 1, "start_speed": SPEED, "speed_limit": SPEED, **fields})

    return make


@pytest.fixture
def cutting_in(make_actor):
    """A car in the inner lane, ``gap`` [m] ahead, that begins at 1 s to move ``reach`` [m] over within 3 s."""

    def make(gap, speed, reach=3.5, duration=3.0):
        return make_actor(
            24.5 + gap, INNER, motion=MOTION_LANE, start_speed=speed, desired_speed=speed, trigger=TRIGGER_TIME,
            trigger_value=1.0, action=ACTION_LATERAL, action_d=INNER - reach, action_duration=duration,
        )  # fmt: skip

    return make


def first(mask):
    return int(np.flatnonzero(mask)[0])


def test_it_brakes_after_the_wandering_the_judgement_and_the_reaction_and_not_before(drive, on_motorway, cutting_in):
    done = drive("r157", on_motorway(cutting_in(40.0, 12.0)), seconds=6.0)
    wandered = first(INNER - done.actor_d[:, 0, 0] > WANDERING)
    brakes = first(done.acceleration_x[:, 0] < BRAKES)
    period = done.simulator.control_period
    assert (brakes - wandered) * period == pytest.approx(RISK_TIME + REACTION_TIME, abs=2.0 * period)
    assert np.abs(done.acceleration_x[:brakes]).max() < 0.35


def test_a_car_that_wanders_less_is_no_risk_and_one_that_wanders_a_little_more_is(drive, on_motorway, cutting_in):
    # The wider one starts to follow: nothing stands in its own lane in either case.
    calm, wide = (on_motorway(cutting_in(30.0, 12.0, reach, 2.0)) for reach in (WANDERING - 0.03, WANDERING + 0.1))
    done = drive("r157", calm, wide, seconds=4.0)
    assert done.acceleration_x[:, 0].min() > BRAKES
    assert done.acceleration_x[:, 1].min() < BRAKES


def test_in_danger_it_brakes_with_0_774_g_reached_in_0_6_seconds(drive, on_motorway, cutting_in):
    done = drive("r157", on_motorway(cutting_in(40.0, 10.0)), seconds=8.0)
    braking = -done.acceleration_x[:, 0]
    assert np.median(braking[braking > 7.0]) == pytest.approx(0.774 * GRAVITY, abs=0.02)
    assert braking.max() < 0.774 * GRAVITY + 0.1
    period = done.simulator.control_period
    growing = np.diff(braking)[(braking[1:] > 1.0) & (braking[1:] < 7.0) & (np.diff(braking) > 0.1)]
    assert np.median(growing) / period == pytest.approx(12.65, abs=0.7)
    rise = first(braking > 0.95 * 0.774 * GRAVITY) - first(braking > 0.05 * 0.774 * GRAVITY)
    assert 0.9 * 0.6 - period < rise * period < 0.6 + period
    assert not done.events[0] & EVENT_COLLISION


def test_a_cut_in_with_time_to_spare_is_followed_without_a_full_brake(drive, on_motorway, cutting_in):
    done = drive("r157", on_motorway(cutting_in(60.0, 15.0)), seconds=25.0)
    assert done.acceleration_x.min() > -5.1
    assert done.speed[-1, 0] == pytest.approx(15.0, abs=0.5)


def test_it_waits_0_4_and_0_75_seconds_when_the_lead_brakes_hard(drive, on_motorway, make_actor):
    def lead(rate):
        return make_actor(
            24.5 + 32.0, OUTER, motion=MOTION_LANE, start_speed=SPEED, desired_speed=SPEED, trigger=TRIGGER_TIME,
            trigger_value=1.0, action=ACTION_SPEED, action_speed=0.0, action_rate=rate,
        )  # fmt: skip

    done = drive("r157", on_motorway(lead(7.0)), on_motorway(lead(4.5)), seconds=12.0)
    hard = first(done.actor_acceleration[:, 0, 0] < -5.0)
    period = done.simulator.control_period
    kink = first(np.diff(done.acceleration_x[hard:, 0]) < -8.0 * period)
    assert kink * period == pytest.approx(RISK_TIME + REACTION_TIME, abs=1.1 * period)
    assert done.acceleration_x[:, 0].min() == pytest.approx(-0.774 * GRAVITY, abs=0.05)
    assert not np.any(done.events & EVENT_COLLISION)
    # A lead that brakes less is followed: that is no danger.
    assert done.acceleration_x[:, 1].min() > -5.1


def test_what_the_car_ahead_hides_is_seen_when_that_moves_out(drive, on_motorway, make_actor):
    """The lead moves out before a standing car; the reference stops, later than where it sees it from afar."""
    standing = make_actor(240.0, OUTER)
    lead = make_actor(
        24.5 + 40.0, OUTER, motion=MOTION_LANE, start_speed=SPEED, desired_speed=SPEED, heedless=True,
        trigger=TRIGGER_TIME, trigger_value=5.0, action=ACTION_LATERAL, action_d=INNER, action_duration=2.5,
    )  # fmt: skip
    done = drive("r157", on_motorway(lead, standing), on_motorway(standing), seconds=25.0)
    moved = first(done.actor_d[:, 0, 0] - OUTER > WANDERING)
    assert done.acceleration_x[: moved + 20, 0].min() > -2.5
    assert done.speed[moved, 1] < done.speed[moved, 0] - 0.5
    assert not np.any(done.events & EVENT_COLLISION)
    assert done.speed[-1].max() < 0.5


def test_it_lets_a_pedestrian_cross_and_drives_on(drive, on_motorway, make_actor):
    walker = make_actor(
        150.0, OUTER - 4.0, ACTOR_PEDESTRIAN, trigger=TRIGGER_TIME, trigger_value=3.0, action=ACTION_WALK,
        action_d=OUTER + 6.0, action_speed=1.4,
    )  # fmt: skip
    done = drive("r157", on_motorway(walker), seconds=30.0)
    assert not done.events[0] & EVENT_COLLISION
    assert done.speed.min() < 12.0
    assert done.speed[-1, 0] > 18.0


def test_it_never_evades(drive, on_motorway, cutting_in, make_actor):
    done = drive("r157", on_motorway(cutting_in(15.0, 8.0)), on_motorway(make_actor(200.0, OUTER - 1.2)), seconds=25.0)
    assert np.abs(done.offset).max() < 0.1
    assert not np.any(done.events & EVENT_LANE_DEPARTURE)


def test_it_keeps_its_lane_and_the_speed_of_the_scenario_alone(drive, make_road, make_episode):
    bends = np.concatenate([np.zeros(150), np.full(80, 0.004), np.zeros(570)])
    done = drive("r157", make_episode(make_road(bends, 800), start_offset=0.4), seconds=35.0)
    assert np.abs(done.offset[100:]).max() < 0.25
    assert done.speed[300:500, 0].mean() == pytest.approx(15.0, abs=0.3)


def test_a_drive_is_the_same_twice_and_in_a_batch(drive, on_motorway, cutting_in, make_actor):
    episodes = [on_motorway(cutting_in(40.0, 6.0)), on_motorway(make_actor(200.0, OUTER)), on_motorway()]
    together, again = drive("r157", *episodes, seconds=8.0), drive("r157", *episodes, seconds=8.0)
    assert np.array_equal(together.actions, again.actions)
    for world, episode in enumerate(episodes):
        alone = drive("r157", episode, seconds=8.0)
        assert np.array_equal(alone.actions[:, 0], together.actions[: len(alone.actions), world])
