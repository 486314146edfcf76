"""Other road users hide one another from the eye, by as much as they stand before and above what is behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drive_sim.compute.kernel import kernel
from drive_sim.drivers.planning.line_of_sight import is_hidden_by, is_in_sight
from drive_sim.drivers.registry import make_driver
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTOR_CONE,
    ACTOR_LORRY,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION,
    MOTION_LANE,
    TRIGGER_TIME,
)

LANE = -1.75


@kernel(grain=8)
def _ask(i, out, world, state):  # type: ignore[no-untyped-def]
    for n in range(out[0].shape[1]):
        out[0][i, n] = is_in_sight(i, n, world, state)
        for m in range(out[0].shape[1]):
            out[1][i, m, n] = is_hidden_by(i, m, n, world, state)


@pytest.fixture
def look(make_road: Any, make_episode: Any) -> Any:
    """``look(*actors)``: whether each is in sight (N), and whether each hides each (N, N)."""

    def answer(*actors: Any) -> tuple[Any, Any]:
        simulator = Simulator([make_episode(make_road(), *actors)])
        count = len(actors)
        out = np.zeros((1, count), np.uint8), np.zeros((1, count, count), np.uint8)
        _ask("cpu", 1, out, simulator.world, simulator.state)
        return out[0][0].astype(bool).tolist(), out[1][0].astype(bool)

    return answer


def test_a_car_right_behind_a_car_is_hidden_and_one_that_shows_half_is_not(look, make_actor):
    lead = make_actor(60.0, LANE)
    seen, hides = look(lead, make_actor(120.0, LANE))
    assert seen == [True, False]
    assert hides[0, 1] and not hides[1, 0]
    assert look(lead, make_actor(120.0, LANE + 3.0))[0] == [True, True]


def test_a_lead_that_changes_lanes_uncovers_what_it_occluded(look, make_actor):
    standing = make_actor(120.0, LANE)
    shown = [look(make_actor(60.0, LANE + aside), standing)[0][1] for aside in (0.0, 0.4, 0.8, 1.2, 1.6)]
    assert shown == sorted(shown) and not shown[0] and shown[-1]


def test_tall_vehicles_see_over_low_ones_and_low_ones_occlude_no_tall_one(look, make_actor):
    assert look(make_actor(60.0, LANE), make_actor(120.0, LANE, ACTOR_LORRY))[0] == [True, True]
    assert look(make_actor(60.0, LANE, ACTOR_LORRY), make_actor(120.0, LANE))[0] == [True, False]
    assert look(make_actor(40.0, LANE, ACTOR_CONE), make_actor(60.0, LANE, ACTOR_PEDESTRIAN))[0] == [True, True]


def test_two_actors_that_each_occlude_a_part_occlude_the_whole(look, make_actor):
    behind = make_actor(130.0, LANE, ACTOR_LORRY, height=1.5)
    sides = make_actor(60.0, LANE - 1.0), make_actor(60.0, LANE + 1.0)
    assert all(look(side, behind)[0][1] for side in sides)
    seen, hides = look(*sides, behind)
    assert not seen[2] and not hides[:, 2].any()


def test_an_actor_beside_or_behind_the_ego_is_known_and_occludes_none(look, make_actor):
    beside, behind, ahead = make_actor(21.0, 1.75), make_actor(5.0, LANE), make_actor(80.0, LANE)
    assert look(beside, behind, ahead)[0] == [True, True, True]


def test_the_human_model_evades_a_hidden_car_only_when_it_is_uncovered(drive, make_road, make_episode, make_actor):
    """A lead moves out before a standing car: until then it is driven as if nobody stood there."""
    road = make_road(lanes_forward=2, lanes_backward=2, paved_left=9.0, paved_right=9.0, speed_limit=30.0)
    lead = make_actor(
        64.5, -5.25, motion=MOTION_LANE, start_speed=20.0, desired_speed=20.0, heedless=True, trigger=TRIGGER_TIME,
        trigger_value=5.0, action=ACTION_LATERAL, action_d=-1.75, action_duration=2.5,
    )  # fmt: skip
    fields = {"lane": 1, "start_speed": 20.0, "speed_limit": 20.0}
    hiding = make_episode(road, lead, make_actor(250.0, -5.25), **fields)
    done = drive("human-model", hiding, make_episode(road, lead, **fields), seconds=20.0)
    moves = int(np.flatnonzero(done.actor_d[:, 0, 0] > -5.0)[0])
    np.testing.assert_array_equal(done.actions[:moves, 0], done.actions[:moves, 1])
    aside = np.abs(done.offset).max(axis=0)
    assert aside[0] > 2.0 > 1.0 > aside[1], "it evades what it then sees"
    assert not np.any(done.events & EVENT_COLLISION)


def test_a_driver_that_perceives_late_evades_late(make_road, make_episode, make_actor, drive):
    episode = make_episode(make_road(), make_actor(160.0, -3.2))
    usual = drive("human-model", episode, seconds=12.0)
    late = drive(make_driver("human-model", options={"late": True}), episode, seconds=12.0)
    assert late.driver.awake.all() and usual.driver.awake.all()
    begins = [float(done.s[np.flatnonzero(done.offset[:, 0] > 0.4)[0], 0]) for done in (usual, late)]
    assert begins[1] > begins[0] + 10.0
    assert not np.any(late.events & EVENT_COLLISION)
