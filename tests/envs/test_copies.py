"""A copied or pickled environment goes through the very numbers that the original goes through."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

from drive_sim.envs import DriveEnv, DriveVectorEnv
from drive_sim.sensors.suite import SENSOR_NAMES
from drive_sim.world.roads.pool import RoadPool

pytestmark = pytest.mark.slow

STEPS = 12
CAMERAS = ({"name": "front"}, {"name": "left", "y": 0.5}, {"name": "wide", "width": 96, "height": 48, "k1": -0.2})


def pickled(env: Any) -> Any:
    return pickle.loads(pickle.dumps(env))


COPIES = pytest.mark.parametrize("copied", [copy.deepcopy, pickled])


def drive(env: DriveEnv) -> list[Any]:
    return [env.step(np.array([0.1, 1.0], np.float32)) for _ in range(STEPS)]


def drive_batch(env: DriveVectorEnv) -> list[Any]:
    return [env.step(np.tile(np.array([0.1, 1.0], np.float32), (env.num_envs, 1))) for _ in range(STEPS)]


@COPIES
@pytest.mark.parametrize("cameras", [None, CAMERAS, CAMERAS[2:]], ids=["one camera", "three cameras", "lens"])
def test_a_copy_senses_what_the_original_senses(copied: Callable[[Any], Any], cameras: Any) -> None:
    env = DriveEnv("obstacle-avoidance/oncoming-traffic", sensors=SENSOR_NAMES, cameras=cameras)
    env.reset(seed=5)
    drive(env)
    twin = copied(env)
    expected, found = drive(env), drive(twin)
    assert data_equivalence(expected, found)
    camera = [observation["camera"] for observation, *_ in found]
    images = camera if cameras is None or len(cameras) == 1 else [entry["front"] for entry in camera]
    assert len({image.tobytes() for image in images}) == STEPS
    assert data_equivalence(env.reset(), twin.reset())
    assert data_equivalence(drive(env), drive(twin))


@COPIES
def test_a_copy_is_independent_of_the_original(copied: Callable[[Any], Any]) -> None:
    env = DriveEnv(sensors=("camera",))
    env.reset(seed=5)
    twin = copied(env)
    expected = drive(env)
    del env
    gc.collect()
    assert data_equivalence(expected, drive(twin))


@COPIES
@pytest.mark.parametrize("count", [2, 6])
def test_a_copied_batch_senses_what_the_original_senses(copied: Callable[[Any], Any], count: int) -> None:
    env = DriveVectorEnv(count, "obstacle-avoidance/oncoming-traffic", sensors=SENSOR_NAMES)
    env.reset(seed=5)
    drive_batch(env)
    twin = copied(env)
    assert data_equivalence(drive_batch(env), drive_batch(twin))
    mask = np.arange(count) == 1
    for _ in range(4):  # until the pool of roads is full and is made anew
        expected, found = (each.reset(options={"reset_mask": mask}) for each in (env, twin))
        assert data_equivalence(expected, found)
        assert data_equivalence(drive_batch(env), drive_batch(twin))


@COPIES
def test_a_copied_pool_finds_its_own_roads(copied: Callable[[Any], Any]) -> None:
    env = DriveVectorEnv(3, sensors=("odometry",))
    env.reset(seed=1)
    pool, roads = copied((RoadPool(env.simulator._distinct_roads(), "cpu"), env.simulator._distinct_roads()))
    assert [pool.find(road) for road in roads] == [0, 1, 2]
    assert not any(pool.find(road) is not None for road in env.simulator._distinct_roads())


@COPIES
def test_a_copy_renders_what_the_original_renders(copied: Callable[[Any], Any]) -> None:
    env = DriveEnv(sensors=("odometry",), render_mode="rgb_array")
    env.reset(seed=5)
    drive(env)
    twin = copied(env)
    assert np.array_equal(env.render(), twin.render())
    drive(env), drive(twin)
    assert np.array_equal(env.render(), twin.render())
