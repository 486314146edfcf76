"""The whole pipeline, small: a modelled person drives, a network learns, roads it never saw judge it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drive_sim.demo import CLAIRVOYANT, HARD_TO_SEE, DemoSettings, demo_episodes, run_demo
from drive_sim.errors import InputError
from drive_sim.recording.dataset import Dataset
from drive_sim.world.scenario import list_scenarios

TINY = DemoSettings(lane_episodes=1, obstacle_episodes=0, views=128, trials=0, episodes=(2, 2), seconds=5.0)


def silent(name: str):  # type: ignore[no-untyped-def]
    return lambda share, text: None


def test_the_demo_records_trains_and_reports(tmp_path: Path) -> None:
    output = tmp_path / "demo"
    pages = run_demo(output, silent, settings=TINY)
    dataset = Dataset.open(output / "dataset")
    assert {episode.provenance["split"] for episode in dataset} == {"train"}
    assert (output / "model" / "weights.safetensors").is_file()
    for page in pages:
        results = json.loads((page.parent / "results.json").read_text())
        assert page.is_file() and results["driver"]["name"] == "model"
        assert len(results["episodes"]) == 2

    # Started again it goes on where it was: nothing is recorded twice.
    run_demo(output, silent, settings=TINY)
    assert len(Dataset.open(output / "dataset")) == len(dataset)


def test_the_demo_records_what_can_be_learnt_from_and_twice_what_is_hard_to_see() -> None:
    episodes = demo_episodes(1, DemoSettings(lane_episodes=1, obstacle_episodes=2))
    assert {(episode.split, episode.number // 1000) for episode in episodes} == {("train", 1)}
    names = [episode.scenario for episode in episodes]
    lanes, obstacles = (list_scenarios("train", suite) for suite in ("lane-keeping", "obstacle-avoidance"))
    assert len(lanes) == 4 and len(obstacles) == 17
    obstacles = [name for name in obstacles if name not in CLAIRVOYANT]
    assert sorted(names) == sorted([*lanes, *obstacles, *obstacles, *HARD_TO_SEE, *HARD_TO_SEE])


def test_the_demo_keeps_its_hands_off_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("pictures")
    with pytest.raises(InputError, match=r"--output.*not empty"):
        run_demo(tmp_path, silent, settings=TINY)
    with pytest.raises(InputError, match=r"--output.*is a file"):
        run_demo(tmp_path / "holiday.txt", silent, settings=TINY)
