"""Driving without a window, and the mistakes that can be made about it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from drive_sim.cli import main as cli
from drive_sim.recording import curation
from drive_sim.recording.dataset import Dataset
from drive_sim.rollout import Step, StopRollout
from drive_sim.window.session import DrivingTime, episode_source

TWENTY_HERTZ = SimpleNamespace(control_period=0.05)


@pytest.fixture
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error."""
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("compiling")]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.usefixtures("no_screen")
@pytest.mark.slow
def test_a_model_of_a_person_drives_two_episodes_without_a_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["drive", "--headless", "--driver", "human-model", "--episodes", "2", "--road", "urban", "--seed", "4"]
    assert cli.run([*call, "--record", str(tmp_path / "two")]) == 0
    dataset = Dataset.open(tmp_path / "two")
    assert [episode.provenance["number"] for episode in dataset] == [4000, 4001]
    assert {episode.provenance["driver"] for episode in dataset} == {"human-model"}
    assert curation.check(tmp_path / "two", images=False) == []
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["episode 0", "episode 1"]


@pytest.mark.parametrize(
    ("minutes", "steps"), [(0.05, 60), (0.02, 24), (0.25, 300), (1.0, 1200), (0.0001, 1), (0.051, 62)]
)
def test_driving_ends_with_the_step_in_which_the_minutes_are_over(minutes: float, steps: int) -> None:
    clock, step, driven = DrivingTime(minutes), cast(Step, SimpleNamespace(simulator=TWENTY_HERTZ)), 0
    with pytest.raises(StopRollout):
        while driven <= steps:
            driven += 1
            clock.on_step(step)
    assert (driven, clock.over) == (steps, True)


@pytest.mark.slow
def test_so_many_minutes_are_driven_over_as_many_episodes_as_it_takes(tmp_path: Path) -> None:
    call = ["drive", "--headless", "--driver", "straight", "--minutes", "0.25", "--road", "mountain"]
    assert cli.run([*call, "--record", str(tmp_path / "some")]) == 0
    lengths = [len(episode) for episode in Dataset.open(tmp_path / "some")]
    assert len(lengths) > 1, "a car that drives straight ahead leaves a mountain road soon"
    assert sum(lengths) == 300, "0.25 minutes at 20 steps a second"


def test_every_episode_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drive", "--headless", "--driver", "straight", "--road", "mountain"]) == 0
    assert capsys.readouterr().out.strip().endswith(" s, off the road")
    assert cli.run(["drive", "--headless", "--driver", "straight", "--minutes", "0.01"]) == 0
    assert capsys.readouterr().out.strip().endswith(" s, stopped")


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**63 - 1])
def test_every_seed_has_episodes_of_its_own_in_varied_weather(seed: int) -> None:
    source = episode_source(None, None, seed)
    drawn = [source(number) for number in range(8)]
    assert all(episode.number < 2**53 for episode in drawn), "weathers take turns by a floating-point product"
    assert len({episode.weather.name for episode in drawn}) > 1
    assert drawn[0].seed not in {episode.seed for episode in [*drawn[1:], episode_source(None, None, 1)(0)]}


@pytest.mark.parametrize("device", ["keyboard", "mouse", "gamepad", "wheel"])
def test_a_device_needs_a_window(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drive", "--headless", "--driver", device]) == 2
    assert complaint(capsys).startswith(f"drive-sim: --driver: {device} needs a window; leave --headless out")


@pytest.mark.usefixtures("no_screen")
def test_no_screen_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drive"]) == 2
    assert complaint(capsys).startswith("drive-sim: display: neither DISPLAY nor WAYLAND_DISPLAY is set; start")


@pytest.mark.parametrize("driver", ["dummy", "offscreen"])
def test_a_window_without_a_display_is_refused(
    driver: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    assert cli.run(["drive"]) == 2
    assert complaint(capsys).startswith(f"drive-sim: display: SDL_VIDEODRIVER={driver} shows nothing; unset it")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--road", "moon"), "drive-sim: --road: 'moon' is neither a file nor a class; give "),
        (("--road", "absent.csv"), "drive-sim: absent.csv: "),
        (("--scenario", "lane-keeping/moon"), "drive-sim: "),
        (("--driver", "nobody"), "drive-sim: --driver: there is no driver 'nobody'; give one of expert"),
    ],
)
def test_what_cannot_be_driven_is_one_line(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["drive", "--headless", "--driver", "straight", *arguments]) == 2
    assert complaint(capsys).startswith(said)


def test_an_episode_that_was_not_recorded_cannot_be_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "short")
    assert cli.run(["drive", "--headless", "--driver", "straight", "--minutes", "0.01", "--record", path]) == 0
    capsys.readouterr()
    assert cli.run(["replay", path, "3"]) == 2
    assert complaint(capsys) == f"drive-sim: {path}: episode: there is no episode 3; choose one of those it has: 0 to 0"
    assert cli.run(["replay", str(tmp_path / "absent")]) == 2
    assert complaint(capsys).startswith(f"drive-sim: {tmp_path / 'absent'}: ")
