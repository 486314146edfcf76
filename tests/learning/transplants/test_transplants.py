"""Copies of a manoeuvre are sound: on the pavement, clear of everyone, as the person drove it, and always the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.learning.recipe import load_recipe
from drive_sim.learning.transplants.encounters import SPEEDS, pass_scene
from drive_sim.learning.transplants.habit import Habit
from drive_sim.learning.transplants.passes import Pass, find_passes
from drive_sim.learning.transplants.scenes import NoSceneError, Scene, lane_scene, scene
from drive_sim.learning.transplants.timed_path import within
from drive_sim.learning.transplants.transplanting import LEAST_GAP, Transplants, transplant
from drive_sim.learning.views.episodes import TRANSPLANTED, SourceEpisode
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.events import FAILURES
from drive_sim.world.roads.road import Road, chain_arcs
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.simulator import CONTROL_PERIOD
from drive_sim.world.state import (
    ACTION_WALK,
    ACTOR_CAR,
    ACTOR_PEDESTRIAN,
    EVENT_COLLISION_VEHICLE,
    TRIGGER_HEADWAY,
    empty_state,
)

SPEED, LIMIT, OBSTACLE = 12.0, 13.0, 200.0
CAR = ActorSpec(kind=ACTOR_CAR, length=4.4, width=1.8, height=1.5, start_s=OBSTACLE, start_d=-2.6)
GAP = 0.9


def straight_road() -> Road:
    """Two lanes of 3.25 m, 600 m long."""
    curvature = np.zeros(600)
    x, y, heading = chain_arcs(curvature, 1.0)
    return Road(
        "straight", "rural", False, 1.0, x, y, heading, curvature, curvature + 3.75, curvature + 3.75, 3.25, 1, 1, 20.0
    )


def drawn(actors: tuple[ActorSpec, ...], offset: np.ndarray, speed: np.ndarray) -> SourceEpisode:
    """An episode of the lane's middle plus ``offset`` at ``speed``, both (T), past actors that stand."""
    road = straight_road()
    world = Episode("made", "train", 0, 1, road, WeatherSpec(), actors, speed_limit=LIMIT, route_length=500.0)
    state = empty_state(len(offset), max(len(actors), 1))
    state.s[:] = 20.0 + np.cumsum(speed) * CONTROL_PERIOD
    state.d[:], state.speed[:], state.x[:], state.element[:] = road.lane_centre(0) + offset, speed, state.s, state.s
    for n, actor in enumerate(actors):
        state.actor_s[:, n], state.actor_x[:, n], state.actor_d[:, n] = actor.start_s, actor.start_s, actor.start_d
    return SourceEpisode(world, CONTROL_PERIOD, state, np.zeros(len(offset), np.int64))


def parked_car(side: float = 1.0) -> SourceEpisode:
    """A parked car passed at `GAP`; ``side`` -1: all of it mirrored about the lane's middle."""
    steps = 800
    s = 20.0 + SPEED * CONTROL_PERIOD * np.arange(1, steps + 1)
    road = straight_road()
    centre = road.lane_centre(0)
    peak = (CAR.start_d - centre) + 0.5 * (CAR.width + BMW_320I.width) + GAP
    bump = np.clip(1.0 - (np.abs(s - OBSTACLE) - 4.0) / 30.0, 0.0, 1.0)
    actor = replace(CAR, start_d=centre + side * (CAR.start_d - centre))
    return drawn((actor,), side * peak * (0.5 - 0.5 * np.cos(np.pi * bump)), np.full(steps, SPEED))


@pytest.fixture(scope="module")
def parked() -> SourceEpisode:
    """A parked car passed on the left."""
    return parked_car()


@pytest.fixture(scope="module")
def made(parked: SourceEpisode) -> Transplants:
    """Some transplants of it."""
    return transplant([parked], 5, 0)


def scenes_of(one: Pass, count: int, seed: int = 0) -> list[Scene]:
    """The scenes that come out of ``count`` draws."""
    habit, found = Habit.fit([one.episode]), []
    for number in range(count):
        try:
            found.append(pass_scene([one], habit, CONTROL_PERIOD, seed, number))
        except NoSceneError:
            continue
    return found


def test_a_pass_tells_what_was_passed_on_which_side_and_how_closely(parked: SourceEpisode) -> None:
    (one,) = find_passes([parked])
    assert (one.kind, one.side, one.standing) == ("car", "right", True)
    assert one.gap == pytest.approx(GAP, abs=0.01)
    assert one.peak == pytest.approx(one.offset.max(), abs=0.01)
    assert one.extent == pytest.approx(CAR.length)
    assert one.x[0] == pytest.approx(-70.0, abs=1.0)
    assert np.all(one.speed == SPEED)


