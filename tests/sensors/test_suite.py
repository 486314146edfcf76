"""The suite senses what it is asked for, and a world the same alone as among others."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SENSOR_NAMES, Observation, SensorConfigs, SensorSuite
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR

RIG = CameraRig((CameraConfig("front", 40, 20),))


def make_simulator(*numbers: int) -> Simulator:
    scenario = load_scenario("obstacle-avoidance/mixed", "train")
    return Simulator([scenario.draw(number) for number in numbers], slots=8)


def drive(simulator: Simulator, suite: SensorSuite, steps: int = 12) -> list[Observation]:
    simulator.reset()
    suite.reset(simulator)
    observations = [suite.observe(simulator)]
    for _ in range(steps):
        simulator.step(np.tile(np.array([0.1, 0.5], np.float32), (simulator.batch_size, 1)))
        observations.append(suite.observe(simulator))
    return observations


def entries(observation: Observation) -> dict[str, np.ndarray]:
    arrays = {f.name: getattr(observation, f.name) for f in fields(observation)}
    del arrays["active"]
    bundles = {**arrays.pop("camera"), **arrays.pop("added")}
    return {**bundles, **{name: array for name, array in arrays.items() if array is not None}}


def test_only_what_was_asked_for_is_there():
    simulator = make_simulator(1)
    for name in ("lidar", "radar", "imu", "gnss", "odometry"):
        assert set(entries(SensorSuite((name,)).observe(simulator))) == {"time", "interventions", name}
    assert set(entries(SensorSuite(("camera",), RIG).observe(simulator))) == {"time", "interventions", "front"}


def test_every_reading_has_its_shape():
    observation = SensorSuite(SENSOR_NAMES, RIG).observe(make_simulator(1, 2))
    shapes = {name: (array.shape, array.dtype.name) for name, array in entries(observation).items()}
    assert shapes == {
        "time": ((2,), "float64"),
        "interventions": ((2,), "int32"),
        "front": ((2, 20, 40, 3), "uint8"),
        "lidar": ((2, 191), "float32"),
        "radar": ((2, 16, 4), "float32"),
        "imu": ((2, 3), "float32"),
        "gnss": ((2, 5), "float32"),
        "odometry": ((2, 3), "float32"),
    }
    assert observation.batch_size == 2


def test_a_world_is_seen_the_same_alone_as_in_a_batch():
    batch = drive(make_simulator(1, 2, 3), SensorSuite(SENSOR_NAMES, RIG))
    alone = drive(make_simulator(2), SensorSuite(SENSOR_NAMES, RIG))
    for one, many in zip(alone, batch, strict=True):
        for name, array in entries(one).items():
            np.testing.assert_array_equal(array[0], entries(many)[name][1], err_msg=name)


def test_an_observation_is_never_changed_by_a_later_one():
    simulator, suite = make_simulator(1), SensorSuite(SENSOR_NAMES, RIG)
    first = suite.observe(simulator)
    kept = {name: array.copy() for name, array in entries(first).items()}
    simulator.step(np.ones((1, 2), np.float32))
    later = suite.observe(simulator)
    for name, array in entries(first).items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)
        assert not np.shares_memory(array, entries(later)[name])


def test_noise_off_is_the_truth():
    simulator = make_simulator(1)
    observations = drive(simulator, SensorSuite(("imu", "odometry"), configs=SensorConfigs.ideal()))
    state, last = simulator.state, observations[-1]
    assert last.odometry[0, :2] == pytest.approx([state.speed[0] * np.cos(state.slip_angle[0]), state.steering[0]])
    assert sum(o.odometry[0, 2] for o in observations) == pytest.approx(state.odometer[0], rel=1e-5)
    assert last.imu[0, 2] == pytest.approx(state.yaw_rate[0], rel=1e-2)


def test_another_seed_is_other_noise():
    episode = make_simulator(1).episodes[0]
    car = ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, episode.start_s + 20.0, -1.75)  # something to see
    simulator, other = (Simulator([replace(episode, seed=seed, actors=(car,))]) for seed in (1, 99))
    for name in ("lidar", "radar", "imu", "gnss", "odometry"):
        suite = SensorSuite((name,))
        first, second = (entries(suite.observe(world))[name] for world in (simulator, other))
        assert not np.array_equal(first, second), name


def test_a_new_batch_needs_no_new_suite():
    suite = SensorSuite(("radar", "imu", "gnss", "odometry"))
    assert suite.observe(make_simulator(1)).batch_size == 1
    assert suite.observe(make_simulator(1, 2)).batch_size == 2


def test_a_sensor_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="sonar"):
        SensorSuite(("camera", "sonar"))
