"""The IMU feels what a body feels, and errs as its data sheet says."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from drive_sim.sensors.inertial import GRAVITY, LARGEST_RATE, Imu, ImuConfig
from drive_sim.world.state import empty_state

PERIOD = 0.05


def cars(seeds: np.ndarray | int = 1) -> SimpleNamespace:
    """Standing cars, one for each seed, as far as an IMU can tell."""
    seeds = np.atleast_1d(np.asarray(seeds, np.int64))
    return SimpleNamespace(state=empty_state(len(seeds), 1), world=SimpleNamespace(seed=seeds), batch_size=len(seeds))


def record(imu: Imu, simulator: SimpleNamespace, steps: int) -> np.ndarray:
    """Readings (steps, B, 3) at step 0, 1, 2, ..."""
    imu.reset(simulator.batch_size)
    readings = []
    for step in range(steps):
        simulator.state.step[:] = step
        readings.append(imu.sense(simulator))
    return np.array(readings, np.float64)


def ideal(**state: float) -> np.ndarray:
    simulator = cars()
    for name, value in state.items():
        getattr(simulator.state, name)[0] = value
    return Imu(ImuConfig(noise=False), PERIOD).sense(simulator)[0]


def test_a_car_that_stands_on_flat_ground_feels_nothing_in_the_plane():
    np.testing.assert_array_equal(ideal(), [0.0, 0.0, 0.0])


def test_braking_in_a_left_curve():
    reading = ideal(acceleration_x=-4.0, acceleration_y=3.0, yaw_rate=0.2)
    np.testing.assert_allclose(reading, [-4.0, 3.0, 0.2], rtol=1e-6)


def test_a_nose_that_dips_adds_gravity_to_the_deceleration_and_a_body_that_leans_out_adds_it_to_the_curve():
    pitch, roll = math.radians(2.0), math.radians(3.0)
    reading = ideal(pitch=pitch, roll=roll)
    np.testing.assert_allclose(reading, [-GRAVITY * math.sin(pitch), GRAVITY * math.sin(roll), 0.0], rtol=1e-6)


def test_white_noise_has_the_allan_deviation_of_its_density():
    # Allan deviation of white noise of density N: N / sqrt(tau) (IEEE Std 952-1997, C.1.1).
    config = ImuConfig(
        accelerometer_random_walk=0.0, gyroscope_random_walk=0.0,
        accelerometer_turn_on_bias=0.0, gyroscope_turn_on_bias=0.0,
    )  # fmt: skip
    readings = record(Imu(config, PERIOD), cars(np.arange(64)), 1024)
    for cluster in (1, 8, 32):
        means = readings.reshape(-1, cluster, 64, 3).mean(axis=1)
        allan = np.sqrt(0.5 * np.mean(np.diff(means, axis=0) ** 2, axis=(0, 1)))
        tau = cluster * PERIOD
        np.testing.assert_allclose(allan[:2], config.accelerometer_noise_density / math.sqrt(tau), rtol=0.06)
        np.testing.assert_allclose(allan[2], config.gyroscope_noise_density / math.sqrt(tau), rtol=0.06)


def test_the_bias_walks_as_fast_as_its_density_says():
    config = ImuConfig(
        accelerometer_noise_density=0.0, gyroscope_noise_density=0.0,
        accelerometer_turn_on_bias=0.0, gyroscope_turn_on_bias=0.0,
    )  # fmt: skip
    readings = record(Imu(config, PERIOD), cars(np.arange(2000)), 101)
    np.testing.assert_array_equal(readings[0], 0.0)
    spread = readings[100].std(axis=0)
    elapsed = math.sqrt(100 * PERIOD)
    np.testing.assert_allclose(spread[:2], config.accelerometer_random_walk * elapsed, rtol=0.06)
    np.testing.assert_allclose(spread[2], config.gyroscope_random_walk * elapsed, rtol=0.06)


def test_the_bias_at_switching_on_differs_between_drives_and_lasts():
    config = ImuConfig(accelerometer_noise_density=0.0, gyroscope_noise_density=0.0, gyroscope_random_walk=0.0)
    readings = record(Imu(config, PERIOD), cars(np.arange(2000)), 3)
    np.testing.assert_allclose(readings[0].std(axis=0)[2], config.gyroscope_turn_on_bias, rtol=0.06)
    np.testing.assert_array_equal(readings[0, :, 2], readings[2, :, 2])


def test_the_bias_does_not_depend_on_how_often_one_looks():
    every, seldom = cars(7), cars(7)
    looked = record(Imu(ImuConfig(), PERIOD), every, 40)
    seldom.state.step[0] = 39
    imu = Imu(ImuConfig(), PERIOD)
    imu.reset(1)
    np.testing.assert_array_equal(imu.sense(seldom), looked[39].astype(np.float32))


def test_looking_twice_changes_nothing():
    simulator, imu = cars(7), Imu(ImuConfig(), PERIOD)
    record(imu, simulator, 10)
    np.testing.assert_array_equal(imu.sense(simulator), imu.sense(simulator))


def test_a_world_reads_the_same_alone_as_in_a_batch():
    alone, batch = record(Imu(ImuConfig(), PERIOD), cars(5), 20), record(Imu(ImuConfig(), PERIOD), cars(range(9)), 20)
    np.testing.assert_array_equal(alone[:, 0], batch[:, 5])


def test_switching_one_world_on_again_leaves_the_others_alone():
    simulator, imu = cars([3, 4]), Imu(ImuConfig(), PERIOD)
    before = record(imu, simulator, 30)
    simulator.state.step[:] = (0, 29)
    imu.reset(2, np.array([True, False]))
    after = imu.sense(simulator)
    np.testing.assert_array_equal(after[0], before[0, 0].astype(np.float32))
    np.testing.assert_array_equal(after[1], before[29, 1].astype(np.float32))


def test_a_spin_beyond_the_range_saturates():
    assert ideal(yaw_rate=100.0)[2] == np.float32(LARGEST_RATE)


def test_a_negative_density_is_refused():
    with pytest.raises(ValueError, match="gyroscope_noise_density"):
        ImuConfig(gyroscope_noise_density=-1.0)
