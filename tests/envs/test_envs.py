"""The environments keep Gymnasium's promises, and a batch is nothing but many of the single one."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode

import drive_sim
from drive_sim.base.errors import InputError
from drive_sim.base.notices import say_once
from drive_sim.envs import DriveEnv, DriveVectorEnv
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.suite import SENSOR_NAMES
from drive_sim.world.events import FAILURES
from drive_sim.world.reward import LEAST_REWARD, MOST_REWARD, Truth

QUIET = ("odometry",)
FULL_THROTTLE, COAST, HARD_LEFT = ((0.0, 1.0), (0.0, 0.0), (1.0, 0.5))


def action(command: tuple[float, float] = COAST) -> np.ndarray:
    return np.array(command, np.float32)


def drive_until_the_end(env: DriveEnv, command: tuple[float, float], most: int = 3000):
    for _ in range(most):
        *_, terminated, truncated, info = step = env.step(action(command))
        if terminated or truncated:
            return step, info
    raise AssertionError(f"no end after {most} steps")


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


def test_annotations_need_a_camera_and_a_drive():
    with pytest.raises(gymnasium.error.ResetNeeded):
        DriveEnv().annotations()
    env = DriveEnv(sensors=QUIET)
    env.reset(seed=0)
    with pytest.raises(InputError, match="camera"):
        env.annotations()


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


def test_the_top_down_view_follows_the_car_and_needs_no_display():
    env = DriveEnv(sensors=QUIET, render_mode="rgb_array")
    env.reset(seed=1)
    first = env.render()
    for _ in range(10):
        env.step(action(FULL_THROTTLE))
    second = env.render()
    assert first.shape == second.shape == (600, 800, 3)
    assert first.dtype == np.uint8
    assert not np.array_equal(first, second)
    assert len(DriveVectorEnv(2, sensors=QUIET, render_mode="rgb_array").reset(seed=1)) == 2


def test_every_world_of_a_batch_is_rendered():
    env = DriveVectorEnv(2, sensors=QUIET, render_mode="rgb_array")
    env.reset(seed=1)
    one, two = env.render()
    assert not np.array_equal(one, two)


def test_a_window_without_a_display_is_told_in_one_line(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "none-such")
    with pytest.raises(InputError, match="no display"):
        DriveEnv(sensors=QUIET, render_mode="human").reset(seed=1)


def test_images_without_pygame_are_told_in_one_line(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("pygame", "drive_sim.top_down"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(InputError, match="pygame"):
        DriveEnv(sensors=QUIET, render_mode="rgb_array")
    DriveEnv(sensors=QUIET).reset(seed=1)


def test_the_window_opens_at_the_first_reset_and_closes_with_the_environment():
    env = DriveEnv(sensors=QUIET, render_mode="human")
    assert not pygame.display.get_init()
    env.reset(seed=1)
    assert pygame.display.get_surface().get_size() == (800, 600)
    assert env.render() is None
    env.close()
    assert not pygame.display.get_init()


def test_human_mode_without_a_display_is_told_in_one_line(monkeypatch):
    for variable in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InputError, match="no display"):
        DriveEnv(sensors=QUIET, render_mode="human").reset(seed=1)
    assert not pygame.display.get_init()


def test_images_go_on_after_another_library_quits_pygame():
    env = DriveEnv(sensors=QUIET, render_mode="rgb_array")
    env.reset(seed=1)
    before = env.render()
    pygame.quit()
    assert np.array_equal(env.render(), before)


def test_a_window_that_another_library_closed_opens_again():
    env = DriveEnv(sensors=QUIET, render_mode="human")
    env.reset(seed=1)
    pygame.quit()
    env.step(action())
    assert pygame.display.get_surface() is not None
    env.close()


def test_closing_one_of_two_shown_cars_leaves_the_other_its_window():
    first, second = (DriveEnv(sensors=QUIET, render_mode="human") for _ in range(2))
    for env in (first, second):
        env.reset(seed=1)
    first.close()
    second.step(action())
    assert pygame.display.get_surface() is not None
    second.close()
    assert not pygame.display.get_init()


def test_another_librarys_window_is_neither_drawn_over_nor_closed():
    theirs = pygame.display.set_mode((64, 64))
    env = DriveEnv(sensors=QUIET, render_mode="human")
    with pytest.raises(InputError, match="only window in use"):
        env.reset(seed=1)
    env.close()
    assert pygame.display.get_surface() is theirs
    pygame.display.quit()


def test_nobody_drives_before_the_first_reset():
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


@pytest.mark.parametrize("wrong", [{"num_envs": 0}, {"num_envs": 2, "render_mode": "human"}])
def test_a_batch_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError):
        DriveVectorEnv(**{"sensors": QUIET, **wrong})
