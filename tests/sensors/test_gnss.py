"""The receiver is late, a little lost, and sometimes blind."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from drive_sim.sensors.gnss import DEGRADED, FULL, NO_FIX, Gnss, GnssConfig
from drive_sim.world.state import empty_state

PERIOD = 0.05


def cars(seeds: np.ndarray | int = 1) -> SimpleNamespace:
    """Cars at the origin, heading along x."""
    seeds = np.atleast_1d(np.asarray(seeds, np.int64))
    return SimpleNamespace(state=empty_state(len(seeds), 1), world=SimpleNamespace(seed=seeds), batch_size=len(seeds))


def drive(config: GnssConfig, steps: int, seeds: np.ndarray | int = 1, speed: float = 0.0) -> np.ndarray:
    """Readings (steps, B, 5) at step 0, 1, 2, ... of cars that drive along x."""
    simulator, receiver = cars(seeds), Gnss(config, PERIOD)
    simulator.state.speed[:] = speed
    receiver.reset(simulator.batch_size)
    readings = []
    for step in range(steps):
        simulator.state.step[:] = step
        simulator.state.x[:] = speed * step * PERIOD
        readings.append(receiver.sense(simulator))
    return np.array(readings, np.float64)


def test_a_fix_is_as_old_as_the_latency_and_lasts_until_the_next():
    readings = drive(GnssConfig(noise=False, rate=10.0, latency=0.1), 12, speed=20.0)[:, 0]
    # A fix every second step, delivered two steps later: 1 m a step.
    np.testing.assert_allclose(readings[:, 0], [-2, -2, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8], atol=1e-6)
    np.testing.assert_array_equal(readings[:, 2:], np.tile([20.0, 0.0, FULL], (12, 1)))


def test_without_latency_at_the_control_rate_it_is_the_truth():
    readings = drive(GnssConfig(noise=False, rate=20.0, latency=0.0), 5, speed=20.0)[:, 0, 0]
    np.testing.assert_allclose(readings, [0, 1, 2, 3, 4], atol=1e-6)


def test_half_the_positions_lie_within_the_cep():
    config = GnssConfig(outage_duration=0.0, position_noise=0.0)
    errors = drive(config, 1, np.arange(4000))[0, :, :2]
    assert np.median(np.hypot(*errors.T)) == pytest.approx(2.5, rel=0.05)


def test_the_error_forgets_itself_in_the_correlation_time():
    config = GnssConfig(outage_duration=0.0, position_noise=0.0, correlation_time=2.0, latency=0.0)
    x = drive(config, 81, np.arange(3000))[:, :, 0]
    assert x[80].std() == pytest.approx(config.position_error, rel=0.05)
    correlation = np.mean(x[40] * x[80]) / config.position_error**2
    assert correlation == pytest.approx(math.exp(-1.0), abs=0.06)


def test_a_standing_receiver_wanders_slowly():
    x = drive(GnssConfig(outage_duration=0.0, position_noise=0.0), 100, np.arange(100))[:, :, 0]
    assert np.abs(np.diff(x, axis=0)).max() < 1.0


def test_speed_is_as_accurate_as_the_data_sheet_says():
    velocities = drive(GnssConfig(outage_duration=0.0), 1, np.arange(4000), speed=30.0)[0, :, 2:4]
    assert np.median(np.abs(velocities[:, 0] - 30.0)) == pytest.approx(0.05, rel=0.08)
    assert np.median(np.abs(velocities[:, 1])) == pytest.approx(0.05, rel=0.08)


def test_velocity_points_where_the_car_moves_not_where_it_looks():
    simulator, receiver = cars(), Gnss(GnssConfig(noise=False), PERIOD)
    simulator.state.speed[:], simulator.state.yaw[:], simulator.state.slip_angle[:] = 10.0, 0.5, 0.1
    assert receiver.sense(simulator)[0, 2:4] == pytest.approx([10.0 * math.cos(0.6), 10.0 * math.sin(0.6)])


def test_outages_come_and_last_as_they_were_asked_to():
    config = GnssConfig(outage_interval=20.0, outage_duration=3.0, latency=0.0, rate=20.0)
    blind = drive(config, 4000, np.arange(200))[:, :, 4] == NO_FIX
    begins = blind[1:] & ~blind[:-1]
    seen = ~blind[:-1]
    assert seen.sum() * PERIOD / begins.sum() == pytest.approx(20.0, rel=0.08)
    assert blind.sum() * PERIOD / begins.sum() == pytest.approx(3.0, rel=0.08)


def test_after_an_outage_the_fix_is_degraded_until_its_error_has_died_away():
    config = GnssConfig(
        outage_interval=30.0, outage_duration=1.0, latency=0.0, position_noise=0.0, position_error=0.0,
        reacquisition_time=2.0, reacquisition_error=4.0,
    )  # fmt: skip
    readings = drive(config, 600, np.arange(400))[::2]  # a fix every second step
    quality, x = readings[:, :, 4], readings[:, :, 0]
    first = np.zeros(quality.shape, bool)
    first[1:] = (quality[1:] == DEGRADED) & (quality[:-1] == NO_FIX)
    assert x[first].std() == pytest.approx(4.0, rel=0.1)
    step, world = np.nonzero(first[:-20])
    through = np.all([quality[step + k, world] != NO_FIX for k in range(21)], axis=0)
    step, world = step[through], world[through]
    assert np.all([quality[step + k, world] == DEGRADED for k in range(20)])
    assert np.all(quality[step + 20, world] == FULL)
    assert x[step + 20, world].std() == pytest.approx(4.0 * math.exp(-3.0), rel=0.1)


def test_an_outage_says_so_and_freezes_the_position():
    config = GnssConfig(
        outage_interval=2.0, outage_duration=1.0, position_noise=0.0, position_error=0.0, latency=0.0,
        reacquisition_time=0.0, reacquisition_error=0.0,
    )  # fmt: skip
    readings = drive(config, 400, np.arange(200), speed=10.0)
    blind = readings[:, :, 4] == NO_FIX
    # Blind for 1 s in 3 s on average, once the process has settled.
    assert blind[200:].mean() == pytest.approx(1.0 / 3.0, abs=0.05)
    moved = np.diff(readings[:, :, 0], axis=0)
    assert np.all(moved[blind[1:]] == 0.0)
    seeing = ~blind[2:] & ~blind[:-2]
    assert np.all((readings[2:, :, 0] - readings[:-2, :, 0])[seeing] == pytest.approx(1.0))


def test_noise_turned_off_means_no_outages_either():
    readings = drive(GnssConfig(noise=False, outage_interval=0.1), 200)
    assert np.all(readings[:, :, 4] == FULL)


def test_the_error_does_not_depend_on_how_often_one_looks():
    config = GnssConfig(latency=0.0, outage_duration=0.0)
    readings = drive(config, 41, 9)
    simulator, receiver = cars(9), Gnss(config, PERIOD)
    receiver.reset(1)
    for step in (0, 13, 40):
        simulator.state.step[:] = step
        reading = receiver.sense(simulator)
    np.testing.assert_array_equal(reading, readings[40].astype(np.float32))


def test_a_world_reads_the_same_alone_as_in_a_batch():
    config = GnssConfig(outage_interval=1.0)
    alone, batch = drive(config, 60, 5, 10.0), drive(config, 60, np.arange(9), 10.0)
    np.testing.assert_array_equal(alone[:, 0], batch[:, 5])


def test_a_new_episode_in_one_world_leaves_the_others_alone():
    simulator, receiver = cars([3, 4]), Gnss(GnssConfig(), PERIOD)
    receiver.reset(2)
    first = receiver.sense(simulator)
    for step in range(1, 30):
        simulator.state.step[:] = step
        last = receiver.sense(simulator)
    simulator.state.step[:] = (0, 29)
    receiver.reset(2, np.array([True, False]))
    np.testing.assert_array_equal(receiver.sense(simulator), [first[0], last[1]])


@pytest.mark.parametrize(
    "wrong", [{"rate": 0.0}, {"latency": -0.1}, {"correlation_time": 0.0}, {"reacquisition_time": -1.0}]
)
def test_an_impossible_receiver_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        GnssConfig(**wrong)
