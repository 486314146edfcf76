"""Configurations of sensors: what they refuse and in which words, and that they are values."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, fields, replace
from typing import Any

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.sensors.annotations.annotations import Annotator
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.sensors.gnss import GnssConfig
from drive_sim.sensors.imu import ADIS16465, BMI088, ImuConfig, InertialErrors
from drive_sim.sensors.lidar import LidarConfig
from drive_sim.sensors.odometry import OdometryConfig
from drive_sim.sensors.radar.configuration import ARS_408_FAR, RadarBeam, RadarConfig
from drive_sim.sensors.suite import SensorConfigs, SensorSuite

CONFIGS = (LidarConfig, RadarConfig, ImuConfig, GnssConfig, OdometryConfig, SensorConfigs)


def message(make: Callable[..., Any], *args: Any, **values: Any) -> str:
    with pytest.raises(InputError) as caught:
        make(*args, **values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "values", "expected"),
    [
        (LidarConfig, {"max_range": 0.0}, "lidar: max_range: input should be greater than 0; give a number above 0"),
        (LidarConfig, {"dropout": 1.5}, "lidar: dropout: input should be less than or equal to 1; give at most 1"),
        (LidarConfig, {"max_range": math.inf}, "lidar: max_range: input should be a finite number"),
        (LidarConfig, {"x": math.nan}, "lidar: x: input should be a finite number; write a finite number"),
        (LidarConfig, {"max_range": "80"}, "lidar: max_range: '80' is not a number; give a number"),
        (LidarConfig, {"z": 10**400}, "lidar: z: the number is too large; give a smaller one"),
        (LidarConfig, {"beams": 7.0}, "lidar: beams: 7.0 is not a whole number; give a whole number"),
        (LidarConfig, {"beams": True}, "lidar: beams: True is not a whole number; give a whole number"),
        (LidarConfig, {"noise": "off"}, "lidar: noise: 'off' is neither True nor False; give one of them"),
        (LidarConfig, {"range": 50.0}, "lidar: range: is not a known key; remove it or correct its spelling"),
        (RadarConfig, {"cycle": 1e-9}, "radar: cycle: input should be greater than or equal to 0.001"),
        (RadarConfig, {"near": {"angles": (0.0, 0.5, 1.0)}}, "radar: near.ranges: is missing; add it"),
        (RadarConfig, {"near": 70.0}, "radar: near: input should be a dictionary or an instance of RadarBeam"),
        (GnssConfig, {"rate": 0.0}, "gnss: rate: input should be greater than or equal to 0.01"),
        (GnssConfig, {"latency": math.inf}, "gnss: latency: input should be a finite number"),
        (GnssConfig, {"latency": 1e9}, "gnss: latency: input should be less than or equal to 60; give at most 60"),
        (ImuConfig, {"gyroscope": ADIS16465}, "imu: gyroscope: input should be a dictionary or an instance of"),
        (InertialErrors, {}, "inertial errors: noise_density: is missing; add it"),
        (OdometryConfig, {"ticks_per_turn": 0}, "odometry: ticks_per_turn: input should be greater than or equal to 1"),
        (
            OdometryConfig,
            {"speed_resolution": 1e-300},
            "odometry: speed_resolution: 1e-300 is too fine; give 0 for none, or at least 1e-09",
        ),
        (SensorConfigs, {"lidar": {"beams": 0}}, "sensor configs: lidar.beams: input should be greater than or equal"),
        (SensorConfigs, {"lidar": RadarConfig()}, "sensor configs: lidar: input should be a dictionary or an instance"),
        (SensorConfigs, {"sonar": 1}, "sensor configs: sonar: is not a known key"),
    ],
)
def test_a_mistake_is_one_line_with_sensor_field_and_hint(make, values, expected):
    line = message(make, **values)
    assert line.startswith(expected)
    assert "\n" not in line
    assert "; " in line


def test_conditions_on_several_fields_are_told_too():
    assert "angles run from" in message(replace, ARS_408_FAR, angles=(0.1, 0.2, 0.3))
    assert "bias_instability 1e-09 is below" in message(replace, BMI088.gyroscope, bias_instability=1e-9)


@pytest.mark.parametrize("make", CONFIGS)
def test_a_configuration_is_a_value(make):
    config = make()
    assert config == make()
    assert hash(config) == hash(make())
    assert pickle.loads(pickle.dumps(config)) == config
    assert make(**{field.name: getattr(config, field.name) for field in fields(config)}) == config
    assert make(**asdict(config)) == config
    with pytest.raises(FrozenInstanceError):
        setattr(config, fields(config)[0].name, None)


def test_numbers_of_numpy_are_numbers():
    config = LidarConfig(beams=np.int64(7), max_range=np.float32(30.0), x=2, noise=np.bool_(False))
    assert config == LidarConfig(beams=7, max_range=30.0, x=2.0, noise=False)
    assert [type(value) for value in (config.beams, config.max_range, config.x, config.noise)] == [
        int, float, float, bool,
    ]  # fmt: skip


def test_lists_become_tuples():
    values = {**asdict(ARS_408_FAR), "ranges": [250.0, 250, 250.0]}
    assert RadarBeam(**values) == ARS_408_FAR


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"sensors": ("camera", "sonar")}, "sensors: sonar: is no sensor; choose from camera, lidar"),
        ({"sensors": "lidar"}, "sensors: must be a sequence of names; choose from camera, lidar"),
        ({"sensors": ("lidar", 3)}, "sensors: 3: is no sensor"),
        ({"sensors": ("imu",), "period": 0.0}, "period: 0.0 is not above 0; give the simulator's control period"),
        ({"sensors": ("imu",), "period": math.nan}, "period: nan is not above 0"),
        ({"sensors": ("imu",), "device": "gpu"}, "device: gpu: is no device; give cpu or cuda"),
        ({"sensors": ("lidar",), "configs": LidarConfig()}, "configs: is no SensorConfigs; give SensorConfigs(lidar="),
    ],
)
def test_a_suite_that_cannot_be_is_refused(values, expected):
    assert message(SensorSuite, **values).startswith(expected)


@pytest.mark.parametrize("reach", [0.0, -1.0, math.nan, math.inf])
def test_labels_need_a_reach(reach):
    assert message(Annotator, CameraRig.default(), reach).startswith(f"reach: {reach} is not within 0..10000 m; give")
