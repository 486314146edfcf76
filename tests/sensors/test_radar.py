"""The radar sees how far, where and how fast, as sharply and as far as its data sheet says."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from drive_sim.sensors.radar.configuration import ARS_408_FAR, RadarConfig
from drive_sim.sensors.radar.radar import NO_DETECTION, Radar
from drive_sim.world.roads.road import EDGE_PLAIN, EDGE_RAIL, RAIL_OFFSET, Road, chain_arcs
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTOR_CAR,
    ACTOR_LORRY,
    ACTOR_PEDESTRIAN,
    MOTION_LANE,
    MOTION_WALK,
)

PERIOD, PAVED, BUMPER = 0.05, 4.0, 2.25
IDEAL = RadarConfig(noise=False)


def make_road(curvature: float = 0.0, edge: int = EDGE_PLAIN) -> Road:
    curvatures, paved = np.full(600, curvature), np.full(600, PAVED)
    x, y, heading = chain_arcs(curvatures, 1.0)
    return Road(
        "test", "rural", False, 1.0, x, y, heading, curvatures, paved, paved, 3.5, 1, 1, 25.0,
        edge_left=edge, edge_right=edge,
    )  # fmt: skip


def make_simulator(
    *actors: ActorSpec, seeds: tuple[int, ...] = (1,), road: Road | None = None, slots: int | None = None, **fields
) -> Simulator:
    """The ego's reference point is at (100, 0), heading along x."""
    given = {"weather": WeatherSpec(), "start_s": 100.0, "start_offset": 1.75, "start_speed": 0.0, **fields}
    episode = Episode("test", "test", 0, 0, road or make_road(), actors=actors, **given)
    return Simulator([replace(episode, seed=seed) for seed in seeds], slots=slots)


def target(kind: int, s: float, d: float = 0.0, speed: float = 0.0, **fields) -> ActorSpec:
    sizes = {ACTOR_CAR: (4.0, 2.0), ACTOR_LORRY: (10.0, 2.5), ACTOR_PEDESTRIAN: (0.5, 0.6)}
    motion = {"motion": MOTION_LANE, "desired_speed": speed} if speed > 0.0 else {}
    return ActorSpec(kind, *sizes[kind], 1.5, s, d, start_speed=speed, **{**motion, **fields})


def look(simulator: Simulator, config: RadarConfig = IDEAL) -> np.ndarray:
    return np.asarray(Radar(config, PERIOD).sense(simulator), np.float64)


def found(rows: np.ndarray) -> np.ndarray:
    """The rows of one world that are detections."""
    return rows[rows[:, 3] > NO_DETECTION]


def test_an_empty_road_gives_empty_rows():
    rows = look(make_simulator())[0]
    np.testing.assert_array_equal(rows, np.tile([IDEAL.max_range, 0.0, 0.0, NO_DETECTION], (16, 1)))


def test_a_car_ahead_is_as_far_as_its_rear_straight_ahead_and_as_strong_as_a_car():
    (row,) = found(look(make_simulator(target(ACTOR_CAR, 150.0)))[0])
    assert row == pytest.approx([50.0 - BUMPER - 2.0, 0.0, 0.0, 10.0], abs=1e-4)


def test_azimuth_is_positive_to_the_left_and_rows_rise_with_range():
    rows = found(look(make_simulator(target(ACTOR_CAR, 150.0, 5.0), target(ACTOR_CAR, 130.0, -5.0)))[0])
    assert rows[0, 0] < rows[1, 0]
    # The nearest point is the corner towards the radar.
    assert rows[0, 1] == pytest.approx(math.atan2(-4.0, 28.0 - BUMPER), abs=1e-6)
    assert rows[1, 1] == pytest.approx(math.atan2(4.0, 48.0 - BUMPER), abs=1e-6)


@pytest.mark.parametrize(("own", "other", "rate"), [(20.0, 15.0, -5.0), (10.0, 25.0, 15.0), (20.0, 0.0, -20.0)])
def test_range_rate_is_the_difference_of_speeds_and_positive_where_the_range_grows(own, other, rate):
    simulator = make_simulator(target(ACTOR_CAR, 180.0, speed=other), start_speed=own)
    (row,) = found(look(simulator)[0])
    assert row[2] == pytest.approx(rate, abs=1e-4)


