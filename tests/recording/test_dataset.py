"""What is recorded comes back, for us and for LeRobot, exactly."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from lerobot_reader import LeRobotReader
from recorded_drives import CAMERAS, command, images, make_episode, make_simulator, record

import drive_sim
from drive_sim.base.errors import InputError
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.lerobot.features import ACTOR_FIELDS, TRUTH_FIELDS, features_of
from drive_sim.recording.lerobot.info import data_file
from drive_sim.recording.lerobot.metadata import rows_file
from drive_sim.world.roads.road import Road
from drive_sim.world.state import State

LENGTHS = (12, 7, 20)


def test_episodes_are_there_in_the_order_of_recording(dataset_path: Path) -> None:
    dataset = Dataset.open(dataset_path)
    assert len(dataset) == 3
    assert [record.length for record in dataset.episodes] == list(LENGTHS)
    assert [record.number for record in dataset.episodes] == [0, 1, 2]
    assert dataset.total_frames == sum(LENGTHS)
    assert dataset.fps == 20
    assert dataset.cameras == CAMERAS
    assert dataset.tasks == ("lane-keeping/rural",)


def test_the_truth_columns_hold_every_field_of_the_state() -> None:
    held = [field for columns in (TRUTH_FIELDS, ACTOR_FIELDS) for names in columns.values() for field in names]
    assert sorted([*held, "action"]) == sorted(State._fields)


def test_the_state_of_every_step_comes_back_bit_for_bit(tmp_path: Path) -> None:
    states = record(tmp_path / "dataset", 9, seed=3)
    episode = Dataset.open(tmp_path / "dataset").episode(0)
    state = episode.state()
    for name in State._fields:
        expected = np.concatenate([getattr(one, name) for one in states])
        actual = getattr(state, name)
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected, err_msg=name)


def test_observation_action_and_events_stand_beside_the_truth_they_belong_to(tmp_path: Path) -> None:
    states = record(tmp_path / "dataset", 9, seed=3, controller="expert")
    columns = Dataset.open(tmp_path / "dataset").episode(0).columns
    np.testing.assert_array_equal(columns["action"], np.concatenate([command(3, step) for step in range(9)]))
    np.testing.assert_array_equal(columns["command.expert"], columns["action"])
    assert not columns["command.human"].any()
    assert (columns["commands_given"] == 1 << 2).all() and (columns["controller"] == 2).all()
    np.testing.assert_array_equal(columns["observation.state"][:, 0], [np.float32(s.speed[0]) for s in states])
    # What a step led to is what the next observation's state says happened last.
    np.testing.assert_array_equal(columns["events"][:-1], [int(s.events[0]) for s in states[1:]])
    np.testing.assert_array_equal(columns["timestamp"], (np.arange(9) / 20).astype(np.float32))
    assert (columns["wall_time"] == 1.7e9 + 3).all()


@pytest.mark.parametrize("camera", CAMERAS)
def test_images_come_back_exactly(dataset_path: Path, camera: str) -> None:
    frames = Dataset.open(dataset_path).frames(2, camera)
    assert len(frames) == 20
    for step, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, images(2, step)[camera][0])
    np.testing.assert_array_equal(frames[-1], images(2, 19)[camera][0])
    assert frames[5:8].shape == (3, *CAMERAS[camera], 3)


def test_jpeg_is_smaller_and_still_a_dataset(tmp_path: Path) -> None:
    for encoding in ("png", "jpeg"):
        record(tmp_path / encoding, 5, seed=1, encoding=encoding)
    assert LeRobotReader(tmp_path / "jpeg").read_everything() == 5
    frame = Dataset.open(tmp_path / "jpeg").frames(0)[0]
    assert frame.shape == (6, 10, 3) and not np.array_equal(frame, images(1, 0)["front"][0])


def test_numbers_alone_make_a_dataset(tmp_path: Path) -> None:
    record(tmp_path / "dataset", 5, seed=1, cameras={})
    dataset = Dataset.open(tmp_path / "dataset")
    assert dataset.cameras == {} and len(dataset.episode(0)) == 5
    assert LeRobotReader(tmp_path / "dataset").read_everything() == 5
    with pytest.raises(InputError, match="without a camera"):
        dataset.frames(0)


def test_long_episodes_span_several_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drive_sim.recording.lerobot.tables.ROW_GROUP", 4)
    record(tmp_path / "dataset", 11, seed=1)
    dataset = Dataset.open(tmp_path / "dataset")
    assert pq.ParquetFile(dataset.episodes[0].path).num_row_groups == 3
    np.testing.assert_array_equal(dataset.frames(0)[10], images(1, 10)["front"][0])
    assert dataset.episode(0).columns["frame_index"].tolist() == list(range(11))
    assert LeRobotReader(tmp_path / "dataset").read_everything() == 11


def test_a_reader_as_strict_as_lerobots_reads_every_frame(dataset_path: Path) -> None:
    reader = LeRobotReader(dataset_path)
    assert reader.read_everything() == sum(LENGTHS)
    frame = reader[12 + 7 + 3]
    np.testing.assert_array_equal(frame["observation.images.left"], images(2, 3)["left"][0])
    np.testing.assert_array_equal(np.float32(frame["action"]), command(2, 3)[0])
    assert (frame["episode_index"], frame["frame_index"], frame["task"]) == (2, 3, "lane-keeping/rural")


def test_only_the_command_driven_looks_like_something_to_predict() -> None:
    """LeRobot takes every feature whose name begins with "action" for an output of a policy."""
    assert [name for name in features_of(CAMERAS) if name.startswith("action")] == ["action"]
    states = [name for name in features_of(CAMERAS) if name.startswith("observation") and "images" not in name]
    assert states == ["observation.state"]


def test_statistics_of_the_dataset_are_those_of_all_its_rows(dataset_path: Path) -> None:
    dataset = Dataset.open(dataset_path)
    stats = json.loads((dataset_path / "meta/stats.json").read_text())
    for name in ("observation.state", "action", "truth.pose", "index", "timestamp"):
        rows = np.concatenate([episode.columns[name].reshape(len(episode), -1) for episode in dataset]).astype(float)
        np.testing.assert_allclose(stats[name]["min"], rows.min(0))
        np.testing.assert_allclose(stats[name]["max"], rows.max(0))
        np.testing.assert_allclose(stats[name]["mean"], rows.mean(0), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(stats[name]["std"], rows.std(0), rtol=1e-9, atol=1e-9)
        assert stats[name]["count"] == [sum(LENGTHS)]
        assert (np.array(stats[name]["q01"]) <= stats[name]["q99"]).all()


def test_statistics_of_images_are_per_channel_and_between_0_and_1(dataset_path: Path) -> None:
    stats = json.loads((dataset_path / "meta/stats.json").read_text())["observation.images.front"]
    seen = np.concatenate([Dataset.open(dataset_path).frames(index)[:] for index in range(3)]) / 255.0
    for name, expected in (("mean", seen.mean((0, 1, 2))), ("std", seen.std((0, 1, 2)))):
        assert np.shape(stats[name]) == (3, 1, 1)
        np.testing.assert_allclose(np.ravel(stats[name]), expected, rtol=1e-9)
    np.testing.assert_allclose(np.ravel(stats["min"]), seen.min((0, 1, 2)))
    np.testing.assert_allclose(np.ravel(stats["max"]), seen.max((0, 1, 2)))


def test_the_world_is_built_again_from_the_dataset_alone(dataset_path: Path) -> None:
    dataset = Dataset.open(dataset_path)
    world, driven = dataset.episode(1).world, make_episode(1)
    for field in fields(type(driven)):
        if field.name != "road":
            assert getattr(world, field.name) == getattr(driven, field.name), field.name
    for field in fields(Road):
        np.testing.assert_array_equal(getattr(world.road, field.name), getattr(driven.road, field.name))
    assert world.road.boundaries == driven.road.boundaries
    assert dataset.episode(2).world.road is world.road, "one road is read once"


def test_provenance_names_driver_scenario_road_and_versions(dataset_path: Path) -> None:
    provenance = Dataset.open(dataset_path).episodes[1].provenance
    assert provenance["scenario"] == "lane-keeping/rural" and provenance["number"] == 1 and provenance["seed"] == 8
    assert provenance["driver"] == "test" and provenance["weather"] == "fog"
    assert provenance["versions"]["drive_sim"] == drive_sim.__version__
    assert provenance["versions"]["numpy"] == np.__version__
    assert provenance["started"] == "2023-11-14T22:13:21.000+00:00"
    assert provenance["vehicle"] == {k: float(v) for k, v in make_simulator().vehicle._asdict().items()}
    assert provenance["complete"] and provenance["summary"]["controllers"] == ["human"]


def test_episodes_beyond_a_thousand_files_stay_in_order() -> None:
    files = [data_file(Path(), index) for index in range(2500)]
    assert files == sorted(files)
    assert [rows_file(Path(), n) for n in range(2500)] == sorted(rows_file(Path(), n) for n in range(2500))


@pytest.mark.slow
def test_more_episodes_than_fit_one_file_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drive_sim.recording.lerobot.metadata.EPISODES_PER_FILE", 2)
    for seed in range(5):
        record(tmp_path / "dataset", 2 + seed, seed)
    assert len(list((tmp_path / "dataset/meta/episodes").glob("*/*.parquet"))) == 3
    assert [record.length for record in Dataset.open(tmp_path / "dataset").episodes] == [2, 3, 4, 5, 6]
    assert LeRobotReader(tmp_path / "dataset").read_everything() == 20
