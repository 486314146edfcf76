"""A sensor that another package adds is sensed, observed and configured by its name like those of this package."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import drive_sim  # noqa: F401 (registers the environment)
from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import to_device, to_host
from drive_sim.rollout import run
from drive_sim.sensors.configuration import Flag, NotNegative, configuration
from drive_sim.sensors.registry import BUILT_IN, SENSORS, sensor_names
from drive_sim.sensors.suite import SENSOR_NAMES, Observation, SensorConfigs, SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

PACE = 0.5


@configuration("toy-speedometer")
class SpeedometerConfig:
    """What a dashboard shows."""

    noise: Flag = True
    lead: NotNegative = 0.05
    """Share by which it shows too much [1]."""


class Speedometer:
    """The speedometers of B cars: float32 (B, 1) speed [km/h]."""

    Config = SpeedometerConfig

    def __init__(self, config: SpeedometerConfig, *, device: str, period: float) -> None:
        self.device, self.factor = device, 3.6 * (1.0 + config.noise * config.lead)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(1, np.float32), np.full(1, 500.0, np.float32)

    def reset(self, batch: int, mask: Any = None) -> None:
        """It remembers nothing."""

    def sense(self, simulator: Simulator) -> Any:
        reading = np.clip(self.factor * to_host(simulator.state.speed), 0.0, 500.0)
        return to_device(self.device, reading.astype(np.float32)[:, None])


class FollowsTheSpeedometer:
    """Accelerates while its speedometer shows less than 50 km/h."""

    name, privileged, controller = "follows-the-speedometer", False, "classical"
    sensors = ("toy-speedometer",)

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        self.shown: list[float] = []

    def act(self, observation: Observation) -> np.ndarray:
        shown = observation.host().added["toy-speedometer"]
        self.shown.append(float(shown[0, 0]))
        return np.stack([np.zeros(len(shown)), np.where(shown[:, 0] < 50.0, PACE, 0.0)], 1).astype(np.float32)


@pytest.fixture(autouse=True)
def speedometer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry as it is where a package that adds a speedometer is installed."""
    monkeypatch.setitem(SENSORS._own, "toy-speedometer", Speedometer)


def make_simulator(*numbers: int) -> Simulator:
    scenario = load_scenario("lane-keeping/rural", "train")
    return Simulator([scenario.draw(number) for number in numbers])


def test_every_sensor_but_the_camera_is_made_by_the_registry():
    assert sensor_names() == (*SENSOR_NAMES, "toy-speedometer")
    assert ("camera", *BUILT_IN) == SENSOR_NAMES
    for name in BUILT_IN:
        sensor = SENSORS[name](SENSORS[name].Config(), device="cpu", period=0.05)
        assert type(sensor).__name__.lower() == name


def test_its_reading_is_an_entry_of_the_observation():
    simulator = make_simulator(1, 2)
    observation = SensorSuite(("imu", "toy-speedometer")).observe(simulator)
    np.testing.assert_allclose(
        observation.added["toy-speedometer"][:, 0], 1.05 * 3.6 * simulator.state.speed, rtol=1e-6
    )
    assert list(observation.added) == list(observation.host().added) == ["toy-speedometer"]
    assert observation.imu.shape == (2, 3)
    assert SensorSuite(("imu",)).observe(simulator).added == {}


def test_an_environment_observes_it():
    env = gymnasium.make("DriveSim-v0", sensors=("odometry", "toy-speedometer"))
    assert env.observation_space["toy-speedometer"] == gymnasium.spaces.Box(0.0, 500.0, (1,), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
    observation, _ = env.reset(seed=1)
    assert observation["toy-speedometer"][0] == pytest.approx(3.6 * 1.05 * observation["odometry"][0], rel=0.05)
    batch = gymnasium.make_vec("DriveSim-v0", num_envs=2, sensors=("toy-speedometer",))
    observation, _ = batch.reset(seed=1)
    assert observation["toy-speedometer"].shape == (2, 1)


def test_a_driver_asks_for_it_by_name():
    driver = FollowsTheSpeedometer()
    run(make_simulator(1), driver, max_steps=20)
    assert len(driver.shown) == 20
    assert driver.shown[0] > driver.shown[-1] > 50.0  # faster than it wants to be: it coasts


@pytest.mark.parametrize("config", [SpeedometerConfig(noise=False), {"noise": False}])
def test_it_is_configured_by_name(config):
    simulator, configs = make_simulator(1), SensorConfigs(added={"toy-speedometer": config})
    assert configs.of("toy-speedometer") == SpeedometerConfig(noise=False)
    observation = SensorSuite(("toy-speedometer",), configs=configs).observe(simulator)
    assert observation.added["toy-speedometer"][0, 0] == pytest.approx(3.6 * simulator.state.speed[0])


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (
            {"toy-speedometer": {"lead": -1.0}},
            "added.toy-speedometer.lead: input should be greater than or equal to 0",
        ),
        ({"toy-speedometer": {"led": 1.0}}, "added.toy-speedometer.led: is not a known key; remove it"),
        (
            {"toy-speedometer": 3},
            "added: toy-speedometer: 3 is no SpeedometerConfig; give one, or a dict of its fields",
        ),
        ({"sonar": {}}, "added: sonar is no sensor; choose from lidar, radar, imu, gnss, odometry, toy-speedometer"),
        ({"lidar": {}}, "added: lidar has a field of its own; give lidar=..."),
    ],
)
def test_a_mistake_in_its_configuration_is_told(added, expected):
    with pytest.raises(InputError) as caught:
        SensorConfigs(added=added)
    assert str(caught.value).startswith(f"sensor configs: {expected}")


def test_a_mistake_in_a_configuration_that_is_a_plain_dataclass_is_told(monkeypatch):
    @dataclass(frozen=True)
    class Plain:
        lead: float = 0.0

    monkeypatch.setattr(Speedometer, "Config", Plain)
    assert SensorConfigs(added={"toy-speedometer": {"lead": 1.0}}).of("toy-speedometer") == Plain(1.0)
    with pytest.raises(InputError, match=r"added: toy-speedometer: .*unexpected keyword argument 'led'; correct the"):
        SensorConfigs(added={"toy-speedometer": {"led": 1.0}})


def test_an_entry_that_is_no_sensor_is_told(monkeypatch):
    monkeypatch.setattr(SENSORS, "_added", {"clock": [EntryPoint("clock", "time:time", "drive_sim.sensors")]})
    with pytest.raises(InputError) as caught:
        SensorSuite(("clock",))
    told = "sensor clock: is no class of sensors: it lacks Config, bounds, reset, sense; mend or uninstall time:time"
    assert str(caught.value) == told
