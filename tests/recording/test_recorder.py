"""The recorder beside a rollout: what it records, of which worlds, and when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recorded_drives import CAMERAS, command, drive, images, make_episode, make_simulator, record

from drive_sim.recording.curation import check, list_episodes
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.journal import LOCK, journal_folders
from drive_sim.recording.recorder import Recorder
from drive_sim.recording.writer import recover
from drive_sim.rollout import StateBefore, Step, run
from drive_sim.sensors.suite import Observation, SensorSuite
from drive_sim.world.roads.road import stack_roads
from drive_sim.world.scenarios.episode import build_world
from drive_sim.world.simulator import Simulator


def test_every_world_of_a_batch_becomes_an_episode_as_if_driven_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "batch")
    drive(recorder, make_simulator(worlds=3), 8, seed=1)
    assert recorder.finish() == [0, 1, 2]
    dataset = Dataset.open(tmp_path / "batch")
    for world in range(3):
        columns, frames = dataset.episode(world).columns, dataset.frames(world, "left")
        for step in range(8):
            np.testing.assert_array_equal(columns["action"][step], command(1, step, 3)[world])
            np.testing.assert_array_equal(frames[step], images(1, step, 3)["left"][world])
        assert dataset.episodes[world].provenance["seed"] == 7 + world


def test_a_world_that_is_done_is_not_recorded_further(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "dataset")
    drive(recorder, make_simulator(worlds=2), 8, seed=1, done_after={1: 3})
    assert recorder.finish() == [0, 1]
    dataset = Dataset.open(tmp_path / "dataset")
    assert [(e.provenance["number"], e.length) for e in dataset.episodes] == [(1, 3), (0, 8)]
    assert dataset.episode(0).columns["events"][-1] == 256, "the event that ended it is kept"


def test_a_world_that_is_done_survives_a_crash_before_the_recording_finishes(tmp_path: Path) -> None:
    drive(Recorder(tmp_path / "dataset"), make_simulator(worlds=2), 8, seed=1, done_after={1: 3})
    for folder in journal_folders(tmp_path / "dataset"):  # as when their process dies
        (folder / LOCK).unlink()
    assert recover(tmp_path / "dataset") == [0, 1]
    complete = [e.provenance["complete"] for e in Dataset.open(tmp_path / "dataset").episodes]
    assert sorted(complete) == [False, True]


def test_a_recording_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "dataset")
    drive(recorder, make_simulator(), 4, seed=1)
    assert recorder.recording and recorder.steps == 4
    assert recorder.finish(keep=False) == []
    assert not recorder.recording and journal_folders(tmp_path / "dataset") == []
    assert len(Dataset.open(tmp_path / "dataset")) == 0


def test_recording_starts_and_stops_while_driving_goes_on(tmp_path: Path) -> None:
    """As the window's R key does: only what lies between start and finish is recorded, from the state then."""
    simulator, recorder = make_simulator(), Recorder(tmp_path / "dataset")
    recorded = []
    for step in range(30):
        if step in (5, 20):
            recorder.start(simulator, Observation(simulator.state.time.copy(), images(1, step)))
        before = StateBefore(*(getattr(simulator.state, name).copy() for name in StateBefore._fields))
        simulator.state.x[:] += 1 / 3
        simulator.state.step[:] += 1
        if recorder.recording:
            observation = Observation(simulator.state.time.copy(), images(1, step))
            action = command(1, step)
            recorder.add(Step(step, observation, action, "human", simulator, before, np.ones(1, bool), 0.0))
            recorded.append(step)
        if step in (9, 24):
            recorder.finish()
    dataset = Dataset.open(tmp_path / "dataset")
    assert recorded == [5, 6, 7, 8, 9, 20, 21, 22, 23, 24] and recorder.written == [0, 1]
    assert dataset.episode(0).state().step.tolist() == [5, 6, 7, 8, 9]
    assert dataset.episode(1).state().step.tolist() == [20, 21, 22, 23, 24]


def test_commands_of_everyone_are_kept_where_a_driver_arbitrates(tmp_path: Path) -> None:
    simulator, recorder = make_simulator(), Recorder(tmp_path / "dataset")
    recorder.start(simulator, Observation(simulator.state.time.copy(), images(1, 0)))
    before = StateBefore(*(getattr(simulator.state, name).copy() for name in StateBefore._fields))
    wanted = {"human": command(1, 0), "model": command(2, 0)}
    for controller in ("model", "human"):
        step = Step(
            0, Observation(before.time, images(1, 0)), wanted[controller], controller, simulator, before,
            np.ones(1, bool), 0.0,
        )  # fmt: skip
        recorder.add(step, wanted)
    recorder.finish()
    dataset = Dataset.open(tmp_path / "dataset")
    columns = dataset.episode(0).columns
    assert [dataset.controllers[code] for code in columns["controller"]] == ["model", "human"]
    np.testing.assert_array_equal(columns["action"], np.concatenate([wanted["model"], wanted["human"]]))
    for name in wanted:
        np.testing.assert_array_equal(columns[f"command.{name}"], np.repeat(wanted[name], 2, 0))
    assert columns["commands_given"].tolist() == [1 | 16, 1 | 16]


