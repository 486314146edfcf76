"""Scenarios: what every draw of every bundled scenario keeps to."""

import math

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.world.roads.careful_speed import careful_drive, speed_for_sight
from drive_sim.world.roads.csv_import import load_road
from drive_sim.world.roads.generator import generate_road
from drive_sim.world.roads.road import Road, chain_arcs
from drive_sim.world.scenarios.episode import Episode, build_world
from drive_sim.world.scenarios.files import actor_kinds, weather_domains
from drive_sim.world.scenarios.scenario import SPLITS, list_scenarios, load_scenario, scenario_for_road
from drive_sim.world.scenarios.schema import MOST_ACTORS
from tests.data.circuits import FOLDER

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
CRITICAL = [f"critical/{name}" for name in ("standing", "crossing", "braking-lead", "cut-in", "cut-out")]
PRESCRIBED = ("alks", "ncap")
"""Suites whose starts are prescribed by others: `test_prescribed_starts.py` is about them."""
EGO_WIDTH, EGO_LENGTH = 1.61, 4.51


def test_the_suites_are_complete_in_every_split() -> None:
    for split in SPLITS:
        assert list_scenarios(split, "lane-keeping") == sorted(LANE_KEEPING)
        assert list_scenarios(split, "obstacle-avoidance") == sorted(OBSTACLES)
    for split in ("train", "validation"):
        assert list_scenarios(split, "critical") == sorted(CRITICAL)
        assert list_scenarios(split, "circuits") == ["circuits/track"]
    assert list_scenarios("test", "weather") == sorted(WEATHERED)
    prescribed = [name for suite in PRESCRIBED for name in list_scenarios("test", suite)]
    assert list_scenarios() == sorted(["circuits/track", *CRITICAL, *LANE_KEEPING, *OBSTACLES, *WEATHERED, *prescribed])


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


@pytest.mark.slow
def test_no_two_episodes_of_any_split_share_a_seed_or_a_road(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    everything = [episode for draws in episodes.values() for episode in draws]
    assert len({episode.seed for episode in everything}) == len(everything)
    assert len({(episode.road.road_class, episode.road.seed) for episode in everything}) == len(everything)


@pytest.mark.slow
def test_weathers_and_road_classes_take_turns() -> None:
    scenario = load_scenario("obstacle-avoidance/parked-car", "test")
    for first in (0, 137):
        drawn = [scenario.draw(number) for number in range(first, first + 40)]
        for weather in ("dry", "rain", "fog", "night"):
            assert 8 <= sum(episode.weather.name == weather for episode in drawn) <= 12
        assert 18 <= sum(episode.road.road_class == "rural" for episode in drawn) <= 22
        both = [(episode.weather.name, episode.road.road_class) for episode in drawn]
        assert min(both.count(pair) for pair in set(both)) >= 2 and len(set(both)) == 8


@pytest.mark.slow
def test_variants_take_turns_in_every_weather() -> None:
    scenario = load_scenario("obstacle-avoidance/parked-car", "test")
    drawn = [scenario.draw(number) for number in range(160)]
    assert {episode.variant for episode in drawn} == set(scenario.definition.encounters)
    both = [(episode.variant, episode.weather.name) for episode in drawn]
    assert len(set(both)) == 32 and all(2 <= both.count(pair) <= 8 for pair in set(both))
    assert load_scenario("obstacle-avoidance/mixed", "test").draw(0).variant == ""


def test_test_draws_from_wider_ranges_than_train() -> None:
    for name in [*LANE_KEEPING, *OBSTACLES]:
        train, validation, test = (load_scenario(name, split).definition for split in SPLITS)
        assert validation == train
        assert test != train and test.purpose == train.purpose
    narrow, wide = (
        load_scenario("obstacle-avoidance/parked-car", split).definition.encounters["right-far-late"]
        for split in ("train", "test")
    )
    assert wide.actors["car"].at.blocks is not None and narrow.actors["car"].at.blocks is not None
    assert wide.actors["car"].at.blocks[0] < narrow.actors["car"].at.blocks[0]
    assert wide.actors["car"].at.blocks[1] > narrow.actors["car"].at.blocks[1]


@pytest.mark.slow
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
                beside = abs(actor.start_d - episode.road.lane_centre(episode.lane)) > 2.0
                assert abs(actor.start_s - episode.start_s) > 15.0 or beside, "no actor stands on top of the ego"
    first = [draws[0] for draws in episodes.values()]
    assert build_world(first, list(range(len(first))), MOST_ACTORS).actors.kind.shape == (len(first), MOST_ACTORS)


@pytest.mark.slow
def test_actors_do_not_begin_inside_each_other(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for draws in episodes.values():
        for episode in draws:
            for i, a in enumerate(episode.actors):
                for b in episode.actors[i + 1 :]:
                    along = abs(a.start_s - b.start_s) - 0.5 * (a.length + b.length)
                    across = abs(a.start_d - b.start_d) - 0.5 * (a.width + b.width)
                    assert along > 0.0 or across > 0.0, episode.scenario


@pytest.mark.slow
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


def test_driving_an_imported_road_is_a_whole_lap() -> None:
    road = load_road(FOLDER / "hairpins.csv")
    episode = scenario_for_road(road, weather="rain").draw(0)
    assert episode.scenario == "real-roads/hairpins" and episode.split == "test"
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
