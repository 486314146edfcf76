"""The rollout log of real episodes on a straight road, and what an episode says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.logs.rollout_log import RolloutLog
from drive_sim.evaluation.statistics.estimates import estimate_all, score_episode
from drive_sim.rollout import run
from drive_sim.world.roads.road import Road, chain_arcs
from drive_sim.world.scenarios.episode import Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTOR_CAR,
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_LANE_DEPARTURE,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
)

ELEMENTS = 400


class SteadyHand:
    """Drives straight on at a constant pedal."""

    name, privileged, sensors, controller = "steady", False, (), "model"

    def __init__(self, action=(0.0, 0.2)):
        self.action = action

    def reset(self, simulator, mask, batch_size):
        self.batch_size = batch_size

    def act(self, observation):
        return np.tile(np.float32(self.action), (self.batch_size, 1))


@pytest.fixture(scope="module")
def straight_road():
    """400 m straight, one lane of 3.5 m each way."""
    curvature = np.zeros(ELEMENTS)
    x, y, heading = chain_arcs(curvature, 1.0)
    paved = np.full(ELEMENTS, 4.5)
    return Road("straight", "rural", False, 1.0, x, y, heading, curvature, paved, paved, 3.5, 1, 1, 20.0)


def episodes(road, make_actor, count):
    """Episodes of different length, each with number % 3 parked cars beside the road."""
    return [
        Episode(
            "lane-keeping/rural",
            "test",
            number,
            seed=100 + number,
            road=road,
            weather=WeatherSpec(name="rain" if number % 2 else "dry"),
            actors=tuple(make_actor(kind=ACTOR_CAR, start_s=350.0 + 5 * k, start_d=-8.0) for k in range(number % 3)),
            start_speed=15.0,
            route_length=30.0 + 7.0 * number,
            time_limit=20.0,
        )
        for number in range(count)
    ]


def drive(simulator, action=(0.0, 0.2)):
    log = RolloutLog()
    run(simulator, SteadyHand(action), [log], sensors=())
    return log


def arrays(log: EpisodeLog):
    return {name: getattr(log, name) for name in EpisodeLog.__dataclass_fields__ if name != "facts"}


def test_a_world_in_a_batch_logs_what_it_logs_alone_to_the_bit(straight_road, make_actor):
    """Eight worlds that end at different times, and each of three of them by itself."""
    drawn = episodes(straight_road, make_actor, 8)
    together = drive(Simulator(drawn))
    for world in (0, 3, 7):
        alone = drive(Simulator([drawn[world]])).episode(0)
        batched = together.episode(world)
        assert alone.facts == batched.facts
        for name, values in arrays(alone).items():
            assert np.array_equal(values, arrays(batched)[name]), name
        assert score_episode(alone).ratios == score_episode(batched).ratios


def test_a_finished_world_adds_no_steps_and_is_scored_once(straight_road, make_actor):
    """Each log ends with the finish, at its own route's length, though the longest world drove on."""
    log = drive(Simulator(episodes(straight_road, make_actor, 6)))
    for number, episode in enumerate(log.episodes()):
        assert episode.outcome == "finish"
        assert episode.has(EVENT_FINISH).sum() == 1 and episode.events[-1] & EVENT_FINISH
        assert episode.progress[-2] < 30.0 + 7.0 * number <= episode.progress[-1]
    assert log.timing.driven.sum() == sum(episode.steps for episode in log.episodes())


def test_the_arrays_are_those_of_the_state_after_each_step(straight_road, make_actor):
    """Time counts control periods, speed and path agree, actors keep their slots."""
    episode = drive(Simulator(episodes(straight_road, make_actor, 3))).episode(2)
    assert episode.time == pytest.approx(np.arange(1, episode.steps + 1) * 0.05)
    assert episode.odometer[-1] == pytest.approx(15.0 * 0.05 + np.sum(episode.speed[:-1]) * 0.05, abs=0.3)
    assert episode.action.shape == (episode.steps, 2) and np.all(episode.action == np.float32([0.0, 0.2]))
    assert episode.actor_s.shape == (episode.steps, 2)
    assert np.all(episode.actor_s == [350.0, 355.0]) and np.all(episode.actor_d == -8.0)
    assert episode.facts.weather == "dry" and episode.facts.key == (
        "lane-keeping/rural",
        "test",
        2,
        102,
        "rural/straight/0",
    )