def test_what_is_passed_far_off_or_with_a_failure_is_no_pass(parked: SourceEpisode) -> None:
    far = drawn((replace(CAR, start_d=-6.0),), np.zeros(800), np.full(800, SPEED))
    failed = replace(parked, events=np.full(800, EVENT_COLLISION_VEHICLE))
    assert find_passes([far, failed]) == []


def test_the_habit_is_the_bends_lateral_acceleration_and_sharper_bends_are_driven_slower(
    parked: SourceEpisode,
) -> None:
    steps = 800
    bend = drawn((), np.full(steps, -0.2), np.full(steps, 10.0))
    bend.state.curvature[:] = 0.02
    bend.state.d[:] = 0.0  # so that the lane's curvature is the road's
    habit = Habit.fit([bend])
    assert habit.lateral == pytest.approx(10.0**2 * 0.02)
    hairpin, gentle = habit.speed_at(np.array([1.0 / 8.0, 0.02]), LIMIT, 1.0)
    assert hairpin == pytest.approx(np.sqrt(2.0 * 8.0))
    assert gentle == pytest.approx(10.0)
    assert Habit.fit([parked]).speed_share == pytest.approx(SPEED / LIMIT, abs=0.01)


def test_planned_speeds_brake_before_a_bend_and_speed_up_after_it() -> None:
    speed = within(np.array([20.0] * 60 + [5.0] + [20.0] * 60), acceleration=1.0, deceleration=2.0)
    assert speed[60] == 5.0
    assert speed[50] == pytest.approx(np.sqrt(25.0 + 2.0 * 2.0 * 10.0))
    assert speed[70] == pytest.approx(np.sqrt(25.0 + 2.0 * 1.0 * 10.0))


@pytest.mark.slow
def test_another_obstacle_of_another_size_is_passed_at_the_gap_that_the_person_kept(parked: SourceEpisode) -> None:
    (one,) = find_passes([parked])
    scenes = scenes_of(one, 12)
    assert len({scene.kind for scene in scenes}) > 1
    for copy in scenes:
        (actor,) = copy.world.actors
        d = float(copy.plan.path.at(np.array([actor.start_s]))[0][0])
        gap = abs(d - actor.start_d) - 0.5 * (actor.width + BMW_320I.width)
        assert gap == pytest.approx(GAP, abs=0.12)
        passed_on_the_left = d > actor.start_d
        assert passed_on_the_left == (actor.start_d < copy.world.road.lane_centre(copy.world.lane))


@pytest.mark.slow
def test_copies_are_driven_at_scaled_speeds_on_training_roads(parked: SourceEpisode) -> None:
    (one,) = find_passes([parked])
    slowed = replace(one, speed=np.where(np.abs(one.x) < 15.0, 0.6 * SPEED, SPEED))
    for copy in scenes_of(slowed, 8):
        share = copy.world.speed_limit / LIMIT
        assert 0.6 <= share <= SPEEDS[1]
        assert copy.plan.speed.min() == pytest.approx(0.6 * SPEED * share)
        assert copy.world.split == "train" and copy.world.road.name != "straight"


@pytest.mark.slow
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_mirrored_copy_stays_on_its_own_side_of_a_two_way_road(side: float) -> None:
    (one,) = find_passes([parked_car(side)])
    both = {True: 0, False: 0}
    for copy in scenes_of(one, 16):
        path, lane = copy.plan.path.offset, copy.world.road.lane_centre(copy.world.lane)
        (actor,) = copy.world.actors
        mirrored = bool(side * (actor.start_d - lane) > 0.0)
        both[mirrored] += 1
        if mirrored:
            assert path.max() + 0.5 * BMW_320I.width <= 0.1
    assert both[False] > 0
    assert (both[True] > 0) == (side > 0.0)


def test_a_path_beyond_the_pavement_or_beyond_comfort_is_refused(parked: SourceEpisode) -> None:
    s = np.arange(20.0, 200.0)
    moments = s, np.full(len(s), SPEED)
    with pytest.raises(NoSceneError, match="off the pavement"):
        scene("lane", parked.world, (), s, np.full(len(s), -2.0), moments)
    with pytest.raises(NoSceneError, match="beyond comfort"):
        scene("lane", parked.world, (), s, np.where(s < 110.0, 0.0, 1.0), (s, np.full(len(s), 18.0)))
    with pytest.raises(NoSceneError, match="middle of the road"):
        scene("car", parked.world, (), s, np.full(len(s), 1.2), moments, own_side=True)


