"""An observation has what was asked for; cameras and their annotations belong to it."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.envs import DriveEnv, DriveVectorEnv
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.suite import SENSOR_NAMES
from tests.envs.commands import FULL_THROTTLE, QUIET, action


def test_an_observation_has_an_entry_for_each_sensor_asked_for_and_no_other():
    env = gymnasium.make("DriveSim-v0").unwrapped
    observation, _ = env.reset(seed=0)
    assert set(observation) == set(SENSOR_NAMES)
    assert observation["camera"].shape == (66, 200, 3)
    assert observation["camera"].dtype == np.uint8
    observation, _ = DriveEnv(sensors=("lidar", "imu")).reset(seed=0)
    assert set(observation) == {"lidar", "imu"}


def test_several_cameras_are_told_apart_by_name():
    cameras = (CameraConfig("left", 40, 20, yaw=0.5), CameraConfig("right", 40, 20, yaw=-0.5))
    observation, _ = DriveEnv(sensors=("camera",), cameras=cameras).reset(seed=0)
    assert set(observation["camera"]) == {"left", "right"}
    assert not np.array_equal(observation["camera"]["left"], observation["camera"]["right"])


SIZES = (CameraConfig("front", 60, 20), CameraConfig("left", 40, 30, yaw=0.5), CameraConfig("rear", 24, 16, yaw=3.0))


def test_every_camera_of_several_has_its_own_size():
    env = gymnasium.make("DriveSim-v0", sensors=("camera",), cameras=list(SIZES))
    observation, _ = env.reset(seed=0)
    shapes = {name: image.shape for name, image in observation["camera"].items()}
    assert shapes == {"front": (20, 60, 3), "left": (30, 40, 3), "rear": (16, 24, 3)}
    assert list(env.observation_space["camera"]) == ["front", "left", "rear"]
    assert observation in env.observation_space


def test_cameras_of_a_batch_of_4_show_what_each_world_alone_shows():
    batch = DriveVectorEnv(4, sensors=("camera",), cameras=SIZES)
    together, _ = batch.reset(seed=3)
    assert together in batch.observation_space
    for i in range(4):
        alone, _ = DriveEnv(sensors=("camera",), cameras=SIZES).reset(seed=3 + i)
        for name, image in alone["camera"].items():
            assert np.array_equal(image, together["camera"][name][i])


@pytest.mark.slow
def test_annotations_belong_to_the_images_of_the_last_observation():
    arguments = {"scenario": "obstacle-avoidance/mixed", "sensors": ("camera",), "cameras": SIZES}
    env, batch = gymnasium.make("DriveSim-v0", **arguments), DriveVectorEnv(2, **arguments)
    env.reset(seed=4)
    batch.reset(seed=3)
    for _ in range(5):
        observation, *_ = env.step(action(FULL_THROTTLE))
        batch.step(np.array([FULL_THROTTLE] * 2, np.float32))
    labels = env.unwrapped.annotations()
    assert list(labels) == ["front", "left", "rear"]
    for name, seen in labels.items():
        assert seen.semantic.shape == seen.depth.shape == seen.instance.shape == observation["camera"][name].shape[:2]
        other = batch.annotations()[1][name]
        assert repr((seen.boxes, seen.boundaries)) == repr((other.boxes, other.boundaries))
        assert np.array_equal(seen.depth, other.depth)


def test_annotations_need_a_camera_and_a_reset():
    with pytest.raises(gymnasium.error.ResetNeeded):
        DriveEnv().annotations()
    env = DriveEnv(sensors=QUIET)
    env.reset(seed=0)
    with pytest.raises(InputError, match="camera"):
        env.annotations()