def test_oncoming_traffic_closes_at_the_sum_of_speeds():
    simulator = make_simulator(target(ACTOR_CAR, 250.0, 0.0, speed=20.0, direction=-1), start_speed=20.0)
    (row,) = found(look(simulator)[0])
    assert row[2] == pytest.approx(-40.0, abs=1e-4)


def test_range_rate_is_how_fast_the_range_changes():
    # On a bend, past a walker and a leader: differences of ideal ranges over a step.
    walker = replace(target(ACTOR_PEDESTRIAN, 125.0, 3.0, motion=MOTION_WALK, action_d=-3.0), start_speed=1.5)
    simulator = make_simulator(
        walker, target(ACTOR_CAR, 160.0, -1.75, speed=12.0), road=make_road(0.004), start_speed=15.0
    )
    sensor = Radar(replace(IDEAL, cycle=PERIOD), PERIOD)
    rows = []
    for _ in range(9):
        rows.append(found(np.asarray(sensor.sense(simulator), np.float64)[0]))
        simulator.step(np.array([[0.05, 0.0]], np.float32))
    assert all(len(row) == 2 for row in rows)
    measured = (rows[8][:, 0] - rows[6][:, 0]) / (2.0 * PERIOD)
    np.testing.assert_allclose(rows[7][:, 2], measured, atol=0.15)


def test_a_turning_car_sees_the_world_turn_at_its_bumper():
    simulator = make_simulator(target(ACTOR_CAR, 125.0, 15.0))
    simulator.state.yaw_rate[0] = 0.2
    (row,) = found(look(simulator)[0])
    # The bumper moves left at 0.45 m/s, and the target is to the left.
    assert row[2] == pytest.approx(-0.2 * BUMPER * math.sin(row[1]), abs=1e-6)


def test_a_car_right_behind_a_lorry_is_occluded_and_one_beside_is_not():
    lorry = target(ACTOR_LORRY, 130.0)
    assert len(found(look(make_simulator(lorry, target(ACTOR_CAR, 150.0)))[0])) == 1
    assert len(found(look(make_simulator(lorry, target(ACTOR_CAR, 150.0, 5.0)))[0])) == 2


def test_a_half_occluded_car_reflects_less_and_at_its_visible_part():
    half = target(ACTOR_CAR, 150.0, 0.9)
    alone = found(look(make_simulator(half))[0])[0]
    rows = found(look(make_simulator(target(ACTOR_LORRY, 130.0, -0.6), half))[0])
    assert len(rows) == 2
    assert rows[1, 1] > alone[1]
    assert rows[1, 3] < alone[3] - 1.0


def test_nothing_is_seen_beside_the_beams():
    for s, d, seen in (
        (105.0, 30.0, False), (130.0, 20.0, True), (200.0, 30.0, False), (330.0, 2.0, True), (360.0, 0.0, False),
    ):  # fmt: skip
        assert (len(found(look(make_simulator(target(ACTOR_LORRY, s, d)))[0])) == 1) == seen, (s, d)


def test_a_lorry_alongside_is_seen_where_it_enters_the_beam():
    # Its nearest point is beside the bumper, at 90 degrees.
    (row,) = found(look(make_simulator(target(ACTOR_LORRY, 103.0, 3.0)))[0])
    assert 0.0 < row[1] <= math.radians(60.0)
    assert row[0] * math.sin(row[1]) == pytest.approx(3.0 - 1.25, abs=1e-6)


def test_the_mount_moves_and_turns_the_beams():
    simulator = make_simulator(target(ACTOR_CAR, 100.0, 20.0))
    assert len(found(look(simulator)[0])) == 0
    (row,) = found(look(simulator, replace(IDEAL, x=0.0, y=1.0, yaw=math.pi / 2))[0])
    assert row[:2] == pytest.approx([18.0, 0.0], abs=1e-5)