def test_lanes_are_kept_on_bends_sharper_than_any_that_was_driven(parked: SourceEpisode) -> None:
    habit = Habit.fit([parked])
    roads = [lane_scene(habit, CONTROL_PERIOD, 0, number).world.road for number in range(12)]
    sharpest = max(float(np.abs(road.curvature).max()) for road in roads)
    assert 1.0 / 13.0 < sharpest <= 1.0 / 7.9


def test_a_walker_reaches_the_lane_at_the_same_headway_on_a_wider_road(parked: SourceEpisode) -> None:
    walker = ActorSpec(
        kind=ACTOR_PEDESTRIAN, length=0.5, width=0.6, height=1.75, start_s=OBSTACLE, start_d=-4.5,
        trigger=TRIGGER_HEADWAY, trigger_value=3.0, action=ACTION_WALK, action_d=5.0, action_speed=1.4,
    )  # fmt: skip
    episode = drawn((walker,), np.zeros(800), np.full(800, SPEED))
    walking = np.clip(episode.state.s - OBSTACLE + 36.0, 0.0, None) / SPEED
    episode.state.actor_d[:, 0] = np.minimum(walker.start_d + 1.4 * walking, 5.0)
    episode.state.actor_timer[:, 0] = walking
    (one,) = find_passes([episode])
    assert (one.kind, one.standing) == ("pedestrian", False)
    for copy in scenes_of(one, 12):
        (actor,) = copy.world.actors
        scale, road = copy.world.speed_limit / LIMIT, copy.world.road
        assert actor.action_speed == pytest.approx(1.4 * scale)
        beyond = max(actor.start_d - road.paved_left[0], -road.paved_right[0] - actor.start_d)
        assert beyond == pytest.approx(0.75)
        far = abs(actor.start_d - road.lane_centre(copy.world.lane))
        arrival = actor.trigger_value - far / actor.action_speed
        assert arrival == pytest.approx((3.0 - (4.5 - 1.625) / 1.4) / scale, abs=1e-6)


@pytest.mark.slow
def test_transplants_touch_nobody_and_stay_on_the_pavement(made: Transplants) -> None:
    assert len(made.episodes) == 5
    assert made.summary["passes"] == {"car on the right": 1}
    assert sum(made.summary["kept"].values()) == 5
    for episode in made.episodes:
        state, road = episode.state, episode.world.road
        assert episode.origin == TRANSPLANTED and episode.world.split == "train"
        assert not np.any(episode.events & FAILURES) and len(episode.learnable())
        for n, actor in enumerate(episode.world.actors):
            reach = 0.5 * (actor.length + BMW_320I.length), 0.5 * (actor.width + BMW_320I.width) + LEAST_GAP
            beside = np.abs(state.actor_s[:, n] - state.s) < reach[0]
            assert not np.any(beside & (np.abs(state.actor_d[:, n] - state.d) < reach[1] - 0.1))
        assert np.all(state.d + 0.5 * BMW_320I.width < road.paved_left[state.element])
        assert np.all(state.d - 0.5 * BMW_320I.width > -road.paved_right[state.element])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_transplants_to_the_bit_and_another_seed_others(
    parked: SourceEpisode, made: Transplants
) -> None:
    again, other = transplant([parked], 5, 0), transplant([parked], 5, 1)
    assert again.summary == made.summary
    for first, second in zip(made.episodes, again.episodes, strict=True):
        assert first.world.road.name == second.world.road.name
        assert all(np.array_equal(a, b) for a, b in zip(first.state, second.state, strict=True))
    roads = [{episode.world.road.name for episode in one.episodes} for one in (made, other)]
    assert roads[0].isdisjoint(roads[1])


@pytest.mark.slow
def test_what_came_too_close_is_thrown_away_and_counted(parked: SourceEpisode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drive_sim.learning.transplants.transplanting.LEAST_GAP", 50.0)
    monkeypatch.setattr("drive_sim.learning.transplants.transplanting.LANE_SHARE", 0.0)
    made = transplant([parked], 1, 0)
    assert made.episodes == [] and made.summary["thrown_away"]["too close"] > 0


def test_transplants_and_their_share_of_the_views_are_given_together(tmp_path: Path) -> None:
    assert load_recipe().settings.transplants == 0
    assert load_recipe(None, {"transplants": 5, "sampling.transplanted": 0.5}).settings.transplants == 5
    for key, value in (("transplants", 5), ("sampling.transplanted", 0.5)):
        with pytest.raises(InputError, match="give both"):
            load_recipe(None, {key: value})
