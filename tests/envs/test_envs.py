"""The environment keeps Gymnasium's promises: spaces, seeds, rewards, ends, bad arguments."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

import drive_sim
from drive_sim.base.errors import InputError
from drive_sim.base.notices import say_once
from drive_sim.envs import DriveEnv, DriveVectorEnv
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.events import FAILURES
from drive_sim.world.reward import LEAST_REWARD, MOST_REWARD, Truth
from tests.envs.commands import COAST, FULL_THROTTLE, HARD_LEFT, QUIET, action, drive_until_the_end


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"sensors": ("camera",), "render_mode": "rgb_array"},
        {"sensors": QUIET, "scenario": "obstacle-avoidance/mixed", "on_failure": "reset_to_lane"},
        {"sensors": ("camera",), "cameras": (CameraConfig("left", 40, 20), CameraConfig("right", 40, 20))},
        {"sensors": ("camera", "imu"), "cameras": [CameraConfig(), {"name": "wide", "width": 64, "k1": -0.1}]},
    ],
)
@pytest.mark.slow
def test_gymnasium_finds_nothing_to_warn_of(arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make("DriveSim-v0", **arguments)
        check_env(env.unwrapped)
        env.close()


def test_make_finds_the_environment_by_its_name_alone():
    program = "import gymnasium, drive_sim; print(gymnasium.spec('DriveSim-v0').entry_point); import sys; "
    program += "print('numba' in sys.modules, 'pygame' in sys.modules)"
    root = Path(drive_sim.__file__).parents[1]
    answer = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["drive_sim.envs:DriveEnv", "False", "False"]


def test_the_same_seed_is_the_same_drive_and_another_seed_another():
    def record(seed: int) -> list:
        env = DriveEnv(sensors=("lidar", "radar", "imu", "gnss", "odometry"))
        steps = [env.reset(seed=seed)]
        return steps + [env.step(action(FULL_THROTTLE)) for _ in range(20)]

    assert data_equivalence(record(5), record(5), exact=True)
    assert not data_equivalence(record(5), record(6))


def test_an_episode_can_be_asked_for_by_its_number():
    env = DriveEnv(sensors=QUIET)
    _, info = env.reset(options={"episode": 12})
    assert info["episode_number"] == 12
    assert env.simulator.episodes[0].number == 12


def test_info_tells_the_truth():
    env = DriveEnv(sensors=QUIET)
    env.reset(seed=1)
    for _ in range(30):
        _, _, _, _, info = env.step(action())
    state, world = env.simulator.state, env.simulator.world
    for name in ("time", "x", "y", "yaw", "speed", "s", "d", "heading_error", "curvature", "progress"):
        assert info[name] == getattr(state, name)[0], name
    assert info["time"] == pytest.approx(1.5)
    assert info["lateral_offset"] == state.d[0] - world.lane_centre[0]
    assert info["route_completion"] == pytest.approx(info["progress"] / world.route_length[0])
    assert abs(info["lateral_offset"]) <= info["largest_lateral_offset"]
    assert 0.0 < info["mean_lateral_offset"] <= info["largest_lateral_offset"]
    assert info["interventions"] == 0
    assert set(Truth._fields) <= set(info)


def test_leaving_the_road_terminates_with_the_penalty_and_says_why():
    env = DriveEnv(sensors=QUIET, scenario="lane-keeping/rural")
    env.reset(seed=1)
    (_, reward, terminated, truncated, info), _ = drive_until_the_end(env, HARD_LEFT)
    assert terminated
    assert not truncated
    assert LEAST_REWARD <= reward < -9.0
    assert info["events"]
    assert env.simulator.state.events[0] & FAILURES


def test_a_drive_that_runs_out_of_time_is_truncated():
    env = DriveEnv(sensors=QUIET)
    env.reset(seed=1)
    env.simulator.world.time_limit[0] = 0.2
    (*_, terminated, truncated, info), _ = drive_until_the_end(env, COAST, 5)
    assert (terminated, truncated) == (False, True)
    assert "time out" in info["events"]


def test_reaching_the_end_of_the_route_pays():
    env = DriveEnv(sensors=QUIET)
    env.reset(seed=1)
    env.simulator.world.route_length[0] = 3.0
    (_, reward, terminated, _, info), _ = drive_until_the_end(env, COAST, 10)
    assert terminated
    assert "finish" in info["events"]
    assert 9.0 < reward <= MOST_REWARD
    assert info["route_completion"] == 1.0


def test_full_marks_go_to_the_middle_of_the_lane_at_the_speed_limit():
    def reward_of(offset: float, speed: float) -> float:
        env = DriveEnv(sensors=QUIET)
        env.reset(seed=1)
        simulator = env.simulator
        state, world, limit = simulator.state, simulator.world, float(simulator.world.speed_limit[0])
        x, y, heading = simulator.episodes[0].road.point(30.0, float(world.lane_centre[0]) + offset)
        state.x[0], state.y[0], state.yaw[0] = x, y, heading
        state.speed[0] = speed * limit
        return env.step(action())[1]

    best = reward_of(0.0, 1.0)
    assert best == pytest.approx(0.9, abs=0.03)
    assert reward_of(0.8, 1.0) < best - 0.02
    assert reward_of(0.0, 0.5) == pytest.approx(0.4, abs=0.03)
    assert reward_of(0.0, 1.3) < best - 0.1


def test_reset_to_lane_goes_on_where_terminate_ends():
    env = DriveEnv(sensors=QUIET, on_failure="reset_to_lane")
    env.reset(seed=1)
    rewards = []
    for _ in range(200):
        _, reward, terminated, _, info = env.step(action(HARD_LEFT))
        rewards.append(reward)
        assert not terminated
        if info["interventions"]:
            break
    assert info["interventions"] == 1
    assert rewards[-1] < -8.0


def test_a_step_before_the_first_reset_is_refused():
    with pytest.raises(gymnasium.error.ResetNeeded):
        DriveEnv(sensors=QUIET).step(action())


def test_an_action_of_another_shape_is_refused():
    env = DriveEnv(sensors=QUIET)
    env.reset(seed=1)
    with pytest.raises(ValueError, match="action"):
        env.step(np.zeros(1, np.float32))


@pytest.mark.parametrize("command", [(0.0, math.nan), (math.inf, 0.0)])
def test_at_an_action_that_is_not_finite_the_ego_brakes_counts_and_tells_once(command, caplog):
    say_once.cache_clear()
    env, batch = DriveEnv(sensors=QUIET), DriveVectorEnv(2, sensors=QUIET)
    env.reset(seed=1)
    _, before = batch.reset(seed=1)
    wrong = np.array(command, np.float32)
    for number in range(1, 6):
        _, _, _, _, info = env.step(wrong)
        _, _, _, _, infos = batch.step(np.stack([wrong, np.zeros(2, np.float32)]))
        assert info["invalid_commands"] == number
        assert infos["invalid_commands"].tolist() == [number, 0]
    assert info["speed"] == infos["speed"][0] < before["speed"][0] - 1.0
    assert [record.message for record in caplog.records] == [
        "the caller of step gives commands that are not finite numbers: the ego brakes fully, and invalid_commands "
        "counts them"
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scenario": "lane-keeping/moon"}, "lane-keeping/moon"),
        ({"split": "exam"}, "exam"),
        ({"sensors": ("sonar",)}, "sonar"),
        ({"sensors": "camera"}, "sensors"),
        ({"sensors": ()}, "sensors"),
        ({"on_failure": "shrug"}, "shrug"),
        ({"render_mode": "ansi"}, "ansi"),
        ({"device": "tpu"}, "tpu"),
        ({"sensors": ("camera",), "cameras": ()}, "cameras"),
        ({"sensors": ("camera",), "cameras": [CameraConfig(), {"name": "front"}]}, "'front'"),
        ({"sensors": ("camera",), "cameras": [{"widht": 3}]}, "widht"),
        ({"sensors": ("camera",), "cameras": [{"height": -3}]}, "height"),
    ],
)
def test_what_does_not_exist_is_named_in_one_line(wrong, field):
    with pytest.raises(InputError) as refused:
        DriveEnv(**{"sensors": QUIET, **wrong})
    assert field in str(refused.value)
    assert "\n" not in str(refused.value)