def test_two_cars_within_one_cell_are_one_and_as_strong_as_both():
    # At 200 m the far beam tells 1.6 degrees apart: 5.6 m.
    beside = (target(ACTOR_CAR, 300.0, 1.75), target(ACTOR_CAR, 300.0, -1.75))
    (row,) = found(look(make_simulator(*beside))[0])
    assert row[1] == pytest.approx(0.0, abs=1e-6)
    assert row[3] == pytest.approx(10.0 + 10.0 * math.log10(2.0), abs=1e-4)


@pytest.mark.parametrize(
    "other",
    [
        target(ACTOR_CAR, 303.0, -1.75),
        target(ACTOR_CAR, 300.0, -6.0),
        target(ACTOR_CAR, 300.0, -1.75, speed=1.0),
    ],
    ids=["range", "azimuth", "rate"],
)
def test_what_differs_in_one_measure_is_told_apart(other):
    assert len(found(look(make_simulator(target(ACTOR_CAR, 300.0, 1.75), other))[0])) == 2


def detection_rate(kind: int, distance: float, rain: float = 0.0) -> float:
    simulator = make_simulator(
        target(kind, 100.0 + BUMPER + distance + (2.0 if kind == ACTOR_CAR else 0.25)),
        seeds=tuple(range(2000)),
        weather=WeatherSpec(rain=rain),
    )
    return float((look(simulator, RadarConfig())[:, 0, 3] > NO_DETECTION).mean())


def test_detection_falls_with_range_and_with_the_size_of_the_target():
    assert detection_rate(ACTOR_CAR, 60.0) > 0.98
    assert detection_rate(ACTOR_CAR, 150.0) == pytest.approx(0.9, abs=0.05)
    assert detection_rate(ACTOR_CAR, 249.0) == pytest.approx(0.5, abs=0.05)
    pedestrian = [detection_rate(ACTOR_PEDESTRIAN, distance) for distance in (20.0, 60.0, 100.0)]
    assert pedestrian[0] > 0.98
    assert pedestrian[0] > pedestrian[1] > pedestrian[2]
    assert pedestrian[2] < 0.5


def test_a_pedestrian_is_lost_where_its_cross_section_says():
    # 18 dB less than a car: 10^(-18/40) of the range at which half are detected.
    assert detection_rate(ACTOR_PEDESTRIAN, 250.0 * 10 ** (-18.0 / 40.0)) == pytest.approx(0.5, abs=0.05)


def test_heavy_rain_shortens_the_range():
    # ITU-R P.838-3 at 76.5 GHz: 14 dB/km at 35 mm/h, so 4.9 dB over twice 175 m.
    assert detection_rate(ACTOR_CAR, 175.0, rain=35.0) < detection_rate(ACTOR_CAR, 175.0) - 0.1


@pytest.mark.parametrize(
    ("distance", "spread"), [(40.0, (0.05, math.radians(0.15), 0.0139)), (120.0, (0.2, math.radians(0.05), 0.0139))]
)
def test_errors_have_the_spread_of_the_beam_that_measures(distance, spread):
    simulator = make_simulator(target(ACTOR_CAR, 104.25 + distance), seeds=tuple(range(4000)))
    rows = look(simulator, RadarConfig())[:, 0]
    rows = rows[rows[:, 3] > NO_DETECTION]
    assert rows[:, 0].mean() == pytest.approx(distance, abs=0.02)
    np.testing.assert_allclose(rows[:, :3].std(axis=0), spread, rtol=0.06)


def test_strength_fluctuates_about_the_cross_section():
    simulator = make_simulator(target(ACTOR_CAR, 130.0), seeds=tuple(range(4000)))
    strength = look(simulator, RadarConfig())[:, 0, 3]
    strength = 10.0 ** (0.1 * strength[strength > NO_DETECTION])
    # Exponential: the standard deviation is the mean.
    assert strength.mean() == pytest.approx(10.0, rel=0.05)
    assert strength.std() == pytest.approx(10.0, rel=0.08)


