"""The real window on a virtual screen, with real key presses."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_sim.cli import main as cli
from drive_sim.evaluation.harness import evaluate
from drive_sim.recording import curation
from drive_sim.recording.dataset import Dataset

Say = Callable[..., Any]


def test_keys_pressed_in_the_window_are_the_commands_in_the_dataset(sit_down: Say, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    seat = sit_down("drive", "--scenario", "lane-keeping/rural", "--record", str(mine))

    def now(column: str, index: int) -> float:
        steps = seat.recorded(mine)
        return float(steps[-1][column][index]) if steps else math.nan

    def hold(key: str, reached: Callable[[], bool]) -> None:
        seat.keys("keydown", key)
        seat.wait(reached)
        seat.keys("keyup", key)
        seat.wait(lambda: abs(now("action", 0)) < 1e-6 and abs(now("action", 1)) < 1e-6)

    seat.wait(lambda: seat.recorded(mine))
    hold("Up", lambda: now("action", 1) > 0.05)
    hold("Down", lambda: now("action", 1) < -0.3 and now("observation.state", 0) < 6.0)
    hold("Left", lambda: now("action", 0) > 0.005)
    hold("Right", lambda: now("action", 0) < -0.005)
    hold("w", lambda: now("action", 1) > 0.05)

    seat.keys("key", "r")
    seat.wait(lambda: not list(mine.glob("journal-*")) and mine.joinpath("meta/info.json").exists())
    seat.keys("key", "r")
    seat.wait(lambda: seat.recorded(mine))
    seat.keys("key", "Escape")
    status, _, complained = seat.leave()
    assert status == 0, complained

    assert curation.check(mine) == []
    dataset = Dataset.open(mine)
    assert len(dataset) == 2, "R ends an episode and begins the next"
    first, second = dataset
    assert second.state().time[0] > first.state().time[-1]
    columns, state = first.columns, first.state()
    steering, acceleration = columns["action"].T
    left, right = np.flatnonzero(steering > 0.005), np.flatnonzero(steering < -0.005)
    throttle, brake = np.flatnonzero(acceleration > 0.05), np.flatnonzero(acceleration < -0.3)
    assert throttle[0] < brake[0] < left[0] < right[0] < throttle[-1], "in the order of the keys"
    assert abs(steering[: left[0] - 1]).max() < 1e-6, "the steering was straight before"
    assert abs(steering[left[-1] : right[0] + 1]).min() < 1e-6, "the wheel came back in between"
    assert (columns["command.human"] == columns["action"]).all()
    # The car did what the keys said: the road wheels followed, and braking slowed it down.
    assert state.steering.max() > 0.0 > state.steering.min()
    assert state.speed[brake[-1]] < state.speed[brake[0]]


def test_a_driver_watched_for_some_seconds_is_recorded_and_then_shown_again(sit_down: Say, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    seat = sit_down("drive", "--driver", "human-model", "--record", str(watched), "--minutes", "0.02")
    status, said, complained = seat.leave()
    assert status == 0, complained
    assert said == f"recorded: 1 episode in {watched}\n"
    assert [len(episode) for episode in Dataset.open(watched)] == [24], "0.02 minutes at 20 steps a second"
    assert curation.check(watched) == []

    status, _, complained = sit_down("replay", str(watched)).leave()
    assert status == 0, complained


def test_a_replay_ends_when_its_end_is_leapt_to(sit_down: Say, tmp_path: Path) -> None:
    dataset = str(tmp_path / "long")
    call = ["drive", "--headless", "--driver", "straight", "--minutes", "0.3", "--record", dataset]
    assert cli.run(call) == 0
    # Keys pressed before the window is there have no effect.
    seat = sit_down("replay", dataset)
    while seat.process.poll() is None:
        seat.keys("key", "Right")
    assert seat.leave()[0] == 0


def test_a_scored_episode_is_driven_again_in_sight(sit_down: Say, tmp_path: Path) -> None:
    evaluate("straight", "lane-keeping", tmp_path / "scored", episodes=2, baselines=False, seconds=2.0, videos=0)
    status, said, complained = sit_down("replay", str(tmp_path / "scored"), "1").leave()
    assert status == 0, complained
    assert said.startswith("the same episode: "), said


def test_without_a_gamepad_one_line_says_so(sit_down: Say) -> None:
    status, _, complained = sit_down("drive", "--driver", "gamepad").leave()
    lines = [line for line in complained.splitlines() if not line.startswith("compiling")]
    assert (status, lines) == (2, ["drive-sim: --driver: no gamepad is connected; connect one, or use keyboard"])


@pytest.mark.slow
def test_a_screen_that_does_not_answer_is_not_drawn_into_memory(drive_sim: Say) -> None:
    ended = drive_sim("drive", DISPLAY=":64999")
    lines = [line for line in ended.stderr.splitlines() if line.startswith("drive-sim")]
    assert ended.returncode == 2
    assert len(lines) == 1 and lines[0].startswith("drive-sim: display: cannot be opened"), ended.stderr
