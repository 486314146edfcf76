"""Scenarios: what every draw of every bundled scenario keeps to, and every way in which a file can be bad."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from drive_sim.errors import InputError
from drive_sim.world.careful_drive import careful_drive, speed_for_sight
from drive_sim.world.encounters import GENTLE_DECELERATION
from drive_sim.world.episode import ActorSpec, Episode, stack_episodes
from drive_sim.world.road import Road, chain_arcs
from drive_sim.world.road_generator import generate_road
from drive_sim.world.road_import import load_road
from drive_sim.world.scenario import SPLITS, list_scenarios, load_scenario, scenario_for_road
from drive_sim.world.scenario_files import actor_kinds, weather_domains
from drive_sim.world.scenario_schema import MOST_ACTORS
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_WALK,
    ACTOR_CONE,
    ACTOR_DEBRIS,
    ACTOR_PEDESTRIAN,
    MOTION_LANE,
    MOTION_STATIC,
    TRIGGER_HEADWAY,
    TRIGGER_OWN_HEADWAY,
)

LANE_KEEPING = [f"lane-keeping/{name}" for name in ("motorway", "mountain", "rural", "urban")]
WEATHERED = tuple(name.replace("lane-keeping", "weather") for name in LANE_KEEPING)
IN_THE_LANE = ("parked-car", "broken-down-car", "cones", "debris")
OBSTACLES = [
    f"obstacle-avoidance/{name}"
    for name in (
        *IN_THE_LANE, "braking-lead", "broken-down-lorry", "crossing-pedestrian", "cut-in", "cut-out", "cyclist",
        "double-parked", "mixed", "narrow-gap", "oncoming-overtaker", "oncoming-traffic", "slow-lead",
        "walking-pedestrian",
    )
]  # fmt: skip
PRESCRIBED = ("alks", "ncap")
"""Suites whose starts are prescribed by others: `test_prescribed_starts.py` is about them."""
EGO_WIDTH, EGO_LENGTH = 1.61, 4.51
DRAWS = range(12)


@pytest.fixture(scope="module")
def episodes() -> dict[tuple[str, str], list[Episode]]:
    """A dozen draws of every bundled scenario whose starts are our own."""
    return {
        (split, name): [scenario.draw(number) for number in DRAWS]
        for split in SPLITS
        for name in list_scenarios(split)
        if not name.startswith(PRESCRIBED)
        for scenario in [load_scenario(name, split)]
    }


def scored(episode: Episode) -> list[ActorSpec]:
    return [actor for actor in episode.actors if actor.demands_reaction]


def test_the_suites_are_complete_in_every_split() -> None:
    for split in SPLITS:
        assert list_scenarios(split, "lane-keeping") == sorted(LANE_KEEPING)
        assert list_scenarios(split, "obstacle-avoidance") == sorted(OBSTACLES)
    assert list_scenarios("test", "weather") == sorted(WEATHERED)
    prescribed = [name for suite in PRESCRIBED for name in list_scenarios("test", suite)]
    assert list_scenarios() == sorted([*LANE_KEEPING, *OBSTACLES, *WEATHERED, *prescribed])


def test_a_draw_is_the_same_whatever_was_drawn_before() -> None:
    scenario = load_scenario("obstacle-avoidance/mixed", "test")
    in_order = [scenario.draw(number) for number in range(5)]
    again = load_scenario("obstacle-avoidance/mixed", "test").draw(4)
    assert again.actors == in_order[4].actors and again.weather == in_order[4].weather
    assert np.array_equal(again.road.x, in_order[4].road.x)
    assert (again.seed, again.start_speed, again.route_length) == (
        in_order[4].seed,
        in_order[4].start_speed,
        in_order[4].route_length,
    )


def test_no_two_episodes_of_any_split_share_a_seed_or_a_road(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    everything = [episode for draws in episodes.values() for episode in draws]
    assert len({episode.seed for episode in everything}) == len(everything)
    assert len({(episode.road.road_class, episode.road.seed) for episode in everything}) == len(everything)


def test_weathers_and_road_classes_take_turns() -> None:
    scenario = load_scenario("obstacle-avoidance/parked-car", "test")
    for first in (0, 137):
        drawn = [scenario.draw(number) for number in range(first, first + 40)]
        for weather in ("dry", "rain", "fog", "night"):
            assert 8 <= sum(episode.weather.name == weather for episode in drawn) <= 12
        assert 18 <= sum(episode.road.road_class == "rural" for episode in drawn) <= 22
        both = [(episode.weather.name, episode.road.road_class) for episode in drawn]
        assert min(both.count(pair) for pair in set(both)) >= 2 and len(set(both)) == 8


def test_test_draws_from_wider_ranges_than_train() -> None:
    for name in [*LANE_KEEPING, *OBSTACLES]:
        train, validation, test = (load_scenario(name, split).definition for split in SPLITS)
        assert validation == train
        assert test != train and test.purpose == train.purpose
    narrow, wide = (
        load_scenario("obstacle-avoidance/parked-car", split).definition.encounters["parked-car"]
        for split in ("train", "test")
    )
    assert wide.actors["car"].at.blocks is not None and narrow.actors["car"].at.blocks is not None
    assert wide.actors["car"].at.blocks[0] < narrow.actors["car"].at.blocks[0]
    assert wide.actors["car"].at.blocks[1] > narrow.actors["car"].at.blocks[1]


def test_every_episode_can_begin(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for (_, name), draws in episodes.items():
        for episode in draws:
            road = episode.road
            assert len(episode.actors) <= MOST_ACTORS
            assert episode.start_s + episode.route_length < road.length, "the road goes on beyond the route"
            assert 0.0 < episode.start_speed <= episode.speed_limit <= road.speed_limit + 1e-9
            bend = np.abs(road.curvature[: int((episode.start_s + 2.0) / road.step)]).max()
            assert episode.start_speed**2 * bend <= 2.5, "not too fast for the first curve"
            assert episode.time_limit > 1.5 * episode.route_length / episode.speed_limit, name
            for actor in episode.actors:
                assert 0.0 < actor.start_s < road.length
                assert abs(actor.start_s - episode.start_s) > 15.0, "nobody stands on top of the ego"
    stack_episodes([draws[0] for draws in episodes.values()], slots=MOST_ACTORS)


def test_actors_do_not_begin_inside_each_other(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for draws in episodes.values():
        for episode in draws:
            for i, a in enumerate(episode.actors):
                for b in episode.actors[i + 1 :]:
                    along = abs(a.start_s - b.start_s) - 0.5 * (a.length + b.length)
                    across = abs(a.start_d - b.start_d) - 0.5 * (a.width + b.width)
                    assert along > 0.0 or across > 0.0, episode.scenario


def test_lane_keeping_demands_no_reaction_and_obstacle_avoidance_does(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    for (_, name), draws in episodes.items():
        for episode in draws:
            if name in LANE_KEEPING or name in WEATHERED:
                assert not scored(episode)
            elif name.endswith("mixed"):
                assert 2 <= len(scored(episode)) <= 3
            elif name.endswith("double-parked"):
                assert len(scored(episode)) == 2
            else:
                assert len(scored(episode)) == 1


def test_what_stands_in_the_lane_can_be_passed(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    """It reaches into the lane, and to its left there is a car's width and 80 cm to either side."""
    for (_, name), draws in episodes.items():
        if not name.endswith(IN_THE_LANE):
            continue
        for episode in draws:
            (actor,) = scored(episode)
            road = episode.road
            lane_right = road.lane_centre(episode.lane) - 0.5 * road.lane_width
            assert actor.motion == MOTION_STATIC
            assert actor.start_d + 0.5 * actor.width > lane_right + 0.3
            free = road.paved_left[0] - (actor.start_d + 0.5 * actor.width)
            assert free > EGO_WIDTH + 1.6
            assert all(other.direction == 1 and other.motion == MOTION_STATIC for other in episode.actors)
            # How far the ego has to move over, passing at half a metre.
            offset = actor.start_d + 0.5 * actor.width + 0.5 + 0.5 * EGO_WIDTH - road.lane_centre(episode.lane)
            assert -0.5 < offset < 2.3


