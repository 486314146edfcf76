"""A batch is nothing but many of the single environment."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

from drive_sim.base.errors import InputError
from drive_sim.envs import DriveEnv, DriveVectorEnv
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.suite import SENSOR_NAMES
from tests.envs.commands import QUIET


@pytest.mark.slow
def test_a_world_of_64_is_the_world_alone_bit_for_bit_through_its_restarts():
    batch, watched, steps, seed = 64, (0, 17, 63), 90, 100
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1.0, 1.0, (steps, batch, 2)).astype(np.float32)
    actions[:, :, 1] = abs(actions[:, :, 1])
    arguments = {
        "scenario": "obstacle-avoidance/mixed",
        "sensors": SENSOR_NAMES,
        "cameras": (CameraConfig("front", 50, 20),),
    }
    together = DriveVectorEnv(batch, **arguments)
    alone = {i: DriveEnv(**arguments) for i in watched}
    observations, infos = together.reset(seed=seed)
    ended = dict.fromkeys(watched, False)
    restarts = 0

    def same(i: int, observation, info) -> None:
        mine = {name: entry[i] for name, entry in observations.items()}
        assert data_equivalence({k: np.asarray(v) for k, v in observation.items()}, mine, exact=True)
        for name, value in info.items():
            assert infos[name][i] == value, name
            assert infos[f"_{name}"][i]

    for i, env in alone.items():
        same(i, *env.reset(seed=seed + i))
    for step in range(steps):
        observations, rewards, terminated, truncated, infos = together.step(actions[step])
        for i, env in alone.items():
            if ended[i]:
                same(i, *env.reset())
                assert (rewards[i], terminated[i], truncated[i]) == (0.0, False, False)
                ended[i], restarts = False, restarts + 1
                continue
            observation, reward, ends, cut, info = env.step(actions[step, i])
            same(i, observation, info)
            assert (rewards[i], terminated[i], truncated[i]) == (reward, ends, cut)
            ended[i] = ends or cut
    assert restarts > 0


def test_make_vec_gives_the_batch_and_its_restarts_come_a_step_later():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make_vec("DriveSim-v0", num_envs=3, sensors=QUIET)
    assert isinstance(env, DriveVectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    _, infos = env.reset(seed=4)
    first = infos["episode_number"][1]
    env.simulator.world.time_limit[1] = 0.1
    ends = [env.step(np.zeros((3, 2), np.float32)) for _ in range(4)]
    assert [bool(truncated[1]) for _, _, _, truncated, _ in ends] == [False, True, False, False]
    times = [infos["time"].tolist() for *_, infos in ends]
    assert [pair[1] for pair in times] == pytest.approx([0.05, 0.1, 0.0, 0.05])
    assert [pair[0] for pair in times] == pytest.approx([0.05, 0.1, 0.15, 0.2])
    assert ends[1][4]["episode_number"][1] == first != ends[2][4]["episode_number"][1]


def test_the_batch_lies_in_its_spaces_and_owns_its_arrays():
    env = DriveVectorEnv(3)
    first, _ = env.reset(seed=1)
    second, rewards, terminated, truncated, _ = env.step(np.zeros((3, 2), np.float32))
    assert first in env.observation_space
    assert second in env.observation_space
    assert rewards.shape == terminated.shape == truncated.shape == (3,)
    assert all(not np.shares_memory(first[name], second[name]) for name in first)


def test_some_worlds_can_be_reset_while_the_others_drive_on():
    env = DriveVectorEnv(3, sensors=QUIET)
    env.reset(seed=1)
    env.step(np.zeros((3, 2), np.float32))
    _, infos = env.reset(options={"reset_mask": np.array([False, True, False])})
    assert infos["time"].tolist() == pytest.approx([0.05, 0.0, 0.05])


@pytest.mark.parametrize("wrong", [{"num_envs": 0}, {"num_envs": 2, "render_mode": "human"}])
def test_a_batch_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError):
        DriveVectorEnv(**{"sensors": QUIET, **wrong})
