"""Gymnasium's wrappers and learners around the environments, to the end of an episode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from gymnasium.wrappers.vector import RecordEpisodeStatistics as BatchStatistics

import drive_sim  # noqa: F401
from drive_sim.envs import DriveVectorEnv

QUIET = ("odometry",)
HARD_LEFT = np.array([1.0, 1.0], np.float32)
RESERVED = {"episode", "_episode", "final_obs", "final_info", "final_observation", "terminal_observation"}
"""Keys of ``info`` that wrappers and learners fill."""


def make(**arguments: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.make("DriveSim-v0", sensors=QUIET, **arguments)


def drive_to_the_end(env: gymnasium.Env[Any, Any], most: int = 2000) -> dict[str, Any]:
    """The last ``info`` of an episode from seed 1."""
    env.reset(seed=1)
    for _ in range(most):
        *_, terminated, truncated, info = env.step(HARD_LEFT)
        if terminated or truncated:
            return info
    raise AssertionError(f"no end after {most} steps")


@pytest.mark.slow
def test_info_leaves_reserved_keys_to_wrappers() -> None:
    assert RESERVED.isdisjoint(drive_to_the_end(make()))
    _, infos = DriveVectorEnv(2, sensors=QUIET).reset(seed=1)
    assert RESERVED.isdisjoint(infos)
    assert infos["_episode_number"].all()


def test_episode_statistics_of_one_car() -> None:
    info = drive_to_the_end(RecordEpisodeStatistics(make()))
    assert set(info["episode"]) == {"r", "l", "t"}


@pytest.mark.parametrize("mode", ["vector_entry_point", "sync"])
@pytest.mark.slow
def test_episode_statistics_of_a_batch(mode: str) -> None:
    worlds = BatchStatistics(gymnasium.make_vec("DriveSim-v0", 2, vectorization_mode=mode, sensors=QUIET))
    worlds.reset(seed=1)
    ends = 0
    for _ in range(200):
        *_, infos = worlds.step(np.stack([HARD_LEFT] * 2))
        ends += int(infos.get("_episode", np.zeros(2)).sum())
    worlds.close()
    assert ends > 1


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_both_ways_of_autoreset(mode: AutoresetMode) -> None:
    worlds = SyncVectorEnv([make, make], autoreset_mode=mode)
    worlds.reset(seed=1)
    ends = 0
    for _ in range(120):
        _, _, terminated, truncated, _ = worlds.step(np.stack([HARD_LEFT] * 2))
        ends += int((terminated | truncated).sum())
    assert ends > 1


def test_a_time_limit_truncates() -> None:
    env = TimeLimit(make(), 5)
    env.reset(seed=1)
    assert [env.step(np.zeros(2, np.float32))[3] for _ in range(5)] == [False] * 4 + [True]


def test_videos_are_recorded(tmp_path: Path) -> None:
    pytest.importorskip("moviepy")
    env = gymnasium.wrappers.RecordVideo(make(render_mode="rgb_array"), str(tmp_path), episode_trigger=lambda _: True)
    drive_to_the_end(env)
    env.close()
    assert list(tmp_path.glob("*.mp4"))


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["PPO", "SAC"])
def test_stable_baselines3_learns(algorithm: str) -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.env_util import make_vec_env

    worlds = make_vec_env("DriveSim-v0", 2, env_kwargs={"sensors": ("odometry",)})
    options = {"PPO": {"n_steps": 64, "batch_size": 64, "n_epochs": 1}, "SAC": {"learning_starts": 64}}[algorithm]
    model = getattr(sb3, algorithm)("MultiInputPolicy", worlds, **options)
    assert model.learn(256).num_timesteps >= 256


def test_the_first_reset_begins_every_world_whatever_the_mask() -> None:
    masked, whole = (DriveVectorEnv(3, sensors=QUIET) for _ in range(2))
    mask = np.array([False, True, False])
    observation, infos = masked.reset(seed=4, options={"reset_mask": mask})
    assert infos["episode_number"].tolist() == whole.reset(seed=4)[1]["episode_number"].tolist()
    assert observation in masked.observation_space
    masked.step(np.zeros((3, 2), np.float32))
    _, infos = masked.reset(options={"reset_mask": mask})
    assert infos["time"].tolist() == pytest.approx([0.05, 0.0, 0.05])