def test_a_second_rollout_begins_a_new_log(straight_road, make_actor):
    """The observer is used again: nothing of the first episode is left."""
    log = RolloutLog()
    for count in (4, 2):
        run(Simulator(episodes(straight_road, make_actor, count)), SteadyHand(), [log], sensors=())
    assert len(log) == 2
    assert len(list(log.episodes())) == 2


def test_an_episode_is_not_handed_out_before_the_end(straight_road, make_actor):
    """Half a log would be half a score."""
    simulator = Simulator(episodes(straight_road, make_actor, 1))
    log = RolloutLog()
    log.on_reset(simulator, None)
    with pytest.raises(ValueError, match="not finished"):
        log.episode(0)


def test_leaving_the_road_is_the_outcome(straight_road, make_actor):
    """Full left lock at 15 m/s."""
    long = episodes(straight_road, make_actor, 60)[-1]
    episode = drive(Simulator([long]), action=(1.0, 0.0)).episode(0)
    assert episode.failed and episode.outcome == "off the road"


def test_the_same_seed_gives_the_same_estimates_and_another_seed_others(straight_road, make_actor):
    """Wall-clock times are nowhere in them."""
    drawn = episodes(straight_road, make_actor, 6)
    first, second = (estimate_all(list(drive(Simulator(drawn)).episodes()), seed=3) for _ in range(2))
    assert first == second or all(repr(first[name]) == repr(second[name]) for name in first)
    other = estimate_all(list(drive(Simulator(drawn)).episodes()), seed=4)
    assert other["distance_along_lane"].estimate == first["distance_along_lane"].estimate
    assert other["distance_along_lane"].low != first["distance_along_lane"].low


@pytest.mark.parametrize(
    ("last", "interventions", "outcome"),
    [
        (EVENT_FINISH, 0, "finish"),
        (EVENT_TIME_OUT, 0, "time out"),
        (
            EVENT_OFF_ROAD | EVENT_COLLISION_VEHICLE | EVENT_COLLISION_PEDESTRIAN,
            0,
            "collision with a pedestrian or cyclist",
        ),
        (EVENT_OFF_ROAD | EVENT_TIME_OUT, 1, "time out"),
        (EVENT_LANE_DEPARTURE, 0, "cut short"),
    ],
)
def test_the_outcome_names_the_worst_of_the_last_step(make_log, last, interventions, outcome):
    """A failure that was reset to lane is no outcome; an episode cut off by the caller says so."""
    log = make_log(10, events={9: last}, interventions=[0] * 9 + [interventions])
    assert log.outcome == outcome


def test_segments_part_the_drive_at_lane_resets(make_log):
    """Reset to lane in steps 3 and 7 of 10."""
    log = make_log(10, interventions=[0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    assert log.segments == [slice(0, 3), slice(3, 7), slice(7, 10)]


def test_a_thousand_long_episodes_fit_in_memory():
    """A row takes at most 140 bytes and 20 for each actor: 1,000 × 1,200 steps with four actors below 280 MB."""
    from drive_sim.evaluation.logs import rollout_log as log

    ego = sum(np.dtype(dtype).itemsize * (2 if name == "action" else 1) for name, dtype in log._EGO_COLUMNS.items())
    actor = sum(np.dtype(dtype).itemsize for dtype in log._ACTOR_COLUMNS.values())
    world = 4
    assert 1.2e6 * (ego + world + 4 * (actor + world)) < 280e6
