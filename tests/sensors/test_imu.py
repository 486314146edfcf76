"""The IMU feels what a body feels, and errs as its data sheet says."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from drive_sim.sensors.imu import (
    ADIS16465,
    BMI088,
    GRAVITY,
    Imu,
    ImuConfig,
    InertialErrors,
    markov_allan,
)
from drive_sim.world.state import empty_state

PERIOD = 0.05
NAMES = [field.name for field in fields(InertialErrors)]


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


def only(**errors: float) -> ImuConfig:
    """An IMU whose axes all have these errors and no other."""
    kind = InertialErrors(**{**dict.fromkeys(NAMES, 0.0), "correlation_time": 1.0, "range": 100.0, **errors})
    return ImuConfig(accelerometer=kind, gyroscope=kind)


def allan_deviation(readings: np.ndarray, cluster: int) -> np.ndarray:
    """Allan deviation of each axis at ``cluster`` samples, from readings (steps, B, axes); clusters do not overlap."""
    steps = len(readings) // cluster * cluster
    means = readings[:steps].reshape(-1, cluster, *readings.shape[1:]).mean(axis=1)
    return np.sqrt(0.5 * np.mean(np.diff(means, axis=0) ** 2, axis=(0, 1)))


def test_white_noise_has_the_allan_deviation_of_its_density():
    # Allan deviation of white noise of density N: N / sqrt(tau) (IEEE Std 952-1997, C.1.1).
    readings = record(Imu(only(noise_density=0.002), PERIOD), cars(np.arange(64)), 1024)
    for cluster in (1, 8, 32):
        expected = 0.002 / math.sqrt(cluster * PERIOD)
        np.testing.assert_allclose(allan_deviation(readings, cluster), expected, rtol=0.06)


def test_the_bias_walks_as_fast_as_its_density_says():
    readings = record(Imu(only(random_walk=0.003), PERIOD), cars(np.arange(2000)), 101)
    np.testing.assert_array_equal(readings[0], 0.0)
    np.testing.assert_allclose(readings[100].std(axis=0), 0.003 * math.sqrt(100 * PERIOD), rtol=0.06)


def test_the_instability_has_the_allan_deviation_of_a_gauss_markov_process_with_its_top_at_the_floor():
    config = only(bias_instability=0.01, correlation_time=1.0)
    readings = record(Imu(config, PERIOD), cars(np.arange(64)), 4096)
    deviation = config.gyroscope.markov_deviation
    for cluster in (8, 38, 128):
        expected = markov_allan(deviation, 1.0, cluster * PERIOD)
        np.testing.assert_allclose(allan_deviation(readings, cluster), expected, rtol=0.05)
    times = np.geomspace(0.1, 30.0, 400)
    curve = np.array([markov_allan(deviation, 1.0, time) for time in times])
    assert curve.max() == pytest.approx(0.01, rel=0.01)
    assert times[curve.argmax()] == pytest.approx(1.89, rel=0.05)


def shape_allan(errors: InertialErrors, time: float) -> float:
    """Allan deviation that the three processes have together."""
    markov = markov_allan(errors.markov_deviation, errors.correlation_time, time)
    return math.sqrt(errors.noise_density**2 / time + markov**2 + errors.random_walk**2 * time / 3.0)


@pytest.mark.parametrize(
    ("part", "white", "floor"),
    [(BMI088, math.radians(0.014), 2.0), (ADIS16465, math.radians(0.15) / 60.0, 2.0)],
    ids=["BMI088", "ADIS16465"],
)
@pytest.mark.slow
def test_a_long_still_record_has_the_allan_curve_of_the_data_sheet(part, white, floor):
    # White noise at 1 s is the data sheet's within 2 %; the lowest point of the curve its bias stability [degrees/h]
    # within 10 %, and the record follows the model's curve as closely as its length allows.
    readings = record(Imu(part, 1.0), cars(np.arange(48)), 12000)[:, :, 2:]
    assert allan_deviation(readings, 1)[0] == pytest.approx(white, rel=0.02)
    clusters = np.unique(np.geomspace(10, 3000, 25).astype(int))
    curve = np.array([allan_deviation(readings, cluster)[0] for cluster in clusters])
    assert curve.min() / math.radians(1.0) * 3600.0 == pytest.approx(floor, rel=0.1)
    expected = [shape_allan(part.gyroscope, float(cluster)) for cluster in clusters]
    np.testing.assert_allclose(curve, expected, rtol=0.12)


def test_white_noise_does_not_depend_on_the_control_period():
    readings = record(Imu(BMI088, PERIOD), cars(np.arange(48)), 2000)[:, :, 2:]
    assert allan_deviation(readings, 20)[0] == pytest.approx(math.radians(0.014), rel=0.03)


def test_the_bias_at_switching_on_differs_between_drives_and_lasts():
    readings = record(Imu(only(turn_on_bias=0.01), PERIOD), cars(np.arange(2000)), 3)
    np.testing.assert_allclose(readings[0].std(axis=0), 0.01, rtol=0.06)
    np.testing.assert_array_equal(readings[0], readings[2])


def test_the_scale_factor_is_wrong_by_the_same_share_throughout_an_episode():
    simulator = cars(np.arange(2000))
    simulator.state.yaw_rate[:] = 0.5
    readings = record(Imu(only(scale_error=0.01), PERIOD), simulator, 3)[:, :, 2]
    assert (readings[0] / 0.5).std() == pytest.approx(0.01, rel=0.06)
    assert readings[0].mean() == pytest.approx(0.5, rel=0.001)
    np.testing.assert_array_equal(readings[0], readings[2])


def test_readings_come_in_steps_of_the_resolution():
    simulator = cars()
    simulator.state.yaw_rate[:] = 0.123
    reading = float(Imu(only(resolution=0.01), PERIOD).sense(simulator)[0, 2])
    assert reading == pytest.approx(0.12, abs=1e-6)


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
    assert ideal(yaw_rate=100.0)[2] == np.float32(BMI088.gyroscope.range)


@pytest.mark.parametrize(
    "wrong", [{"noise_density": -1.0}, {"range": 0.0}, {"correlation_time": 0.0}, {"bias_instability": 1e-9}]
)
def test_errors_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(BMI088.gyroscope, **wrong)