def test_what_stands_in_the_lane_is_seen_in_time(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for (_, name), draws in episodes.items():
        if not name.endswith((*IN_THE_LANE, "crossing-pedestrian")):
            continue
        for episode in draws:
            road, (actor, *_) = episode.road, scored(episode)
            first = min(other.start_s for other in episode.actors)
            assert 80.0 <= first - episode.start_s <= 351.0
            x, y, _ = road.point(first, 0.0)
            for distance in (70.0, 50.0):
                eye_x, eye_y, heading = road.point(max(first - distance, episode.start_s), 0.0)
                bearing = math.atan2(y - eye_y, x - eye_x) - heading
                assert abs(math.remainder(bearing, 2.0 * math.pi)) < math.radians(21.0)
            near = slice(int((first - 20.0) / road.step), int((first + 20.0) / road.step))
            assert np.abs(road.curvature[near]).max() < 1.0 / 149.0
            stopping = episode.speed_limit + episode.speed_limit**2 / 8.0
            assert stopping < 70.0, "a driver who reacts in 1 s and brakes with 4 m/s² can stop"
            assert actor.start_s < episode.start_s + episode.route_length - 40.0


def test_a_pedestrian_crosses_so_that_one_can_brake_gently_and_drive_on(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    sides = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/crossing-pedestrian"]:
            (walker,) = scored(episode)
            assert (walker.kind, walker.action, walker.trigger) == (ACTOR_PEDESTRIAN, ACTION_WALK, TRIGGER_HEADWAY)
            edge = episode.road.paved_left[0]
            assert abs(walker.start_d) > edge + 0.4 and abs(walker.action_d) > edge + 1.0
            assert walker.start_d * walker.action_d < 0.0, "to the other side"
            reaction_left = walker.trigger_value - 1.0
            assert episode.speed_limit / (2.0 * reaction_left) <= GENTLE_DECELERATION + 1e-9
            # An ego that keeps its speed would come while the walker is near its lane.
            at = walker.start_d + math.copysign(walker.trigger_value * walker.action_speed, walker.action_d)
            assert abs(at - episode.road.lane_centre(0)) < 0.5 * episode.road.lane_width + 2.2
            sides.add(walker.start_d > 0.0)
    assert sides == {True, False}


def test_leads_are_slower_and_in_the_lane(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/slow-lead"]:
            (lead,) = scored(episode)
            assert 0.37 < lead.start_speed / episode.speed_limit < 0.73
            assert abs(lead.start_d - episode.road.lane_centre(episode.lane)) < 0.4
            assert lead.motion == MOTION_LANE and lead.desired_speed == lead.start_speed
            # The ego catches up well before the end.
            gap = lead.start_s - episode.start_s
            assert gap / (1.0 - lead.start_speed / episode.speed_limit) < 1.1 * (episode.route_length + 60.0)
        for episode in episodes[split, "obstacle-avoidance/braking-lead"]:
            (lead,) = scored(episode)
            gap = lead.start_s - episode.start_s - 0.5 * (lead.length + EGO_LENGTH)
            assert gap / episode.speed_limit > 0.7, "a headway that leaves time"
            assert lead.action_speed < 0.6 * lead.start_speed and 3.0 <= lead.action_rate <= 5.0
            assert lead.trigger_value * lead.start_speed < 0.9 * episode.route_length, "it brakes before the end"


def test_a_car_cuts_in_from_the_lane_beside(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cut-in"]:
            (other,) = scored(episode)
            ego = episode.road.lane_centre(episode.lane)
            assert abs(other.start_d - ego) == pytest.approx(episode.road.lane_width, abs=0.21)
            assert other.action == ACTION_LATERAL and abs(other.action_d - ego) <= 0.2
            closing = episode.speed_limit - other.start_speed
            gap = other.trigger_value * episode.speed_limit - EGO_LENGTH - 0.5 * other.length
            assert closing > 0.0 and closing**2 / (2.0 * (gap - 0.5 * closing)) < 4.0, "4 m/s² suffice"


def test_oncoming_cars_do_not_meet_the_ego_at_the_parked_car(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    seen = {"parked": 0, "drifting": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/oncoming-traffic"]:
            (demanding,) = scored(episode)
            if demanding.action == ACTION_LATERAL:
                seen["drifting"] += 1
                assert demanding.direction == -1
                intrusion = 0.5 * demanding.width - demanding.action_d
                assert 0.6 < intrusion < 1.0
                room = episode.road.paved_right[0] - intrusion - EGO_WIDTH
                assert room > 0.6, "enough to its right"
                continue
            seen["parked"] += 1
            drive = careful_drive(episode.road, episode.start_s, episode.route_length, episode.speed_limit)
            passing = drive.time_at(demanding.start_s)
            oncoming = [actor for actor in episode.actors if actor.direction == -1]
            assert oncoming
            for car in oncoming:
                there = (car.start_s - demanding.start_s) / car.start_speed
                assert abs(there - passing) > 6.0
    assert min(seen.values()) >= 5


def test_a_row_of_cones_leads_into_the_lane_and_counts_once(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cones"]:
            cones = episode.actors
            assert 4 <= len(cones) <= 6 and all(cone.kind == ACTOR_CONE for cone in cones)
            reach = [cone.start_d + 0.5 * cone.width for cone in cones]
            assert all(later > earlier for earlier, later in pairwise(reach))
            assert [cone.demands_reaction for cone in cones] == [False] * (len(cones) - 1) + [True]


def lane_edges(episode: Episode) -> tuple[float, float]:
    """d [m] of the right and left edge of the ego's lane."""
    centre, half = episode.road.lane_centre(episode.lane), 0.5 * episode.road.lane_width
    return centre - half, centre + half


def room_beside(episode: Episode, actor: ActorSpec) -> tuple[float, float]:
    """Pavement [m] to the right and to the left of where an actor begins, as wide as its corners at any yaw reach."""
    reach = 0.5 * (abs(math.cos(actor.yaw_offset)) * actor.width + abs(math.sin(actor.yaw_offset)) * actor.length)
    road = episode.road
    return actor.start_d - reach + road.paved_right[0], road.paved_left[0] - actor.start_d - reach


def test_a_broken_down_lorry_leaves_a_side_to_pass_on(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    seen = {"right": 0, "left": 0, "near": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/broken-down-lorry"]:
            (lorry,) = scored(episode)
            near = lorry.start_s - episode.start_s < 75.0
            seen["near" if near else "right" if lorry.direction == 1 else "left"] += 1
            right, left = room_beside(episode, lorry)
            assert (left > EGO_WIDTH + 0.8) if lorry.direction == 1 else (right > EGO_WIDTH + 0.35)
            distance = lorry.start_s - episode.start_s - 0.5 * (lorry.length + EGO_LENGTH)
            assert episode.start_speed + episode.start_speed**2 / 11.0 < distance, "one can stop in 1 s and at 5.5 m/s²"
    assert min(seen.values()) >= 5


def test_who_cuts_out_leaves_the_lane_in_time_and_uncovers_a_standing_car(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cut-out"]:
            (standing,) = scored(episode)
            (lead,) = (actor for actor in episode.actors if not actor.demands_reaction)
            ego = episode.road.lane_centre(episode.lane)
            assert standing.motion == MOTION_STATIC and abs(standing.start_d - ego) <= 0.5
            assert episode.start_s < lead.start_s < standing.start_s - 80.0
            assert lead.heedless and lead.trigger == TRIGGER_OWN_HEADWAY
            assert abs(lead.action_d - ego) == pytest.approx(episode.road.lane_width, abs=0.21)
            # A half cosine: the share of the way that takes it out of the standing car's width.
            share = (0.5 * (lead.width + standing.width) + 0.1 + abs(standing.start_d - ego)) / episode.road.lane_width
            clear = lead.action_duration * math.acos(1.0 - 2.0 * min(share, 1.0)) / math.pi
            assert clear < lead.trigger_value, "nobody is hit but by the ego"
            # An ego that follows at 1.4 s or more sees the standing car when the lead begins to move over.
            headway = lead.trigger_value + 1.4
            speed = lead.start_speed
            assert speed / (2.0 * (headway - 1.0)) < 5.0, "and can stop"


def test_an_oncoming_overtaker_gets_back_or_leaves_room_to_the_right(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    seen = {"in time": 0, "too late": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/oncoming-overtaker"]:
            (overtaker,) = scored(episode)
            (overtaken,) = (actor for actor in episode.actors if not actor.demands_reaction)
            assert overtaken.direction == overtaker.direction == -1 and overtaken.start_s < overtaker.start_s
            assert overtaken.start_speed < 0.6 * overtaker.start_speed
            right, left = lane_edges(episode)
            intrusion = left - (overtaker.action_d - 0.5 * overtaker.width)
            assert overtaker.next_d - 0.5 * overtaker.width > left - 0.25, "it means to go back"
            if intrusion > 1.0:
                seen["in time"] += 1
                assert overtaker.action_d - 0.5 * overtaker.width > right
                # Met by an ego that is 2 s late, it has long begun to go back.
                assert overtaker.next_after < 5.0
            else:
                seen["too late"] += 1
                assert episode.road.paved_right[0] - intrusion > EGO_WIDTH + 0.6
                aside = overtaken.start_d - overtaker.action_d - 0.5 * (overtaken.width + overtaker.width)
                assert aside > 0.3, "and whoever is overtaken is not touched"
    assert min(seen.values()) >= 5


def test_who_walks_along_the_road_can_be_passed(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    seen = {"same way": 0, "towards us": 0, "late": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/walking-pedestrian"]:
            (walker,) = scored(episode)
            assert walker.kind == ACTOR_PEDESTRIAN and walker.motion == MOTION_LANE and walker.heedless
            assert 0.9 < walker.start_speed < 2.0
            right, left = lane_edges(episode)
            assert right - 0.7 < walker.start_d < right + 1.2, "at the lane's right edge"
            if walker.action == ACTION_WALK:
                seen["late"] += 1
                assert walker.action_d > left and walker.trigger_value < 2.6
            else:
                seen["same way" if walker.direction == 1 else "towards us"] += 1
                assert room_beside(episode, walker)[1] > EGO_WIDTH + 2.0
    assert min(seen.values()) >= 5


def test_a_cyclist_is_slow_enough_to_be_overtaken(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    company = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cyclist"]:
            (cyclist,) = scored(episode)
            assert cyclist.start_speed < 0.6 * 0.97 * episode.speed_limit
            assert cyclist.start_d < episode.road.lane_centre(episode.lane), "rides on the right"
            assert room_beside(episode, cyclist)[1] > EGO_WIDTH + 2.5
            caught = (cyclist.start_s - episode.start_s) / (1.0 - cyclist.start_speed / episode.speed_limit)
            assert caught < episode.route_length - 60.0, "before the end"
            company.add(any(actor.direction == -1 for actor in episode.actors))
    assert company == {True, False}


def test_cars_parked_on_both_sides_are_apart_enough_to_wind_through(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/double-parked"]:
            first, opposite, third = sorted(episode.actors, key=lambda actor: actor.start_s)
            assert first.demands_reaction and third.demands_reaction and not opposite.demands_reaction
            for actor, later in pairwise((first, opposite, third)):
                assert later.start_s - actor.start_s - 0.5 * (actor.length + later.length) > 12.0
            assert room_beside(episode, first)[1] > EGO_WIDTH + 1.6
            assert room_beside(episode, opposite)[0] > EGO_WIDTH + 0.8
            assert room_beside(episode, third)[1] > EGO_WIDTH + 1.6


def test_a_narrow_gap_is_a_car_and_half_a_metre_on_either_side(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    kinds = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/narrow-gap"]:
            (marked,) = scored(episode)
            right = [a for a in episode.actors if a.start_d < episode.road.lane_centre(episode.lane)]
            left = [a for a in episode.actors if a not in right]
            edge = max(room_beside(episode, actor)[0] + actor.width for actor in right)
            gap = min(room_beside(episode, actor)[0] for actor in left) - edge
            assert marked in right and 0.45 < 0.5 * (gap - EGO_WIDTH) < 0.8
            # Whoever keeps to the lane's middle comes too near on the right.
            _, lane_left = lane_edges(episode)
            assert max(a.start_d + 0.5 * a.width for a in right) > lane_left - 0.5 * episode.road.lane_width - 1.0
            kinds.add(marked.kind)
    assert ACTOR_CONE in kinds and len(kinds) >= 2


def test_an_episode_says_when_nobody_could_pass(tmp_path: Path) -> None:
    assert not load_scenario(write(tmp_path, GOOD)).draw(0).unavoidable
    assert load_scenario(write(tmp_path, "unavoidable = true\n" + GOOD)).draw(0).unavoidable


def test_mixed_drives_bring_different_obstacles_apart_from_each_other(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    kinds = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/mixed"]:
            places = sorted(actor.start_s for actor in scored(episode))
            assert all(later - earlier > 75.0 for earlier, later in pairwise(places))
            kinds |= {actor.kind for actor in scored(episode)}
    assert {ACTOR_CONE, ACTOR_DEBRIS, ACTOR_PEDESTRIAN} < kinds


def test_weathers_are_what_their_names_say(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for draws in episodes.values():
        for episode in draws:
            weather = episode.weather
            assert (weather.name == "night") == (weather.night > 0.5)
            assert (
                (weather.name == "rain") == (weather.rain > 0.0) == (weather.friction < 0.76 and weather.wetness > 0.4)
            )
            assert (weather.name == "fog") == (weather.fog_visibility < 300.0)
            for colour in (weather.asphalt, weather.verge, weather.sky, weather.horizon):
                assert len(colour) == 3 and all(0.0 <= channel <= 1.0 for channel in colour)
            sight = min(weather.fog_visibility, weather_domains()[weather.name].sight[1])
            assert episode.speed_limit <= speed_for_sight(sight) + 1e-9


def test_stopping_within_sight() -> None:
    speed = speed_for_sight(60.0)
    assert speed * 1.0 + speed**2 / (2.0 * 4.0) == pytest.approx(60.0)


def test_a_careful_driver_slows_down_before_a_curve_and_not_in_it() -> None:
    curvature = np.where((np.arange(600) >= 300) & (np.arange(600) < 340), 1.0 / 20.0, 0.0)
    x, y, heading = chain_arcs(curvature, 1.0)
    paved = np.full(600, 4.0)
    road = Road("bend", "rural", False, 1.0, x, y, heading, curvature, paved, paved, 3.25, 1, 1, 20.0)
    drive = careful_drive(road, 0.0, 550.0, 15.0)
    in_curve = math.sqrt(2.0 * 20.0)
    assert drive.speed_at(100.0) == pytest.approx(15.0)
    assert drive.speed_at(301.0) == pytest.approx(in_curve, abs=0.05)
    assert drive.speed_at(338.0) == pytest.approx(in_curve, abs=0.05)
    # 30 m before it, v² = v_c² + 2 a s.
    assert drive.speed_at(270.0) == pytest.approx(math.sqrt(in_curve**2 + 2.0 * 1.5 * 30.0), abs=0.15)
    assert drive.time_at(100.0) == pytest.approx(100.0 / 15.0)


def test_driving_an_imported_road_is_a_whole_lap(shared_data: Path) -> None:
    road = load_road(shared_data / "roads_csv" / "Monza.csv")
    episode = scenario_for_road(road, weather="rain").draw(0)
    assert episode.scenario == "real-roads/Monza" and episode.split == "test"
    assert episode.route_length == road.length and not episode.actors
    assert episode.weather.name == "rain"
    assert episode.time_limit > 3.0 * road.length / road.speed_limit


def test_driving_an_open_road_ends_before_it_does() -> None:
    road = generate_road("rural", 4, 600.0)
    scenario = scenario_for_road(road, speed_limit=10.0)
    episode = scenario.draw(3)
    assert episode.start_s + episode.route_length == pytest.approx(road.length - 5.0)
    assert episode.speed_limit == 10.0 and episode.road is road
    with pytest.raises(InputError, match="there is no weather 'hail'"):
        scenario_for_road(road, weather="hail")


def test_negative_numbers_are_programming_mistakes() -> None:
    with pytest.raises(ValueError, match="numbered from 0"):
        load_scenario("lane-keeping/rural").draw(-1)


def test_actor_sizes_are_known_for_every_kind() -> None:
    assert {"car", "lorry", "bus", "motorcycle", "cyclist", "pedestrian", "cone", "debris"} == set(actor_kinds())


GOOD = """
purpose = "Keep the lane for a test."
good_driver = "Keeps the lane."
weather = { dry = 1.0 }
route_length = 200.0
run_out = 60.0

[road]
classes = { rural = 1.0 }

[encounters.car]
position = [90.0, 120.0]

[encounters.car.actors.car]
kind = "car"
at = { place = "right-of-lane", blocks = 0.8 }
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own_is_drawn_as_the_bundled_ones_are(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD))
    episode = scenario.draw(0)
    assert scenario.name == f"{tmp_path.name}/mine" and episode.weather.name == "dry"
    assert len(episode.actors) == 1 and 60.0 < episode.route_length < 200.0
    assert load_scenario(str(scenario_path := write(tmp_path, GOOD)), "test").draw(0).seed != episode.seed
    assert load_scenario(scenario_path).draw(0).seed == episode.seed


def test_a_scenario_on_a_road_from_a_file(tmp_path: Path) -> None:
    angle = np.linspace(0.0, 2.0 * math.pi, 200, endpoint=False)
    rows = [f"{120.0 * math.cos(a):.4f},{80.0 * math.sin(a):.4f},4.5,4.5" for a in angle]
    write(tmp_path, "\n".join(["# x_m,y_m,w_tr_right_m,w_tr_left_m", *rows]), "loop.csv")
    text = GOOD.replace("classes = { rural = 1.0 }", 'file = "loop.csv"').replace("route_length = 200.0\n", "")
    scenario = load_scenario(write(tmp_path, text))
    first, second = scenario.draw(0), scenario.draw(1)
    assert first.road is second.road and first.road.name == "loop"
    assert first.actors[0].start_s != second.actors[0].start_s


def test_children_change_what_they_name_and_keep_the_rest(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    child = 'extends = "mine.toml"\n[encounters.car.actors.car.at]\nblocks = [1.0, 1.5]\n[ego]\noffset = 0.5\n'
    definition = load_scenario(write(tmp_path, child, "child.toml")).definition
    parent = load_scenario(tmp_path / "mine.toml").definition
    assert definition.encounters["car"].actors["car"].at.blocks == (1.0, 1.5)
    assert definition.ego.offset == (0.5, 0.5)
    assert definition.encounters["car"].position == parent.encounters["car"].position
    two = 'extends = ["train/obstacle-avoidance/debris", "mine.toml"]\n'
    assert set(load_scenario(write(tmp_path, two, "two.toml")).definition.encounters) == {"car", "debris"}


def test_a_child_can_choose_another_alternative_than_its_parent(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    child = """
    extends = "mine.toml"
    weather = { fog = 1.0 }
    [road]
    classes = { urban = 1.0 }
    [encounters.car.actors.car.at]
    place = "lane"
    offset = 0.2
    """
    definition = load_scenario(write(tmp_path, child, "child.toml")).definition
    assert definition.weather == {"fog": 1.0} and definition.road.classes == {"urban": 1.0}
    spot = definition.encounters["car"].actors["car"].at
    assert (spot.place, spot.offset, spot.blocks) == ("lane", (0.2, 0.2), None)


def test_a_bundled_file_given_by_path_keeps_its_name_and_split(repository: Path) -> None:
    path = repository / "scenarios" / "test" / "lane-keeping" / "urban.toml"
    by_path, by_name = load_scenario(path), load_scenario("lane-keeping/urban", "test")
    assert (by_path.name, by_path.split) == (by_name.name, by_name.split)
    assert by_path.draw(2).seed == by_name.draw(2).seed


BAD_SCENARIOS = {
    "not TOML": (GOOD + "\nmotorway =", "is not TOML"),
    "an unknown key": (GOOD.replace("run_out", "runout"), "runout: is not a known key; remove it"),
    "an unknown key far down": (GOOD.replace("blocks", "block"), "encounters.car.actors.car.at.block: is not a known"),
    "no purpose": (GOOD.replace("purpose =", "#"), "purpose: is missing; add it"),
    "a purpose of a word": (GOOD.replace("Keep the lane for a test.", "test"), "purpose: string should have at least"),
    "an unknown weather": (GOOD.replace("dry", "hail"), "there is no weather 'hail'; choose from dry"),
    "no weather": (GOOD.replace("dry = 1.0", ""), "weather: the weights leave nothing to draw"),
    "a negative weight": (GOOD.replace("dry = 1.0", "dry = -1.0"), "weather: the weights leave nothing to draw"),
    "an unknown road class": (GOOD.replace("rural", "canal"), "road: there is no road class canal; choose from"),
    "class and file": (GOOD.replace("[road]", '[road]\nfile = "x.csv"'), "road: give either classes or file"),
    "a file that is missing": (GOOD.replace("classes = { rural = 1.0 }", 'file = "x.csv"'), "x.csv: does not exist"),
    "a range upside down": (GOOD.replace("[90.0, 120.0]", "[120.0, 90.0]"), "position: [120, 90] runs downwards"),
    "a range of three": (GOOD.replace("[90.0, 120.0]", "[90.0, 100.0, 120.0]"), "encounters.car.position"),
    "text for a number": (GOOD.replace("200.0", '"far"'), "route_length"),
    "not a finite number": (GOOD.replace("200.0", "inf"), "finite"),
    "a length of nothing": (GOOD.replace("200.0", "0.0"), "route_length: 0 is not positive"),
    "no end": (GOOD.replace("route_length = 200.0\nrun_out = 60.0", ""), "the drive has no end"),
    "no run-out": (GOOD.replace("run_out = 60.0", ""), "encounters need run_out"),
    "an unknown kind": (GOOD.replace('"car"', '"tank"'), "there is no kind 'tank'; choose from car, lorry"),
    "an unknown place": (GOOD.replace("right-of-lane", "pavement"), "at.place"),
    "the wrong distance": (GOOD.replace("blocks", "offset"), "offset says nothing about right-of-lane; give blocks"),
    "no distance": (GOOD.replace(", blocks = 0.8", ""), "right-of-lane needs blocks or leaves; add it"),
    "a trigger without action": (GOOD + 'when = { by = "time", value = 3.0 }\n', "when and then belong together"),
    "a walk without a speed": (
        GOOD + 'when = { by = "time", value = 3.0 }\nthen = { do = "walk", to = { place = "lane" } }\n',
        "then: a walk needs a speed above 0",
    ),
    "a cone on wheels": (
        GOOD.replace('kind = "car"', 'kind = "cone"\nspeed = 1.0'),
        "go along the road; give others a walk",
    ),
    "two distances": (GOOD.replace("0.8", "0.8, leaves = 2.5"), "blocks and leaves are both given; keep one"),
    "room left in the lane's middle": (
        GOOD.replace('"right-of-lane", blocks = 0.8', '"lane", leaves = 2.5'),
        "leaves says nothing about lane; give offset",
    ),
    "a second action alone": (
        GOOD + 'next = { after = 2.0, do = "speed", speed = 3.0 }\n',
        "next follows then, which is missing; add when and then",
    ),
    "a second action at no time": (
        GOOD
        + 'when = { by = "time", value = 3.0 }\nthen = { do = "speed", speed = 3.0 }\n'
        + 'next = { do = "speed", speed = 0.0 }\n',
        "next.after: is missing; add it",
    ),
    "heedless and parked": (GOOD + "heedless = true\n", "are for actors that move along the road; add a speed"),
    "its own headway, standing": (
        GOOD + 'when = { by = "own-headway", value = 2.0 }\nthen = { do = "speed", speed = 3.0 }\n',
        "are for actors that move along the road; add a speed",
    ),
    "a second lane that is not there": (
        GOOD.replace('kind = "car"', 'kind = "car"\nspeed = 5.0')
        + 'when = { by = "time", value = 3.0 }\nthen = { do = "speed", speed = 3.0 }\n'
        + 'next = { after = 1.0, do = "lateral", to = { place = "adjacent" } }\n',
        "there is no adjacent lane",
    ),
    "too many actors": (GOOD + "count = [2, 9]\n", "9 actors are too many"),
    "a count upside down": (GOOD + "count = [3, 2]\n", "count does not run"),
    "no lane beside": (
        GOOD.replace('"right-of-lane", blocks = 0.8', '"adjacent"'),
        "encounters.car.actors.car: there is no adjacent lane",
    ),
    "more picked than there are": (
        GOOD.replace("run_out", "pick = [1, 2]\nspacing = 100.0\nrun_out"),
        "pick does not fit 1 encounters",
    ),
    "a parent that is missing": ('extends = "train/none"\n' + GOOD, "extends: there is no scenario 'train/none'"),
    "a parent that is a number": ("extends = 3\n" + GOOD, "extends: is not a name"),
    "its own parent": ('extends = "mine.toml"\n' + GOOD, "extend each other: mine -> mine"),
}


@pytest.mark.parametrize("case", BAD_SCENARIOS)
def test_a_bad_scenario_is_refused_in_one_line_that_says_where(case: str, tmp_path: Path) -> None:
    text, expected = BAD_SCENARIOS[case]
    with pytest.raises(InputError) as caught:
        load_scenario(write(tmp_path, text))
    message = str(caught.value)
    assert message.startswith(str(tmp_path)) and expected in message, message
    assert "\n" not in message and "; " in message


def test_parents_that_extend_each_other_are_named(tmp_path: Path) -> None:
    write(tmp_path, 'extends = "b.toml"\n' + GOOD, "a.toml")
    path = write(tmp_path, 'extends = "a.toml"\n' + GOOD, "b.toml")
    with pytest.raises(InputError, match="b -> a -> b"):
        load_scenario(path)


def test_a_parents_mistake_is_named_in_the_parent(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("rural", "canal"))
    with pytest.raises(InputError, match=r"mine\.toml: road: there is no road class canal"):
        load_scenario(write(tmp_path, 'extends = "mine.toml"\n', "child.toml"))


def test_names_that_do_not_exist_list_those_that_do() -> None:
    with pytest.raises(InputError, match=r"is no train scenario; choose one of: .*lane-keeping/rural"):
        load_scenario("lane-keeping/canal")
    with pytest.raises(InputError, match="there is no split 'exam'; choose train, validation, test"):
        load_scenario("lane-keeping/rural", "exam")


def test_what_is_no_scenario_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name, expected in (
        ("folder.toml", "is a folder"),
        ("binary.toml", "is not text"),
        ("missing.toml", "does not exist"),
    ):
        with pytest.raises(InputError, match=expected):
            load_scenario(tmp_path / name)


def test_a_road_without_a_fitting_place_gets_the_least_bad_one(tmp_path: Path) -> None:
    """On a circle of 40 m nothing lies straight ahead: the encounter is placed all the same."""
    curvature = np.full(250, 1.0 / 40.0)
    step = 2.0 * math.pi * 40.0 / 250
    x, y, heading = chain_arcs(curvature, step)
    paved = np.full(250, 4.5)
    circle = Road("circle", "track", True, step, x, y, heading, curvature, paved, paved, 3.5, 1, 1, 20.0)
    text = GOOD.replace("position = [90.0, 120.0]", "position = [90.0, 120.0]\nsight = 70.0\nsmallest_radius = 150.0")
    scenario = replace(load_scenario(write(tmp_path, text)), road=circle)
    assert len(scenario.draw(0).actors) == 1


@pytest.mark.parametrize("weather", ["dusk", "low-sun", "snow", "worn"])
def test_weather_that_is_for_test_only_is_refused_everywhere_else(weather: str, tmp_path: Path) -> None:
    assert weather_domains()[weather].splits == ("test",)
    road = load_scenario("lane-keeping/rural").draw(0).road
    assert scenario_for_road(road, weather, "test").draw(0).weather.name == weather
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "train/lane-keeping/rural"\nweather = {{ {weather} = 1.0 }}\n')
    for attempt in (lambda: load_scenario(file), lambda: scenario_for_road(road, weather, "train")):
        with pytest.raises(InputError, match=f"weather: {weather} is for test scenarios only, not for train"):
            attempt()
    for name in list_scenarios("train") + list_scenarios("validation"):
        for split in ("train", "validation"):
            if name in list_scenarios(split):
                assert weather not in load_scenario(name, split).definition.weather