def test_a_measurement_is_held_until_the_cycle_ends():
    simulator, sensor = make_simulator(target(ACTOR_CAR, 150.0), start_speed=20.0), Radar(RadarConfig(), PERIOD)
    readings = []
    for _ in range(13):
        readings.append(sensor.sense(simulator))
        simulator.step(np.zeros((1, 2), np.float32))
    changed = [not np.array_equal(a, b) for a, b in pairwise(readings)]
    # Cycles of 72 ms end before steps 2, 3, 5, 6, 8, 9, 11, 12.
    assert [step + 1 for step, new in enumerate(changed) if new] == [2, 3, 5, 6, 8, 9, 11, 12]


def test_looking_twice_gives_the_same():
    simulator, sensor = make_simulator(target(ACTOR_CAR, 150.0)), Radar(RadarConfig(), PERIOD)
    np.testing.assert_array_equal(sensor.sense(simulator), sensor.sense(simulator))


def test_rail_posts_stand_still_beside_the_road_and_can_be_left_out():
    simulator = make_simulator(seeds=tuple(range(50)), road=make_road(edge=EDGE_RAIL), start_speed=20.0)
    rows = look(simulator, RadarConfig()).reshape(-1, 4)
    rows = found(rows)
    assert len(rows) > 50
    across = rows[:, 0] * np.sin(rows[:, 1])
    assert np.median(np.abs(np.abs(across) - (PAVED + RAIL_OFFSET))) < 0.2
    np.testing.assert_allclose(rows[:, 2], -20.0 * np.cos(rows[:, 1]), atol=0.5)
    for config in (IDEAL, RadarConfig(rail_echoes=0)):
        assert len(found(look(simulator, config).reshape(-1, 4))) == 0


def test_only_the_nearest_are_reported():
    actors = [target(ACTOR_CAR, 130.0 + 10.0 * n, 4.0 * (-1) ** n) for n in range(5)]
    rows = look(make_simulator(*actors))[0]
    np.testing.assert_array_equal(look(make_simulator(*actors), replace(IDEAL, detections=2))[0], rows[:2])


def test_a_world_reads_the_same_alone_as_in_a_batch_and_with_more_slots():
    actors, road = (target(ACTOR_CAR, 150.0, 2.0), target(ACTOR_LORRY, 180.0, -2.0)), make_road(0.002, EDGE_RAIL)
    alone = make_simulator(*actors, seeds=(5,), road=road)
    batch = make_simulator(*actors, seeds=tuple(range(40)), road=road, slots=7)
    sensors = Radar(RadarConfig(), PERIOD), Radar(RadarConfig(), PERIOD)
    for _ in range(6):
        one, many = sensors[0].sense(alone), sensors[1].sense(batch)
        np.testing.assert_array_equal(one[0], many[5])
        alone.step(np.zeros((1, 2), np.float32))
        batch.step(np.zeros((40, 2), np.float32))


def test_a_new_episode_in_one_world_leaves_the_others_alone():
    simulator, sensor = make_simulator(target(ACTOR_CAR, 150.0), seeds=(1, 2)), Radar(RadarConfig(), PERIOD)
    sensor.reset(2)
    first = sensor.sense(simulator)
    for _ in range(4):
        simulator.step(np.zeros((2, 2), np.float32))
        last = sensor.sense(simulator)
    simulator.reset(np.array([True, False]))
    sensor.reset(2, np.array([True, False]))
    np.testing.assert_array_equal(sensor.sense(simulator), [first[0], last[1]])


@pytest.mark.parametrize(
    "wrong", [{"detections": 0}, {"cycle": 0.0}, {"false_alarm": 0.9}, {"rail_echoes": -1}, {"rate_noise": -1.0}]
)
def test_an_impossible_radar_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RadarConfig(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"angles": (0.1, 0.2, 0.3)}, {"ranges": (1.0, 2.0)}, {"azimuth_noise": (0.1, -0.1, 0.1)}]
)
def test_an_impossible_beam_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(ARS_408_FAR, **wrong)
