"""Suites: data that says which episodes a driver is scored on, and the episodes drawn from them."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from drive_sim.base import resources
from drive_sim.base.errors import InputError
from drive_sim.drivers.registry import driver_names
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.suites.conditions import AS_IT_IS
from drive_sim.evaluation.suites.suite import REAL_ROADS, draw_suite, list_suites, load_suite
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.scenarios.scenario import list_scenarios
from tests.data.circuits import CIRCUITS, FOLDER

GENERATED = ["lane-keeping", "obstacle-avoidance"]

SUITE = """
purpose = "p"
good_driver = "g"
split = "test"
scenarios = ["lane-keeping/rural"]
on_failure = "reset_to_lane"
seconds = 60.0
headline = "autonomy"
baselines = []
"""


def key(episode) -> tuple:
    return episode.scenario, episode.split, episode.number, episode.seed


def test_the_suites_that_the_command_line_names_are_there() -> None:
    assert {"lane-keeping", "obstacle-avoidance", "real-roads"} <= set(list_suites())


@pytest.mark.parametrize("name", list_suites())
def test_every_suite_names_metrics_drivers_and_scenarios_that_exist(name: str) -> None:
    suite = load_suite(name)
    assert suite.headline in METRICS
    assert set(suite.baselines) <= set(driver_names())
    assert set(suite.scenarios) <= set(list_scenarios(suite.split))
    assert suite.scenarios or name == REAL_ROADS


@pytest.mark.parametrize("name", list_suites())
def test_every_suite_shows_the_same_four_baselines(name: str) -> None:
    assert set(load_suite(name).baselines) - {"r157"} == {"expert", "human-model", "classical", "straight"}


@pytest.mark.parametrize("name", GENERATED)
def test_no_drive_of_a_suite_is_one_of_training(name: str) -> None:
    assert {episode.split for episode in draw_suite(load_suite(name), 6)} == {"test"}


def test_the_same_arguments_give_the_same_drives_and_another_seed_gives_others() -> None:
    suite = load_suite("lane-keeping")
    first, again, other = (draw_suite(suite, 5, seed) for seed in (3, 3, 4))
    assert [key(episode) for episode in first] == [key(episode) for episode in again]
    assert not {key(episode) for episode in first} & {key(episode) for episode in other}


def test_fewer_drives_are_the_first_of_more() -> None:
    suite = load_suite("lane-keeping")
    assert [key(e) for e in draw_suite(suite, 3)] == [key(e) for e in draw_suite(suite, 6)][:3]


def test_scenarios_take_turns_and_every_drive_has_a_road_of_its_own() -> None:
    suite = load_suite("lane-keeping")
    episodes = draw_suite(suite, 8)
    assert [episode.scenario for episode in episodes] == [*suite.scenarios, *suite.scenarios]
    assert len({(e.road.road_class, e.road.seed) for e in episodes}) == 8


def test_no_drive_lasts_longer_than_its_suite_says() -> None:
    suite = load_suite("lane-keeping").model_copy(update={"seconds": 7.0})
    assert all(episode.time_limit <= 7.0 for episode in draw_suite(suite, 4))


@pytest.mark.parametrize("seconds", [0.0, -3.0, 0.01, float("nan")])
def test_a_drive_that_ends_before_it_begins_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match=r"--seconds: .* is too short to drive; give one second or more"):
        load_suite("lane-keeping").with_seconds(seconds)


def test_the_camera_of_uncertainty_is_moved_by_ten_centimetres_and_two_degrees() -> None:
    conditions, camera = load_suite("uncertainty").conditions, CameraConfig()
    assert next(iter(conditions.values())) == AS_IT_IS
    moved = {name: condition.moved(camera) for name, condition in conditions.items()}
    assert moved["camera-left"].y - camera.y == pytest.approx(0.1)
    assert moved["camera-right"].y - camera.y == pytest.approx(-0.1)
    assert moved["camera-up"].z - camera.z == pytest.approx(0.1)
    assert moved["camera-yawed"].yaw == pytest.approx(math.radians(2.0), rel=1e-2)
    assert moved["camera-pitched"].pitch - camera.pitch == pytest.approx(math.radians(2.0), rel=1e-2)
    assert [conditions[f"latency-{delay}"].delay for delay in (100, 200, 300)] == [2, 4, 6]


def test_real_roads_are_driven_once_each_all_the_way() -> None:
    episodes = draw_suite(load_suite(REAL_ROADS), roads=FOLDER)
    names = [episode.road.name for episode in episodes]
    assert names == sorted(CIRCUITS)
    assert all(episode.route_length == pytest.approx(episode.road.length) for episode in episodes)


def test_a_road_whose_file_name_is_not_utf8_is_left_out(tmp_path: Path) -> None:
    name = min(CIRCUITS)
    road = FOLDER / f"{name}.csv"
    shutil.copy(road, tmp_path)
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.csv")).write_bytes(road.read_bytes())
    except OSError:
        pytest.skip("the file system holds no such name")
    left_out: list[InputError] = []
    episodes = draw_suite(load_suite(REAL_ROADS), roads=tmp_path, leave_out=lambda path, error: left_out.append(error))
    assert [episode.road.name for episode in episodes] == [name]
    assert [str(error) for error in left_out] == [
        "--roads: caf\\udce9.csv is not UTF-8; rename it, or link to it by another name"
    ]


@pytest.mark.parametrize("seed", [0, 5, 2**63 - 1])
@pytest.mark.slow
def test_real_roads_have_draws_for_every_seed(seed: int) -> None:
    first, second = (draw_suite(load_suite(REAL_ROADS), seed=s, roads=FOLDER)[0] for s in (seed, max(0, seed - 1)))
    assert first.number < 2**53
    assert (first.seed == second.seed) == (seed == 0)


def test_an_unknown_suite_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="parking' is not a suite; use one of alks, lane-keeping"):
        load_suite("parking")


@pytest.mark.parametrize("name", ["../suites/lane-keeping", ""])
def test_a_suite_is_a_name_and_not_a_path(name: str) -> None:
    with pytest.raises(InputError, match="is not a suite"):
        load_suite(name)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("purpose = ", "end of document: is not TOML: Invalid value; correct the line"),
        (SUITE.replace("baselines", "yardsticks"), "yardsticks: is called baselines now; rename it"),
        (SUITE.replace("reset_to_lane", "put_back"), 'on_failure: "put_back" is called "reset_to_lane" now; write'),
        (SUITE.replace('purpose = "p"', ""), "purpose: is missing; add it"),
        (SUITE + "colour = 1\n", "colour: is not a known key"),
        (SUITE.replace("60.0", "-1.0"), "seconds: input should be greater than 0"),
        (SUITE.replace("60.0", "1e9"), "seconds: input should be less than or equal to 86400"),
        (SUITE.replace("60.0", "nan"), "seconds: input should be"),
        ("episodes = 1000000000000\n" + SUITE, "episodes: input should be less than or equal to 100000"),
        (SUITE.replace('"test"', '"train"'), "split: is 'train', which drivers learn from; write"),
        (SUITE.replace('"reset_to_lane"', '"shrug"'), "on_failure: input should be"),
        (SUITE + "[conditions.fast]\nspeed = 9.0\n", "conditions.fast.speed: is not a known key"),
        (SUITE + "[conditions.late]\nlatency = -0.1\n", "conditions.late.latency: input should be greater"),
        (SUITE + "[conditions.late]\nlatency = nan\n", "conditions.late.latency: input should be"),
        (SUITE + "[conditions.lost]\ndropped_frames = 1.0\n", "conditions.lost.dropped_frames: input should be less"),
        (SUITE + "conditions = 3\n", "conditions: input should be a valid dictionary"),
        (SUITE.replace('"autonomy"', '"autonmy"'), "headline: 'autonmy' is not a metric; use one of autonomy, "),
    ],
)
def test_a_wrong_suite_file_is_named_with_its_field(
    text: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "mine.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(resources, "scenarios_folder", lambda: tmp_path)
    with pytest.raises(InputError) as caught:
        load_suite("mine")
    assert "mine.toml" in str(caught.value)
    assert complaint in str(caught.value)


def test_a_suite_about_a_metric_that_cannot_be_loaded_is_told_before_driving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, add_entries: Callable[..., None]
) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "mine.toml").write_text(SUITE.replace('"autonomy"', '"toy_speed"'), encoding="utf-8")
    monkeypatch.setattr(resources, "scenarios_folder", lambda: tmp_path)
    add_entries(METRICS, {"toy_speed": None})
    with pytest.raises(InputError, match="metric toy_speed: cannot be loaded from toy_package:toy_speed"):
        load_suite("mine")


def test_real_roads_need_a_folder_with_roads_and_others_want_none(tmp_path: Path) -> None:
    real, generated = load_suite(REAL_ROADS), load_suite("lane-keeping")
    cases = [
        (real, None, "is missing"),
        (real, tmp_path / "nowhere", "is not a folder"),
        (real, tmp_path, "holds no .csv file"),
        (generated, tmp_path, "means nothing to suite lane-keeping"),
    ]
    for suite, roads, complaint in cases:
        with pytest.raises(InputError, match=complaint):
            draw_suite(suite, roads=roads)
