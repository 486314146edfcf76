"""The wheels count every metre, in teeth."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from drive_sim.sensors.odometry import Odometry, OdometryConfig
from drive_sim.world.state import empty_state

QUIET = {"scale_error": 0.0, "speed_noise": 0.0, "steering_offset": 0.0}


def cars(seeds: np.ndarray | int = 1, **state: float) -> SimpleNamespace:
    seeds = np.atleast_1d(np.asarray(seeds, np.int64))
    simulator = SimpleNamespace(
        state=empty_state(len(seeds), 1), world=SimpleNamespace(seed=seeds), batch_size=len(seeds)
    )
    for name, value in state.items():
        getattr(simulator.state, name)[:] = value
    return simulator


def drive(sensor: Odometry, simulator: SimpleNamespace, steps: int, stride: float = 0.777) -> np.ndarray:
    """Readings (steps + 1, B, 3) while the car moves ``stride`` metres a step."""
    sensor.reset(simulator.batch_size)
    readings = [sensor.sense(simulator)]
    for _ in range(steps):
        simulator.state.step[:] += 1
        simulator.state.odometer[:] += stride
        readings.append(sensor.sense(simulator))
    return np.array(readings, np.float64)


def test_without_errors_it_tells_the_truth():
    simulator = cars(speed=12.345678, steering=-0.123456)
    readings = drive(Odometry(OdometryConfig(noise=False)), simulator, 3)
    np.testing.assert_allclose(readings[0, 0], [12.345678, -0.123456, 0.0], rtol=1e-6)
    np.testing.assert_allclose(readings[1:, 0, 2], 0.777, rtol=1e-6)


def test_distance_comes_in_whole_teeth_and_none_is_lost():
    config = OdometryConfig(**QUIET)
    tooth = config.wheel_circumference / config.ticks_per_turn
    distances = drive(Odometry(config), cars(speed=15.0), 200)[:, 0, 2]
    np.testing.assert_allclose(distances / tooth, np.round(distances / tooth), atol=1e-4)
    assert distances.sum() == pytest.approx(200 * 0.777, abs=tooth)
    assert set(np.round(distances[1:] / tooth)) == {17.0, 18.0}


def test_a_worn_tyre_reads_fast_and_far_by_the_same_factor_throughout_an_episode():
    config = OdometryConfig(speed_noise=0.0, speed_resolution=0.0)
    readings = drive(Odometry(config), cars(np.arange(2000), speed=20.0), 100)
    factors = readings[:, :, 0] / 20.0
    np.testing.assert_array_equal(factors[0], factors[-1])
    assert factors[0].std() == pytest.approx(config.scale_error, rel=0.06)
    tooth = config.wheel_circumference / config.ticks_per_turn
    np.testing.assert_allclose(readings[:, :, 2].sum(axis=0), 77.7 * factors[0], atol=tooth)


def test_speed_and_steering_have_the_resolution_of_their_sensors():
    config = OdometryConfig(**QUIET)
    sensor = Odometry(config)
    speed, steering, _ = sensor.sense(cars(speed=math.pi, steering=0.1))[0].astype(float)
    assert speed == pytest.approx(math.pi, abs=config.speed_resolution)
    step = config.steering_resolution / config.steering_ratio
    assert steering / step == pytest.approx(round(0.1 / step), abs=1e-2)


def test_a_standing_car_reads_exactly_zero():
    readings = drive(Odometry(OdometryConfig(steering_offset=0.0)), cars(np.arange(50)), 5, stride=0.0)
    np.testing.assert_array_equal(readings, 0.0)


def test_wheels_do_not_feel_the_car_sliding_sideways():
    sensor = Odometry(OdometryConfig(noise=False))
    assert sensor.sense(cars(speed=10.0, slip_angle=math.pi / 3))[0, 0] == pytest.approx(5.0)


def test_looking_twice_gives_the_same_distance():
    simulator, sensor = cars(speed=15.0), Odometry(OdometryConfig())
    readings = drive(sensor, simulator, 4)
    np.testing.assert_array_equal(sensor.sense(simulator), readings[-1].astype(np.float32))


def test_a_world_reads_the_same_alone_as_in_a_batch():
    alone = drive(Odometry(OdometryConfig()), cars(5, speed=9.0), 10)
    batch = drive(Odometry(OdometryConfig()), cars(np.arange(9), speed=9.0), 10)
    np.testing.assert_array_equal(alone[:, 0], batch[:, 5])


@pytest.mark.parametrize("wrong", [{"scale_error": -0.1}, {"ticks_per_turn": 0}, {"steering_ratio": 0.0}])
def test_an_impossible_sensor_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        OdometryConfig(**wrong)