def test_only_the_cameras_asked_for_are_recorded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "dataset", cameras=["left"])
    drive(recorder, make_simulator(), 2, seed=1)
    recorder.finish()
    assert Dataset.open(tmp_path / "dataset").cameras == {"left": CAMERAS["left"]}


@pytest.mark.slow
def test_what_is_written_while_the_next_steps_are_driven_is_the_same(tmp_path: Path) -> None:
    for background in (0, 8):
        recorder = Recorder(
            tmp_path / str(background), encoding="jpeg", wall_clock=lambda: 1.7e9, background=background
        )
        drive(recorder, make_simulator(worlds=3), 30, seed=1, done_after={1: 7, 2: 29})
        assert recorder.finish() == [0, 1, 2]
    at_once, later = (Dataset.open(tmp_path / str(background)) for background in (0, 8))
    for one, other in zip(at_once, later, strict=True):
        assert one.provenance == other.provenance
        for name, column in one.columns.items():
            np.testing.assert_array_equal(column, other.columns[name], err_msg=name)
        for camera in CAMERAS:
            index = one.record.index
            assert at_once.frames(index, camera).encoded == later.frames(index, camera).encoded


def test_use_out_of_order_is_a_mistake(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "dataset")
    with pytest.raises(ValueError, match="not been started"):
        recorder.add(None)  # type: ignore[arg-type]
    drive(recorder, make_simulator(), 1, seed=1)
    with pytest.raises(ValueError, match="started already"):
        recorder.start(make_simulator(), Observation(np.zeros(1), images(1, 0)))
    recorder.finish(keep=False)


class Weaving:
    """A driver that steers left and right."""

    name, privileged, sensors, controller = "weaving", False, ("camera",), "expert"

    def reset(self, simulator: object, mask: object, batch_size: int) -> None:
        pass

    def act(self, observation: Observation) -> np.ndarray:
        return np.stack([0.1 * np.sin(observation.time * 3), np.full_like(observation.time, 0.4)], 1).astype(np.float32)


def test_a_recorded_drive_renders_again_to_the_very_same_images(tmp_path: Path) -> None:
    """The promise that training rests on: the dataset alone gives back what the camera saw, pixel for pixel."""
    from drive_sim.sensors.camera.rig import CameraConfig, CameraRig

    rig = CameraRig([CameraConfig(width=40, height=20)])
    simulator = Simulator([replace(make_episode(number), start_speed=15.0) for number in range(2)])
    recorder = Recorder(tmp_path / "dataset", camera_configs=rig.configs)
    run(simulator, Weaving(), [recorder], SensorSuite(("camera",), rig), max_steps=12)
    dataset = Dataset.open(tmp_path / "dataset")
    assert len(dataset) == 2
    for episode in dataset:
        count, slots = len(episode), int(episode.provenance["actor_slots"])
        roads = stack_roads([episode.world.road], "cpu")
        world = build_world([episode.world] * count, [0] * count, slots)
        again = CameraRig([CameraConfig(**episode.provenance["cameras"]["front"])])
        seen = again.render("cpu", roads, world, episode.state()).rgb[:, 0]
        np.testing.assert_array_equal(seen, dataset.frames(episode.record.index)[:])
        assert episode.state().x[-1] > episode.state().x[0] + 5
        assert seen.std() > 10
    assert check(tmp_path / "dataset") == []


def test_recovered_episodes_are_told(tmp_path: Path) -> None:
    crashed = Recorder(tmp_path / "dataset")
    drive(crashed, make_simulator(), 3, seed=1)
    crashed._journals[0].release()
    again = Recorder(tmp_path / "dataset")
    drive(again, make_simulator(first=2), 3, seed=2)
    assert again.recovered == (0,) and again.finish() == [1]
    record(tmp_path / "dataset", 2, seed=3)
    assert len(Dataset.open(tmp_path / "dataset")) == 3


@pytest.mark.slow
def test_a_dataset_names_the_controllers_that_drove(tmp_path: Path) -> None:
    """Those without a column of commands get the next codes, in the order in which they come."""
    path = tmp_path / "dataset"
    for seed, controller in enumerate(("straight", "expert", "r157", "straight")):
        record(path, 3, seed, controller=controller)
    dataset = Dataset.open(path)
    assert dataset.controllers == ("human", "human-model", "expert", "classical", "model", "straight", "r157")
    assert [int(episode.columns["controller"][0]) for episode in dataset] == [5, 2, 6, 5]
    assert [episode.controllers for episode in list_episodes(path)] == [
        ("straight",),
        ("expert",),
        ("r157",),
        ("straight",),
    ]
    assert [int(episode.columns["commands_given"][0]) for episode in dataset] == [0, 4, 0, 0]
    assert check(path) == []


def test_a_path_may_begin_with_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    record(Path("~/dataset"), 3, seed=1)
    assert (tmp_path / "dataset").is_dir() and not (tmp_path / "~").exists()
    assert len(Dataset.open("~/dataset")) == len(list_episodes("~/dataset")) == 1
    assert check("~/dataset") == [] and recover("~/dataset") == []
